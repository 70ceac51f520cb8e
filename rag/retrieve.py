"""Question to passages: dense and lexical search, blended, spread over articles and narrowed.

Copies of an article count as one: one of them stands for all, and each ranking is blended as if
the others were not there.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING

from rag.addresses import web_address
from rag.blend import Ranking, blend
from rag.lexical import query_words
from rag.narrow import narrow
from rag.schema import Filters, Passage
from rag.searches import (
    SURE,
    Look,
    Scored,
    looks,
    raised,
    with_the_sure,
)
from rag.understand import SearchRequest, plain

if TYPE_CHECKING:
    from rag.embed import Embedder
    from rag.index import Index, Snapshot
    from rag.rerank import Reranker
    from rag.rows import ChunkRow, Mask, Vector
    from rag.settings import RetrievalSettings

PER_ARTICLE = 2
"""Passages that one article may have before others come, unless the search is for one article."""

CLOSE = 0.9
"""An earlier copy stands for its cluster where its scores reach this share of the best copy's."""

_DEEPER = (1, 4, 16)
"""What the search depths are multiplied by, in turn, while copies crowd out the rest."""

_BESIDE = 2
"""Searches by words that run beside the searches by vectors; more only wait for the processor."""


class Retriever:
    """Finds the passages that bear on a query, best first."""

    def __init__(
        self,
        index: Index,
        embedder: Embedder,
        settings: RetrievalSettings,
        reranker: Reranker | None = None,
    ) -> None:
        self._index = index
        self._embedder = embedder
        self._settings = settings
        self._beside = ThreadPoolExecutor(_BESIDE, "lexical")
        self._reranker = reranker

    def retrieve(
        self,
        query: str | SearchRequest,
        top_k: int | None = None,
        filters: Filters | None = None,
        further: int = 0,
    ) -> list[Passage]:
        """At most `top_k` passages; empty where the filters let nothing through.

        Behind them stand up to `further` more of the same articles, found and not let in because
        an article may take `PER_ARTICLE` places only.

        The two searches for the question are blended by score; its parts are searched for by words
        alone. Of a request, each search is fused by rank
        with that for the whole question, and a passage scores what it does in the best of them.
        What a search prefers is searched for once more, there alone; the best passages of the
        question as it stands, and of each part, always have a place. Filters hold inside each
        search, so a narrow filter still fills `top_k`.

        Raises:
            IndexMissing, IndexDamaged, IndexMismatch: see `rag.errors`.
        """
        snapshot, settings = self._index.snapshot(), self._settings
        request = plain(query) if isinstance(query, str) else query
        groups = looks(request.searches, filters)
        flat = list(dict.fromkeys(look for group in groups for look in group))
        blended, owners = self._blended(snapshot, flat)

        def fused(some: Iterable[Look]) -> Scored:
            return fuse([blended[look] for look in some], settings.rrf_k)

        lists = [fused(group) for group in groups]
        found = raised(request, lists, snapshot.rows, settings.rrf_k)
        top_k = top_k or settings.top_k
        if self._reranker:
            best = found[: max(settings.rerank_depth, top_k)]
            found = _reranked(self._reranker, request.question, snapshot, best)
            return _passages(snapshot, owners, found, (), top_k, further)
        sure = spread([(key, owners[key]) for key, _ in fused(groups[0][:1])], SURE)
        sure += [key for group in groups for key, _ in fused(group[1:])[:1]]
        return _passages(snapshot, owners, found, sure, top_k, further)

    def _blended(
        self, snapshot: Snapshot, looks: Sequence[Look]
    ) -> tuple[dict[Look, Scored], dict[int, str]]:
        """What each look finds, one article of each cluster in it; and the articles of all."""
        search = _Search(snapshot, looks, self._embedder, self._beside)
        depths = (self._settings.dense_depth, self._settings.lexical_depth) * len(looks)
        for times in _DEEPER:
            found = search.rankings([most * times for most in depths])
            owners = snapshot.owners([key for ranking in found for key, _ in ranking])
            distinct = without_copies(found, owners, snapshot.cluster)
            if not any(map(_crowded, found, distinct, depths)):
                break
        depth = self._settings.lexical_depth
        kept = [ranking[:most] for ranking, most in zip(distinct, depths, strict=True)]
        blended = {
            look: blend(dense, lexical, depth, len(query_words(look.query)))
            for look, dense, lexical in zip(looks, kept[::2], kept[1::2], strict=True)
        }
        return blended, owners

    def narrowed(self, query: str, passages: Sequence[Passage]) -> list[Passage]:
        """Passages cut to the sentences that bear on the query, unless `retrieval.narrow` is off.

        Each is still an exact range of its article; those of little rank lose most.
        """
        if not self._settings.narrow:
            return list(passages)
        return [narrow(query, passage) for passage in passages]


class _Search:
    """The searches of one retrieval: those by words run while the question's vector is made.

    Only the whole question is searched for by its vector; what is part of it has its words, which
    find more alone (`docs/decisions.md`).
    """

    def __init__(
        self,
        snapshot: Snapshot,
        looks: Sequence[Look],
        embedder: Embedder,
        beside: ThreadPoolExecutor,
    ) -> None:
        self.looks = looks
        self._snapshot = snapshot
        self._embedder = embedder
        self._beside = beside

    def rankings(self, depths: Sequence[int]) -> list[Ranking]:
        """Both searches for each look: dense, lexical, dense, ..., each with its depth."""
        words = [
            self._beside.submit(self._snapshot.lexical, look.query, depth, look.filters or None)
            for look, depth in zip(self.looks, depths[1::2], strict=True)
        ]
        whole = self.looks[0].query
        by_vector = [
            self._snapshot.dense(self._vector, depth, self._allowed[look.filters])
            if look.query == whole
            else []
            for look, depth in zip(self.looks, depths[::2], strict=True)
        ]
        return [
            ranking
            for dense, lexical in zip(by_vector, words, strict=True)
            for ranking in (dense, lexical.result())
        ]

    @cached_property
    def _vector(self) -> Vector:
        """The unit vector of the whole question."""
        vector: Vector = self._embedder.embed([self.looks[0].query])[0]
        return vector

    @cached_property
    def _allowed(self) -> dict[Filters | None, Mask | None]:
        filters = {look.filters for look in self.looks}
        return {one: self._snapshot.allowed(one) if one else None for one in filters}


def _crowded(found: Ranking, distinct: Ranking, depth: int) -> bool:
    """Whether copies left less than half of what was wanted, and a deeper search finds more."""
    return len(distinct) < depth / 2 and len(found) >= depth


def without_copies(
    rankings: Sequence[Ranking],
    owners: Mapping[int, str],
    cluster: Callable[[str], tuple[str, ...]],
) -> list[Ranking]:
    """The rankings with one article of each cluster, in the same order.

    The one whose two best passages score highest stands for its cluster; the earliest of those
    that come `CLOSE` is preferred. So the original is shown where it has the passages, and a
    fuller copy where the earlier one lacks them. Only copies that were found can stand: filters
    hold.

    Args:
        rankings: chunk keys with scores, best first.
        owners: the article of each chunk.
        cluster: the ids of an article and its copies, the earliest first.
    """
    found: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
    for article_id in set(owners.values()):
        found[cluster(article_id)].add(article_id)
    several = {members: copies for members, copies in found.items() if len(copies) > 1}
    if not several:
        return list(rankings)
    best = [_best(ranking, owners) for ranking in rankings]
    hidden: set[str] = set()
    for members, copies in several.items():
        ordered = [article_id for article_id in members if article_id in copies]
        hidden |= copies - {_standing(ordered, best)}
    return [[hit for hit in ranking if owners[hit[0]] not in hidden] for ranking in rankings]


def _best(ranking: Ranking, owners: Mapping[int, str]) -> dict[str, float]:
    """For each article what its `PER_ARTICLE` best passages score together."""
    scores: defaultdict[str, list[float]] = defaultdict(list)
    for key, score in ranking:
        scores[owners[key]].append(max(0.0, score))
    return {article_id: sum(listed[:PER_ARTICLE]) for article_id, listed in scores.items()}


def _standing(copies: Sequence[str], best: Sequence[Mapping[str, float]]) -> str:
    """The copy that stands for all; they are given the earliest first."""
    worth = dict.fromkeys(copies, 0.0)
    for scores in best:
        most = max(scores.get(article_id, 0.0) for article_id in copies) or 1.0
        for article_id in copies:
            worth[article_id] += scores.get(article_id, 0.0) / most
    enough = CLOSE * max(worth.values())
    return next(article_id for article_id in copies if worth[article_id] >= enough)


def fuse(rankings: Iterable[Ranking], k: int) -> list[tuple[int, float]]:
    """Reciprocal rank fusion: a key scores the sum of 1 / (k + rank) over the rankings it is in.

    Cormack, Clarke and Büttcher, SIGIR 2009. Ties go to the smaller key, so that runs repeat.
    """
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, (key, _) in enumerate(ranking, start=1):
            scores[key] = scores.get(key, 0.0) + 1.0 / (k + rank)
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))


def _passages(
    snapshot: Snapshot,
    owners: Mapping[int, str],
    found: Ranking,
    sure: Sequence[int],
    top_k: int,
    further: int,
) -> list[Passage]:
    scores = dict(found)
    keys = spread([(key, owners[key]) for key, _ in found], top_k, further)
    chosen = with_the_sure(keys, sure, top_k)
    more = [key for key in keys[top_k:] if key not in chosen]
    keys = [*sorted(chosen, key=lambda key: (-scores[key], key)), *more]
    rows = snapshot.rows(keys)
    return [
        _passage(snapshot, rows[key], rank, scores[key]) for rank, key in enumerate(keys, start=1)
    ]


def _passage(snapshot: Snapshot, row: ChunkRow, rank: int, score: float) -> Passage:
    return Passage(
        rank=rank,
        score=score,
        article_id=row.article_id,
        chunk_id=row.chunk_id,
        start=row.start,
        end=row.end,
        text=row.text,
        title=row.title,
        publisher=row.publisher,
        published=row.published,
        url=web_address(row.url) or "",
        earlier=row.earlier,
        notes=row.notes,
        also_in=snapshot.copies(row.article_id),
    )


def _reranked(
    reranker: Reranker,
    query: str,
    snapshot: Snapshot,
    found: Ranking,
) -> list[tuple[int, float]]:
    """The same keys in the reranker's order, with its scores."""
    rows = snapshot.rows([key for key, _ in found])
    passages = [
        _passage(snapshot, rows[key], rank, score)
        for rank, (key, score) in enumerate(found, start=1)
    ]
    keys = {passage.chunk_id: key for passage, (key, _) in zip(passages, found, strict=True)}
    return [(keys[one.chunk_id], one.score) for one in reranker.rerank(query, passages)]


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
