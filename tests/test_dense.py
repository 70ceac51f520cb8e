"""Both types of the dense index, on vectors made here: recall, filters, ties, damage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rag.dense import EXACT, Builder, Dense
from rag.rows import Mask

DIMENSIONS, COUNT = 96, 6000
rng = np.random.default_rng(7)


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)


CENTRES = unit(rng.standard_normal((60, DIMENSIONS)))
VECTORS = unit(
    CENTRES[rng.integers(60, size=COUNT)]
    + rng.standard_normal((COUNT, DIMENSIONS)) * (0.6 / DIMENSIONS**0.5)
)
QUERIES = unit(
    CENTRES[rng.integers(60, size=40)]
    + rng.standard_normal((40, DIMENSIONS)) * (0.8 / DIMENSIONS**0.5)
)


class Made:
    """An index of some vectors, whose keys are three times their places and five."""

    def __init__(self, path: Path, vectors: np.ndarray, exact_up_to: int) -> None:
        self.keys = np.arange(len(vectors), dtype=np.int64) * 3 + 5
        self.vectors = vectors
        self.read = 0
        builder = Builder(vectors.shape[1], self.keys, self.stored, exact_up_to)
        for vector in vectors:
            builder.add(vector)
        self.facts = builder.write(path)
        self.dense = Dense(path, self.keys, self.facts)
        self.read = 0

    def stored(self, keys: np.ndarray) -> np.ndarray:
        assert (np.diff(keys) > 0).all()
        self.read += len(keys)
        return self.vectors[(keys - 5) // 3]

    def search(self, vector: np.ndarray, depth: int, allowed: Mask | None = None):
        return self.dense.search(vector, depth, allowed, self.stored)

    def true(self, vector: np.ndarray, depth: int, allowed: Mask | None = None) -> list[int]:
        scores = self.vectors @ vector
        if allowed is not None:
            scores = np.where(allowed, scores, -np.inf)
        return [int(self.keys[place]) for place in np.argsort(-scores, kind="stable")[:depth]]


@pytest.fixture(scope="module")
def exact(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("exact") / "vectors.faiss", VECTORS, COUNT)


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("packed") / "vectors.faiss", VECTORS, COUNT - 1)


@pytest.fixture(params=["exact", "packed"])
def made(request: pytest.FixtureRequest) -> Made:
    return request.getfixturevalue(request.param)


def recall(made: Made, allowed: Mask | None = None) -> float:
    found = 0
    for query in QUERIES:
        hits = {key for key, _ in made.search(query, 10, allowed)}
        found += len(hits & set(made.true(query, 10, allowed)))
    return found / (10 * len(QUERIES))


def test_the_type_follows_the_size(exact: Made, packed: Made) -> None:
    assert exact.facts.type == EXACT
    assert exact.facts.recall == 1
    assert packed.facts.type.startswith("IVF")
    assert packed.facts.exact_up_to == COUNT - 1
    assert 0.98 <= packed.facts.recall <= 1


def test_neighbours_are_found_and_their_scores_are_inner_products(made: Made) -> None:
    assert recall(made) >= (1 if made.facts.type == EXACT else 0.98)
    for query in QUERIES:
        hits = made.search(query, 30)
        assert len(hits) == 30
        assert [score for _, score in hits] == sorted((s for _, s in hits), reverse=True)
        for key, score in hits:
            assert score == pytest.approx(float(made.vectors[(key - 5) // 3] @ query), abs=1e-5)


@pytest.mark.parametrize("share", [0.005, 0.1, 0.6])
def test_filters_hold_inside_the_search_and_narrow_ones_fill(made: Made, share: float) -> None:
    allowed = np.random.default_rng(1).random(COUNT) < share
    assert recall(made, allowed) >= 0.98
    for query in QUERIES[:10]:
        hits = made.search(query, 100, allowed)
        assert len(hits) == min(100, allowed.sum())
        assert all(allowed[(key - 5) // 3] for key, _ in hits)


def test_nothing_allowed_or_nothing_wanted_finds_nothing(made: Made) -> None:
    assert made.search(QUERIES[0], 10, np.zeros(COUNT, dtype=np.bool_)) == []
    assert made.search(QUERIES[0], 0) == []


def test_a_depth_beyond_all_gives_all(made: Made) -> None:
    assert len({key for key, _ in made.search(QUERIES[0], 10 * COUNT)}) == COUNT


def test_few_vectors_are_read_to_score(packed: Made) -> None:
    packed.read = 0
    packed.search(QUERIES[0], 10)
    assert 10 < packed.read < COUNT / 2


@pytest.mark.parametrize("exact_up_to", [0, 1000])
def test_equal_vectors_score_alike_and_come_by_key(tmp_path: Path, exact_up_to: int) -> None:
    vectors = unit(np.repeat(rng.standard_normal((37, 50)), 10, axis=0))
    made = Made(tmp_path / "vectors.faiss", vectors, exact_up_to)
    hits = made.search(vectors[125], 10)
    assert [key for key, _ in hits] == made.keys[120:130].tolist()
    assert len({score for _, score in hits}) == 1


@pytest.mark.parametrize("count", [1, 2, 63, 65])
def test_a_handful_can_be_packed_too(tmp_path: Path, count: int) -> None:
    made = Made(tmp_path / "vectors.faiss", VECTORS[:count], 0)
    assert [key for key, _ in made.search(VECTORS[0], 3)] == made.true(VECTORS[0], 3)


def test_random_vectors_are_looked_at_more_closely(tmp_path: Path, packed: Made) -> None:
    """Without clusters bits say less: more of the vectors are scored, and recall stays."""
    vectors = unit(rng.standard_normal((COUNT, 32)))
    made = Made(tmp_path / "vectors.faiss", vectors, 0)
    assert made.facts.margin >= packed.facts.margin
    assert made.facts.recall >= 0.95
