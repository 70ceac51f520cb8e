"""Draft to cited sentences: marks become exact ranges, and each sentence meets its evidence.

A draft's marks are only a hint. A sentence is held against what it marks, then against the piece
of evidence that covers it best, then against the same with the sentence before it; it is bound to
the first that supports it, and to nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from rag.facts import measures
from rag.inert import inert
from rag.schema import Citation, Evidence, Failure, Sentence, Verdict
from rag.sentences import sentence_spans
from rag.verify import Checked, Closeness, check, coverage
from rag.words import stem, weight, words

_MARKS = re.compile(r"\s*[\[【]\s*\d+(?:\s*[,;]\s*\d+)*\s*[\]】]")
_OPEN_MARK = re.compile(r"[\[【][\d\s,;]*$")
_LIST_MARK = re.compile(r"^(?:[-*•#>\s]|\(?\d{1,2}[.)](?=\s))+")
_LEAD_IN = re.compile(r"^(?:the )?(?:answer|evidence)(?: is| says)?\s*:\s*(?=\S)", re.IGNORECASE)
_WHOLE = re.compile(r"[.!?…][\"'”’)\]]*$")
_LEANS = re.compile(
    r"(?:Its?|They|Their|He|His|She|Her|This|That|These|Those|Both|Such"
    r"|The (?:two|latter|former|same|others?))\b"
    r"(?! (?:days?|week|weekend|month|quarter|year|spring|summer|autumn|fall|winter)\b)"
)
"""How a sentence opens that speaks of what the one before it named."""
_LONGEST_BEFORE = 400
"""Characters of the sentence before, up to which it is quoted too."""


@dataclass(frozen=True, slots=True)
class Drafted:
    """One sentence as the model wrote it, its marks taken out and listed."""

    text: str
    marks: tuple[int, ...]


def read_draft(deltas: Iterable[str]) -> Iterator[Drafted]:
    """Sentences of a draft as soon as each is whole, from text that arrives in pieces.

    Marks behind the full stop belong to the sentence before them. An end without a full stop was
    cut off and is dropped.
    """
    buffer = ""
    for delta in deltas:
        buffer += delta
        if _OPEN_MARK.search(buffer):
            continue
        *ready, buffer = _pieces(buffer)
        yield from (drafted for piece in ready if (drafted := _drafted(piece)).text)
    for piece in _pieces(buffer):
        drafted = _drafted(piece)
        if _WHOLE.search(drafted.text):
            yield drafted


def _pieces(buffer: str) -> list[str]:
    """`buffer` cut into sentences with the marks that follow each; the last may be unfinished."""
    plain = _MARKS.sub(lambda match: "\0" * len(match.group()), buffer)
    starts = [start for start, _ in sentence_spans(plain.replace("\0", " "))]
    cuts = [0, *starts[1:], len(buffer)]
    return [buffer[first:last] for first, last in pairwise(cuts)]


def _drafted(piece: str) -> Drafted:
    marks = [int(n) for found in _MARKS.findall(piece) for n in re.findall(r"\d{1,6}", found)]
    text = " ".join(_MARKS.sub("", piece).split())
    return Drafted(_LEAD_IN.sub("", _LIST_MARK.sub("", text)), tuple(dict.fromkeys(marks)))


@dataclass(frozen=True, slots=True)
class Bound:
    """A drafted sentence, what the checks say of it, and the evidence that it rests on."""

    text: str
    checked: Checked
    evidence: tuple[Evidence, ...]

    @property
    def shown(self) -> bool:
        """Whether it may be shown: supported or quoted."""
        return self.checked.verdict in (Verdict.SUPPORTED, Verdict.QUOTED)


def bind(drafted: Drafted, evidence: Sequence[Evidence], closeness: Closeness | None) -> Bound:
    """Hold a sentence against its evidence; the best outcome, supported or not."""
    marked = tuple(item for item in evidence if item.number in drafted.marks)
    best = max(evidence, key=lambda item: coverage(drafted.text, item.text)[0])
    outcomes = []
    for tried in dict.fromkeys(
        (*((item,) for item in marked), marked, (best,), (_widened(best),), (*marked, best))
    ):
        if not tried:
            continue
        cited = "\n".join(item.text for item in tried)
        meanings = [note.meaning for item in tried for note in item.notes]
        checked = _harmless(check(drafted.text, cited, closeness, meanings), drafted.text)
        outcomes.append(Bound(drafted.text, checked, tried))
        if outcomes[-1].shown:
            return _exact(outcomes[-1])
    bound = max(outcomes, key=lambda outcome: outcome.checked.score)
    return _with_unknown_marks(bound, drafted, {item.number for item in evidence})


def _harmless(checked: Checked, text: str) -> Checked:
    """The same, failed where a sentence in the model's own words holds what a page would act on."""
    if checked.verdict is Verdict.QUOTED or inert(text) == text:
        return checked
    failed = (*checked.failed, Failure(check="markup", words=()))
    return Checked(Verdict.UNSUPPORTED, checked.score / 2, failed)


_BEHIND = frozenset("by of in from to for with at".split())
"""Words that say what the name behind them has to do with the rest."""


def in_order(bound: Bound) -> Bound:
    """The same, failed unless one sentence of its evidence tells its words in the same order.

    For a model so small that it puts true words together wrongly ("made by" whoever found it). Its
    names must also stand behind the same prepositions.
    """
    told = (text[a:b] for text in (e.text for e in bound.evidence) for a, b in sentence_spans(text))
    if not bound.shown or any(_follows(bound.text, sentence) for sentence in told):
        return bound
    failed = (*bound.checked.failed, Failure(check="order", words=()))
    checked = Checked(Verdict.PARTLY, bound.checked.score / 2, failed)
    return Bound(bound.text, checked, bound.evidence)


def _follows(text: str, sentence: str) -> bool:
    said, told = words(text), words(sentence)
    wanted = [stem(word) for word in said if weight(word) > 0 or measures(word)]
    rest = iter([stem(word) for word in told])
    if not all(any(stem_told == one for stem_told in rest) for one in wanted):
        return False
    pairs = (
        (a.lower(), stem(b)) for a, b in pairwise(said) if a.lower() in _BEHIND and b[0].isupper()
    )
    return all(
        any(
            stem(word) == name and before in map(str.lower, told[max(0, at - 3) : at])
            for at, word in enumerate(told)
        )
        for before, name in pairs
    )


def _widened(item: Evidence) -> Evidence:
    """The evidence with the sentence before it, for names that a pronoun stands for."""
    start = item.start - len(item.context)
    return replace(item, start=start, text=item.context + item.text, context="")


def leans_on(bound: Bound) -> Evidence | None:
    """The sentence without which a quote cannot be read; None where it stands by itself."""
    if bound.checked.verdict is not Verdict.QUOTED or len(bound.evidence) != 1:
        return None
    (item,) = bound.evidence
    text = item.context.rstrip()
    apart = "\n\n" in item.context or text.startswith("#")
    if apart or not 0 < len(text) <= _LONGEST_BEFORE or not _LEANS.match(item.text):
        return None
    start = item.start - len(item.context)
    return replace(item, start=start, end=start + len(text), text=text, context="")


def with_before(bound: Bound) -> Bound:
    """A quote together with the sentence that it leans on, as one."""
    (item,) = bound.evidence
    return quoted(_widened(item))


def _exact(bound: Bound) -> Bound:
    """A word-for-word sentence takes the very characters of its evidence."""
    if bound.checked.verdict is not Verdict.QUOTED or len(bound.evidence) != 1:
        return bound
    return Bound(bound.evidence[0].text, bound.checked, bound.evidence)


def _with_unknown_marks(bound: Bound, drafted: Drafted, known: set[int]) -> Bound:
    unknown = tuple(f"[{mark}]" for mark in drafted.marks if mark not in known)
    if not unknown:
        return bound
    failed = (*bound.checked.failed, Failure(check="mark", words=unknown))
    checked = Checked(bound.checked.verdict, bound.checked.score, failed)
    return Bound(bound.text, checked, bound.evidence)


def quoted(item: Evidence) -> Bound:
    """The evidence itself as an answer sentence."""
    return Bound(item.text, Checked(Verdict.QUOTED, 1.0, ()), (item,))


class Bibliography:
    """Numbers citations in order of appearance; the same range keeps its number."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, int, int], int] = {}
        self._citations: list[Citation] = []

    def __len__(self) -> int:
        return len(self._citations)

    @property
    def citations(self) -> tuple[Citation, ...]:
        """All so far, by number."""
        return tuple(self._citations)

    def sentence(self, bound: Bound) -> Sentence:
        """The bound sentence as the reader gets it, its evidence numbered."""
        return Sentence(
            text=bound.text,
            verdict=bound.checked.verdict,
            citations=tuple(dict.fromkeys(self.number(item) for item in bound.evidence)),
            score=bound.checked.score,
            failed=bound.checked.failed,
        )

    def number(self, item: Evidence) -> int:
        """The number that a piece of evidence is cited by; a new one where it has none yet."""
        key = (item.article_id, item.start, item.end)
        if key not in self._numbers:
            self._numbers[key] = len(self._numbers) + 1
            self._citations.append(
                Citation(
                    number=self._numbers[key],
                    article_id=item.article_id,
                    title=item.title,
                    publisher=item.publisher,
                    published=item.published,
                    url=item.url,
                    earlier=item.earlier,
                    start=item.start,
                    end=item.end,
                    quote=item.text,
                    notes=item.notes,
                    also_in=item.also_in,
                )
            )
        return self._numbers[key]


def with_marks(sentences: Iterable[Sentence]) -> str:
    """The sentences as one text, each followed by its marks: `… for $6.4 billion. [1]`.

    The marks are the only ones in it, and it holds no markup: see `rag.inert`.
    """
    return " ".join(map(sentence_with_marks, sentences))


def sentence_with_marks(sentence: Sentence) -> str:
    """One sentence of `with_marks`."""
    marks = [f"[{number}]" for number in sentence.citations]  # [1][2] would be a link in Markdown
    return " ".join(filter(None, (inert(sentence.text), *marks)))
