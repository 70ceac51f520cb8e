"""What is stored of web addresses: their articles, and what to know an unchanged page by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from rag.catalog import FILE_NAME, Catalog
from rag.errors import IndexMissing
from rag.revision import Revision
from rag.schema import Article


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """One page that was fetched, and whose article is stored."""

    url: str
    etag: str = ""
    """As the server gave it; empty where it gave none."""
    last_modified: str = ""
    """The same."""
    fetched_at: str
    """When it was asked for, as ISO 8601 in UTC; a page is known to be no older than this."""


class Shelf:
    """What is stored of addresses now; made by `open`, closed at the end of its block."""

    def __init__(self, catalog: Catalog | None) -> None:
        self._catalog = catalog
        self._ids = _ids_by_source(catalog) if catalog else {}
        self._fetches = _all(catalog) if catalog else {}
        self._sources = {name: url for url, names in self._ids.items() for name in names}
        self._rejected = _rejected(catalog) if catalog else set()

    @classmethod
    @contextmanager
    def open(cls, folder: Path) -> Iterator[Self]:
        """The shelf of an index folder; an empty one where nothing is stored yet.

        Raises:
            IndexDamaged, IndexMismatch: the catalog cannot be read.
        """
        try:
            catalog = Catalog.open(folder / FILE_NAME)
        except IndexMissing:
            yield cls(None)
            return
        with catalog:
            yield cls(catalog)

    def ids(self, url: str) -> list[str]:
        """The ids of the articles that were read from an address."""
        return self._ids.get(url, [])

    def was_rejected(self, url: str) -> bool:
        """Whether the address was turned away when it was read last."""
        return url in self._rejected

    def source(self, article_id: str) -> str:
        """The address that a stored article was read from; empty for any other article."""
        return self._sources.get(article_id, "")

    def fetch(self, url: str) -> Fetch | None:
        """The last fetch of a page, where all it gave is still stored; else None."""
        return self._fetches.get(url) if url in self._ids else None

    def article(self, article_id: str) -> Article | None:
        """One stored article, whole; None where there is none of that id any more.

        Raises:
            IndexDamaged: its row is not what was written.
        """
        if self._catalog is None:
            return None
        return Revision(self._catalog, self._catalog.meta().revision).find(article_id)


def record(catalog: Catalog, fetches: Iterable[Fetch], read: Iterable[str]) -> None:
    """Note pages once their articles are stored, and forget why addresses were turned away before.

    The caller holds the index's write lock.

    Args:
        catalog: open for writing.
        fetches: pages whose articles are stored.
        read: other addresses that were read, such as feeds.
    """
    fetches = list(fetches)
    rows = [(fetch.url, fetch.etag, fetch.last_modified, fetch.fetched_at) for fetch in fetches]
    settled = [(url,) for url in (*read, *(fetch.url for fetch in fetches))]
    with catalog.transaction() as connection:
        connection.executemany("INSERT OR REPLACE INTO fetches VALUES (?, ?, ?, ?)", rows)
        connection.executemany("DELETE FROM rejections WHERE path = ?", settled)


def _ids_by_source(catalog: Catalog) -> dict[str, list[str]]:
    revision = catalog.meta().revision
    with catalog.connection() as connection:
        rows = connection.execute(
            "SELECT source, article_id FROM articles WHERE source LIKE 'http%'"
            " AND added_revision <= :r AND (removed_revision IS NULL OR removed_revision > :r)"
            " ORDER BY article_id",
            {"r": revision},
        ).fetchall()
    found: dict[str, list[str]] = {}
    for source, article_id in rows:  # of a file with several articles, as `address#number`
        for key in dict.fromkeys((source.partition("#")[0], source)):
            found.setdefault(key, []).append(article_id)
    return found


def _rejected(catalog: Catalog) -> set[str]:
    with catalog.connection() as connection:
        rows = connection.execute("SELECT path FROM rejections WHERE path LIKE 'http%'")
        return {path for (path,) in rows}


def _all(catalog: Catalog) -> dict[str, Fetch]:
    with catalog.connection() as connection:
        rows = connection.execute("SELECT url, etag, last_modified, fetched_at FROM fetches")
        return {
            url: Fetch(url=url, etag=etag, last_modified=modified, fetched_at=at)
            for url, etag, modified, at in rows
        }
