"""Question to search request: what to search for, and what its words say about where to look.

Nothing read here bars a passage. Each finding only moves some passages up, names the words that it
rests on, and can be left out by its label.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise

from rag.clauses import Clause, clauses
from rag.dates import MONTHS
from rag.notes.days import Days
from rag.notes.event import event
from rag.notes.period import FUTURE, PUBLISHED, Period, period
from rag.notes.tense import Tense, tense
from rag.notes.when import Note, time_notes
from rag.parts import parts
from rag.question import asked_last, make_whole
from rag.schema import Filters, Holdings, Record, Search, Turn, Understood
from rag.sources import Named, named_sources
from rag.words import content_stems

PUBLISHER, NEWEST, EVENT = "publisher", "newest", "event"

Dated = Callable[[str], Days | None]
"""The days of an event, by its name; None where they are not known."""

REPORTED_WITHIN = timedelta(days=14)
"""News tells of what happened in a period for about this long afterwards."""
_BARE = 5
"""Telling words that a clause needs to be searched for without the question behind it."""

MOST = 8
"""Searches for one question."""

_NEWEST = re.compile(
    r"(?<!at the )(?<!at )(?:\bthe )?\b(?:latest|newest|most recent(?:ly)?)\b"
    r"|\b(?:right now|now(?! that\b|-)|currently|current(?! (?:account|affairs)\b)|at present"
    r"|at the moment|these days|nowadays|as of now|so far|to date|recently|lately|today)\b",
    re.IGNORECASE,
)
_LATER = re.compile(
    r"\b(?:afterwards?|after (?:that|them|it|this)|since|next|then|later|subsequently|followed)\b",
    re.IGNORECASE,
)
_MAIN = re.compile(
    r"^.*(?:[?;:–]\s|,?\sand\s(?=(?:who|what|when|where|how|which|why)\b))", re.DOTALL
)
_BELOW = re.compile(r",|(?<=\w)\s(?:who|which|that|whose|where)\s|\b(?:until|till|by|up to)\s*$")
_YEAR = re.compile(r"\b(?:1[5-9]|20)\d\d\b")
_MONTH = re.compile(
    rf"\b(?:{'|'.join(MONTHS)}|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\b", re.IGNORECASE
)

_RANGE = re.compile(r",?\s*(?:and|to|until|through|[–-])\s*")
"""Between two days that are the ends of one period."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest(Record):
    """What to search for; `question[one.start:one.end] == one.words` for all that is understood."""

    question: str
    """The whole question: as asked, or made whole from the conversation."""
    searches: tuple[Search, ...]
    """The whole question first, then its parts."""
    understood: tuple[Understood, ...] = ()
    newest: bool = False
    """Whether of equally fitting passages the newer ones come first."""

    @property
    def parts(self) -> list[str]:
        """The simpler questions that it is made of; empty for a simple one."""
        return parts_of(self.question, self.searches)

    def with_parts(self, queries: Sequence[str]) -> SearchRequest:
        """The request with more parts, searched for anywhere."""
        new = [Search(query=text) for text in queries if text not in (self.question, *self.parts)]
        return replace(self, searches=(*self.searches, *new)[:MOST])


def parts_of(question: str, searches: Sequence[Search]) -> list[str]:
    """What was searched for beside the question itself, each text once."""
    return [text for text in dict.fromkeys(one.query for one in searches) if text != question]


def plain(question: str, history: Sequence[Turn] = ()) -> SearchRequest:
    """The request of a question whose words restrict nothing: itself made whole, and its parts."""
    whole = make_whole(question, history)
    return SearchRequest(
        question=whole, searches=tuple(Search(query=text) for text in (whole, *parts(whole)))
    )


def understand(
    question: str,
    history: Sequence[Turn],
    held: Holdings,
    today: date,
    without: Collection[str] = (),
    dated: Dated | None = None,
) -> SearchRequest:
    """Read a question: its parts, and the publishers, times and recency that it names.

    Args:
        question: as asked.
        history: the conversation before it, oldest first.
        held: what the collection holds: only its publishers are read as such.
        today: what "last week" is counted from.
        without: labels or kinds of what is not to be understood, as the reader wants it.
        dated: the days of an event by its name, where the collection tells them.
    """
    whole = make_whole(question, history)
    reading = _Reading(held, today, dated)
    sources = {one: _publisher(whole, one) for one in named_sources(whole, held.publishers)}
    kept = [one for one, said in sources.items() if _wanted(said, without)]
    cut = clauses(whole, kept)
    several = len(cut) > 1
    stretches = cut if several else (Clause(0, len(whole), tuple(kept)),)
    read = [_Stretch.of(whole, clause, reading, without) for clause in stretches]
    said = [*(sources[one] for one in kept), *(time for one in read for time in one.said)]
    if not any(one.kind == PUBLISHED for one in said):
        said += [one for one in _newest(whole) if _wanted(one, without)]
    asked = whole[cut[-1].end :].strip(" ,") if several else ""
    searches = _by_clause(whole, read, asked) if several else _by_part(whole, read[0])
    return SearchRequest(
        question=whole,
        searches=tuple(dict.fromkeys(searches))[:MOST],
        understood=tuple(sorted(said, key=lambda one: (one.start, one.end))),
        newest=any(one.kind == NEWEST for one in said),
    )


def _wanted(said: Understood, without: Collection[str]) -> bool:
    return said.kind not in without and said.label not in without


def _by_clause(question: str, read: Sequence[_Stretch], asked: str) -> list[Search]:
    """The question as it stands, and each clause where its own sources and days are."""
    return [Search(query=question), *(one for stretch in read for one in stretch.clause(asked))]


def _by_part(question: str, stretch: _Stretch) -> list[Search]:
    """The question where it prefers to look, and its parts there."""
    spans = [(one.start, one.end) for one in stretch.sources]
    own = stretch.searches(question)
    several = [Search(query=question)] if len(own) > 1 else []
    near = own[0] if len(own) == 1 else Search(query=question, prefer=stretch.anywhere)
    return [*several, *own, *(_part(near, text) for text in parts(question, spans))]


def _part(whole: Search, text: str) -> Search:
    """The search of a part, where the whole looks, or later if it asks for what came then."""
    if not _LATER.search(asked_last(text)) or asked_last(text) == text:
        return replace(whole, query=text)
    later = replace(whole.prefer, published_to=None)
    return Search(query=text, prefer=later, about_from=whole.about_from)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What times are read against."""

    held: Holdings
    today: date
    dated: Dated | None

    def periods(self, text: str) -> list[Period]:
        """What a stretch says about time; several days of publication are each one."""
        found = self._period(text)
        if found is None:
            return list(self._event(text))
        notes = [note for note in time_notes(text, self.today.isoformat()) if not note.relative]
        days = {note.first_day for note in notes}
        apart = (
            found.kind == PUBLISHED
            and len(days) > 1
            and (found.first_day, found.last_day) == (min(days), max(days))
            and all(note.first_day == note.last_day for note in notes)
            and not any(_RANGE.fullmatch(text, a.end, b.start) for a, b in pairwise(notes))
        )
        return [_day(note) for note in notes] if apart else [found]

    def _period(self, text: str) -> Period | None:
        """What a stretch says about time, all together.

        A day or month without a year is the one that the collection has, if today's reading lies
        behind all that is published and the collection spans less than a year.
        """
        found = period(text, self.today)
        first, last = self.held.first_day, self.held.last_day
        if found is None or first is None or last is None or last - first > timedelta(365):
            return found
        words = text[found.start : found.end]
        if _YEAR.search(words) or not _MONTH.search(words):
            return found
        return found if (found.first_day or first) <= last else period(text, last)

    def _event(self, text: str) -> Iterator[Period]:
        """The period that an event opens or closes, where the collection dates it."""
        if (found := event(text)) and self.dated and (days := self.dated(found.name)):
            first, last = found.period(days)
            said = f"{text[found.start : found.end]} ({days.in_words()})"
            yield Period(found.start, found.end, said, first, last, EVENT)


def _day(note: Note) -> Period:
    return Period(note.start, note.end, note.meaning, note.first_day, note.last_day, PUBLISHED)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A stretch of the question that is searched for by itself, and what it restricts to."""

    text: str
    sources: tuple[Named, ...]
    periods: tuple[Period, ...]
    said: tuple[Understood, ...]

    @classmethod
    def of(
        cls, question: str, clause: Clause, reading: _Reading, without: Collection[str]
    ) -> _Stretch:
        text = question[clause.start : clause.end]
        told = [(one, _time(question, clause.start, one)) for one in reading.periods(text)]
        kept = [pair for pair in told if _wanted(pair[1], without)]
        return cls(
            text, clause.sources, tuple(one for one, _ in kept), tuple(said for _, said in kept)
        )

    @property
    def anywhere(self) -> Filters:
        """All publishers that it names."""
        names = {name for one in self.sources for name in one.publishers}
        return Filters(publishers=tuple(sorted(names)))

    def clause(self, asked: str) -> list[Search]:
        """One search for each publisher and period; `asked` is asked of all clauses alike."""
        text = self.text.strip(" ,;")
        if len(content_stems(self._bare())) < _BARE:
            text = f"{text} {asked}".strip()
        return self.searches(text)

    def searches(self, text: str) -> list[Search]:
        """One search of a text for each publisher and period."""
        publishers = list(dict.fromkeys(one.publishers for one in self.sources)) or [()]
        return [
            _search(text, names, when) for names in publishers for when in self.periods or (None,)
        ]

    def _bare(self) -> str:
        """The text without the words that say where to look."""
        text = self.text
        for one in reversed(self.periods):
            text = text[: one.start] + text[one.end :]
        for name in self.anywhere.publishers:
            text = text.replace(name, " ")
        return text


def _search(text: str, publishers: tuple[str, ...], when: Period | None) -> Search:
    if when is None or when.kind == FUTURE:
        prefer = Filters(publishers=publishers)
    else:
        last, later = when.last_day, timedelta(0) if when.kind == PUBLISHED else REPORTED_WITHIN
        prefer = Filters(
            published_from=when.first_day,
            published_to=last and last + later,
            publishers=publishers,
        )
    if when is None or when.kind == PUBLISHED:
        return Search(query=text, prefer=prefer)
    return Search(query=text, prefer=prefer, about_from=when.first_day, about_to=when.last_day)


def _publisher(question: str, one: Named) -> Understood:
    words = question[one.start : one.end]
    only = one.publishers[0] if len(one.publishers) == 1 else words
    return Understood(kind=PUBLISHER, words=words, start=one.start, end=one.end, label=f"by {only}")


def _time(question: str, offset: int, found: Period) -> Understood:
    start, end = offset + found.start, offset + found.end
    return Understood(
        kind=found.kind,
        words=question[start:end],
        start=start,
        end=end,
        label=_label(found),
    )


def _label(found: Period) -> str:
    """Such as "published in May 2023", "published on 3 July 2023", "about 2021", "since 2021"."""
    days = found.meaning.removeprefix("about ")
    published = found.kind == PUBLISHED
    if found.kind == EVENT:
        return found.meaning
    if found.first_day is None or found.last_day is None:
        return f"published {days}" if published else days
    if not published:
        return f"about {days}"
    if found.first_day == found.last_day:
        return f"published on {days}"
    return f"published from {days}" if " to " in days else f"published in {days}"


def _newest(question: str) -> Iterator[Understood]:
    """The words that ask for the newest, where the question itself does and no aside."""
    found = _MAIN.match(question)
    opening = found.end() if found else 0
    for match in _NEWEST.finditer(question):
        begins = opening if match.start() >= opening else 0
        before = question[begins : match.start()]
        aside = _BELOW.search(before.lstrip(), 1) if before.strip() else None
        past = match.group().lower() == "today" and (
            tense(question, match.start(), match.end()) == Tense.PAST
        )
        if past or aside:
            continue
        start, end = match.span()
        yield Understood(
            kind=NEWEST, words=question[start:end], start=start, end=end, label="newest first"
        )
        return
