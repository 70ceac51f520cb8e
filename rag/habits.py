"""What publishers repeat, learnt from all that is stored of them: lines that are then left out.

A line once learnt stays learnt. It is taken out of the publisher's articles that are stored, and of
each one that comes, so that the order in which articles arrive makes no difference.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from rag.cleaning.repeats import RULE, repeated_lines, without_repeated
from rag.rows import CONTENT, REST, article_of, publisher_key

if TYPE_CHECKING:
    from rag.catalog import Catalog
    from rag.schema import Article
    from rag.settings import IngestSettings

_SAMPLE = 200
"""Articles of a publisher that are read to learn its habits, the last stored."""

_LAST_VERSIONS = (
    f"SELECT {CONTENT}, content_hash, {REST}, rest_hash, article_key, added_revision"  # noqa: S608
    " FROM articles a WHERE publisher_key = ? AND removed_revision IS NULL AND NOT EXISTS"
    " (SELECT 1 FROM articles b WHERE b.article_id = a.article_id"
    " AND b.added_revision > a.added_revision) ORDER BY article_key DESC"
)


class Habits:
    """The lines that publishers repeat, during one ingest."""

    def __init__(self, catalog: Catalog, settings: IngestSettings) -> None:
        self._catalog = catalog
        self._heeded = settings.clean and RULE not in settings.cleaning_off
        self._lines: dict[str, set[str]] = {}
        self._met: dict[str, None] = {}
        with catalog.connection() as connection:
            for publisher, line in connection.execute("SELECT publisher_key, line FROM habits"):
                self._lines.setdefault(publisher, set()).add(line)

    def concern(self, article: Article) -> bool:
        """Whether what is learnt may change it: it was cleaned, and its publisher is known."""
        return self._heeded and bool(publisher_key(article.publisher) and article.original)

    def without(self, article: Article) -> Article:
        """The article without its publisher's lines; one that was not cleaned stays as it is."""
        if not self.concern(article):
            return article
        publisher = publisher_key(article.publisher)
        self._met[publisher] = None
        text, gone = without_repeated(article.text, self._lines.get(publisher, ()))
        return replace(article, text=text, removals=(*article.removals, *gone)) if gone else article

    def learn(self, connection: sqlite3.Connection) -> Iterator[tuple[int, int, Article]]:
        """Look at each publisher met: what it is now seen to repeat goes.

        Args:
            connection: in a transaction.

        Yields:
            The key, the revision and the new form of each article that holds such a line.
        """
        for publisher in self._met:
            known = self._lines.setdefault(publisher, set())
            new = repeated_lines(list(self._texts(connection, publisher))) - known
            if not new:
                continue
            known |= new
            connection.executemany(
                "INSERT OR IGNORE INTO habits VALUES (?, ?)", [(publisher, line) for line in new]
            )
            yield from list(self._holding(connection, publisher))

    def _texts(self, connection: sqlite3.Connection, publisher: str) -> Iterator[str]:
        """The last texts of a publisher, with the lines that were taken out before."""
        for *row, _, _ in connection.execute(f"{_LAST_VERSIONS} LIMIT {_SAMPLE}", (publisher,)):
            article = article_of(row, self._catalog)
            if article.original:
                lost = (removal.text for removal in article.removals if removal.rule == RULE)
                yield "\n\n".join((article.text, *lost))

    def _holding(
        self, connection: sqlite3.Connection, publisher: str
    ) -> Iterator[tuple[int, int, Article]]:
        for *row, key, revision in connection.execute(_LAST_VERSIONS, (publisher,)):
            article = article_of(row, self._catalog)
            mended = self.without(article)
            if mended is not article:
                yield key, revision, mended
