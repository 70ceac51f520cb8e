"""Question to passages: dense and lexical search, fused by rank, spread over articles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rag.schema import Filters, Passage

if TYPE_CHECKING:
    from rag.embed import Embedder
    from rag.index import Index, Snapshot
    from rag.settings import RetrievalSettings

PER_ARTICLE = 2
"""Passages that one article may have before others come, unless the search is for one article."""


class Retriever:
    """Finds the passages that bear on a query, best first."""

    def __init__(self, index: Index, embedder: Embedder, settings: RetrievalSettings) -> None:
        self._index = index
        self._embedder = embedder
        self._settings = settings

    def retrieve(
        self,
        query: str,
        top_k: int | None = None,
        filters: Filters | None = None,
        parts: Sequence[str] = (),
        further: int = 0,
    ) -> list[Passage]:
        """At most `top_k` passages; empty where the filters let nothing through.

        Behind them stand up to `further` more of the same articles, found and not let in because
        an article may take `PER_ARTICLE` places only.

        `parts` are searched for beside the whole query, and all rankings are fused alike. Filters
        hold inside each search, so a narrow filter still fills `top_k`.

        Raises:
            IndexMissing, IndexDamaged, IndexMismatch: see `rag.errors`.
        """
        snapshot = self._index.snapshot()
        depth = self._settings
        queries = [query, *parts]
        allowed = snapshot.allowed(filters) if filters else None
        rankings = [
            ranking
            for text, vector in zip(queries, self._embedder.embed(queries), strict=True)
            for ranking in (
                snapshot.dense(vector, depth.dense_depth, allowed),
                snapshot.lexical(text, depth.lexical_depth, filters or None),
            )
        ]
        found = fuse(rankings, depth.rrf_k)
        return _passages(snapshot, found, top_k or depth.top_k, further)


def fuse(rankings: Iterable[Sequence[tuple[int, float]]], k: int) -> list[tuple[int, float]]:
    """Reciprocal rank fusion: a key scores the sum of 1 / (k + rank) over the rankings it is in.

    Cormack, Clarke and Büttcher, SIGIR 2009. Ties go to the smaller key, so that runs repeat.
    """
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, (key, _) in enumerate(ranking, start=1):
            scores[key] = scores.get(key, 0.0) + 1.0 / (k + rank)
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))


def _passages(
    snapshot: Snapshot, found: Sequence[tuple[int, float]], top_k: int, further: int
) -> list[Passage]:
    rows = snapshot.rows([key for key, _ in found])
    scores = dict(found)
    keys = spread([(key, rows[key].article_id) for key, _ in found], top_k, further)
    return [
        Passage(
            rank=rank,
            score=scores[key],
            article_id=row.article_id,
            chunk_id=row.chunk_id,
            start=row.start,
            end=row.end,
            text=row.text,
            title=row.title,
            publisher=row.publisher,
            published=row.published,
            url=row.url,
        )
        for rank, key in enumerate(keys, start=1)
        for row in [rows[key]]
    ]


def spread(found: Sequence[tuple[int, str]], top_k: int, further: int = 0) -> list[int]:
    """The `top_k` keys to keep of (key, article) pairs given best first, in that order.

    No article takes more than `PER_ARTICLE` places while another one waits for a place. Behind
    them, `further` keys of the articles that are among them.
    """
    taken: Counter[str] = Counter()
    first: list[int] = []
    later: list[int] = []
    for key, article_id in found:
        taken[article_id] += 1
        (first if taken[article_id] <= PER_ARTICLE else later).append(key)
    kept = {*first[:top_k], *later[: max(0, top_k - len(first))]}
    articles = {article_id for key, article_id in found if key in kept}
    more = [key for key, article_id in found if article_id in articles and key not in kept]
    return [*(key for key, _ in found if key in kept), *more[:further]]
