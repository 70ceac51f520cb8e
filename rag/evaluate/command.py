"""What `rag eval run` does, but for printing: sets in, a report out."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import rag
from rag.errors import CorpusError, SettingsError
from rag.evaluate.cases import Dataset
from rag.evaluate.corpus import missing_evidence
from rag.evaluate.html_report import save_report
from rag.evaluate.metrics import Metric
from rag.evaluate.records import Run
from rag.evaluate.report import Report
from rag.evaluate.run_files import judgement_beside, run_files
from rag.evaluate.runner import Follow, run
from rag.evaluate.searchers import Asks, Searches
from rag.evaluate.summary import read_thresholds
from rag.paths import shipped
from rag.settings import Settings

REPORT = "report.html"

_ABOUT_NO_RUN: dict[str, Any] = {"llm": {"api_key"}, "judge": True, "server": True}
"""Settings that no run rests on, and its secrets."""
_MOST_NAMED = 3


def run_sets(
    sets: Sequence[str | Path],
    assistant: Searches,
    *,
    retrieve: bool = True,
    answer: bool = True,
    top_k: int = 10,
    sample: int | None = None,
    metrics: Sequence[Metric] = (),
    out: Path | None = None,
    thresholds: Path | None = None,
    progress: Follow | None = None,
    about: Mapping[str, Any] | None = None,
    warn: Callable[[str], None] | None = None,
) -> Report:
    """Run sets by name or file; sets and thresholds are read before the first question is asked.

    Args:
        sets: names of shipped sets, or JSONL files.
        assistant: what is asked; its `settings`, where it has any, are kept with the runs.
        retrieve: measure passages.
        answer: measure answers; the assistant must be an `Asks`.
        top_k: passages a question.
        sample: ask only so many cases of each set, the same ones each time; None asks all.
        metrics: measures of one's own, beside the product's.
        out: the folder that the runs are saved in, and taken up from after a stop; gets the HTML
            report too, as `report.html`.
        thresholds: a TOML file; None checks nothing.
        progress: called before the first and after each case of each set.
        about: more to keep with the runs, such as the embedder's fingerprint.
        warn: told beforehand of evidence that is not in the collection and of incomplete cases.

    Raises:
        CorpusError, SettingsError: see `rag.evaluate.run`, `read_thresholds`.
    """
    if thresholds is not None:
        read_thresholds(thresholds, also=[metric.name for metric in metrics])
    loaded = [Dataset.load(name) for name in sets]
    datasets = loaded if sample is None else [dataset.sample(sample) for dataset in loaded]
    _check_names(datasets)
    if warn:
        for line in (doubt for dataset in datasets for doubt in _doubts(dataset, assistant)):
            warn(line)
    runs = [
        run(
            dataset,
            assistant,
            retrieve=retrieve,
            answer=answer,
            top_k=top_k,
            metrics=metrics,
            out=out,
            progress=progress,
            about={**what_runs(assistant), **(about or {})},
        )
        for dataset in datasets
    ]
    if out is not None:
        save_report(out / REPORT, runs)
    return Report.of(*runs, thresholds=thresholds)


def _check_names(datasets: Sequence[Dataset]) -> None:
    for name, count in Counter(dataset.name for dataset in datasets).items():
        if count > 1:
            raise SettingsError(f"{count} sets are called {name!r}; rename a file, or give it once")


def _doubts(dataset: Dataset, assistant: Searches) -> Iterator[str]:
    """What a person should know about a set before its figures."""
    incomplete = sum(not case.complete for case in dataset.cases)
    if incomplete:
        yield f"{dataset.name}: {incomplete} cases are tagged incomplete and are not asked"
    problems = missing_evidence(dataset, assistant.article) if isinstance(assistant, Asks) else []
    if problems:
        more = f" (and {len(problems) - _MOST_NAMED} more)" if len(problems) > _MOST_NAMED else ""
        yield (
            f"{dataset.name}: evidence is not in this collection, and cannot be found: "
            f"{'; '.join(problems[:_MOST_NAMED])}{more}"
        )


def report_files(paths: Sequence[Path], out: Path) -> None:
    """Write one HTML page about saved runs, with the verdicts that are kept beside them.

    Args:
        paths: run files, or folders of them.
        out: the page.

    Raises:
        CorpusError: a run cannot be read, or the page cannot be written.
    """
    files = run_files(paths)
    save_report(
        out,
        [Run.load(file) for file in files],
        [str(file) for file in files],
        [judgement_beside(file) for file in files],
    )


def what_runs(assistant: object) -> dict[str, Any]:
    """The version, the hash of each prompt file, and the assistant's settings where it has any."""
    facts: dict[str, Any] = {"newsdesk": rag.__version__, "prompts": _prompts()}
    settings = getattr(assistant, "settings", None)
    if isinstance(settings, Settings):
        facts["settings"] = settings.model_dump(mode="json", exclude=_ABOUT_NO_RUN)
        fitted = getattr(assistant, "abstain_below", settings.answer.abstain_below)
        facts["settings"]["answer"]["abstain_below"] = fitted
    return facts


def _prompts() -> dict[str, str]:
    try:
        files = sorted(file for file in shipped("prompts").rglob("*") if file.is_file())
    except CorpusError:
        return {}
    asked = (file for file in files if not file.name.startswith("judge_"))
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest()[:12] for file in asked}
