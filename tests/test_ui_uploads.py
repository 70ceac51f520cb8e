"""Where files from browsers land, and the jobs that take them from there."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.errors import CorpusError, ModelError
from rag.schema import IngestReport, Progress, Rejection
from rag.settings import IngestSettings
from rag.ui.jobs import Job, Jobs
from rag.ui.uploads import Uploads

LIMITS = IngestSettings(max_bytes=20, max_file_bytes=40)


async def bytes_of(*chunks: bytes):
    for chunk in chunks:
        yield chunk


def within(folder: Path) -> list[str]:
    """All that a folder holds, apart from what describes a batch."""
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".batch.json"
    )


async def test_a_file_lands_in_its_batch_with_its_folders(tmp_path):
    uploads = Uploads(tmp_path / "index", LIMITS, 1000)
    batch = uploads.begin("news")
    await uploads.receive(batch, "news/a b/c.md", bytes_of(b"one ", b"two"))
    assert (batch.folder / "news/a b/c.md").read_bytes() == b"one two"
    assert uploads.own(str(batch.folder / "news/a b/c.md")) == "news/a b/c.md"
    assert uploads.own("/elsewhere/x.md") == "/elsewhere/x.md"
    assert batch.folder.parent == tmp_path / "index.uploads"


@pytest.mark.parametrize(
    "path",
    ["", "/etc/x.md", "../x.md", "a/../../x.md", "a/.hidden/x.md", ".batch.json", "a\\..\\x.md",
     "a\0.md", "\ud800.md", "x" * 250 + ".md", "/".join("a" * 30) + "/x.md"],
)  # fmt: skip
async def test_names_that_lead_elsewhere_are_refused(tmp_path, path):
    uploads = Uploads(tmp_path / "index", LIMITS, 1000)
    batch = uploads.begin("x")
    with pytest.raises(CorpusError, match="cannot be kept; rename it"):
        await uploads.receive(batch, path, bytes_of(b"x"))
    assert within(tmp_path) == []


@settings(max_examples=60, deadline=None)
@given(path=st.text(alphabet=st.sampled_from("a./\\~: \u202e%é"), max_size=30))
async def test_whatever_a_file_is_called_it_lands_in_its_batch_or_nowhere(tmp_path_factory, path):
    root = tmp_path_factory.mktemp("any")
    uploads = Uploads(root / "index", LIMITS, 1000)
    batch = uploads.begin("x")
    try:
        await uploads.receive(batch, f"{path}.md", bytes_of(b"x"))
    except CorpusError:
        assert within(root) == []
    else:
        (found,) = within(root)
        assert (root / found).resolve().is_relative_to(batch.folder.resolve())


@pytest.mark.parametrize(("name", "size", "ok"), [
    ("a.md", 20, True), ("a.md", 21, False), ("a.pdf", 40, True), ("a.pdf", 41, False),
    ("a.jsonl", 90, True), ("a.jsonl", 101, False), ("a.exe", 1, False), ("a", 1, False),
])  # fmt: skip
async def test_sizes_and_kinds_are_held_to_the_settings(tmp_path, name, size, ok):
    uploads = Uploads(tmp_path / "index", LIMITS, 100)
    batch = uploads.begin("x")
    if ok:
        await uploads.receive(batch, name, bytes_of(b"x" * size))
        assert within(batch.folder) == [name]
        with pytest.raises(CorpusError, match="would wait"):
            await uploads.receive(batch, "b.jsonl", bytes_of(b"x" * (101 - size)))
    else:
        with pytest.raises(CorpusError):
            await uploads.receive(batch, name, bytes_of(b"x" * size))
        assert within(batch.folder) == []


async def test_a_file_that_breaks_off_is_not_kept(tmp_path):
    async def broken():
        yield b"half"
        raise ConnectionResetError

    uploads = Uploads(tmp_path / "index", LIMITS, 100)
    batch = uploads.begin("x")
    with pytest.raises(Exception):  # noqa: B017, PT011  # whatever the connection died of
        await uploads.receive(batch, "a.md", broken())
    assert within(tmp_path) == []


async def test_what_was_interrupted_is_found_again_by_another_process(tmp_path):
    first = Uploads(tmp_path / "index", LIMITS, 100)
    batch = first.begin("news", ("https://a.example/feed",))
    await first.receive(batch, "a.md", bytes_of(b"x"))
    (found,) = Uploads(tmp_path / "index", LIMITS, 100).waiting()
    assert (found.label, found.urls, found.files()) == ("news", ("https://a.example/feed",), 1)
    first.discard(batch)
    assert first.waiting() == []
    for name in ("..", "", "x", batch.name):
        with pytest.raises(CorpusError, match="add them again"):
            first.find(name)


def test_batches_that_go_while_they_are_listed_are_passed_over(tmp_path):
    uploads = Uploads(tmp_path / "index", LIMITS, 100)
    stays = uploads.begin("stays")

    def come_and_go():
        for _ in range(300):
            uploads.discard(uploads.begin("goes"))

    working = threading.Thread(target=come_and_go)
    working.start()
    while working.is_alive():
        assert stays.name in [batch.name for batch in uploads.waiting()]
    working.join()
    assert [batch.label for batch in uploads.waiting()] == ["stays"]


# ---------------------------------------------------------------- jobs


def until(condition) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def job(label: str = "x", total: int = 0) -> Job:
    return Job(0, label, label, "here", total)


def test_jobs_are_done_in_turn_and_a_failed_one_does_not_end_the_rest():
    jobs, ended = Jobs(), []

    def fail(told):
        raise ModelError("the embedder is away; start it")

    def crash(told):
        raise ZeroDivisionError("secret")

    def work(told):
        return IngestReport(added=1, rejected=(Rejection(path="a", reason="b"),))

    made = [jobs.add(job(), one, ended.append) for one in (fail, crash, work)]
    until(lambda: not jobs.busy("here"))
    assert [one.state for one in made] == ["failed", "failed", "done"] == ended
    assert made[0].problem == "the embedder is away; start it"
    assert "ZeroDivisionError" in made[1].problem
    assert "secret" not in made[1].problem
    assert [one.path for one in made[2].rejected] == ["a"]
    assert jobs.all("elsewhere") == []


def test_a_job_is_stopped_at_its_next_step_and_one_that_waits_never_begins():
    jobs, ended, begun = Jobs(), [], threading.Event()

    def work(told):
        begun.set()
        while True:
            told(Progress(stage="load", done=1, total=0))
            time.sleep(0.01)

    first = jobs.add(job(), work, ended.append)
    second = jobs.add(job(), work, ended.append)
    assert begun.wait(20)
    jobs.stop(second.number)
    jobs.forget(second.number)
    jobs.stop(first.number)
    until(lambda: not jobs.busy("here"))
    assert [first.state, second.state] == ["stopped", "stopped"]
    jobs.forget(first.number)
    assert [one.number for one in jobs.all("here")] == [second.number]


def test_rate_and_time_left_are_those_of_the_present_stage():
    one = job(total=100)
    one.tell(Progress(stage="load", done=1, total=0))
    assert (one.rate, one.seconds_left) == (0.0, None)
    one.began -= 10
    rejection = Rejection(path="a", reason="b")
    one.tell(Progress(stage="load", done=20, total=0, rejection=rejection))
    one.tell(Progress(stage="embed", done=7, total=0))
    assert (one.stage, one.done, one.of, one.embedded) == ("load", 20, 100, 7)
    assert one.rate == pytest.approx(2, rel=0.2)
    assert one.seconds_left == pytest.approx(40, rel=0.2)
    assert one.rejected == [rejection]
    one.tell(Progress(stage="embed", done=1, total=8))
    assert (one.stage, one.of, one.seconds_left) == ("embed", 8, None)
    more = job(total=3)
    more.tell(Progress(stage="load", done=5, total=0))  # a file may hold several
    assert more.of == 5
