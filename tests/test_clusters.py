"""Clusters are published with a generation and follow what is stored."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import HashEmbedder
from stories import COPIES, ORIGINAL, STORY, reworded

from rag import health
from rag.catalog import FILE_NAME
from rag.generation import FOLDER, Pointer
from rag.index import Index
from rag.ingest import ingest, rebuild, remove
from rag.schema import Article, Copy
from rag.settings import Settings

SETTINGS = Settings.load(index={"lock_timeout": 0.2})


def opened(folder: Path) -> Index:
    return Index.open(folder, HashEmbedder().fingerprint, SETTINGS.index)


def store(index: Index, articles: Sequence[Article]) -> None:
    ingest(articles, index, HashEmbedder(), SETTINGS)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with opened(tmp_path) as made:
        store(made, STORY)
        yield made


def signatures(folder: Path, new: bytes | None = None) -> list[bytes]:
    with closing(sqlite3.connect(folder / FILE_NAME)) as catalog, catalog:
        if new is not None:
            catalog.execute("UPDATE articles SET signature = ?", (new or None,))
        rows = catalog.execute("SELECT signature FROM articles ORDER BY article_id").fetchall()
    return [stored for (stored,) in rows]


def test_a_snapshot_knows_the_copies_of_an_article(index: Index) -> None:
    snapshot = index.snapshot()
    assert snapshot.cluster("echo") == COPIES
    assert snapshot.cluster("harbour") == ("harbour",)
    assert [copy.article_id for copy in snapshot.copies("gazette")] == [
        "wire",
        "courier",
        "echo",
        "mail",
    ]
    assert snapshot.copies("echo")[0] == Copy(
        article_id="wire",
        title="Ellery orders three battery ferries",
        publisher="Northern Wire",
        published="2023-10-03",
        url="https://wire.example.org/ferries",
    )
    assert snapshot.copies("ledger") == ()


def test_the_next_earliest_leads_when_the_leader_is_removed(index: Index) -> None:
    held = index.snapshot()
    remove(["wire"], index)
    assert index.snapshot().cluster("echo") == COPIES[1:]
    assert held.cluster("echo") == COPIES, "a reader keeps what it opened"


def test_a_leader_that_is_rewritten_leaves_and_may_come_back(index: Index) -> None:
    leader = STORY[0]
    rewritten = replace(leader, text=reworded(ORIGINAL, 0.9))
    store(index, [rewritten])
    assert index.snapshot().cluster("wire") == ("wire",)
    assert index.snapshot().cluster("echo") == COPIES[1:]
    store(index, [replace(leader, title="Corrected", text=ORIGINAL + "\n\nThis was corrected.")])
    assert index.snapshot().cluster("echo") == COPIES
    assert index.snapshot().copies("echo")[0].title == "Corrected"


def test_articles_of_later_ingests_join(index: Index) -> None:
    late = Article(article_id="late", text=reworded(ORIGINAL, 0.03))
    store(index, [late, Article(article_id="apart", text="Something else altogether happened.")])
    assert index.snapshot().cluster("wire") == (*COPIES, "late")
    assert index.snapshot().cluster("apart") == ("apart",)


def test_the_last_copy_is_alone(index: Index) -> None:
    remove(COPIES[1:], index)
    assert index.snapshot().cluster("wire") == ("wire",)


@pytest.mark.parametrize("bad", [b"", b"damaged", b"\0" * 524])
def test_signatures_that_cannot_be_used_are_made_again(
    index: Index, tmp_path: Path, bad: bytes
) -> None:
    before = signatures(tmp_path)
    assert signatures(tmp_path, bad) != before
    store(index, [Article(article_id="zebra", text="Zebras were seen at the quay.")])
    assert index.snapshot().cluster("echo") == COPIES
    assert signatures(tmp_path)[:-1] == before


def test_a_rebuilt_index_has_the_same_clusters(index: Index) -> None:
    rebuild(index, HashEmbedder(), SETTINGS)
    assert index.snapshot().cluster("echo") == COPIES


@pytest.mark.parametrize("damage", [lambda path: path.write_text("[]\n"), Path.unlink])
def test_a_damaged_file_of_copies_is_found_and_made_again(
    index: Index, tmp_path: Path, damage
) -> None:
    index.close()
    pointer = Pointer.read(tmp_path)
    assert pointer
    path = tmp_path / FOLDER / pointer.name / "copies.json"
    damage(path)
    assert [finding.path for finding in health.check(tmp_path) if not finding.ok] == [path]
    with opened(tmp_path) as reader:
        assert reader.snapshot().cluster("echo") == COPIES
    assert all(finding.ok for finding in health.check(tmp_path))
