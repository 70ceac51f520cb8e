"""Reads a catalog as it was at one revision, however many have been written since."""

# ruff: noqa: S608 - only constants are put together here; every value is bound

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any
from zlib import crc32

from rag.catalog import Catalog, damaged
from rag.errors import IndexDamaged, IndexMissing
from rag.rows import (
    CONTENT,
    FACTS,
    REST,
    ChunkRow,
    Keys,
    Vector,
    article_of,
    chunk_rows,
    day_of,
    facts_of,
    intact,
    storable,
    unpacked,
)
from rag.schema import Article, ArticleFacts

_LIVE = "{0}.added_revision <= :r AND ({0}.removed_revision IS NULL OR {0}.removed_revision > :r)"
_LIVE_ARTICLE, _LIVE_CHUNK = _LIVE.format("a"), _LIVE.format("c")
_WHOLE = (
    f"SELECT article_key, {CONTENT}, content_hash, {REST}, rest_hash FROM articles a"
    f" WHERE article_key > :after AND {_LIVE_ARTICLE} ORDER BY article_key LIMIT :limit"
)
_BLOCK = 1000
"""Rows asked for at a time, which bounds the memory that a long read takes."""


class Revision:
    """The articles and chunks that were live at `number`; thread-safe."""

    def __init__(self, catalog: Catalog, number: int) -> None:
        self.catalog = catalog
        self.number = number

    def counts(self) -> tuple[int, int]:
        """How many articles and chunks there are."""
        articles = self._rows(f"SELECT count(*) FROM articles a WHERE {_LIVE_ARTICLE}")
        chunks = self._rows(f"SELECT count(*) FROM chunks c WHERE {_LIVE_CHUNK}")
        return int(articles[0][0]), int(chunks[0][0])

    def article(self, article_id: str) -> Article:
        """One article, whole.

        Raises:
            IndexMissing: there is none of that id; names the nearest ones.
            IndexDamaged: its row is not what was written.
        """
        found = self.find(article_id)
        if found is None:
            raise self.no_article(article_id)
        return found

    def find(self, article_id: str) -> Article | None:
        """One article, whole, or None where there is none of that id.

        Raises:
            IndexDamaged: its row is not what was written.
        """
        if not storable(article_id):
            return None
        rows = self._rows(
            f"SELECT {CONTENT}, content_hash, {REST}, rest_hash FROM articles a"
            f" WHERE article_id = :id AND {_LIVE_ARTICLE}",
            id=article_id,
        )
        return article_of(rows[0], self.catalog) if rows else None

    def articles(self) -> list[Article]:
        """All articles without `original` and `removals`, newest first, unknown dates last."""
        found = [
            article_of((*row, "", "[]", None), self.catalog)
            for row in self._rows(
                f"SELECT {CONTENT}, content_hash, source, details FROM articles a"
                f" WHERE {_LIVE_ARTICLE}"
            )
        ]
        found.sort(key=lambda article: article.article_id)
        found.sort(key=_recency, reverse=True)
        return found

    def summaries(self) -> list[ArticleFacts]:
        """What is known about each article; no text is read. In the order of `articles`.

        Raises:
            IndexDamaged: a row is not what was written.
        """
        found = [
            facts_of(row, self.catalog)
            for row in self._rows(
                f"SELECT {FACTS}, facts_hash FROM articles a WHERE {_LIVE_ARTICLE}"
                " ORDER BY article_id"
            )
        ]
        return sorted(found, key=_recency, reverse=True)

    def signatures(self) -> dict[str, bytes | None]:
        """By article id, the signature by which near copies are known; None where there is none."""
        return dict(
            self._rows(f"SELECT article_id, signature FROM articles a WHERE {_LIVE_ARTICLE}")
        )

    def whole_articles(self) -> Iterator[tuple[int, Article]]:
        """Each article whole, with its key, in the order of their keys."""
        for key, *row in self._blocks(_WHOLE, 50):
            yield key, article_of(row, self.catalog)

    def damaged_articles(self) -> list[str]:
        """Ids of the articles whose rows are not what was written; reads them all."""
        return [str(row[1]) for row in self._blocks(_WHOLE, 50) if not intact(row[1:])]

    def publishers(self) -> list[str]:
        """The publishers of the articles, without the empty one, in the order of the alphabet."""
        rows = self._rows(
            f"SELECT DISTINCT publisher FROM articles a WHERE publisher != '' AND {_LIVE_ARTICLE}"
        )
        return sorted((name for (name,) in rows), key=lambda name: (name.casefold(), name))

    def days(self) -> tuple[date | None, date | None]:
        """The first and the last day of publication; None twice where no day is known."""
        ((first, last),) = self._rows(
            f"SELECT min(day), max(day) FROM articles a WHERE {_LIVE_ARTICLE}"
        )
        return day_of(first), day_of(last)

    def article_keys(self, article_ids: Sequence[str]) -> list[int]:
        """The keys of the articles of these ids; an unknown id has none."""
        rows = self._rows(
            "SELECT article_key FROM articles a"
            f" WHERE article_id IN (SELECT value FROM json_each(:ids)) AND {_LIVE_ARTICLE}",
            ids=json.dumps(list(article_ids)),
        )
        return [key for (key,) in rows]

    def outline(self) -> tuple[list[tuple[int, int | None, str]], list[tuple[int, int]]]:
        """Which articles and chunks there are, each list in the order of its keys.

        Returns:
            Of each article its key, its id, its day since 1970-01-01 (None when unknown) and the
            form in which its publisher compares; of each chunk its key and that of its article.
        """
        articles = self._rows(
            "SELECT article_key, article_id, day, publisher_key FROM articles a"
            f" WHERE {_LIVE_ARTICLE} ORDER BY article_key"
        )
        chunks = self._rows(
            f"SELECT chunk_key, article_key FROM chunks c WHERE {_LIVE_CHUNK} ORDER BY chunk_key"
        )
        return articles, chunks

    def vectors(self, keys: Keys) -> Vector:
        """The vectors of these chunks, one row for each key.

        Args:
            keys: ascending.

        Raises:
            IndexDamaged: one is missing or is not what was written.
        """
        rows = self._rows(
            "SELECT vector, crc FROM chunks LEFT JOIN vectors USING (vector_key)"
            " WHERE chunk_key IN (SELECT value FROM json_each(:keys)) ORDER BY chunk_key",
            keys=json.dumps(keys.tolist()),
        )
        if len(rows) != len(keys) or any(blob is None or crc32(blob) != crc for blob, crc in rows):
            raise IndexDamaged(
                f"{self.catalog.path}: vectors are damaged; run `rag ingest --rebuild`"
            )
        return unpacked(b"".join(blob for blob, _ in rows)).reshape(len(rows), -1)

    def rows(self, keys: Sequence[int]) -> dict[int, ChunkRow]:
        """The chunks of these keys.

        Raises:
            IndexDamaged: a row is missing, or is not what was written.
        """
        wanted = sorted({int(key) for key in keys})
        found: dict[int, ChunkRow] = {}
        for first in range(0, len(wanted), _BLOCK):
            block = wanted[first : first + _BLOCK]
            with self.catalog.connection() as connection:
                found |= chunk_rows(connection, self.catalog, block)
        if len(found) != len(wanted):
            raise damaged(self.catalog.path, "chunks that the search index knows are missing")
        return found

    def stored(self) -> Iterator[tuple[ChunkRow, Vector, int | None]]:
        """Each chunk with its vector and the day of its article, in the order of their keys.

        The day counts from 1970-01-01, and is None when unknown.

        Raises:
            IndexDamaged: a row or a vector is missing or is not what was written.
        """
        sql = (
            "SELECT chunk_key, vector, crc, day FROM chunks c"
            " JOIN articles a USING (article_key) LEFT JOIN vectors v USING (vector_key)"
            f" WHERE chunk_key > :after AND {_LIVE_CHUNK} ORDER BY chunk_key LIMIT :limit"
        )
        block: list[tuple[Any, ...]] = []
        for row in self._blocks(sql, _BLOCK):
            block.append(row)
            if len(block) == _BLOCK:
                yield from self._with_vectors(block)
                block = []
        yield from self._with_vectors(block)

    def _with_vectors(
        self, block: Sequence[tuple[Any, ...]]
    ) -> Iterator[tuple[ChunkRow, Vector, int | None]]:
        rows = self.rows([row[0] for row in block])
        for key, blob, crc, day in block:
            if blob is None or crc32(blob) != crc:
                raise IndexDamaged(
                    f"{self.catalog.path}: the vector of chunk {rows[key].chunk_id!r} of article "
                    f"{rows[key].article_id!r} is damaged; run `rag ingest --rebuild`"
                )
            yield rows[key], unpacked(blob), day

    def _rows(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        with self.catalog.connection() as connection:
            return connection.execute(sql, {"r": self.number, **values}).fetchall()

    def _blocks(self, sql: str, limit: int) -> Iterator[tuple[Any, ...]]:
        after = 0
        while rows := self._rows(sql, after=after, limit=limit):
            yield from rows
            after = rows[-1][0]

    def no_article(self, article_id: str) -> IndexMissing:
        """The error for an id that no article has; names the nearest ids."""
        known = [
            name
            for (name,) in self._rows(f"SELECT article_id FROM articles a WHERE {_LIVE_ARTICLE}")
        ]
        folded = article_id.casefold()
        near = [name for name in known if folded and folded in name.casefold()][:3]
        near = near or difflib.get_close_matches(article_id[:200], known, n=3, cutoff=0.5)
        hint = f"did you mean {', '.join(map(repr, near))}?" if near else "see `rag articles`"
        return IndexMissing(f"there is no article {article_id[:200]!r} in this index; {hint}")


def _recency(article: ArticleFacts) -> str:
    return article.published or ""
