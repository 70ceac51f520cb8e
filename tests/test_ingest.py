from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fakes import HashEmbedder
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from made_documents import epub

from rag import changes, health
from rag.catalog import FILE_NAME, Catalog
from rag.errors import CorpusError, IndexDamaged, IndexMissing, ModelError
from rag.filling import WINDOW
from rag.generation import FOLDER
from rag.index import Index
from rag.ingest import ingest, rebuild, remove
from rag.load import load
from rag.revision import Revision
from rag.schema import Article, Chunk, Filters, IngestReport, Progress, Rejection, Removal
from rag.settings import ChunkingSettings, Settings

SETTINGS = Settings.load(embedder={"batch_size": 4})
WHOLE = Settings.load(embedder={"batch_size": 4}, chunking={"size": 512})
"""With these, the splitter below makes one chunk an article."""


def halves(article: Article, tokens: object, chunking: ChunkingSettings) -> list[Chunk]:
    """Two chunks an article, or one; fewer when the chunking settings ask for large ones."""
    parts = 1 if chunking.size > 500 else 2
    middle = len(article.text) // 2 if parts == 2 else 0
    spans = [(0, middle), (middle, len(article.text))]
    return [
        Chunk(
            chunk_id=f"{article.article_id}:{start}",
            article_id=article.article_id,
            start=start,
            end=end,
            text=article.text[start:end],
            header=article.title,
        )
        for start, end in spans
        if article.text[start:end].strip()
    ]


class Desk:
    """An index folder and the embedder at hand, with the verbs in short."""

    def __init__(self, folder: Path, settings: Settings = SETTINGS) -> None:
        self.embedder = HashEmbedder()
        self.settings = settings
        self.index = Index.open(folder, self.embedder.fingerprint, SETTINGS.index)

    def ingest(self, *items: Article | Rejection, scopes=(), progress=None) -> IngestReport:
        return ingest(
            items, self.index, self.embedder, self.settings, progress, scopes, split=halves
        )

    def stored(self) -> dict[str, str]:
        return {one.article_id: one.text for one in self.index.snapshot().articles()}

    def found(self, word: str) -> set[str]:
        snapshot = self.index.snapshot()
        rows = snapshot.rows([key for key, _ in snapshot.lexical(word, 1000)])
        return {row.article_id for row in rows.values()}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "index")
    with made.index:
        yield made


def article(article_id: str, text: str = "", **facts: object) -> Article:
    text = text or f"Alpha of {article_id}. Beta of {article_id}."
    return Article(article_id=article_id, text=text, **facts)  # type: ignore[arg-type]  # fields by name


def outcome(report: IngestReport) -> tuple[int, int, int, int]:
    return report.added, report.updated, report.unchanged, report.removed


def test_the_first_time_adds_and_the_second_changes_and_embeds_nothing(desk: Desk) -> None:
    report = desk.ingest(article("a"), article("b"))
    assert outcome(report) == (2, 0, 0, 0)
    assert (report.articles, report.chunks) == (2, 4)
    calls, pointer = desk.embedder.calls, desk.index.snapshot().pointer
    report = desk.ingest(article("b"), article("a"))
    assert outcome(report) == (0, 0, 2, 0)
    assert (report.articles, report.chunks) == (2, 4)
    assert (desk.embedder.calls, desk.index.snapshot().pointer) == (calls, pointer)


def test_an_update_replaces_the_old_chunks_and_embeds_only_what_changed(desk: Desk) -> None:
    desk.ingest(article("a", "Alpha stands.Omega falls."), article("b"))
    before = desk.embedder.embedded
    report = desk.ingest(article("a", "Alpha stands.Gamma rises"))
    assert outcome(report) == (0, 1, 0, 0)
    assert desk.embedder.embedded - before <= 2
    assert desk.found("omega") == set()
    assert desk.found("gamma") == {"a"}
    assert desk.index.snapshot().article("a").text == "Alpha stands.Gamma rises"


@pytest.mark.parametrize(
    "change",
    [
        {"title": "New"},
        {"publisher": "P"},
        {"author": "A"},
        {"published": "2024-01-01"},
        {"modified": "2024-01-02"},
        {"url": "https://example.org"},
        {"topics": ("t",)},
    ],
)
def test_facts_beside_the_text_count_as_content(desk: Desk, change: dict) -> None:
    desk.ingest(article("a"))
    assert desk.ingest(article("a", **change)).updated == 1
    stored = desk.index.snapshot().article("a")
    assert {name: getattr(stored, name) for name in change} == change


def test_the_same_text_is_embedded_once(desk: Desk) -> None:
    text = "The same text in two halves" * 2
    desk.ingest(article("a", text))
    assert desk.embedder.embedded == 1, "both halves are one text"
    desk.ingest(article("b", text))
    assert desk.embedder.embedded == 1
    assert desk.found("halves") == {"a", "b"}


def test_a_failed_embedding_keeps_the_batches_done_and_changes_nothing(desk: Desk) -> None:
    class Failing(HashEmbedder):
        def embed(self, texts):
            if self.calls == 2:
                raise ModelError("gone", retryable=True)
            return super().embed(texts)

    desk.ingest(article("old"))
    failing = Failing()
    many = [article(f"a{n}") for n in range(8)]
    with pytest.raises(ModelError, match="gone"):
        ingest(many, desk.index, failing, SETTINGS, split=halves)
    assert desk.stored().keys() == {"old"}
    before = desk.embedder.embedded
    desk.ingest(*many)
    assert desk.embedder.embedded - before == 16 - failing.embedded
    assert len(desk.stored()) == 9


def test_wrong_vectors_are_refused(desk: Desk) -> None:
    class Broken(HashEmbedder):
        def embed(self, texts):
            return super().embed(texts) * np.float32("nan")

    with pytest.raises(ModelError, match="hashed-words"):
        ingest([article("a")], desk.index, Broken(), SETTINGS, split=halves)


def test_a_reader_that_fails_half_way_changes_nothing(desk: Desk) -> None:
    desk.ingest(article("a"))

    def items() -> Iterator[Article]:
        yield article("b")
        raise CorpusError("the rest cannot be read")

    with pytest.raises(CorpusError):
        ingest(items(), desk.index, desk.embedder, SETTINGS, split=halves)
    assert desk.stored().keys() == {"a"}
    assert desk.ingest(article("c")).added == 1


def test_rejections_pass_through_and_are_kept_until_they_are_settled(desk: Desk) -> None:
    bad = Rejection(path="/news/bad.md", reason="broken front matter")
    report = desk.ingest(bad, article("a"))
    assert report.rejected == (bad,)
    assert report.added == 1
    assert kept(desk) == [bad]
    desk.ingest(article("good", source="/news/bad.md"))
    assert kept(desk) == []


def kept(desk: Desk) -> list[Rejection]:
    with Catalog.open(desk.index.folder / FILE_NAME) as catalog:
        return changes.rejections(catalog)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (article("a", "   "), "no text"),
        (article("a", "half \ud83d of it"), "surrogate"),
        (article("a", source="/news/\udcff.md"), "not UTF-8"),
        (article("a", published="last Monday"), "'last Monday' cannot be read"),
        (article("", "Text"), "no id"),
    ],
)
def test_what_cannot_be_stored_is_rejected_with_the_remedy(
    desk: Desk, given: Article, reason: str
) -> None:
    report = desk.ingest(given, article("fine"))
    assert report.added == 1
    (rejection,) = report.rejected
    assert reason in rejection.reason
    assert kept(desk) == [rejection]


def test_two_sources_of_one_id_are_told_apart(desk: Desk) -> None:
    report = desk.ingest(
        article("a", source="/news/1.md"),
        article("a", "Another text.", source="/news/2.md"),
        article("a", source="/news/1.md"),
    )
    assert outcome(report) == (1, 0, 0, 0)
    (rejection,) = report.rejected
    assert rejection.path == "/news/2.md"
    assert "'a'" in rejection.reason
    assert "/news/1.md" in rejection.reason
    assert desk.stored()["a"].startswith("Alpha")


def test_a_moved_file_is_unchanged_and_its_source_follows(desk: Desk) -> None:
    desk.ingest(article("a", source="/old/a.md"))
    removal = Removal(rule="ad", text="Buy")
    report = desk.ingest(article("a", source="/new/a.md", original="raw", removals=(removal,)))
    assert outcome(report) == (0, 0, 1, 0)
    stored = desk.index.snapshot().article("a")
    assert (stored.source, stored.original, stored.removals) == ("/new/a.md", "raw", (removal,))


# --- keeping a folder in step ---------------------------------------------------------------


def filed(folder: Path, name: str, article_id: str = "", text: str = "") -> Article:
    file, _, line = name.partition("#")
    (folder / file).parent.mkdir(parents=True, exist_ok=True)
    (folder / file).touch()
    source = str(folder / file) + (f"#{line}" if line else "")
    return article(article_id or name, text, source=source)


def test_articles_whose_file_is_gone_are_removed(desk: Desk, tmp_path: Path) -> None:
    news = tmp_path / "news"
    both = [filed(news, "a.md"), filed(news, "sub/b.md")]
    elsewhere = filed(tmp_path / "other", "c.md")
    desk.ingest(*both, elsewhere, article("typed"), scopes=[news])
    (news / "a.md").unlink()
    (tmp_path / "other" / "c.md").unlink()
    report = desk.ingest(both[1], scopes=[news])
    assert outcome(report) == (0, 0, 1, 1)
    assert desk.stored().keys() == {"sub/b.md", "c.md", "typed"}
    assert desk.found("alpha") == desk.stored().keys()


def test_a_folder_that_is_not_there_removes_nothing(desk: Desk, tmp_path: Path) -> None:
    news = tmp_path / "news"
    desk.ingest(filed(news, "a.md"), scopes=[news])
    shutil.rmtree(news)
    assert desk.ingest(scopes=[news]).removed == 0


def test_a_file_that_is_broken_now_keeps_what_it_gave(desk: Desk, tmp_path: Path) -> None:
    good = filed(tmp_path, "a.md")
    desk.ingest(good, scopes=[tmp_path])
    broken = Rejection(path=good.source, reason="broken front matter")
    assert desk.ingest(broken, scopes=[tmp_path]).removed == 0
    assert desk.stored().keys() == {"a.md"}


def test_a_file_whose_article_has_another_id_now(desk: Desk, tmp_path: Path) -> None:
    desk.ingest(filed(tmp_path, "a.md", "first-id"), scopes=[tmp_path])
    report = desk.ingest(filed(tmp_path, "a.md", "second-id"), scopes=[tmp_path])
    assert outcome(report) == (1, 0, 0, 1)


def test_lines_that_left_a_jsonl_file_leave(desk: Desk, tmp_path: Path) -> None:
    lines = [filed(tmp_path, f"n.jsonl#{n}", f"id{n}") for n in (1, 2, 3)]
    scope = [tmp_path / "n.jsonl"]
    desk.ingest(*lines, scopes=scope)
    moved_up = filed(tmp_path, "n.jsonl#1", "id2")
    broken = Rejection(path=str(scope[0]) + "#2", reason="not JSON")
    report = desk.ingest(moved_up, broken, scopes=scope)
    assert outcome(report) == (0, 0, 1, 1)
    assert desk.stored().keys() == {"id2", "id3"}, "id3 may be the broken line: it stays"
    report = desk.ingest(moved_up, scopes=scope)
    assert outcome(report) == (0, 0, 1, 1)
    assert desk.stored().keys() == {"id2"}
    assert kept(desk) == []


def test_a_hash_in_a_file_name_is_no_line(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "issue#1").touch()
    odd = article("odd", source=str(tmp_path / "issue#1"))
    desk.ingest(odd, scopes=[tmp_path])
    assert desk.ingest(odd, scopes=[tmp_path]).removed == 0


def synced(desk: Desk, folder: Path) -> IngestReport:
    """What `rag ingest FOLDER` does."""
    return desk.ingest(*load(folder, desk.settings.ingest), scopes=[folder])


def test_moved_and_renamed_files_are_not_embedded_again(desk: Desk, tmp_path: Path) -> None:
    news = tmp_path / "news"
    (news / "old").mkdir(parents=True)
    for name in ("moved.txt", "renamed.txt"):
        (news / "old" / name).write_text(f"Alpha of {name}. Beta of it, too.")
    (news / "rows.csv").write_text("title,text\nOne,Alpha of one.\nTwo,Alpha of two.\n")
    assert outcome(synced(desk, news)) == (4, 0, 0, 0)
    embedded = desk.embedder.embedded
    (news / "new").mkdir()
    (news / "old" / "moved.txt").rename(news / "new" / "moved.txt")
    (news / "old" / "renamed.txt").rename(news / "new" / "other-name.txt")
    (news / "rows.csv").rename(news / "new" / "rows.csv")
    assert outcome(synced(desk, news)) == (1, 0, 3, 1)
    assert desk.embedder.embedded == embedded
    assert "other-name" in desk.stored()
    sources = {one.source for one in desk.index.snapshot().articles()}
    assert all(source.startswith(str(news / "new")) for source in sources)


def test_rows_documents_and_messages_that_left_their_file_leave(desk: Desk, tmp_path: Path) -> None:
    news = tmp_path / "news"
    news.mkdir()
    rows = ["Alpha of one.", "Alpha of two.", "Alpha of three."]
    (news / "a.csv").write_text("text\n" + "\n".join(rows))
    (news / "b.epub").write_bytes(epub(*(f"<p>{row} {'Beta. ' * 9}</p>" for row in rows)))
    (news / "c.json").write_text(json.dumps([{"text": f"Gamma {row}"} for row in rows]))
    assert outcome(synced(desk, news)) == (9, 0, 0, 0)
    (news / "a.csv").write_text("text\n" + "\n".join(rows[1:]))
    (news / "b.epub").write_bytes(epub(*(f"<p>{row} {'Beta. ' * 9}</p>" for row in rows[:2])))
    (news / "c.json").unlink()
    assert outcome(synced(desk, news)) == (0, 0, 4, 5)
    assert outcome(synced(desk, news)) == (0, 0, 4, 0)


def test_files_of_one_name_in_several_folders_are_several_articles(
    desk: Desk, tmp_path: Path
) -> None:
    for day in ("03", "04"):
        (tmp_path / "2023" / day).mkdir(parents=True)
        (tmp_path / "2023" / day / "index.txt").write_text(f"Alpha of the {day}. And more.")
    assert outcome(synced(desk, tmp_path / "2023")) == (2, 0, 0, 0)
    assert desk.stored().keys() == {"03-index.txt", "04-index.txt"}


def test_details_that_change_are_kept_and_nothing_is_embedded(desk: Desk) -> None:
    desk.ingest(article("a", published="2023-07-03", published_origin="URL"))
    embedded = desk.embedder.embedded
    told = article("a", published="2023-07-03", published_origin="JSON-LD", captions=("Ships",))
    assert outcome(desk.ingest(told)) == (0, 0, 1, 0)
    assert desk.index.snapshot().article("a") == told
    assert desk.embedder.embedded == embedded


def test_stored_articles_have_a_signature(desk: Desk) -> None:
    desk.ingest(article("a"), article("b", "Another text."))
    with Catalog.open(desk.index.folder / FILE_NAME) as catalog:
        found = Revision(catalog, catalog.meta().revision).signatures()
    assert found.keys() == {"a", "b"}
    assert all(found.values())
    assert found["a"] != found["b"]


# --- removing, splitting anew, rebuilding ---------------------------------------------------


def test_remove_takes_all_or_nothing(desk: Desk) -> None:
    desk.ingest(article("a"), article("b"), article("c"))
    with pytest.raises(IndexMissing, match="no article 'bb'"):
        remove(["a", "bb"], desk.index)
    assert len(desk.stored()) == 3
    report = remove(["a", "c", "a"], desk.index)
    assert (report.removed, report.articles, report.chunks) == (2, 1, 2)
    assert desk.found("alpha") == {"b"}
    remove(["b"], desk.index)
    assert desk.stored() == {}
    assert desk.found("alpha") == set()
    assert desk.ingest(article("a")).added == 1


def test_removed_text_leaves_the_files_once_no_reader_needs_it(desk: Desk) -> None:
    desk.ingest(article("secret", "Xylophone quartet"), article("b"))
    remove(["secret"], desk.index)
    desk.ingest(article("c"))
    desk.ingest(article("d"))
    with Catalog.open(desk.index.folder / FILE_NAME) as catalog, catalog.connection() as connection:
        assert connection.execute(
            "SELECT count(*) FROM articles WHERE article_id = 'secret'"
        ).fetchone() == (0,)


def test_other_chunking_settings_split_every_article_anew(desk: Desk) -> None:
    desk.ingest(article("a"), article("b"))
    desk.settings = WHOLE
    report = desk.ingest(article("a"))
    assert outcome(report) == (0, 0, 1, 0)
    assert (report.articles, report.chunks) == (2, 2)
    assert desk.index.snapshot().manifest.chunking["size"] == 512
    assert outcome(desk.ingest(article("a"), article("b"))) == (0, 0, 2, 0)
    assert desk.ingest(article("a")).chunks == 2


def test_rebuild_mends_damaged_vectors_and_embeds_only_those(desk: Desk) -> None:
    desk.ingest(*(article(f"a{n}") for n in range(5)))
    with desk.index.writing() as catalog, catalog.transaction() as connection:
        connection.execute("UPDATE vectors SET vector = zeroblob(256) WHERE rowid <= 2")
    shutil.rmtree(desk.index.folder / FOLDER)
    with pytest.raises(IndexDamaged, match="rag ingest --rebuild"):
        desk.index.snapshot()
    before = desk.embedder.embedded
    report = rebuild(desk.index, desk.embedder, SETTINGS, split=halves)
    assert desk.embedder.embedded - before == 2
    assert (report.articles, report.chunks) == (5, 10)
    assert desk.found("alpha") == {f"a{n}" for n in range(5)}
    assert all(finding.ok for finding in health.check(desk.index.folder))


def test_an_index_that_holds_nothing_yet_takes_another_embedder(desk: Desk) -> None:
    desk.ingest(Rejection(path="/x", reason="empty"))
    other = HashEmbedder(32, "other")
    index = Index.open(desk.index.folder, other.fingerprint, SETTINGS.index)
    assert ingest([article("a")], index, other, SETTINGS, split=halves).added == 1
    assert index.snapshot().manifest.embedder.dimensions == 32


def test_progress_is_told_by_stage(desk: Desk) -> None:
    told: list[Progress] = []
    desk.ingest(*(article(f"a{n}") for n in range(3)), progress=told.append)
    steps = [(one.stage, one.done, one.total) for one in told]
    assert steps == [
        ("load", 1, 0),
        ("load", 2, 0),
        ("load", 3, 0),
        ("embed", 0, 6),
        ("embed", 4, 6),
        ("embed", 6, 6),
        ("publish", 0, 1),
        ("publish", 1, 1),
    ]


# --- embedding while more is read -----------------------------------------------------------

MANY = WINDOW * SETTINGS.embedder.batch_size
"""So many chunks are embedded before all is read."""


class Seen(HashEmbedder):
    """Lets others wait for its first batch."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = threading.Event()

    def embed(self, texts):
        self.begun.set()
        return super().embed(texts)


def test_what_is_written_is_embedded_while_more_is_read(desk: Desk) -> None:
    seen, told = Seen(), list[Progress]()

    def items() -> Iterator[Article]:
        for n in range(MANY):
            yield article(f"a{n}")
        assert seen.begun.wait(30)
        yield article("last")

    report = ingest(items(), desk.index, seen, SETTINGS, told.append, split=halves)
    assert (report.added, report.chunks) == (MANY + 1, 2 * MANY + 2)
    assert seen.embedded == report.chunks
    assert desk.stored().keys() == {*(f"a{n}" for n in range(MANY)), "last"}
    embed = [(one.done, one.total) for one in told if one.stage == "embed"]
    assert [done for done, _ in embed] == sorted(done for done, _ in embed)
    assert {total for _, total in embed} == {0, report.chunks}, "unknown until all is read"
    assert embed[-1] == (report.chunks, report.chunks)


def test_what_a_publishers_habits_may_change_waits(desk: Desk) -> None:
    seen = Seen()

    def items() -> Iterator[Article]:
        for n in range(MANY):
            yield article(f"a{n}", publisher="Courier", original="as it came")
        assert not seen.begun.is_set()

    ingest(items(), desk.index, seen, SETTINGS, split=halves)
    assert seen.embedded == 2 * MANY


def test_a_failing_embedder_ends_the_reading(desk: Desk) -> None:
    class Failing(HashEmbedder):
        def embed(self, texts):
            raise ModelError("gone")

    def items() -> Iterator[Article]:
        for n in range(1_000_000):
            yield article(f"a{n}")

    with pytest.raises(ModelError, match="gone"):
        ingest(items(), desk.index, Failing(), SETTINGS, split=halves)
    assert desk.ingest(article("b")).articles == 1


def test_what_was_embedded_before_the_reading_failed_is_not_embedded_again(desk: Desk) -> None:
    seen = Seen()
    many = [article(f"a{n}") for n in range(2 * MANY)]

    def items() -> Iterator[Article]:
        yield from many
        assert seen.begun.wait(30)
        raise CorpusError("the rest cannot be read")

    with pytest.raises(CorpusError):
        ingest(items(), desk.index, seen, SETTINGS, split=halves)
    assert seen.embedded
    assert not desk.index.exists()
    desk.ingest(*many)
    assert desk.embedder.embedded == 4 * MANY - seen.embedded


def test_batches_are_sorted_by_length(desk: Desk) -> None:
    sizes: list[list[int]] = []

    class Noting(HashEmbedder):
        def embed(self, texts):
            sizes.append([len(text) for text in texts])
            return super().embed(texts)

    many = [article(f"a{n}", f"word{n} " * (n * 7 % 11 + 2)) for n in range(11)]
    ingest(many, desk.index, Noting(), SETTINGS, split=halves)
    flat = [size for batch in sizes for size in batch]
    assert flat == sorted(flat)
    assert max(map(len, sizes)) == 4


def test_two_threads_ingest_one_after_the_other(desk: Desk) -> None:
    threads = [
        threading.Thread(target=desk.ingest, args=[article(f"{name}{n}") for n in range(5)])
        for name in "xy"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert desk.stored().keys() == {f"{name}{n}" for name in "xy" for n in range(5)}


def test_an_article_of_many_chunks(desk: Desk) -> None:
    text = "".join(f"Sentence {n}. " for n in range(3000))

    def tens(given: Article, tokens: object, chunking: object) -> list[Chunk]:
        return [
            Chunk(
                chunk_id=f"{start}",
                article_id="long",
                start=start,
                end=start + 10,
                text=given.text[start : start + 10],
            )
            for start in range(0, len(text) - 10, 10)
        ]

    report = ingest([article("long", text)], desk.index, desk.embedder, SETTINGS, split=tens)
    assert report.chunks == len(range(0, len(text) - 10, 10)) > 2500
    snapshot = desk.index.snapshot()
    allowed = snapshot.allowed(Filters(article_ids=("long",)))
    assert allowed is not None
    assert allowed.sum() == report.chunks
    vector = desk.embedder.embed(["word"])[0]
    found = snapshot.dense(vector, report.chunks, allowed)
    assert len(snapshot.rows([key for key, _ in found])) == report.chunks


# --- against a dictionary -------------------------------------------------------------------

IDS = st.sampled_from(["a", "b", "c", "ä#1", "x y"])
WORDS = st.sampled_from(["chips", "trade", "yen", "Brussels"])


class AgainstADictionary(RuleBasedStateMachine):
    """Add, update, remove, reopen: the index holds what a dictionary would."""

    root: Path

    @initialize(number=st.integers(0, 10**9))
    def start(self, number: int) -> None:
        folder = self.root / f"{number}-{len(list(self.root.iterdir()))}"
        self.desk, self.expected = Desk(folder, WHOLE), {}

    @rule(batch=st.dictionaries(IDS, st.lists(WORDS, min_size=1, max_size=4), min_size=1))
    def write(self, batch: dict[str, list[str]]) -> None:
        given = {name: f"{' '.join(words)} by {name}" for name, words in batch.items()}
        report = self.desk.ingest(*(article(name, text) for name, text in given.items()))
        old = self.expected
        assert report.added == len(given.keys() - old.keys())
        assert report.unchanged == sum(old.get(name) == text for name, text in given.items())
        assert report.added + report.updated + report.unchanged == len(given)
        self.expected = {**old, **given}

    @rule(name=IDS)
    def take_out(self, name: str) -> None:
        if name in self.expected:
            remove([name], self.desk.index)
            del self.expected[name]
        else:
            with pytest.raises(IndexMissing):
                remove([name], self.desk.index)

    @rule()
    def reopen(self) -> None:
        self.desk.index.close()
        self.desk = Desk(self.desk.index.folder, WHOLE)

    @rule()
    def damage(self) -> None:
        for path in self.desk.index.folder.glob("generations/*/vectors.faiss"):
            path.write_bytes(b"")

    @invariant()
    def holds_the_same(self) -> None:
        if not hasattr(self, "desk") or not self.desk.index.exists():
            return
        assert self.desk.stored() == self.expected
        for word in ("chips", "yen"):
            holding = {name for name, text in self.expected.items() if word in text}
            assert self.desk.found(word) == holding


def test_the_index_agrees_with_a_dictionary(tmp_path: Path) -> None:
    AgainstADictionary.root = tmp_path
    case = AgainstADictionary.TestCase
    case.settings = settings(
        max_examples=12,
        database=None,
        stateful_step_count=8,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    case().runTest()
