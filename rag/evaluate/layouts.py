"""Which layout a data set has, and what reads it: the code behind `rag eval import`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rag.errors import CorpusError
from rag.evaluate.importers import (
    PUBLISHED,
    QUESTIONS,
    Imported,
    beir,
    chunking,
    lines,
    multihop_rag,
    text_of,
)
from rag.evaluate.question_files import QUESTION, records, squad, squad2

FOLDERS: dict[str, Callable[[Path], Imported]] = {
    "multihop-rag": multihop_rag,
    "beir": beir,
    "chunking": chunking,
}
"""Layouts of folders."""

FILES: dict[str, Callable[..., Imported]] = {"squad2": squad2, "squad": squad, "ragas": records}
"""Layouts of files; `closed` lets a question search only the text that it was asked of."""

_PAIRS = {"faithful", "unfaithful"}


def imported(path: Path, layout: str | None = None, *, closed: bool = False) -> Imported:
    """The articles and the cases at a path.

    Args:
        path: a file or a folder; a folder with one JSON or JSONL file stands for that file.
        layout: a name of `FOLDERS` or `FILES`; None finds out.
        closed: each question may search only the text that it was asked of; files only.

    Raises:
        CorpusError: the path cannot be read, or has no layout that is known.
    """
    path = _one_file(path)
    name = layout or detect(path)
    if name in FOLDERS:
        return FOLDERS[name](path)
    if name not in FILES:
        raise CorpusError(f"{name!r} is no layout; use one of {', '.join((*FOLDERS, *FILES))}")
    return FILES[name](path, closed=closed)


def detect(path: Path) -> str:
    """The name of the layout at a path.

    Raises:
        CorpusError: it is none that is known; says what is.
    """
    if not path.exists():
        raise CorpusError(f"{path}: there is no such file or folder")
    name = _of_folder(path) if path.is_dir() else _of_file(path)
    if name is None:
        raise CorpusError(
            f"{path}: laid out as none of {', '.join((*FOLDERS, *FILES))}; say which it is, or "
            "write cases (see evals/README.md)"
        )
    return name


def _one_file(path: Path) -> Path:
    if not path.is_dir() or _of_folder(path):
        return path
    found = [file for file in sorted(path.iterdir()) if file.suffix in (".json", ".jsonl")]
    return found[0] if len(found) == 1 else path


def _of_folder(path: Path) -> str | None:
    if (path / PUBLISHED).is_file():
        return "multihop-rag"
    if (path / "corpora").is_dir() and any((path / name).is_file() for name in QUESTIONS):
        return "chunking"
    if not (path / "queries.jsonl").is_file():
        return None
    return "multihop-rag" if "evidence" in next(lines(path / "queries.jsonl"), {}) else "beir"


def _of_file(path: Path) -> str | None:
    first = _first(path)
    if {"question", "paragraph", "context", "answers"} <= first.keys():
        return "squad2"
    if isinstance(first.get("data"), list):
        return "squad"
    if first.keys() >= _PAIRS:
        raise CorpusError(
            f"{path}: these are pairs of texts, and no questions; see rag.evaluate.pairs"
        )
    if first.keys() >= {"id", "question", "answer", "evidence"}:
        raise CorpusError(f"{path}: these are cases already; `rag eval run {path}` runs them")
    return "ragas" if any(name in first for name in QUESTION) else None


def _first(path: Path) -> dict[str, Any]:
    """The first object of a file; the whole one of a JSON file that holds one."""
    if path.suffix == ".jsonl":
        return next(lines(path), {})
    try:
        content = json.loads(text_of(path))
    except ValueError as error:
        raise CorpusError(f"{path}: not valid JSON ({error})") from None
    first = content[0] if isinstance(content, list) and content else content
    return first if isinstance(first, dict) else {}
