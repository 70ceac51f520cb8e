"""One visit to web addresses: what they hold, and what to note once it is stored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rag.catalog import Catalog
from rag.load import from_bytes
from rag.reading.worker import reading
from rag.schema import Article, IngestReport, Progress, Rejection
from rag.settings import Settings
from rag.web.crawl import Web
from rag.web.fetch import Fetcher
from rag.web.fetches import Fetch, Shelf, record


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What addresses gave; nothing of it is stored yet."""

    items: tuple[Article | Rejection, ...]
    """New and changed articles, and what could not be read."""
    unchanged: int
    """Stored articles that are as they were."""
    fetches: tuple[Fetch, ...]
    read: tuple[str, ...]
    """Feeds and sitemaps."""

    def counted(self, report: IngestReport) -> IngestReport:
        """The report of an ingest of `items`, with the articles that had not to be read again."""
        return replace(report, unchanged=report.unchanged + self.unchanged)

    def note(self, catalog: Catalog, report: IngestReport) -> None:
        """Record the pages whose articles an ingest has stored.

        Args:
            catalog: open for writing, under the index's write lock.
            report: of that ingest.
        """
        rejected = {rejection.path.partition("#")[0] for rejection in report.rejected}
        fetches = [fetch for fetch in self.fetches if fetch.url not in rejected]
        record(catalog, fetches, [url for url in self.read if url not in rejected])


def visit(
    urls: Sequence[str],
    folder: Path,
    settings: Settings,
    told: Callable[[Progress], None] | None = None,
) -> Visit:
    """Read addresses; what is stored in the index folder already is asked for only if it changed.

    Args:
        urls: of pages, documents, feeds and sitemaps.
        folder: of the index; it need not exist yet.
        settings: for `fetch` and `ingest`.
        told: told how far the work is.

    Raises:
        IndexDamaged, IndexMismatch: what is stored cannot be read.
    """
    with (
        Shelf.open(folder) as shelf,
        Fetcher(settings.fetch) as fetcher,
        reading(settings.ingest),  # one process for all pages
    ):
        web = Web(fetcher, shelf, settings, from_bytes, told)
        items = tuple(web.articles(urls))
    return Visit(
        items=items,
        unchanged=web.unchanged,
        fetches=tuple(web.fetches),
        read=tuple(web.read),
    )
