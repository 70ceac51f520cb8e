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
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, lru_cache
from itertools import combinations, takewhile

from rag.facts import Facts, Number, When, facts, name_key, name_keys
from rag.opposites import OPPOSITES
from rag.roles import reversed_in
from rag.schema import Failure
from rag.sentences import sentence_spans
from rag.words import stem, stems, weight, words


class Told:
    """A text with what the checks look for in it, each found when first asked for."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def facts(self) -> Facts:
        """Its numbers, dates and names."""
        return facts(self.text)

    @cached_property
    def stems(self) -> frozenset[str]:
        """The stems of its words."""
        return stems(self.text)

    @cached_property
    def name_keys(self) -> frozenset[str]:
        """Every key that a name may be found under."""
        return name_keys(self.text)

    @cached_property
    def sentences(self) -> tuple[str, ...]:
        """Its sentences."""
        return tuple(self.text[start:end] for start, end in sentence_spans(self.text))

    @cached_property
    def places(self) -> tuple[dict[str, list[int]], ...]:
        """For each sentence, where the stems and name keys of its words stand."""
        return tuple(_positions(one) for one in self.sentences)

    @cached_property
    def denied(self) -> list[str]:
        """The words that it denies."""
        return _denied(self.text)

    @cached_property
    def modals(self) -> dict[str, list[tuple[str, list[str]]]]:
        """The modal words of each class, each with the telling words that it reaches."""
        return _modals(self.text, _GOVERNS)

    def governed(self, name: str) -> frozenset[str]:
        """The stems that the modals of a class may reach."""
        reached = _modals(self.text, _MAY_GOVERN).get(name, ())
        return frozenset(stem(word) for _, telling in reached for word in telling)

    @cached_property
    def attached(self) -> dict[str, set[str]]:
        """For each noun the names that "of" ties to it: "chairman of Rapidus"."""
        found: dict[str, set[str]] = {}
        for match in _ATTACHED.finditer(self.text):
            found.setdefault(stem(match["noun"]), set()).update(name_keys(match["name"]))
        return found

    @cached_property
    def quantities(self) -> dict[str, str]:
        """Its quantifiers, each in one form for all that mean the same, and as written."""
        found = (match.group() for match in _QUANTIFIERS.finditer(self.text))
        return {_SAME_QUANTITY.get(written.lower(), written.lower()): written for written in found}


@lru_cache(maxsize=4096)
def told(text: str) -> Told:
    """What a text tells; remembered, since a piece of evidence meets many sentences."""
    return Told(text)


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
    mine, verbs = _positions(here.text), _lower(here.text)
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


_ATTACHED = re.compile(
    r"(?P<noun>\b[a-z][\w-]+) of (?:[a-z][\w’'-]* ){0,4}(?P<name>[A-Z][\w-]+(?: [A-Z][\w-]+)*)"
)
"""A noun and the first name that "of" ties to it."""


def _moved(here: Told, there: Told) -> list[str]:
    """Attachments such as "chairman of Rapidus" whose noun the evidence attaches to others only."""
    return [
        found.group()
        for found in _ATTACHED.finditer(here.text)
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


def _positions(text: str) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for index, word in enumerate(words(text)):
        for key in {stem(word), *name_keys(word)}:
            places.setdefault(key, []).append(index)
    return places


def _between(places: dict[str, list[int]], first: str, second: str) -> list[str]:
    start, end = places[first][0], places[second][0]
    return [key for key, found in places.items() if any(start < at < end for at in found)]


# Negation and modality ---------------------------------------------------------------------------

NEGATIONS = re.compile(
    r"\b(?:not|no|never|without|cannot|\w+n['’]t|failed\s+to)\b"
    r"|\b(?P<far>nobody|none|nothing|neither|nor|no\s+one|denie[sd]|deny|denying|doubt(?:s|ed)?"
    r"|refus(?:e|es|ed|ing)|reject(?:s|ed|ing)?|rule[sd]?\s+out)\b",
    re.IGNORECASE,
)
_FAR = 9
"""How many words on 'nobody' and 'denied' reach: a clause. 'Not' reaches its verb or noun."""
_NO_DENIAL = re.compile(r"\bnot (?:only|just|least|to mention)\b", re.IGNORECASE)


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


_CLAUSE = re.compile(r"[.;:!?](?=\s|$)|,(?=\s)")
"""What no negation and no modal reaches across."""


def _reach(text: str, start: int, most: int) -> list[str]:
    """Up to `most` words from `start` on that belong to the same clause."""
    end = _CLAUSE.search(text, start)
    return words(text[start : end.start() if end else len(text)])[:most]


def _denied(text: str) -> list[str]:
    """What is denied: the telling words of a clause, or after 'not' the first such."""
    found: list[str] = []
    for match in NEGATIONS.finditer(_NO_DENIAL.sub(lambda m: " " * len(m.group()), text)):
        following = _reach(text, match.end(), _FAR)
        telling = [word for word in following if weight(word) > 0]
        if not match["far"]:
            telling = _first(following[:5]) or following[-1:]
        found += telling or [match.group()]
    return found


def _first(following: Sequence[str]) -> list[str]:
    """The first telling word, and those right behind it."""
    start = next((i for i, word in enumerate(following) if weight(word) > 0), len(following))
    return list(takewhile(lambda word: weight(word) > 0, following[start:]))


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
_CUES = {
    name: re.compile(rf"\b(?:{'|'.join(listed.split())})\b", re.IGNORECASE)
    for name, listed in _CLASSES.items()
}
_CUES["planned"] = re.compile(rf"{_CUES['planned'].pattern}|\b(?:is|are) to\b", re.IGNORECASE)
_GOVERNS, _MAY_GOVERN = 4, 7
"""How many words on a modal reaches, and how many on it may: more words can stand between."""


def _modals(text: str, most: int) -> dict[str, list[tuple[str, list[str]]]]:
    """The modal words of each class that occurs, each with the telling words that it reaches."""
    found: dict[str, list[tuple[str, list[str]]]] = {}
    for name, cue in _CUES.items():
        for match in cue.finditer(text):
            if match.group() != "May":
                reached = _reach(text, match.end(), most)
                telling = [word for word in reached if weight(word) > 0]
                found.setdefault(name, []).append((match.group(), telling))
    return found


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


_CHECKS: dict[str, Callable[[Told, Told], list[str]]] = {
    "name": _names,
    "negation": _negation,
    "modality": _modality,
    "quantifier": _quantifiers,
    "opposite": _opposites,
    "quotation": _quotations,
}
