"""What the searches find: the embedder alone, BM25 alone, both by plain RRF, and the full default.

    python evals/retrieval.py starter --index DIR
    python evals/retrieval.py scifact FOLDER --index DIR
    python evals/retrieval.py multihop FOLDER --index DIR --size 256

FOLDER holds the data set, which is ingested into DIR the first time; `starter` asks about the
articles that `rag ingest --starter --index DIR` stored. `multihop` judges passages as the set's
`retrieval_evaluate.py` does, the others articles, each at the place of its best passage.

`RRF` is reciprocal rank fusion (k = 10) of 100 chunks of both searches, and nothing else. The full
default is `Assistant.passages`. Behind its figures stand the difference to RRF and the two-sided p
of a paired randomisation test (10,000 sign flips over questions, fixed seed).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from rag.assistant import Assistant
from rag.evaluate.cases import Case, Dataset
from rag.evaluate.importers import Imported, beir, multihop_rag
from rag.evaluate.metrics import Scores, article_ranking, passage_scores, ranking_scores
from rag.question import make_whole
from rag.retrieve import fuse
from rag.schema import Passage
from rag.settings import Settings

DEPTH, K = 100, 10
SHOWN = {
    "starter": ("recall_at_5", "mrr_at_10", "all_at_8"),
    "scifact": ("ndcg_at_10", "mrr_at_10", "hit_at_10"),
    "multihop": (
        "passage_mrr_at_10",
        "passage_map_at_10",
        "passage_hit_at_4",
        "passage_hit_at_10",
    ),
}
TOP = {"starter": 10, "scifact": 50, "multihop": 10}
"""Passages that are asked for; articles are ranked from them, so more where articles are long."""
METHODS = ("dense", "BM25", "RRF", "full")


def searches(assistant: Assistant, case: Case, top: int) -> dict[str, list[Passage]]:
    """The passages that each method finds for a case, best first."""
    question = make_whole(case.question, case.history)
    snapshot = assistant._index.snapshot()
    dense = snapshot.dense(assistant.embed([question])[0], DEPTH, None)
    lexical = snapshot.lexical(question, DEPTH, None)
    rankings = (dense, lexical, fuse([dense, lexical], K))
    found = {
        name: _passages(snapshot.rows([key for key, _ in ranking[:top]]), ranking[:top])
        for name, ranking in zip(METHODS, rankings, strict=False)
    }
    full = assistant.passages(case.question, top, case.filters, case.history)
    return {**found, "full": full}


def _passages(rows: dict, ranking: Iterable[tuple[int, float]]) -> list[Passage]:
    return [
        Passage(
            rank=rank,
            score=score,
            article_id=rows[key].article_id,
            chunk_id=rows[key].chunk_id,
            start=rows[key].start,
            end=rows[key].end,
            text=rows[key].text,
        )
        for rank, (key, score) in enumerate(ranking, start=1)
    ]


def judged(chosen: str, case: Case, passages: Sequence[Passage]) -> Scores:
    """The scores of one case."""
    if chosen == "multihop":
        return passage_scores([one.quote for one in case.evidence], [one.text for one in passages])
    relevant = dict.fromkeys((one.article_id for one in case.evidence), 1)
    return ranking_scores(relevant, article_ranking(passages))


def p_value(differences: np.ndarray, flips: int = 10_000, seed: int = 0) -> float:
    """Two-sided p of a paired randomisation test of mean 0.

    >>> p_value(np.zeros(9))
    1.0
    >>> p_value(np.ones(20)) < 0.001
    True
    """
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], size=(flips, len(differences)))
    reached = np.abs(signs @ differences) >= abs(differences.sum()) - 1e-9
    return float((reached.sum() + 1) / (flips + 1))


def main() -> None:
    """Ask every question of a set by every method, and print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("set", choices=SHOWN)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--size", type=int, help="tokens of a chunk; the default setting's if left")
    given = parser.parse_args()
    if given.set != "starter" and given.folder is None:
        parser.error(f"{given.set} needs the folder that holds it")
    sections = {"chunking": {"size": given.size}} if given.size else {}
    settings = Settings.load(llm={"enabled": False}, **sections)
    articles, dataset = _read(given.set, given.folder)
    with Assistant.open(given.index, settings) as assistant:
        if articles:
            print(f"{assistant.ingest(articles).chunks} chunks", flush=True)
        _report(given.set, assistant, [case for case in dataset.cases if case.evidence])


def _read(chosen: str, folder: Path) -> Imported:
    if chosen == "starter":
        return [], Dataset.load("starter")
    return beir(folder) if chosen == "scifact" else multihop_rag(folder)


def _report(chosen: str, assistant: Assistant, cases: Sequence[Case]) -> None:
    rows: dict[str, list[Scores]] = {name: [] for name in METHODS}
    for case in cases:
        for name, passages in searches(assistant, case, TOP[chosen]).items():
            rows[name].append(judged(chosen, case, passages))
    shown = [metric.removeprefix("passage_") for metric in SHOWN[chosen]]
    print(f"{len(cases)} questions\n{'':6}" + "".join(f"{metric:>26}" for metric in shown))
    plain = _columns(rows["RRF"], SHOWN[chosen])
    for name in METHODS:
        own = _columns(rows[name], SHOWN[chosen])
        cells = [f"{values.mean():.3f}" for values in own]
        if name == "full":
            cells = [
                f"{values.mean():.3f} ({values.mean() / other.mean() - 1:+.1%}, "
                f"p {p_value(values - other):.4f})"
                for values, other in zip(own, plain, strict=True)
            ]
        print(f"{name:6}" + "".join(f"{cell:>26}" for cell in cells), flush=True)


def _columns(scores: Sequence[Scores], metrics: Sequence[str]) -> list[np.ndarray]:
    """For each metric the values of the cases that it can judge."""
    return [
        np.array([score.value for one in scores if (score := one[metric]) is not None])
        for metric in metrics
    ]


if __name__ == "__main__":
    sys.exit(main())
