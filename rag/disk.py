"""Files that survive a crash: checksums, fsync, atomic replacement, and the write lock."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rag.errors import IndexBusy, RagError

_POLL = 0.02
"""Seconds between two tries for the write lock; flock itself knows no time-out."""
_REMEDIES = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space",
    errno.EFBIG: "free some space",
    errno.EACCES: "give this user the right to it",
    errno.EPERM: "give this user the right to it",
    errno.EROFS: "choose a folder that can be written",
}


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync(path: Path) -> None:
    """Have the system write a file, or the names in a folder, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_tree(folder: Path) -> None:
    """`sync` everything under a folder, then the folder itself."""
    for path in folder.rglob("*"):
        sync(path)
    sync(folder)


def make_folder(folder: Path) -> None:
    """Make a folder and the ones above it, so that they outlive a power cut."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync(folder.parent)


def replace_text(path: Path, text: str) -> None:
    """Write a small file so that a reader, or a crash, sees the old text or the new, whole."""
    temporary = path.with_name(f".{path.name}.new")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync(path.parent)


class WriteLock:
    """The lock file of an index's one writer; it holds the writer's process id.

    The system lets go of it when the process ends, however it ends.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle = -1

    def acquire(self, timeout: float) -> None:
        """Take the lock, waiting up to `timeout` seconds for another writer.

        Raises:
            IndexBusy: another writer kept it that long; names its process.
        """
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            self._wait(handle, timeout)
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        except BaseException:
            os.close(handle)
            raise
        self._handle = handle

    def release(self) -> None:
        """Let the next writer in."""
        with suppress(OSError):  # the name is for those who wait; a bad disk must not keep the lock
            os.ftruncate(self._handle, 0)
        os.close(self._handle)

    def _wait(self, handle: int, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while True:
            try:
                return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise self._busy(handle, timeout) from None
            time.sleep(_POLL)

    def _busy(self, handle: int, timeout: float) -> IndexBusy:
        holder = os.pread(handle, 20, 0).decode("ascii", "replace").strip() or "unknown"
        return IndexBusy(
            f"{self._path.parent}: process {holder} is writing to this index (waited "
            f"{timeout:g} s); try again when it is done, or raise index.lock_timeout"
        )


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn what the disk refuses (no space, no permission) into one line with the remedy.

    Raises:
        RagError: names the file and what the system said.
    """
    try:
        yield
    except OSError as error:
        # A removal names the file without its folder, which would send nobody to the right one.
        named = isinstance(error.filename, str) and Path(error.filename).is_absolute()
        place = Path(error.filename) if named else folder
        raise refused(place, error.errno or 0, error.strerror or str(error)) from error


def refused(path: Path, code: int, said: str) -> RagError:
    """The error for what the disk refused, with the remedy for the system's error number."""
    remedy = _REMEDIES.get(code, "see that the disk is sound and has space")
    return RagError(f"{path}: {said}; {remedy} and try again; what was stored before is kept")


def code_in(text: str) -> int:
    """The system's error number whose words are in a library's message, or 0 where none are."""
    return next((code for code in (*_REMEDIES, errno.EIO) if os.strerror(code) in text), 0)
