"""The values that a sentence gives, each with what its clause says it is the value of."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from rag.facts import Facts, Number, When, facts, measures, name_keys
from rag.question import DATE, NAME, NUMBER, asks_several, kind
from rag.schema import Evidence
from rag.words import content_stems, stem, weight, words

_CLAUSE = re.compile(
    r"[;:–—]\s|,\s(?=(?:and|but|while|whereas|compared|against|up|down|instead|rather)\b)"
    r"|\b(?:while|whereas|but|compared (?:with|to)|up from|down from|instead of|rather than)\b"
)
TELL_APART = frozenset(
    map(
        stem,
        """first second third fourth initial initially additional another extra further more total
        overall combined annual annually yearly monthly weekly daily quarterly quarter half year
        month week day hour average minimum maximum record previous previously earlier last next
        original originally phase stage per each former new old later current currently remaining
        rest part north south east west only alone""".split(),
    )
)
"""Words that make two values values of different things where only one clause has them."""
_PLANNED = frozenset(
    map(
        stem,
        """plan planned aim aimed target targeted goal expect expected forecast seek sought ask
        asked request requested propose proposed want wanted hope hoped estimate estimated intend
        intended could may might would""".split(),
    )
)
_OF_NO_EVENT = re.compile(
    r"\b(?:said|says|told|tells|added|wrote|reported|speaking|interview|statement|briefing)\b"
    r"(?:\W+\w+){0,4}\W*$|\bof\W*$",
    re.IGNORECASE,
)
"""What stands before a day on which somebody spoke, or that tells one report from another."""
_LOOSE = re.compile(
    r"\b(?:(?P<about>about|around|some|nearly|almost|roughly|approximately|close to|circa)"
    r"|(?P<least>more than|over|at least|above|exceeding|in excess of)"
    r"|(?P<most>up to|as much as|as many as|less than|fewer than|under|below|at most))\W*$",
    re.IGNORECASE,
)
_DENIED = re.compile(r"\b(?:not|no|never|nor|denie[sd]|without|\w+n['’]t)\b", re.IGNORECASE)
_POINTS = re.compile(r"\b(?:it|its|they|them|their|this|these|those|he|she|his|her)\b", re.I)
_SIGNS = 2
"""Characters before a value that may be taken for its beginning, such as a currency sign."""

_Item = tuple[str, str, Number | When | tuple[str, ...]]
"""A value of a clause: its kind, its words, and what they mean."""


class _Around(NamedTuple):
    """Of a sentence with its title and the sentence before it."""

    near: frozenset[str]
    """All that a name may be found under there."""
    asked: float
    """As of `Value`."""


class _Clause(NamedTuple):
    start: int
    text: str


@dataclass(frozen=True)
class Value:
    """A number, date or name in the clause that gives it."""

    kind: str
    """`number`, `date` or `name`."""
    words: str
    meant: Number | When | tuple[str, ...]
    evidence: Evidence
    loose: str
    """`about`, `least`, `most` or ''."""
    before: str
    """The stem of the word before it, '' where it opens the clause."""
    behind: str
    """The stem of the word behind it."""
    counted: str
    """The stem of the first telling word close behind it."""
    context: dict[str, float]
    """The telling stems of the clause without the value, with their weights."""
    names: frozenset[str]
    """Keys of the other names of the clause."""
    near: frozenset[str]
    """All that a name may be found under in the clause; where that names nothing, also in the
    sentence, the one before it and the title."""
    qualified: frozenset[str]
    """Words of the clause that tell one thing from another."""
    planned: bool
    denied: bool
    points: bool
    """Whether a pronoun stands for a part of what it is the value of."""
    numbers: frozenset[float]
    """The other numbers of the clause."""
    times: tuple[When, ...]
    """The other dates of the clause."""
    sentence: Facts
    asked: float
    """Share of the question's telling words, by weight, that the sentence, the one before it and
    the title hold."""


def values(question: str, item: Evidence) -> Iterator[Value]:
    """The values in a sentence; names only where the question asks for one.

    Left out are values of a list, days on which somebody spoke, and clauses that name nothing where
    what is beside them does not name what the question does.
    """
    around = _around(question, item)
    named = frozenset(key for name in facts(question).names for key in name.keys)
    for clause in _clauses(item.text):
        for sort, said, meant in _alone(question, facts(clause.text)):
            start = clause.text.find(said)
            if sort == DATE and _OF_NO_EVENT.search(clause.text[:start]):
                continue
            value = _value(item, around, clause.text, start, sort, said, meant)
            if value.names or named <= around.near:
                yield value


def answer(question: str, item: Evidence) -> Value | None:
    """What a reader takes for the answer; None where it is not of the kind that is asked for."""
    if item.answer_at is None:
        return None
    for clause in _clauses(item.text):
        place, after = item.answer_at - clause.start, 0
        for sort, said, meant in _of_kind(question, facts(clause.text)):
            start = clause.text.find(said, after)
            after = start + len(said)
            if start - _SIGNS <= place < after:
                around = _around(question, item)
                return _value(item, around, clause.text, start, sort, said, meant)
    return None


def _of_kind(question: str, said: Facts) -> Iterator[_Item]:
    """The values of the kind that is asked for, without those that the question holds itself."""
    asked, held = kind(question), facts(question)
    if asked == NUMBER:
        known = {number.value for number in held.numbers}
        yield from ((NUMBER, n.words, n) for n in said.numbers if n.value not in known)
    elif asked == DATE:
        yield from ((DATE, when.words, when) for when in said.dates if when not in held.dates)
    elif asked == NAME:
        keys = name_keys(question)
        yield from ((NAME, n.words, n.keys) for n in said.names if not keys.issuperset(n.keys))


def _value(
    item: Evidence,
    around: _Around,
    clause: str,
    start: int,
    sort: str,
    said: str,
    meant: Number | When | tuple[str, ...],
) -> Value:
    """The value that a clause gives from its character `start` on."""
    before, behind = clause[:start], clause[start + len(said) :]
    loose = _LOOSE.search(before)
    before = before[: loose.start()] if loose else before
    beside = f"{before} {behind}"
    rest, own = facts(beside), frozenset(map(stem, words(beside)))
    return Value(
        kind=sort,
        words=said,
        meant=resolved(meant, item) if isinstance(meant, When) else meant,
        evidence=item,
        loose=str(loose.lastgroup) if loose else "",
        before=next(map(stem, reversed(words(before))), ""),
        behind=next(map(stem, words(behind)), ""),
        counted=next((stem(word) for word in words(behind)[:3] if weight(word) > 0), ""),
        context={key: w for key, w in content_stems(beside).items() if not measures(key)},
        names=frozenset(key for name in rest.names for key in name.keys),
        near=name_keys(clause) if rest.names else around.near,
        qualified=own & TELL_APART,
        planned=bool(own & _PLANNED),
        denied=bool(_DENIED.search(beside)),
        points=bool(_POINTS.search(beside)),
        numbers=frozenset(number.value for number in rest.numbers),
        times=tuple(resolved(when, item) for when in rest.dates),
        sentence=facts(item.text),
        asked=around.asked,
    )


def _around(question: str, item: Evidence) -> _Around:
    text = f"{item.title} {item.context} {item.text}"
    near = name_keys(text)
    held = near | frozenset(content_stems(text))
    return _Around(near, _share(content_stems(question), held))


def _share(wanted: dict[str, float], held: frozenset[str]) -> float:
    return sum(w for key, w in wanted.items() if key in held) / (sum(wanted.values()) or 1.0)


def _clauses(text: str) -> Iterator[_Clause]:
    ends = [0, *(match.end() for match in _CLAUSE.finditer(text)), len(text)]
    return (_Clause(first, text[first:last]) for first, last in pairwise(ends))


def _alone(question: str, said: Facts) -> Iterator[_Item]:
    """The values of a clause that stand alone of their kind."""
    units = Counter(number.unit for number in said.numbers)
    yield from ((NUMBER, n.words, n) for n in said.numbers if units[n.unit] == 1)
    if len(said.dates) == 1:
        yield DATE, said.dates[0].words, said.dates[0]
    if kind(question) == NAME and not asks_several(question):
        yield from ((NAME, name.words, name.keys) for name in said.names)


def resolved(when: When, item: Evidence) -> When:
    """The date that a note gives for the words, or the date itself."""
    at = item.start + item.text.find(when.words)
    for note in item.notes:
        if note.start <= at < note.end and (told := facts(note.meaning).dates):
            return told[0]
    return when
