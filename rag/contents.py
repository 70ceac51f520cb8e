"""What an index holds, read from its catalog alone: no model, no search index, no text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from rag.catalog import FILE_NAME, Catalog
from rag.changes import rejections
from rag.errors import IndexMissing
from rag.revision import Revision
from rag.schema import ArticleFacts, Record, Rejection


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents(Record):
    """The articles of an index, newest first, unknown dates last; and what was turned away."""

    articles: tuple[ArticleFacts, ...]
    rejected: tuple[Rejection, ...]
    """What of the files ingested so far cannot be read, by path; empty once it was mended."""


def contents(folder: Path) -> Contents:
    """What the index in a folder holds.

    Raises:
        IndexMissing: nothing was ever ingested into it.
        IndexDamaged, IndexMismatch: the catalog cannot be read.
    """
    with _revision(folder) as revision:
        return Contents(
            articles=tuple(revision.summaries()), rejected=tuple(rejections(revision.catalog))
        )


def articles_in(folder: Path) -> int:
    """How many articles the index in a folder holds; 0 where there is none.

    Raises:
        IndexDamaged, IndexMismatch: the catalog cannot be read.
    """
    with suppress(IndexMissing), _revision(folder) as revision:
        return revision.counts()[0]
    return 0


def rejected(folder: Path) -> list[Rejection]:
    """What was turned away from the index in a folder; empty too where there is no index.

    Raises:
        IndexDamaged, IndexMismatch: the catalog cannot be read.
    """
    with suppress(IndexMissing), _revision(folder) as revision:
        return rejections(revision.catalog)
    return []


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleReport(Record):
    """What one cleaning rule took out of an article."""

    rule: str
    switch: str
    """The setting that leaves it in: a line of `rag.toml`."""
    texts: tuple[str, ...]
    """In the order of the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanReport(Record):
    """What cleaning took out of an article, by rule; `rules` is empty where nothing was."""

    article_id: str
    title: str
    source: str
    read: int
    """Characters of the text as it was read."""
    stored: int
    """Characters of the text that is searched and cited."""
    rules: tuple[RuleReport, ...]


def clean_report(folder: Path, article_id: str) -> CleanReport:
    """What cleaning took out of a stored article.

    Raises:
        IndexMissing: there is no such article; names the nearest.
        IndexDamaged, IndexMismatch: the catalog cannot be read.
    """
    with _revision(folder) as revision:
        article = revision.article(article_id)
    texts = dict[str, list[str]]()
    for removal in article.removals:
        texts.setdefault(removal.rule, []).append(removal.text)
    return CleanReport(
        article_id=article.article_id,
        title=article.title,
        source=article.source,
        read=len(article.original),
        stored=len(article.text),
        rules=tuple(
            RuleReport(rule=rule, switch=f'ingest.cleaning_off = ["{rule}"]', texts=tuple(found))
            for rule, found in texts.items()
        ),
    )


@contextmanager
def _revision(folder: Path) -> Iterator[Revision]:
    with Catalog.open(folder / FILE_NAME) as catalog:
        yield Revision(catalog, catalog.meta().revision)
