"""What `rag eval run` does, but for printing: sets in, figures and missed thresholds out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rag
from rag.errors import CorpusError
from rag.evaluate.records import Record, Run
from rag.evaluate.report import table
from rag.evaluate.runner import Follow, Searches, evaluate
from rag.evaluate.summary import check_thresholds, read_thresholds
from rag.paths import shipped
from rag.settings import Settings


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The runs of several sets and what they miss."""

    runs: tuple[Run, ...]
    summaries: tuple[dict[str, Any], ...]
    """One a run, in the same order."""
    missed: tuple[str, ...] = ()
    """One line a threshold that does not hold; empty when none was asked for."""

    def table(self) -> str:
        """All figures as plain text."""
        return "\n\n\n".join(table(summary) for summary in self.summaries)

    def to_dict(self) -> dict[str, Any]:
        """`sets`: each summary with its `records`, without their passages; and `missed`."""
        sets = [
            {**summary, "records": [_brief(record) for record in run.records]}
            for run, summary in zip(self.runs, self.summaries, strict=True)
        ]
        return {"sets": sets, "missed": list(self.missed)}


def run_sets(
    sets: Sequence[str | Path],
    assistant: Searches,
    *,
    retrieve: bool = True,
    answer: bool = True,
    top_k: int = 10,
    out: Path | None = None,
    thresholds: Path | None = None,
    progress: Follow | None = None,
    about: Mapping[str, Any] | None = None,
) -> Evaluation:
    """Run sets by name or file; sets and thresholds are read before the first question is asked.

    Args:
        sets: names of shipped sets, or JSONL files.
        assistant: what is asked; its `settings`, where it has any, are kept with the runs.
        retrieve: measure passages.
        answer: measure answers; the assistant must be an `Asks`.
        top_k: passages a question.
        out: the folder that the runs are saved in, and taken up from after a stop.
        thresholds: a TOML file; None checks nothing.
        progress: called before the first and after each case of each set.
        about: more to keep with the runs, such as the embedder's fingerprint.

    Raises:
        CorpusError, SettingsError: see `evaluate`, `read_thresholds`.
    """
    if thresholds is not None:
        read_thresholds(thresholds)
    runs = evaluate(
        sets,
        assistant,
        retrieve=retrieve,
        answer=answer,
        top_k=top_k,
        out=out,
        progress=progress,
        about={**what_runs(assistant), **(about or {})},
    )
    summaries = tuple(run.summary() for run in runs)
    missed = (line for one in summaries if thresholds for line in check_thresholds(one, thresholds))
    return Evaluation(tuple(runs), summaries, tuple(missed))


def what_runs(assistant: object) -> dict[str, Any]:
    """The version, the hash of each prompt file, and the assistant's settings where it has any."""
    facts: dict[str, Any] = {"newsdesk": rag.__version__, "prompts": _prompts()}
    settings = getattr(assistant, "settings", None)
    if isinstance(settings, Settings):
        facts["settings"] = settings.model_dump(mode="json", exclude={"llm": {"api_key"}})
    return facts


def _prompts() -> dict[str, str]:
    try:
        files = sorted(file for file in shipped("prompts").rglob("*") if file.is_file())
    except CorpusError:
        return {}
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest()[:12] for file in files}


def _brief(record: Record) -> dict[str, Any]:
    return {key: value for key, value in record.to_dict().items() if key != "passages"}
