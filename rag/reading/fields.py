"""What the facts of an article may be called in records of others: JSON, CSV, front matter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_NAMES: dict[str, tuple[str, ...]] = {
    "id": ("id", "_id", "article_id", "guid"),
    "title": ("title", "headline"),
    "text": (
        *("text", "body", "content", "article_text", "article_body", "full_text", "main_text"),
        *("content_text", "article"),
    ),
    "html": ("content_html", "html"),
    "url": ("url", "link", "canonical_url"),
    "publisher": ("publisher", "source", "publication", "site_name"),
    "author": ("author", "authors", "byline"),
    "published": (
        *("published", "published_at", "date", "date_published", "publish_date", "published_date"),
        *("publication_date", "pub_date"),
    ),
    "modified": (
        *("modified", "updated", "modified_at", "updated_at", "date_modified", "last_modified"),
    ),
    "topics": ("topics", "tags", "keywords"),
    "published_origin": ("published_origin",),
    "modified_origin": ("modified_origin",),
    "partial": ("partial",),
    "captions": ("captions",),
    "removals": ("removals",),
    "metadata": ("metadata",),
}
"""What each fact may be called, the preferred name first."""


def folded(name: str) -> str:
    """The form in which names compare: `datePublished` and `Date published` are the same."""
    return "".join(filter(str.isalnum, name.casefold()))


_KNOWN = {
    folded(name): (fact, rank) for fact, names in _NAMES.items() for rank, name in enumerate(names)
}


def fact_of(name: str) -> str:
    """The fact that a name stands for; empty where it stands for none."""
    return _KNOWN.get(folded(name), ("", 0))[0]


def facts_of(record: Mapping[Any, Any]) -> dict[str, Any]:
    """The facts of a record under the names of `Article`; what is empty or unknown is left out.

    Facts in a `metadata` object count where the record itself does not have them.
    """
    facts = _own(record)
    nested = facts.pop("metadata", None)
    return {**_own(nested), **facts} if isinstance(nested, Mapping) else facts


def _own(record: Mapping[Any, Any]) -> dict[str, Any]:
    found: dict[str, tuple[int, Any]] = {}
    for name, value in record.items():
        fact, rank = _KNOWN.get(folded(str(name)), ("", 0))
        if not fact or value is None or value in ("", [], ()):
            continue
        if fact not in found or rank < found[fact][0]:
            found[fact] = rank, value
    return {fact: value for fact, (_, value) in found.items()}
