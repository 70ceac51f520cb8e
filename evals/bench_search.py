"""Measures search over collections of growing size: speed, recall, memory, beside LlamaIndex's.

    python evals/bench_search.py DATASETS [--sizes 10000 100000 1000000] [--real 3000]
    make bench-search DATA=DATASETS [SIZES="10000 100000"]

`DATASETS` holds the folders `scifact` and `multihop-rag` (see `rag.evaluate.importers`), whose
questions are asked and whose chunks are embedded (`--real` of them, kept in `--cache`). Larger
collections are made of these: a chunk has half of its words from one real chunk and half from all
of them, in any order, and the vector r + (s - t) / 2 at unit length, r being that chunk's vector
and s and t those of two others, so that vectors cluster as real ones do. Eight chunks make an
article, of one of 50 publishers (the first has most) and of a day in six years. Copies are looked
for by the first 500 characters alone, which saves most of the time that storing takes.

Everything goes through the product's catalog, generation and `Retriever`; the clock runs from the
question to its passages, embedding included (the column `short` is the 95th percentile of
questions of fewer than 25 words). Each collection is measured in a process of its own.
Two filters take turns: a wide one (two years of the ten largest publishers) and a narrow one (a
month of one small publisher). Printed are, first, the recall of packed vectors on the real chunks
and questions; then for each size wall-clock milliseconds, those of the processor in
brackets (a busy machine makes the first longer, not the second), recall at 10 of the dense search
against an exact one, seconds to build and to open, and megabytes of memory and of files.

Beside it runs LlamaIndex: `VectorStoreIndex` on `FaissVectorStore` (IndexFlatIP), `BM25Retriever`
and `QueryFusionRetriever` (reciprocal rank, one query), with the same vectors, depths and embedder.
It has no filters. Its packages `llama-index-vector-stores-faiss` and `llama-index-retrievers-bm25`
are not Newsdesk's: where they are missing it is left out. To measure it:
`pip install --no-deps --target FOLDER` both with `bm25s` and `PyStemmer`, and give
`--packages FOLDER`.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from rag import Article, Settings, models
from rag.changes import Changes
from rag.chunk import embedded_text, split
from rag.dense import Builder, Dense
from rag.evaluate.importers import beir, multihop_rag
from rag.index import Index
from rag.ingest import facts_of
from rag.retrieve import Retriever
from rag.schema import Chunk, Filters
from rag.signature import signature

PER_ARTICLE, PUBLISHERS, DAYS, BLOCK = 8, 50, 2190, 8000
FIRST_DAY = date(2020, 1, 1)
WIDE = Filters(
    published_from="2021-01-01",
    published_to="2022-12-31",
    publishers=tuple(f"publisher {number}" for number in range(10)),
)
NARROW = Filters(
    published_from="2023-03-01", published_to="2023-03-31", publishers=("publisher 40",)
)
FILTERS = {"none": None, "wide": WIDE, "narrow": NARROW}
TOP = 10
LONG = 25
"""Words from which a question is a long one: MultiHop-RAG's have up to 100, and many parts."""
WARM = 40
"""Questions that are asked before any is measured."""


class Real:
    """What large collections are made of: real chunks, their unit vectors, real questions."""

    def __init__(self, texts: list[str], questions: list[str], vectors: np.ndarray) -> None:
        self.texts, self.vectors, self.questions = texts, vectors, questions
        words = [text.split() for text in texts]
        self._words = sorted({word for listed in words for word in listed})
        number = {word: place for place, word in enumerate(self._words)}
        self._own = [np.array([number[word] for word in listed]) for listed in words]
        self._all = np.concatenate(self._own)

    @classmethod
    def of(cls, datasets: Path, cache: Path, most: int) -> Real:
        """Embed about `most` chunks of the data sets, once."""
        if cache.exists():
            with np.load(cache, allow_pickle=False) as kept:
                return cls(*json.loads(str(kept["texts"])), kept["vectors"])
        settings = Settings.load(llm={"enabled": False})
        embedder = models.embedder(settings)
        abstracts, claims = beir(datasets / "scifact")
        news, asked = multihop_rag(datasets / "multihop-rag")
        chunks = {
            embedded_text(chunk): chunk.text
            for article in [*news, *abstracts]
            for chunk in split(article, embedder.count_tokens, settings.chunking)
        }
        chosen = list(chunks)[:: max(1, len(chunks) // most)]
        texts = [chunks[text] for text in chosen]
        questions = [case.question for case in [*asked.cases, *claims.cases]]
        vectors = embedder.embed(chosen)
        cache.parent.mkdir(parents=True, exist_ok=True)
        np.savez(cache, vectors=vectors, texts=np.array(json.dumps([texts, questions])))
        return cls(texts, questions, vectors)

    def block(self, number: int, size: int) -> tuple[list[str], np.ndarray]:
        """The texts and unit vectors of one block of chunks, the same each time."""
        rng = np.random.default_rng([11, number])
        one, plus, minus = rng.integers(len(self.vectors), size=(3, size))
        vectors = self.vectors[one] + 0.5 * (self.vectors[plus] - self.vectors[minus])
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        texts = []
        for own in (self._own[place] for place in one):
            drawn = np.concatenate(
                [own[::2], self._all[rng.integers(len(self._all), size=len(own) // 2)]]
            )
            rng.shuffle(drawn)
            texts.append(" ".join(map(self._words.__getitem__, drawn.tolist())))
        return texts, vectors


def made(real: Real, size: int) -> Iterator[tuple[list[tuple[Article, list[Chunk]]], np.ndarray]]:
    """Articles with their chunks and the chunks' vectors, block by block."""
    shares = 1 / np.arange(1, PUBLISHERS + 1)
    for number, first in enumerate(range(0, size, BLOCK)):
        texts, vectors = real.block(number, min(BLOCK, size - first))
        rng = np.random.default_rng([12, number])
        articles = []
        for start in range(0, len(texts), PER_ARTICLE):
            publisher = rng.choice(PUBLISHERS, p=shares / shares.sum())
            day = FIRST_DAY + timedelta(days=int(rng.integers(DAYS)))
            name = f"article-{(first + start) // PER_ARTICLE}"
            articles.append(_article(name, texts[start : start + PER_ARTICLE], publisher, day))
        yield articles, vectors


def _article(name: str, texts: list[str], publisher: int, day: date) -> tuple[Article, list[Chunk]]:
    chunks, start = [], 0
    title = " ".join(texts[0].split()[:8])
    for text in texts:
        chunk = Chunk(
            chunk_id=f"{name}:{start}",
            article_id=name,
            start=start,
            end=start + len(text),
            text=text,
            header=title,
        )
        chunks.append(chunk)
        start += len(text) + 2
    article = Article(
        article_id=name,
        title=title,
        text="\n\n".join(texts),
        publisher=f"Publisher {publisher}",
        published=day.isoformat(),
    )
    return article, chunks


def through(article: Article, filters: Filters | None) -> bool:
    """Whether an article passes: by another way than the product's."""
    if not filters:
        return True
    day = article.published_day
    inside = filters.first_day <= day <= filters.last_day
    return inside and article.publisher.casefold() in filters.publishers


class Truth:
    """The exact nearest chunks of each question under each filter, found while chunks pass."""

    def __init__(self, queries: np.ndarray) -> None:
        self.queries = queries
        empty = np.full((len(queries), TOP), -np.inf), np.zeros((len(queries), TOP), dtype=np.int64)
        self.best = dict.fromkeys(FILTERS, empty)

    def see(self, first_key: int, articles: list[Article], vectors: np.ndarray) -> None:
        """Let the chunks of some articles pass, `PER_ARTICLE` each."""
        keys = np.arange(first_key, first_key + len(vectors))
        for name, filters in FILTERS.items():
            passing = np.repeat([through(one, filters) for one in articles], PER_ARTICLE)
            passing = np.flatnonzero(passing[: len(vectors)])
            scores, known = self.best[name]
            scores = np.hstack([scores, self.queries @ vectors[passing].T])
            known = np.hstack([known, np.tile(keys[passing], (len(self.queries), 1))])
            order = np.argsort(-scores, axis=1, kind="stable")[:, :TOP]
            self.best[name] = (
                np.take_along_axis(scores, order, 1),
                np.take_along_axis(known, order, 1),
            )


def packed_recall(real: Real) -> str:
    """Recall at 10 of packed vectors, small as the collection is, on real chunks and questions."""
    queries = models.embedder(Settings.load(llm={"enabled": False})).embed(real.questions)
    keys = np.arange(len(real.vectors), dtype=np.int64)
    builder = Builder(queries.shape[1], keys, real.vectors.__getitem__, exact_up_to=0)
    for vector in real.vectors:
        builder.add(vector)
    with TemporaryDirectory() as folder:
        path = Path(folder, "vectors.faiss")
        dense = Dense(path, keys, builder.write(path))
    best = np.argsort(-(queries @ real.vectors.T), axis=1)[:, :TOP]
    recalls = {}
    for margin in (100, dense.facts.margin, 400):
        looking = dense.with_margin(margin)
        found = [
            len(
                {key for key, _ in looking.search(query, TOP, None, real.vectors.__getitem__)}
                & {*row}
            )
            for query, row in zip(queries, best.tolist(), strict=True)
        ]
        recalls[margin] = float(np.mean(found)) / TOP
    listed = ", ".join(f"{recall:.4f} with {margin}" for margin, recall in recalls.items())
    return f"recall@10 of packed real vectors, {len(queries)} real questions: {listed} more codes"


def settings_for(folder: Path) -> Settings:
    """The defaults, with an index folder."""
    return Settings.load(llm={"enabled": False}, index={"dir": str(folder)})


def build(folder: Path, real: Real, size: int, questions: list[str]) -> dict[str, Any]:
    """Write a collection by the product's catalog and publish it; what it took."""
    settings = settings_for(folder)
    embedder = models.embedder(settings)
    truth = Truth(embedder.embed(questions))
    facts, chunking = facts_of(embedder), settings.chunking.model_dump()
    with (
        Index.open(folder, embedder.fingerprint, settings.index) as index,
        index.writing(facts, chunking) as catalog,
    ):
        changes, done, stored = Changes(catalog, embedder.fingerprint), 0, 0.0
        for blocks, vectors in made(real, size):
            start = time.perf_counter()
            with catalog.transaction() as connection:
                if not done:
                    changes.begin(connection)
                for article, chunks in blocks:
                    changes.add(connection, article, chunks, signature(article.text[:500]))
            texts = [embedded_text(chunk) for _, chunks in blocks for chunk in chunks]
            changes.store(texts, vectors)
            stored += time.perf_counter() - start
            truth.see(done + 1, [article for article, _ in blocks], vectors)
            done += len(vectors)
        start = time.perf_counter()
        changes.commit(facts, chunking, ())
        stored += time.perf_counter() - start
        start, used = time.perf_counter(), time.process_time()
        index.publish(catalog)
        took = {"publish": time.perf_counter() - start, "publish_cpu": time.process_time() - used}
    best = {name: np.where(np.isfinite(s), keys, 0) for name, (s, keys) in truth.best.items()}
    np.savez(folder.parent / "truth.npz", **best)
    return {"store": stored, **took, "peak": peak()}


def peak() -> float:
    """The most memory that this process had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def resident() -> float:
    """The memory that this process has now, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 2**20


def timed(ask: Callable[[str], object], questions: list[str]) -> dict[str, Any]:
    """Percentiles of the milliseconds that questions take, of all and of those of `LONG` words up.

    Some are asked before the clock starts, to warm up.
    """
    for question in questions[:: max(1, len(questions) // WARM)]:
        ask(question)
    wall, used = [], []
    for question in questions:
        start, at = time.perf_counter(), time.process_time()
        ask(question)
        used.append(1000 * (time.process_time() - at))
        wall.append(1000 * (time.perf_counter() - start))
    long = [len(question.split()) >= LONG for question in questions]
    short = np.array(wall)[~np.array(long)]
    return {
        "p50": float(np.percentile(wall, 50)),
        "p95": float(np.percentile(wall, 95)),
        "cpu50": float(np.percentile(used, 50)),
        "cpu95": float(np.percentile(used, 95)),
        "short95": float(np.percentile(short, 95)),
        "short": len(short),
    }


def measure(folder: Path, questions: list[str]) -> dict[str, Any]:
    """Open a collection and ask it."""
    settings = settings_for(folder)
    embedder = models.embedder(settings)
    vectors = embedder.embed(questions)
    before = resident()
    start = time.perf_counter()
    index = Index.open(folder, embedder.fingerprint, settings.index)
    snapshot = index.snapshot()
    found: dict[str, Any] = {"open": time.perf_counter() - start}
    retriever = Retriever(index, embedder, settings.retrieval)
    for name, filters in FILTERS.items():
        found[name] = timed(
            lambda question, filters=filters: retriever.retrieve(question, filters=filters),
            questions,
        )
    found |= {"memory": resident() - before, "process": resident()}
    with np.load(folder.parent / "truth.npz") as truth:
        for name, filters in FILTERS.items():
            allowed = snapshot.allowed(filters)
            hits = wanted = 0
            for vector, best in zip(vectors, truth[name].tolist(), strict=True):
                hits += len(
                    {key for key, _ in snapshot.dense(vector, 100, allowed)[:TOP]} & {*best}
                )
                wanted += np.count_nonzero(best)
            found[name]["recall"] = hits / wanted if wanted else float("nan")
    home = folder / "generations" / snapshot.pointer.name
    files = [path for path in home.rglob("*") if path.is_file()]
    found["dense"] = json.loads((home / "manifest.json").read_text())["dense"]
    found["generation"] = sum(path.stat().st_size for path in files) / 2**20
    found["lexical"] = sum(path.stat().st_size for path in files if "lexical" in path.parts) / 2**20
    found["vectors"] = (home / "vectors.faiss").stat().st_size / 2**20
    found["catalog"] = (folder / "catalog.sqlite").stat().st_size / 2**20
    return found


def llamaindex(real: Real, size: int, questions: list[str]) -> dict[str, Any]:
    """The same collection in LlamaIndex's own parts, in memory."""
    import faiss
    from llama_index.core import StorageContext, VectorStoreIndex
    from llama_index.core.embeddings import BaseEmbedding
    from llama_index.core.llms import MockLLM
    from llama_index.core.retrievers import QueryFusionRetriever  # noqa: TID251 - to compare with
    from llama_index.core.schema import TextNode
    from llama_index.retrievers.bm25 import BM25Retriever
    from llama_index.vector_stores.faiss import FaissVectorStore

    embedder = models.embedder(Settings.load(llm={"enabled": False}))

    class Ours(BaseEmbedding):  # type: ignore[misc]  # LlamaIndex has no types for mypy
        def _get_query_embedding(self, query: str) -> list[float]:
            return embedder.embed([query])[0].tolist()

        async def _aget_query_embedding(self, query: str) -> list[float]:
            return self._get_query_embedding(query)

        def _get_text_embedding(self, text: str) -> list[float]:
            return self._get_query_embedding(text)

    embedder.embed(questions[:1])
    before, start = resident(), time.perf_counter()
    nodes = [
        TextNode(id_=chunk.chunk_id, text=chunk.text, embedding=vector.tolist())
        for articles, vectors in made(real, size)
        for chunk, vector in zip((c for _, cs in articles for c in cs), vectors, strict=True)
    ]
    made_in = time.perf_counter() - start
    start = time.perf_counter()
    store = FaissVectorStore(faiss_index=faiss.IndexFlatIP(embedder.dimensions))
    index = VectorStoreIndex(
        nodes,
        storage_context=StorageContext.from_defaults(vector_store=store),
        embed_model=Ours(),
    )
    words = BM25Retriever.from_defaults(nodes=nodes, similarity_top_k=100)
    retriever = QueryFusionRetriever(
        [index.as_retriever(similarity_top_k=100), words],
        llm=MockLLM(),
        num_queries=1,
        similarity_top_k=10,
        mode="reciprocal_rerank",
        use_async=False,
    )
    took = time.perf_counter() - start
    return {
        "made": made_in,
        "publish": took,
        "none": timed(retriever.retrieve, questions),
        "memory": resident() - before,
    }


def child(given: argparse.Namespace, task: str, size: int, folder: Path) -> dict[str, Any] | str:
    """One task in a process of its own: what it found, or why not."""
    line = [sys.executable, __file__, str(given.datasets), "--task", task, "--folder", str(folder)]
    line += ["--sizes", str(size), "--real", str(given.real), "--cache", str(given.cache)]
    line += ["--queries", str(given.queries)]
    path = [os.environ.get("PYTHONPATH", ""), str(given.packages)] if given.packages else None
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(path)} if path else None
    done = subprocess.run(line, check=False, capture_output=True, text=True, env=environ)
    if done.returncode:
        return done.stderr.strip().rpartition("\n")[2]
    return json.loads(done.stdout.rpartition("\n\n")[2])


def tasks(given: argparse.Namespace, real: Real) -> dict[str, Callable[[], dict[str, Any]]]:
    """What a child does, by name."""
    size, questions = given.sizes[0], real.questions[:: len(real.questions) // given.queries]
    questions = questions[: given.queries]
    return {
        "build": lambda: build(given.folder, real, size, questions),
        "measure": lambda: measure(given.folder, questions),
        "llamaindex": lambda: llamaindex(real, size, questions),
    }


def row(name: str, found: dict[str, float]) -> str:
    """One line of the table."""
    recall = f"{found['recall']:.3f}" if "recall" in found else ""
    return (
        f"  {name:24} {found['p50']:7.1f} {found['p95']:7.1f} {found['short95']:7.1f}"
        f"   ({found['cpu50']:.1f} / {found['cpu95']:.1f})   {recall}"
    )


def report(size: int, made_in: dict[str, Any], found: dict[str, Any]) -> None:
    """Print what one size gave."""
    print(f"\n{size:,} chunks: {json.dumps(found['dense'])}")
    print(f"  {'ms a question':24} {'p50':>7} {'p95':>7} {'short':>7}   (processor)   recall@10")
    for name in FILTERS:
        print(row(f"Newsdesk, filter: {name}", found[name]))
    print(
        f"  stored in {made_in['store']:.1f} s, published in {made_in['publish']:.1f} s"
        f" (processor {made_in['publish_cpu']:.1f} s, at most {made_in['peak']:.0f} MB);"
        f" opened in {found['open']:.2f} s"
    )
    print(
        f"  memory {found['memory']:.0f} MB more than the embedder's, {found['process']:.0f} MB in"
        f" all; generation {found['generation']:.0f} MB (vectors {found['vectors']:.0f}, lexical"
        f" {found['lexical']:.0f}), catalog {found['catalog']:.0f} MB"
    )


def compared(given: argparse.Namespace, size: int, folder: Path) -> None:
    """Print what LlamaIndex gave."""
    if size > given.llamaindex_up_to:
        return print(f"  LlamaIndex: left out above {given.llamaindex_up_to:,} chunks")
    other = child(given, "llamaindex", size, folder)
    if isinstance(other, str):
        return print(f"  LlamaIndex: left out ({other})")
    print(row("LlamaIndex, no filter", other["none"]))
    return print(f"  built in {other['publish']:.1f} s; memory {other['memory']:.0f} MB")


def main() -> None:
    """Build, open, ask and print, size by size."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("datasets", type=Path, help="a folder with scifact and multihop-rag")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000], help="chunks")
    parser.add_argument("--real", type=int, default=3000, help="real chunks to embed")
    parser.add_argument("--queries", type=int, default=200, help="questions that are asked")
    parser.add_argument("--cache", type=Path, default=Path(".newsdesk/bench-search.npz"))
    parser.add_argument("--folder", type=Path, help="where collections are made, and kept")
    parser.add_argument("--packages", type=Path, help="a folder with LlamaIndex's packages")
    parser.add_argument("--llamaindex-up-to", type=int, default=100_000, help="chunks")
    parser.add_argument("--task", help=argparse.SUPPRESS)
    given = parser.parse_args()
    real = Real.of(given.datasets, given.cache, given.real)
    if given.task:
        print("\n\n" + json.dumps(tasks(given, real)[given.task]()))
        return
    print(
        f"{len(real.texts)} real chunks, {given.queries} questions, load {os.getloadavg()[0]:.1f}"
    )
    print(packed_recall(real), flush=True)
    for size in given.sizes:
        with TemporaryDirectory() as temporary:
            folder = (given.folder or Path(temporary)) / str(size) / "index"
            folder.parent.mkdir(parents=True, exist_ok=True)
            made_in = child(given, "build", size, folder)
            found = child(given, "measure", size, folder)
            if isinstance(made_in, str) or isinstance(found, str):
                raise SystemExit(f"{size:,} chunks: {made_in} {found}")
            report(size, made_in, found)
            compared(given, size, folder)
            print(f"  load of the machine now {os.getloadavg()[0]:.1f}", flush=True)


if __name__ == "__main__":
    main()
