"""An `Answer` as a message of OpenAI's chat completions: marked text, annotations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rag.addresses import web_address
from rag.cite import sentence_with_marks
from rag.schema import Answer, Citation, Sentence


def content(answer: Answer) -> str:
    """The text: each sentence followed by its marks; what was found out where there is none."""
    if answer.abstained:
        return "\n\n".join(filter(None, (answer.answer, answer.reason)))
    return "".join(pieces(answer))


def pieces(answer: Answer) -> Iterator[str]:
    """The text in its sentences; together they are `content`."""
    for place, sentence in enumerate(answer.sentences):
        yield f"{' ' if place else ''}{sentence_with_marks(sentence)}"


def url_citations(answer: Answer) -> list[dict[str, Any]]:
    """One for each mark whose article has a web address, in OpenAI's shape, with ours beside it.

    The indexes are those of the mark in `content`, in code points.
    """
    by_number = {citation.number: citation for citation in answer.citations}
    found = []
    for start, end, number, sentence in _marks(answer):
        citation = by_number[number]
        if url := web_address(citation.url):
            found.append(
                {
                    "type": "url_citation",
                    "url_citation": {
                        "start_index": start,
                        "end_index": end,
                        "title": citation.title or citation.article_id,
                        "url": url,
                    },
                    "newsdesk": _exact(citation) | {"verdict": str(sentence.verdict)},
                }
            )
    return found


def newsdesk(answer: Answer) -> dict[str, Any]:
    """All that can be checked, for articles with and without an address.

    `sentences[…].start_index` and `end_index` are places in `content`.
    """
    sentences, start = [], 0
    for sentence, piece in zip(answer.sentences, pieces(answer), strict=True):
        first = start + len(piece) - len(piece.lstrip(" "))
        start += len(piece)
        sentences.append(sentence.to_dict() | {"start_index": first, "end_index": start})
    facts = answer.to_dict()
    told = ("abstained", "reason", "notice", "query", "sources", "disagreements", "likely")
    return {
        "sentences": sentences,
        "citations": [_exact(citation) for citation in answer.citations],
        **{name: facts[name] for name in told},
        "model": answer.model,
        "timings": facts["timings"],
    }


def _exact(citation: Citation) -> dict[str, Any]:
    """A citation; `article.text[start:end] == quote`."""
    return citation.to_dict()


def _marks(answer: Answer) -> Iterator[tuple[int, int, int, Sentence]]:
    end = 0
    for sentence, piece in zip(answer.sentences, pieces(answer), strict=True):
        end += len(piece)
        start = end - len(" ".join(f"[{number}]" for number in sentence.citations))
        for number in sentence.citations:
            width = len(f"[{number}]")
            yield start, start + width, number, sentence
            start += width + 1
