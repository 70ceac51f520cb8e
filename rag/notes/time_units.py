"""Stretches that hang on the publication day: "last week", "later this year", "two years ago"."""

from __future__ import annotations

import re

from rag.notes import days
from rag.notes.days import Days
from rag.notes.tense import Tense
from rag.notes.times import NUMBER, NUMBERS, UNITS, WHICH, Meant, Place, Rule, owned

_OFF = {"last": -1, "this": 0, "next": 1}
# Weeks, months, quarters and years that hang on the day of publication


def which_unit(place: Place) -> Meant | None:
    """Of "last week", "this year"."""
    if place.published is None or (place["which"] != "this" and owned(place)):
        return None
    return Meant(days.unit(place["unit"], place.published, _OFF[place["which"]]))


def the_unit(place: Place) -> Meant | None:
    """Of "the end of the year"; `rag.notes.time_months` holds it against the tense."""
    return Meant(days.unit(place["unit"], place.published, 0)) if place.published else None


def _side(place: Place) -> Meant | None:
    """Of "earlier this month", "later in the year": up to or from the day of publication."""
    published = place.published
    if published is None:
        return None
    early = place["side"] == "earlier"
    if place["the"] and place.tense != (Tense.PAST if early else Tense.FUTURE):
        return None
    whole = days.unit(place["unit"], published, 0)
    return Meant(Days(whole.first, published) if early else Days(published, whole.last))


def _rolling(place: Place) -> Meant | None:
    """Of "the past three months": up to the day of publication, or from it."""
    published, count = place.published, _count(place)
    if published is None or count is None:
        return None
    told = place.match.group().lower().startswith("this") or place.word_before.lower() in _DURING
    if not place["count"] and (place["plural"] or place["unit"] == "day" or not told):
        return None  # "the next week" may be the one after what the text has told
    if place["side"] in ("past", "last"):
        return Meant(Days(days.shifted(published, place["unit"], -count), published), about=True)
    return Meant(Days(published, days.shifted(published, place["unit"], count)), about=True)


_DURING = frozenset("in over within during for throughout across of".split())


def _count(place: Place) -> int | None:
    words = place["count"]
    if words.isdigit():
        return int(words) if 0 < int(words) <= 400 else None
    return NUMBERS.index(words) + 1 if words in NUMBERS else 1


_ROUGHLY = re.compile(
    r"\b(?:more than|less than|fewer than|over|under|at least|nearly|almost|about|around|roughly|"
    r"some|barely|approximately|up to)\s+$",
    re.IGNORECASE,
)
_COMPARES = re.compile(r"\b(?:first|only|since|\w+est|most|worst|best|once|twice|every)\b", re.I)


def _ago(place: Place) -> Meant | None:
    count = _count(place)
    if place.published is None or count is None or re.search(r"\bhalf\s+$", place.left):
        return None
    whole = days.unit(place["unit"], place.published, -count)
    return Meant(whole, about=bool(_ROUGHLY.search(place.left)))


def _ahead(place: Place) -> Meant | None:
    """Of "in two years", in the future; in other sentences it is how long something took."""
    count = _count(place)
    if place.published is None or count is None:
        return None
    plain = place.match.group().lower().startswith("in") and not place["time"]
    if plain and place["count"] in ("a", "an", "one"):
        return None
    if plain and (place.tense != Tense.FUTURE or _COMPARES.search(place.left)):
        return None
    return Meant(days.unit(place["unit"], place.published, count))


def _year_end(place: Place) -> Meant | None:
    if place.published is None or place.tense == Tense.PAST:
        return None
    return Meant(Days(place.published, days.year(place.published.year).last), by=True)


RULES: tuple[tuple[str, Rule], ...] = (
    (
        r"(?P<side>[Ee]arlier|[Ll]ater) (?:this|(?P<the>in the)) "
        r"(?P<unit>week|month|quarter|year)\b(?! of)",
        _side,
    ),
    (WHICH + r"(?! (?:of|before|after)\b(?! (?:this|last)))", which_unit),
    (r"[Bb]y (?:the )?year[-’'–]?(?:s )? ?end\b", _year_end),
    (
        r"(?<=\s)(?:the|this) (?P<side>last|past|next|coming) "
        rf"(?:{NUMBER} )?{UNITS}(?P<plural>s?)\b(?! of)",
        _rolling,
    ),
    (rf"{NUMBER} {UNITS}s? ago\b", _ago),
    (rf"{NUMBER} {UNITS}s? from now\b", _ahead),
    (rf"[Ii]n (?:about )?{NUMBER} {UNITS}s?(?P<time>[’']? time)?\b(?! of| or| and)", _ahead),
)
"""Each pattern (a space stands for any white space) with what it means."""
