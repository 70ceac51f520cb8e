"""RSS, Atom and JSON feeds -> their entries: an address each, and what the feed says of it."""

from __future__ import annotations

import io
import json
import re
from calendar import timegm
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html.entities import html5
from typing import Any
from urllib.parse import urljoin, urlsplit

from lxml import etree

from rag.addresses import without_fragment
from rag.dates import parse_published
from rag.errors import CorpusError

ENTRIES = 2000
"""Of one feed that are looked at, in its own order."""
_TAGS = 20
_HEAD = 200_000
"""Bytes of a page in which its feed is looked for."""
_FEED_TYPES = ("application/rss+xml", "application/atom+xml", "application/feed+json")
_ENTITY = re.compile(rb"&([A-Za-z][A-Za-z0-9]*);")
_XML_ENTITIES = (b"amp", b"lt", b"gt", b"quot", b"apos")
_ADDRESS = re.compile(r"\s*[<(]?[^\s<>()@]+@[^\s<>()]+[>)]?\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One item of a feed or a sitemap."""

    url: str
    """Of the page; empty where the feed names none."""
    facts: dict[str, Any] = field(default_factory=dict)
    """What is said of it, named as in `rag.load.from_record`; only what is known is there."""
    content: str = ""
    """Its text as the feed holds it, in HTML."""
    changed: str = ""
    """When it changed last, as ISO 8601; empty where that is not said."""


def entries(data: bytes, address: str) -> list[Entry]:
    """The entries of a feed, in its order.

    Args:
        data: RSS, Atom, RDF or JSON Feed.
        address: of the feed, for addresses that are relative to it.

    Raises:
        CorpusError: it cannot be read as a feed, or is empty.
    """
    found = _of_json(data, address) if data.lstrip()[:1] == b"{" else _of_xml(data, address)
    if not found:
        raise CorpusError("is a feed without entries; try again later")
    return found


def announced(page: bytes, address: str) -> str:
    """The address of the feed that a page names first; empty where it names none."""
    tree = etree.fromstring(page[:_HEAD], etree.HTMLParser(recover=True)) if page.strip() else None
    for link in tree.iter("link") if tree is not None else ():
        kind = str(link.get("type", "")).lower()
        if link.get("rel", "").lower() == "alternate" and kind in _FEED_TYPES:
            return _web_address(link.get("href"), address)
    return ""


def _of_xml(data: bytes, address: str) -> list[Entry]:
    import feedparser

    feed = feedparser.parse(
        io.BytesIO(_mended(data)),
        response_headers={
            "content-type": "application/xml; charset=utf-8",
            "content-location": address,
        },
        resolve_relative_uris=False,
        sanitize_html=False,  # only text is ever taken out of it
    )
    rss_1 = feed.version in ("rss10", "rss090")
    name = _plain(feed.feed.get("title"))
    return [_entry(item, address, name, dated=rss_1) for item in feed.entries]


def _mended(data: bytes) -> bytes:
    """Well-formed XML of at most `ENTRIES` entries: a broken feed would be read by a slow parser.

    HTML's names of characters are written as numbers, as XML does not know them.
    """
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(_ENTITY.sub(_as_number, data.lstrip()), parser)
    except etree.XMLSyntaxError:
        root = None
    if root is None:
        raise CorpusError("cannot be read as a feed; try again later")
    items = root.iter("{*}item", "{*}entry")
    for item in [item for number, item in enumerate(items) if number >= ENTRIES]:
        parent = item.getparent()
        if parent is not None:
            parent.remove(item)
    return bytes(etree.tostring(root, encoding="utf-8", xml_declaration=True))


def _as_number(entity: re.Match[bytes]) -> bytes:
    characters = html5.get(entity[1].decode() + ";", "")
    if entity[1] in _XML_ENTITIES or not characters:
        return entity[0]
    return "".join(f"&#{ord(character)};" for character in characters).encode()


def _entry(item: dict[str, Any], address: str, feed_name: str, *, dated: bool) -> Entry:
    # Asked for a date that is not there, its own `get` gives another one: `in` does not.
    changed = _moment(item, "updated")
    published = _moment(item, "published") or (changed if dated else "")
    texts = [part.get("value") or "" for part in item.get("content") or ()]
    link = _web_address(item.get("link"), address)
    source = item.get("source")
    facts = {
        "id": item.get("id") or "",
        "title": _plain(item.get("title")),
        "author": _people(item.get("authors") or ()),
        "publisher": _plain(source.get("title")) if source else _own(feed_name, link, address),
        "topics": [_plain(tag.get("term")) for tag in (item.get("tags") or ())[:_TAGS]],
        "published": published,
        "modified": "" if dated else changed,
    }
    return Entry(
        url=without_fragment(link),
        facts=_known(facts),
        content=max((*texts, item.get("summary") or ""), key=len),
        changed=changed,
    )


def _of_json(data: bytes, address: str) -> list[Entry]:
    try:
        feed = json.loads(data)
        items = feed["items"][:ENTRIES]
        return [_json_entry(item, feed, address) for item in items if isinstance(item, dict)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise CorpusError("cannot be read as a JSON feed; try again later") from None


def _json_entry(item: dict[str, Any], feed: dict[str, Any], address: str) -> Entry:
    link = _web_address(item.get("url"), address)
    people = item.get("authors") or [item.get("author") or {}]
    tags = item.get("tags")
    changed = _date(item.get("date_modified"))
    facts = {
        "id": str(item.get("id") or ""),
        "title": _plain(item.get("title")),
        "author": _people(people),
        "publisher": _own(_plain(feed.get("title")), link, address),
        "topics": [_plain(tag) for tag in tags[:_TAGS]] if isinstance(tags, list) else [],
        "published": _date(item.get("date_published")),
        "modified": changed,
    }
    content = item.get("content_html") or _paragraphs(item.get("content_text"))
    return Entry(
        url=without_fragment(link), facts=_known(facts), content=str(content), changed=changed
    )


def _known(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts that are there, each date with its origin."""
    known = {name: value for name, value in facts.items() if value}
    dates = [name for name in ("published", "modified") if name in known]
    return known | {f"{name}_origin": "feed" for name in dates}


def _moment(item: dict[str, Any], name: str) -> str:
    """A date as the feed writes it, else as feedparser reads it; empty where there is none."""
    if name not in item:
        return ""
    if written := _date(item[name]):
        return written
    parsed = dict.get(item, f"{name}_parsed")
    return datetime.fromtimestamp(timegm(parsed), UTC).isoformat() if parsed else ""


def _date(value: object) -> str:
    try:
        return parse_published(value) or ""
    except CorpusError:
        return ""


def _people(people: Iterable[Mapping[str, Any]]) -> str:
    names = (_plain(_ADDRESS.sub(" ", str(person.get("name") or ""))) for person in people)
    return ", ".join(dict.fromkeys(filter(None, names)))


def _own(feed_name: str, link: str, address: str) -> str:
    """The feed's name as the publisher's, for stories of its own site."""
    return feed_name if urlsplit(link).hostname == urlsplit(address).hostname else ""


def _web_address(link: object, base: str) -> str:
    """A link as an absolute address of the web, else nothing."""
    try:
        whole = urljoin(base, str(link).strip()) if link else ""
        return whole if urlsplit(whole).scheme in ("http", "https") else ""
    except ValueError:
        return ""


def _plain(value: object) -> str:
    """A line of text out of what may hold HTML."""
    text = str(value or "")
    if "<" in text or "&" in text:
        tree = etree.fromstring(f"<div>{text}</div>", etree.HTMLParser(recover=True))
        text = "".join(map(str, tree.itertext())) if tree is not None else ""
    return " ".join(text.split())


def _paragraphs(text: object) -> str:
    from html import escape

    return "".join(f"<p>{escape(part)}</p>" for part in str(text or "").split("\n") if part.strip())
