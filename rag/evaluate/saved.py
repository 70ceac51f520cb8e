"""Answers that a reader marked right or wrong, kept as cases beside the collection.

The file is an eval set like any other: `rag eval run .newsdesk/index.cases.jsonl`. It lies beside
the index folder, not in it: an index can be thrown away and made again, what readers said cannot.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rag import disk
from rag.errors import CorpusError
from rag.evaluate.cases import INCOMPLETE, Case, EvidenceQuote
from rag.ids import digest
from rag.schema import Answer, Turn

RIGHT, WRONG = "marked right", "marked wrong"
_WAIT = 10.0
"""Seconds for another process that saves a case."""


def cases_file(index: Path) -> Path:
    """Where the cases of the collection in the folder `index` are kept."""
    return index.with_name(f"{index.name}.cases.jsonl")


def case_of(answer: Answer, *, right: bool, history: Sequence[Turn] = ()) -> Case:
    """What a reader's verdict on an answer says about the question.

    A right answer makes its citations the evidence; which words an answer must hold, nobody has
    said, so that only retrieval and refusal are judged. A right abstention says that the articles
    do not answer. A wrong answer says neither: its case is incomplete, to be given an answer and
    evidence by a person, and is not asked until its tag `incomplete` is taken away.

    Args:
        answer: a complete answer.
        right: the reader's verdict.
        history: the turns before it; kept only where the question leaned on them.
    """
    leaned = bool(answer.query) and answer.query != answer.question
    cited = dict.fromkeys((c.article_id, c.quote) for c in answer.citations)
    return Case(
        id=f"saved-{digest(answer.query or answer.question)}",
        question=answer.question,
        history=tuple(history) if leaned else (),
        answer=None if right and answer.abstained else (),
        evidence=tuple(EvidenceQuote(*one) for one in cited) if right else (),
        tags=(RIGHT,) if right else (WRONG, INCOMPLETE),
    )


def save(index: Path, answer: Answer, *, right: bool, history: Sequence[Turn] = ()) -> bool:
    """Add the case of a marked answer to the `cases_file` of a collection.

    A question stands there once. Marked anew, its last verdict counts, unless a person has
    completed the case by hand: what a person wrote is never written over.

    Returns:
        Whether the file has changed.

    Raises:
        CorpusError: the file is not UTF-8 text.
        RagError: the folder cannot be written, or another process is saving for long.
    """
    case = case_of(answer, right=right, history=history)
    shown = {"text": answer.answer, "citations": [item.quote for item in answer.citations]}
    line = json.dumps({**case.to_dict(), "shown": shown}, ensure_ascii=False)
    file = cases_file(index)
    with disk.explained(file.parent):
        lock = disk.WriteLock(file.with_suffix(".lock"))
        lock.acquire(_WAIT)
        try:
            before = _lines(file)
            after = _with(before, case.id, line)
            if after != before:
                disk.replace_text(file, "".join(f"{one}\n" for one in after))
        finally:
            lock.release()
    return after != before


def _with(lines: Sequence[str], case_id: str, line: str) -> list[str]:
    """The lines with one in the place of the case of the same id, or at the end."""
    place = next((n for n, one in enumerate(lines) if _parsed(one).get("id") == case_id), None)
    if place is None:
        return [*lines, line]
    if _completed(_parsed(lines[place])):
        return list(lines)
    return [*lines[:place], line, *lines[place + 1 :]]


def _completed(line: dict[str, Any]) -> bool:
    """Whether a person has worked on a case since it was saved."""
    tags = line.get("tags") or []
    return bool(line.get("answer")) or (WRONG in tags and INCOMPLETE not in tags)


def _parsed(line: str) -> dict[str, Any]:
    try:
        content = json.loads(line)
    except ValueError:  # somebody's edit, which `rag eval run` will name
        return {}
    return content if isinstance(content, dict) else {}


def _lines(file: Path) -> list[str]:
    if not file.exists():
        return []
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise CorpusError(f"{file}: cannot be read as UTF-8 text ({error}); mend it") from None
    return [line for line in text.split("\n") if line.strip()]
