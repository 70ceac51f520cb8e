"""Runs -> what the HTML report shows, in plain values; the template lays it out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rag.evaluate.cases import Case
from rag.evaluate.charts import threshold
from rag.evaluate.citations import CITATION
from rag.evaluate.explain import STATUSES, quotes_in, status, trouble
from rag.evaluate.metrics import ANSWER, PASSAGE, RANKING
from rag.evaluate.ranges import RANGE
from rag.evaluate.records import Record, Run
from rag.evaluate.report import label as label_of
from rag.schema import Passage

GROUPS = {
    "Ranking of articles": RANKING,
    "Ranking of passages": PASSAGE,
    "Character ranges": RANGE,
    "Answers and refusals": ANSWER,
    "Citations": CITATION,
}
HEADLINES = (
    "recall_at_5",
    "ndcg_at_10",
    "containment",
    "refusal_recall",
    "refusal_precision",
    "citation_recall_strict",
)
BY_TAG = ("recall_at_5", "ndcg_at_10", "containment", "refusal_recall", "citation_recall_strict")
MEANINGS = {
    "recall_at_5": "evidence articles that are among the first 5",
    "recall_at_10": "evidence articles that are among the first 10",
    "mrr_at_10": "1 / rank of the first evidence article",
    "ndcg_at_10": "how high all evidence articles rank",
    "hit_at_1": "an evidence article comes first",
    "hit_at_5": "one is among the first 5",
    "hit_at_10": "one is among the first 10",
    "all_at_8": "questions that need several articles",
    "passage_hit_at_4": "one of the first 4 passages holds a quote",
    "passage_hit_at_10": "one of the first 10 does",
    "passage_mrr_at_10": "1 / rank of the first passage with a quote",
    "passage_map_at_10": "how high all quotes rank",
    "range_recall_at_5": "evidence characters that are in the first 5 passages",
    "range_precision_at_5": "characters of these passages that are evidence",
    "range_iou_at_5": "evidence found / evidence and passages together",
    "containment": "the expected answer stands in the answer",
    "token_f1": "words shared with the expected answer",
    "exact_match": "nothing but the expected answer",
    "refusal_precision": "declined questions that have no answer",
    "refusal_recall": "questions without an answer that were declined",
    "citation_precision": "cited quotes that support, by our own verifier",
    "citation_recall": "sentences that are supported, by our own verifier",
    "citation_precision_strict": "cited quotes that bring numbers or names needed",
    "citation_recall_strict": "sentences whose numbers and names are all cited",
    "offsets_exact": "quotes that stand in their article, to the character",
}
_ANSWER_STAGES = {
    "retrieve": "of which retrieval",
    "select": "of which choosing evidence",
    "first_sentence": "until the first sentence",
    "write": "of which writing",
}
_LONGEST = 280
"""Characters shown of a passage that neither holds evidence nor is cited."""


@dataclass(frozen=True, slots=True)
class Column:
    """A run and how the page calls it."""

    place: int
    letter: str
    """Empty where there is one run only."""
    label: str
    run: Run
    summary: Mapping[str, Any]
    judged: Mapping[str, Any] = field(default_factory=dict)
    """The summary of a language model's verdicts on it; empty for none."""
    verdicts: Mapping[str, Any] = field(default_factory=dict)
    """Those verdicts by case id."""

    @property
    def models(self) -> list[str]:
        """The names of its embedder and its language model, where they are on record."""
        embedder, model = (str(self.run.about.get(name) or "") for name in ("embedder", "model"))
        return [name for name in (embedder.partition(" ")[0], model) if name]


@dataclass(frozen=True, slots=True)
class Result:
    """What one run made of a case."""

    column: Column
    record: Record
    status: str
    tone: str
    trouble: list[str]
    passages: list[dict[str, Any]]
    verdict: Any


@dataclass(frozen=True, slots=True)
class Row:
    """A case with what each run made of it."""

    case: Case
    dataset: str
    results: list[Result]
    tags: list[int]
    """Places in `tags_of`."""
    statuses: list[int]
    """Places in `STATUSES`."""

    @property
    def differs(self) -> bool:
        """Whether two runs made different things of it."""
        return len(set(self.statuses)) > 1


def metric_groups(columns: Sequence[Column]) -> list[dict[str, Any]]:
    """The metrics that any run has, in groups: name, label, meaning and a figure for each run."""
    groups = []
    known = {name for names in GROUPS.values() for name in names}
    measured = dict.fromkeys(name for column in columns for name in column.summary["metrics"])
    own = tuple(name for name in measured if name not in known)
    for title, names in {**GROUPS, "Measures of your own": own}.items():
        rows = [metric(name, columns) for name in names]
        if rows := [row for row in rows if any(row["figures"])]:
            groups.append({"title": title, "rows": rows})
    return groups


def metric(name: str, columns: Sequence[Column]) -> dict[str, Any]:
    """One metric; its figures are None for runs that do not have it."""
    figures = [column.summary["metrics"].get(name) for column in columns]
    values = [figure and figure["value"] for figure in figures]
    both = len(values) == 2 and None not in values
    return {
        "name": name,
        "label": label_of(name),
        "meaning": MEANINGS.get(name, ""),
        "figures": figures,
        "change": values[1] - values[0] if both else None,
    }


def outcomes(column: Column) -> list[dict[str, Any]]:
    """How many cases came to what, best first: label, tone, count, share."""
    counts = Counter(status(record) for record in column.run.records)
    total = max(1, len(column.run.records))
    return [
        {"label": name, "tone": tone, "count": counts[name], "share": counts[name] / total}
        for name, tone in STATUSES.items()
        if counts[name]
    ]


def tag_table(columns: Sequence[Column]) -> dict[str, Any]:
    """Figures by tag: the `names` of the metrics, and `rows` of tag, cases, figures by run."""
    names = [n for n in BY_TAG if any(n in column.summary["metrics"] for column in columns)]
    tags = dict.fromkeys(tag for column in columns for tag in column.summary["by_tag"])
    rows = [
        {
            "tag": tag,
            "cells": [(c, group) for c in columns if (group := c.summary["by_tag"].get(tag))],
        }
        for tag in tags
    ]
    return {"names": names, "labels": [label_of(name) for name in names], "rows": rows}


def stages(columns: Sequence[Column]) -> list[dict[str, Any]]:
    """Rows of the latency table: label and for each run p50, p95 and count, or None."""
    rows: list[dict[str, Any]] = [
        {"label": label, "figures": [column.summary["latency"].get(stage) for column in columns]}
        for stage, label in (("retrieve", "Retrieval"), ("answer", "Whole answer"))
    ]
    for stage, label in _ANSWER_STAGES.items():
        rows.append({"label": label, "figures": [_stage(column.run, stage) for column in columns]})
    return [row for row in rows if any(row["figures"])]


def _stage(run: Run, stage: str) -> dict[str, float] | None:
    timings = [(record.answer or {}).get("timings") or {} for record in run.records]
    seconds = [timing[stage] for timing in timings if stage in timing]
    if not seconds:
        return None
    import numpy as np

    p50, p95 = np.percentile(seconds, (50, 95))
    return {"p50": float(p50), "p95": float(p95), "count": len(seconds)}


# Cases -------------------------------------------------------------------------------------------


def tags_of(columns: Sequence[Column]) -> list[str]:
    """Every tag, in order of first mention."""
    return list(
        dict.fromkeys(
            tag for column in columns for record in column.run.records for tag in record.case.tags
        )
    )


def rows(columns: Sequence[Column]) -> list[Row]:
    """A row a case; runs of one data set share its rows."""
    tags, places = tags_of(columns), list(STATUSES)
    found: dict[tuple[str, str], list[tuple[Column, Record]]] = {}
    for column in columns:
        for record in column.run.records:
            key = column.run.dataset, record.case.id
            found.setdefault(key, []).append((column, record))
    return [
        Row(
            case=(case := pairs[0][1].case),
            dataset=dataset,
            results=(results := [_result(*pair) for pair in pairs]),
            tags=[tags.index(tag) for tag in case.tags],
            statuses=[places.index(result.status) for result in results],
        )
        for (dataset, _), pairs in found.items()
    ]


def _result(column: Column, record: Record) -> Result:
    became = status(record)
    return Result(
        column=column,
        record=record,
        status=became,
        tone=STATUSES[became],
        trouble=trouble(record, threshold(column.run)),
        passages=list(_passages(record)),
        verdict=column.verdicts.get(record.case.id),
    )


def _passages(record: Record) -> Iterator[dict[str, Any]]:
    citations = record.answer["citations"] if record.answer else ()
    for passage in record.passages:
        quotes = quotes_in(record.case, passage)
        cited = [item["number"] for item in citations if _within(item, passage)]
        evidence = passage.article_id in record.case.article_ids
        whole = bool(quotes or cited)
        yield {
            "passage": passage,
            "holds": "holds the evidence" if quotes else "evidence article" if evidence else "",
            "cited": cited,
            "pieces": _pieces(passage.text if whole else _cut(passage.text), quotes),
        }


def _within(citation: Mapping[str, Any], passage: Passage) -> bool:
    start, end = int(citation["start"]), int(citation["end"])
    return bool(
        citation["article_id"] == passage.article_id and start < passage.end and end > passage.start
    )


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST].rstrip() + "…"


def _pieces(text: str, spans: Sequence[tuple[int, int]]) -> list[tuple[str, bool]]:
    """The text in pieces, each with whether it is to be marked; paragraphs without a blank line."""
    pieces, done = [], 0
    for start, end in spans:
        pieces += [(text[done:start], False), (text[start:end], True)]
        done = end
    pieces.append((text[done:], False))
    return [(piece.replace("\n\n", "\n"), marked) for piece, marked in pieces if piece]


# What produced it --------------------------------------------------------------------------------


def origins(columns: Sequence[Column]) -> dict[str, list[dict[str, Any]]]:
    """What is on record about the runs: `facts` and `settings`, each of name, values, `differs`."""
    facts, settings = [], []
    for column in columns:
        about = dict(column.run.about)
        chosen = about.pop("settings", None)
        settings.append(dict(_flat(chosen if isinstance(chosen, dict) else {})))
        facts.append({"fingerprint of the run": column.run.fingerprint, **dict(_flat(about))})
    return {"facts": _beside(facts), "settings": _beside(settings)}


def _beside(flat: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    rows = []
    for name in dict.fromkeys(name for one in flat for name in one):
        values = [one.get(name, "") for one in flat]
        rows.append({"name": name, "values": values, "differs": len(set(values)) > 1})
    return rows


def _flat(value: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for key, item in value.items():
        name = f"{before}{key}"
        if isinstance(item, dict) and item:
            yield from _flat(item, f"{name}.")
        else:
            yield name, "" if item is None else str(item)
