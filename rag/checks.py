"""Checks of a sentence against the text that it cites; each names the words that failed it.

By rules that a reader can follow:

number      value with its magnitude word, and unit
date        year, month, day or weekday; "on Monday" also by what the article's notes say it means
name        capitalised names, aliases such as EU and European Union counted as one
role        who did what to whom, where both texts name the two around the same verb (as `name`)
negation    a word denied in one text and said plainly in the other
modality    a plan, possibility or hearsay told as a fact, or the other way round
quantifier  all, most, only, up to, more than, at least …
opposite    rose for fell, before for after, accepted for refused
quotation   words in quotation marks that the evidence does not have in that order
attribution what the evidence only reports somebody to have said, told as if it were known
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import combinations

from rag.attribution import CUES, told_plainly
from rag.facts import Number, When, facts, name_key, name_keys
from rag.opposites import OPPOSITES
from rag.roles import reversed_in
from rag.schema import Failure
from rag.told import ATTACHED, Told, positions, told
from rag.words import stem, stems, weight, words


def failures(sentence: str, evidence: str, meanings: Sequence[str] = ()) -> list[Failure]:
    """The checks that fail, each with the words that failed it; empty where all pass.

    `meanings` say what the times in the evidence mean, as `Note.meaning` does.
    """
    here, there = told(sentence), told(evidence)
    days = [*there.facts.dates, *_days(meanings)]
    found = {"number": _numbers(here, there), "date": missing_dates(here.facts.dates, days)}
    found |= {name: check(here, there) for name, check in _CHECKS.items()}
    return [
        Failure(check=name, words=tuple(dict.fromkeys(failed)))
        for name, failed in found.items()
        if failed
    ]


# Numbers and dates -------------------------------------------------------------------------------


def _numbers(here: Told, there: Told) -> list[str]:
    return missing_numbers(here.facts.numbers, there.facts.numbers)


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


_ONE_DAY = re.compile(r"(?:since |by )?(?:\d{1,2} )?(?:[A-Z][a-z]+ )?\d{4}")
"""Meanings that are one day, month or year; "the week of 26 June 2023" is no day."""


def _days(meanings: Iterable[str]) -> list[When]:
    return [
        when
        for meaning in meanings
        if _ONE_DAY.fullmatch(meaning)
        for when in told(meaning).facts.dates
    ]


# Names -------------------------------------------------------------------------------------------


def _names(here: Told, there: Told) -> list[str]:
    return [
        *missing_names(here, there),
        *_swapped(here, there),
        *reversed_in(here.text, there.sentences),
        *_moved(here, there),
    ]


def missing_names(here: Told, there: Told) -> list[str]:
    """The names of which some word is not in the evidence under any of its spellings."""
    return [name.words for name in here.facts.names if not there.name_keys.issuperset(name.keys)]


def _swapped(here: Told, there: Told) -> list[str]:
    """Pairs of names that every evidence sentence with both has the other way round."""
    mine, verbs = positions(here.text), _lower(here.text)
    found = []
    for first, second in combinations(here.facts.names, 2):
        pair = first.keys[-1], second.keys[-1]
        ways = [
            _reversed(mine, theirs, pair, verbs)
            for theirs in there.places
            if theirs.keys() >= set(pair)
        ]
        if ways and all(ways):
            found.append(f"{first.words} … {second.words}")
    return found


def _moved(here: Told, there: Told) -> list[str]:
    """Attachments such as "chairman of Rapidus" whose noun the evidence attaches to others only."""
    return [
        found.group()
        for found in ATTACHED.finditer(here.text)
        if (known := there.attached.get(stem(found["noun"])))
        and not known & {*name_keys(found["name"]), name_key(found["name"].split()[0])}
    ]


def _lower(text: str) -> frozenset[str]:
    """The stems of telling words in lower case, among them the verbs."""
    return frozenset(stem(w) for w in words(text) if w[:1].islower() and weight(w) > 0)


def _reversed(
    mine: dict[str, list[int]],
    theirs: dict[str, list[int]],
    pair: tuple[str, str],
    verbs: frozenset[str],
) -> bool:
    """Whether the two stand around the same verb in the other order, neither side in passive."""
    first, second = pair
    between = _between(mine, first, second)
    verb = next((key for key in between if key in theirs and key in verbs), None)
    if verb is None:
        return False
    other_way = theirs[second][0] < theirs[verb][0] < theirs[first][0]
    passive = ("by" in between) != ("by" in _between(theirs, second, first))
    return other_way and not passive


def _between(places: dict[str, list[int]], first: str, second: str) -> list[str]:
    start, end = places[first][0], places[second][0]
    return [key for key, found in places.items() if any(start < at < end for at in found)]


# Negation and modality ---------------------------------------------------------------------------


def _negation(here: Told, there: Told) -> list[str]:
    """Words that are denied in one of the texts and said plainly in the other."""
    theirs = _stemmed(there.denied)
    added = [word for word in here.denied if stem(word) not in theirs]
    if there.denied:
        added = [word for word in added if _parts(word) & there.stems]
    mine = _stemmed(here.denied)
    lost = [word for word in there.denied if _parts(word) <= here.stems and stem(word) not in mine]
    return added[:4] or lost[:4]


def _stemmed(found: Iterable[str]) -> frozenset[str]:
    return frozenset(map(stem, found))


def _parts(word: str) -> frozenset[str]:
    """The stems of a word, one for each part of a hyphenated one."""
    return frozenset(stem(part) for part in word.split("-"))


def _modality(here: Told, there: Told) -> list[str]:
    """Modal words without their like in the evidence, or words that lost theirs."""
    added = [
        word
        for name, uses in here.modals.items()
        for word, reached in uses
        if name not in there.modals or _newly(reached, there, there.governed(name))
    ]
    if added or here.modals:
        return added
    lost = [word for uses in there.modals.values() for _, reached in uses for word in reached[:2]]
    return [word for word in lost if stem(word) in here.stems and not word[:1].isdigit()][:2]


def _newly(reached: Sequence[str], there: Told, governed: frozenset[str]) -> bool:
    """Whether the evidence says all of it without that class of modal."""
    known = _stemmed(reached)
    return bool(known) and known <= there.stems and not known & governed


# Quantifiers and opposites -----------------------------------------------------------------------

_BOUNDS = frozenset({"more than", "less than", "up to"})
"""Quantifiers whose loss changes a number: these must stand in both texts."""


def _quantifiers(here: Told, there: Told) -> list[str]:
    added = [written for kind, written in here.quantities.items() if kind not in there.quantities]
    numbers = {number.value for number in here.facts.numbers}
    lost = [
        there.quantities[kind]
        for kind in sorted(_BOUNDS & there.quantities.keys() - here.quantities.keys())
        if any(
            n.value in numbers for n in facts(_beside(there.text, there.quantities[kind])).numbers
        )
    ]
    return added or lost


def _beside(text: str, phrase: str) -> str:
    at = text.lower().index(phrase.lower())
    return re.split(r"[.;](?=\s)", text[at + len(phrase) : at + len(phrase) + 30])[0]


def _opposites(here: Told, there: Told) -> list[str]:
    """Words that are not in the evidence while their opposite is, and not in the sentence."""
    found = []
    for word in words(here.text):
        key = stem(word)
        against = OPPOSITES.get(key, frozenset()) & there.stems
        if against - here.stems and key not in there.stems:
            found.append(word)
    return found


_QUOTATION = re.compile(r"[\"“]([^\"“”]+)[\"”]")


def _quotations(here: Told, there: Told) -> list[str]:
    """What stands in quotation marks and is not in the evidence, word for word."""
    known = f" {' '.join(words(there.text.casefold()))} "
    found = _QUOTATION.findall(here.text)
    return [said for said in found if f" {' '.join(words(said.casefold()))} " not in known]


def _unattributed(here: Told, there: Told) -> list[str]:
    """Telling words, said plainly here, that the evidence only reports somebody to have said."""
    if CUES.search(here.text) or not CUES.search(there.text):
        return []
    plain = frozenset[str]().union(*(stems(told_plainly(one)) for one in there.sentences))
    claimed = {stem(word): word for word in words(here.text) if weight(word) > 0}
    only_reported = [word for key, word in claimed.items() if key in there.stems - plain]
    return only_reported if len(only_reported) >= MOSTLY * len(claimed) else []


MOSTLY = 0.5
"""Share of a sentence's telling words that make it a report, where they stand in one only."""


_CHECKS: dict[str, Callable[[Told, Told], list[str]]] = {
    "name": _names,
    "negation": _negation,
    "modality": _modality,
    "quantifier": _quantifiers,
    "opposite": _opposites,
    "quotation": _quotations,
    "attribution": _unattributed,
}
