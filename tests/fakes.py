"""Stand-ins for what is slow or random in the real thing."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator, Sequence
from hashlib import blake2b

import numpy as np

from rag.errors import ModelError
from rag.reader import Reading


class HashEmbedder:
    """Hashed bag of words: texts that share words are near, and every process agrees.

    `calls` and `embedded` count the calls of `embed` and the texts that they were given.
    """

    max_tokens = 256

    def __init__(self, dimensions: int = 64, name: str = "hashed-words") -> None:
        self.name = name
        self.dimensions = dimensions
        self.fingerprint = f"{name} {dimensions} dimensions"
        self.calls = 0
        self.embedded = 0
        self._lock = threading.Lock()

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        with self._lock:
            self.calls += 1
            self.embedded += len(texts)
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for word in _words(text) or [""]:
                place, sign = self._place(word)
                row[place] += sign
            if not row.any():
                row[0] = 1.0
            row /= np.linalg.norm(row)
        return vectors

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def _place(self, word: str) -> tuple[int, float]:
        number = int.from_bytes(blake2b(word.encode(), digest_size=8).digest(), "big")
        return number % self.dimensions, 1.0 if number >> 63 else -1.0


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


class ScriptedLLM:
    """A language model that streams prepared drafts, one per call, and records its prompts.

    The last draft is repeated once they run out; a `ModelError` among them is raised in its turn.
    Speaks as `rag.llm.LanguageModel` does.
    """

    name = "scripted"
    embedded = False
    """Whether it is held to what the embedded model is."""

    def __init__(
        self,
        *drafts: str | ModelError,
        context_window: int = 8192,
        max_tokens: int = 512,
        pause: float = 0.0,
    ) -> None:
        self.context_window = context_window
        self.max_tokens = max_tokens
        self.prompts: list[list[tuple[str, str]]] = []
        self.warmed = 0
        self.closed = False
        self.cancelled = threading.Event()
        """Set when an iterator was closed, or stopped, before its draft was out."""
        self._drafts = drafts or ("",)
        self._pause = pause
        self._lock = threading.Lock()

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def warm_up(self, prefix: Sequence[tuple[str, str]] = ()) -> None:
        self.warmed += 1

    def stream(
        self,
        messages: Sequence[tuple[str, str]],
        *,
        max_tokens: int | None = None,
        stop: threading.Event | None = None,
    ) -> Iterator[str]:
        with self._lock:
            draft = self._drafts[min(len(self.prompts), len(self._drafts) - 1)]
            self.prompts.append(list(messages))
        if isinstance(draft, ModelError):
            raise draft
        whole = False
        try:
            for piece in re.findall(r"\s*\S+\s*$|\s*\S+", draft)[: max_tokens or self.max_tokens]:
                if stop and stop.is_set():
                    return
                if self._pause:
                    time.sleep(self._pause)
                yield piece
            whole = True
        finally:
            if not whole:
                self.cancelled.set()

    def close(self) -> None:
        self.closed = True


class WordReader:
    """A reader that looks for one word: `found` where a sentence holds it, else `missed`.

    `read_of` lists what it was asked to read: questions with their sentences.
    """

    fingerprint = "word-reader"

    def __init__(self, word: str, *, found: float = 30.0, missed: float = -1.0) -> None:
        self.read_of: list[tuple[str, list[tuple[str, str, str]]]] = []
        self._word = word
        self._found = found
        self._missed = missed

    def warm_up(self) -> None:
        pass

    def read(self, question: str, sentences: Sequence[tuple[str, str, str]]) -> list[Reading]:
        self.read_of.append((question, list(sentences)))
        places = [text.find(self._word) for _, _, text in sentences]
        return [
            Reading(self._missed, 0, 0.0) if at < 0 else Reading(self._found, at, 1.0)
            for at in places
        ]
