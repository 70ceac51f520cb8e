"""What became of a case, in words: where its evidence was, what is missing, what went wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rag.evaluate.cases import Case
from rag.evaluate.metrics import article_ranking, contains, without_marks
from rag.evaluate.records import Record
from rag.schema import Passage

STATUSES = {
    "right": "good",
    "found": "good",
    "unsupported": "fair",
    "partly found": "fair",
    "retrieved but not used": "bad",
    "wrong": "bad",
    "not retrieved": "bad",
    "should have abstained": "bad",
    "failed": "failed",
    "not judged": "open",
}
"""What can become of a case, best first, and how good that is: `good`, `fair`, `bad`, `failed`
(nothing came back) or `open` (nobody can say)."""


def status(record: Record) -> str:
    """One of `STATUSES`: the outcome, or where only passages were asked for, what was found."""
    if record.outcome is not None:
        return record.outcome
    wanted = set(record.case.article_ids)
    found = wanted & set(article_ranking(record.passages))
    if record.errors:
        return "failed"
    if not wanted:
        return "not judged"
    return "found" if found == wanted else "partly found" if found else "not retrieved"


def evidence_rank(record: Record) -> int | None:
    """The place of the first article with evidence among the articles found; None for nowhere.

    1 for the best; an article stands where its best passage does, as in the ranking metrics.
    """
    ranked = article_ranking(record.passages)
    places = [place for place, name in enumerate(ranked, 1) if name in record.case.article_ids]
    return min(places, default=None)


def quotes_in(case: Case, passage: Passage) -> list[tuple[int, int]]:
    """Where the evidence quotes of a case stand in a passage's text, in order, not overlapping."""
    spans = []
    for item in case.evidence:
        start = passage.text.find(item.quote) if item.quote else -1
        if item.article_id == passage.article_id and start >= 0:
            spans.append((start, start + len(item.quote)))
    return list(_merged(sorted(spans)))


def trouble(record: Record, threshold: float | None = None) -> list[str]:
    """What went wrong with a case, a sentence each; empty where nothing did.

    Args:
        record: what came back.
        threshold: the likelihood under which a question was declined, where it is known.
    """
    told = [f"{stage.capitalize()} failed. {why}" for stage, why in record.errors.items()]
    answer = record.answer
    if answer and answer.get("notice"):
        told.append(f"The reader was told: {answer['notice']}")
    if record.case.answerable:
        told += _retrieval(record)
        told += _answer(record, answer, threshold) if answer else []
    elif answer and not answer["abstained"]:
        sure = _sure(answer, threshold)
        told.append(f"The articles do not answer this question, yet it was answered{sure}.")
    return told


def _retrieval(record: Record) -> Iterator[str]:
    if "retrieve" in record.errors or not (record.passages or record.seconds):
        return
    wanted = record.case.article_ids
    missing = [name for name in wanted if name not in article_ranking(record.passages)]
    where = f"the {len(record.passages)} passages that were retrieved"
    if missing and len(missing) == len(wanted):
        yield f"None of the articles that hold the evidence is among {where}: {_listed(missing)}."
    elif missing:
        yield f"Evidence is missing from {where}: {_listed(missing)}."


def _answer(record: Record, answer: dict[str, Any], threshold: float | None) -> Iterator[str]:
    if answer["abstained"]:
        yield f"The question was declined, though the articles answer it{_sure(answer, threshold)}."
    elif lacks := _lacking(record.case, without_marks(answer["answer"])):
        yield f"The answer lacks {lacks}."
    yield from _unused(record, answer)
    for item in record.unsupported:
        words = _listed(item["words"]) if item["words"] else ""
        sentence = f"“{item['text']}”"
        yield f"No citation holds {words} of {sentence}." if words else f"Uncited: {sentence}"


def _unused(record: Record, answer: dict[str, Any]) -> Iterator[str]:
    """Evidence that was among the passages, and of which nothing is cited."""
    cited = {item["article_id"] for item in answer["citations"]}
    ranks: dict[str, int] = {}
    for passage in record.passages:
        if passage.article_id in record.case.article_ids:
            ranks.setdefault(passage.article_id, passage.rank)
    unused = [f"{name} (rank {rank})" for name, rank in ranks.items() if name not in cited]
    if unused and record.outcome not in ("right", "unsupported"):
        yield f"Retrieved but not cited: {_listed(unused)}."


def _lacking(case: Case, text: str) -> str:
    parts = (part for part in case.parts if not any(contains(text, one) for one in part))
    return _listed([" or ".join(f"“{one}”" for one in part) for part in parts])


def _sure(answer: dict[str, Any], threshold: float | None) -> str:
    """How likely it was held to be answered, and where the line is."""
    likely = answer.get("likely")
    if likely is None:
        return ""
    line = "" if threshold is None else f"; the threshold is {threshold:.2f}"
    return f" (held to be {likely:.2f} likely to be answered{line})"


def _listed(words: Sequence[str]) -> str:
    return ", ".join(words)


def _merged(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Sorted spans, those that touch or overlap made one."""
    last: tuple[int, int] | None = None
    for start, end in spans:
        if last and start <= last[1]:
            last = last[0], max(last[1], end)
            continue
        if last:
            yield last
        last = start, end
    if last:
        yield last
