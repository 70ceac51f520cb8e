"""The columns of a generation: key, article, day and publisher of each chunk.

A filter becomes a mask over the chunks in milliseconds, and chunks tell their articles in less,
where the catalog would take a second for a million of them. Chunks stand in the order of their
keys, as vectors do in the dense index.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rag.catalog import damaged
from rag.rows import Keys, Mask, day_number, publisher_key

if TYPE_CHECKING:
    from rag.revision import Revision
    from rag.schema import Filters

_UNKNOWN = np.iinfo(np.int32).min
"""Stands for a day that is not known, outside every range."""


def write(path: Path, revision: Revision) -> Keys:
    """Write the columns of a revision; the keys of its chunks, ascending.

    Raises:
        IndexDamaged: a chunk has no article.
    """
    articles, chunks = revision.outline()
    article_keys = np.array([key for key, *_ in articles], dtype=np.int64)
    names = sorted({publisher for *_, publisher in articles})
    numbers = {name: number for number, name in enumerate(names)}
    keys, owners = np.array(chunks, dtype=np.int64).reshape(-1, 2).T
    places = np.searchsorted(article_keys, owners)
    if not np.isin(owners, article_keys).all():
        raise damaged(revision.catalog.path, "a chunk has no article")
    with path.open("wb") as file:
        np.savez(
            file,
            keys=keys,
            places=places.astype(np.int32),
            articles=article_keys,
            days=np.array([_UNKNOWN if day is None else day for *_, day, _ in articles], np.int32),
            publishers=np.array([numbers[name] for *_, name in articles], np.int32),
            names=np.array([name.encode() for name in names], dtype=np.bytes_),
            ids=np.frombuffer(json.dumps([name for _, name, *_ in articles]).encode(), np.uint8),
        )
    return keys


class Columns:
    """The columns, read from their file; immutable."""

    keys: Keys
    """Of the chunks, ascending."""

    def __init__(self, path: Path) -> None:
        # Read whole first: zipfile takes a disk that fails for a file that is no archive.
        with np.load(BytesIO(path.read_bytes()), allow_pickle=False) as stored:
            self.keys = stored["keys"]
            self._places, self._articles = stored["places"], stored["articles"]
            self._days, self._publishers = stored["days"], stored["publishers"]
            self._ids: list[str] = json.loads(stored["ids"].tobytes())
            self._names = {name.decode(): number for number, name in enumerate(stored["names"])}

    def owners(self, keys: Sequence[int]) -> dict[int, str]:
        """The article id of each of these chunks, all of which there must be."""
        places = np.searchsorted(self.keys, np.array(keys, dtype=np.int64))
        return dict(
            zip(keys, map(self._ids.__getitem__, self._places[places].tolist()), strict=True)
        )

    def mask(self, filters: Filters, articles: Sequence[int] | None) -> Mask:
        """Which chunks the filters let through.

        Args:
            filters: their days and publishers; an unknown day is outside every range.
            articles: keys of the articles that may pass; None for all.
        """
        passing = np.ones(len(self._articles), dtype=np.bool_)
        if filters.first_day or filters.last_day:
            first, last = day_number(filters.first_day), day_number(filters.last_day)
            passing &= self._days >= (_UNKNOWN + 1 if first is None else first)
            if last is not None:
                passing &= self._days <= last
        if filters.publishers:
            wanted = {self._names.get(publisher_key(name)) for name in filters.publishers}
            passing &= _among(self._publishers, [number for number in wanted if number is not None])
        if articles is not None:
            passing &= _among(self._articles, articles)
        chosen: Mask = passing[self._places]
        return chosen


def _among(values: npt.NDArray[Any], wanted: Sequence[int]) -> Mask:
    found: Mask = np.isin(values, np.array(wanted, dtype=values.dtype))
    return found
