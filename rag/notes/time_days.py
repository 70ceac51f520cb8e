"""Expressions of time that mean a day: "5 July", "on Monday", "the weekend", "yesterday"."""

from __future__ import annotations

import re
from datetime import date

from rag.dates import MONTHS
from rag.notes import days
from rag.notes.days import Days
from rag.notes.tense import Tense
from rag.notes.times import (
    DAY,
    MONTH,
    OF_YEAR,
    UNTIL,
    WEEKDAY,
    WEEKDAYS,
    Meant,
    Place,
    Rule,
    by_tense,
    in_year,
    month_number,
)

# Dates with a day


def _iso(place: Place) -> Meant | None:
    one = _date(int(place["year"]), int(place["monthday"][:2]), int(place["monthday"][3:]))
    return Meant(days.day(one), relative=False) if one else None


def _numeric(place: Place) -> Meant | None:
    """A date in figures where only one order of day and month can be."""
    one, two, number = int(place["one"]), int(place["two"]), int(place["year"])
    found = {_date(number, one, two), _date(number, two, one)} - {None}
    only = found.pop() if len(found) == 1 else None
    return Meant(days.day(only), relative=False) if only else None


def _dated(place: Place) -> Meant | None:
    """A day of a month: with its year, or in the year that tense and weekday allow."""
    if _names(place) or place.word_before.lower() == "in":
        return None
    number = in_year(place)
    if number is not None:
        found = _stretch(place, number)
    else:
        found = None if _attributed(place) else _yearless(place)
    return Meant(found, relative=not place["year"]) if found else None


def _names(place: Place) -> bool:
    """Whether a word that begins with a capital stands just before: "Windows 10 May"."""
    before = place.word_before
    return (
        place["day"] != ""
        and place.match.group()[0].isdigit()
        and before[:1].isupper()
        and (
            before.title()
            not in {*WEEKDAYS, "On", "By", "From", "Since", "Until", "The", "Between"}
        )
        and not before.isupper()
    )


def _attributed(place: Place) -> bool:
    """Whether it is the name of what happened on such a day, long ago: "the Jan. 6 attack"."""
    named = (month_number(place), int(place["day"])) in {(1, 6), (9, 11)} and not place["weekday"]
    if not named or place.published is None:
        return named
    gaps = [one.gap(place.published) for one in _in_years(place, place.published)]
    return min(gaps, default=31) > 30 or place.word_before.lower() != "on"


def _stretch(place: Place, number: int) -> Days | None:
    """The day, or the days up to `until`, in a year; None where the calendar has no such day."""
    month = month_number(place)
    first = _date(number, month, int(place["day"]))
    last = _date(number, month, int(place["until"] or place["day"]))
    if first is None or last is None or first > last:
        return None
    if place["weekday"] and WEEKDAYS[first.weekday()].lower() != place["weekday"]:
        return None
    return Days(first, last)


def _yearless(place: Place) -> Days | None:
    if place.published is None:
        return None
    return by_tense(place, _in_years(place, place.published), unsure=120)


def _in_years(place: Place, published: date) -> list[Days]:
    """The day in the year of publication and the two beside it, where the calendar has it."""
    years = (published.year - 1, published.year, published.year + 1)
    return [found for number in years if (found := _stretch(place, number))]


def _date(number: int, month: int, day: int) -> date | None:
    try:
        return date(number, month, day)
    except ValueError:  # there is no such day
        return None


# Days of the week

_LEADS = frozenset(
    "On Last Late Early By From Since Until Before After And But Through Over At For Starting "
    "Beginning Then When While As During With Between To Come Also Only".split()
)
_LONE = frozenset(
    "a an the every each any one some most previous that another same first second third "
    "fourth final of's".split()
)
_NAME_AFTER = re.compile(
    r"\s(?:Night|Times|Telegraph|Mirror|Express|Mail|Post|Ticket|Football|Live|World|Mass|Morning|"
    r"Brunch|Magazine|Service|Star|Sun|Club|Premiere|School|Addams|Games?)\b"
    r"|\s(?:morning|afternoon|evening|night)s\b|\sthe 13th|s\b|[’']s child"
    r"|\s[A-Z]{2,5}\)"  # another day in another time zone
    rf"|\s?(?:to|through|until|[-–])\s?(?:{'|'.join(WEEKDAYS)})"
)
_RANGE_BEFORE = re.compile(rf"(?:{'|'.join(WEEKDAYS)})s?\s?(?:to|through|until|[-–])\s?$")


def _weekday(place: Place) -> Meant | None:
    published = place.published
    if published is None or _is_name_or_habit(place):
        return None
    off = WEEKDAYS.index(place["weekday"].title()) - published.weekday()
    if place["week"]:
        off += {"last": -7, "this": 0, "next": 7}[place["week"]]
        return Meant(days.day(published, off=off))
    steps = _steps(place, off)
    return None if steps is None else Meant(days.day(published, off=steps))


def _is_name_or_habit(place: Place) -> bool:
    before = place.word_before
    if re.search(r"\b[Tt]he\s+following\s+$", place.left) or place.habitual:
        return True
    if not place["which"] and (before.lower() in _LONE or _RANGE_BEFORE.search(place.left)):
        return True
    named = before[:1].isupper() and before not in _LEADS and not place["which"]
    return named or bool(_NAME_AFTER.match(place.right))


def _steps(place: Place, off: int) -> int | None:
    """Days from publication to the weekday; `off` leads to it in the week of publication.

    A past weekday is the last one up to the day itself, a coming one the first from that day on.
    "Next Friday" is left alone where it may be this week's or next week's.
    """
    back, ahead = (off - 7 if off > 0 else off), off % 7
    which = place["which"].removeprefix("the ")
    if which in ("last", "this past", "past"):
        return back or -7
    if which in ("this coming", "coming"):
        return ahead or 7
    if which == "next":
        return off + 7 if off <= 0 and off + 7 > 1 else None
    now = place.tense
    if now == Tense.UNSURE and off and re.search(r"\b[Ss]ince\s+$", place.left):
        now = Tense.PAST
    if now == Tense.PAST:
        return None if which and back != off else back
    if now == Tense.FUTURE:
        return ahead
    return off if off == 0 or (which and off > 0) else None


def _weekend(place: Place) -> Meant | None:
    """The Saturday and Sunday; before a weekend "next weekend" may be that one: left alone."""
    published = place.published
    if published is None:
        return None
    which, now = place["which"].removeprefix("the "), place.tense
    during = published.weekday() >= 5
    if which in ("last", "past", "this past"):
        return Meant(days.weekend(published, off=-1))
    if which in ("next", "coming", "this coming"):
        return (
            Meant(days.weekend(published, off=1))
            if during
            else (None if which == "next" else Meant(days.weekend(published)))
        )
    if during:
        if which == "the" and now == Tense.PAST and published.weekday() == 5:
            return None
        return Meant(days.weekend(published))
    if now == Tense.PAST and (which == "the" or published.weekday() <= 2):
        return Meant(days.weekend(published, off=-1))
    if now == Tense.FUTURE or (which == "this" and now == Tense.UNSURE):
        return Meant(days.weekend(published))
    return None


_NOWADAYS = re.compile(
    r"[’']s (?:world|society|standards?|age|era|econom\w+|generation|young\w*|youth|climate|"
    r"environment|landscape|technolog\w+|consumers?|culture|children|kids|teen\w*|audiences?|"
    r"leaders|stars?|men|women|workers|students|money|modern|digital|most|best|leading|top)\b"
)


_QUOTED_ON = re.compile(
    rf"(?:{'|'.join(WEEKDAYS)}|\b(?:1[5-9]|20)\d\d|\b(?:{'|'.join(MONTHS)}) \d)"
    r"[^“”\"\n]*[“\"][^”\"\n]*$"
)
_QUOTED_THEN = re.compile(rf"[^“”\"\n]*[”\"][^“”\"\n.]*\b(?:{'|'.join(WEEKDAYS)})")


def _said_another_day(place: Place) -> bool:
    """Whether it stands in a quotation of which the sentence names the day."""
    start, end = place.match.span()
    string = place.match.string
    before, after = string[max(0, start - 160) : start], string[end : end + 160]
    return bool(_QUOTED_ON.search(before) or _QUOTED_THEN.match(after))


def _near_day(place: Place) -> Meant | None:
    """Today, yesterday and the like, where they mean a day and not an age."""
    before = place.word_before.lower()
    if place.published is None or before in {"better", "brighter", "no", "a", "of", "this", "even"}:
        return None
    word = place["near"]
    if _said_another_day(place):
        return None
    capital = place.match.group()[0].isupper() and place.word_before[:1].isupper()
    if capital or _NOWADAYS.match(place.right):
        return None
    off = {"yesterday": -1, "last night": -1, "tomorrow": 1}.get(word, 0)
    off += {"the day before yesterday": -2, "the day after tomorrow": 2}.get(word, 0)
    return Meant(days.day(place.published, off=off))


_NO_MORE = r"(?![\d:%]|[,.]\d)"

RULES: tuple[tuple[str, Rule], ...] = (
    (r"(?P<year>[12]\d{3})-(?P<monthday>\d\d-\d\d)(?!\d|-)", _iso),
    (r"(?P<one>\d\d?)[/.](?P<two>\d\d?)[/.](?P<year>(?:19|20)\d\d)(?![\d/])", _numeric),
    (rf"(?:{WEEKDAY},? (?:the )?)?{DAY}(?:{UNTIL})?(?: of)? {MONTH}(?:{OF_YEAR})?", _dated),
    (
        rf"(?:{WEEKDAY},? )?{MONTH} {DAY}{_NO_MORE}(?:{UNTIL})?{_NO_MORE}(?:{OF_YEAR})?",
        _dated,
    ),
    (
        r"(?:(?P<which>[Ll]ast|[Nn]ext|[Tt]his(?: past| coming)?|(?:[Tt]he )?(?:past|coming)) )?"
        rf"{WEEKDAY}(?: (?:of )?(?P<week>this|last|next) week\b)?",
        _weekday,
    ),
    (
        r"(?P<which>[Ll]ast|[Nn]ext|[Tt]his(?: past| coming)?|[Tt]he(?: past| coming)?) weekend\b"
        r"(?! (?:of|after|before) )",
        _weekend,
    ),
    (
        r"(?P<near>[Tt]he day (?:before yesterday|after tomorrow)|[Yy]esterday|[Tt]oday|[Tt]omorrow"
        r"|[Tt]onight|[Ll]ast night|[Tt]his (?:morning|afternoon|evening))\b",
        _near_day,
    ),
)
"""Each pattern (a space stands for any white space) with what it means."""
