"""Judges BUMP's summaries with the verifier, beside what published metrics made of them.

    python evals/bump.py BUMP/pairs.jsonl [--every 1]

Each pair is a news article, a faithful summary and the same with one error (Ma et al., ACL 2023).
Prints, over all pairs and by type of error, the share of pairs in which the faithful summary scores
higher (a tie is lost) and the ROC-AUC over all summaries, for `Assistant.verify(...).score` and for
the metrics whose scores the file brings. The verifier's weights were fitted on BUMP's development
half; `evals/fit_doubts.py` prints what they reach on articles that a fit did not see.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from rag.assistant import Assistant
from rag.evaluate.metrics import pair_figures
from rag.evaluate.pairs import Pair, bump
from rag.settings import Settings

PUBLISHED = ("QAFactEval", "BARTScore", "DAE", "QuestEval", "SummaC")


def judged(assistant: Assistant, articles, pairs) -> dict[str, tuple[float, float]]:
    """The verifier's scores of the faithful and the unfaithful summary, by pair."""
    texts = {article.article_id: article.text for article in articles}
    known: dict[tuple[str, str], float] = {}

    def score(pair: Pair, text: str) -> float:
        key = pair.article_id, text
        if key not in known:
            known[key] = assistant.verify(text, [texts[pair.article_id]]).score
        return known[key]

    return {pair.id: (score(pair, pair.faithful), score(pair, pair.unfaithful)) for pair in pairs}


def by_type(pairs, scores: dict[str, tuple[float, float]]) -> dict[str, list[tuple[float, float]]]:
    """Scores by type of error ("… Error" and "…" are one), and under "all"."""
    groups: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for pair in pairs:
        groups[pair.error_type.removesuffix(" Error")].append(scores[pair.id])
        groups["all"].append(scores[pair.id])
    return dict(sorted(groups.items()))


def main() -> None:
    """Judge and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--every", type=int, default=1, help="judge every Nth pair")
    given = parser.parse_args()
    articles, pairs = bump(given.pairs)
    pairs = pairs[:: given.every]
    started = time.perf_counter()
    with (
        tempfile.TemporaryDirectory() as folder,
        Assistant.open(folder, Settings.load(llm={"enabled": False})) as assistant,
    ):
        ours = judged(assistant, articles, pairs)
    seconds = time.perf_counter() - started
    tables = {"Newsdesk": by_type(pairs, ours)}
    for name in PUBLISHED:
        published = {
            pair.id: (pair.scores[f"{name}_reference"], pair.scores[f"{name}_edited"])
            for pair in pairs
            if f"{name}_reference" in pair.scores
        }
        if len(published) == len(pairs):
            tables[name] = by_type(pairs, published)
    print(f"{len(pairs)} pairs in {seconds:.0f} s; pair accuracy / ROC-AUC\n")
    print(f"{'':24}{'n':>5}" + "".join(f"{name:>14}" for name in tables))
    for kind, group in tables["Newsdesk"].items():
        cells = (pair_figures(table[kind]) for table in tables.values())
        line = "".join(f"{f'{cell.accuracy:.3f} / {cell.auc:.3f}':>14}" for cell in cells)
        print(f"{kind:24}{len(group):5}{line}")


if __name__ == "__main__":
    main()
