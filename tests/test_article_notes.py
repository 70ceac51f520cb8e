"""Notes stand beside chunks, passages and citations, and bring a search to the right day."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fakes import HashEmbedder

from rag.index import Index
from rag.ingest import ingest
from rag.notes.article import notes
from rag.retrieve import Retriever
from rag.schema import Article
from rag.settings import Settings

SETTINGS = Settings.load()
QUAY = Article(
    article_id="quay",
    published="2023-07-05",
    text=(
        '"Tolls stay as they are," said Ada Berg, the harbour master, who opened the quay on '
        "Monday.\n\nShe said that a second quay would follow next year."
    ),
)


def words(article):
    return [note.beside(article.text, 0) for note in notes(article)]


def test_times_and_speakers_are_noted():
    assert words(QUAY) == [
        "Monday = 3 July 2023",
        "She = Ada Berg",
        "next year = 2024",
    ]


def test_an_unknown_date_resolves_nothing():
    undated = Article(article_id="undated", text=QUAY.text)
    assert words(undated) == ["She = Ada Berg"]


@pytest.fixture
def snapshot(tmp_path):
    embedder = HashEmbedder()
    index = Index.open(tmp_path, embedder.fingerprint, SETTINGS.index)
    others = [
        Article(article_id=f"o{n}", published="2022-01-05", text=f"Ship {n} came on Monday.")
        for n in range(5)
    ]
    ingest([QUAY, *others], index, embedder, SETTINGS)
    return index.snapshot()


def test_a_search_by_the_day_meant_finds_the_weekday(snapshot):
    (best, *_) = snapshot.lexical("quay opened 3 July 2023", 5, None)
    row = snapshot.rows([best[0]])[best[0]]
    assert row.article_id == "quay"
    assert "3 July 2023" not in row.text
    assert {note.meaning for note in row.notes} >= {"3 July 2023", "2024"}


def test_passages_carry_notes_with_exact_places(tmp_path):
    embedder = HashEmbedder()
    index = Index.open(tmp_path, embedder.fingerprint, SETTINGS.index)
    ingest([QUAY], index, embedder, SETTINGS)
    (passage, *_) = Retriever(index, embedder, SETTINGS.retrieval).retrieve("Who opened the quay?")
    said = {QUAY.text[note.start : note.end]: note.meaning for note in passage.notes}
    assert said["Monday"] == "3 July 2023"
    assert all(passage.start <= n.start and n.end <= passage.end for n in passage.notes)


def test_a_changed_article_says_so_and_keeps_what_it_was(tmp_path):
    embedder = HashEmbedder()
    index = Index.open(tmp_path, embedder.fingerprint, SETTINGS.index)
    retriever = Retriever(index, embedder, SETTINGS.retrieval)
    ingest([QUAY], index, embedder, SETTINGS)
    assert retriever.retrieve("Who opened the quay?")[0].earlier == 0
    ingest([replace(QUAY, text=f"{QUAY.text} It opens at dawn.")], index, embedder, SETTINGS)
    (passage, *_) = retriever.retrieve("Who opened the quay?")
    assert passage.earlier == 1
    assert "dawn" in passage.text
