"""Figures -> tables for people, in plain text and in Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from rag.evaluate.records import Record, Run
from rag.evaluate.summary import check_thresholds

LABELS = {
    "recall_at_5": "Recall@5",
    "recall_at_10": "Recall@10",
    "mrr_at_10": "MRR@10",
    "ndcg_at_10": "nDCG@10",
    "hit_at_1": "Hit@1",
    "hit_at_5": "Hit@5",
    "hit_at_10": "Hit@10",
    "all_at_8": "All evidence articles in the top 8",
    "passage_hit_at_4": "Passage Hits@4",
    "passage_hit_at_10": "Passage Hits@10",
    "passage_mrr_at_10": "Passage MRR@10",
    "passage_map_at_10": "Passage MAP@10",
    "range_recall_at_5": "Range recall@5",
    "range_precision_at_5": "Range precision@5",
    "range_iou_at_5": "Range IoU@5",
    "containment": "Answer containment",
    "token_f1": "Token F1",
    "exact_match": "Exact match",
    "refusal_precision": "Refusal precision",
    "refusal_recall": "Refusal recall",
    "citation_precision": "Citation precision",
    "citation_recall": "Citation recall",
    "citation_precision_strict": "Citation precision, strict",
    "citation_recall_strict": "Citation recall, strict",
    "offsets_exact": "Exact citation offsets",
}
_BY_TAG = ("recall_at_5", "ndcg_at_10", "containment", "token_f1", "refusal_recall")
_STAGES = {"retrieve": "Retrieval", "answer": "Answer"}

_Rows = list[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of runs, and what they miss; `print(report)` shows them as tables."""

    runs: tuple[Run, ...]
    summaries: tuple[dict[str, Any], ...]
    """One a run, in the same order; see `rag.evaluate.summary.summarise`."""
    missed: tuple[str, ...] = ()
    """One line a threshold that does not hold; empty when none was asked for."""

    @classmethod
    def of(cls, *runs: Run, thresholds: Path | None = None) -> Self:
        """The report of some runs.

        Raises:
            SettingsError: `thresholds` cannot be read; see `rag.evaluate.summary.read_thresholds`.
        """
        summaries = tuple(run.summary() for run in runs)
        checked = summaries if thresholds else ()
        missed = (line for one in checked for line in check_thresholds(one, Path(thresholds or "")))
        return cls(runs, summaries, tuple(missed))

    def __str__(self) -> str:
        """All figures as plain text, without a newline at the end."""
        return "\n\n\n".join(table(summary) for summary in self.summaries)

    def markdown(self) -> str:
        """The runs side by side in one Markdown table."""
        return markdown(self.summaries)

    def to_dict(self) -> dict[str, Any]:
        """`sets`: each summary with its `records`, without their passages; and `missed`."""
        sets = [
            {**summary, "records": [_brief(record) for record in run.records]}
            for run, summary in zip(self.runs, self.summaries, strict=True)
        ]
        return {"sets": sets, "missed": list(self.missed)}


def _brief(record: Record) -> dict[str, Any]:
    return {key: value for key, value in record.to_dict().items() if key != "passages"}


def label(name: str) -> str:
    """What a metric is called in tables; a caller's own by its name."""
    return LABELS.get(name, name)


def table(summary: Mapping[str, Any]) -> str:
    """The figures of one run as plain text, without a newline at the end."""
    blocks = [_headline(summary), aligned(_metric_rows(summary))]
    if silent := [name for name, figure in summary["metrics"].items() if not figure["judged"]]:
        blocks.append("No case could be judged by: " + ", ".join(map(label, silent)))
    if summary["latency"]:
        blocks.append(aligned(_latency_rows(summary)))
    if summary["outcomes"]:
        blocks.append("Outcomes: " + _counts(summary["outcomes"]))
    if tags := _tag_rows(summary):
        blocks.append(aligned(tags))
    return "\n\n".join(blocks)


def markdown(summaries: Sequence[Mapping[str, Any]]) -> str:
    """One Markdown table of runs, a row a metric, a column a run; no newline at the end."""
    measured = dict.fromkeys(name for one in summaries for name in one["metrics"])
    judged = [name for name in measured if any(_judged(one, name) for one in summaries)]
    names = [*(name for name in LABELS if name in judged), *(n for n in judged if n not in LABELS)]
    heads = [f"{one['dataset']} ({one['cases']})" for one in summaries]
    rows: _Rows = [("metric", *heads)]
    rows += [(label(name), *(_with_interval(one, name) for one in summaries)) for name in names]
    for stage, called in _STAGES.items():
        if any(stage in one["latency"] for one in summaries):
            cells = (_seconds_pair(one["latency"].get(stage)) for one in summaries)
            rows.append((f"{called} latency, p50 / p95", *cells))
    head, *body = ["| " + " | ".join(row) + " |" for row in rows]
    rule = "|---|" + "---:|" * len(summaries)
    return "\n".join([head, rule, *body])


def _headline(summary: Mapping[str, Any]) -> str:
    lines = [f"{summary['dataset']}: {summary['cases']} cases, top {summary['top_k']} passages"]
    if summary["errors"]:
        lines.append("Failed, and not scored: " + _counts(summary["errors"]))
    if summary["notices"]:
        lines.append(f"Answers with a notice to the reader: {summary['notices']}")
    return "\n".join(lines)


def _metric_rows(summary: Mapping[str, Any]) -> _Rows:
    rows: _Rows = [("metric", "value", "95% interval", "judged", "not judged")]
    for name, figure in summary["metrics"].items():
        if not figure["judged"]:
            continue
        interval = f"{_share(figure['low'])} to {_share(figure['high'])}"
        rows.append(
            (
                label(name),
                _share(figure["value"]),
                "-" if figure["low"] is None else interval,
                str(figure["judged"]),
                str(figure["unjudged"]),
            )
        )
    return rows


def _latency_rows(summary: Mapping[str, Any]) -> _Rows:
    rows: _Rows = [("latency", "p50", "p95", "measured")]
    for stage, figure in summary["latency"].items():
        p50, p95 = _seconds(figure["p50"]), _seconds(figure["p95"])
        rows.append((_STAGES[stage], p50, p95, str(figure["count"])))
    return rows


def _tag_rows(summary: Mapping[str, Any]) -> _Rows:
    shown = [name for name in _BY_TAG if name in summary["metrics"]]
    rows: _Rows = [("tag", "cases", *(LABELS[name] for name in shown))]
    for tag, group in summary["by_tag"].items():
        values = (_share(group["metrics"][name]["value"]) for name in shown)
        rows.append((tag, str(group["cases"]), *values))
    return rows if len(rows) > 2 else []


def _judged(summary: Mapping[str, Any], name: str) -> int:
    return int(summary["metrics"].get(name, {"judged": 0})["judged"])


def _with_interval(summary: Mapping[str, Any], name: str) -> str:
    figure = summary["metrics"].get(name)
    if figure is None or figure["value"] is None:
        return "-"
    if figure["low"] is None:
        return _share(figure["value"])
    return f"{_share(figure['value'])} ({_share(figure['low'])} to {_share(figure['high'])})"


def _seconds_pair(figure: Mapping[str, float] | None) -> str:
    return f"{_seconds(figure['p50'])} / {_seconds(figure['p95'])}" if figure else "-"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _seconds(value: float) -> str:
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def aligned(rows: Sequence[tuple[str, ...]]) -> str:
    """Rows of text below each other, a rule under the first; only the first column to the left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        cells = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        lines.append("  ".join([first.ljust(widths[0]), *cells]).rstrip())
    lines.insert(1, "-" * max(map(len, lines)))
    return "\n".join(lines)
