"""An answer as Markdown and as text, with its sources."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from rag.addresses import web_address
from rag.schema import Answer, Citation, Sentence, Verdict
from rag.ui.markup import day
from rag.ui.words import _

_MARKDOWN = re.compile(r"[\\`*_{}\[\]<>#|~&$]|^[-+=](?=\s|-|=|$)|(?<=^\d)[.)](?=\s|$)")
"""What Markdown may read as more than itself."""


def plain(text: str) -> str:
    """Text as one line of Markdown that shows as itself."""
    return _MARKDOWN.sub(r"\\\g<0>", " ".join(text.split()))


def answer_markdown(answer: Answer) -> str:
    """The sentences with their marks, then the sources with quote and address."""
    return "\n\n".join(blocks(answer))


def answer_text(answer: Answer) -> str:
    """The same without markup."""
    told = answer.reason if answer.abstained else " ".join(_marked(one) for one in answer.sentences)
    sources = [_source(one, _as_it_is) for one in answer.citations]
    return "\n".join([told, *([""] if sources else []), *sources])


def blocks(answer: Answer) -> Iterator[str]:
    """The blocks of Markdown that the answer is made of."""
    if answer.notice:
        yield f"*{plain(answer.notice)}*"
    if answer.abstained:
        yield f"**{plain(_('Not answered from these articles'))}.** {plain(answer.reason)}"
    yield from _paragraphs(answer.sentences)
    if answer.citations:
        yield "\n".join(_source(one, plain) for one in answer.citations)


def _paragraphs(sentences: Iterable[Sentence]) -> Iterator[str]:
    """Quotes in blocks of their own, the sentences between them in paragraphs."""
    running: list[str] = []
    for sentence in sentences:
        if sentence.verdict is Verdict.QUOTED:
            yield from [" ".join(running)] if running else []
            running = []
            yield f"> {plain(sentence.text)} {_marks(sentence)}"
        else:
            running.append(f"{plain(sentence.text)} {_marks(sentence)}")
    yield from [" ".join(running)] if running else []


def _marked(sentence: Sentence) -> str:
    quoted = sentence.verdict is Verdict.QUOTED
    text = " ".join(sentence.text.split())
    return f"{f'“{text}”' if quoted else text} {_marks(sentence)}".strip()


def _marks(sentence: Sentence) -> str:
    return "".join(f"[{number}]" for number in sentence.citations)


def _source(citation: Citation, written: Callable[[str], str]) -> str:
    """`[1] Title, Publisher, 26 Jun 2023: “quote” https://…`."""
    where = [citation.title or citation.article_id, citation.publisher, day(citation.published)]
    named = ", ".join(written(one) for one in where if one)
    url = web_address(citation.url)
    address = f" <{url}>" if url and written is plain else f" {url}" if url else ""
    marks = f"\\[{citation.number}\\]" if written is plain else f"[{citation.number}]"
    item = f"- {marks}" if written is plain else marks
    return f"{item} {named}: “{written(citation.quote)}”{address}"


def _as_it_is(text: str) -> str:
    return " ".join(text.split())
