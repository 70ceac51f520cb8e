"""Writes the next revision of a catalog.

Rows of the next revision are written ahead, seen by no reader, and `commit` makes them count in
one short transaction. A write that dies before leaves rows that the next one removes, and vectors
that it finds again, so that nothing is embedded twice.
"""
# ruff: noqa: S608 - only constants are put together here; every value is bound

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from rag.catalog import Catalog, EmbedderFacts, canonical, digest
from rag.chunk import embedded_text
from rag.errors import IndexDamaged
from rag.rows import (
    CONTENT,
    REST,
    ChunkRow,
    Vector,
    chunk_rows,
    content_of,
    day_number,
    facts_hash,
    packed,
    packed_notes,
    publisher_key,
    rest_of,
    row_hash,
)
from rag.schema import Article, Chunk, Rejection


@dataclass(frozen=True, slots=True)
class Stored:
    """What is needed of a live article to see whether a new one differs."""

    article_key: int
    content_hash: str
    rest_hash: str


class Changes:
    """The next revision while it is written; the caller holds the index's write lock.

    Call `begin` in the first transaction, any of the others after it, `commit` at the end.
    """

    def __init__(self, catalog: Catalog, fingerprint: str) -> None:
        self.catalog = catalog
        self.number = catalog.meta().revision + 1
        self._fingerprint = fingerprint

    def begin(self, connection: sqlite3.Connection) -> None:
        """Remove what a write that died has left."""
        connection.execute("DELETE FROM chunks WHERE added_revision >= ?", (self.number,))
        connection.execute("DELETE FROM articles WHERE added_revision >= ?", (self.number,))

    def stored(self, connection: sqlite3.Connection, article_id: str) -> Stored | None:
        """The live article of this id, before this change."""
        row = connection.execute(
            "SELECT article_key, content_hash, rest_hash FROM articles WHERE article_id = ?"
            " AND removed_revision IS NULL AND added_revision < ?",
            (article_id, self.number),
        ).fetchone()
        return Stored(*row) if row else None

    def add(
        self,
        connection: sqlite3.Connection,
        article: Article,
        chunks: Sequence[Chunk],
        signature: bytes | None = None,
    ) -> None:
        """Write a new article, or the next version of a stored one.

        Args:
            connection: in a transaction.
            article: what is stored.
            chunks: of its text.
            signature: by which near copies of its text are known, where it was computed.
        """
        content, rest = content_of(article), rest_of(article)
        columns = f"{CONTENT}, content_hash, {REST}, rest_hash, facts_hash, signature"
        cursor = connection.execute(
            f"INSERT INTO articles ({columns}, day, publisher_key, added_revision)"
            f" VALUES ({', '.join('?' * 20)})",
            (
                *content,
                digest(content),
                *rest,
                digest(rest),
                facts_hash(article),
                signature,
                day_number(article.published_day),
                publisher_key(article.publisher),
                self.number,
            ),
        )
        self.split_again(connection, cursor.lastrowid or 0, article, chunks)

    def split_again(
        self,
        connection: sqlite3.Connection,
        article_key: int,
        article: Article,
        chunks: Sequence[Chunk],
    ) -> None:
        """Write the chunks of an article; older ones of it go with `commit`."""
        connection.executemany(
            'INSERT INTO chunks (chunk_id, article_key, added_revision, start, "end", header,'
            " notes, vector_key, row_hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [self._chunk_values(article_key, article, chunk) for chunk in chunks],
        )

    def withdraw(self, connection: sqlite3.Connection, article_key: int) -> None:
        """Take back an article that this change wrote."""
        connection.execute("DELETE FROM chunks WHERE article_key = ?", (article_key,))
        connection.execute("DELETE FROM articles WHERE article_key = ?", (article_key,))

    def refresh(self, connection: sqlite3.Connection, article_key: int, article: Article) -> None:
        """Note where an otherwise unchanged article now comes from."""
        rest = rest_of(article)
        connection.execute(
            "UPDATE articles SET source = ?, details = ?, original = ?, removals = ?,"
            " rest_hash = ?, facts_hash = ? WHERE article_key = ?",
            (*rest, digest(rest), facts_hash(article), article_key),
        )

    def sources(self, connection: sqlite3.Connection) -> list[tuple[str, str]]:
        """The ids and sources of the live articles, before this change."""
        return connection.execute(
            "SELECT article_id, source FROM articles"
            " WHERE removed_revision IS NULL AND added_revision < ?",
            (self.number,),
        ).fetchall()

    def reject(self, connection: sqlite3.Connection, rejections: Iterable[Rejection]) -> None:
        """Keep the latest reason for each path."""
        connection.executemany(
            "INSERT OR REPLACE INTO rejections VALUES (?, ?)",
            [(rejection.path, rejection.reason) for rejection in rejections],
        )

    def rejected(self, connection: sqlite3.Connection) -> list[str]:
        """The paths with a rejection."""
        return [path for (path,) in connection.execute("SELECT path FROM rejections")]

    def accept(self, connection: sqlite3.Connection, paths: Iterable[str]) -> None:
        """Forget earlier rejections of these paths."""
        connection.executemany("DELETE FROM rejections WHERE path = ?", [(path,) for path in paths])

    def missing(self) -> list[int]:
        """Keys of the chunks that lack a vector, one for each distinct text, ascending."""
        with self.catalog.connection() as connection:
            rows = connection.execute(
                "SELECT min(chunk_key) FROM chunks LEFT JOIN vectors USING (vector_key)"
                " WHERE chunks.added_revision = ? AND vector IS NULL"
                " GROUP BY vector_key ORDER BY 1",
                (self.number,),
            ).fetchall()
        return [key for (key,) in rows]

    def texts(self, keys: Sequence[int]) -> list[str]:
        """What is to be embedded for these chunks, in the order of their keys."""
        with self.catalog.connection() as connection:
            rows = chunk_rows(connection, self.catalog, keys)
        return [embedded_text(_chunk(rows[key])) for key in sorted(rows)]

    def without_vector(self, texts: Sequence[str]) -> list[str]:
        """Those of the texts that have no vector yet, each once."""
        keys = {vector_key(self._fingerprint, text): text for text in texts}
        with self.catalog.connection() as connection:
            known = connection.execute(
                "SELECT vector_key FROM vectors"
                " WHERE vector_key IN (SELECT value FROM json_each(?))",
                (json.dumps(list(keys)),),
            ).fetchall()
        for (key,) in known:
            del keys[key]
        return list(keys.values())

    def store(self, texts: Sequence[str], vectors: Vector) -> None:
        """Commit the vectors of some texts, at once and for good."""
        values = []
        for text, vector in zip(texts, vectors, strict=True):
            blob = packed(vector)
            key = vector_key(self._fingerprint, text)
            values.append((key, self.number, blob, zlib.crc32(blob)))
        with self.catalog.transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?, ?)", values)

    def pending(self, connection: sqlite3.Connection) -> bool:
        """Whether any article or chunk was written."""
        return any(
            connection.execute(
                f"SELECT 1 FROM {table} WHERE added_revision = ? LIMIT 1", (self.number,)
            ).fetchone()
            for table in ("articles", "chunks")
        )

    def commit(
        self,
        embedder: EmbedderFacts,
        chunking: dict[str, Any],
        removed: Iterable[str],
        *,
        all_chunks: bool = False,
    ) -> None:
        """Make the revision count, in one transaction.

        Args:
            embedder: the model that made the vectors.
            chunking: the settings that all live chunks were now split by.
            removed: ids of articles that leave.
            all_chunks: every chunk that was not written by this change leaves.

        Raises:
            IndexDamaged: a new chunk has no vector.
        """
        values = {"n": self.number, "removed": json.dumps(list(removed)), "all": all_chunks}
        if self.missing():
            raise IndexDamaged(
                f"{self.catalog.path}: vectors went missing while they were written; ingest again"
            )
        with self.catalog.transaction() as connection:
            connection.execute(
                "UPDATE articles SET removed_revision = :n WHERE removed_revision IS NULL"
                " AND added_revision < :n AND article_id IN (SELECT article_id FROM articles"
                " WHERE added_revision = :n UNION SELECT value FROM json_each(:removed))",
                values,
            )
            connection.execute(
                "UPDATE chunks SET removed_revision = :n WHERE removed_revision IS NULL"
                " AND added_revision < :n AND (:all OR article_key IN"
                " (SELECT article_key FROM articles WHERE removed_revision = :n))",
                values,
            )
            connection.execute(
                "UPDATE meta SET revision = ?, embedder_name = ?, fingerprint = ?, dimensions = ?,"
                " chunking = ?",
                (
                    self.number,
                    embedder.name,
                    embedder.fingerprint,
                    embedder.dimensions,
                    canonical(chunking),
                ),
            )

    def _chunk_values(self, article_key: int, article: Article, chunk: Chunk) -> tuple[Any, ...]:
        row = ChunkRow(
            chunk_key=0,
            chunk_id=chunk.chunk_id,
            article_id=article.article_id,
            start=chunk.start,
            end=chunk.end,
            text=article.text[chunk.start : chunk.end],
            header=chunk.header,
            notes=chunk.notes,
            title=article.title,
            publisher=article.publisher,
            published=article.published,
            url=article.url,
        )
        key, notes = (
            vector_key(self._fingerprint, embedded_text(_chunk(row))),
            packed_notes(chunk.notes),
        )
        return (
            chunk.chunk_id,
            article_key,
            self.number,
            chunk.start,
            chunk.end,
            chunk.header,
            notes,
            key,
            row_hash(row, notes, key),
        )


def _chunk(row: ChunkRow) -> Chunk:
    return Chunk(
        chunk_id=row.chunk_id,
        article_id=row.article_id,
        start=row.start,
        end=row.end,
        text=row.text,
        header=row.header,
        notes=row.notes,
    )


def vector_key(fingerprint: str, text: str) -> str:
    """Names the vector of a text under an embedder; the same text is embedded once."""
    return blake2b(f"{fingerprint}\0{text}".encode(), digest_size=16).hexdigest()


def drop_damaged_vectors(catalog: Catalog) -> int:
    """Forget each vector whose checksum fails, so that it is made again; how many they were."""
    with catalog.transaction() as connection:
        bad = [
            (key,)
            for key, vector, crc in connection.execute(
                "SELECT vector_key, vector, crc FROM vectors"
            )
            if zlib.crc32(vector) != crc
        ]
        connection.executemany("DELETE FROM vectors WHERE vector_key = ?", bad)
    return len(bad)


def prune(catalog: Catalog, floor: int) -> None:
    """Remove the rows that no reader at revision `floor` or later can see.

    Earlier versions of an article stay as long as the article does. Vectors that no chunk uses
    stay for the revision after the one that made them, for a write that died to find again.
    """
    with catalog.transaction() as connection:
        for sql in (
            "DELETE FROM chunks WHERE removed_revision <= :floor",
            "DELETE FROM articles WHERE removed_revision <= :floor AND article_id NOT IN"
            " (SELECT article_id FROM articles"
            " WHERE removed_revision IS NULL OR removed_revision > :floor)",
            "DELETE FROM vectors WHERE added_revision <= :floor AND vector_key NOT IN"
            " (SELECT vector_key FROM chunks)",
        ):
            connection.execute(sql, {"floor": floor})


def rejections(catalog: Catalog) -> list[Rejection]:
    """What was turned away and not accepted since, by path."""
    with catalog.connection() as connection:
        rows = connection.execute("SELECT path, reason FROM rejections ORDER BY path").fetchall()
    return [Rejection(path=path, reason=reason) for path, reason in rows]


def forgive(catalog: Catalog, paths: Iterable[str]) -> None:
    """Forget that these paths were rejected."""
    with catalog.transaction() as connection:
        connection.executemany("DELETE FROM rejections WHERE path = ?", [(path,) for path in paths])
