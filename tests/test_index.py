from __future__ import annotations

import codecs
import multiprocessing
import os
import re
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from fakes import HashEmbedder

from rag import health
from rag.catalog import FILE_NAME
from rag.errors import IndexBusy, IndexDamaged, IndexMismatch, IndexMissing, RagError
from rag.generation import CURRENT, FOLDER, Pointer
from rag.index import LOCK, Index, Snapshot
from rag.ingest import ingest, rebuild, remove
from rag.lexical import query_words
from rag.schema import Article, Chunk, Filters
from rag.settings import Settings

SETTINGS = Settings()


def paragraphs(article, tokens, settings) -> list[Chunk]:
    """A splitter that anyone can check: one chunk for each line that holds something."""
    return [
        Chunk(
            chunk_id=f"{article.article_id}:{found.start()}",
            article_id=article.article_id,
            start=found.start(),
            end=found.end(),
            text=found[0],
            header=article.title,
        )
        for found in re.finditer(r"[^\n]*\S[^\n]*", article.text)
    ]


ARTICLES = [
    Article(
        article_id="rapidus",
        title="Who pays for Rapidus",
        text="Eight companies founded Rapidus.\nThe state pays 330 billion yen for the plant.",
        publisher="Desk",
        published="2023-05-02",
    ),
    Article(
        article_id="jsr",
        title="A fund buys JSR",
        text="The fund pays 909 billion yen for JSR.\nJSR makes photoresists for chips.",
        publisher="Évening Post",
        published="2023-06-26",
    ),
    Article(
        article_id="undated",
        text="A page without a date says that Rapidus hires engineers.",
        publisher="Desk",
    ),
]


def opened(folder: Path, embedder: HashEmbedder | None = None, timeout: float = 0.2) -> Index:
    settings = Settings.load(index={"lock_timeout": timeout}).index
    return Index.open(folder, (embedder or HashEmbedder()).fingerprint, settings)


def store(index: Index, articles=ARTICLES, **options):
    return ingest(articles, index, HashEmbedder(), SETTINGS, split=paragraphs, **options)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "index"


@pytest.fixture
def index(folder: Path) -> Iterator[Index]:
    with opened(folder) as made:
        store(made)
        yield made


def names(snapshot: Snapshot, hits: list[tuple[int, float]]) -> list[str]:
    rows = snapshot.rows([key for key, _ in hits])
    return [rows[key].article_id for key, _ in hits]


def dense(snapshot: Snapshot, words: str, depth: int = 10, filters: Filters | None = None):
    vector = HashEmbedder().embed([words])[0]
    return names(snapshot, snapshot.dense(vector, depth, snapshot.allowed(filters)))


def lexical(snapshot: Snapshot, words: str, depth: int = 10, filters: Filters | None = None):
    return names(snapshot, snapshot.lexical(words, depth, filters))


def generation(folder: Path) -> Path:
    pointer = Pointer.read(folder)
    assert pointer
    return folder / FOLDER / pointer.name


# --- searching ------------------------------------------------------------------------------


def test_both_searches_find_best_first_and_rows_are_exact(index: Index) -> None:
    snapshot = index.snapshot()
    vector = HashEmbedder().embed(["A fund buys JSR\n\nJSR makes photoresists for chips."])[0]
    hits = snapshot.dense(vector, 3)
    assert hits[0][1] == pytest.approx(1.0)
    assert [score for _, score in hits] == sorted((score for _, score in hits), reverse=True)
    row = snapshot.rows([hits[0][0]])[hits[0][0]]
    assert row.text == snapshot.article("jsr").text[row.start : row.end]
    assert (row.title, row.publisher, row.published) == (
        "A fund buys JSR",
        "Évening Post",
        "2023-06-26",
    )
    assert lexical(snapshot, "photoresist makers", 1) == ["jsr"]
    assert snapshot.counts == {"articles": 3, "chunks": 5}
    assert snapshot.publishers() == ["Desk", "Évening Post"]


def test_words_that_nothing_holds_find_nothing(index: Index) -> None:
    snapshot = index.snapshot()
    for query in ("zebra", "", "   ", "…!?", "x" * 100_000):
        assert snapshot.lexical(query, 10) == []
    assert snapshot.lexical("yen", 0) == []


@pytest.mark.parametrize(
    "query",
    [
        'rapidus" AND',
        "rapidus:* OR -title:[a TO z]",
        "+rapidus -plant ~3 ^9 (((",
        "NOT rapidus \\ /.*/ {",
        "title:zzz rapidus",
        "rapidus\0\ud800"[:8],
    ],
)
def test_query_syntax_is_only_words(index: Index, query: str) -> None:
    snapshot = index.snapshot()
    assert set(lexical(snapshot, query)) >= {"rapidus", "undated"}


def test_accents_case_and_endings_do_not_matter(index: Index) -> None:
    assert lexical(index.snapshot(), "FOUNDING companïes", 1) == ["rapidus"]


def test_a_question_of_many_words_is_searched_quickly(index: Index) -> None:
    words = " ".join(f"w{n}" for n in range(200_000))
    assert lexical(index.snapshot(), "photoresists " + words, 1) == ["jsr"]


FILTERED = [
    (Filters(published_from="2023-06-01"), {"jsr"}),
    (Filters(published_to="2023-06-01"), {"rapidus"}),
    (Filters(published_from="2023-05-02", published_to="2023-05-02"), {"rapidus"}),
    (Filters(published_from="1000-01-01", published_to="9999-12-31"), {"rapidus", "jsr"}),
    (Filters(publishers=("DESK",)), {"rapidus", "undated"}),
    (Filters(publishers=("évening post", "none")), {"jsr"}),
    (Filters(article_ids=("undated", "jsr")), {"undated", "jsr"}),
    (Filters(publishers=("desk",), article_ids=("jsr",)), set()),
    (Filters(publishers=("nobody",)), set()),
]


@pytest.mark.parametrize(("filters", "expected"), FILTERED)
def test_filters_hold_in_both_searches(index: Index, filters: Filters, expected: set) -> None:
    snapshot = index.snapshot()
    words = "rapidus jsr yen companies chips engineers"
    assert set(dense(snapshot, words, 10, filters)) == expected
    assert set(lexical(snapshot, words, 10, filters)) == expected


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(about_from="2023-03-20", about_to="2023-03-21"), {"spring"}),
        (Filters(about_from="2022-06-01"), {"spring", "year"}),
        (Filters(about_to="2022-01-31"), {"old", "year"}),
        (Filters(about_from="2022-06-01", published_to="2024-01-01"), {"spring"}),
        (Filters(about_from="2030-01-01"), set()),
    ],
)
def test_what_a_text_is_about_is_a_filter_of_its_own(
    folder: Path, filters: Filters, expected: set
) -> None:
    texts = {
        "spring": "Chips from March to May 2023.",
        "year": "Chips in 2022.",
        "old": "Chips on 3 May 1999.",
        "none": "Chips on Monday.",
    }
    days = {"spring": "2023-12-01", "year": "2024-02-01"}
    articles = [
        Article(article_id=name, text=text, published=days.get(name))
        for name, text in texts.items()
    ]
    with opened(folder) as index:
        store(index, articles)
        snapshot = index.snapshot()
        assert set(dense(snapshot, "chips", 10, filters)) == expected
        assert set(lexical(snapshot, "chips", 10, filters)) == expected


def test_filters_are_applied_inside_the_searches_not_after_the_cut(folder: Path) -> None:
    crowd = [
        Article(article_id=f"c{n}", text="chips chips chips", publisher="A") for n in range(50)
    ]
    rare = Article(article_id="rare", text="some chips among other words", publisher="B")
    with opened(folder) as index:
        store(index, [*crowd, rare])
        snapshot = index.snapshot()
        filters = Filters(publishers=("b",))
        assert dense(snapshot, "chips", 1, filters) == ["rare"]
        assert lexical(snapshot, "chips", 1, filters) == ["rare"]
        assert dense(snapshot, "chips", 1) != ["rare"]


def test_equal_scores_come_in_the_same_order_every_time(folder: Path, tmp_path: Path) -> None:
    same = [Article(article_id=f"s{n}", text="the very same words") for n in range(40)]
    found = []
    for place in (folder, tmp_path / "again"):
        with opened(place) as index:
            store(index, same)
            snapshot = index.snapshot()
            found.append((lexical(snapshot, "same words", 7), dense(snapshot, "same words", 7)))
    assert found[0] == found[1]


def test_an_empty_allowed_set_finds_nothing(index: Index) -> None:
    vector = HashEmbedder().embed(["yen"])[0]
    assert index.snapshot().dense(vector, 5, np.array([], dtype=np.int64)) == []


# --- opening --------------------------------------------------------------------------------


def test_nothing_stored_is_missing_with_the_remedy(folder: Path) -> None:
    with opened(folder) as index:
        assert not index.exists()
        with pytest.raises(IndexMissing, match="rag ingest PATH"):
            index.snapshot()
        with pytest.raises(IndexMissing, match="rag ingest PATH"):
            remove(["a"], index)
        store(index, [])
        with pytest.raises(IndexMissing, match="rag ingest PATH"):
            index.snapshot()
    assert not (folder / CURRENT).exists()


def test_another_embedder_is_refused_by_name_until_rebuilt(index: Index, folder: Path) -> None:
    other = HashEmbedder(name="other-model")
    with opened(folder, other) as foreign:
        for act in (
            foreign.snapshot,
            lambda: ingest(ARTICLES, foreign, other, SETTINGS, split=paragraphs),
        ):
            with pytest.raises(IndexMismatch) as refusal:
                act()
            for part in ("hashed-words 64", "other-model 64", "--rebuild", "embedder.model"):
                assert part in str(refusal.value)
        held = index.snapshot()
        report = rebuild(foreign, other, SETTINGS, split=paragraphs)
        assert (report.articles, report.chunks, other.embedded) == (3, 5, 5)
        assert lexical(foreign.snapshot(), "photoresists", 1) == ["jsr"]
        assert lexical(held, "photoresists", 1) == ["jsr"], "who opened the old one keeps it"
        with pytest.raises(IndexMismatch, match="'other-model 64 dimensions'"):
            index.snapshot()


def test_a_reader_holds_one_generation_through_twenty_publications(
    index: Index, folder: Path
) -> None:
    held = index.snapshot()
    before = (held.articles(), lexical(held, "yen plant"), dense(held, "yen plant"), held.counts)
    for number in range(20):
        changed = Article(article_id="rapidus", text=f"Version {number} speaks of a plant.")
        store(index, [changed, Article(article_id=f"n{number}", text=f"More yen {number}")])
        now = (held.articles(), lexical(held, "yen plant"), dense(held, "yen plant"), held.counts)
        assert now == before
        assert index.snapshot().article("rapidus").text == changed.text
    assert len(list((folder / FOLDER).iterdir())) == 3, "the held, the previous, the current"
    del held, now, before
    store(index, [Article(article_id="last", text="Last words")])
    assert len(list((folder / FOLDER).iterdir())) == 2


def test_publications_leak_neither_files_nor_connections(index: Index) -> None:
    def handles() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    index.snapshot()
    counts = []
    for number in range(12):
        store(index, [Article(article_id="one", text=f"Text {number}")])
        index.snapshot().articles()
        counts.append(handles())
    assert counts[-1] <= counts[3] + 3


def test_a_snapshot_that_is_current_is_handed_out_again(index: Index) -> None:
    assert index.snapshot() is index.snapshot()


def test_readers_in_threads_see_whole_generations(index: Index) -> None:
    failures: list[str] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            snapshot = index.snapshot()
            texts = {one.article_id: one.text for one in snapshot.articles()}
            found = snapshot.rows([key for key, _ in snapshot.lexical("turn", 10)])
            turns = {row.text for row in found.values()} | {texts.get("a", ""), texts.get("b", "")}
            if len(turns - {""}) > 1:
                failures.append(str(turns))

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for number in range(8):
        text = f"It is turn {number}."
        store(index, [Article(article_id=name, text=text) for name in "ab"])
    stop.set()
    for reader in readers:
        reader.join()
    assert not failures


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without the rights of root, for which no folder is read-only."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_an_index_that_cannot_be_written_is_read_and_its_damage_refused(
    index: Index, folder: Path
) -> None:
    index.close()
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    shared = Path(tempfile.gettempdir())
    for parent in folder.parents:
        if shared in parent.parents:
            parent.chmod(0o755)
    codecs.lookup("cp437")  # for zip files; nobody may be unable to read where Python lies
    with as_nobody(), opened(folder) as reader:
        assert lexical(reader.snapshot(), "photoresists", 1) == ["jsr"]
        assert dense(reader.snapshot(), "photoresists", 1) == ["jsr"]
        with pytest.raises(RagError, match="give this user the right to it"):
            store(reader)
    vectors = generation(folder) / "vectors.faiss"
    vectors.chmod(0o644)
    vectors.write_bytes(vectors.read_bytes()[:-1] + b"\xff")
    vectors.chmod(0o444)
    with (
        as_nobody(),
        opened(folder) as reader,
        pytest.raises(IndexDamaged, match=r"vectors\.faiss"),
    ):
        reader.snapshot()


# --- damage ---------------------------------------------------------------------------------


def published_files(folder: Path) -> list[Path]:
    files = [path for path in generation(folder).rglob("*") if path.is_file()]
    return [folder / CURRENT, *sorted(path for path in files if path.stat().st_size)]


def test_a_flipped_byte_anywhere_is_found_before_an_answer(index: Index, folder: Path) -> None:
    index.close()
    fingerprint = HashEmbedder().fingerprint
    for path in published_files(folder):
        good = path.read_bytes()
        pointer = Pointer.read(folder)
        last = len(good) - 1
        for position in sorted({0, 1, last // 3, last // 2, last - 1, last}):
            for bit in (1, 128):
                bad = bytearray(good)
                bad[position] ^= bit
                path.write_bytes(bad)
                with pytest.raises(IndexDamaged, match="rag doctor --repair"):
                    Snapshot.open(folder, Pointer.read(folder), fingerprint)
        path.write_bytes(good)
        Snapshot.open(folder, pointer, fingerprint)


def test_each_damaged_file_is_named_by_the_check_and_mended_without_embedding(
    index: Index, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(len(published_files(folder))):
        path = published_files(folder)[number]
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 4
        path.write_bytes(content)
        assert [f for f in health.check(folder) if not f.ok], path
        caplog.clear()
        with opened(folder) as reader:
            assert lexical(reader.snapshot(), "photoresists", 1) == ["jsr"]
        assert "building it again from the catalog" in caplog.text
        assert all(finding.ok for finding in health.check(folder))


@pytest.mark.parametrize("deed", ["delete", "add", "link", "truncate", "grow"])
def test_files_that_are_gone_added_linked_or_resized(index: Index, folder: Path, deed: str) -> None:
    path = generation(folder) / "vectors.faiss"
    if deed == "delete":
        path.unlink()
    elif deed == "add":
        path.with_name("extra.bin").write_bytes(b"boo")
    elif deed == "link":
        moved = path.rename(folder.parent / "elsewhere")
        path.symlink_to(moved)
    elif deed == "truncate":
        path.write_bytes(path.read_bytes()[:-4])
    else:
        path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(IndexDamaged, match=r"vectors\.faiss|extra\.bin"):
        Snapshot.open(folder, Pointer.read(folder), HashEmbedder().fingerprint)
    bad = [finding for finding in health.check(folder) if not finding.ok]
    assert bad
    assert all("rag doctor --repair" in finding.remedy for finding in bad)
    assert all(finding.ok for finding in health.repair(index))


def test_a_removed_generation_or_pointer_is_made_again(index: Index, folder: Path) -> None:
    shutil.rmtree(generation(folder))
    with opened(folder) as reader:
        assert lexical(reader.snapshot(), "photoresists", 1) == ["jsr"]
    (folder / CURRENT).unlink()
    with opened(folder) as reader:
        assert lexical(reader.snapshot(), "photoresists", 1) == ["jsr"]
    (folder / CURRENT).write_text("../../etc/passwd " + "0" * 64 + "\n")
    with opened(folder) as reader:
        assert lexical(reader.snapshot(), "photoresists", 1) == ["jsr"]


def test_damage_is_refused_while_a_writer_is_at_work(index: Index, folder: Path) -> None:
    (generation(folder) / "vectors.faiss").write_bytes(b"")
    refused = pytest.raises(IndexDamaged, match=f"process {os.getpid()} is writing")
    with opened(folder) as writer, writer.writing(), opened(folder) as reader, refused:
        reader.snapshot()
    with opened(folder) as reader:
        reader.snapshot()


def test_a_lost_or_emptied_catalog_is_damage_not_a_fresh_start(index: Index, folder: Path) -> None:
    index.close()
    for name in (FILE_NAME, f"{FILE_NAME}-wal", f"{FILE_NAME}-shm"):
        (folder / name).unlink(missing_ok=True)
    for content in (None, b"", b"garbage" * 999):
        if content is not None:
            (folder / FILE_NAME).write_bytes(content)
        with opened(folder) as reader:
            for act in (reader.snapshot, lambda: store(reader)):
                with pytest.raises(IndexDamaged, match="restore it from a back-up"):
                    act()
        assert any(not finding.ok for finding in health.check(folder))


def test_an_older_catalog_put_back_is_published_anew(index: Index, folder: Path) -> None:
    backup = folder.parent / "backup"
    shutil.copy(folder / FILE_NAME, backup)
    store(index, [Article(article_id="later", text="Later words")])
    index.close()
    shutil.copy(backup, folder / FILE_NAME)
    with opened(folder) as reader:
        assert reader.snapshot().find("later") is None
        assert lexical(reader.snapshot(), "photoresists", 1) == ["jsr"]


def test_damaged_rows_are_named_by_the_check(index: Index, folder: Path) -> None:
    with index.writing() as catalog, catalog.transaction() as connection:
        connection.execute("UPDATE articles SET title = 'X' WHERE article_id = 'jsr'")
        connection.execute("UPDATE vectors SET crc = crc + 1 WHERE rowid = 1")
    found = {finding.remedy for finding in health.check(folder) if not finding.ok}
    assert any("rag remove jsr" in remedy for remedy in found)
    assert any("rag ingest --rebuild" in remedy for remedy in found)
    with pytest.raises(IndexDamaged, match="'jsr' is damaged"):
        index.snapshot().article("jsr")


def test_leftovers_and_strangers_are_told_apart_from_damage(index: Index, folder: Path) -> None:
    (folder / FOLDER / ".unfinished-00000009-0123abcd").mkdir()
    (folder / "notes.txt").write_text("mine")
    strangers = [f for f in health.check(folder) if f.state == "unexpected"]
    assert {f.path.name for f in strangers} == {".unfinished-00000009-0123abcd", "notes.txt"}
    assert all(finding.ok for finding in strangers)
    store(index, [Article(article_id="later", text="Later words")])
    assert (folder / "notes.txt").exists()
    assert not list((folder / FOLDER).glob(".unfinished-*"))


# --- writers --------------------------------------------------------------------------------


def test_a_second_writer_waits_and_then_says_who_is_writing(index: Index, folder: Path) -> None:
    refused = pytest.raises(IndexBusy, match=rf"process {os.getpid()} is writing.*0\.1 s")
    with opened(folder, timeout=0.1) as second, index.writing(), refused:
        store(second)
    with opened(folder, timeout=0.1) as second:
        assert store(second).unchanged == 3


def _write_in_process(folder: Path, name: str) -> None:
    with opened(folder, timeout=60) as index:
        for number in range(5):
            store(index, [Article(article_id=f"{name}{number}", text=f"{name} {number}")])


def test_writers_in_processes_lose_nothing(index: Index, folder: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=_write_in_process, args=(folder, name)) for name in "xy"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    stored = {one.article_id for one in index.snapshot().articles()}
    assert stored == {"rapidus", "jsr", "undated"} | {f"{w}{n}" for w in "xy" for n in range(5)}
    assert (folder / LOCK).read_text() == ""


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("What did the minister say about it?", ["minist"]),
        ("what of it", ["what", "of", "it"]),
        ("What did the US and the WHO say in May?", ["us", "who", "may"]),
        ("May the minister's plan be good for us?", ["minist", "plan", "good"]),
        ("Chips, chips and more CHIPS", ["chip"]),
        ("?!", []),
    ],
)
def test_a_query_is_searched_for_by_the_words_that_tell_something(query: str, words: list[str]):
    assert query_words(query) == words


def test_a_word_of_a_header_weighs_no_more_than_one_of_the_text(folder: Path):
    texts = {"titled": "It rained in the hills all day.", "told": "Harbour fees rose, it said."}
    titles = {"titled": "Harbour news", "told": "Money news"}
    articles = [Article(article_id=n, title=titles[n], text=text) for n, text in texts.items()]
    with opened(folder) as index:
        store(index, articles)
        scores = [score for _, score in index.snapshot().lexical("harbour", 10)]
    assert len(scores) == 2
    assert max(scores) < 1.2 * min(scores)
