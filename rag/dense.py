"""The dense index of a generation: exact inner product over unit vectors, by FAISS."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from rag.rows import Keys, Vector

KIND = "IDMap2,Flat"
"""FAISS's name for the index type; exact, and takes our own ids and id filters."""
_BLOCK = 4096
"""Vectors added at a time."""


class Builder:
    """Collects (chunk key, unit vector) pairs and writes them as a dense index."""

    def __init__(self, dimensions: int) -> None:
        import faiss

        self._index = faiss.IndexIDMap2(faiss.IndexFlatIP(dimensions))
        self._keys: list[int] = []
        self._vectors: list[Vector] = []

    def add(self, key: int, vector: Vector) -> None:
        """Take one more; each key once."""
        self._keys.append(key)
        self._vectors.append(vector)
        if len(self._keys) == _BLOCK:
            self._flush()

    def write(self, path: Path) -> int:
        """Write the index to a file; how many vectors it holds."""
        import faiss

        self._flush()
        faiss.write_index(self._index, str(path))
        return int(self._index.ntotal)

    def _flush(self) -> None:
        if self._keys:
            keys = np.array(self._keys, dtype=np.int64)
            self._index.add_with_ids(np.stack(self._vectors), keys)
            self._keys, self._vectors = [], []


class Dense:
    """A dense index opened for searching; immutable and thread-safe."""

    def __init__(self, path: Path) -> None:
        import faiss

        self._index = faiss.read_index(str(path))

    @property
    def chunks(self) -> int:
        """How many vectors are indexed."""
        return int(self._index.ntotal)

    @property
    def dimensions(self) -> int:
        """Of each vector."""
        return int(self._index.d)

    def search(self, vector: Vector, depth: int, allowed: Keys | None) -> list[tuple[int, float]]:
        """The `depth` nearest chunks, best first.

        Args:
            vector: of the query, unit length, shape (dimensions,) or (1, dimensions).
            depth: how many at most.
            allowed: the chunk keys that may be found; None lets all through.

        Returns:
            Chunk keys with inner products; equal ones in the order of their keys.
        """
        import faiss

        depth = min(depth, self.chunks if allowed is None else len(allowed))
        if depth < 1:
            return []
        query = np.ascontiguousarray(vector, dtype=np.float32).reshape(1, self.dimensions)
        chosen = None
        if allowed is not None:
            selector = faiss.IDSelectorBatch(allowed)
            chosen = faiss.SearchParameters()
            chosen.sel = selector
        scores, keys = self._index.search(query, depth, params=chosen)
        hits = [
            (int(key), float(score))
            for key, score in zip(keys[0], scores[0], strict=True)
            if key != -1
        ]
        return sorted(hits, key=lambda hit: (-hit[1], hit[0]))
