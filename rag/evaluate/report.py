"""Figures -> tables for people, in plain text and in Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

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


def table(summary: Mapping[str, Any]) -> str:
    """The figures of one run as plain text, without a newline at the end."""
    blocks = [_headline(summary), _aligned(_metric_rows(summary))]
    if summary["latency"]:
        blocks.append(_aligned(_latency_rows(summary)))
    if summary["outcomes"]:
        blocks.append("Outcomes: " + _counts(summary["outcomes"]))
    if tags := _tag_rows(summary):
        blocks.append(_aligned(tags))
    return "\n\n".join(blocks)


def markdown(summaries: Sequence[Mapping[str, Any]]) -> str:
    """One Markdown table of runs, a row a metric, a column a run; no newline at the end."""
    names = [name for name in LABELS if any(name in one["metrics"] for one in summaries)]
    heads = [f"{one['dataset']} ({one['cases']})" for one in summaries]
    rows: _Rows = [("metric", *heads)]
    rows += [(LABELS[name], *(_with_interval(one, name) for one in summaries)) for name in names]
    for stage, label in _STAGES.items():
        if any(stage in one["latency"] for one in summaries):
            cells = (_seconds_pair(one["latency"].get(stage)) for one in summaries)
            rows.append((f"{label} latency, p50 / p95", *cells))
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
        interval = f"{_share(figure['low'])} to {_share(figure['high'])}"
        rows.append(
            (
                LABELS[name],
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


def _aligned(rows: _Rows) -> str:
    """The first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        cells = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        lines.append("  ".join([first.ljust(widths[0]), *cells]).rstrip())
    lines.insert(1, "-" * max(map(len, lines)))
    return "\n".join(lines)
