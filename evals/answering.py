"""Whether answers hold what is expected, and whether the right questions are declined.

    python evals/answering.py squad2 SQUAD2.jsonl --index DIR
    python evals/answering.py multihop FOLDER --index DIR

`squad2` stores each paragraph as an article and asks each question with that article as its filter;
answers have at most two sentences. `multihop` asks MultiHop-RAG's questions of all its articles;
those whose answer is null are to be declined. Without a language model (`--model` asks with the one
of the settings) answers are quoted evidence, and refusals are the same with any model.

Every question is asked with nothing declined, so that one run gives the figures for each threshold:
the share of answerable questions whose answer holds what is expected (declined ones do not), and
precision and recall of refusal. Intervals are 95 % bootstrap intervals over questions (1,000
resamples, fixed seed). `--sample N` draws N questions, the same ones each time.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rag.assistant import Assistant
from rag.evaluate.calibrate import Judged, best, curve, point
from rag.evaluate.cases import Case, Dataset
from rag.evaluate.importers import Imported, multihop_rag
from rag.evaluate.metrics import containment, without_marks
from rag.evaluate.question_files import squad2
from rag.settings import Settings

MOST = {"squad2": 2, "multihop": 6}
"""Sentences of an answer."""
TICK = 200
"""Questions between two lines of progress."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of one question."""

    judged: Judged
    held: bool | None
    """Whether the answer holds what is expected; None where nothing is on record."""
    sentences: int
    seconds: float


def asked(assistant: Assistant, case: Case) -> Asked:
    """One question, asked with nothing declined."""
    begun = time.perf_counter()
    answer = assistant.ask(case.question, case.filters, case.history)
    seconds = time.perf_counter() - begun
    score = containment(case, without_marks(answer.answer))
    held = None if score is None else bool(score.value)
    judged = Judged(answer.likely or 0.0, case.answerable)
    return Asked(judged, held, len(answer.sentences), seconds)


def interval(values: Sequence[float], seed: int = 0) -> tuple[float, float]:
    """The 95 % bootstrap interval of a mean."""
    given = np.array(values, dtype=float)
    drawn = np.random.default_rng(seed).integers(0, len(given), size=(1000, len(given)))
    low, high = np.percentile(given[drawn].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


def report(found: Sequence[Asked], below: float) -> None:
    """Print the figures at thresholds, the one in use and the best one marked."""
    answerable = [one for one in found if one.judged.answerable and one.held is not None]
    unanswerable = sum(not one.judged.answerable for one in found)
    seconds = np.array([one.seconds for one in found])
    print(
        f"{len(found)} questions, {unanswerable} of them without an answer; "
        f"{np.mean([one.sentences for one in found]):.1f} sentences an answer, at most "
        f"{max(one.sentences for one in found)}; seconds, median / 95th percentile: "
        f"{np.median(seconds):.2f} / {np.percentile(seconds, 95):.2f}"
    )
    held = [bool(one.held) for one in answerable]
    if held:
        low, high = interval(held)
        print(f"nothing declined: contained {np.mean(held):.3f} ({low:.3f} to {high:.3f})")
    judged = [one.judged for one in found]
    fitted = best(curve(judged)).below if 0 < unanswerable < len(found) else below
    marks = {round(below, 4): "in use", fitted: "best F1 on these"}
    print("\ndeclined below  contained  refusal precision  refusal recall  F1     answered")
    for threshold in sorted({*(step / 10 for step in range(1, 10)), *marks}):
        row = point(judged, threshold)
        kept = [bool(one.held) and one.judged.likely >= threshold for one in answerable]
        share = f"{np.mean(kept):.3f}" if kept else "–"
        print(
            f"{threshold:>14.3f}  {share:>9}  {row.precision:>17.3f}  {row.recall:>14.3f}"
            f"  {row.f1:.3f}  {row.answered:>8.3f}  {marks.get(threshold, '')}".rstrip()
        )


def read(chosen: str, path: Path) -> Imported:
    """The articles and cases of a set."""
    return squad2(path, closed=True) if chosen == "squad2" else multihop_rag(path)


def main() -> None:
    """Ask a set and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("set", choices=MOST)
    parser.add_argument("path", type=Path)
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--sample", type=int)
    parser.add_argument("--model", action="store_true", help="Ask with the language model.")
    given = parser.parse_args()
    articles, dataset = read(given.set, given.path)
    chosen = dataset.sample(given.sample) if given.sample else dataset
    default = Settings.load().answer.abstain_below
    settings = Settings.load(
        answer={"abstain_below": 0.0, "max_sentences": MOST[given.set]},
        **({} if given.model else {"llm": {"enabled": False}}),
    )
    with Assistant.open(given.index, settings) as assistant:
        print(f"{assistant.ingest(articles).chunks} chunks", flush=True)
        report(_all(assistant, chosen), default)


def _all(assistant: Assistant, dataset: Dataset) -> list[Asked]:
    found = []
    for number, case in enumerate(dataset.cases, start=1):
        found.append(asked(assistant, case))
        if number % TICK == 0:
            print(f"{number} of {len(dataset.cases)}", file=sys.stderr, flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main())
