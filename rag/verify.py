"""Sentence and evidence in, verdict out: checks that a reader can be shown.

Each check compares one kind of item, and says which words of the sentence failed:

number      value with its magnitude word, and unit
date        year, month, day or weekday
name        capitalised names, aliases such as EU and European Union counted as one; and who did
            what to whom, where both texts name the two around the same verb
negation    a word denied in one text and not in the other
modality    a plan, possibility or hearsay told as a fact, or the other way round
quantifier  all, most, only, up to, more than, at least …
meaning     the share of the sentence's telling words that the evidence has, and closeness of the
            two as vectors where an embedder is at hand
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from rag.facts import Facts, Number, When, facts, measures, name_key, name_keys
from rag.schema import Failure, Verdict
from rag.sentences import sentence_spans
from rag.words import stem, stems, weight, words

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

_CLASSES = {
    "possible": """may might could can likely unlikely possible possibly perhaps potential
        potentially""",
    "planned": """plan plans planned planning propose proposes proposed proposal consider considers
        considered considering expect expects expected aim aims aimed intend intends intended hope
        hopes hoped hoping seek seeks seeking sought want wants wanted will shall would should
        agree agrees agreed agreement pledge pledges pledged promise promises promised scheduled
        due set looks looking""",
    "hearsay": """allegedly reportedly appear appears appeared seem seems seemed estimate estimates
        estimated forecast believe believes believed""",
}
_MODAL_CLASS = {word: name for name, listed in _CLASSES.items() for word in listed.split()}

_QUANTIFIERS = re.compile(
    r"\b(?:all|every|each|most|majority|some|many|few|several|only|at least|at most|more than"
    r"|less than|fewer than|over|up to|as much as|nearly|almost|about|around|roughly"
    r"|half|double[ds]?|twice|triple[ds]?|first|last|largest|smallest|biggest|highest|lowest)\b",
    re.IGNORECASE,
)
_SAME_QUANTITY = {
    "at least": "more than", "over": "more than", "as much as": "up to", "at most": "up to",
    "fewer than": "less than", "almost": "nearly", "around": "about", "roughly": "about",
    "every": "all", "each": "all", "majority": "most", "biggest": "largest", "twice": "double",
}  # fmt: skip
_BOUNDS = frozenset({"more than", "less than", "up to"})
"""Quantifiers whose loss changes a number: these must stand in both texts."""


_ATTACHED = re.compile(r"(?P<noun>\b[a-z][\w-]+) of (?:[a-z][\w’'-]* ){0,4}(?P<name>[A-Z][\w-]+)")
"""A noun and the first name that "of" ties to it."""


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome for one sentence; `score` is 0 to 1."""

    verdict: Verdict
    score: float
    failed: tuple[Failure, ...]


def check(sentence: str, evidence: str, closeness: Closeness | None = None) -> Checked:
    """Check one sentence against the text that it cites.

    `evidence` is nothing but the cited text: what only a title or a neighbouring sentence says
    does not support anything. A sentence that is one of its own, word for word, is `quoted`; a
    part of one is checked like any other, since what was cut off may turn its meaning.
    """
    if not evidence.strip():
        return Checked(Verdict.UNSUPPORTED, 0.0, (Failure(check="evidence", words=()),))
    if _folded(sentence) in {_folded(whole) for whole in (evidence, *_sentences(evidence))}:
        return Checked(Verdict.QUOTED, 1.0, ())
    claimed, known = facts(sentence), facts(evidence)
    hard = [
        Failure(check=name, words=tuple(dict.fromkeys(found)))
        for name, found in (
            ("number", missing_numbers(claimed.numbers, known.numbers)),
            ("date", missing_dates(claimed.dates, known.dates)),
            (
                "name",
                [
                    *missing_names(claimed, evidence),
                    *_swapped(claimed, sentence, evidence),
                    *_moved(sentence, evidence),
                ],
            ),
            ("negation", _negation(sentence, evidence)),
            ("modality", _modality(sentence, evidence)),
            ("quantifier", _quantifiers(sentence, evidence)),
        )
        if found
    ]
    covered, missing = coverage(sentence, evidence, apart=_name_words(claimed))
    close = max(closeness(sentence, [evidence])) if closeness and not hard else 0.0
    means = covered >= COVERED or (covered >= COVERED_IF_CLOSE and close >= CLOSE)
    failed = (*hard, *(() if means else (Failure(check="meaning", words=missing),)))
    return Checked(_verdict(hard, covered, means=means), _score(hard, covered), failed)


def _sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


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
    known = stems(evidence) | name_keys(evidence)
    total = found = 0.0
    missing = []
    for word in dict.fromkeys(words(sentence)):
        value = 0.0 if measures(word) or word in apart else weight(word)
        total += value
        if stem(word) in known or all(stem(part) in known for part in word.split("-")):
            found += value
        elif value > 0:
            missing.append(word)
    return (found / total if total else 0.0), tuple(dict.fromkeys(missing))


def _name_words(claimed: Facts) -> frozenset[str]:
    return frozenset(word for name in claimed.names for word in words(name.words))


def missing_numbers(claimed: Iterable[Number], known: Sequence[Number]) -> list[str]:
    """The numbers that have no equal in `known`; a unit only has to fit where both give one."""
    return [
        number.words
        for number in claimed
        if not any(
            abs(number.value - other.value) <= 1e-9 * abs(other.value)
            and (number.unit == other.unit or not number.unit or not other.unit)
            for other in known
        )
    ]


def missing_dates(claimed: Iterable[When], known: Sequence[When]) -> list[str]:
    """The dates of which a given part (year, month, day, weekday) is nowhere in `known`."""
    return [when.words for when in claimed if not any(_within(when, other) for other in known)]


def _within(when: When, other: When) -> bool:
    pairs = ((getattr(when, part), getattr(other, part)) for part in When.__slots__[1:])
    return all(mine is None or mine == theirs for mine, theirs in pairs)


def missing_names(claimed: Facts, evidence: str) -> list[str]:
    """The names of which some word is not in the evidence under any of its spellings."""
    known = name_keys(evidence)
    return [name.words for name in claimed.names if not known.issuperset(name.keys)]


def _swapped(claimed: Facts, sentence: str, evidence: str) -> list[str]:
    """Pairs of names that every evidence sentence with both has the other way round."""
    mine = _positions(sentence)
    told = [_positions(one) for one in _sentences(evidence)]
    found = []
    for first, second in combinations(claimed.names, 2):
        pair = first.keys[-1], second.keys[-1]
        ways = [_reversed(mine, theirs, *pair) for theirs in told if theirs.keys() >= set(pair)]
        if ways and all(ways):
            found.append(f"{first.words} … {second.words}")
    return found


def _moved(sentence: str, evidence: str) -> list[str]:
    """Attachments such as "chairman of Rapidus" whose noun the evidence attaches to others only."""
    told: dict[str, set[str]] = {}
    for found in _ATTACHED.finditer(evidence):
        told.setdefault(stem(found["noun"]), set()).add(name_key(found["name"]))
    return [
        found.group()
        for found in _ATTACHED.finditer(sentence)
        if name_key(found["name"]) not in told.get(stem(found["noun"]), {name_key(found["name"])})
    ]


def _reversed(
    mine: dict[str, list[int]], theirs: dict[str, list[int]], first: str, second: str
) -> bool:
    """Whether the two stand around the same verb in the other order, neither side in passive."""
    between = _between(mine, first, second)
    verb = next((key for key in between if key in theirs and weight(key) > 0), None)
    if verb is None:
        return False
    other_way = theirs[second][0] < theirs[verb][0] < theirs[first][0]
    passive = ("by" in between) != ("by" in _between(theirs, second, first))
    return other_way and not passive


def _positions(text: str) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for index, word in enumerate(words(text)):
        for key in {stem(word), *name_keys(word)}:
            places.setdefault(key, []).append(index)
    return places


def _between(places: dict[str, list[int]], first: str, second: str) -> list[str]:
    start, end = places[first][0], places[second][0]
    return [key for key, found in places.items() if any(start < at < end for at in found)]


_NEGATIONS = re.compile(
    r"\b(?:not|no|never|without|cannot|\w+n['’]t|failed\s+to)\b"
    r"|\b(?P<far>nobody|none|nothing|neither|nor|no\s+one|denie[sd]|deny|denying|doubt(?:s|ed)?"
    r"|refus(?:e|es|ed|ing)|reject(?:s|ed|ing)?|rule[sd]?\s+out)\b",
    re.IGNORECASE,
)
_NEAR, _FAR = 3, 9
"""How many words on a negation reaches: 'not' its verb, 'nobody' and 'denied' a whole clause."""


def _negation(sentence: str, evidence: str) -> list[str]:
    """Words that are denied in one of the texts and said plainly in the other."""
    denied_here, denied_there = _after(_NEGATIONS, sentence), _after(_NEGATIONS, evidence)
    here, there = stems(sentence), stems(evidence)
    added = [word for word in denied_here if stem(word) in there and not denied_there]
    lost = [word for word in denied_there if stem(word) in here and not denied_here]
    if denied_here and not denied_there and not added:
        added = denied_here
    return added[:2] or lost[:2]


def _after(cue: re.Pattern[str], text: str, near: int = _NEAR) -> list[str]:
    """The telling words that each cue reaches; the cue itself if there are none."""
    found = []
    for match in cue.finditer(text):
        reach = _FAR if match.groupdict().get("far") else near
        following = words(text[match.end() :])[:reach]
        found += [word for word in following if weight(word) > 0] or [match.group()]
    return found


_MODALS = re.compile(rf"\b(?:{'|'.join(_MODAL_CLASS)})\b", re.IGNORECASE)


def _modality(sentence: str, evidence: str) -> list[str]:
    """Modal words without their like in the evidence, or words that lost theirs."""
    here, there = _modal_classes(sentence), _modal_classes(evidence)
    added = [word for name, found in here.items() if name not in there for word in found]
    if added or here:
        return added
    plain = stems(sentence)
    governed = [word for word in _after(_MODALS, evidence, near=2) if weight(word) > 0]
    return [word for word in governed if stem(word) in plain][:2]


def _modal_classes(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for match in _MODALS.finditer(text):
        if match.group() != "May":
            found.setdefault(_MODAL_CLASS[match.group().lower()], []).append(match.group())
    return found


def _quantifiers(sentence: str, evidence: str) -> list[str]:
    here, there = _quantities(sentence), _quantities(evidence)
    added = [written for kind, written in here.items() if kind not in there]
    numbers = {number.value for number in facts(sentence).numbers}
    lost = [
        there[kind]
        for kind in sorted(_BOUNDS & there.keys() - here.keys())
        if any(n.value in numbers for n in facts(_beside(evidence, there[kind])).numbers)
    ]
    return added or lost


def _quantities(text: str) -> dict[str, str]:
    found = (match.group() for match in _QUANTIFIERS.finditer(text))
    return {_SAME_QUANTITY.get(written.lower(), written.lower()): written for written in found}


def _beside(text: str, phrase: str) -> str:
    at = text.lower().index(phrase.lower())
    return text[at + len(phrase) : at + len(phrase) + 30]


@dataclass(frozen=True, slots=True)
class Source:
    """A text to verify against: an article, or somebody's own text under a made-up id."""

    article_id: str
    text: str


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
    return [_ground(sentence, windows, closeness) for sentence in _sentences(text)]


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
        Grounded(sentence, check(sentence, source.text[start:end], closeness), source, start, end)
        for source, start, end in nearest
    ]
    nothing = Grounded(sentence, check(sentence, "", closeness), None)
    return max(outcomes, key=lambda outcome: outcome.checked.score, default=nothing)


def overall(grounded: Sequence[Grounded]) -> float:
    """One score, 0 to 1, for a text: the mean of its sentences, weighed down by the worst."""
    scores = [sentence.checked.score for sentence in grounded]
    return (sum(scores) / len(scores) + min(scores)) / 2 if scores else 0.0
