"""When an article was published: what sources write, as ISO 8601. Nothing is guessed."""

from __future__ import annotations

import re
from datetime import date, datetime
from email.utils import parsedate_to_datetime

from rag.errors import CorpusError

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_NUMBER_OF = {name[:3].lower(): number for number, name in enumerate(MONTHS, start=1)}
_LONGEST = 100
_EARLIEST = 1500
"""Years before it are placeholders, such as the 0001-01-01 of some exports."""

_MONTH = r"(?P<month>[A-Za-z]{3,9})\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_TIME = r"(?:,?\s+(?:at\s+)?\d{1,2}[:.]\d{2}[\w\s:.+-]{0,25})?"
_WORDED = tuple(
    re.compile(rf"(?:[A-Za-z]{{3,9}},?\s+)?{order}{_TIME}")
    for order in (
        rf"{_DAY}(?:\s+of)?[\s-]+{_MONTH},?[\s-]+(?P<year>\d{{4}})",
        rf"{_MONTH}\s+{_DAY},?\s+(?P<year>\d{{4}})",
    )
)
_RFC_2822 = re.compile(r"(?:[A-Za-z]{3},\s*)?\d{1,2}\s+[A-Za-z]{3}\s+\d{4}\s+\d{1,2}:\d{2}.{0,30}")
_YEAR_FIRST = re.compile(r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})")
_NUMERIC = re.compile(r"(?P<one>\d{1,2})[-/.](?P<two>\d{1,2})[-/.](?P<year>\d{4})")


def parse_published(value: object) -> str | None:
    """What a source gives as a date, as an ISO 8601 date or date-time with the zone as given.

    Accepted: `date` and `datetime` objects, ISO 8601, RFC 2822 (feeds and mail), "3 July 2023",
    "July 3, 2023" (a time after these two is left out), and numbers that can be read one way only
    (25/12/2023, not 03/04/2023). None and empty text are None: the date is unknown.

    Raises:
        CorpusError: the value is none of these; the message names it.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    moment = _moment(value)
    if moment is None or moment.year < _EARLIEST:
        shown = repr(value)
        shown = shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"
        raise CorpusError(f"{shown} cannot be read as a date; write it as YYYY-MM-DD")
    return moment.isoformat()


def written_day(day: date) -> str:
    """A day in words, such as "3 July 2023", whatever the locale."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def _moment(value: object) -> date | datetime | None:
    if isinstance(value, date):  # and so is every datetime
        return value
    if not isinstance(value, str) or len(value) > _LONGEST:
        return None
    text = " ".join(value.split())
    for read in (_iso, _rfc_2822, _worded, _numbers):
        try:
            moment = read(text)
        except ValueError:  # the form is right, and there is no such day: another form may fit
            continue
        if moment is not None:
            return moment
    return None


def _iso(text: str) -> date | datetime | None:
    if text.isdigit() and len(text) != len("YYYYMMDD"):  # seconds since 1970, or a year
        return None
    if len(text) <= len("YYYY-MM-DD"):
        return date.fromisoformat(text)
    return datetime.fromisoformat(re.sub(r"(\d) ([+-]\d{2}:?\d{2}|Z)$", r"\1\2", text))


def _rfc_2822(text: str) -> datetime | None:
    return parsedate_to_datetime(text) if _RFC_2822.fullmatch(text) else None


def _worded(text: str) -> date | None:
    match = next(filter(None, (pattern.fullmatch(text) for pattern in _WORDED)), None)
    if match is None:
        return None
    name = match["month"].lower()
    month = _NUMBER_OF.get(name[:3], 0)
    if not month or not (MONTHS[month - 1].lower().startswith(name) or name == "sept"):
        return None
    return date(int(match["year"]), month, int(match["day"]))


def _numbers(text: str) -> date | None:
    if match := _YEAR_FIRST.fullmatch(text):
        return date(int(match["year"]), int(match["month"]), int(match["day"]))
    if not (match := _NUMERIC.fullmatch(text)):
        return None
    one, two = int(match["one"]), int(match["two"])
    if max(one, two) <= 12 and one != two:
        return None
    return date(int(match["year"]), min(one, two), max(one, two))
