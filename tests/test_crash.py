"""Kill -9, or a disk that refuses, at any moment of an ingest: the index opens, and answers from
before or after."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": f"{HERE.parent}{os.pathsep}{HERE}",
    "OMP_NUM_THREADS": "1",
}
PROCESSES = 2
"""How many share the trials of a test."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """In memory where that can be had: a process that is killed loses no more there than on disk,
    and nothing has to be waited for."""
    memory = Path("/dev/shm")
    where = memory if memory.is_dir() and os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=where, prefix="newsdesk-crash-") as made:
        yield Path(made)


def started(folder: Path, mode: str, amount: int, shard: int) -> subprocess.Popen[str]:
    numbers = [str(number) for number in (amount, shard, PROCESSES)]
    with (folder / f"trouble{shard}").open("w") as trouble:
        return subprocess.Popen(
            [sys.executable, str(HERE / "crash_child.py"), str(folder), mode, *numbers],
            stdout=subprocess.PIPE,
            stderr=trouble,
            text=True,
            env=ENVIRONMENT,
        )


def crash(folder: Path, mode: str, amount: int) -> dict[str, Counter[str]]:
    """Run the trials of one mode in `PROCESSES` processes; what they saw, added up."""
    children = [started(folder, mode, amount, shard) for shard in range(PROCESSES)]
    found: dict[str, Counter[str]] = {}
    try:
        for shard, child in enumerate(children):
            out, _ = child.communicate(timeout=280)
            assert child.returncode == 0, (folder / f"trouble{shard}").read_text()[-4000:]
            result = json.loads(out)
            if "cannot" in result:
                pytest.skip(f"system calls cannot be watched here: {result['cannot'][-200:]}")
            for name, counts in result.items():
                found.setdefault(name, Counter()).update(counts)
    finally:
        for child in children:
            child.kill()
            child.communicate()
    return found


def kinds(found: dict[str, Counter[str]]) -> set[str]:
    """The calls that met a fault, under one name where machines differ."""
    return {name.removesuffix("2").removesuffix("at") for name in found["calls"]}


def test_kill_at_500_random_moments(folder: Path) -> None:
    found = crash(folder, "random", 500)
    assert found["seen"].total() == 500
    assert set(found["stages"]) >= {"load", "embed", "publish"}, found["stages"]
    assert found["stages"]["publish"] >= 50, "between the commit and the published pointer, too"


STORED = pytest.mark.parametrize("stored", [0, 2], ids=["first-ingest", "later-ingest"])
CHANGES = {"write", "pwrite64", "fsync", "fdatasync", "rename", "mkdir", "open", "ftruncate"}


@STORED
def test_kill_at_each_write_sync_and_rename(folder: Path, stored: int) -> None:
    """About half of the writes are cut in two: what a torn write leaves is met as well."""
    found = crash(folder, "kill", stored)
    assert set(found["seen"]) == {"old", "new"}
    assert kinds(found) >= CHANGES
    assert found["calls"].total() > (150 if stored else 80)


@STORED
def test_a_disk_that_is_full_from_any_moment_on(folder: Path, stored: int) -> None:
    """What was stored answers while it is full, and with space again an ingest brings the rest."""
    found = crash(folder, "full", stored)
    assert set(found["seen"]) == {"old", "new"}
    assert kinds(found) >= CHANGES
    check_told(found, "free some space")


@pytest.mark.parametrize("kind", ["broken", "unread"])
def test_a_disk_that_fails_once_at_any_moment(folder: Path, kind: str) -> None:
    found = crash(folder, kind, 2)
    assert set(found["seen"]) == {"old", "new"}
    assert kinds(found) >= ({"read", "pread64"} if kind == "unread" else CHANGES)
    check_told(found, "see that the disk is sound")


def check_told(found: dict[str, Counter[str]], remedy: str) -> None:
    """All that was told names a place in the index and says what to do."""
    told = {line for text in found["told"] for line in text.splitlines()}
    assert any(remedy in line for line in told)
    for line in told:
        assert line.startswith("INDEX")
        assert "try again" in line or "rag doctor --repair" in line


@pytest.mark.parametrize("limit", [20_000, 60_000, 140_000])
def test_a_full_disk_is_told_in_words_and_loses_nothing(tmp_path: Path, limit: int) -> None:
    """A limit on the size of files stands in for a full disk: writes fail half-way."""
    script = f"""
import resource, signal
from pathlib import Path
from crash_child import *
from rag.errors import RagError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
home, embedder = Path({str(tmp_path)!r}) / "home", HashEmbedder(dimensions=512)
write_files(1, home)
with Index.open(home.parent / "index", embedder.fingerprint, SETTINGS.index) as index:
    run_ingest(index, embedder, 1, home)
    resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, resource.RLIM_INFINITY))
    write_files(2, home)
    try:
        run_ingest(index, embedder, 2, home)
    except RagError as error:
        print("told:", error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert answers(index, embedder) in (state(1, home), state(2, home))
    run_ingest(index, embedder, 2, home)
    assert answers(index, embedder) == state(2, home)
    assert all(finding.ok for finding in health.check(index.folder))
"""
    result = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=ENVIRONMENT,
    )
    assert result.returncode == 0, result.stderr[-4000:]
    assert "told: " in result.stdout
    assert "what was stored before is kept" in result.stdout
