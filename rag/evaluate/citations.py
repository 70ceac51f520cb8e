"""Do the citations of an answer support its sentences, and do their offsets hold?

The shape is ALCE's (Gao et al., EMNLP 2023): a sentence is supported when its cited quotes
together support it; a cited quote counts when it supports the sentence alone, or when the others
no longer do without it. Who says 'support' is a judge, a plain function, so that the same figures
come from the product's own verifier and from a strict one that shares no code with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from rag.errors import IndexMissing
from rag.evaluate.metrics import Score, Scores, without_marks
from rag.schema import Answer, Article, Citation, Sentence, Verdict, Verification

Judge = Callable[[str, Sequence[str]], bool]
"""(sentence without marks, cited quotes) -> whether the quotes together support the sentence."""

CITATION = (
    "citation_precision",
    "citation_recall",
    "citation_precision_strict",
    "citation_recall_strict",
    "offsets_exact",
)

# Words that open a sentence with a capital letter and name nothing.
_OPENERS = frozenset(
    """
    a about according additionally after all also although among an and another any as at back
    because before besides both but by despite during each earlier either even every few finally
    first following for from furthermore he her here his how however i if in indeed instead into it
    its later like many meanwhile more moreover most much neither no nor not now of on once one only
    or other others our over overall she since so some still such than that the their then there
    therefore these they this those though through thus to today together too under unlike until up
    upon was we were what when where whereas whether which while who whose why will with within
    without yes yesterday yet you your
    """.split()  # a list of quoted words would be thrice as long
)
_WORD = re.compile(r"[^\W_]+(?:['’.&-][^\W_]+)*\.?", re.UNICODE)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def verifier_judge(verify: Callable[[str, Sequence[str]], Verification]) -> Judge:
    """The product's verifier as a judge: supported when it calls every sentence so (or quoted)."""

    def judge(sentence: str, quotes: Sequence[str]) -> bool:
        verdicts = [item.verdict for item in verify(sentence, quotes).sentences]
        return bool(verdicts) and set(verdicts) <= {Verdict.SUPPORTED, Verdict.QUOTED}

    return judge


def strict_judge(sentence: str, quotes: Sequence[str]) -> bool:
    """Whether every number and every capitalised word of the sentence stands in the quotes."""
    return bool(quotes) and not lacking(sentence, quotes)


def lacking(sentence: str, quotes: Sequence[str]) -> tuple[str, ...]:
    """Numbers and capitalised words of a sentence that no quote holds, in order.

    Case, dots ("U.S.") and a plural or possessive s do not matter, nor do the commas of
    "1,200"; number words are not counted. The first word counts unless it is a common opener
    such as "In" or "However", so a plain noun that opens a sentence counts as a name.
    """
    text = " ".join(quotes)
    numbers, words = {_figure(item) for item in _NUMBER.findall(text)}, _folded(text)
    missing = [item for item in _NUMBER.findall(sentence) if _figure(item) not in numbers]
    names = [word for word in _names(sentence) if not _folded(word) <= words]
    return tuple(dict.fromkeys([*names, *missing]))


def _names(sentence: str) -> list[str]:
    pieces = [piece for word in _WORD.findall(sentence) for piece in re.split(r"[-&]", word)]
    names = [(place, piece) for place, piece in enumerate(pieces) if piece[:1].isupper()]
    return [piece.rstrip(".") for place, piece in names if place or piece.lower() not in _OPENERS]


def _folded(text: str) -> set[str]:
    pieces = (piece for word in _WORD.findall(text) for piece in re.split(r"[-&]", word))
    return {_stem(piece) for piece in pieces if not piece[:1].isdigit()}


def _stem(word: str) -> str:
    word = re.sub(r"['’]s?$", "", word.lower().replace(".", ""))
    return word.removesuffix("s") if len(word) > 3 else word


def _figure(number: str) -> str:
    return number.replace(",", "")


def support_scores(answer: Answer, judge: Judge) -> tuple[Score | None, Score | None]:
    """Citation precision and recall of one answer by one judge.

    Precision is None when nothing is cited, recall when there is no sentence; an abstention is
    judged by neither. A sentence without citations is not supported.

    Raises:
        RagError: as the judge does.
    """
    if answer.abstained:
        return None, None
    quotes = _told(answer)
    cited = counted = supported = 0
    for sentence in answer.sentences:
        spans = _spans(sentence, quotes)
        good = _supporting(without_marks(sentence.text), spans, judge)
        cited, counted = cited + len(spans), counted + (good or 0)
        supported += good is not None
    return (
        Score(counted, cited) if cited else None,
        Score(supported, len(answer.sentences)) if answer.sentences else None,
    )


def _told(answer: Answer) -> dict[int, str]:
    """What each citation tells: its quote, and the notes on what its times and pronouns mean."""
    return {
        citation.number: "; ".join((citation.quote, *(note.meaning for note in citation.notes)))
        for citation in answer.citations
    }


def _spans(sentence: Sentence, quotes: dict[int, str]) -> list[str]:
    # A mark that leads to no citation is a span that holds nothing.
    return [quotes.get(number, "") for number in dict.fromkeys(sentence.citations)]


def _supporting(text: str, spans: Sequence[str], judge: Judge) -> int | None:
    """How many spans count; None when all together do not support the text."""
    if not spans or not judge(text, spans):
        return None
    if len(spans) == 1:
        return 1
    rests = [[*spans[:place], *spans[place + 1 :]] for place in range(len(spans))]
    pairs = zip(spans, rests, strict=True)
    return sum(judge(text, [span]) or not judge(text, rest) for span, rest in pairs)


def offsets_exact(answer: Answer, article: Callable[[str], Article]) -> Score | None:
    """Share of citations with `article.text[start:end] == quote`; None when there are none.

    A citation of an article that is not stored is wrong.
    """
    if not answer.citations:
        return None
    exact = sum(_is_exact(citation, article) for citation in answer.citations)
    return Score(exact, len(answer.citations))


def _is_exact(citation: Citation, article: Callable[[str], Article]) -> bool:
    try:
        text = article(citation.article_id).text
    except IndexMissing:
        return False
    return bool(citation.quote) and text[citation.start : citation.end] == citation.quote


def citation_scores(answer: Answer, judge: Judge, article: Callable[[str], Article]) -> Scores:
    """The scores of `CITATION` for one answer.

    Raises:
        RagError: as the judge does.
    """
    precision, recall = support_scores(answer, judge)
    precision_strict, recall_strict = support_scores(answer, strict_judge)
    return {
        "citation_precision": precision,
        "citation_recall": recall,
        "citation_precision_strict": precision_strict,
        "citation_recall_strict": recall_strict,
        "offsets_exact": offsets_exact(answer, article),
    }


def unsupported(answer: Answer) -> list[dict[str, Any]]:
    """Sentences with numbers or names that their citations lack: what to look at first."""
    quotes = _told(answer)
    found: list[dict[str, Any]] = []
    for sentence in answer.sentences:
        text = without_marks(sentence.text)
        words = lacking(text, _spans(sentence, quotes))
        if words or not sentence.citations:
            found.append({"text": text, "words": list(words)})
    return found
