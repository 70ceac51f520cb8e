"""Keeps a collection in step with files and folders: an ingest now, and after each change."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rag.errors import CorpusError, RagError
from rag.schema import IngestReport

QUIET = 300
"""Milliseconds without a further change that end a burst of them."""
BURST = 3000
"""Milliseconds after which a burst is dealt with, even if it goes on."""
_LOOK = 1000
"""Milliseconds between two looks at whether what is watched is still what it was."""
RETRY = 30.0
"""Seconds before a round that failed is tried again, unless a change comes first."""

Told = Callable[[IngestReport | RagError], None]


def watch(
    paths: Sequence[Path],
    ingest: Callable[[], IngestReport],
    told: Told,
    *,
    index: Path | None = None,
    stop: threading.Event | None = None,
    retry: float = RETRY,
) -> None:
    """Ingest now and after each burst of changes, until stopped or interrupted.

    A change during a round brings another round. A round that fails is told, and tried again.

    Args:
        paths: the files and folders; one that goes is waited for.
        ingest: brings the collection in step with `paths`.
        told: told each round: what was done, or why it failed.
        index: the index's own folder: what changes there is our own work.
        stop: ends the watch, within about a second.
        retry: seconds before a failed round is tried again.

    Raises:
        CorpusError: a path does not exist at the start.
        KeyboardInterrupt: as it comes; what was published stays.
    """
    for path in paths:
        if not path.exists():
            raise CorpusError(f"{path}: there is no such file or folder; name one that is there")
    due = None
    for changed in _changes([path.absolute() for path in paths], index, stop or threading.Event()):
        if changed or (due is not None and time.monotonic() >= due):
            due = None if _round(ingest, told) else time.monotonic() + retry


def _round(ingest: Callable[[], IngestReport], told: Told) -> bool:
    try:
        report = ingest()
    except RagError as error:
        told(error)
        return False
    told(report)
    return True


def _changes(paths: Sequence[Path], index: Path | None, stop: threading.Event) -> Iterator[bool]:
    """Whether there is something to do, at the start, at each change and about once a second.

    A folder that was moved away and made again, or a file that an editor replaced, is another one
    to the system: the watch starts anew then.
    """
    from watchfiles import watch

    while not stop.is_set():
        before, anew = _identities(paths), True
        there = [path for path in paths if path.exists()]
        events = watch(
            *there,
            watch_filter=lambda _, path: _counts(Path(path), paths, index),
            debounce=BURST,
            step=QUIET,
            stop_event=stop,
            rust_timeout=_LOOK,
            yield_on_timeout=True,
            ignore_permission_denied=True,
        )
        try:
            for found in events:
                yield bool(found) or anew
                anew = False
                if _identities(paths) != before:
                    break
        except FileNotFoundError:  # it went before the watch began
            stop.wait(_LOOK / 1000)
        except OSError as error:
            raise CorpusError(
                f"{paths[0]}: it cannot be watched ({error}); watch fewer folders, or raise the "
                "system's limit of watches"
            ) from None


def _counts(path: Path, roots: Sequence[Path], index: Path | None) -> bool:
    """Whether a change of a file can matter: hidden ones, and the index itself, do not."""
    if index and any(path.is_relative_to(place) for place in (index.absolute(), index.resolve())):
        return False
    for root in (*roots, *(root.resolve() for root in roots)):
        if path.is_relative_to(root):
            return not any(part.startswith(".") for part in path.relative_to(root).parts)
    return True


def _identities(paths: Sequence[Path]) -> list[tuple[int, int] | None]:
    """What tells files and folders from others in their place."""
    return [_identity(path) for path in paths]


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116  # follows links, as the watch does
    except OSError:
        return None
    return found.st_dev, found.st_ino
