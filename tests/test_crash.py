"""Kill -9 at any moment of an ingest: the index opens, and answers from before or after."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture
def folder() -> Iterator[Path]:
    """In memory where that can be had: a process that is killed loses no more there than on disk,
    and nothing has to be waited for."""
    memory = Path("/dev/shm")
    where = memory if memory.is_dir() and os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=where, prefix="newsdesk-crash-") as made:
        yield Path(made)


def crash(root: Path, mode: str, amount: int = 0) -> dict:
    result = subprocess.run(
        [sys.executable, str(HERE / "crash_child.py"), str(root), mode, str(amount)],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
        env={**os.environ, "PYTHONPATH": f"{HERE.parent}{os.pathsep}{HERE}"},
    )
    assert result.returncode == 0, result.stderr[-4000:]
    return json.loads(result.stdout)


def test_kill_at_200_random_moments(folder: Path) -> None:
    found = crash(folder, "random", 200)
    assert sum(found["seen"].values()) == 200
    assert set(found["stages"]) >= {"load", "embed", "publish"}, found["stages"]
    assert found["stages"]["publish"] >= 20, "between the commit and the published pointer, too"


def test_kill_at_each_file_operation_of_an_ingest(folder: Path) -> None:
    found = crash(folder, "operations")
    assert found["trials"] > 40
    assert set(found["seen"]) == {"old", "new"}


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
        env={**os.environ, "PYTHONPATH": f"{HERE.parent}{os.pathsep}{HERE}"},
    )
    assert result.returncode == 0, result.stderr[-4000:]
    assert "told: " in result.stdout
    assert "what was stored before is kept" in result.stdout
