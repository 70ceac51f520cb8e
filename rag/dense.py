"""The dense index of a generation: inner product over unit vectors, by FAISS.

Small collections are searched exactly. In larger ones each vector is packed into one bit a
dimension (RaBitQ, Gao and Long, SIGMOD 2024), all of the codes are scanned, and the vectors of the
best ones are scored exactly, so that scores are inner products in both. Vectors stand in the order
of their chunks' keys.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from rag.rows import Keys, Mask, Vector

EXACT = "Flat"
Stored = Callable[[Keys], Vector]
"""Gives the stored vectors of some chunks, whose keys ascend."""

_LISTS = 64
"""Codes are relative to the nearest of at most so many centres, which makes them finer; all lists
are searched."""
_TRAINING = 64
"""Vectors for each centre that it is found from."""
_MARGINS = (200, 800, 3200, 12_800)
"""How many more codes are looked at than hits are wanted: the first that is enough."""
_RECALL = 0.99
"""What is enough, on stored vectors; questions lie farther from all of them (see
docs/decisions.md)."""
_PROBES = 64
"""Stored vectors by which recall is measured when an index is built."""
_NEAREST = 10
_ROUNDING = 1e-5
"""How far two ways of multiplying may differ."""
_BLOCK = 4096
"""Vectors added at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DenseFacts:
    """How vectors are searched, as the manifest keeps it."""

    type: str
    """FAISS's name for the index."""
    exact_up_to: int
    """The most chunks that are searched exactly."""
    margin: int = 0
    """How many more codes are scored exactly than hits are wanted; 0 where all vectors are."""
    recall: float = 1.0
    """Share of the ten nearest neighbours of stored vectors that was found."""


class Builder:
    """Takes the unit vectors of a revision in the order of their keys, and writes them."""

    def __init__(self, dimensions: int, keys: Keys, stored: Stored, exact_up_to: int) -> None:
        """Prepare for as many vectors as there are keys; `stored` reads some ahead."""
        self._keys, self._stored, self._exact_up_to = keys, stored, exact_up_to
        self._exact = len(keys) <= exact_up_to
        self._probes = _Probes(keys, stored) if not self._exact else None
        if self._exact:
            self._index = _faiss().IndexFlatIP(dimensions)
        else:
            self._index = _trained(dimensions, stored(_spread(keys, _LISTS * _TRAINING)))
        self._block: list[Vector] = []

    def add(self, vector: Vector) -> None:
        """Take one more."""
        self._block.append(vector)
        if len(self._block) == _BLOCK:
            self._flush()

    def write(self, path: Path) -> DenseFacts:
        """Write the index to a file and look how well it finds."""
        self._flush()
        _faiss().write_index(self._index, str(path))
        facts = DenseFacts(type=EXACT, exact_up_to=self._exact_up_to)
        if self._probes:
            facts = replace(facts, type=f"IVF{self._index.nlist},RaBitQFastScan")
        # FAISS says nothing when closing the file fails; hashed as it is, a cut-off file would
        # pass for whole.
        written = Dense(path, self._keys, facts)
        return self._measured(written, self._probes) if self._probes else facts

    def _measured(self, dense: Dense, probes: _Probes) -> DenseFacts:
        for margin in _MARGINS:
            recall = probes.recall(dense.with_margin(margin), self._stored)
            if recall >= _RECALL:
                break
        return replace(dense.facts, margin=margin, recall=round(float(recall), 4))

    def _flush(self) -> None:
        if self._block:
            block = np.stack(self._block)
            self._index.add(block)
            if self._probes:
                self._probes.see(block)
            self._block = []


class _Probes:
    """Stored vectors whose true neighbours are found while all vectors pass by."""

    def __init__(self, keys: Keys, stored: Stored) -> None:
        self._vectors = stored(_spread(keys, _PROBES))
        self._best = np.full((len(self._vectors), _NEAREST + 1), -np.inf, dtype=np.float32)

    def see(self, block: Vector) -> None:
        """Let some vectors pass."""
        scores = np.hstack([self._best, self._vectors @ block.T])
        self._best = -np.partition(-scores, _NEAREST, axis=1)[:, : _NEAREST + 1]

    def recall(self, dense: Dense, stored: Stored) -> float:
        """Share of the neighbours that a search finds, the vectors themselves left out."""
        wanted = self._best.min(axis=1) - _ROUNDING
        found = 0
        for vector, least in zip(self._vectors, wanted, strict=True):
            hits = dense.search(vector, _NEAREST + 1, None, stored)
            found += sum(score >= least for _, score in hits) - 1
        return found / (_NEAREST * len(self._vectors))


class Dense:
    """A dense index opened for searching; immutable and thread-safe."""

    def __init__(self, path: Path, keys: Keys, facts: DenseFacts) -> None:
        self._index = _faiss().read_index(str(path))
        self._keys = keys
        self.facts = facts
        if facts.type == EXACT:
            self._vectors = _held(self._index)
        else:
            self._index.nprobe = self._index.nlist

    def with_margin(self, margin: int) -> Dense:
        """The same index, scoring so many more vectors than hits are wanted."""
        other = copy(self)
        other.facts = replace(self.facts, margin=margin)
        return other

    @property
    def chunks(self) -> int:
        """How many vectors are indexed."""
        return int(self._index.ntotal)

    def search(
        self, vector: Vector, depth: int, allowed: Mask | None, stored: Stored
    ) -> list[tuple[int, float]]:
        """The `depth` nearest chunks, best first.

        Args:
            vector: of the query, unit length, shape (dimensions,) or (1, dimensions).
            depth: how many at most.
            allowed: which chunks may be found; None lets all through.
            stored: reads the vectors that packed ones stand for.

        Returns:
            Chunk keys with inner products; equal ones in the order of their keys.

        Raises:
            IndexDamaged: a stored vector is not what was written.
        """
        passing = self.chunks if allowed is None else int(np.count_nonzero(allowed))
        if min(depth, passing) < 1:
            return []
        query = np.ascontiguousarray(vector, dtype=np.float32).reshape(-1)
        if self.facts.type == EXACT:
            places = self._nearest(query, min(depth, passing), allowed)
            keys, vectors = self._keys[places], self._vectors[places]
        else:
            pool = depth + self.facts.margin
            keys = self._keys[self._candidates(query, min(pool, passing), passing, allowed)]
            vectors = stored(keys)
        # One product for each row: of equal vectors, the scores are equal to the last bit.
        scores = np.vecdot(vectors, query)
        order = np.lexsort((keys, -scores))[:depth]
        return list(zip(keys[order].tolist(), scores[order].tolist(), strict=True))

    def _nearest(self, query: Vector, depth: int, allowed: Mask | None) -> Keys:
        """The places of the nearest vectors, ascending, all that tie with the last among them.

        One product of the whole matrix: FAISS's own scan of it takes three times as long.
        """
        scores = self._vectors @ query
        if allowed is not None:
            scores[~allowed] = -np.inf
        least = np.partition(scores, -depth)[-depth] - _ROUNDING
        return np.flatnonzero(scores >= least)

    def _candidates(self, query: Vector, pool: int, passing: int, allowed: Mask | None) -> Keys:
        """The places of the vectors to score, ascending: all that may be found where few are."""
        if passing == pool:
            return np.flatnonzero(allowed) if allowed is not None else np.arange(pool)
        faiss = _faiss()
        chosen = None
        if allowed is not None:
            bits = np.packbits(allowed, bitorder="little")
            selector = faiss.IDSelectorBitmap(bits)
            chosen = faiss.SearchParametersIVF(sel=selector, nprobe=self._index.nlist)
        places: Keys = self._index.search(query[np.newaxis], pool, params=chosen)[1][0]
        return np.sort(places[places != -1])


def _faiss() -> Any:
    """FAISS, imported when first needed; its stubs do not know what its wrappers take."""
    import faiss

    return faiss


def _held(index: Any) -> Vector:
    """The vectors in a flat index, as they lie there: it must live as long as they do."""
    faiss = _faiss()
    vectors: Vector = faiss.rev_swig_ptr(index.get_xb(), index.ntotal * index.d)
    return vectors.reshape(index.ntotal, index.d)


def _trained(dimensions: int, sample: Vector) -> Any:
    """An empty index of packed vectors, its centres found from a sample."""
    faiss = _faiss()
    lists = max(1, min(_LISTS, len(sample) // _TRAINING))
    index = faiss.IndexIVFRaBitQFastScan(
        faiss.IndexFlatIP(dimensions), dimensions, lists, faiss.METRIC_INNER_PRODUCT
    )
    index.train(sample)
    index.nprobe = lists
    return index


def _spread(keys: Keys, most: int) -> Keys:
    """At most so many of the keys, evenly spread over all."""
    chosen: Keys = keys[np.linspace(0, len(keys) - 1, min(most, len(keys))).astype(np.int64)]
    return chosen
