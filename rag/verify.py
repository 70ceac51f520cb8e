"""Sentence and evidence in, verdict out: `rag.checks`, and whether the two mean the same.

meaning     the share of the sentence's telling words that the evidence has, and closeness of the
            two as vectors where an embedder is at hand
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from rag.checks import failures
from rag.facts import Facts, measures
from rag.schema import Failure, Note, Verdict
from rag.sentences import sentence_spans
from rag.told import told
from rag.words import stem, weight, words

Closeness = Callable[[str, Sequence[str]], list[float]]
"""(sentence, evidence texts) -> cosine of the sentence with each, -1 to 1."""


def closeness_by(embed: Callable[[Sequence[str]], Any]) -> Closeness:
    """Closeness as an embedder of unit vectors sees it."""

    def close(sentence: str, texts: Sequence[str]) -> list[float]:
        vectors = embed([sentence, *texts])
        return [float(value) for value in vectors[1:] @ vectors[0]]

    return close


COVERED = 0.85
"""Share of a sentence's telling words, by weight, that its evidence must hold."""
COVERED_IF_CLOSE = 0.75
"""The same where sentence and evidence are `CLOSE` as vectors."""
CLOSE = 0.9


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome for one sentence; `score` is 0 to 1."""

    verdict: Verdict
    score: float
    failed: tuple[Failure, ...]


def check(
    sentence: str,
    evidence: str,
    closeness: Closeness | None = None,
    meanings: Sequence[str] = (),
) -> Checked:
    """Check one sentence against the text that it cites.

    `evidence` is nothing but the cited text: what only a title or a neighbouring sentence says
    does not support anything. `meanings` say what times in it mean, as `Note.meaning` does. A
    sentence that is one of its own, word for word, is `quoted`; a part of one is checked like any
    other, since what was cut off may turn its meaning.
    """
    if not evidence.strip():
        return Checked(Verdict.UNSUPPORTED, 0.0, (Failure(check="evidence", words=()),))
    if _folded(sentence) in _whole(evidence):
        return Checked(Verdict.QUOTED, 1.0, ())
    hard = failures(sentence, evidence, meanings)
    covered, missing = coverage(sentence, evidence, apart=_checked_apart(told(sentence).facts))
    means = covered >= COVERED
    if closeness and not hard and COVERED_IF_CLOSE <= covered < COVERED:
        means = max(closeness(sentence, [evidence])) >= CLOSE
    failed = (*hard, *(() if means else (Failure(check="meaning", words=missing),)))
    return Checked(_verdict(hard, covered, means=means), _score(hard, covered), failed)


@lru_cache(maxsize=4096)
def _whole(evidence: str) -> frozenset[str]:
    """The evidence and its sentences, for what is quoted word for word."""
    return frozenset(map(_folded, (evidence, *told(evidence).sentences)))


def _verdict(hard: Sequence[Failure], covered: float, *, means: bool) -> Verdict:
    if hard:
        return Verdict.UNSUPPORTED
    if means:
        return Verdict.SUPPORTED
    return Verdict.PARTLY if covered >= COVERED_IF_CLOSE else Verdict.UNSUPPORTED


def _score(hard: Sequence[Failure], covered: float) -> float:
    """Coverage, halved by each failed check: 0 to 1, and under 0.5 as soon as one has failed."""
    return round(covered * 0.5 ** len(hard), 4)


def _folded(text: str) -> str:
    return " ".join(text.translate(_QUOTES).casefold().split()).rstrip(".!? ")


_QUOTES = str.maketrans("“”‘’", "\"\"''")


def coverage(
    sentence: str, evidence: str, apart: frozenset[str] = frozenset()
) -> tuple[float, tuple[str, ...]]:
    """Share (0 to 1, by weight) of the sentence's telling words found in evidence; the others.

    Each word counts once. Numbers, magnitudes and units do not count, nor do the words `apart`:
    they have checks of their own.
    """
    known = told(evidence).keys
    total = found = 0.0
    missing = []
    for word, parts, value in _telling(sentence, apart):
        total += value
        if parts[0] in known or known.issuperset(parts[1:]):
            found += value
        else:
            missing.append(word)
    return (found / total if total else 0.0), tuple(missing)


@lru_cache(maxsize=1024)
def _telling(
    sentence: str, apart: frozenset[str]
) -> tuple[tuple[str, tuple[str, ...], float], ...]:
    """The words that count: each with its stem and those of its parts, and its weight."""
    return tuple(
        (word, (stem(word), *map(stem, word.split("-"))), weight(word))
        for word in dict.fromkeys(words(sentence))
        if weight(word) > 0 and word not in apart and not measures(word)
    )


def _checked_apart(claimed: Facts) -> frozenset[str]:
    """The words of names and dates."""
    written = [name.words for name in claimed.names] + [when.words for when in claimed.dates]
    return frozenset(word for item in written for word in words(item))


@dataclass(frozen=True, slots=True)
class Source:
    """A text to verify against: an article, or somebody's own text under a made-up id."""

    article_id: str
    text: str
    notes: tuple[Note, ...] = ()
    """What times in it mean."""

    def meanings(self, start: int, end: int) -> list[str]:
        """What the times within a range mean."""
        return [n.meaning for n in self.notes if start <= n.start and n.end <= end]


@dataclass(frozen=True, slots=True)
class Grounded:
    """A sentence of the verified text, its outcome, and the range that it was held against."""

    text: str
    checked: Checked
    source: Source | None
    start: int = 0
    end: int = 0


NEAREST = 3
"""Evidence sentences tried for each verified sentence, alone and with their neighbours."""


def ground(text: str, sources: Sequence[Source], closeness: Closeness | None) -> list[Grounded]:
    """Verify each sentence of `text` against the sentences of `sources` that are nearest to it.

    The best outcome counts. Cost grows with the product of the numbers of sentences; the vectors
    are asked for only where words alone do not settle it.
    """
    windows = [window for source in sources for window in _windows(source)]
    return [_ground(sentence, windows, closeness) for sentence in told(text).sentences]


def _windows(source: Source) -> list[tuple[Source, int, int]]:
    """Each sentence, and each run of two and three, as (source, start, end)."""
    spans = sentence_spans(source.text)
    return [
        (source, spans[first][0], spans[first + size][1])
        for size in range(3)
        for first in range(len(spans) - size)
    ]


def _ground(
    sentence: str, windows: Sequence[tuple[Source, int, int]], closeness: Closeness | None
) -> Grounded:
    def promise(window: tuple[Source, int, int]) -> float:
        source, start, end = window
        covered = coverage(sentence, source.text[start:end])[0]
        return covered - (end - start) / 1e5  # of equals the shorter

    nearest = sorted(windows, key=promise, reverse=True)[: 2 * NEAREST]
    outcomes = [
        Grounded(
            sentence,
            check(sentence, source.text[start:end], closeness, source.meanings(start, end)),
            source,
            start,
            end,
        )
        for source, start, end in nearest
    ]
    nothing = Grounded(sentence, check(sentence, "", closeness), None)
    return max(outcomes, key=lambda outcome: outcome.checked.score, default=nothing)
