"""The process that reads documents: killed in time, limited, shared, and gone at the end."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from made_documents import PARAGRAPHS, TITLE, docx, page, pdf, printed

from rag.errors import CorpusError
from rag.load import from_bytes, load
from rag.reading import worker as workers
from rag.reading.worker import Worker, reading
from rag.schema import Article, Rejection
from rag.settings import IngestSettings

MB = 1_000_000
GOOD = json.dumps({"text": PARAGRAPHS[0]}).encode()
SLOW = b"[" + b"1," * (15 * MB) + b"0]"
"""JSON that takes seconds and little memory."""
TIGHT = 160 * MB
HUGE = b"[" + b"[]," * (3 * MB) + b"0]"
"""JSON of 9 MB that takes over `TIGHT` as objects."""


LIMITED = pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits memory")


@pytest.fixture
def worker():
    made = Worker(timeout=20, memory=512 * MB)
    yield made
    made.close()


def children() -> set[int]:
    """The processes that this one started and has not waited for."""
    if not Path("/proc/self/stat").exists():
        pytest.skip("only Linux tells a process's children")
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # gone meanwhile
            if int(stat.read_text().rpartition(")")[2].split()[1]) == os.getpid():
                found.add(int(stat.parent.name))
    return found


def test_documents_of_all_kinds_are_read_by_one_process(worker: Worker) -> None:
    before = children()
    (record,) = worker.read(".json", GOOD)
    started = children() - before
    assert record == {"text": PARAGRAPHS[0]}
    assert worker.read(".pdf", pdf(printed(PARAGRAPHS[1])))[0]["text"] == PARAGRAPHS[1]
    assert worker.read(".docx", docx(PARAGRAPHS[1]))[0]["text"] == PARAGRAPHS[1]
    assert PARAGRAPHS[1] in worker.read(".html", page())[0]["text"]
    assert children() - before == started
    assert len(started) == 1
    worker.close()
    assert children() == before


def test_nothing_is_started_before_it_is_needed() -> None:
    before = children()
    with reading(IngestSettings()):
        assert children() == before


def test_a_document_that_takes_too_long_is_given_up(worker: Worker) -> None:
    slow = Worker(timeout=0.3, memory=512 * MB)
    try:
        slow.read(".json", GOOD)
        begun = time.monotonic()
        with pytest.raises(CorpusError, match=r"within 0\.3 s; .* ingest\.read_timeout"):
            slow.read(".json", SLOW)
        assert time.monotonic() - begun < 3
        assert slow.read(".json", GOOD) == [{"text": PARAGRAPHS[0]}]
    finally:
        slow.close()


@LIMITED
def test_a_document_that_takes_too_much_memory_is_given_up() -> None:
    tight = Worker(timeout=20, memory=TIGHT)
    try:
        with pytest.raises(CorpusError, match=r"takes more than 160 MB .* ingest\.read_memory"):
            tight.read(".json", HUGE)
        assert tight.read(".json", GOOD) == [{"text": PARAGRAPHS[0]}]
    finally:
        tight.close()


def test_a_process_that_was_lost_is_started_again(worker: Worker) -> None:
    before = children()
    worker.read(".json", GOOD)
    (child,) = children() - before
    os.kill(child, signal.SIGKILL)
    assert worker.read(".json", GOOD) == [{"text": PARAGRAPHS[0]}]


def test_a_process_that_dies_over_a_document_is_told_and_replaced(worker: Worker) -> None:
    before = children()
    worker.read(".json", GOOD)
    (child,) = children() - before
    threading.Timer(0.3, os.kill, (child, signal.SIGSEGV)).start()
    with pytest.raises(CorpusError, match=r"made its reader crash .*SIGSEGV"):
        worker.read(".json", SLOW)
    assert worker.read(".json", GOOD) == [{"text": PARAGRAPHS[0]}]


def test_a_process_that_is_left_alone_ends(worker: Worker) -> None:
    before = children()
    worker.read(".json", GOOD)
    (child,) = children() - before
    worker._child._process.stdin.close()
    until = time.monotonic() + 10
    while time.monotonic() < until and Path(f"/proc/{child}/stat").read_text().split()[2] != "Z":
        time.sleep(0.02)
    assert Path(f"/proc/{child}/stat").read_text().split()[2] == "Z"


def test_threads_take_turns(worker: Worker) -> None:
    def one(number: int) -> str:
        return worker.read(".json", json.dumps({"text": f"Story {number}."}).encode())[0]["text"]

    before = children()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(one, range(60)))
    assert found == [f"Story {number}." for number in range(60)]
    assert len(children() - before) == 1


def test_blocks_share_one_process_and_the_last_ends_it() -> None:
    before, settings = children(), IngestSettings()
    with reading(settings) as outer:
        outer.read(".json", GOOD)
        with reading(settings) as inner:
            assert inner is outer
        assert len(children() - before) == 1
    assert children() == before
    with reading(settings) as again:
        assert again is not outer


def test_the_process_knows_no_key_and_no_open_file(monkeypatch, worker: Worker) -> None:
    monkeypatch.setenv("RAG_LLM__API_KEY", "secret-key")
    monkeypatch.setenv("HTTPS_PROXY", "http://user:secret-key@proxy.example")
    before = children()
    with Path(__file__).open("rb"):
        worker.read(".json", GOOD)
        (child,) = children() - before
        assert b"secret-key" not in Path(f"/proc/{child}/environ").read_bytes()
        opened = {str(link.readlink()) for link in Path(f"/proc/{child}/fd").iterdir()}
    assert not any("test_worker" in name or "socket" in name for name in opened)


def test_a_loop_that_is_not_finished_leaves_no_process(tmp_path: Path) -> None:
    before = children()
    for number in range(3):
        (tmp_path / f"{number}.json").write_bytes(GOOD)
    items = load(tmp_path, IngestSettings())
    assert isinstance(next(items), Article)
    items.close()
    assert children() == before


@LIMITED
def test_a_crash_is_one_rejection_among_good_ones(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(GOOD)
    (tmp_path / "b.json").write_bytes(HUGE)
    (tmp_path / "c.json").write_bytes(GOOD.replace(b"second", b"third"))
    first, second, third = load(tmp_path, IngestSettings(read_memory=TIGHT))
    assert isinstance(first, Article)
    assert isinstance(second, Rejection)
    assert second.path == str(tmp_path / "b.json")
    assert "160 MB" in second.reason
    assert isinstance(third, Article)


def test_facts_fill_what_a_document_does_not_say() -> None:
    facts = {"title": "Of the feed", "published": "2023-07-03", "published_origin": "feed"}
    (article,) = from_bytes(GOOD, ".json", "https://x.example/1", IngestSettings(), facts)
    assert isinstance(article, Article)
    assert (article.title, article.published) == ("Of the feed", "2023-07-03")
    assert article.published_origin == "feed"
    said = json.dumps({"text": PARAGRAPHS[0], "title": TITLE, "date": "2023-07-04"}).encode()
    (article,) = from_bytes(said, ".json", "https://x.example/1", IngestSettings(), facts)
    assert isinstance(article, Article)
    assert (article.title, article.published) == (TITLE, "2023-07-04")
    assert article.published_origin == "record"


def test_the_environment_that_is_passed_on_is_a_short_list() -> None:
    assert not [name for name in workers._environment() if "KEY" in name or "PROXY" in name.upper()]
