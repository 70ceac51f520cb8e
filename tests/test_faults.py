"""Writers that die, writers that meet, and readers that never stop."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fakes import HashEmbedder
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from rag import health
from rag.errors import IndexBusy, IndexMissing
from rag.index import Index
from rag.ingest import ingest
from rag.schema import Article, Chunk
from rag.settings import Settings

HERE = Path(__file__).parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{HERE.parent}{os.pathsep}{HERE}"}
SETTINGS = Settings()


def opened(folder: Path, timeout: float = 60.0) -> Index:
    limits = Settings.load(index={"lock_timeout": timeout}).index
    return Index.open(folder, HashEmbedder().fingerprint, limits)


def whole(article: Article, tokens: object, chunking: object) -> list[Chunk]:
    return [
        Chunk(
            chunk_id=f"{article.article_id}:0",
            article_id=article.article_id,
            start=0,
            end=len(article.text),
            text=article.text,
        )
    ]


def store(index: Index, texts: dict[str, str]) -> None:
    articles = [Article(article_id=name, text=text) for name, text in texts.items()]
    ingest(articles, index, HashEmbedder(), SETTINGS, split=whole)


def stored(index: Index) -> dict[str, str]:
    """What the index holds, which all its ways of asking must agree on."""
    try:
        snapshot = index.snapshot()
    except IndexMissing:
        return {}
    texts = {article.article_id: article.text for article in snapshot.articles()}
    vector = HashEmbedder().embed(["common"])[0]
    for hits in (snapshot.lexical("common", 100), snapshot.dense(vector, 100)):
        rows = snapshot.rows([key for key, _ in hits]).values()
        assert {row.article_id: row.text for row in rows} == texts
    assert snapshot.counts["articles"] == len(texts)
    return texts


# --- against a dictionary ------------------------------------------------------------------------


class Writer:
    """Another process, which writes as it is told and dies as it is told."""

    def __init__(self, root: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "crash_child.py"), str(root), "serve", "0", "0", "1"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**ENVIRONMENT, "OMP_NUM_THREADS": "1"},
        )
        self.trouble = self._heard().get("cannot", "")

    def write(self, folder: Path, texts: dict[str, str], gone: list[str], at: int) -> bool:
        """Store and remove; whether it died of that, before it changed a file the `at`-th time."""
        order = {"folder": str(folder), "write": texts, "remove": gone, "at": at}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._heard()["killed"]

    def close(self) -> None:
        self._process.communicate(timeout=60)
        assert self._process.returncode == 0

    def _heard(self) -> dict:
        line = self._process.stdout.readline()
        assert line, "the writing process is gone; its words stand above"
        return json.loads(line)


NAMES = st.sampled_from("abcdef")
BATCHES = st.dictionaries(NAMES, st.integers(0, 9), min_size=1)
MOMENTS = st.integers(1, 230)
"""The calls of a small ingest that change a file are about so many."""


class AgainstADictionary(RuleBasedStateMachine):
    """Add, update, remove, die, reopen: the index holds what a dictionary would."""

    root: Path
    writer: Writer
    deaths = 0

    @initialize()
    def start(self) -> None:
        folder = self.root / str(len(list(self.root.iterdir())))
        folder.mkdir()
        self.index, self.expected, self.late = opened(folder / "index"), {}, []

    @rule(batch=BATCHES, at=st.just(0) | MOMENTS)
    def write(self, batch: dict[str, int], at: int) -> None:
        texts = {name: f"Common words of {name}, version {n}." for name, n in batch.items()}
        died = self.writer.write(self.index.folder, texts, [], at)
        self._settle(died, [{**base, **texts} for base in self._bases()])

    @rule(name=NAMES, at=st.just(0) | MOMENTS)
    def take_out(self, name: str, at: int) -> None:
        bases = self._bases()
        if not all(name in base for base in bases):
            return  # refused, or not, by what is stored: test_ingest.py has that
        died = self.writer.write(self.index.folder, {}, [name], at)
        self._settle(died, [{k: v for k, v in base.items() if k != name} for base in bases])

    @rule()
    def reopen(self) -> None:
        self.index.close()
        self.index = opened(self.index.folder)

    @invariant()
    def holds_the_same(self) -> None:
        if hasattr(self, "index"):
            assert stored(self.index) == self.expected

    def teardown(self) -> None:
        if self.expected and not self.late:
            assert all(finding.ok for finding in health.check(self.index.folder))

    def _bases(self) -> list[dict[str, str]]:
        """What may be stored: what answers and, after a death, what was not yet published."""
        return [self.expected, *self.late]

    def _settle(self, died: bool, new: list[dict[str, str]]) -> None:
        """After a death it is as before or as it was to be; else, as it was to be."""
        type(self).deaths += died
        allowed = [*self._bases(), *new] if died else new
        self.expected = stored(self.index)
        assert self.expected in allowed
        self.late = [one for one in allowed if died and one != self.expected]


def test_the_index_agrees_with_a_dictionary_whoever_dies(tmp_path: Path) -> None:
    writer = Writer(tmp_path)
    if writer.trouble:
        writer.close()
        pytest.skip(f"system calls cannot be watched here: {writer.trouble[-200:]}")
    machine = AgainstADictionary
    machine.root, machine.writer = tmp_path, writer
    case = machine.TestCase
    case.settings = settings(
        max_examples=15,
        phases=[Phase.generate],
        database=None,
        stateful_step_count=10,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    case().runTest()
    writer.close()
    assert machine.deaths >= 10


# --- two writers ---------------------------------------------------------------------------------

HOLD = """
import sys
from pathlib import Path
from test_faults import opened, store
with opened(Path(sys.argv[1])) as index:
    store(index, {"first": "Common words of the first."})
    with index.writing():
        print("held", flush=True)
        sys.stdin.read()
    store(index, {"third": "Common words of the third."})
"""


@contextmanager
def holder(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process, which holds the write lock until its input ends and then writes again."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )
    try:
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_writer_is_told_who_holds_the_lock_and_one_that_waits_gets_it(tmp_path: Path) -> None:
    folder, texts = tmp_path / "index", {"second": "Common words of the second."}
    with holder(folder) as other, opened(folder, 0.1) as hasty, opened(folder) as patient:
        with pytest.raises(IndexBusy, match=rf"process {other.pid} is writing .*try again"):
            store(hasty, texts)
        assert stored(hasty).keys() == {"first"}, "readers are not kept waiting"
        waiting = threading.Thread(target=store, args=(patient, texts))
        waiting.start()
        time.sleep(0.2)
        assert waiting.is_alive()
        other.communicate(timeout=60)
        waiting.join(60)
        assert other.returncode == 0
        assert stored(hasty).keys() == {"first", "second", "third"}


def test_a_killed_writer_holds_nothing_any_more(tmp_path: Path) -> None:
    with holder(tmp_path / "index") as other, opened(tmp_path / "index", 0.0) as index:
        other.send_signal(signal.SIGKILL)
        other.wait(60)
        store(index, {"second": "Common words of the second."})
        assert stored(index).keys() == {"first", "second"}


# --- readers -------------------------------------------------------------------------------------

READS, REPUBLICATIONS, READERS, THREADS = 10_000, 20, 2, 2
FRESH_EVERY = 25
"""Reads after which a reader opens the index anew."""


def turn(number: int) -> dict[str, str]:
    """Every text says which turn it is."""
    return dict.fromkeys("abc", f"Common words of turn {number}.")


def _read(folder: Path, reads, stop) -> None:
    failures: list[str] = []

    def endless() -> None:
        index, latest, count = opened(folder), 0, 0
        while not stop.is_set() and not failures:
            try:
                turns = {int(text.split()[-1].strip(".")) for text in stored(index).values()}
                assert len(turns) == 1, f"of several generations: {turns}"
                assert max(turns) >= latest, "an older one came back"
            except Exception as error:
                failures.append(repr(error))
                raise
            latest, count = max(turns), count + 1
            with reads.get_lock():
                reads.value += 1
            if count % FRESH_EVERY == 0:
                index = opened(folder)

    threads = [threading.Thread(target=endless) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.exit("; ".join(failures) or None)


def test_ten_thousand_reads_across_twenty_republications(tmp_path: Path) -> None:
    folder, spawn = tmp_path / "index", multiprocessing.get_context("spawn")
    reads, stop = spawn.Value("l", 0), spawn.Event()
    with opened(folder) as index:
        store(index, turn(0))
        readers = [spawn.Process(target=_read, args=(folder, reads, stop)) for _ in range(READERS)]
        for reader in readers:
            reader.start()
        for number in range(1, REPUBLICATIONS + 1):
            while reads.value < READS * number // (REPUBLICATIONS + 1) and all(
                reader.is_alive() for reader in readers
            ):
                time.sleep(0.005)
            store(index, turn(number))
        while reads.value < READS and all(reader.is_alive() for reader in readers):
            time.sleep(0.01)
        stop.set()
        for reader in readers:
            reader.join(60)
        assert [reader.exitcode for reader in readers] == [0] * READERS
        assert reads.value >= READS
