"""When an event was, as the articles tell: the day that stands beside its name, or nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from rag.notes.days import Days
from rag.notes.when import time_notes
from rag.question import keys
from rag.rows import ChunkRow
from rag.sentences import sentence_spans

PASSAGES = 30
"""The best passages for an event's name that are read."""
AGREEING = 2
"""Articles that must give the same days: one may tell of another meeting of the same people."""
_LONGEST = timedelta(days=10)
"""A longer stretch beside an event does not date it."""
_NEAR = timedelta(days=3)
"""Times this near to one another mean one event."""


def dated(name: str, rows: Iterable[ChunkRow]) -> Days | None:
    """The days of an event, if `AGREEING` articles and most of those that date it agree; or None.

    An article dates it by a sentence that has every telling word of its name and a time of a few
    days. Meetings of several years, or an article against another, are no date.

    Args:
        name: such as "the G7 meeting".
        rows: the passages in which to look.
    """
    told = {row.article_id: days for row in rows if (days := _beside(name, row))}
    groups: list[list[Days]] = []
    for days in sorted(told.values()):
        if groups and days.first - max(one.last for one in groups[-1]) <= _NEAR:
            groups[-1].append(days)
        else:
            groups.append([days])
    best = max(groups, key=len, default=[])
    if len(best) < AGREEING or 2 * len(best) <= len(told):
        return None
    return Days(min(one.first for one in best), max(one.last for one in best))


def _beside(name: str, row: ChunkRow) -> Days | None:
    """The only time of a few days in the sentences of a passage that name the event."""
    wanted = _telling(name)
    spans = [
        span for span in sentence_spans(row.text) if wanted <= keys(row.text[span[0] : span[1]])
    ]
    found = {
        Days(note.first_day, note.last_day)
        for note in (time_notes(row.text, row.published) if spans else ())
        if note.last_day - note.first_day <= _LONGEST
        and any(start <= note.start and note.end <= end for start, end in spans)
    }
    return found.pop() if len(found) == 1 else None


def _telling(name: str) -> frozenset[str]:
    return keys(name.removeprefix("the ").removeprefix("The "))
