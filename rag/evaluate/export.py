"""Runs in the layouts of other tools: TREC run and judgement files, RAGAS samples."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rag.errors import SettingsError
from rag.evaluate.metrics import article_ranking, without_marks, wordings
from rag.evaluate.records import Record, Run


def export(run: Run, layout: str, out: Path) -> list[Path]:
    """Write a run into a folder, which is made when missing; gives the files written.

    Raises:
        SettingsError: there is no such layout.
    """
    if layout not in LAYOUTS:
        raise SettingsError(f"{layout!r} is no layout; use one of {', '.join(LAYOUTS)}")
    out.mkdir(parents=True, exist_ok=True)
    stem = re.sub(r"[^\w.-]", "_", run.dataset)
    written = []
    for suffix, lines in LAYOUTS[layout].items():
        path = out / f"{stem}.{suffix}"
        path.write_text("".join(f"{line}\n" for line in lines(run)), encoding="utf-8")
        written.append(path)
    return written


def trec_run(run: Run) -> Iterator[str]:
    """`case Q0 article rank score tag`, articles ranked by their best passage.

    The score is 1 / rank, so that it falls as the rank grows. Signs that would break a line in
    ids are percent-encoded. Cases that failed, or have no evidence, are left out.
    """
    tag = _id(run.dataset)
    for record in _judged(run):
        for rank, article_id in enumerate(article_ranking(record.passages), start=1):
            yield f"{_id(record.case.id)} Q0 {_id(article_id)} {rank} {1 / rank:.6f} {tag}"


def trec_qrels(run: Run) -> Iterator[str]:
    """`case 0 article grade`, for the cases of `trec_run`.

    A case without any passage is here and not there: trec_eval counts it with its option -c only,
    ir-measures always.
    """
    for record in _judged(run):
        for article_id, grade in record.case.grades.items():
            yield f"{_id(record.case.id)} 0 {_id(article_id)} {grade}"


def ragas(run: Run) -> Iterator[str]:
    """One `SingleTurnSample` of RAGAS a line; what a case does not have is left out of it.

    An answer is given without its citation marks, an abstention as what the reader was told. The
    reference is the expected answer in its first wording. Cases that failed are left out.
    """
    for record in run.records:
        if not record.errors:
            yield json.dumps(_sample(record), ensure_ascii=False)


LAYOUTS: dict[str, dict[str, Callable[[Run], Iterator[str]]]] = {
    "trec": {"run": trec_run, "qrels": trec_qrels},
    "ragas": {"ragas.jsonl": ragas},
}
"""By layout: the endings of its files, and what writes their lines."""


def _judged(run: Run) -> Iterator[Record]:
    for record in run.records:
        if record.case.evidence and not record.errors:
            yield record


def _id(text: str) -> str:
    """The id with white space, % and what no line may hold percent-encoded; else as it is."""
    return "".join(
        sign if sign.isprintable() and sign not in " %" else quote(sign) for sign in text
    )


def _sample(record: Record) -> dict[str, Any]:
    case = record.case
    sample: dict[str, Any] = {"user_input": case.question}
    sample["retrieved_contexts"] = [passage.text for passage in record.passages]
    if quotes := [item.quote for item in case.evidence if item.quote]:
        sample["reference_contexts"] = quotes
    if record.answer is not None:
        sample["response"] = without_marks(record.answer["answer"])
    if expected := wordings(case):
        sample["reference"] = expected[0]
    return sample
