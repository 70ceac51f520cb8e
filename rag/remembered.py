"""Vectors of the sentences that were embedded lately: many questions are about the same news."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Vectors = np.ndarray[Any, np.dtype[np.float32]]

MOST = 20_000
"""Texts whose vectors are kept, some 40 MB of them."""
LONGEST = 2_000
"""Characters of a text that is kept."""


class Remembered:
    """Embeds a text once and then knows its vector. Safe to share between threads."""

    def __init__(self, embed: Callable[[Sequence[str]], Vectors], most: int = MOST) -> None:
        """Take what embeds, and how many texts are kept: those that were used last."""
        self._embed = embed
        self._most = most
        self._known: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """Texts to vectors, a row each: (n, dimensions)."""
        with self._lock:
            found = {text: self._known[text] for text in texts if text in self._known}
        new = list(dict.fromkeys(text for text in texts if text not in found))
        if new or not texts:
            fresh = self._embed(new)
            if not texts:
                return fresh
            found |= zip(new, fresh, strict=True)
        self._keep(found)
        return np.stack([found[text] for text in texts])

    def _keep(self, found: dict[str, Vectors]) -> None:
        """A row is copied: it would keep all that it was embedded with."""
        with self._lock:
            for text, vector in found.items():
                if text not in self._known and len(text) <= LONGEST:
                    self._known[text] = vector.copy()
                elif text in self._known:
                    self._known.move_to_end(text)
            while len(self._known) > self._most:
                self._known.popitem(last=False)
