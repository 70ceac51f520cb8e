"""What the rules for expressions of time share: where one stands, what it means, the fragments."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from rag.dates import MONTHS
from rag.notes.days import Days
from rag.notes.tense import Tense, tense

WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
NUMBERS = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty"
).split()
MONTH_NUMBER = {name[:3]: number for number, name in enumerate(MONTHS, start=1)}


@dataclass(frozen=True, slots=True)
class Meant:
    """The days that an expression means; `relative` if they hang on the publication day."""

    days: Days
    relative: bool = True
    about: bool = False
    by: bool = False
    """Whether the last day is a deadline and the first only the day of publication."""


@dataclass(frozen=True, slots=True)
class Place:
    """An expression of time where it stands, and the day that its text was published."""

    match: re.Match[str]
    published: date | None

    def __getitem__(self, group: str) -> str:
        """What a group of the pattern matched, in lower case with single spaces; '' if nothing."""
        return " ".join((self.match[group] or "").lower().split())

    @property
    def tense(self) -> Tense:
        """The tense of the words around."""
        return tense(self.match.string, self.match.start(), self.match.end())

    @property
    def left(self) -> str:
        """The 60 characters before, in the same paragraph."""
        start = self.match.start()
        return self.match.string[max(0, start - 60) : start].rpartition("\n\n")[2]

    @property
    def right(self) -> str:
        """The 40 characters after."""
        return self.match.string[self.match.end() : self.match.end() + 40]

    @property
    def word_before(self) -> str:
        """The word just before, with only white space between; '' if there is none.

        Beyond the end of a line only a small word counts: another begins something else.
        """
        found = _WORD_BEFORE.search(self.left)
        if found is None or ("\n" in found[2] and found[1].lower() not in _SMALL):
            return ""
        return found[1]

    @property
    def habitual(self) -> bool:
        """Whether the sentence tells what happens again and again."""
        return bool(_HABIT.search(self.left))


_WORD_BEFORE = re.compile(r"([\w’'.-]+)(\s+)$")
_SMALL = frozenset(
    "on in of to by at the a an and for from since until last next this each".split()
)
_HABIT = re.compile(
    r"\b(?:usually|typically|generally|normally|always|every|each|annual(?:ly)?|often|traditionally"
    r"|regularly)\b[^.!?]*$",
    re.IGNORECASE,
)

Rule = Callable[[Place], Meant | None]


def compiled(pattern: str) -> re.Pattern[str]:
    """A rule's pattern, in which each space stands for any one white space character."""
    return re.compile(pattern.replace(" ", r"\s"))


def unnamed(pattern: str) -> str:
    """The pattern without names for its groups, so that several can stand in one."""
    return re.sub(r"\(\?P<\w+>", "(?:", pattern)


# The fragments below write a space for any white space character.
WEEKDAY = rf"(?P<weekday>{'|'.join(WEEKDAYS)})"
MONTH = (
    rf"(?P<month>(?:{'|'.join(MONTHS)})(?![\w-])"
    r"|(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)(?:\.|(?!\w)))"
)
DAY = r"(?P<day>[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th)?"
UNTIL = r"(?: ?[-–] ?| to )(?P<until>[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th)?"
YEAR = r"(?P<year>(?:1[5-9]|20)\d\d)(?![\d%]|[.,:]\d|-\w)"
OF_YEAR = rf"(?:,? (?:of )?(?:{YEAR}|(?P<which>this|last|next) year\b))"
WHICH = r"(?P<which>[Tt]his|[Ll]ast|[Nn]ext) (?P<unit>week|month|quarter|year)\b"
NUMBER = rf"(?P<count>\d{{1,3}}|{'|'.join(NUMBERS)}|[Aa]n?)"
UNITS = r"(?P<unit>day|week|month|year)"
ORDINAL = "first|second|third|fourth"


def in_year(place: Place) -> int | None:
    """The year that stands beside a date, in figures or as 'last year'."""
    if place["year"]:
        return int(place["year"])
    if place["which"] and place.published:
        return place.published.year + {"last": -1, "this": 0, "next": 1}[place["which"]]
    return None


def month_number(place: Place) -> int:
    """1 to 12."""
    return MONTH_NUMBER[place["month"][:3].title()]


def by_tense(place: Place, found: list[Days], *, unsure: int) -> Days | None:
    """The one of some days, in order, that the tense allows; None where that is far from sure.

    Without a tense the nearest, if it is at most `unsure` days off. With one, the nearest on its
    side, unless that is most of a year off and another one near.
    """
    published = place.published
    if not found or published is None:
        return None
    nearest = min(found, key=lambda one: one.gap(published))
    if len(found) == 1:  # a weekday has chosen the year: unless the weekday is a slip
        return nearest if nearest.gap(published) <= 200 else None
    now = place.tense
    if place.habitual or (now == Tense.UNSURE and _ranges(place)):
        return None
    if now == Tense.PAST:
        fitting = [one for one in found if one.first <= published][-1:]
    elif now == Tense.FUTURE:
        fitting = [one for one in found if one.last >= published][:1]
    else:
        fitting = [nearest] if nearest.gap(published) <= unsure else []
    if fitting and fitting[0].gap(published) > 270 and nearest.gap(published) < 60:
        return None
    return fitting[0] if fitting else None


def _ranges(place: Place) -> bool:
    """Whether it is one end of "from October to March", which may be so in any year."""
    opens = re.search(r"\b(?:from|between)\s$", place.left, re.IGNORECASE)
    return bool(
        opens or re.search(rf"\b(?:{'|'.join(MONTHS)})\s(?:and|to|through|until)\s$", place.left)
    )


_OWN = frozenset("the a his her their its my our your".split())
"""Before "last year" these make it a year of something, not of the calendar."""


def owned(place: Place) -> bool:
    """Whether it is somebody's: "the last week", "his last year"."""
    before = place.word_before.lower()
    return before in _OWN or before.endswith(("’s", "'s", "s’"))


def nothing(_: Place) -> None:
    """For what looks like a time and is none, or cannot be known."""
