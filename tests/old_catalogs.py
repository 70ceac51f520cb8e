"""Catalogs as versions before this one wrote them, made from their own table definitions."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from rag.catalog import digest

_META = """CREATE TABLE meta (
    catalog_id TEXT NOT NULL, revision INTEGER NOT NULL, embedder_name TEXT NOT NULL,
    fingerprint TEXT NOT NULL, dimensions INTEGER NOT NULL, chunking TEXT NOT NULL);"""
_CHUNKS = """
CREATE TABLE vectors (
    vector_key TEXT PRIMARY KEY, added_revision INTEGER NOT NULL,
    vector BLOB NOT NULL, crc INTEGER NOT NULL);
CREATE TABLE chunks (
    chunk_key INTEGER PRIMARY KEY AUTOINCREMENT, chunk_id TEXT NOT NULL,
    article_key INTEGER NOT NULL REFERENCES articles,
    added_revision INTEGER NOT NULL, removed_revision INTEGER,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, header TEXT NOT NULL,
    vector_key TEXT NOT NULL, row_hash TEXT NOT NULL);
CREATE TABLE rejections (path TEXT PRIMARY KEY, reason TEXT NOT NULL) WITHOUT ROWID;"""
_FETCHES = """
CREATE TABLE fetches (
    url TEXT PRIMARY KEY, etag TEXT NOT NULL, last_modified TEXT NOT NULL,
    fetched_at TEXT NOT NULL) WITHOUT ROWID;"""
_KEYS = """
CREATE TABLE articles (
    article_key INTEGER PRIMARY KEY AUTOINCREMENT,
    article_id TEXT NOT NULL, added_revision INTEGER NOT NULL, removed_revision INTEGER,"""
_DETAILED = f"""{_META}{_KEYS}
    day INTEGER, publisher_key TEXT NOT NULL, content_hash TEXT NOT NULL, rest_hash TEXT NOT NULL,
    facts_hash TEXT NOT NULL, title TEXT NOT NULL, publisher TEXT NOT NULL, author TEXT NOT NULL,
    published TEXT, modified TEXT, url TEXT NOT NULL, topics TEXT NOT NULL, source TEXT NOT NULL,
    signature BLOB, details TEXT NOT NULL,
    text TEXT NOT NULL, original TEXT NOT NULL, removals TEXT NOT NULL);{_CHUNKS}{_FETCHES}"""

LAYOUTS: dict[str, tuple[int, str]] = {
    "1, text before hashes": (1, f"""{_META}{_KEYS}
    title TEXT NOT NULL, publisher TEXT NOT NULL, author TEXT NOT NULL, published TEXT,
    modified TEXT, url TEXT NOT NULL, topics TEXT NOT NULL, text TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    source TEXT NOT NULL, original TEXT NOT NULL, removals TEXT NOT NULL, rest_hash TEXT NOT NULL,
    day INTEGER, publisher_key TEXT NOT NULL);{_CHUNKS}"""),
    "1, text last": (1, f"""{_META}{_KEYS}
    day INTEGER, publisher_key TEXT NOT NULL, content_hash TEXT NOT NULL, rest_hash TEXT NOT NULL,
    title TEXT NOT NULL, publisher TEXT NOT NULL, author TEXT NOT NULL, published TEXT,
    modified TEXT, url TEXT NOT NULL, topics TEXT NOT NULL, source TEXT NOT NULL,
    text TEXT NOT NULL, original TEXT NOT NULL, removals TEXT NOT NULL);{_CHUNKS}"""),
    "2, without habits": (2, _DETAILED),
    "2, without notes": (2, _DETAILED + """
CREATE TABLE habits (
    publisher_key TEXT NOT NULL, line TEXT NOT NULL,
    PRIMARY KEY (publisher_key, line)) WITHOUT ROWID;"""),
}  # fmt: skip
"""The format that each layout named, and its tables; some changed within one format."""


def write(path: Path, layout: str, articles: Sequence[tuple[str, str, int, int | None]]) -> None:
    """Make a catalog at revision 2.

    Args:
        path: of the file.
        layout: one of `LAYOUTS`.
        articles: id, text, and the revisions that added and removed each.
    """
    number, tables = LAYOUTS[layout]
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as made:
        made.executescript(
            f"{tables} PRAGMA application_id = {0x4E657773}; PRAGMA user_version = {number};"
        )
        made.execute("INSERT INTO meta VALUES ('c', 2, 'm', 'hashed-words', 64, '{}')")
        names = [row[1] for row in made.execute("PRAGMA table_info(articles)")]
        for article_id, text, added, removed in articles:
            content = [
                article_id,
                f"On {article_id}",
                "Desk",
                "",
                "2023-05-04",
                None,
                "",
                "[]",
                text,
            ]
            known = dict.fromkeys(names, "") | {
                "article_key": None, "article_id": article_id, "added_revision": added,
                "removed_revision": removed, "title": content[1], "publisher": "Desk",
                "published": "2023-05-04", "modified": None, "topics": "[]", "text": text,
                "content_hash": digest(content), "source": f"/news/{article_id}.md",
                "original": text, "removals": "[]", "details": "{}", "day": 0,
            }  # fmt: skip
            row = [known[name] for name in names]
            made.execute(f"INSERT INTO articles VALUES ({', '.join('?' * len(row))})", row)
        made.commit()
