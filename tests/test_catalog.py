from __future__ import annotations

import random
import sqlite3
from pathlib import Path

import pytest
from fakes import HashEmbedder

from rag import changes
from rag.catalog import FILE_NAME, Catalog, EmbedderFacts
from rag.changes import Changes
from rag.errors import IndexDamaged, IndexMismatch, IndexMissing, RagError
from rag.revision import Revision
from rag.schema import Article, ArticleFacts, Chunk, Rejection, Removal

FACTS = EmbedderFacts(name="hashed-words", fingerprint="hashed-words 64 dimensions", dimensions=64)
CHUNKING = {"size": 200, "overlap": 0}


def article(article_id: str, text: str = "Chips are made here.", **facts: object) -> Article:
    return Article(article_id=article_id, text=text, **facts)  # type: ignore[arg-type]  # fields by name


def whole(given: Article) -> list[Chunk]:
    return [
        Chunk(
            chunk_id=f"{given.article_id}:0",
            article_id=given.article_id,
            start=0,
            end=len(given.text),
            text=given.text,
            header=given.title,
        )
    ]


def write(catalog: Catalog, *articles: Article, removed: tuple[str, ...] = ()) -> int:
    """One revision, as an ingest writes it."""
    change = Changes(catalog, FACTS.fingerprint)
    with catalog.transaction() as connection:
        change.begin(connection)
        for one in articles:
            change.add(connection, one, whole(one))
    embed(change)
    change.commit(FACTS, CHUNKING, removed)
    return change.number


def embed(change: Changes) -> None:
    keys = change.missing()
    texts = change.texts(keys) if keys else []
    change.store(texts, HashEmbedder().embed(texts))


@pytest.fixture
def catalog(tmp_path: Path):
    with Catalog.create(tmp_path / FILE_NAME, FACTS, CHUNKING) as made:
        yield made


def ids(catalog: Catalog, revision: int) -> list[str]:
    return sorted(one.article_id for one in Revision(catalog, revision).articles())


def test_a_new_catalog_says_what_it_was_made_for(catalog: Catalog) -> None:
    meta = catalog.meta()
    assert (meta.revision, meta.embedder, meta.chunking) == (0, FACTS, CHUNKING)
    assert Revision(catalog, 0).counts() == (0, 0)


def test_an_article_comes_back_whole(catalog: Catalog) -> None:
    given = article(
        "a",
        "Ein Preis: 5 €.\n\nZero \0 byte, emoji 🏭.",
        title="T",
        publisher="Desk",
        author="N. N.",
        published="2023-05-02T10:00:00+02:00",
        modified="2023-05-03",
        url="https://example.org/a",
        topics=("chips", "trade"),
        source="/news/a.md",
        published_origin="JSON-LD",
        modified_origin="meta tag",
        partial=True,
        captions=("Ships at dusk. Photo: N. N.",),
        original="raw",
        removals=(Removal(rule="ad", text="Buy"),),
    )
    revision = Revision(catalog, write(catalog, given))
    assert revision.article("a") == given
    assert revision.find("b") is None
    (light,) = revision.articles()
    assert light.text == given.text
    assert (light.original, light.removals) == ("", ())
    assert (light.partial, light.captions) == (given.partial, given.captions)


def test_each_revision_goes_on_seeing_itself(catalog: Catalog) -> None:
    first = write(catalog, article("a", "one"), article("b", "two"))
    second = write(catalog, article("a", "one, corrected"), article("c", "three"), removed=("b",))
    assert ids(catalog, first) == ["a", "b"]
    assert ids(catalog, second) == ["a", "c"]
    assert Revision(catalog, first).article("a").text == "one"
    assert Revision(catalog, second).article("a").text == "one, corrected"
    assert Revision(catalog, first).counts() == Revision(catalog, second).counts() == (2, 2)
    old, new = ({row.text for row, _, _ in Revision(catalog, n).stored()} for n in (first, second))
    assert old == {"one", "two"}
    assert new == {"one, corrected", "three"}


def test_rows_written_ahead_are_seen_by_nobody_and_removed_by_the_next_write(
    catalog: Catalog,
) -> None:
    first = write(catalog, article("a"))
    change = Changes(catalog, FACTS.fingerprint)
    with catalog.transaction() as connection:
        change.begin(connection)
        change.add(connection, article("b"), whole(article("b")))
    assert ids(catalog, first) == ["a"]
    assert ids(catalog, write(catalog, article("c"))) == ["a", "c"]


def test_vectors_outlive_a_write_that_died(catalog: Catalog) -> None:
    died = Changes(catalog, FACTS.fingerprint)
    with catalog.transaction() as connection:
        died.begin(connection)
        died.add(connection, article("a"), whole(article("a")))
    embed(died)
    change = Changes(catalog, FACTS.fingerprint)
    with catalog.transaction() as connection:
        change.begin(connection)
        change.add(connection, article("a"), whole(article("a")))
    assert change.missing() == []


def test_a_chunk_without_its_vector_is_never_committed(catalog: Catalog) -> None:
    change = Changes(catalog, FACTS.fingerprint)
    with catalog.transaction() as connection:
        change.begin(connection)
        change.add(connection, article("a"), whole(article("a")))
    with pytest.raises(IndexDamaged, match="vectors"):
        change.commit(FACTS, CHUNKING, ())
    assert catalog.meta().revision == 0


def test_pruning_keeps_what_readers_and_versions_need(catalog: Catalog) -> None:
    first = write(catalog, article("a", "one"), article("b", "two"))
    second = write(catalog, article("a", "one, corrected"), removed=("b",))
    changes.prune(catalog, first)
    assert ids(catalog, first) == ["a", "b"]
    changes.prune(catalog, second)
    with catalog.connection() as connection:
        texts = [text for (text,) in connection.execute("SELECT text FROM articles ORDER BY 1")]
        chunks = connection.execute("SELECT count(*) FROM chunks").fetchone()
        vectors = connection.execute("SELECT count(*) FROM vectors").fetchone()
    assert texts == ["one", "one, corrected"], "the earlier version stays, the removed one goes"
    assert (chunks, vectors) == ((1,), (1,))


def test_keys_are_never_used_twice(catalog: Catalog) -> None:
    seen: set[int] = set()
    for round_ in range(4):
        revision = write(catalog, article(f"a{round_}"), removed=(f"a{round_ - 1}",))
        changes.prune(catalog, revision)
        keys = {row.chunk_key for row, _, _ in Revision(catalog, revision).stored()}
        assert not keys & seen
        seen |= keys


def test_articles_come_newest_first_and_publishers_in_order(catalog: Catalog) -> None:
    number = write(
        catalog,
        article("x", publisher="beta"),
        article("old", publisher="Alpha", published="2020-01-01"),
        article("new", published="2024-01-01T08:00:00Z"),
    )
    revision = Revision(catalog, number)
    assert [one.article_id for one in revision.articles()] == ["new", "old", "x"]
    assert revision.publishers() == ["Alpha", "beta"]


def test_facts_are_listed_without_the_texts(catalog: Catalog) -> None:
    number = write(
        catalog,
        article("b", publisher="Desk", topics=("ships",), source="/b.md", partial=True),
        article("a"),
        article("new", published="2024-01-01", published_origin="URL", url="https://x.example/n"),
    )
    revision = Revision(catalog, number)
    assert revision.summaries() == [
        ArticleFacts(
            article_id="new",
            published="2024-01-01",
            published_origin="URL",
            url="https://x.example/n",
        ),
        ArticleFacts(article_id="a"),
        ArticleFacts(
            article_id="b", publisher="Desk", topics=("ships",), source="/b.md", partial=True
        ),
    ]
    with catalog.transaction() as connection:
        connection.execute("UPDATE articles SET title = 'Changed' WHERE article_id = 'a'")
    with pytest.raises(IndexDamaged, match="'a' is damaged"):
        revision.summaries()


def test_what_may_change_without_a_new_version_is_refreshed(catalog: Catalog) -> None:
    number = write(catalog, article("a", published="2024-01-01", published_origin="URL"))
    change = Changes(catalog, FACTS.fingerprint)
    later = article(
        "a", published="2024-01-01", published_origin="JSON-LD", source="/moved.md", partial=True
    )
    with catalog.transaction() as connection:
        stored = change.stored(connection, "a")
        assert stored is not None
        change.refresh(connection, stored.article_key, later)
    revision = Revision(catalog, number)
    assert revision.article("a") == later
    assert revision.summaries()[0].published_origin == "JSON-LD"


def test_signatures_are_kept_beside_the_articles(catalog: Catalog) -> None:
    change = Changes(catalog, FACTS.fingerprint)
    with catalog.transaction() as connection:
        change.begin(connection)
        change.add(connection, article("a"), whole(article("a")), signature=b"\x00\x01")
        change.add(connection, article("b"), whole(article("b")))
    embed(change)
    change.commit(FACTS, CHUNKING, ())
    assert Revision(catalog, change.number).signatures() == {"a": b"\x00\x01", "b": None}


def test_a_wrong_id_is_answered_with_the_nearest(catalog: Catalog) -> None:
    revision = Revision(catalog, write(catalog, article("jsr-purchase"), article("rapidus")))
    with pytest.raises(IndexMissing, match="did you mean 'jsr-purchase'"):
        revision.article("jsr")
    with pytest.raises(IndexMissing, match="did you mean 'rapidus'"):
        revision.article("rapiduss")
    with pytest.raises(IndexMissing, match="no article '\\\\ud800'"):
        revision.article("\ud800")


def test_the_latest_rejection_of_a_path_is_kept(catalog: Catalog) -> None:
    change = Changes(catalog, FACTS.fingerprint)
    with catalog.transaction() as connection:
        change.reject(connection, [Rejection(path="/a", reason="empty")])
        change.reject(connection, [Rejection(path="/a", reason="binary")])
        change.reject(connection, [Rejection(path="/b", reason="empty")])
        change.accept(connection, ["/b"])
    assert changes.rejections(catalog) == [Rejection(path="/a", reason="binary")]


def test_a_changed_row_is_refused_by_name(catalog: Catalog) -> None:
    number = write(catalog, article("a", "We paid 6 billion."), article("b", "Other."))
    with catalog.transaction() as connection:
        connection.execute("UPDATE articles SET text = 'We paid 7 billion.' WHERE article_id='a'")
    revision = Revision(catalog, number)
    with pytest.raises(IndexDamaged, match="'a' is damaged; run `rag remove a`"):
        revision.article("a")
    with pytest.raises(IndexDamaged, match="'a'"):
        list(revision.stored())
    assert revision.article("b").text == "Other."
    assert revision.damaged_articles() == ["a"]


def test_a_changed_vector_is_refused(catalog: Catalog) -> None:
    number = write(catalog, article("a"))
    with catalog.transaction() as connection:
        connection.execute("UPDATE vectors SET vector = zeroblob(length(vector))")
    with pytest.raises(IndexDamaged, match="rag ingest --rebuild"):
        list(Revision(catalog, number).stored())
    assert changes.drop_damaged_vectors(catalog) == 1


def test_no_catalog_and_an_unfinished_one_are_missing(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    with pytest.raises(IndexMissing, match="rag ingest PATH"):
        Catalog.open(path)
    path.touch()
    with pytest.raises(IndexMissing, match="rag ingest PATH"):
        Catalog.open(path)


def test_another_format_and_another_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    Catalog.create(path, FACTS, CHUNKING).close()
    raw = sqlite3.connect(path)
    raw.execute("PRAGMA user_version = 99")
    raw.close()
    with pytest.raises(IndexMismatch, match="format 99"):
        Catalog.open(path)
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(IndexDamaged, match="restore it from a back-up"):
        Catalog.open(path)


def test_flipped_bytes_of_the_catalog_never_change_what_is_read(
    tmp_path: Path, catalog: Catalog
) -> None:
    """Each read either fails in our words or is right; SQLite alone sees few of these flips."""
    given = [article(f"a{n}", f"Article {n} names {n * 7} plants. " * 9) for n in range(12)]
    number = write(catalog, *given)
    catalog.close()
    good = (tmp_path / FILE_NAME).read_bytes()
    path = tmp_path / "flipped.sqlite"
    chance = random.Random(7)
    refused = 0
    for _ in range(150):
        position = chance.randrange(len(good))
        bad = bytes([good[position] ^ (1 << chance.randrange(8))])
        path.write_bytes(good[:position] + bad + good[position + 1 :])
        try:
            with Catalog.open(path) as opened:
                revision = Revision(opened, number)
                for one in given:
                    assert revision.find(one.article_id) in (one, None)
                for row, _, _ in revision.stored():
                    assert row.text in {one.text for one in given}
        except RagError:
            refused += 1
    assert refused > 20
