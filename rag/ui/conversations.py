"""Conversations kept on this machine: one SQLite file beside the index, each owner's apart.

No method sees what belongs to another owner: a foreign key is one that there is not.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from rag import disk
from rag.errors import RagError
from rag.schema import Answer, Filters
from rag.ui.conversation import Conversation, Exchange
from rag.ui.markup import shorten
from rag.ui.restore import restored
from rag.ui.why import Limits

FORMAT = 1
_BUSY = 10.0
"""Seconds to wait for another process that writes."""
_LONGEST_TITLE = 120
_TABLES = """
CREATE TABLE conversations (
    key TEXT PRIMARY KEY, owner TEXT NOT NULL, title TEXT NOT NULL, version INTEGER NOT NULL,
    changed TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX of_owner ON conversations (owner, changed);
CREATE TABLE exchanges (
    key TEXT NOT NULL REFERENCES conversations ON DELETE CASCADE, number INTEGER NOT NULL,
    words TEXT NOT NULL, content TEXT NOT NULL, PRIMARY KEY (key, number)) WITHOUT ROWID;
"""


_LISTED = """
SELECT key, title, changed, questions FROM conversations JOIN (
    SELECT key, count(*) AS questions, group_concat(words, char(10)) AS said
    FROM exchanges GROUP BY key) USING (key)
WHERE owner = ?"""
_HOLDS = " AND (instr(folded(title), ?) OR instr(said, ?))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A conversation in a list."""

    key: str
    title: str
    changed: str
    """ISO 8601, UTC."""
    questions: int


class Store(Protocol):
    """What keeps conversations: `Conversations`, or an `Archive` of several collections."""

    def save(self, owner: str, conversation: Conversation) -> Conversation:
        """See `Conversations.save`."""
        ...

    def load(self, owner: str, key: str) -> Conversation | None:
        """See `Conversations.load`."""
        ...

    def listed(self, owner: str, words: str = "", most: int = 200) -> list[Listed]:
        """See `Conversations.listed`."""
        ...

    def rename(self, owner: str, key: str, title: str) -> bool:
        """See `Conversations.rename`."""
        ...

    def delete(self, owner: str, key: str) -> bool:
        """See `Conversations.delete`."""
        ...


def conversations_file(index: Path) -> Path:
    """Where the conversations about the collection in the folder `index` are kept.

    Beside it, not in it: an index can be thrown away and made again, what was said cannot.
    """
    return index.with_name(f"{index.name}.conversations.sqlite")


class Conversations:
    """The store. Its methods may be called from any thread, and by several processes."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it, for this user's eyes only.

        Raises:
            RagError: it cannot be opened, is no such file, or was made by another version.
        """
        self._path = path
        self._lock = threading.Lock()
        with disk.explained(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        with self._explained():
            self._connection = sqlite3.connect(
                path, timeout=_BUSY, isolation_level=None, check_same_thread=False
            )
            for pragma in ("journal_mode=WAL", "foreign_keys=ON", "secure_delete=ON"):
                self._connection.execute(f"PRAGMA {pragma}")
            self._prepare()

    def save(self, owner: str, conversation: Conversation) -> Conversation:
        """Keep a conversation as it is now; returns it with its key and version.

        Where another page has gone on with it meanwhile, or it was deleted, it is kept under a key
        of its own: neither page loses anything. An empty one is not kept.
        """
        if not conversation.exchanges:
            return conversation
        with self._transaction() as connection:
            found = self._own(owner, conversation.key)
            if found is None or found[1] != conversation.version:
                conversation = replace(conversation, key=secrets.token_urlsafe(12), version=0)
            kept = replace(conversation, version=conversation.version + 1)
            connection.execute(
                "INSERT INTO conversations VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE "
                "SET version = excluded.version, changed = excluded.changed",
                (kept.key, owner, _title(kept), kept.version, _now()),
            )
            connection.execute("DELETE FROM exchanges WHERE key = ?", (kept.key,))
            rows = [(kept.key, one.number, _words(one), _content(one)) for one in kept.exchanges]
            connection.executemany("INSERT INTO exchanges VALUES (?, ?, ?, ?)", rows)
        return kept

    def load(self, owner: str, key: str) -> Conversation | None:
        """One conversation of this owner; None where there is no such one."""
        with self._reading() as connection:
            found = self._own(owner, key)
            query = "SELECT content FROM exchanges WHERE key = ? ORDER BY number"
            rows = connection.execute(query, (key,)).fetchall() if found else []
        if found is None:
            return None
        exchanges = tuple(_exchange(json.loads(content)) for (content,) in rows)
        return Conversation(exchanges, key=key, version=found[1], title=found[0])

    def listed(self, owner: str, words: str = "", most: int = 200) -> list[Listed]:
        """This owner's conversations, the last changed first, at most `most`.

        Each of `words` must stand in the title, a question or an answer, in any case.
        """
        wanted = words.casefold().split()[:12]
        query = f"{_LISTED}{_HOLDS * len(wanted)} ORDER BY changed DESC, key LIMIT ?"
        given = [word for word in wanted for _ in range(2)]
        with self._reading() as connection:
            rows = connection.execute(query, (owner, *given, most)).fetchall()
        return [
            Listed(key=key, title=title, changed=changed, questions=questions)
            for key, title, changed, questions in rows
        ]

    def rename(self, owner: str, key: str, title: str) -> bool:
        """Give it another title; False where there is none of that key, or the title is empty."""
        title = shorten(title, _LONGEST_TITLE)
        query = "UPDATE conversations SET title = ? WHERE key = ? AND owner = ?"
        with self._transaction() as connection:
            done = connection.execute(query, (title, key, owner)) if title else None
        return done is not None and done.rowcount == 1

    def delete(self, owner: str, key: str) -> bool:
        """Delete it and overwrite its place in the file; False where there is none of that key."""
        query = "DELETE FROM conversations WHERE key = ? AND owner = ?"
        with self._transaction() as connection:
            done = connection.execute(query, (key, owner))
        return done.rowcount == 1

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _own(self, owner: str, key: str) -> tuple[str, int] | None:
        query = "SELECT title, version FROM conversations WHERE key = ? AND owner = ?"
        found: tuple[str, int] | None = self._connection.execute(query, (key, owner)).fetchone()
        return found

    def _prepare(self) -> None:
        self._connection.create_function("folded", 1, _folded, deterministic=True)
        self._connection.execute("BEGIN IMMEDIATE")
        (found,) = self._connection.execute("PRAGMA user_version").fetchone()
        if found == 0:
            for statement in filter(str.strip, _TABLES.split(";")):
                self._connection.execute(statement)
            self._connection.execute(f"PRAGMA user_version = {FORMAT}")
        self._connection.execute("COMMIT")
        if found not in (0, FORMAT):
            raise RagError(
                f"{self._path}: made by another version (format {found}, not {FORMAT}); use that "
                "version, or move the file away"
            )

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._explained(), self._lock:
            yield self._connection

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise RagError(
                f"{self._path}: conversations cannot be kept or read ({error}); see that the disk "
                "has room and the file may be written, or move the file away"
            ) from None


def _title(conversation: Conversation) -> str:
    return conversation.title or shorten(conversation.exchanges[0].question, _LONGEST_TITLE)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")


def _folded(text: str) -> str:
    return text.casefold()


def _words(exchange: Exchange) -> str:
    """What a search looks through."""
    said = exchange.answer.sentences if exchange.answer else ()
    return _folded("\n".join([exchange.question, *(one.text for one in said)]))


def _content(exchange: Exchange) -> str:
    return json.dumps(exchange_dict(exchange), ensure_ascii=False)


def exchange_dict(exchange: Exchange) -> dict[str, Any]:
    """Everything about an exchange, ready for JSON."""
    return {
        "number": exchange.number,
        "question": exchange.question,
        "answer": exchange.answer.to_dict() if exchange.answer else None,
        "problem": exchange.problem,
        "stopped": exchange.stopped,
        "filters": exchange.limits.filters.to_dict(),
        "without": list(exchange.limits.without),
        "topics": list(exchange.limits.topics),
        "marks": [list(mark) for mark in exchange.marks],
    }


def _exchange(content: dict[str, Any]) -> Exchange:
    answer = content["answer"]
    limits = Limits(
        filters=restored(Filters, content["filters"]),
        without=tuple(content["without"]),
        topics=tuple(content["topics"]),
    )
    return Exchange(
        number=content["number"],
        question=content["question"],
        answer=restored(Answer, answer) if answer else None,
        problem=content["problem"],
        stopped=content["stopped"],
        limits=limits,
        marks=tuple((number, right) for number, right in content["marks"]),
    )
