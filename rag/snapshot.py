"""A snapshot: one published revision, opened for reading."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np

from rag.catalog import FILE_NAME, Catalog, EmbedderFacts, Meta, damaged
from rag.errors import IndexDamaged, IndexMismatch, IndexMissing
from rag.generation import Generation, Pointer
from rag.revision import Revision
from rag.rows import ChunkRow, Mask, Vector
from rag.schema import Article, ArticleFacts, Copy, Filters, Holdings


class Snapshot:
    """One published revision, read only and thread-safe; its files are kept while it is held.

    Get it from `Index.snapshot()`; it closes when nothing refers to it any more.
    """

    def __init__(
        self, pointer: Pointer, opened: Generation, catalog: Catalog, resources: ExitStack
    ) -> None:
        self.pointer = pointer
        self.manifest = opened.manifest
        self._generation = opened
        self._revision = Revision(catalog, opened.manifest.revision)
        weakref.finalize(self, resources.close)

    @classmethod
    def open(cls, folder: Path, pointer: Pointer | None, fingerprint: str) -> Self:
        """Open the generation that `pointer` names, checked whole.

        Raises:
            IndexMissing: nothing was ever ingested.
            IndexDamaged: a file is not what was written, or was never published.
            IndexMismatch: it was made with another embedder or in another format.
        """
        with ExitStack() as resources:
            catalog = _catalog(folder, pointer)
            resources.callback(catalog.close)
            meta = catalog.meta()
            pointer = _published(folder, pointer, meta)
            opened = Generation.open(folder, pointer)
            resources.callback(opened.close)
            _check_match(folder, opened, meta, fingerprint)
            _check_whole(folder, opened, catalog, meta)
            return cls(pointer, opened, catalog, resources.pop_all())

    @property
    def counts(self) -> dict[str, int]:
        """How many `articles` and `chunks` there are."""
        return {"articles": self.manifest.articles, "chunks": self.manifest.chunks}

    def dense(
        self, vector: Vector, depth: int, allowed: Mask | None = None
    ) -> list[tuple[int, float]]:
        """The `depth` chunks nearest to a unit vector: (chunk key, inner product), best first.

        `allowed` says which chunks may be found, see `allowed`; None lets all through.

        Raises:
            IndexDamaged: a stored vector is not what was written.
        """
        return self._generation.dense.search(vector, depth, allowed, self._revision.vectors)

    def lexical(
        self, query: str, depth: int, filters: Filters | None = None
    ) -> list[tuple[int, float]]:
        """The `depth` chunks that best match the words: (chunk key, BM25 score), best first.

        Chunks without any of the words are never among them. Any text is a fine query.
        """
        return self._generation.lexical.search(query, depth, filters)

    def allowed(self, filters: Filters | None) -> Mask | None:
        """Which chunks filters let through; None where nothing is barred."""
        if not filters:
            return None
        named = self._revision.article_keys(filters.article_ids) if filters.article_ids else None
        mask = self._generation.columns.mask(filters, named)
        if any(filters.about):
            about = Filters(about_from=filters.about_from, about_to=filters.about_to)
            passing = self._generation.lexical.passing(about)
            mask &= np.isin(self._generation.columns.keys, passing)
        return mask

    def owners(self, keys: Sequence[int]) -> dict[int, str]:
        """The article id of each of these chunks that a search found."""
        return self._generation.columns.owners(keys)

    def rows(self, keys: Sequence[int]) -> dict[int, ChunkRow]:
        """The chunks of these keys.

        Raises:
            IndexDamaged: one is missing or is not what was written.
        """
        return self._revision.rows(keys)

    def cluster(self, article_id: str) -> tuple[str, ...]:
        """The ids of an article and its copies, the earliest first; its own alone where none."""
        return self._generation.clusters.members(article_id)

    def copies(self, article_id: str) -> tuple[Copy, ...]:
        """The copies of an article, exact and near, the earliest first, without itself."""
        return self._generation.clusters.copies(article_id)

    def all_copies(self) -> dict[str, tuple[Copy, ...]]:
        """The same of each article that has copies, by its id."""
        return self._generation.clusters.all()

    def article(self, article_id: str) -> Article:
        """One article, whole.

        Raises:
            IndexMissing: there is none of that id; names the nearest ones.
            IndexDamaged: it is not what was written.
        """
        return self._revision.article(article_id)

    def find(self, article_id: str) -> Article | None:
        """One article, whole, or None where there is none of that id."""
        return self._revision.find(article_id)

    def articles(self) -> list[Article]:
        """All articles without `original` and `removals`, newest first, unknown dates last."""
        return self._revision.articles()

    def summaries(self) -> list[ArticleFacts]:
        """What is known about each article, in the same order; no text is read."""
        return self._revision.summaries()

    def publishers(self) -> list[str]:
        """The publishers, without the empty one, in the order of the alphabet."""
        return self._revision.publishers()

    @cached_property
    def holdings(self) -> Holdings:
        """The publishers and the days of publication that it spans; read once."""
        first, last = self._revision.days()
        return Holdings(publishers=tuple(self.publishers()), first_day=first, last_day=last)


def _catalog(folder: Path, pointer: Pointer | None) -> Catalog:
    try:
        return Catalog.open(folder / FILE_NAME)
    except IndexMissing:
        if pointer is None:
            raise
        raise damaged(folder / FILE_NAME, "it is gone") from None


def _published(folder: Path, pointer: Pointer | None, meta: Meta) -> Pointer:
    if pointer is not None:
        return pointer
    if not meta.revision:
        raise IndexMissing(f"{folder}: nothing is stored yet; run `rag ingest PATH`")
    raise IndexDamaged(f"{folder}: stored but not published; run `rag doctor --repair`")


def _check_match(folder: Path, opened: Generation, meta: Meta, fingerprint: str) -> None:
    if opened.manifest.embedder.fingerprint != fingerprint:
        check_fingerprint(folder, meta.embedder, fingerprint)
        raise IndexDamaged(f"{folder}: rebuilt but not published; run `rag doctor --repair`")


def _check_whole(folder: Path, opened: Generation, catalog: Catalog, meta: Meta) -> None:
    manifest = opened.manifest
    if manifest.catalog_id != meta.catalog_id or manifest.revision > meta.revision:
        raise IndexDamaged(
            f"{folder}: {FILE_NAME} is not the one that was published (revision {meta.revision}, "
            f"published {manifest.revision}); run `rag doctor --repair` to publish this one"
        )
    if Revision(catalog, manifest.revision).counts() != (manifest.articles, manifest.chunks):
        raise damaged(catalog.path, "its rows are not the ones that were published")
    found = {len(opened.columns.keys), opened.dense.chunks, opened.lexical.chunks}
    if found != {manifest.chunks}:
        raise IndexDamaged(f"{folder}: the search indexes disagree; run `rag doctor --repair`")


def check_fingerprint(folder: Path, stored: EmbedderFacts, fingerprint: str) -> None:
    """See that vectors that are stored and those of the embedder at hand may be compared.

    Raises:
        IndexMismatch: they may not; names both embedders and the remedy.
    """
    if stored.fingerprint != fingerprint:
        raise IndexMismatch(
            f"{folder}: made with the embedder {stored.fingerprint!r}, and the one at hand is "
            f"{fingerprint!r}; run `rag ingest --rebuild` to embed all articles again, or set "
            f"embedder.model back to {stored.name!r}"
        )
