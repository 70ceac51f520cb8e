"""The catalog: one SQLite file that is the source of truth for everything stored.

Rows carry the revision that added them and, once dead, the one that removed them, so that a
reader of revision R goes on seeing exactly R while later ones are written. This file opens and
checks the catalog; `revision.py` reads it, `changes.py` writes the next revision.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import shlex
import sqlite3
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

from rag.disk import refused, sync
from rag.errors import IndexBusy, IndexDamaged, IndexMismatch, IndexMissing

FILE_NAME = "catalog.sqlite"
FORMAT = 2
"""Raised with each change of the tables or of a generation's files."""
_APPLICATION_ID = 0x4E657773  # "News", so that `file` and we know the file for what it is
_BUSY_TIMEOUT = 30.0
"""Seconds that SQLite waits, for instance while another process recovers the log after a crash."""
_SHARED = ("mode=rw", "NORMAL")
_ALONE = ("mode=rw", "EXCLUSIVE")
_AS_IT_IS = ("mode=ro&immutable=1", "NORMAL")
_NO_ROOM = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL}
_SYSTEM_CODES = {
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_READONLY: errno.EACCES,
    sqlite3.SQLITE_PERM: errno.EACCES,
}

# Long columns come last, and what filters and counts look at is in the indexes: SQLite would have
# to walk through all the text to reach what stands behind it.
_TABLES = """
CREATE TABLE meta (
    catalog_id TEXT NOT NULL, revision INTEGER NOT NULL, embedder_name TEXT NOT NULL,
    fingerprint TEXT NOT NULL, dimensions INTEGER NOT NULL, chunking TEXT NOT NULL);
CREATE TABLE articles (
    article_key INTEGER PRIMARY KEY AUTOINCREMENT,
    article_id TEXT NOT NULL, added_revision INTEGER NOT NULL, removed_revision INTEGER,
    day INTEGER, publisher_key TEXT NOT NULL, content_hash TEXT NOT NULL, rest_hash TEXT NOT NULL,
    facts_hash TEXT NOT NULL, title TEXT NOT NULL, publisher TEXT NOT NULL, author TEXT NOT NULL,
    published TEXT, modified TEXT, url TEXT NOT NULL, topics TEXT NOT NULL, source TEXT NOT NULL,
    signature BLOB, details TEXT NOT NULL,
    text TEXT NOT NULL, original TEXT NOT NULL, removals TEXT NOT NULL);
CREATE UNIQUE INDEX article_version ON articles (article_id, added_revision);
CREATE INDEX article_filter ON articles
    (day, publisher_key, article_id, added_revision, removed_revision);
CREATE TABLE vectors (
    vector_key TEXT PRIMARY KEY, added_revision INTEGER NOT NULL,
    vector BLOB NOT NULL, crc INTEGER NOT NULL);
CREATE TABLE chunks (
    chunk_key INTEGER PRIMARY KEY AUTOINCREMENT, chunk_id TEXT NOT NULL,
    article_key INTEGER NOT NULL REFERENCES articles,
    added_revision INTEGER NOT NULL, removed_revision INTEGER,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, header TEXT NOT NULL,
    notes TEXT NOT NULL,
    vector_key TEXT NOT NULL, row_hash TEXT NOT NULL);
CREATE INDEX chunk_article ON chunks (article_key, added_revision, removed_revision);
CREATE INDEX chunk_vector ON chunks (vector_key);
CREATE TABLE habits (
    publisher_key TEXT NOT NULL, line TEXT NOT NULL,
    PRIMARY KEY (publisher_key, line)) WITHOUT ROWID;
CREATE TABLE rejections (path TEXT PRIMARY KEY, reason TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE fetches (
    url TEXT PRIMARY KEY, etag TEXT NOT NULL, last_modified TEXT NOT NULL,
    fetched_at TEXT NOT NULL) WITHOUT ROWID;
"""
_TABLE_NAMES = {"meta", "articles", "vectors", "chunks", "rejections", "fetches", "habits"}

_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=repr)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedderFacts:
    """Which model made the vectors of an index."""

    name: str
    """As `embedder.model` has it."""
    fingerprint: str
    """Names the model and its weights' hash; vectors of two fingerprints are never compared."""
    dimensions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Meta:
    """What holds for the whole catalog."""

    catalog_id: str
    """Random, made with the file: tells a catalog from another one put in its place."""
    revision: int
    """Of the last completed write; 0 when there was none."""
    embedder: EmbedderFacts
    chunking: dict[str, Any]


class Catalog:
    """An open catalog; thread-safe for reading.

    Made by `open` or `create`. `close()` it, or use it as a context manager.
    """

    def __init__(self, path: Path, *, writable: bool = False) -> None:
        self.path = path
        self._writable = writable
        self._idle: deque[sqlite3.Connection] = deque()
        self._turns = threading.Lock()
        self._closed = False

    @classmethod
    def open(cls, path: Path, *, writable: bool = False) -> Self:
        """Open an existing catalog, after a look at its format and tables.

        Raises:
            IndexMissing: there is none, or its creation never finished.
            IndexDamaged: SQLite cannot read it, or tables are missing.
            IndexMismatch: it is in another format, or another program's file.
        """
        if not path.is_file():
            raise _missing(path)
        catalog = cls(path, writable=writable)
        try:
            with catalog.connection() as connection:
                _check_format(connection, path)
        except BaseException:
            catalog.close()
            raise
        return catalog

    @classmethod
    def create(cls, path: Path, embedder: EmbedderFacts, chunking: dict[str, Any]) -> Self:
        """Make an empty catalog at revision 0, in one transaction, and open it for writing.

        Raises:
            IndexDamaged: something else than an empty file is in its place.
        """
        with explained(path), closing(sqlite3.connect(path, isolation_level=None)) as made:
            made.execute("PRAGMA journal_mode = WAL")
            made.execute("PRAGMA synchronous = FULL")
            made.executescript(
                f"BEGIN IMMEDIATE; {_TABLES} PRAGMA application_id = {_APPLICATION_ID};"
                f"PRAGMA user_version = {FORMAT};"
            )
            made.execute(
                "INSERT INTO meta VALUES (?, 0, ?, ?, ?, ?)",
                (
                    secrets.token_hex(8),
                    embedder.name,
                    embedder.fingerprint,
                    embedder.dimensions,
                    canonical(chunking),
                ),
            )
            made.execute("COMMIT")
        sync(path.parent)
        return cls.open(path, writable=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection; one that a thread is still using closes when it is done."""
        self._closed = True
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """A connection for the calling thread, in autocommit mode.

        Raises:
            IndexDamaged: SQLite finds the file malformed.
            IndexBusy: another process keeps it locked.
            RagError: the disk refuses.
        """
        with explained(self.path):
            try:
                connection, lasting = self._idle.pop(), True
            except IndexError:
                connection, lasting = self._connect()
            try:
                yield connection
            finally:
                if connection.in_transaction:
                    connection.rollback()
                if self._closed or not lasting:
                    connection.close()
                else:
                    self._idle.append(connection)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A connection in a write transaction: committed at the end, undone by an exception.

        Threads of this process take turns.
        """
        with self._turns, self.connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")

    def meta(self) -> Meta:
        """What holds for the whole catalog, at its last completed write."""
        with self.connection() as connection:
            rows = connection.execute(
                "SELECT catalog_id, revision, embedder_name, fingerprint, dimensions, chunking"
                " FROM meta"
            ).fetchall()
        try:
            ((catalog_id, revision, name, fingerprint, dimensions, chunking),) = rows
            return Meta(
                catalog_id=catalog_id,
                revision=int(revision),
                embedder=EmbedderFacts(name=name, fingerprint=fingerprint, dimensions=dimensions),
                chunking=json.loads(chunking),
            )
        except ValueError:
            raise damaged(self.path, "its meta row cannot be read") from None

    def _connect(self) -> tuple[sqlite3.Connection, bool]:
        """A new connection, and whether it may be used again."""
        # A folder that cannot be written has no place for SQLite's log: read the file as it is.
        effective = os.access in os.supports_effective_ids
        fixed = not os.access(self.path.parent, os.W_OK, effective_ids=effective)
        if fixed and not self._writable:
            return self._opened(_AS_IT_IS), True
        try:
            return self._opened(_SHARED), True
        except sqlite3.OperationalError as error:
            if self._writable or _code(error) not in _NO_ROOM:
                raise
        # A full disk has no place for the log and its index either. A log that was left is read
        # through an index in memory, which keeps others out: for one use, no longer.
        log = self.path.with_name(f"{self.path.name}-wal")
        left = log.exists() and log.stat().st_size > 0
        return self._opened(_ALONE if left else _AS_IT_IS), False

    def _opened(self, way: tuple[str, str]) -> sqlite3.Connection:
        mode, locking = way
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?{mode}",
            uri=True,
            timeout=_BUSY_TIMEOUT,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            connection.execute(f"PRAGMA locking_mode = {locking}")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            if not self._writable:
                connection.execute("PRAGMA query_only = ON")
            connection.execute("SELECT 1 FROM sqlite_master").fetchone()
        except BaseException:
            connection.close()
            raise
        return connection


def canonical(value: Any) -> str:
    """The one JSON text of a value, for storing and hashing."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(values: Sequence[Any]) -> str:
    """The SHA-256 of a row's values: what is read from a flipped disk does not match its own."""
    return sha256(_JSON.encode(list(values)).encode()).hexdigest()


def damaged(path: Path, what: str) -> IndexDamaged:
    """The error for a catalog that is not what was written."""
    return IndexDamaged(
        f"{path}: the catalog is damaged ({what}); restore it from a back-up, or remove the "
        f"folder {path.parent} and ingest again"
    )


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn SQLite's errors about the file `path` into ours."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise _translated(path, error) from error


def _translated(path: Path, error: sqlite3.DatabaseError) -> Exception:
    code = _code(error)
    if type(error) not in (sqlite3.DatabaseError, sqlite3.OperationalError):
        return error
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR):
        return damaged(path, f"{error}; a disk that fails for a moment looks the same: try again")
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return IndexBusy(f"{path}: another process keeps the catalog locked; try again")
    return refused(path, _SYSTEM_CODES.get(code, 0), str(error))


def _code(error: sqlite3.DatabaseError) -> int:
    """SQLite's primary result code."""
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)) & 0xFF


def _missing(path: Path) -> IndexMissing:
    return IndexMissing(
        f"{path.parent}: nothing has been ingested into this folder; run `rag ingest PATH`"
    )


def _way_on(path: Path, version: int) -> str:
    """What to do about a catalog of another format."""
    if version > FORMAT:
        return "use the newer version that wrote it"
    folder = path.parent.absolute()
    new = folder.with_name(f"{folder.name}-format-{FORMAT}")
    given = shlex.join([str(folder / path.name), "--index", str(new)])
    return f"run `rag ingest {given}`, which stores its articles in a new index, and use that one"


def _check_format(connection: sqlite3.Connection, path: Path) -> None:
    application, version = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("application_id", "user_version")
    )
    tables = {
        name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")
    }
    if not tables and not application:
        raise _missing(path)
    if application != _APPLICATION_ID:
        raise damaged(path, "it is not marked as a catalog of Newsdesk")
    if version != FORMAT:
        raise IndexMismatch(
            f"{path}: the index is in format {version}, this Newsdesk reads format {FORMAT}; "
            f"{_way_on(path, version)}"
        )
    if lost := _TABLE_NAMES - tables:
        raise damaged(path, f"no table {', '.join(sorted(lost))}")
