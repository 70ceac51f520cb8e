"""How MultiHop-RAG's questions are understood, and what that does for retrieval.

    python evals/understanding.py MULTIHOP-RAG [--index DIR]

Prints how many of the publishers and days of publication that the questions name are read. With the
folder of an index of its articles (`chunking.size = 256`; it is made where it is missing), prints
Hits@4, Hits@10, MRR@10 and MAP@10 of the two searches, of both by plain reciprocal rank fusion, and
of the whole retrieval with and without understanding.
"""

from __future__ import annotations

import argparse
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from rag.assistant import Assistant
from rag.errors import IndexMissing
from rag.evaluate.cases import Case
from rag.evaluate.importers import multihop_rag
from rag.evaluate.metrics import PASSAGE, passage_scores
from rag.retrieve import fuse
from rag.schema import Article, Holdings
from rag.settings import Settings
from rag.understand import understand

_DAY = re.compile(
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
    r" \d{1,2}(?:st|nd|rd|th)?(?:, \d{4})?|\d{4}-\d\d-\d\d"
)


def main() -> None:
    """Read the arguments, print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--index", type=Path)
    given = parser.parse_args()
    articles, dataset = multihop_rag(given.folder)
    mentions(articles, dataset.cases)
    if given.index:
        settings = {"llm": {"enabled": False}, "chunking": {"size": 256}}
        with Assistant.open(given.index, Settings.load(**settings)) as assistant:
            if not _stored(assistant):
                assistant.ingest(articles)
            retrieval(assistant, [case for case in dataset.cases if case.evidence])


def mentions(articles: Sequence[Article], cases: Sequence[Case]) -> None:
    """Publishers of the collection, and days, that stand in the questions, and that are read."""
    names = sorted({article.publisher for article in articles})
    days = [article.published_day for article in articles if article.published_day]
    held = Holdings(publishers=tuple(names), first_day=min(days), last_day=max(days))
    short = sorted({re.split(r" [|-] |: ", name)[0] for name in names}, key=len, reverse=True)
    publisher = re.compile(
        "|".join(map(re.escape, [*sorted(names, key=len, reverse=True), *short]))
    )
    for what, shape, kinds in (
        ("publishers", publisher, ("publisher",)),
        ("days", _DAY, ("published", "about", "future")),
    ):
        found, missed = 0, []
        for case in cases:
            read = understand(case.question, (), held, date.today()).understood
            spans = [(one.start, one.end) for one in read if one.kind in kinds]
            for match in shape.finditer(case.question):
                inside = any(start <= match.start() and match.end() <= end for start, end in spans)
                found += inside
                missed += (
                    []
                    if inside
                    else [
                        f"{case.id}: {case.question[max(0, match.start() - 40) : match.end() + 20]}"
                    ]
                )
        print(f"{what} read: {found} of {found + len(missed)}")
        print(*(f"  not read: {one!r}" for one in missed), sep="\n")


def retrieval(assistant: Assistant, cases: Sequence[Case]) -> None:
    """One line of figures for each way to search."""
    snapshot, k = assistant._index.snapshot(), assistant.settings.retrieval.rrf_k

    def ranked(case: Case, *searches: str) -> list[str]:
        rankings = {
            "dense": lambda: snapshot.dense(assistant.embed([case.question])[0], 100),
            "bm25": lambda: snapshot.lexical(case.question, 100),
        }
        keys = [key for key, _ in fuse([rankings[name]() for name in searches], k)[:10]]
        rows = snapshot.rows(keys)
        return [rows[key].text for key in keys]

    def passages(case: Case, *without: str) -> list[str]:
        return [p.text for p in assistant.passages(case.question, 10, without=without)]

    kinds = ("publisher", "published", "about", "future", "event", "newest")
    _line("dense alone", cases, lambda case: ranked(case, "dense"))
    _line("BM25 alone", cases, lambda case: ranked(case, "bm25"))
    _line("both, plain RRF", cases, lambda case: ranked(case, "dense", "bm25"))
    _line("default, nothing understood", cases, lambda case: passages(case, *kinds))
    _line("default", cases, passages)


def _line(name: str, cases: Sequence[Case], search: Callable[[Case], list[str]]) -> None:
    scores: defaultdict[str, float] = defaultdict(float)
    for case in cases:
        for metric, score in passage_scores([e.quote for e in case.evidence], search(case)).items():
            scores[metric] += score.part if score else 0.0
    figures = "  ".join(f"{metric[8:]} {scores[metric] / len(cases):.3f}" for metric in PASSAGE)
    print(f"{name:28} {figures}")


def _stored(assistant: Assistant) -> bool:
    try:
        return bool(assistant.summaries())
    except IndexMissing:
        return False


if __name__ == "__main__":
    main()
