"""The clusters of a generation: which of its articles are copies of one another.

`copies.json` lists the clusters of two and more; a cluster lists its articles, the earliest
first. It is made from the signatures in the catalog, as all of a generation is.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

from rag.addresses import web_address
from rag.copies import age, clusters
from rag.revision import Revision
from rag.schema import ArticleFacts, Copy
from rag.signature import current, signature

_SIGN = (
    "UPDATE articles SET signature = ? WHERE article_id = ? AND added_revision <= ?"
    " AND (removed_revision IS NULL OR removed_revision > ?)"
)


def write(path: Path, revision: Revision) -> None:
    """Find the copies among the articles of a revision and write them to a file.

    Texts are read only where the catalog has no signature that can be used; it gets one then.

    Raises:
        IndexDamaged: a row that is read is not what was written.
        RagError: the disk refuses.
    """
    facts = revision.summaries()
    leaders = clusters(
        _signatures(revision),
        {article.article_id: article.published for article in facts},
        {article.article_id: article.publisher for article in facts},
    )
    members: defaultdict[str, list[ArticleFacts]] = defaultdict(list)
    for article in sorted(facts, key=lambda article: age(article.article_id, article.published)):
        members[leaders[article.article_id]].append(article)
    found = [[_copy(one).to_dict() for one in several] for several in members.values()]
    listed = [cluster for cluster in found if len(cluster) > 1]
    path.write_text(json.dumps(listed, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")


def _copy(article: ArticleFacts) -> Copy:
    return Copy(
        article_id=article.article_id,
        title=article.title,
        publisher=article.publisher,
        published=article.published,
        url=web_address(article.url) or "",
    )


def _signatures(revision: Revision) -> dict[str, bytes]:
    """By article id; those that lack are made, and kept."""
    stored = revision.signatures()
    made = {
        article_id: signature(revision.article(article_id).text)
        for article_id, known in stored.items()
        if not current(known)
    }
    if made:
        at = (revision.number, revision.number)
        rows = [(fresh, article_id, *at) for article_id, fresh in made.items()]
        with revision.catalog.transaction() as connection:
            connection.executemany(_SIGN, rows)
    return {article_id: known for article_id, known in stored.items() if known} | made


class Clusters:
    """The clusters of a generation, read from their file; immutable."""

    def __init__(self, path: Path) -> None:
        self._clusters: dict[str, tuple[Copy, ...]] = {}
        for listed in json.loads(path.read_text(encoding="utf-8")):
            cluster = tuple(Copy(**values) for values in listed)
            self._clusters |= dict.fromkeys((copy.article_id for copy in cluster), cluster)

    def members(self, article_id: str) -> tuple[str, ...]:
        """The ids of an article and its copies, the earliest first; its own alone where none."""
        cluster = self._clusters.get(article_id, ())
        return tuple(copy.article_id for copy in cluster) or (article_id,)

    def copies(self, article_id: str) -> tuple[Copy, ...]:
        """The copies of an article, the earliest first, without itself."""
        cluster = self._clusters.get(article_id, ())
        return tuple(copy for copy in cluster if copy.article_id != article_id)

    def all(self) -> dict[str, tuple[Copy, ...]]:
        """The copies of each article that has some, by its id."""
        return {article_id: self.copies(article_id) for article_id in self._clusters}
