"""Where articles give different values for the same thing: numbers, dates, names.

By rules first, so that a reader can see why two sentences were put beside each other. Two values
are of one thing where the words around them are mostly the same and no name, time or word such as
"first" or "annual" sets them apart. Then by reading: answers that two sentences on what is asked
give in quite other words. What is doubtful stays silent: a false alarm costs more trust than a
missed one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from rag.copies import age
from rag.facts import Number, When
from rag.question import DATE, NAME, asks_several, kind
from rag.schema import Evidence
from rag.values import Value, answer, values

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Embed = Callable[[Sequence[str]], NDArray[np.float32]]

ALIKE = 0.6
"""Share of the shorter context's words, by weight, that the other one must have."""
ALIKE_IF_ASKED = 0.4
"""The same where both sentences hold what the question asks about."""
ASKED = 0.75
"""Share of the question's telling words, by weight, that such a sentence holds."""
TOLD_ALIKE = 0.5
"""Share of the same words, names left out: what is told and not of whom."""
LIKELY, READ_ASKED, READ_ALIKE = 0.5, 0.6, 0.5
"""Where a reader finds two answers: how likely either sentence is to answer, the share of the
question's telling words, by weight, that it holds, and the least cosine of the two sentences."""
ABOUT = 0.1
"""Relative difference that "about" and its like cover."""
_SLOTS = frozenset("by in at is was from to as of with".split())
"""Words behind which a name takes one place in what is told."""


@dataclass(frozen=True, slots=True)
class Stated:
    """A value as an article gives it."""

    words: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Differing:
    """Different values of one thing, the earliest published first, unknown dates last."""

    kind: str
    """`number`, `date` or `name`."""
    stated: tuple[Stated, ...]

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The sentences that give them."""
        return tuple(one.evidence for one in self.stated)


def differing(question: str, evidence: Sequence[Evidence]) -> list[Differing]:
    """The values in `evidence` that contradict one another; empty where none do.

    Neither one article nor copies of it contradict themselves. Dates are held against each other
    only where the question asks for one, names where it asks for one name.

    Args:
        question: a whole one; sentences on what it asks need fewer words in common.
        evidence: sentences, the best first; a value is shown with the first one that gives it.
    """
    found = [value for item in evidence for value in values(question, item)]
    if kind(question) != DATE:
        found = [value for value in found if value.kind != DATE]
    groups: list[list[Value]] = []
    for one, other in combinations(found, 2):
        if _contradict(one, other):
            _join(groups, one, other)
    return [_told(group) for group in groups]


def read_differently(question: str, evidence: Sequence[Evidence], embed: Embed) -> Differing | None:
    """What a reader takes for the answer in the best sentence, and other answers elsewhere.

    The sentences may tell it in quite other words, as long as both hold most of what is asked.
    Names count only where both have several words: of others, several often are an answer.

    Args:
        question: a whole one that asks for one thing; None is found where it asks for several.
        evidence: sentences, the best first.
        embed: texts to unit vectors, a row each.
    """
    likely = [item for item in evidence if item.score >= LIKELY]
    found = [value for item in likely if (value := answer(question, item))]
    if asks_several(question) or not found:
        return None
    best, *rest = found
    others = [value for value in rest if _answers_otherwise(best, value)]
    if not others:
        return None
    first, *vectors = embed([value.evidence.text for value in (best, *others)])
    alike = [
        value for value, vector in zip(others, vectors, strict=True) if first @ vector >= READ_ALIKE
    ]
    return _told([best, *alike]) if alike else None


def _answers_otherwise(one: Value, other: Value) -> bool:
    return (
        one.kind == other.kind
        and min(one.asked, other.asked) >= READ_ASKED
        and _independent(one.evidence, other.evidence)
        and not _known(one, other)
        and not _known(other, one)
        and one.qualified == other.qualified
        and one.planned == other.planned
        and one.denied == other.denied
        and _at_one_time(one, other)
        and (one.kind != NAME or min(len(one.words.split()), len(other.words.split())) > 1)
    )


def _contradict(one: Value, other: Value) -> bool:
    return (
        one.kind == other.kind
        and _independent(one.evidence, other.evidence)
        and not _known(one, other)
        and not _known(other, one)
        and _same_thing(one, other)
    )


def _independent(one: Evidence, other: Evidence) -> bool:
    copies = {one.article_id, *(copy.article_id for copy in one.also_in)}
    return other.article_id not in copies


def _known(one: Value, other: Value) -> bool:
    """Whether the sentence of `other` says, anywhere, what `one` does, or may mean it."""
    match one.meant:
        case Number() as said:
            return _agree(one, other) or any(
                _fits(one, said, number) for number in other.sentence.numbers
            )
        case When() as said:
            return _agree(one, other) or said in other.sentence.dates
        case keys:
            return bool(set(keys) & other.near)


def _agree(one: Value, other: Value) -> bool:
    """Whether two values can both be true of one thing."""
    match one.meant, other.meant:
        case Number() as a, Number() as b:
            return a.unit != b.unit or _fits(one, a, b) or _fits(other, b, a)
        case When() as a, When() as b:
            return _compatible(a, b)
    return one.meant == other.meant


def _fits(one: Value, said: Number, exact: Number) -> bool:
    """Whether `exact` is what a rounded or bounded value may stand for."""
    if said.unit != exact.unit:
        return False
    if one.loose == "least":
        return exact.value >= said.value
    if one.loose == "most":
        return exact.value <= said.value
    slack = ABOUT * abs(said.value) if one.loose == "about" else _precision(said) / 2
    return abs(said.value - exact.value) <= slack + 1e-9 * abs(said.value)


def _precision(number: Number) -> float:
    """What one step of the last digit written is worth: 0.1 billion for 6.4 billion."""
    digits = re.search(r"\d[\d,]*(?:\.(?P<fraction>\d+))?", number.words)
    if digits is None:
        return 0.0
    written = float(digits.group().replace(",", "")) or 1.0
    return abs(number.value) / written * 10.0 ** -len(digits["fraction"] or "")


def _compatible(one: When, other: When) -> bool:
    pairs = [
        (getattr(one, part), getattr(other, part)) for part in ("year", "month", "day", "weekday")
    ]
    return all(mine == theirs for mine, theirs in pairs if mine is not None and theirs is not None)


def _same_thing(one: Value, other: Value) -> bool:
    asked = min(one.asked, other.asked) >= ASKED and one.kind != NAME
    return (
        len(one.context.keys() & other.context.keys()) > 1
        and _alike(one.context, other.context) >= (ALIKE_IF_ASKED if asked else ALIKE)
        and (asked or _alike(_nameless(one), _nameless(other)) >= TOLD_ALIKE)
        and not _set_apart(one, other)
        and _in_one_place(one, other)
    )


def _alike(one: dict[str, float], other: dict[str, float]) -> float:
    """The share of the shorter one's words, by weight, that both have; 0 where one has none."""
    least = min(sum(one.values()), sum(other.values()))
    return sum(one[key] for key in one.keys() & other.keys()) / least if least else 0.0


def _nameless(value: Value) -> dict[str, float]:
    return {key: weight for key, weight in value.context.items() if key not in value.names}


def _set_apart(one: Value, other: Value) -> bool:
    """Whether a word, a name, a time or a denial makes them values of two things."""
    mine, theirs = one.names - other.near, other.names - one.near
    return bool(
        one.qualified != other.qualified
        or one.planned != other.planned
        or one.denied != other.denied
        or (one.kind == DATE and one.numbers != other.numbers)
        or (mine and (theirs or other.points))
        or (theirs and one.points)
        or not _at_one_time(one, other)
    )


def _at_one_time(one: Value, other: Value) -> bool:
    return all(_compatible(a, b) for a in _times(one, other) for b in _times(other, one))


def _times(value: Value, beside: Value) -> list[When]:
    """The dates that its clause gives; where only the other gives some, the year of telling."""
    published = value.evidence.published
    if value.times or not beside.times or not published:
        return list(value.times)
    return [When("", year=int(published[:4]))]


def _in_one_place(one: Value, other: Value) -> bool:
    """Whether both stand where the same is told: of what is counted, or at the name's place."""
    if one.kind == NAME:
        opens = one.before == other.before == "" and one.behind == other.behind
        return opens or (one.before == other.before and one.before in _SLOTS)
    plain = isinstance(one.meant, Number) and not one.meant.unit
    return not plain or one.counted == other.counted


def _join(groups: list[list[Value]], one: Value, other: Value) -> None:
    group = next((group for group in groups if one in group or other in group), None)
    if group is None:
        groups.append([one, other])
    else:
        group.extend(value for value in (one, other) if value not in group)


def _told(group: list[Value]) -> Differing:
    """One line a value: of those that say the same, the first."""
    kept: list[Value] = []
    for value in group:
        if not any(_agree(value, other) for other in kept):
            kept.append(value)
    kept.sort(key=lambda value: age(value.evidence.article_id, value.evidence.published))
    return Differing(group[0].kind, tuple(Stated(v.words, v.evidence) for v in kept))
