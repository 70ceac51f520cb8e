"""Filters become masks over the chunks, as the catalog has them at a revision."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from test_catalog import CHUNKING, FACTS, article, write

from rag import columns
from rag.catalog import FILE_NAME, Catalog
from rag.columns import Columns
from rag.errors import IndexDamaged
from rag.revision import Revision
from rag.schema import Filters


@pytest.fixture
def catalog(tmp_path: Path):
    with Catalog.create(tmp_path / FILE_NAME, FACTS, CHUNKING) as made:
        yield made


def passing(revision: Revision, path: Path, filters: Filters) -> set[str]:
    keys = columns.write(path, revision)
    read = Columns(path)
    assert read.keys.tolist() == keys.tolist() == sorted(keys)
    named = revision.article_keys(filters.article_ids) if filters.article_ids else None
    return set(read.owners(read.keys[read.mask(filters, named)].tolist()).values())


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(published_from="2023-01-02"), {"b", "c"}),
        (Filters(published_to="2023-01-02"), {"a", "b", "old"}),
        (Filters(published_from="2023-01-02", published_to="2023-01-02"), {"b"}),
        (Filters(published_from="0001-01-01", published_to="9999-12-31"), {"a", "b", "c", "old"}),
        (Filters(publishers=("RTÉ ",)), {"b", "unknown"}),
        (Filters(publishers=("desk", "nobody")), {"a", "c"}),
        (Filters(publishers=("",)), {"old"}),
        (Filters(publishers=("nobody",)), set()),
        (Filters(article_ids=("a", "unknown", "x")), {"a", "unknown"}),
        (Filters(article_ids=("a",), publishers=("rté",)), set()),
        (Filters(article_ids=("x",)), set()),
    ],
)
def test_filters(catalog: Catalog, tmp_path: Path, filters: Filters, expected: set[str]) -> None:
    number = write(
        catalog,
        article("a", publisher="Desk", published="2023-01-01"),
        article("b", publisher="rté", published="2023-01-02T23:59:00-05:00"),
        article("c", publisher="Desk", published="2023-01-03"),
        article("unknown", publisher="RTÉ"),
        article("old", published="1969-12-31"),
    )
    assert passing(Revision(catalog, number), tmp_path / "columns", filters) == expected


def test_each_revision_has_its_own_chunks(catalog: Catalog, tmp_path: Path) -> None:
    desk = Filters(publishers=("desk",))
    first = write(catalog, article("a", publisher="Desk"), article("b", publisher="Desk"))
    second = write(catalog, article("a", "Other words.", publisher="Post"), removed=("b",))
    assert passing(Revision(catalog, first), tmp_path / "1", desk) == {"a", "b"}
    assert passing(Revision(catalog, second), tmp_path / "2", desk) == set()


def test_nothing_stored_lets_nothing_through(catalog: Catalog, tmp_path: Path) -> None:
    assert passing(Revision(catalog, 0), tmp_path / "columns", Filters(publishers="x")) == set()


def test_chunks_without_an_article_are_damage(catalog: Catalog, tmp_path: Path) -> None:
    number = write(catalog, article("a"), article("b"))
    with catalog.transaction() as connection:
        connection.execute("UPDATE articles SET removed_revision = 1 WHERE article_id = 'a'")
    with pytest.raises(IndexDamaged, match="no article"):
        columns.write(tmp_path / "columns", Revision(catalog, number))


def test_vectors_come_in_the_order_of_their_keys_or_not_at_all(catalog: Catalog) -> None:
    number = write(catalog, article("a", "Chips."), article("b", "Rivers."), article("c", "Trees."))
    revision = Revision(catalog, number)
    keys = np.array([key for key, _ in revision.outline()[1]], dtype=np.int64)
    whole = revision.vectors(keys)
    assert np.array_equal(revision.vectors(keys[[0, 2]]), whole[[0, 2]])
    with pytest.raises(IndexDamaged, match="rag ingest --rebuild"):
        revision.vectors(np.array([1, 99], dtype=np.int64))
    with catalog.transaction() as connection:
        connection.execute("UPDATE vectors SET vector = zeroblob(length(vector))")
    with pytest.raises(IndexDamaged, match="rag ingest --rebuild"):
        revision.vectors(keys[:1])
