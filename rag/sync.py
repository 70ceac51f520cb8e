"""What a folder's files have to do with what is stored: which articles and rejections are over."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from rag.schema import Rejection

_PART = re.compile(r"(.+)#\d+")
"""One of several articles of a file: its path and the number of the line, row, message or part."""


def gone(
    stored: Iterable[tuple[str, str]],
    seen: Mapping[str, str],
    rejected: Iterable[Rejection],
    scopes: Sequence[Path],
) -> list[str]:
    """The stored articles whose file, or part of a file, is there no more.

    A file that was rejected, or was in part, keeps the articles that it gave before, unless
    another article has come in their place. A scope that is not there itself says nothing: it may
    be a disk that is not mounted.

    Args:
        stored: ids and sources of the stored articles.
        seen: ids and sources of the articles that the scopes hold now.
        rejected: what of the scopes could not be read.
        scopes: the files and folders that were read; articles from elsewhere stay.
    """
    roots = _roots(scopes)
    sources = set(seen.values())
    read = {file_of(source) for source in sources}
    doubtful = {file_of(rejection.path) for rejection in rejected}
    over = []
    for article_id, source in stored:
        if article_id in seen or not _inside(file_of(source), roots):
            continue
        file = file_of(source)
        replaced = source in sources or (file in read and file not in doubtful)
        if replaced or not _exists(file):
            over.append(article_id)
    return over


def settled(paths: Iterable[str], seen: Mapping[str, str], scopes: Sequence[Path]) -> list[str]:
    """The paths, rejected once, whose rejection is over: read again, or accepted since."""
    roots = _roots(scopes)
    accepted = {path for source in seen.values() for path in (source, file_of(source))}
    return [path for path in paths if path in accepted or _inside(file_of(path), roots)]


def file_of(source: str) -> str:
    """The file that a source names: the source itself, or what comes before its `#number`."""
    found = _PART.fullmatch(source)
    return found[1] if found and not _exists(source) else source


def _roots(scopes: Sequence[Path]) -> list[Path]:
    return [Path(os.path.realpath(scope)) for scope in scopes if scope.exists()]


def _inside(file: str, roots: Sequence[Path]) -> bool:
    if not roots or not Path(file).is_absolute():
        return False
    real = Path(os.path.realpath(file))
    return any(real == root or root in real.parents for root in roots)


def _exists(file: str) -> bool:
    """Whether a file is there; one that cannot be looked at is taken to be."""
    try:
        Path(file).stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError):
        return True
    return True
