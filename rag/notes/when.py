"""What the times in an article mean: "on Monday" of an article of Tuesday is a certain day.

Notes stand beside the text and never change it. The grammar is in `time_days`, `time_units` and
`time_months`; where an expression can mean two things, there is no note.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache

from rag.dates import written_day
from rag.notes import time_days, time_months, time_units
from rag.notes.times import Meant, Place, Rule, compiled, unnamed
from rag.schema import Record

_PLAUSIBLE = range(1500, 2500)
"""Years of publication that arithmetic is done from."""


@dataclass(frozen=True, slots=True)
class Note(Record):
    """An expression of time in a text, `text[start:end]`, and the days that it means."""

    start: int
    end: int
    meaning: str
    """Such as "3 July 2023", "the week of 26 June 2023", "about September to November 2022",
    "since January 2023", "by 31 December 2023"."""
    first_day: date
    last_day: date
    """The last day of all; for "since …" the day of publication, if it is known."""
    relative: bool
    """Whether it hangs on the day of publication; a date written in full, a year and a month with
    its year do not, and serve a date filter as what the text is about."""


def time_notes(text: str, published: str | None) -> tuple[Note, ...]:
    """The expressions of time in `text` whose days are known, in order and without overlap.

    Weekdays, months and days without a year take theirs from the tense around them: a past one is
    the last up to the day of publication, a coming one the next. What can be read two ways ("next
    Friday" on a Wednesday, "in two years" as a length), names ("Black Friday"), habits ("on
    Mondays"), decades and fiscal years have no note. Times inside quotation marks are read as if
    said on the day of publication.

    Args:
        text: an article's text, or a part that begins and ends with a sentence.
        published: its day or moment of publication in ISO 8601; only the day as written counts.
            None, or what is no such date: only what is not relative is noted.

    Returns:
        The notes; empty if the text names no time. Takes time in proportion to the text.
    """
    day = _day(published)
    return tuple(_note(text, place, meant, day) for place, meant in _found(text, day))


def _day(published: str | None) -> date | None:
    try:
        day = date.fromisoformat((published or "")[:10])
    except ValueError:
        return None
    return day if day.year in _PLAUSIBLE else None


def _found(text: str, day: date | None) -> Iterator[tuple[Place, Meant]]:
    master, rules = _grammar()
    for match in master.finditer(text):
        pattern, rule = rules[str(match.lastgroup)]
        own = pattern.match(text, match.start())
        place = Place(own or match, day)
        if meant := rule(place):
            yield place, meant


@cache
def _grammar() -> tuple[re.Pattern[str], dict[str, tuple[re.Pattern[str], Rule]]]:
    """One pattern that finds them all, and by its group the pattern and rule that read each."""
    rules = [*time_days.RULES, *time_units.RULES, *time_months.RULES]
    named = {f"rule{number}": rule for number, rule in enumerate(rules)}
    either = "|".join(f"(?P<{name}>{unnamed(pattern)})" for name, (pattern, _) in named.items())
    master = compiled(rf"(?<![\w$€£@#/.+-])(?:{either})")
    return master, {name: (compiled(pattern), rule) for name, (pattern, rule) in named.items()}


_SINCE = re.compile(r"\b[Ss]ince\s+$")


def _note(text: str, place: Place, meant: Meant, day: date | None) -> Note:
    start, end = place.match.span()
    first, last = meant.days
    if meant.by:
        return Note(start, end, f"by {written_day(last)}", first, last, meant.relative)
    words = f"about {meant.days.in_words()}" if meant.about else meant.days.in_words()
    since = _SINCE.search(text, max(0, start - 10), start)
    if since and day and first <= day:
        return Note(
            since.start(), end, f"since {meant.days.in_words()}", first, day, meant.relative
        )
    return Note(start, end, words, first, last, meant.relative)
