"""The articles of a catalog of any format: how those of an older version get into a new index."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from rag.catalog import digest
from rag.schema import Article, Rejection

SUFFIX = ".sqlite"
_LIVE = """
SELECT article_id, title, publisher, author, published, modified, url, topics, text,
    content_hash, source, original
FROM articles, meta
WHERE added_revision <= revision AND (removed_revision IS NULL OR removed_revision > revision)
ORDER BY article_key
"""
"""Every format so far has these columns, and hashes the first nine in the same way."""
_HASHED = 9


def articles_of(path: Path) -> Iterator[Article | Rejection]:
    """The articles of a catalog as its last completed write left them, in the order of storing.

    One that is not what was written is a `Rejection`, and so is a file that is no catalog.
    """
    try:
        address = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as connection:
            for row in connection.execute(_LIVE):
                yield _article(row, path)
    except (sqlite3.Error, ValueError) as error:
        yield Rejection(
            path=str(path.absolute()),
            reason=f"is no catalog of Newsdesk, or a broken one ({error}); restore it from a "
            "back-up",
        )


def _article(row: Sequence[Any], path: Path) -> Article | Rejection:
    article_id, title, publisher, author, published, modified, url, topics, text = row[:_HASHED]
    content_hash, source, original = row[_HASHED:]
    if digest(row[:_HASHED]) != content_hash:
        return Rejection(
            path=f"{path.absolute()}#{article_id}",
            reason="is not what was written; restore the catalog from a back-up",
        )
    return Article(
        article_id=article_id,
        title=title,
        publisher=publisher,
        author=author,
        published=published,
        modified=modified,
        url=url,
        topics=tuple(json.loads(topics)),
        text=text,
        source=source,
        original=original,
    )
