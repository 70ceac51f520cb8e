"""Which chunks bring the words that answer: recall, precision and IoU of characters, top 5 chunks.

    python evals/chunking.py FOLDER [--sizes 100,200] [--overlaps 0,40]

FOLDER holds the chunking evaluation of Chroma ("Evaluating Chunking Strategies for Retrieval"):
`corpora/*.md` and `questions.csv` with the exact ranges that answer each question. All corpora go
into one index; each question is asked over all of them: by the embedder alone, by the embedder and
BM25 blended as in a retrieval, and by the same with the passages narrowed to what bears on the
question (no limit of passages an article: the corpora are five long texts). Recall, precision and
IoU are those of `rag.evaluate.ranges`; the table has their means, in percent. Through the whole
retriever, `rag eval import` and `rag eval run` measure the same.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rag.assistant import Assistant
from rag.blend import blend
from rag.evaluate.ranges import range_figures
from rag.lexical import query_words
from rag.narrow import run
from rag.rows import ChunkRow
from rag.schema import Article
from rag.settings import Settings

TOP, DEPTH = 5, 100
WAYS = ("dense", "blended", "narrowed")
Range = tuple[int, int]


@dataclass(frozen=True)
class Question:
    """A question about one corpus and the ranges of it that answer."""

    text: str
    corpus: str
    gold: list[Range]


def questions(folder: Path) -> list[Question]:
    """All questions of `questions.csv`."""
    with (folder / "questions.csv").open(encoding="utf-8", newline="") as file:
        return [
            Question(
                row["question"],
                row["corpus_id"],
                [(r["start_index"], r["end_index"]) for r in json.loads(row["references"])],
            )
            for row in csv.DictReader(file)
        ]


def measure(
    articles: Sequence[Article], asked: Sequence[Question], size: int, overlap: int
) -> tuple[int, dict[str, np.ndarray]]:
    """The number of chunks, and the mean figures by way of searching."""
    settings = Settings.load(
        llm={"enabled": False}, chunking={"size": size, "overlap": overlap}, ingest={"clean": False}
    )
    scores: dict[str, list[tuple[float, ...]]] = {name: [] for name in WAYS}
    with tempfile.TemporaryDirectory() as folder, Assistant.open(folder, settings) as assistant:
        report = assistant.ingest(articles)
        snapshot = assistant._index.snapshot()
        vectors = assistant.embed([question.text for question in asked])
        for question, vector in zip(asked, vectors, strict=True):
            dense = snapshot.dense(vector, DEPTH, None)
            lexical = snapshot.lexical(question.text, DEPTH, None)
            blended = blend(dense, lexical, DEPTH, len(query_words(question.text)))
            gold = [(question.corpus, *place) for place in question.gold]
            for name, ranking in zip(WAYS, (dense, blended, blended), strict=True):
                keys = [key for key, _ in ranking[:TOP]]
                rows = snapshot.rows(keys)
                found = [
                    (rows[key].article_id, *_kept(name, question.text, rows[key], rank))
                    for rank, key in enumerate(keys, start=1)
                ]
                scores[name].append(range_figures(gold, found))
    return report.chunks, {name: 100 * np.mean(found, axis=0) for name, found in scores.items()}


def _kept(name: str, question: str, row: ChunkRow, rank: int) -> Range:
    if name != "narrowed":
        return row.start, row.end
    start, end = run(question, row.text, rank)
    return row.start + start, row.start + end


def main() -> None:
    """Measure each setting and print a row for each as it is done."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sizes", default="64,100,150,200,250")
    parser.add_argument("--overlaps", default="0")
    given = parser.parse_args()
    asked = questions(given.folder)
    articles = [
        Article(article_id=path.stem, text=path.read_text(encoding="utf-8"))
        for path in sorted((given.folder / "corpora").glob("*.md"))
    ]
    print(f"{len(asked)} questions, {TOP} chunks each; recall / precision / IoU in percent")
    print(f"{'size':>5} {'overlap':>7} {'chunks':>6}" + "".join(f"  {way:21}" for way in WAYS))
    for size in map(int, given.sizes.split(",")):
        for overlap in map(int, given.overlaps.split(",")):
            chunks, means = measure(articles, asked, size, overlap)
            shown = "  ".join(" / ".join(f"{x:5.1f}" for x in means[name]) for name in means)
            print(f"{size:5} {overlap:7} {chunks:6}  {shown}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
