"""The searches of one request: what each looks through, and how their results become one list.

The whole question is searched for without any preference in each of them, so that what was
understood wrongly hides nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from rag.notes.when import time_notes
from rag.rows import ChunkRow, publisher_key
from rag.schema import Filters, Search
from rag.understand import SearchRequest

_YEAR = re.compile(r"\b(?:1[5-9]|20)\d\d\b")
Scored = list[tuple[int, float]]
"""Chunk keys with fused scores, best first."""
Rows = Callable[[Sequence[int]], Mapping[int, ChunkRow]]

SURE = 3
"""Passages that the question as it stands always has among the found: its best ones."""
GAIN = 0.5
"""What naming a time, or being new, is worth, where 1 is what being found is."""
POOL = 30
"""The best passages, among which those that name a time and the newest move up."""


@dataclass(frozen=True)
class Look:
    """One text searched for, and where."""

    query: str
    filters: Filters | None = None


def looks(searches: Sequence[Search], filters: Filters | None) -> list[tuple[Look, ...]]:
    """What each search looks through: the whole question first, then what is its own.

    Args:
        searches: the whole question first, then its parts.
        filters: hold everywhere.
    """
    whole = Look(searches[0].query, filters)
    return [tuple(dict.fromkeys((whole, *_own(search, filters)))) for search in searches]


def _own(search: Search, filters: Filters | None) -> list[Look]:
    """The search where it prefers to look, by publisher and then by day; else anywhere."""
    publisher = replace(search.prefer, published_from=None, published_to=None)
    wanted = [one for one in dict.fromkeys((publisher, search.prefer)) if one]
    found = [Look(search.query, one) for p in wanted if (one := narrowed(filters, p))]
    return found or [Look(search.query, filters)]


def narrowed(filters: Filters | None, prefer: Filters) -> Filters | None:
    """What both let through; None where nothing can pass both."""
    if not filters:
        return prefer
    first = max(filter(None, (filters.first_day, prefer.first_day)), default=None)
    last = min(filter(None, (filters.last_day, prefer.last_day)), default=None)
    allowed = {publisher_key(name) for name in filters.publishers}
    names = [n for n in prefer.publishers if not allowed or publisher_key(n) in allowed]
    if (first and last and first > last) or (prefer.publishers and not names):
        return None
    return replace(
        filters,
        published_from=first,
        published_to=last,
        publishers=tuple(names) or filters.publishers,
    )


def raised(request: SearchRequest, lists: Sequence[Scored], rows: Rows, k: int) -> Scored:
    """The lists of a request's searches as one, with what its words move up in it.

    A key scores what it does in the best list. Where a search is about certain days, those of its
    best `POOL` that name such days are one ranking more, and so are the newest where a request
    asks for them.

    Args:
        request: what was searched for.
        lists: one a search, best first.
        rows: gives the chunks of keys; asked for the best only.
        k: of reciprocal rank fusion.
    """
    days = ((search.about_from, search.about_to) for search in request.searches)
    told = [
        _with_ranking(found, _naming(found, rows, *about), k) if any(about) else found
        for found, about in zip(lists, days, strict=True)
    ]
    found = merged(told)
    return _with_ranking(found, _newest(found, rows), k) if request.newest else found


def merged(lists: Iterable[Scored]) -> Scored:
    """One list of several: a key scores what it does in the best of them."""
    best: dict[int, float] = {}
    for found in lists:
        for key, score in found:
            best[key] = max(score, best.get(key, 0.0))
    return _ordered(best)


def _ordered(scores: Mapping[int, float]) -> Scored:
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))


def _with_ranking(found: Scored, chosen: Iterable[int], k: int) -> Scored:
    gains = {key: GAIN / (k + rank) for rank, key in enumerate(chosen, start=1)}
    return _ordered({key: score + gains.get(key, 0.0) for key, score in found})


def _naming(found: Scored, rows: Rows, first: date | None, last: date | None) -> list[int]:
    """Those of the best that name a day, a month or a year between two days, in order."""
    first, last = first or date.min, last or date.max
    best = [key for key, _ in found[:POOL]]
    chunks = rows(best)
    return [key for key in best if _names(chunks[key], first, last)]


def _names(row: ChunkRow, first: date, last: date) -> bool:
    """Whether the text of a chunk, or a note on it, names a time that lies between two days."""
    texts = (row.text, *(note.meaning for note in row.notes))
    return any(
        first <= note.first_day and note.last_day <= last
        for text in texts
        if any(first.year <= int(year) <= last.year for year in _YEAR.findall(text))
        for note in time_notes(text, None)
    )


def _newest(found: Scored, rows: Rows) -> list[int]:
    """The best by day of publication, the latest first; those of unknown day are left out."""
    best = [key for key, _ in found[:POOL]]
    chunks = rows(best)
    dated = [(chunks[key].published or "", -place, key) for place, key in enumerate(best)]
    return [key for published, _, key in sorted(dated, reverse=True) if published]


def with_the_sure(keys: Sequence[int], sure: Sequence[int], top_k: int) -> list[int]:
    """The first `top_k` keys, with the sure ones in the places of the last where they lack.

    `sure` is given best first; at most `top_k` of them are kept. Order is that of `keys`, the ones
    that were put in behind.
    """
    kept, wanted = list(keys[:top_k]), list(dict.fromkeys(sure))[:top_k]
    for key in wanted:
        if key in kept:
            continue
        if len(kept) == top_k:
            kept.remove(next(other for other in reversed(kept) if other not in wanted))
        kept.append(key)
    return kept
