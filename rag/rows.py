"""The rows of the catalog: how articles, chunks and vectors are written, and known again when read.

SQLite notices a broken page, not a changed byte: each row carries a hash of what was written.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rag.catalog import Catalog, canonical, damaged, digest
from rag.errors import IndexDamaged
from rag.schema import Article, ArticleFacts, Note, Removal

Vector = npt.NDArray[np.float32]
Keys = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
"""Of a revision's chunks, in the order of their keys, those that may be found."""

CONTENT = "article_id, title, publisher, author, published, modified, url, topics, text"
"""The columns that make a version of an article; their hash is its `content_hash`."""
REST = "source, details, original, removals"
"""The columns that may change without making a new version; `details` is a JSON object."""
FACTS = "article_id, title, publisher, author, published, modified, url, topics, source, details"
"""The columns that are read without the text; their hash is the `facts_hash`."""

_NO_NOTES = "[]"
"""What is stored of a chunk without notes."""
_BESIDE_CHUNKS = (
    "SELECT article_key, article_id, title, publisher, published, url, (SELECT count(*)"
    " FROM articles b WHERE b.article_id = a.article_id AND b.added_revision < a.added_revision"
    " AND (b.original <> a.original OR (a.original = '' AND b.text <> a.text))), text"
    " FROM articles a WHERE article_key IN (SELECT value FROM json_each(?))"
)
"""What goes beside chunks of some articles. The count is of the versions that the source has since
replaced; one that was only cleaned anew is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkRow:
    """A stored chunk with the article facts that go beside it; `text` is the exact slice."""

    chunk_key: int
    chunk_id: str
    article_id: str
    start: int
    end: int
    text: str
    header: str = ""
    notes: tuple[Note, ...] = ()
    title: str = ""
    publisher: str = ""
    published: str | None = None
    url: str = ""
    earlier: int = 0
    """How many earlier versions of its article are kept."""


def storable(text: str) -> bool:
    """Whether text can be written as UTF-8: half a surrogate pair cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def packed_notes(notes: Sequence[Note]) -> str:
    """Notes as the catalog stores them."""
    return canonical([[note.start, note.end, note.meaning] for note in notes])


def unpacked_notes(stored: str, path: Path) -> tuple[Note, ...]:
    """The notes that `packed_notes` stored.

    Raises:
        IndexDamaged: they are not what was written.
    """
    if stored == _NO_NOTES:  # of most chunks: reading a whole catalog takes a twentieth less
        return ()
    try:
        rows = json.loads(stored)
        return tuple(Note(start=start, end=end, meaning=meaning) for start, end, meaning in rows)
    except (TypeError, ValueError):
        raise damaged(path, "the notes of a chunk cannot be read") from None


def packed(vector: Vector) -> bytes:
    """A vector as the catalog stores it: little-endian 32-bit floats."""
    return vector.astype("<f4").tobytes()


def unpacked(blob: bytes) -> Vector:
    """The vector that `packed` stored."""
    return np.frombuffer(blob, dtype="<f4").astype(np.float32, copy=False)


def day_number(day: date | None) -> int | None:
    """Days since 1970-01-01; None when unknown."""
    return None if day is None else day.toordinal() - date(1970, 1, 1).toordinal()


def day_of(number: int | None) -> date | None:
    """The day that `day_number` gives this number."""
    return None if number is None else date.fromordinal(number + date(1970, 1, 1).toordinal())


def publisher_key(name: str) -> str:
    """The form in which publishers compare."""
    return name.strip().casefold()


def content_of(article: Article) -> tuple[Any, ...]:
    """The values of the `CONTENT` columns."""
    return (
        article.article_id,
        article.title,
        article.publisher,
        article.author,
        article.published,
        article.modified,
        article.url,
        canonical(list(article.topics)),
        article.text,
    )


def rest_of(article: Article) -> tuple[str, str, str, str]:
    """The values of the `REST` columns."""
    details = {
        "published_origin": article.published_origin,
        "modified_origin": article.modified_origin,
        "partial": article.partial,
        "captions": list(article.captions),
    }
    removals = canonical([[removal.rule, removal.text] for removal in article.removals])
    return article.source, canonical(details), article.original, removals


def facts_hash(article: Article) -> str:
    """The hash of the `FACTS` columns."""
    return digest((*content_of(article)[:-1], *rest_of(article)[:2]))


def intact(row: Sequence[Any]) -> bool:
    """Whether `CONTENT, content_hash, REST, rest_hash` match; a rest_hash of None always does."""
    return digest(row[:9]) == row[9] and row[14] in (None, digest(row[10:14]))


def article_of(row: Sequence[Any], catalog: Catalog) -> Article:
    """The article in a row for `intact`.

    Raises:
        IndexDamaged: a hash does not match.
    """
    content, rest = row[:9], row[10:14]
    if not intact(row):
        raise _damaged_article(catalog, content[0])
    return Article(
        **_told(content[:8]),
        text=content[8],
        source=rest[0],
        **_details(rest[1]),
        original=rest[2],
        removals=tuple(Removal(rule=rule, text=cut) for rule, cut in json.loads(rest[3])),
    )


def facts_of(row: Sequence[Any], catalog: Catalog) -> ArticleFacts:
    """The facts in a row of `FACTS, facts_hash`.

    Raises:
        IndexDamaged: the hash does not match.
    """
    if digest(row[:10]) != row[10]:
        raise _damaged_article(catalog, row[0])
    known = _details(row[9])
    del known["captions"]
    return ArticleFacts(**_told(row[:8]), source=row[8], **known)


def _told(columns: Sequence[Any]) -> dict[str, Any]:
    """The eight columns that `CONTENT` and `FACTS` open with, as fields of an article."""
    names = "article_id title publisher author published modified url topics".split()
    known = dict(zip(names, columns, strict=True))
    known["topics"] = tuple(json.loads(known["topics"]))
    return known


def _details(text: str) -> dict[str, Any]:
    details: dict[str, Any] = json.loads(text)
    return {**details, "captions": tuple(details["captions"])}


def row_hash(chunk: ChunkRow, notes: str, vector_key: str) -> str:
    """What the catalog keeps beside a chunk, to know it again; `notes` are as stored."""
    return digest(
        (
            chunk.chunk_id,
            chunk.article_id,
            chunk.start,
            chunk.end,
            chunk.text,
            chunk.header,
            notes,
            chunk.title,
            chunk.publisher,
            chunk.published,
            chunk.url,
            vector_key,
        )
    )


def chunk_rows(
    connection: sqlite3.Connection, catalog: Catalog, keys: Sequence[int]
) -> dict[int, ChunkRow]:
    """The chunks of these keys, whatever their revision, each checked against its hash.

    Raises:
        IndexDamaged: a row is not what was written.
    """
    chosen = json.dumps(list(keys))
    chunks = connection.execute(
        'SELECT chunk_key, chunk_id, article_key, start, "end", header, notes, vector_key, row_hash'
        " FROM chunks WHERE chunk_key IN (SELECT value FROM json_each(?))",
        (chosen,),
    ).fetchall()
    articles = {
        key: facts
        for key, *facts in connection.execute(
            _BESIDE_CHUNKS,
            (json.dumps(sorted({row[2] for row in chunks})),),
        )
    }
    found: dict[int, ChunkRow] = {}
    for key, chunk_id, article_key, start, end, header, notes, vector_key, expected in chunks:
        try:
            article_id, title, publisher, published, url, earlier, text = articles[article_key]
            cut = text[start:end]
        except (KeyError, TypeError):
            raise damaged(catalog.path, f"chunk {key} points nowhere") from None
        row = ChunkRow(
            chunk_key=key,
            chunk_id=chunk_id,
            article_id=article_id,
            start=start,
            end=end,
            text=cut,
            header=header,
            notes=unpacked_notes(notes, catalog.path),
            title=title,
            publisher=publisher,
            published=published,
            url=url,
            earlier=earlier,
        )
        if row_hash(row, notes, vector_key) != expected:
            raise _damaged_article(catalog, article_id)
        found[key] = row
    return found


def _damaged_article(catalog: Catalog, article_id: object) -> IndexDamaged:
    return IndexDamaged(
        f"{catalog.path}: the stored article {article_id!r} is damaged; run "
        f"`rag remove {article_id}` and ingest it again"
    )
