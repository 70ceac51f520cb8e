"""Characters that answer, and characters retrieved: the metrics of chunking evaluation.

As Chroma defines them ("Evaluating Chunking Strategies for Retrieval"), over the first 5 passages.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rag.evaluate.cases import Case
from rag.evaluate.metrics import Score, Scores
from rag.schema import Passage

RANGE = ("range_recall_at_5", "range_precision_at_5", "range_iou_at_5")
TOP = 5

Range = tuple[str, int, int]
"""An article id, and where a stretch of its text starts and ends (the end is exclusive)."""


def range_figures(gold: Sequence[Range], found: Sequence[Range]) -> tuple[float, float, float]:
    """Recall, precision and IoU of characters.

    Recall is covered gold / gold, precision covered gold / retrieved characters, and IoU covered
    gold / (retrieved characters + gold that was missed). Gold counts once where it is given twice;
    what is retrieved twice is covered once and counts twice as retrieved.

    Args:
        gold: what answers; at least one character.
        found: what was retrieved; empty scores 0.

    >>> range_figures([("a", 0, 10)], [("a", 5, 15), ("a", 5, 15)])
    (0.5, 0.25, 0.2)
    """
    wanted = _places(gold)
    covered = len(wanted & _places(found))
    retrieved = sum(end - start for _, start, end in found)
    missed = len(wanted) - covered
    precision = covered / retrieved if retrieved else 0.0
    return covered / len(wanted), precision, covered / (retrieved + missed)


def range_scores(case: Case, passages: Sequence[Passage]) -> Scores:
    """The scores of `RANGE`; None where the evidence has no places, or not all of it has."""
    gold = [
        (item.article_id, item.start, item.start + len(item.quote))
        for item in case.evidence
        if item.start is not None and item.quote
    ]
    if not gold or len(gold) < len(case.evidence):
        return dict.fromkeys(RANGE)
    found = [(one.article_id, one.start, one.end) for one in passages[:TOP]]
    return dict(zip(RANGE, map(Score, range_figures(gold, found)), strict=True))


def _places(ranges: Iterable[Range]) -> set[tuple[str, int]]:
    return {(name, place) for name, start, end in ranges for place in range(start, end)}
