"""Stand-ins for what is slow or random in the real thing."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np


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
