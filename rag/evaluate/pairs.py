"""Faithful and unfaithful texts about one article: how well `verify` tells them apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from rag.evaluate.importers import lines
from rag.evaluate.metrics import PairFigures, pair_figures
from rag.schema import Article, Progress, Verification


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two summaries of one article that differ in one edit, of which one is unfaithful."""

    id: str
    article_id: str
    faithful: str
    unfaithful: str
    error_type: str = ""
    scores: dict[str, float] = field(default_factory=dict)
    """What published metrics gave: `<metric>_reference` to the faithful, `<metric>_edited`."""


def bump(file: Path) -> tuple[list[Article], tuple[Pair, ...]]:
    """BUMP's pairs (Ma et al., ACL 2023), one a line, with their articles.

    Raises:
        CorpusError: the file or a field is missing; names file and line.
    """
    articles: dict[str, Article] = {}
    pairs = []
    for line in lines(file, "_id", "article_id", "article", "faithful", "unfaithful"):
        name = str(line["article_id"])
        articles[name] = Article(article_id=name, text=line["article"])
        pairs.append(
            Pair(
                id=line["_id"],
                article_id=name,
                faithful=line["faithful"],
                unfaithful=line["unfaithful"],
                error_type=line.get("error_type") or "",
                scores=line.get("scores") or {},
            )
        )
    return list(articles.values()), tuple(pairs)


def judge_pairs(
    articles: list[Article],
    pairs: tuple[Pair, ...],
    verify: Callable[[str, list[str]], Verification],
    progress: Callable[[Progress], None] | None = None,
) -> dict[str, PairFigures]:
    """How well a verifier's score tells the pairs apart: under "all", and by type of error.

    Raises:
        ValueError: there are no pairs.
        RagError: as the verifier does.
    """
    texts = {article.article_id: article.text for article in articles}
    groups: dict[str, list[tuple[float, float]]] = {"all": []}
    for done, pair in enumerate(pairs, start=1):
        source = [texts[pair.article_id]]
        scores = (verify(pair.faithful, source).score, verify(pair.unfaithful, source).score)
        groups["all"].append(scores)
        groups.setdefault(pair.error_type or "unknown", []).append(scores)
        if progress:
            progress(Progress(stage="pairs", done=done, total=len(pairs)))
    return {name: pair_figures(group) for name, group in groups.items()}
