"""The days that a question restricts to: "in May 2023", "last autumn", "before July 2023"."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from rag.dates import written_day
from rag.notes.days import Days
from rag.notes.tense import Tense, tense
from rag.notes.when import Note, time_notes
from rag.schema import Record

PUBLISHED, ABOUT, FUTURE = "published", "about", "future"

_DAY = timedelta(days=1)
_BOUND = re.compile(
    r"\b(?:(?P<before>before|prior to|earlier than)|(?P<until>until|till|up to|through|as of|by)"
    r"|(?P<after>after|later than)|(?P<since>since))\s+(?:the\s+)?$",
    re.IGNORECASE,
)
_EVENT_BOUND = re.compile(
    r"\b(?:(?P<since>since|after|following)|(?P<until>before|until|till))"
    r"(?:\s+[^\W\d][\w’'-]*){2,8}\s+(?:on|in)\s+(?:the\s+)?$",
    re.IGNORECASE,
)
"""What opens a clause that dates its event: "since it was signed in June 2023"."""
_EVENT = re.compile(r"(?:\b(?:the|an?|its|his|her|their|this|that|our)|[’']s)\s+$", re.IGNORECASE)
_PUBLICATION = re.compile(
    r"\b(?:published|articles?|reports?|stor(?:y|ies)|news|coverage|wrote|written|posted|headlines?)\b"
    r"|\breported\s+(?:on|in)\s+$",
    re.IGNORECASE,
)
_Bounds = tuple[date | None, date | None]


@dataclass(frozen=True, slots=True)
class Period(Record):
    """What a question says about time: `question[start:end]` says it."""

    start: int
    end: int
    meaning: str
    """The days in words, such as "before July 2023"."""
    first_day: date | None
    """None: no lower bound."""
    last_day: date | None
    """None: no upper bound."""
    kind: str
    """`published` where the question speaks of articles or reports of that time, `about` where it
    may be the time of what happened, `future` where it lies after today, so that no article can
    have been published then: then it restricts nothing."""


def period(question: str, today: date) -> Period | None:
    """The days that `question` restricts to, or None where it names none, or an event.

    Several times are taken together: "in 2022 and 2023" is both years, and a question about two
    reports with a date each spans both days. Days to come are left out beside others. "After" and
    "before" a single day let that day through.

    Args:
        question: one question, as asked or made whole.
        today: what "last week" and "on Monday" are counted from.
    """
    notes = [note for note in time_notes(question, today.isoformat()) if _restricts(question, note)]
    told = [note for note in notes if not _to_come(question, note, today)]
    if not notes:
        return None
    chosen = told or notes
    first, last = _together([_bounds(question, note) for note in chosen])
    if first is None and last is None:
        return None
    return Period(
        _start(question, chosen[0]),
        chosen[-1].end,
        _in_words(first, last, about=any(note.meaning.startswith("about") for note in chosen)),
        first,
        last,
        _kind(question, chosen) if told else FUTURE,
    )


def _restricts(question: str, note: Note) -> bool:
    """Whether a time says when, and does not name an event ("the 2020 election") or mean now."""
    words = question[note.start : note.end]
    if words.isdigit():
        return not _EVENT.search(question, 0, note.start)
    return words.lower() != "today" or tense(question, note.start, note.end) == Tense.PAST


def _to_come(question: str, note: Note, today: date) -> bool:
    bound = _bound(question, note)
    deadline = note.meaning.startswith("by ") or bound in ("by", "until")
    return note.first_day > today or (deadline and note.last_day > today)


def _bound(question: str, note: Note) -> str:
    """The word that makes the time one end of a period: before, until, by, after, since or ''."""
    if note.meaning.startswith("since "):
        return "since"
    found = _BOUND.search(question, max(0, note.start - 20), note.start)
    if found is None:
        clause = _EVENT_BOUND.search(question, max(0, note.start - 80), note.start)
        return str(clause.lastgroup) if clause else ""
    return "by" if found.group().lower().startswith("by") else str(found.lastgroup)


def _start(question: str, note: Note) -> int:
    found = _BOUND.search(question, max(0, note.start - 20), note.start)
    return found.start() if found else note.start


def _bounds(question: str, note: Note) -> _Bounds:
    bound, single = _bound(question, note), note.first_day == note.last_day
    if bound == "since":
        return note.first_day, None
    if bound == "after":
        return (note.first_day if single else note.last_day + _DAY), None
    if bound == "before":
        return None, (note.last_day if single else note.first_day - _DAY)
    return (None if bound else note.first_day), note.last_day


def _together(bounds: list[_Bounds]) -> _Bounds:
    """The span of them all; "after A … before B" is what lies between."""
    firsts, lasts = [first for first, _ in bounds], [last for _, last in bounds]
    if all((first is None) != (last is None) for first, last in bounds):
        first, last = (
            max(filter(None, firsts), default=None),
            min(filter(None, lasts), default=None),
        )
        if first is None or last is None or first <= last:
            return first, last
        return None, None
    known, ending = _all(firsts), _all(lasts)
    return (min(known) if known else None), (max(ending) if ending else None)


def _all(found: Iterable[date | None]) -> list[date]:
    """The days, if every one is known."""
    found = list(found)
    known = [day for day in found if day is not None]
    return known if len(known) == len(found) else []


def _in_words(first: date | None, last: date | None, *, about: bool) -> str:
    if first and last:
        words = Days(first, last).in_words()
        return f"about {words}" if about else words
    return f"since {written_day(first)}" if first else f"until {written_day(last)}" if last else ""


def _kind(question: str, notes: list[Note]) -> str:
    before = question[max(0, notes[0].start - 160) : notes[0].start]
    return PUBLISHED if _PUBLICATION.search(before) else ABOUT
