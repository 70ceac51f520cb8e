"""An index beyond `exact_up_to`: packed vectors choose, those of the catalog score."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fakes import HashEmbedder

from rag import health
from rag.errors import IndexDamaged
from rag.generation import FOLDER, Pointer
from rag.index import Index, Snapshot
from rag.ingest import ingest
from rag.retrieve import Retriever
from rag.schema import Article, Filters
from rag.settings import Settings

SETTINGS = Settings.load(index={"exact_up_to": 100, "lock_timeout": 0.2})
PLACES = "harbour bridge market school bakery library theatre stadium airport museum".split()
DEEDS = "opens closes burns floods moves grows shrinks wins loses waits".split()
ARTICLES = [
    Article(
        article_id=f"a{number}",
        text=f"The {place} of town {number % 7} {deed}, report {number} said.",
        publisher=f"Post {number % 30}",
        published=f"2023-{1 + number % 12:02}-15",
    )
    for number, (place, deed) in enumerate(
        (place, deed) for place in PLACES for deed in DEEDS for _ in range(3)
    )
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("packed")
    with opened(made) as index:
        ingest(ARTICLES, index, HashEmbedder(), SETTINGS)
    return made


@pytest.fixture
def index(folder: Path) -> Iterator[Index]:
    with opened(folder) as made:
        yield made


def opened(folder: Path) -> Index:
    return Index.open(folder, HashEmbedder().fingerprint, SETTINGS.index)


def home(folder: Path) -> Path:
    pointer = Pointer.read(folder)
    assert pointer
    return folder / FOLDER / pointer.name


def test_the_manifest_says_how_vectors_are_searched(index: Index, folder: Path) -> None:
    stored = json.loads((home(folder) / "manifest.json").read_text())["dense"]
    assert stored["type"].startswith("IVF")
    assert stored["exact_up_to"] == 100
    assert stored["margin"] >= 200
    assert 0.98 <= stored["recall"] <= 1
    facts = index.snapshot().manifest.dense
    assert (facts.type, facts.recall) == (stored["type"], stored["recall"])


def test_growing_and_shrinking_changes_the_type(tmp_path: Path) -> None:
    with opened(tmp_path) as index:
        for count, start in ((100, "Flat"), (101, "IVF")):
            ingest(ARTICLES[:count], index, HashEmbedder(), SETTINGS)
            assert index.snapshot().manifest.dense.type.startswith(start)


def test_hits_and_scores_are_those_of_an_exact_index(index: Index, tmp_path: Path) -> None:
    vector = HashEmbedder().embed(["the library floods"])[0]
    with Index.open(tmp_path, HashEmbedder().fingerprint, Settings().index) as exact:
        ingest(ARTICLES, exact, HashEmbedder(), SETTINGS)
        expected = exact.snapshot().dense(vector, 50)
    hits = index.snapshot().dense(vector, 50)
    assert np.allclose([score for _, score in hits], [score for _, score in expected], atol=1e-6)
    last = expected[-1][1] + 1e-6  # of those that score as the last one does, any may be there
    clear = [{key for key, score in found if score > last} for found in (hits, expected)]
    assert clear[0] == clear[1] != set()


@pytest.mark.parametrize(
    "filters",
    [
        Filters(publishers=("post 7",)),
        Filters(published_from="2023-03-01", published_to="2023-04-30"),
        Filters(published_from="2023-03-01", published_to="2023-03-31", publishers=("post 2",)),
        Filters(article_ids=("a1", "a299", "a17")),
    ],
)
def test_filters_hold_and_narrow_ones_fill(index: Index, filters: Filters) -> None:
    found = Retriever(index, HashEmbedder(), SETTINGS.retrieval)
    passages = found.retrieve("Which theatre burns?", top_k=10, filters=filters)
    expected = {one.article_id for one in ARTICLES if passes(one, filters)}
    assert {passage.article_id for passage in passages} <= expected
    assert len(passages) == min(10, len(expected))


def passes(article: Article, filters: Filters) -> bool:
    day = article.published_day
    assert day
    return (
        (not filters.first_day or day >= filters.first_day)
        and (not filters.last_day or day <= filters.last_day)
        and (not filters.publishers or article.publisher.casefold() in filters.publishers)
        and (not filters.article_ids or article.article_id in filters.article_ids)
    )


@pytest.mark.parametrize("name", ["vectors.faiss", "columns.npz"])
def test_a_flipped_byte_is_found_and_mended(folder: Path, name: str) -> None:
    path = home(folder) / name
    good = path.read_bytes()
    for position in (0, len(good) // 2, len(good) - 1):
        bad = bytearray(good)
        bad[position] ^= 16
        path.write_bytes(bad)
        with pytest.raises(IndexDamaged, match=name):
            Snapshot.open(folder, Pointer.read(folder), HashEmbedder().fingerprint)
    with opened(folder) as reader:
        assert reader.snapshot().dense(HashEmbedder().embed(["market"])[0], 1)
    assert all(finding.ok for finding in health.check(folder))


def test_a_changed_vector_in_the_catalog_never_scores(tmp_path: Path) -> None:
    with opened(tmp_path) as index:
        ingest(ARTICLES, index, HashEmbedder(), SETTINGS)
        snapshot = index.snapshot()
        with index.writing() as catalog, catalog.transaction() as connection:
            connection.execute("UPDATE vectors SET vector = zeroblob(length(vector))")
        with pytest.raises(IndexDamaged, match="rag ingest --rebuild"):
            snapshot.dense(np.ones(64, dtype=np.float32) / 8, 5)
