"""When an article was published: what sources write, as ISO 8601. Nothing is guessed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
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
_SIGNS = re.compile(
    r"(?P<year>\d{4})\s?[年년]\s?(?P<month>\d{1,2})\s?[月월]\s?(?P<day>\d{1,2})\s?[日일]"
)

_FIRST_YEAR = 1990
"""Before it there were no pages; earlier dates are zeroes of some clock or calendar."""
_PLACEHOLDERS = frozenset({"2000-01-01", "2000-01-01T00:00:00"})
_NAMED_MONTH = "(?:" + "|".join(rf"{name[:3]}(?:{name[3:]})?" for name in MONTHS) + r"|Sept)\.?"
_WEEKDAY = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\b\.?,?"
_DATE = (
    r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
    r"|\d{4}[/.]\d{1,2}[/.]\d{1,2}|\d{1,2}[/.]\d{1,2}[/.]\d{4}"
    rf"|\d{{1,2}}(?:st|nd|rd|th)?(?: of)?[ -]{_NAMED_MONTH},?[ -]\d{{4}}"
    rf"|{_NAMED_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}"
    r"|\d{4}\s?[年년]\s?\d{1,2}\s?[月월]\s?\d{1,2}\s?[日일]"
)
_PRINTED = re.compile(rf"(?<![\w/.-])(?:{_DATE})(?![\w/-])", re.IGNORECASE)
_ZONE = (
    r"UTC|GMT|BST|IST|JST|KST|SGT|HKT|CES?T|EES?T|WES?T|MSK|SAST|[ECMP][SD]?T|AE[SD]T|AW[SD]T"
    r"|NZ[SD]T"
    r"|local time|eastern(?: time)?"
)
_BESIDE = re.compile(
    r"\b\d{1,2}[:.]\d{2}(?::\d{2})?\s?(?:[ap]\.?m\b\.?)?|\b\d{1,2}\s?[ap]\.?m\b\.?"
    rf"|{_WEEKDAY}|\d{{1,2}}[時시](?:\s?\d{{1,2}}[分분])?"
    rf"|\(?\b(?:{_ZONE})\b\)?(?:\s?[+-]\d{{1,2}}(?::?\d{{2}})?)?|\b(?:at|on|and)\b"
    r"|(?:\d{1,3}|an?) (?:min(?:ute)?s?|hours?|days?|weeks?|months?|years?) (?:ago|read)",
    re.IGNORECASE,
)
"""What stands beside a date: times of day, zones, weekdays."""
_MODIFIED = (
    r"(?:last |latest )?(?:updated?|modified|edited|revised|changed)(?: (?:on|at))?|更新(?:日)?"
)
_PUBLISHED = (
    r"(?:first |originally |date )?(?:published|posted|issued|released)(?: online)?(?: (?:on|at))?"
    r"|(?:publication |publish |release )?date|publication|公開(?:日)?|掲載|配信"
)
_LABEL = re.compile(
    rf"\b(?:(?P<modified>{_MODIFIED})|(?P<published>{_PUBLISHED}))\b", re.IGNORECASE
)
_BYLINE = re.compile(
    r"(?i:\bby) [^\W\d_a-z][\w.’'-]*(?:,? (?:and |& |de |van |von |al )?[^\W\d_a-z][\w.’'-]*){0,5}"
)
_LONGEST_LINE = 160
_DATELINE = re.compile(
    r"\(?[A-Z][\w.’'-]*(?:[ /,]{1,2}[A-Z][\w.’'-]*){0,5}\)?,? ?(?:\([^()]{2,40}\),? ?)?"
    rf"(?P<date>{_DATE}),? ?(?:\([^()]{{2,40}}\)|/[\w ]{{2,30}}/)? ?(?:—|–|--|- )"
)


@dataclass(frozen=True, slots=True)
class Printed:
    """The dates that the lines around a title print, as ISO 8601; None where they do not say."""

    published: str | None = None
    modified: str | None = None


def parse_published(value: object) -> str | None:
    """What a source gives as a date, as an ISO 8601 date or date-time with the zone as given.

    Accepted: `date` and `datetime` objects, ISO 8601, RFC 2822 (feeds and mail), "3 July 2023",
    "July 3, 2023" (a time after these two is left out), 2023年7月3日, and numbers that can be read
    one way only (25/12/2023, not 03/04/2023). None and empty text are None: the date is unknown.

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


def is_sound(published: str, latest: date) -> bool:
    """Whether an ISO 8601 date can be a page's: from 1990 to `latest`, and not a placeholder."""
    day = date.fromisoformat(published[:10])
    return day.year >= _FIRST_YEAR and day <= latest and published[:19] not in _PLACEHOLDERS


def is_date_line(line: str) -> bool:
    """Whether a line holds dates with labels, times and perhaps a byline, and nothing else."""
    if len(line) > _LONGEST_LINE or "©" in line or not _PRINTED.search(line):
        return False
    rest = _BYLINE.sub(" ", _PRINTED.sub(" | ", line), count=1)
    return not re.search(r"\w", _LABEL.sub(" ", _BESIDE.sub(" ", rest)))


def has_date_label(line: str) -> bool:
    """Whether a line says which date it gives: "Published", "Updated", "Date"."""
    return _LABEL.search(line) is not None


def printed_dates(lines: Iterable[str]) -> Printed:
    """What date lines say, such as "Published: 5 July 2023, 10:00 BST | Updated 6 July 2023".

    Only lines that are nothing else count, so these must come from the head of an article. A date
    without a label is the publication unless another one is labelled so. Times of day are left out,
    since abbreviations of zones have several meanings. Several days with one label are unknown, and
    so is a day that can be read in two ways.
    """
    said = dict[str, set[str | None]]()
    for line in filter(is_date_line, lines):
        end = 0
        for found in _PRINTED.finditer(line):
            labels = list(_LABEL.finditer(line, end, found.start()))
            label = (labels[-1].lastgroup or "") if labels else ""
            said.setdefault(label, set()).add(_read_or_none(found[0]))
            end = found.end()
    return Printed(
        _only(said.get("published") or said.get("", set())), _only(said.get("modified", set()))
    )


def dateline_date(text: str) -> str | None:
    """The day in a story's dateline, if it has a year: "TOKYO, July 5, 2023 (AP) —"."""
    found = _DATELINE.match(text[:200])
    return _read_or_none(found["date"]) if found else None


def _read_or_none(text: str) -> str | None:
    try:
        return parse_published(text)
    except CorpusError:
        return None


def _only(values: set[str | None]) -> str | None:
    return next(iter(values)) if len(values) == 1 else None


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
    if match := _YEAR_FIRST.fullmatch(text) or _SIGNS.fullmatch(text):
        return date(int(match["year"]), int(match["month"]), int(match["day"]))
    if not (match := _NUMERIC.fullmatch(text)):
        return None
    one, two = int(match["one"]), int(match["two"])
    if max(one, two) <= 12 and one != two:
        return None
    return date(int(match["year"]), min(one, two), max(one, two))
