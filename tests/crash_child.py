"""Kills ingests, and refuses them the disk; run by test_crash.py in a process of its own.

This process only imports: each ingest, and each look afterwards, runs in a fork, which costs
milliseconds instead of the seconds of a new interpreter. A fork that is watched asks its parent
before each system call that reads or changes a file, whoever makes it: Python, SQLite, FAISS or
tantivy.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import gc
import json
import os
import platform
import random
import select
import shutil
import signal
import socket
import struct
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss  # noqa: F401 - imported once, here, for all forks
import tantivy  # noqa: F401
from fakes import HashEmbedder

from rag import health
from rag.errors import IndexMissing, RagError
from rag.index import Index
from rag.ingest import ingest, remove
from rag.notes.article import noted
from rag.schema import Article, Chunk, Progress
from rag.settings import Settings

SETTINGS = Settings.load(embedder={"batch_size": 4})
FRESH_EVERY = 25
"""Trials after which the index starts anew, so that first ingests are killed too."""
TEXTS = 27
"""How many there are to embed in one version of the corpus."""


# --- an ingest that anyone can check -----------------------------------------------------------


def corpus(version: int, home: Path) -> list[Article]:
    """Each version changes some articles, adds some, and lacks some of the one before."""
    return [
        Article(
            article_id=f"a{number}",
            title=f"Article {number}",
            text="\n".join(
                f"Common line {line} of article {number}, as of {version if number % 2 else 0}."
                for line in range(3)
            ),
            source=str(home / f"a{number}.md"),
        )
        for number in range(version % 5, version % 5 + 9)
    ]


def lines(article: Article, tokens: object, settings: object) -> list[Chunk]:
    chunks, start = [], 0
    for line in article.text.split("\n"):
        end = start + len(line)
        chunks.append(
            Chunk(
                chunk_id=f"{article.article_id}:{start}",
                article_id=article.article_id,
                start=start,
                end=end,
                text=line,
            )
        )
        start = end + 1
    return chunks


def write_files(version: int, home: Path) -> None:
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    for article in corpus(version, home):
        Path(article.source).touch()


def run_ingest(index: Index, embedder: HashEmbedder, version: int, home: Path, told=None) -> None:
    ingest(corpus(version, home), index, embedder, SETTINGS, told, [home], lines)


def answers(index: Index, embedder: HashEmbedder) -> dict[str, str] | None:
    """What the index answers from, in all three ways, which must agree."""
    try:
        snapshot = index.snapshot()
    except IndexMissing:
        return None
    articles = {article.article_id: article.text for article in snapshot.articles()}
    expected = {(name, line) for name, text in articles.items() for line in text.split("\n")}
    for hits in (
        snapshot.lexical("common", 1000),
        snapshot.dense(embedder.embed(["common line"])[0], 1000),
    ):
        rows = snapshot.rows([key for key, _ in hits])
        found = {(row.article_id, row.text) for row in rows.values()}
        assert found == expected, f"articles and search disagree: {found ^ expected}"
    return articles


def state(version: int | None, home: Path) -> dict[str, str] | None:
    if version is None:
        return None
    return {article.article_id: article.text for article in corpus(version, home)}


def look(folder: Path, home: Path, old: int | None, new: int, left: int) -> str:
    """Open, answer, ingest again; what was seen, `old` or `new`.

    `left` is how many texts the next try may embed.
    """
    embedder = HashEmbedder()
    with Index.open(folder, embedder.fingerprint, SETTINGS.index) as index:
        seen = answers(index, embedder)
        assert seen in (state(old, home), state(new, home)), f"neither old nor new: {seen}"
        worker = HashEmbedder()
        run_ingest(index, worker, new, home)
        assert worker.embedded <= left, f"embedded {worker.embedded} texts again, {left} were left"
        assert answers(index, embedder) == state(new, home), "the next ingest did not bring it"
        assert all(finding.ok for finding in health.check(folder))
        again = HashEmbedder()
        run_ingest(index, again, new, home)
        assert again.calls == 0
    return "new" if seen == state(new, home) else "old"


# --- system calls that ask first ---------------------------------------------------------------

_X86 = """write 1 pwrite64 18 writev 20 pwritev 296 fsync 74 fdatasync 75 ftruncate 77 fallocate 285
    rename 82 renameat 264 renameat2 316 mkdir 83 mkdirat 258 unlink 87 unlinkat 263 rmdir 84
    open 2 openat 257 read 0 pread64 17"""
_ARM = """read 63 pread64 67 write 64 pwrite64 68 writev 66 pwritev 70 fsync 82 fdatasync 83
    ftruncate 46 fallocate 47 renameat 38 renameat2 276 mkdirat 34 unlinkat 35 openat 56"""
_TABLE = {"x86_64": _X86, "aarch64": _ARM}.get(platform.machine(), "").split()
CALLS = {int(number): name for name, number in zip(_TABLE[::2], _TABLE[1::2], strict=True)}
_SECCOMP = {"x86_64": 317, "aarch64": 277}.get(platform.machine(), -1)
_READS = {"read", "pread64"}
_WRITES = {"write", "pwrite64", "writev", "pwritev"}
_ON_PATHS = {"rename", "mkdir", "unlink", "rmdir", "open"}
_IN_FOLDERS = {"renameat", "renameat2", "mkdirat", "unlinkat", "openat"}
_NEED_SPACE = _WRITES | {"fsync", "fdatasync", "fallocate", "mkdir", "mkdirat", "open", "openat"}
_RECEIVE, _ANSWER, _CONTINUE = 0xC0502100, 0xC0182101, 1
_NO_NEW_PRIVILEGES, _SET_FILTER, _WITH_LISTENER = 38, 1, 8


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))


def ask_first() -> int:
    """From now on this thread, and those it starts, wait for leave before each of `CALLS`.

    Returns:
        The descriptor at which they ask.

    Raises:
        OSError: the system cannot do that (it takes Linux 5.5 on x86-64 or ARM64).
    """
    if not CALLS:
        raise OSError(errno.ENOSYS, "no table of system calls for this machine")
    left = len(CALLS)
    steps = [struct.pack("HBBI", 0x20, 0, 0, 0)]  # the number of the call
    for number in CALLS:
        steps.append(struct.pack("HBBI", 0x15, left, 0, number))
        left -= 1
    steps.append(struct.pack("HBBI", 0x06, 0, 0, 0x7FFF0000))  # any other may go on
    steps.append(struct.pack("HBBI", 0x06, 0, 0, 0x7FC00000))  # these ask
    code = ctypes.create_string_buffer(b"".join(steps))
    program = _Program(len(steps), ctypes.addressof(code))
    system = ctypes.CDLL(None, use_errno=True)
    system.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    listener = system.syscall(_SECCOMP, _SET_FILTER, _WITH_LISTENER, ctypes.byref(program))
    if listener < 0:
        raise OSError(ctypes.get_errno(), "seccomp does not notify here")
    return listener


@dataclass(frozen=True)
class Call:
    """A system call that waits for leave."""

    ticket: int
    thread: int
    name: str
    arguments: tuple[int, ...]

    @classmethod
    def receive(cls, listener: int) -> Call:
        request = bytearray(80)
        fcntl.ioctl(listener, _RECEIVE, request)
        ticket, thread, _, number, _, _, *arguments = struct.unpack("=QIIiIQ6Q", request)
        return cls(ticket, thread, CALLS[number], tuple(arguments))

    def answer(self, listener: int, error: int = 0) -> None:
        flags = 0 if error else _CONTINUE
        fcntl.ioctl(
            listener, _ANSWER, bytearray(struct.pack("=QqiI", self.ticket, 0, -error, flags))
        )

    @property
    def path(self) -> Path:
        """Of the file that it changes."""
        process = Path(f"/proc/{self.thread}")
        if self.name in _ON_PATHS:
            return (process / "cwd").readlink() / self._text(self.arguments[0])
        if self.name in _IN_FOLDERS:
            start = ctypes.c_int(self.arguments[0] & 0xFFFFFFFF).value
            base = process / (f"fd/{start}" if start >= 0 else "cwd")
            return base.readlink() / self._text(self.arguments[1])
        return (process / "fd" / str(self.arguments[0])).readlink()

    @property
    def changes(self) -> bool:
        """Whether it changes a file; opening one does where that makes or empties it."""
        if self.name in _READS:
            return False
        opening = {"open": 1, "openat": 2}.get(self.name)
        if opening is None:
            return True
        flags = self.arguments[opening]
        return bool(flags & os.O_TRUNC or (flags & os.O_CREAT and not self.path.exists()))

    def tear(self) -> None:
        """Do the first half of a write in its stead."""
        if self.name not in {"write", "pwrite64"}:
            return
        number, address, size = self.arguments[:3]
        half = self._memory(address, size // 2)
        position = self.arguments[3]
        if self.name == "write":
            facts = Path(f"/proc/{self.thread}/fdinfo/{number}").read_text()
            position = int(facts.split()[1])
        handle = os.open(f"/proc/{self.thread}/fd/{number}", os.O_WRONLY)
        os.pwrite(handle, half, position)
        os.close(handle)

    def _text(self, address: int) -> str:
        page = 4096 - address % 4096
        found = self._memory(address, page)
        if b"\0" not in found:
            found += self._memory(address + page, 4096)
        return os.fsdecode(found.split(b"\0", 1)[0])

    def _memory(self, address: int, size: int) -> bytes:
        with Path(f"/proc/{self.thread}/mem").open("rb", buffering=0) as memory:
            memory.seek(address)
            return memory.read(size)


@dataclass(frozen=True)
class Fault:
    """What befalls an ingest when it is about to change, or to read, a file for the `at`-th time.

    Kinds: `kill` before a change, with half of it done where it is every other write; `full` the
    disk is from then on; `broken` one change fails as on a bad disk; `unread` one reading does.
    """

    kind: str
    at: int

    def concerns(self, call: Call) -> bool:
        """Whether a call is one of those that are counted."""
        return call.name in _READS if self.kind == "unread" else call.changes

    def meet(self, call: Call, count: int, listener: int, child: int) -> None:
        """Answer a call, the `count`-th; or do not, when the child is killed."""
        if count == self.at and self.kind == "kill":
            if count % 2:
                call.tear()
            os.kill(child, signal.SIGKILL)
            return
        full = self.kind == "full" and 0 < self.at <= count and call.name in _NEED_SPACE
        broken = self.kind in {"broken", "unread"} and count == self.at
        call.answer(listener, errno.ENOSPC if full else errno.EIO if broken else 0)


def watch(child: int, listener: int, root: Path, fault: Fault) -> list[str]:
    """Lead a fork that asks first through a fault; each call that was counted."""
    seen: list[str] = []
    waiting = select.poll()
    waiting.register(listener, select.POLLIN)
    while waiting.poll()[0][1] & select.POLLIN:
        try:
            call = Call.receive(listener)
            if fault.concerns(call) and root in (path := call.path).parents:
                seen.append(f"{call.name} {path.relative_to(root)}")
                fault.meet(call, len(seen), listener, child)
            else:
                call.answer(listener)
        except FileNotFoundError:  # it was killed meanwhile
            continue
    os.close(listener)
    return seen


# --- forks ---------------------------------------------------------------------------------------


def forked(action: Callable[[int], None]) -> tuple[int, int]:
    """Run an action in a fork; its process id and the pipe that it was given to write to."""
    reader, writer = os.pipe()
    child = os.fork()
    if child:
        os.close(writer)
        return child, reader
    os.close(reader)
    status = 1
    try:
        action(writer)
        status = 0
    except BaseException:  # noqa: BLE001 - all of it is reported to the parent
        os.write(writer, traceback.format_exc().encode())
    finally:
        os._exit(status)


def finished(child: int, pipe: int) -> tuple[int, str]:
    with os.fdopen(pipe, "rb") as file:
        text = file.read().decode()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), text


def watched(action: Callable[[int], None], root: Path, fault: Fault) -> tuple[int, str, list[str]]:
    """Run an action in a fork that meets a fault; its status, its words, the calls counted."""
    ours, theirs = socket.socketpair()

    def act(pipe: int) -> None:
        listener = ask_first()
        socket.send_fds(theirs, [b"l"], [listener])
        os.close(listener)
        action(pipe)

    child, pipe = forked(act)
    with ours, theirs:
        (listener,) = socket.recv_fds(ours, 1, 1)[1]
    calls = watch(child, listener, root, fault)
    return (*finished(child, pipe), calls)


def done(action: Callable[[int], None], what: str) -> str:
    """Run an action in a fork that nothing befalls; what it wrote."""
    status, text = finished(*forked(action))
    assert status == 0, f"{what}: {text}"
    return text


def killed_ingest(folder: Path, home: Path, version: int) -> Callable[[int], None]:
    """An ingest that reports its progress until it is killed."""

    def act(pipe: int) -> None:
        def told(progress: Progress) -> None:
            os.write(pipe, f"{progress.stage} {progress.done} {progress.total}\n".encode())

        embedder = HashEmbedder()
        with Index.open(folder, embedder.fingerprint, SETTINGS.index) as index:
            run_ingest(index, embedder, version, home, told)

    return act


def refused_ingest(folder: Path, home: Path, old: int | None, new: int) -> Callable[[int], None]:
    """An ingest that the disk may refuse, and two readers after it; writes what they were told."""

    def act(pipe: int) -> None:
        embedder, told = HashEmbedder(), []

        def answered(index: Index) -> dict[str, str] | None:
            for _ in range(2):  # one reading may fail; the next one must not
                try:
                    return answers(index, embedder)
                except RagError as error:
                    told.append(str(error))
            assert old is None, f"the old state does not answer: {told}"
            return None  # where nothing was published before, it may say that nothing is

        with Index.open(folder, embedder.fingerprint, SETTINGS.index) as index:
            expected = [state(new, home)]
            try:
                run_ingest(index, embedder, new, home)
            except RagError as error:
                told.append(str(error))
                expected.append(state(old, home))
            seen = answered(index)
            assert seen in expected, f"told {told}, and neither old nor new: {seen}"
        with Index.open(folder, embedder.fingerprint, SETTINGS.index) as reader:
            assert answered(reader) == seen, "opened anew, it answers otherwise"
        os.write(pipe, "\n".join(told).encode())

    return act


def progress_of(text: str) -> tuple[str, int]:
    """The last stage that a killed ingest told, and how many texts it left to be embedded."""
    stage, count, total = (text.splitlines() or ["nothing 0 0"])[-1].split()
    left = {"nothing": TEXTS, "load": TEXTS, "publish": 0}.get(stage, int(total) - int(count))
    return stage, left


# --- kills at random moments ---------------------------------------------------------------------


class Trials:
    """Kills one ingest after another, each on what the last one left."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.old: int | None = None
        self.count = 0
        self.seen: Counter[str] = Counter()
        self.stages: Counter[str] = Counter()

    def run(self, delay: float) -> bool:
        """One trial; whether the ingest was killed before it ended."""
        if self.count % FRESH_EVERY == 0:
            self.old = None
        self.count += 1
        folder = self.root / f"index{(self.count - 1) // FRESH_EVERY}"
        home, new = self.root / "home", self.count
        write_files(new, home)
        child, pipe = forked(killed_ingest(folder, home, new))
        time.sleep(delay)
        os.kill(child, signal.SIGKILL)
        status, text = finished(child, pipe)
        killed = status == -signal.SIGKILL
        assert killed or status == 0, text
        stage, left = progress_of(text)
        self._look(folder, home, left, killed, stage)
        self.old = new
        return killed

    def _look(self, folder: Path, home: Path, left: int, killed: bool, stage: str) -> None:
        def act(pipe: int) -> None:
            os.write(pipe, look(folder, home, self.old, self.count, left).encode())

        seen = done(act, f"trial {self.count}, killed while {stage}")
        if killed:
            self.seen[seen] += 1
            self.stages[stage] += 1


def random_kills(root: Path, kills: int, seed: int) -> dict[str, object]:
    trials, chance, span, count = Trials(root), random.Random(seed), 0.08, 0
    while count < kills:
        killed = trials.run(delay=chance.uniform(0, span))
        count += killed
        # Follow the machine's pace, so that the kills spread over the whole of an ingest.
        span = span * 1.04 if killed else max(span * 0.85, 0.005)
    return {"seen": trials.seen, "stages": trials.stages}


# --- a fault at each call ----------------------------------------------------------------------


class Sweep:
    """Lets a fault of one kind befall the same ingest at one call after another."""

    def __init__(self, root: Path, kind: str, old: int | None) -> None:
        self.root, self.kind, self.old = root, kind, old
        self.new = (old or 0) + 1
        self.home, self.folder = root / "home", root / "trial" / "index"
        self.seen: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        self.told: Counter[str] = Counter()
        (root / "base").mkdir(parents=True)
        for version in range(1, self.new):
            write_files(version, self.home)
            done(killed_ingest(root / "base" / "index", self.home, version), "before all trials")
        write_files(self.new, self.home)

    def moments(self, every: bool) -> list[int]:
        """The calls to try: all, or the first and the last of each run of equal ones."""
        shutil.copytree(self.root / "base", self.folder.parent)
        act = refused_ingest(self.folder, self.home, self.old, self.new)
        status, text, calls = watched(act, self.folder.parent, Fault(self.kind, 0))
        assert status == 0, text
        every = every or bool(os.environ.get("NEWSDESK_EVERY_CALL"))
        edged = ["", *calls, ""]
        return [
            at
            for at, call in enumerate(calls, start=1)
            if every or call != edged[at - 1] or call != edged[at + 1]
        ]

    def run(self, at: int) -> None:
        """One trial; without a fault where there are not so many calls."""
        shutil.rmtree(self.folder.parent, ignore_errors=True)
        shutil.copytree(self.root / "base", self.folder.parent)
        fatal = self.kind == "kill"
        act = (
            killed_ingest(self.folder, self.home, self.new)
            if fatal
            else refused_ingest(self.folder, self.home, self.old, self.new)
        )
        status, text, calls = watched(act, self.folder.parent, Fault(self.kind, at))
        if len(calls) < at:
            assert status == 0, text
            return
        call = calls[at - 1]
        where = f"{self.kind} at call {at}, {call}"
        assert status == (-signal.SIGKILL if fatal else 0), f"{where}: {text}"
        if not fatal:
            self.told[text.replace(str(self.folder), "INDEX")] += 1
        self._look(where, progress_of(text)[1] if fatal else TEXTS)
        self.calls[call.split()[0]] += 1

    def _look(self, where: str, left: int) -> None:
        def act(pipe: int) -> None:
            os.write(pipe, look(self.folder, self.home, self.old, self.new, left).encode())

        self.seen[done(act, where)] += 1


def faults_at_each_call(
    root: Path, kind: str, old: int | None, shard: int, shards: int
) -> dict[str, object]:
    sweep = Sweep(root, kind, old)
    for at in sweep.moments(every=kind == "kill" and old is not None)[shard::shards]:
        sweep.run(at)
    return {"seen": sweep.seen, "calls": sweep.calls, "told": sweep.told}


# --- orders, one a line --------------------------------------------------------------------------


def obeyed(folder: Path, order: dict[str, Any]) -> Callable[[int], None]:
    """An ingest of what is to be written, or a removal, as an order has it."""

    def act(_: int) -> None:
        embedder = HashEmbedder()
        articles = [Article(article_id=name, text=text) for name, text in order["write"].items()]
        with Index.open(folder, embedder.fingerprint, SETTINGS.index) as index:
            if articles:
                ingest(articles, index, embedder, SETTINGS, split=lines)
            with suppress(IndexMissing):
                remove(order["remove"], index)

    return act


def serve() -> dict[str, object]:
    """Obey orders from the standard input, each in a fork, killed at call `at` if that is not 0.

    The first line that is written is empty; then each order is answered by whether it was killed.
    """
    say({})
    for line in sys.stdin:
        order = json.loads(line)
        fault = Fault("kill", order["at"])
        folder = Path(order["folder"])
        status, text, _ = watched(obeyed(folder, order), folder.parent, fault)
        assert status in (0, -signal.SIGKILL), text
        say({"killed": status != 0})
    return {}


def say(what: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def main(root: Path, mode: str, amount: int, shard: int, shards: int) -> dict[str, object]:
    root = root / f"{mode}-{amount}-{shard}"
    root.mkdir()
    article = corpus(1, root)[0]
    noted(article, lines(article, None, None))  # its grammar is made once, here, for all forks
    gc.freeze()  # or each fork would copy all of this heap to look through it
    if mode == "random":
        return random_kills(root, amount // shards, seed=20 + shard)
    status, text = finished(*forked(lambda _: os.close(ask_first())))
    if status != 0:
        return {"cannot": text}
    if mode == "serve":
        return serve()
    return faults_at_each_call(root, mode, amount or None, shard, shards)


if __name__ == "__main__":
    place, mode, *numbers = sys.argv[1:]
    say(main(Path(place), mode, *map(int, numbers)))
