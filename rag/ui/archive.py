"""The conversations of each collection, in a file beside it: those of the open one are listed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from rag.errors import RagError
from rag.ui.conversation import Conversation
from rag.ui.conversations import Conversations, Listed, conversations_file
from rag.ui.shelf import Shelf


class Archive:
    """Keeps conversations as `Conversations` does, each in the file of its collection.

    One file is open at a time: that of the open collection, which cannot be deleted.
    """

    def __init__(self, shelf: Shelf) -> None:
        """Open the file of the open collection, or make it.

        Raises:
            RagError: as of `Conversations`.
        """
        self._shelf = shelf
        self._lock = threading.RLock()
        self._opened: tuple[Path, Conversations] | None = None
        with self._current():
            pass

    def save(self, owner: str, conversation: Conversation) -> Conversation:
        """As `Conversations.save`, in the collection that it was begun in."""
        folder = conversation.collection
        if not folder or folder == self._shelf.folder.name:
            with self._current() as store:
                return store.save(owner, conversation)
        if folder not in {one.folder for one in self._shelf.all()}:
            raise RagError("the collection of this conversation was deleted; it is not kept")
        with closing(Conversations(conversations_file(self._shelf.parent / folder))) as store:
            return store.save(owner, conversation)

    def load(self, owner: str, key: str) -> Conversation | None:
        """As `Conversations.load`, of the open collection."""
        with self._current() as store:
            found = store.load(owner, key)
            return replace(found, collection=self._shelf.folder.name) if found else None

    def listed(self, owner: str, words: str = "", most: int = 200) -> list[Listed]:
        """As `Conversations.listed`, of the open collection."""
        with self._current() as store:
            return store.listed(owner, words, most)

    def rename(self, owner: str, key: str, title: str) -> bool:
        """As `Conversations.rename`, of the open collection."""
        with self._current() as store:
            return store.rename(owner, key, title)

    def delete(self, owner: str, key: str) -> bool:
        """As `Conversations.delete`, of the open collection."""
        with self._current() as store:
            return store.delete(owner, key)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._opened:
                self._opened[1].close()
            self._opened = None

    @contextmanager
    def _current(self) -> Iterator[Conversations]:
        """The store of the open collection, which stays open until another one is chosen."""
        with self._lock:
            folder = self._shelf.folder
            if self._opened is None or self._opened[0] != folder:
                self.close()
                self._opened = (folder, Conversations(conversations_file(folder)))
            yield self._opened[1]
