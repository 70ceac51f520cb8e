"""Articles into an index: what is new is split, embedded, stored and published, and no more.

One ingest is one revision of the catalog. It is seen whole or not at all, whenever it is killed,
and vectors are stored batch by batch, so that the next try embeds at most one batch again. What is
written is embedded while the next articles are read, all but those that may change once more: what
their publishers repeat is known when all of them are there.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rag import changes as changing
from rag import sync
from rag.catalog import EmbedderFacts, digest
from rag.changes import Changes
from rag.chunk import embedded_text
from rag.chunk import split as split_article
from rag.errors import IndexMissing
from rag.filling import Filling
from rag.habits import Habits
from rag.index import Index, check_embedder
from rag.notes.article import noted
from rag.revision import Revision
from rag.rows import content_of, day_number, rest_of, storable
from rag.schema import Article, Chunk, IngestReport, Progress, Rejection
from rag.settings import ChunkingSettings, Settings
from rag.signature import signature

if TYPE_CHECKING:
    from rag.catalog import Catalog
    from rag.chunk import TokenCounter
    from rag.embed import Embedder

    Split = Callable[[Article, TokenCounter, ChunkingSettings], list[Chunk]]
    Told = Callable[[Progress], None] | None

_TOGETHER = 32
"""Articles that are written in one transaction."""


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


class _Prepared(NamedTuple):
    """An article that is ready to be written."""

    article: Article
    chunks: list[Chunk]
    signature: bytes
    waits: bool
    """Whether it may change once more, so that its chunks are not embedded yet."""


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
        self.progress = progress
        self.telling = threading.Lock()
        self.split = split
        self.changes = Changes(catalog, embedder.fingerprint)
        self.filling = Filling(
            self.changes,
            embedder,
            settings.embedder.batch_size,
            lambda done, total: self._tell("embed", done, total),
        )
        meta = catalog.meta()
        other = meta.chunking != self.chunking.model_dump()
        self.anew = anew or (meta.revision > 0 and other)
        self.counts = {"added": 0, "updated": 0, "unchanged": 0}
        self.seen: dict[str, str] = {}
        """The articles of this call: id to source."""
        self.unwritten: list[_Prepared] = []
        self.moved: dict[int, Article] = {}
        """By key: stored articles that now come from elsewhere, unwritten too."""
        self.written: set[str] = set()
        self.rejected: list[Rejection] = []

    def load(self, items: Iterable[Article | Rejection], scopes: Sequence[Path]) -> list[str]:
        """Write all ahead but the vectors that must wait; the ids that are to leave."""
        with self.catalog.transaction() as connection:
            self.changes.begin(connection)
        habits = Habits(self.catalog, self.ingesting)
        with self.filling as filling:
            for done, item in enumerate(items, start=1):
                so_far = len(self.rejected)
                if isinstance(item, Rejection):
                    self.rejected.append(item)
                else:
                    self._take(habits.without(item), waits=habits.concern(item))
                if len(self.unwritten) + len(self.moved) >= _TOGETHER:
                    filling.add(self._written())
                self._tell("load", done, 0, *self.rejected[so_far:])
            filling.add(self._written())
        with self.catalog.transaction() as connection:
            for key, revision, article in habits.learn(connection):
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
            self.filling.finish()
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

    def _take(self, article: Article, *, waits: bool) -> None:
        problem = self._problem(article)
        if problem:
            self._reject(article, problem)
            return
        if article.article_id in self.seen:
            return
        with self.catalog.connection() as connection:
            stored = self.changes.stored(connection, article.article_id)
        same = stored is not None and stored.content_hash == digest(content_of(article))
        if stored and same:
            if stored.rest_hash != digest(rest_of(article)):
                self.moved[stored.article_key] = article
        elif prepared := self._prepared(article, waits=waits):
            self.unwritten.append(prepared)
        else:
            return
        self.seen[article.article_id] = article.source
        self.counts["unchanged" if same else "updated" if stored else "added"] += 1

    def _prepared(self, article: Article, *, waits: bool = True) -> _Prepared | None:
        chunks = self._chunks(article)
        if not chunks:
            self._reject(article, "there is no text in it to search; give it some, or leave it out")
            return None
        return _Prepared(article, chunks, signature(article.text), waits)

    def _written(self) -> list[str]:
        """Write what is prepared; the texts that may be embedded at once."""
        prepared, moved = self.unwritten, self.moved
        self.unwritten, self.moved = [], {}
        with self.catalog.transaction() as connection:
            for key, article in moved.items():
                self.changes.refresh(connection, key, article)
            for one in prepared:
                self._write(connection, one)
        ready = (one.chunks for one in prepared if not one.waits)
        return [embedded_text(chunk) for chunks in ready for chunk in chunks]

    def _write(self, connection: sqlite3.Connection, one: _Prepared) -> None:
        self.changes.add(connection, one.article, one.chunks, one.signature)
        self.written.add(one.article.article_id)

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
        if prepared := self._prepared(article):
            self._write(connection, prepared)

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

    def _tell(self, stage: str, done: int, total: int, rejection: Rejection | None = None) -> None:
        if self.progress:
            with self.telling:
                step = Progress(stage=stage, done=done, total=total, rejection=rejection)
                self.progress(step)


def _publish(index: Index, catalog: Catalog) -> None:
    if not index.published(catalog):
        index.publish(catalog)
