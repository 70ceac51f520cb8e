"""Reads documents in another process, so that a hostile one costs a process and no more.

    with reading(settings.ingest) as worker:
        records = worker.read(".pdf", data)

The process is started when first needed, used again, killed when a document takes too long or too
much, and gone when the last `reading` block is left.
"""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from rag.errors import CorpusError
from rag.reading.child import receive, send
from rag.settings import IngestSettings

_START, _ALIVE = 60.0, 5.0
"""Seconds in which the process must be ready: importing is slow on a cold or busy machine."""
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH")
"""The environment of the process; keys and proxies are not among it."""
_MEGABYTE = 1_000_000


class Worker:
    """Reads one document after another; safe to use from several threads, which take turns."""

    def __init__(self, timeout: float, memory: int, off: Collection[str] = ()) -> None:
        """Nothing is started yet.

        Args:
            timeout: seconds for one document.
            memory: bytes of address space that the process may take.
            off: names of cleaning rules that are switched off.
        """
        self._timeout = timeout
        self._memory = memory
        self._off = list(off)
        self._lock = threading.Lock()
        self._child: _Child | None = None

    def read(self, kind: str, data: bytes, url: str = "") -> list[dict[str, Any] | None]:
        """The records of a document of one of `documents.KINDS`; None for what is no record.

        Raises:
            CorpusError: it cannot be read, took too long or too much memory, or made its reader
                crash; names the remedy.
        """
        request = json.dumps({"kind": kind, "url": url, "off": self._off}).encode()
        with self._lock:
            try:
                answer = self._ready(request, kind).ask(data, self._timeout)
            except BaseException:
                self._stop()
                raise
            if "died" in answer:
                self._stop()
        return self._records(answer)

    def _ready(self, request: bytes, kind: str) -> _Child:
        """The process, waiting for a document of this kind; a new one where it was lost."""
        if self._child is None or not self._child.prepare(request, kind):
            self._stop()
            self._child = _Child(self._timeout, self._memory)
            self._child.prepare(request, kind)
        return self._child

    def close(self) -> None:
        """End the process; waits until it is gone. The next `read` starts another."""
        with self._lock:
            self._stop()

    def _stop(self) -> None:
        if self._child is not None:
            self._child.close()
            self._child = None

    def _records(self, answer: dict[str, Any]) -> list[dict[str, Any] | None]:
        if "refused" in answer:
            raise CorpusError(answer["refused"])
        why = answer.get("died")
        if why == "time":
            raise CorpusError(
                f"could not be read within {self._timeout:g} s; convert it to plain text, or raise "
                "ingest.read_timeout"
            )
        if why == "memory":
            raise CorpusError(
                f"takes more than {self._memory // _MEGABYTE} MB to read; split it, convert it to "
                "plain text, or raise ingest.read_memory"
            )
        if why is not None:
            raise CorpusError(
                f"made its reader crash ({why}), perhaps for want of memory; convert it to plain "
                "text, or raise ingest.read_memory"
            )
        records: list[dict[str, Any] | None] = answer["records"]
        return records


class _Child:
    """The process and its pipes."""

    def __init__(self, timeout: float, memory: int) -> None:
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-P", "-m", "rag.reading.child"),
                *(str(math.ceil(timeout)), str(memory)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            env=_environment(),
            process_group=0,
        )
        self._timed_out = False
        self._kinds: set[str] = set()

    def prepare(self, request: bytes, kind: str) -> bool:
        """Announce a document; whether the process is ready for it."""
        seconds = _ALIVE if kind in self._kinds else _START
        self._kinds.add(kind)
        return self._exchange(request, seconds) is not None

    def ask(self, data: bytes, timeout: float) -> dict[str, Any]:
        """The answer about the document announced, or `{"died": why}` where there is none."""
        answer = self._exchange(data, timeout)
        return {"died": self._cause()} if answer is None else answer

    def close(self) -> None:
        """Kill the process where it is still there, wait for it, and close all pipes."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._said):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()

    def _exchange(self, body: bytes, timeout: float) -> dict[str, Any] | None:
        assert self._process.stdin is not None  # noqa: S101  # both are pipes
        assert self._process.stdout is not None  # noqa: S101
        timer = threading.Timer(timeout, self._give_up)
        timer.daemon = True
        timer.start()
        try:
            send(self._process.stdin, body)
            frame = receive(self._process.stdout)
            answer = json.loads(frame) if frame else None
        except (BrokenPipeError, ValueError, RecursionError):
            return None
        finally:
            timer.cancel()
        return answer if isinstance(answer, dict) else None

    def _give_up(self) -> None:
        self._timed_out = True
        self._process.kill()

    def _cause(self) -> str:
        """Why there was no answer: `time`, `memory`, or in words."""
        if self._timed_out:
            return "time"
        self._process.kill()  # it may be alive and speak nonsense
        status = self._process.wait()
        said = self._last_words()
        if "MemoryError" in said or "bad_alloc" in said or "out of memory" in said.casefold():
            return "memory"
        if said:
            return said
        return signal.Signals(-status).name if status < 0 else f"status {status}"

    def _last_words(self) -> str:
        size = self._said.seek(0, os.SEEK_END)
        self._said.seek(max(0, size - 2000))
        lines = self._said.read().decode("utf-8", "replace").split("\n")
        return next((line.strip()[:200] for line in reversed(lines) if line.strip()), "")


def _environment() -> dict[str, str]:
    known = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    paths = os.pathsep.join(os.path.abspath(path) for path in sys.path)  # noqa: PTH100
    return {**known, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}


_open: dict[tuple[float, int, tuple[str, ...]], tuple[Worker, int]] = {}
_open_lock = threading.Lock()


@contextmanager
def reading(settings: IngestSettings) -> Iterator[Worker]:
    """A worker that all blocks with the same settings share; the last one out ends it."""
    key = (settings.read_timeout, settings.read_memory, settings.cleaning_off)
    with _open_lock:
        worker, users = _open.get(key, (None, 0))
        worker = worker or Worker(*key)
        _open[key] = worker, users + 1
    try:
        yield worker
    finally:
        with _open_lock:
            users = _open[key][1] - 1
            if users:
                _open[key] = worker, users
            else:
                del _open[key]
        if not users:
            worker.close()
