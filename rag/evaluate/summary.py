"""Figures of a run: metrics with confidence intervals, per tag, latency; and the thresholds."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import SettingsError
from rag.evaluate.citations import CITATION
from rag.evaluate.metrics import ANSWER, PASSAGE, RANKING, Score
from rag.evaluate.ranges import RANGE
from rag.evaluate.resampling import bootstrap

if TYPE_CHECKING:
    from rag.evaluate.records import Record, Run

METRICS: dict[str, tuple[str, ...]] = {
    "retrieve": (*RANKING, *PASSAGE, *RANGE),
    "answer": (*ANSWER, *CITATION),
}
"""What each half of a run measures, in the order of the tables."""


def summarise(run: Run) -> dict[str, Any]:
    """All figures of a run, ready for JSON.

    Returns:
        `dataset, fingerprint, about, started, ran, top_k, cases`; `errors` (cases by what failed)
        and `notices` (answers that told the reader of a trouble); `metrics`: by name `value`,
        `low`, `high` (95% interval), `judged` and `unjudged` (numbers of cases), with None for
        a value that no case could judge; `outcomes`; `latency` in seconds: `p50, p95, count`
        of `retrieve` and `answer`; `by_tag`: by tag `cases` and the `metrics` without intervals.
    """
    names = metric_names(run)
    return {
        "dataset": run.dataset,
        "fingerprint": run.fingerprint,
        "about": run.about,
        "started": run.started,
        "ran": list(run.ran),
        "top_k": run.top_k,
        "cases": len(run.records),
        "errors": dict(Counter(name for record in run.records for name in record.errors)),
        "notices": sum(bool(r.answer and r.answer.get("notice")) for r in run.records),
        "metrics": figures(run.records, names),
        "outcomes": dict(Counter(r.outcome for r in run.records if r.outcome).most_common()),
        "latency": _latency(run.records),
        "by_tag": {
            tag: {"cases": len(group), "metrics": _figures(group, names)}
            for tag, group in _groups(run.records).items()
        },
    }


def figures(records: Sequence[Record], names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The `metrics` of `summarise`, for scores of any name."""
    values, intervals = _figures(records, names), _intervals(records, names)
    return {name: {**values[name], **intervals[name]} for name in names}


def metric_names(run: Run) -> list[str]:
    """What a run measured, in the order of the tables: the product's metrics, then the caller's."""
    ours = [name for half in run.ran for name in METRICS[half]]
    own = [name for record in run.records for name in record.scores if name not in ours]
    return [*ours, *dict.fromkeys(own)]


def pooled(scores: Sequence[Score]) -> float | None:
    """Sum of the parts / sum of the wholes; None for no scores."""
    return sum(s.part for s in scores) / sum(s.whole for s in scores) if scores else None


def _figures(records: Sequence[Record], names: Sequence[str]) -> dict[str, dict[str, Any]]:
    found = {}
    for name in names:
        scores = [score for record in records if (score := record.scores.get(name))]
        unjudged = len(records) - len(scores)
        found[name] = {"value": pooled(scores), "judged": len(scores), "unjudged": unjudged}
    return found


def _intervals(records: Sequence[Record], names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """95% percentile bootstrap over cases; None with fewer than two judged cases."""
    blank: dict[str, float | None] = {"low": None, "high": None}
    enough = [name for name in names if sum(bool(r.scores.get(name)) for r in records) > 1]
    if not enough:
        return dict.fromkeys(names, blank)
    import numpy as np

    nothing = Score(0.0, 0.0)
    table = np.array(
        [[record.scores.get(name) or nothing for name in enough] for record in records]
    )
    low, high = bootstrap(table)
    found = {n: {"low": float(low[i]), "high": float(high[i])} for i, n in enumerate(enough)}
    return {name: found.get(name, blank) for name in names}


def _latency(records: Sequence[Record]) -> dict[str, dict[str, float]]:
    import numpy as np

    latency = {}
    for stage in ("retrieve", "answer"):
        seconds = [r.seconds[stage] for r in records if stage in r.seconds]
        if seconds:
            p50, p95 = np.percentile(seconds, (50, 95))
            latency[stage] = {"p50": float(p50), "p95": float(p95), "count": len(seconds)}
    return latency


def _groups(records: Sequence[Record]) -> dict[str, list[Record]]:
    groups: dict[str, list[Record]] = {"answerable": [], "unanswerable": []}
    for record in records:
        own = "answerable" if record.case.answerable else "unanswerable"
        for tag in dict.fromkeys((own, *record.case.tags)):
            groups.setdefault(tag, []).append(record)
    return {tag: group for tag, group in groups.items() if group}


# Thresholds --------------------------------------------------------------------------------------


def check_thresholds(summary: Mapping[str, Any], path: Path) -> list[str]:
    """What a summary misses of the thresholds for its set, one line each; empty when all hold.

    Metrics of a half that was not run are passed over; one that judged no case is missed, and so
    is any case that failed.

    Raises:
        SettingsError: see `read_thresholds`.
    """
    missed = []
    wanted = read_thresholds(path, also=summary["metrics"])
    for name, lowest in wanted.get(summary["dataset"], {}).items():
        if name not in summary["metrics"]:
            continue
        value = summary["metrics"][name]["value"]
        if value is None or value < lowest:
            seen = "could not be judged on any case" if value is None else f"is {value:.3f}"
            missed.append(f"{summary['dataset']}: {name} {seen}, must be at least {lowest:g}")
    failed = [f"{count} in {what}" for what, count in summary["errors"].items()]
    if failed:
        missed.append(f"{summary['dataset']}: cases that failed: {', '.join(failed)}")
    return missed


def read_thresholds(path: Path, also: Collection[str] = ()) -> dict[str, dict[str, float]]:
    """The lowest accepted value by set and metric, from `[set]` tables of `metric = value`.

    Args:
        path: a TOML file.
        also: names of metrics that are known beside the product's.

    Raises:
        SettingsError: the file cannot be read, or names a metric that there is not.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not valid TOML ({error})") from None
    for dataset, wanted in content.items():
        _check_wanted(path, dataset, wanted, also)
    return content


def _check_wanted(path: Path, dataset: str, wanted: object, also: Collection[str]) -> None:
    if not isinstance(wanted, dict):
        raise SettingsError(f"{path}: {dataset!r} stands outside a [set] table")
    for name, value in wanted.items():
        if not any(name in names for names in (*METRICS.values(), also)):
            raise SettingsError(f"{path}: {name!r} is not a metric; see evals/README.md")
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise SettingsError(f"{path}: {name} must be a number from 0 to 1, not {value!r}")
