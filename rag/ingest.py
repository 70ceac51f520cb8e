"""Articles into an index: what is new is split, embedded, stored and published, and no more.

One ingest is one revision of the catalog. It is seen whole or not at all, whenever it is killed,
and vectors are stored batch by batch, so that the next try embeds at most one batch again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rag import changes as changing
from rag import sync
from rag.catalog import EmbedderFacts, digest
from rag.changes import Changes
from rag.chunk import split as split_article
from rag.errors import IndexMissing, ModelError
from rag.habits import Habits
from rag.index import Index, check_embedder
from rag.notes.article import noted
from rag.revision import Revision
from rag.rows import Vector, content_of, day_number, rest_of, storable
from rag.schema import Article, Chunk, IngestReport, Progress, Rejection
from rag.settings import ChunkingSettings, Settings
from rag.signature import signature

if TYPE_CHECKING:
    from rag.catalog import Catalog
    from rag.chunk import TokenCounter
    from rag.embed import Embedder

    Split = Callable[[Article, TokenCounter, ChunkingSettings], list[Chunk]]
    Told = Callable[[Progress], None] | None

_WINDOW = 128
"""Batches that are sorted by length together: enough for batches of even length, which waste no
padding, and little enough to hold in memory."""


def ingest(
    items: Iterable[Article | Rejection],
    index: Index,
    embedder: Embedder,
    settings: Settings,
    progress: Told = None,
    scopes: Sequence[Path] = (),
    split: Split = split_article,
) -> IngestReport:
    """Store articles, and publish when anything changed.

    An article that is stored with the same content is left alone; another content replaces it.
    Other chunking settings than before split every article anew.

    Args:
        items: what was loaded, in any order; a broken one never stops the rest.
        index: where to.
        embedder: the one that `index` was opened for.
        settings: for `chunking` and `embedder.batch_size`.
        progress: told how far the work is.
        scopes: the files and folders that `items` come from. A stored article from inside one is
            removed when its file, or its line of the file, is no longer there.
        split: cuts an article into chunks.

    Returns:
        Articles by outcome, what was rejected and why, and the totals now stored.

    Raises:
        IndexMismatch: the index was made with another embedder or format; see `rebuild`.
        IndexBusy: another writer kept the index longer than `index.lock_timeout`.
        IndexDamaged: the catalog cannot be read.
        ModelError: the embedder failed; what it had embedded is kept for the next try.
    """
    chunking = settings.chunking.model_dump()
    with index.writing(facts_of(embedder), chunking) as catalog:
        check_embedder(index, catalog)
        work = _Work(catalog, embedder, settings, progress, split)
        removed = work.load(items, scopes)
        work.finish(index, removed)
        return work.report(len(removed))


def remove(article_ids: Sequence[str], index: Index) -> IngestReport:
    """Remove articles, all of them or, when one is unknown, none.

    Raises:
        IndexMissing: nothing is stored, or no article has one of the ids; names the nearest.
        IndexBusy: another writer kept the index longer than `index.lock_timeout`.
    """
    wanted = list(dict.fromkeys(article_ids))
    with index.writing() as catalog:
        meta = catalog.meta()
        changes = Changes(catalog, meta.embedder.fingerprint)
        with catalog.transaction() as connection:
            changes.begin(connection)
            unknown = [name for name in wanted if not changes.stored(connection, name)]
        if unknown:
            raise Revision(catalog, meta.revision).no_article(unknown[0])
        if wanted:
            changes.commit(meta.embedder, meta.chunking, wanted)
        _publish(index, catalog)
        articles, chunks = Revision(catalog, catalog.meta().revision).counts()
    return IngestReport(removed=len(wanted), articles=articles, chunks=chunks)


def rebuild(
    index: Index,
    embedder: Embedder,
    settings: Settings,
    progress: Told = None,
    split: Split = split_article,
) -> IngestReport:
    """Split all stored articles anew and embed them with the embedder at hand.

    This is how an index moves to another embedder, and how damaged vectors are made again. Texts
    with an intact vector of this embedder are not embedded again.

    Raises:
        IndexMissing: nothing is stored.
        IndexDamaged: a stored article is not what was written.
        IndexBusy: another writer kept the index longer than `index.lock_timeout`.
        ModelError: the embedder failed; what it had embedded is kept for the next try.
    """
    with index.writing() as catalog:
        if not catalog.meta().revision:
            raise IndexMissing(f"{index.folder}: nothing is stored yet; run `rag ingest PATH`")
        changing.drop_damaged_vectors(catalog)
        work = _Work(catalog, embedder, settings, progress, split, anew=True)
        work.load((), ())
        work.finish(index, [])
        return work.report(0)


def facts_of(embedder: Embedder) -> EmbedderFacts:
    """What an index keeps of the embedder that made it."""
    return EmbedderFacts(
        name=embedder.name, fingerprint=embedder.fingerprint, dimensions=embedder.dimensions
    )


class _Work:
    """One ingest, from the first article to the report."""

    def __init__(
        self,
        catalog: Catalog,
        embedder: Embedder,
        settings: Settings,
        progress: Told,
        split: Split,
        *,
        anew: bool = False,
    ) -> None:
        self.catalog = catalog
        self.embedder = embedder
        self.chunking = settings.chunking
        self.ingesting = settings.ingest
        self.batch_size = settings.embedder.batch_size
        self.progress = progress
        self.split = split
        self.changes = Changes(catalog, embedder.fingerprint)
        meta = catalog.meta()
        other = meta.chunking != self.chunking.model_dump()
        self.anew = anew or (meta.revision > 0 and other)
        self.counts = {"added": 0, "updated": 0, "unchanged": 0}
        self.seen: dict[str, str] = {}
        """The articles of this call: id to source."""
        self.written: set[str] = set()
        self.rejected: list[Rejection] = []

    def load(self, items: Iterable[Article | Rejection], scopes: Sequence[Path]) -> list[str]:
        """Write everything but vectors ahead, in one transaction; the ids that are to leave."""
        with self.catalog.transaction() as connection:
            self.changes.begin(connection)
            habits = Habits(connection, self.catalog, self.ingesting)
            for done, item in enumerate(items, start=1):
                if isinstance(item, Rejection):
                    self.rejected.append(item)
                else:
                    self._take(connection, habits.without(item))
                self._tell("load", done, 0)
            for key, revision, article in habits.learn():
                self._mend(connection, key, revision, article)
            if self.anew:
                self._split_stored(connection)
            before = self.changes.rejected(connection)
            self.changes.accept(connection, sync.settled(before, self.seen, scopes))
            self.changes.reject(connection, self.rejected)
            stored = self.changes.sources(connection)
            return sync.gone(stored, self.seen, self.rejected, scopes)

    def finish(self, index: Index, removed: Sequence[str]) -> None:
        """Embed what is missing, make the revision count, publish it."""
        with self.catalog.connection() as connection:
            changed = self.changes.pending(connection) or bool(removed) or self.anew
        if changed:
            self._embed()
            self.changes.commit(
                facts_of(self.embedder),
                self.chunking.model_dump(),
                removed,
                all_chunks=self.anew,
            )
        if not index.published(self.catalog):
            self._tell("publish", 0, 1)
            index.publish(self.catalog)
            self._tell("publish", 1, 1)

    def report(self, removed: int) -> IngestReport:
        """What was done."""
        articles, chunks = Revision(self.catalog, self.catalog.meta().revision).counts()
        return IngestReport(
            **self.counts,
            removed=removed,
            rejected=tuple(self.rejected),
            articles=articles,
            chunks=chunks,
        )

    def _take(self, connection: sqlite3.Connection, article: Article) -> None:
        problem = self._problem(article)
        if problem:
            self._reject(article, problem)
            return
        if article.article_id in self.seen:
            return
        stored = self.changes.stored(connection, article.article_id)
        same = stored is not None and stored.content_hash == digest(content_of(article))
        if stored and same:
            self._keep(connection, article, stored)
        elif not self._write(connection, article):
            return
        self.seen[article.article_id] = article.source
        self.counts["unchanged" if same else "updated" if stored else "added"] += 1

    def _keep(
        self, connection: sqlite3.Connection, article: Article, stored: changing.Stored
    ) -> None:
        if stored.rest_hash != digest(rest_of(article)):
            self.changes.refresh(connection, stored.article_key, article)

    def _write(self, connection: sqlite3.Connection, article: Article) -> bool:
        chunks = self._chunks(article)
        if not chunks:
            self._reject(article, "there is no text in it to search; give it some, or leave it out")
            return False
        self.changes.add(connection, article, chunks, signature(article.text))
        self.written.add(article.article_id)
        return True

    def _chunks(self, article: Article) -> list[Chunk]:
        return noted(article, self.split(article, self.embedder.count_tokens, self.chunking))

    def _mend(
        self, connection: sqlite3.Connection, key: int, revision: int, article: Article
    ) -> None:
        """Write an article anew, in place of what this ingest wrote of it or as a next version."""
        if revision == self.changes.number:
            self.changes.withdraw(connection, key)
        elif article.article_id not in self.seen:
            self.counts["updated"] += 1
        else:
            self.counts["unchanged"] -= 1
            self.counts["updated"] += 1
        self._write(connection, article)

    def _reject(self, article: Article, reason: str) -> None:
        path = (article.source or article.article_id).encode("utf-8", "backslashreplace").decode()
        self.rejected.append(Rejection(path=path, reason=reason))

    def _problem(self, article: Article) -> str:
        """Why an article cannot be stored, with the remedy; empty where it can."""
        if not article.article_id:
            return "it has no id; give it one"
        if not storable(article.source):
            return "the name of its file is not UTF-8; rename the file"
        if not all(map(storable, (*map(str, content_of(article)), *rest_of(article)))):
            return "it holds half of a character (a lone surrogate); save it as UTF-8"
        try:
            day_number(article.published_day)
        except ValueError:
            return f"its date {article.published!r} cannot be read; write YYYY-MM-DD"
        return self._conflict(article)

    def _conflict(self, article: Article) -> str:
        first = self.seen.get(article.article_id)
        if first is None or (first and first == article.source):
            return ""
        return (
            f"its id {article.article_id!r} is taken by {first or 'another article'} in the same "
            f"ingest; give {article.source or 'one of them'} another id"
        )

    def _split_stored(self, connection: sqlite3.Connection) -> None:
        """Split the stored articles that are not being replaced."""
        before = Revision(self.catalog, self.changes.number - 1)
        for key, article in before.whole_articles():
            if article.article_id not in self.written:
                self.changes.split_again(connection, key, article, self._chunks(article))

    def _embed(self) -> None:
        missing, done = self.changes.missing(), 0
        step = _WINDOW * self.batch_size
        for first in range(0, len(missing), step):
            texts = sorted(self.changes.texts(missing[first : first + step]), key=len)
            for start in range(0, len(texts), self.batch_size):
                self._tell("embed", done, len(missing))
                batch = texts[start : start + self.batch_size]
                self.changes.store(batch, self._vectors(batch))
                done += len(batch)
        self._tell("embed", done, len(missing))

    def _vectors(self, texts: Sequence[str]) -> Vector:
        vectors: Vector = self.embedder.embed(texts)
        expected = (len(texts), self.embedder.dimensions)
        if vectors.shape != expected or not np.isfinite(vectors).all():
            raise ModelError(
                f"the embedder {self.embedder.name!r} gave vectors of shape {vectors.shape} or "
                "with numbers that are not finite; choose another embedder.model"
            )
        return vectors

    def _tell(self, stage: str, done: int, total: int) -> None:
        if self.progress:
            self.progress(Progress(stage=stage, done=done, total=total))


def _publish(index: Index, catalog: Catalog) -> None:
    if not index.published(catalog):
        index.publish(catalog)
