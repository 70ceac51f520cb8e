"""Saved runs on disk: which files hold one, and what stands beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from rag.errors import CorpusError
from rag.evaluate.verdicts import Judgement, beside


def run_files(paths: Sequence[Path]) -> list[Path]:
    """The files themselves, and of a folder every run in it, by name.

    Raises:
        CorpusError: a folder holds no run, or there is no such file.
    """
    return [file for path in paths for file in _files(path)]


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        found = sorted(item for item in path.glob("*.json") if _is_run(item))
        if not found:
            raise CorpusError(f"{path}: no run is saved there; `rag eval run SET --out {path}`")
        yield from found
    elif path.is_file():
        yield path
    else:
        raise CorpusError(f"{path}: there is no such run; `rag eval run --out` saves one")


def _is_run(file: Path) -> bool:
    with file.open(encoding="utf-8", errors="replace") as content:
        return file.suffixes[-2:] != [".judge", ".json"] and '"format"' in content.read(40)


def judgement_beside(run: Path) -> Judgement | None:
    """The verdicts kept beside a saved run; None where nobody has judged it.

    Raises:
        CorpusError: the file is none.
    """
    kept = beside(run)
    return Judgement.load(kept) if kept.is_file() else None
