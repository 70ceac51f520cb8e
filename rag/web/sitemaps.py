"""Sitemaps -> the pages that they name, newest first, and the sitemaps below them."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from lxml import etree

from rag.addresses import without_fragment
from rag.dates import parse_published
from rag.errors import CorpusError
from rag.web.feeds import Entry

PAGES = 50_000
"""Of one sitemap that are looked at: the most that one may hold (sitemaps.org)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitemap:
    """What a sitemap names; of an index, `maps` holds the sitemaps, and their `changed`."""

    pages: tuple[Entry, ...] = ()
    maps: tuple[Entry, ...] = ()


def read_sitemap(data: bytes) -> Sitemap:
    """The pages and sitemaps that a sitemap names, each newest first, those without a date last.

    `lastmod` is when a page changed in any way, and is never taken for a date of publication; what
    a news sitemap says of publication is.

    Args:
        data: XML, or text of one address a line; not packed.

    Raises:
        CorpusError: it cannot be read, or names nothing.
    """
    if not data.lstrip(codecs.BOM_UTF8 + b" \t\r\n").startswith(b"<") and b"\0" not in data[:4]:
        found = Sitemap(pages=tuple(_lines(data)))
    else:
        found = _of_xml(data)
    if not found.pages and not found.maps:
        raise CorpusError("is a sitemap that names no page; try again later")
    return found


def _of_xml(data: bytes) -> Sitemap:
    parser = etree.XMLParser(
        recover=True, resolve_entities=False, no_network=True, remove_comments=True
    )
    try:
        root = etree.fromstring(data.lstrip(), parser)
    except etree.XMLSyntaxError:
        root = None
    if root is None:
        raise CorpusError("cannot be read as a sitemap; try again later")
    return Sitemap(
        pages=_newest_first(_entries(root, "{*}url")),
        maps=_newest_first(_entries(root, "{*}sitemap")),
    )


def _entries(root: Any, tag: str) -> Iterator[Entry]:
    for number, element in enumerate(root.iterchildren(tag)):
        if number >= PAGES:
            return
        url = without_fragment(_text(element, "{*}loc"))
        if _is_web(url):
            yield Entry(url=url, facts=_news(element), changed=_date(_text(element, "{*}lastmod")))


def _news(element: Any) -> dict[str, Any]:
    """What a news sitemap says of a story."""
    news = element.find("{*}news")
    if news is None:
        return {}
    published = _date(_text(news, "{*}publication_date"))
    facts = {
        "title": _text(news, "{*}title"),
        "publisher": _text(news, "{*}publication/{*}name"),
        "published": published,
        "published_origin": "news sitemap" if published else "",
    }
    return {name: value for name, value in facts.items() if value}


def _lines(data: bytes) -> Iterator[Entry]:
    for line in data.decode("utf-8-sig", "replace").splitlines()[:PAGES]:
        if _is_web(line.strip()):
            yield Entry(url=line.strip())


def _newest_first(entries: Iterator[Entry]) -> tuple[Entry, ...]:
    return tuple(sorted(entries, key=newest, reverse=True))


def newest(entry: Entry) -> str:
    """The day that an entry is sorted by, as ISO 8601 in its own zone; empty without one."""
    return str(entry.changed or entry.facts.get("published") or "")


def _text(element: Any, path: str) -> str:
    return " ".join((element.findtext(path) or "").split())


def _date(value: str) -> str:
    try:
        return parse_published(value) or ""
    except CorpusError:  # such as 2023-07, or words
        return ""


def _is_web(url: str) -> bool:
    try:
        return urlsplit(url).scheme.lower() in ("http", "https")
    except ValueError:
        return False
