"""Watching: what brings a round, what does not, and how it ends."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fakes import HashEmbedder

from rag import cli
from rag.assistant import Assistant
from rag.errors import CorpusError, IndexBusy, RagError
from rag.index import Index
from rag.schema import IngestReport
from rag.settings import Settings
from rag.watch import watch

STORY = "Rapidus will make chips in Hokkaido from 2027, the company said. It named no customer."


class Watch:
    """A watch in a thread; `rounds` holds what was told."""

    def __init__(self, *paths: Path, ingest: Callable[[], IngestReport], **keys: object) -> None:
        self.rounds: list[IngestReport | RagError] = []
        self.stop = threading.Event()
        self._told = threading.Condition()
        self._thread = threading.Thread(
            target=watch, args=(paths, ingest, self._tell), kwargs={**keys, "stop": self.stop}
        )

    def _tell(self, told: IngestReport | RagError) -> None:
        with self._told:
            self.rounds.append(told)
            self._told.notify_all()

    def round(self, number: int, timeout: float = 10) -> IngestReport | RagError:
        """What the nth round told, counted from 1, once it is there."""
        with self._told:
            assert self._told.wait_for(lambda: len(self.rounds) >= number, timeout)
        return self.rounds[number - 1]

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop.set()
        self._thread.join(10)
        assert not self._thread.is_alive()


def counter() -> Callable[[], IngestReport]:
    """An ingest that counts its calls in `added`."""
    calls: list[int] = []

    def ingest() -> IngestReport:
        calls.append(1)
        return IngestReport(added=len(calls))

    return ingest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "articles"
    folder.mkdir()
    return folder


@pytest.fixture
def assistant(tmp_path: Path) -> Iterator[Assistant]:
    embedder, settings = HashEmbedder(), Settings.load(environ={})
    index = Index.open(tmp_path / "index", embedder.fingerprint, settings.index)
    with Assistant(index, embedder, None, settings) as assistant:
        yield assistant


def test_a_folder_is_kept_in_step(folder, assistant):
    (folder / "one.txt").write_text(STORY)
    with Watch(folder, ingest=lambda: assistant.ingest(folder)) as watching:
        assert watching.round(1).added == 1
        (folder / "two.txt").write_text(f"{STORY} A second plant is planned.")
        assert (watching.round(2).added, watching.round(2).unchanged) == (1, 1)
        (folder / "one.txt").write_text(f"{STORY} It may change its mind.")
        assert watching.round(3).updated == 1
        (folder / "two.txt").unlink()
        assert watching.round(4).removed == 1
    assert "change its mind" in assistant.article("one").text


def test_a_burst_of_changes_is_one_round(folder):
    with Watch(folder, ingest=counter()) as watching:
        watching.round(1)
        for number in range(20):
            (folder / f"{number}.txt").write_text(STORY)
            time.sleep(0.01)
        watching.round(2)
        time.sleep(1.5)
    assert len(watching.rounds) == 2


def test_a_change_during_a_round_brings_another(folder):
    count = counter()

    def ingest() -> IngestReport:
        report = count()
        if report.added == 1:
            (folder / "late.txt").write_text(STORY)
        return report

    with Watch(folder, ingest=ingest) as watching:
        assert watching.round(2).added == 2


def test_hidden_files_and_the_index_itself_bring_no_round(folder):
    index = folder / "index"
    index.mkdir()
    with Watch(folder, ingest=counter(), index=index) as watching:
        watching.round(1)
        (folder / ".one.txt.swp").write_text(STORY)
        (index / "catalog.sqlite").write_text("rows")
        (folder / ".git").mkdir()
        (folder / ".git" / "HEAD").write_text("x")
        time.sleep(1.5)
        assert len(watching.rounds) == 1
        (folder / "one.txt").write_text(STORY)
        watching.round(2)


def test_a_failing_round_is_told_and_the_watch_goes_on(folder):
    count = counter()

    def ingest() -> IngestReport:
        report = count()
        if report.added == 2:
            raise IndexBusy("another process is writing; try again")
        return report

    with Watch(folder, ingest=ingest) as watching:
        watching.round(1)
        (folder / "one.txt").write_text(STORY)
        assert isinstance(watching.round(2), IndexBusy)
        (folder / "two.txt").write_text(STORY)
        assert watching.round(3).added == 3


def test_a_failed_round_is_tried_again_without_a_change(folder):
    count = counter()

    def ingest() -> IngestReport:
        report = count()
        if report.added == 1:
            raise IndexBusy("another process is writing; try again")
        return report

    with Watch(folder, ingest=ingest, retry=0.5) as watching:
        assert isinstance(watching.round(1), IndexBusy)
        assert watching.round(2).added == 2
        time.sleep(1.5)
        assert len(watching.rounds) == 2


def test_a_folder_that_is_made_again_is_watched_again(folder):
    with Watch(folder, ingest=counter()) as watching:
        watching.round(1)
        shutil.rmtree(folder)
        watching.round(2)
        folder.mkdir()
        watching.round(3)
        (folder / "one.txt").write_text(STORY)
        watching.round(4)


def test_a_file_that_an_editor_replaces_is_watched_on(folder):
    file, new = folder / "one.txt", folder.parent / "new"
    file.write_text(STORY)
    with Watch(file, ingest=counter()) as watching:
        watching.round(1)
        new.write_text(STORY)
        new.rename(file)
        watching.round(2)
        time.sleep(1.5)
        before = len(watching.rounds)
        file.write_text(f"{STORY} More.")
        watching.round(before + 1)


@pytest.mark.model
def test_the_command_tells_each_round_in_a_line_and_ends_well_at_ctrl_c(folder, tmp_path):
    (folder / "one.txt").write_text(STORY)
    (folder / "bad.xyz").write_text(STORY)
    # A test that runs in the background may have Ctrl-C ignored, and hand that down.
    start = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    command = [sys.executable, "-c", f"{start}; from rag.cli import run; run()"]
    command += ["ingest", "--watch", str(folder), "--index", "index"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout.readline().startswith("1 added, 0 updated, 0 unchanged")
        (folder / "two.txt").write_text(f"{STORY} A second plant is planned.")
        assert running.stdout.readline().startswith("1 added, 0 updated, 1 unchanged")
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
    assert (running.returncode, out) == (0, "")
    watching, rejected = err.splitlines()
    assert watching.startswith("watching")
    assert rejected.startswith(f"rejected {folder}/bad.xyz")


@pytest.mark.parametrize("other", ["-", "https://example.org/", "--rebuild"])
def test_the_command_watches_files_and_folders_only(folder, other, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["rag", "ingest", "--watch", str(folder), other])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 2
    assert "--watch takes files and folders" in capsys.readouterr().err


def test_what_is_not_there_is_told_at_once(tmp_path):
    with pytest.raises(CorpusError, match="there is no such file or folder"):
        watch([tmp_path / "nowhere"], counter(), lambda told: None)
