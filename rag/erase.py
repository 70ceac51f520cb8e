"""Deleting an index: the files that Newsdesk made, no others, and only while nobody uses them."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from rag import disk, generation
from rag.catalog import FILE_NAME
from rag.errors import CorpusError, IndexBusy
from rag.index import LOCK


def erase(folder: Path) -> None:
    """Delete the index in a folder, and the folder where nothing else is in it.

    The catalog goes last: a deletion that is cut short leaves an index that is built again when it
    is next opened, and can be deleted again. Links are not followed.

    Raises:
        CorpusError: the folder is a link.
        IndexBusy: a process writes to the index, or has it open.
        RagError: the disk refuses.
    """
    if folder.is_symlink():
        raise CorpusError(f"{folder}: a link to another place; delete it by hand")
    if not folder.is_dir():
        return
    lock = disk.WriteLock(folder / LOCK)
    with disk.explained(folder):
        lock.acquire(0)
        try:
            _erase(folder)
        finally:
            lock.release()
        with suppress(OSError):  # what somebody else put there stays
            folder.rmdir()
        disk.sync(folder.parent)


def erase_beside(path: Path) -> None:
    """Delete a file or a folder, not what a link points to; nothing where there is none.

    Raises:
        RagError: the disk refuses.
    """
    with disk.explained(path.parent):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _erase(folder: Path) -> None:
    generations = folder / generation.FOLDER
    if generations.is_symlink():
        generations.unlink()
    elif generations.is_dir():
        if generation.prune(folder, keep=set()):
            raise IndexBusy(
                f"{folder}: another program has this collection open; end it and try again"
            )
        shutil.rmtree(generations)
    (folder / generation.CURRENT).unlink(missing_ok=True)
    for end in ("-wal", "-shm", ""):
        (folder / f"{FILE_NAME}{end}").unlink(missing_ok=True)
    (folder / LOCK).unlink(missing_ok=True)
