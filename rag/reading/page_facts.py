"""What a page says of its article besides text and dates: title, authors, publisher, address."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from rag.reading.page_json import Node, names, one_line
from rag.reading.page_tree import names_of, shown

if TYPE_CHECKING:
    from lxml.html import HtmlElement

Meta = Mapping[str, Sequence[str]]
_WORD = re.compile(r"\w+")
_BEFORE_SITE = re.compile(r"\s+[|–—·»:-]\s+")
_TITLES = (
    "og:title",
    "twitter:title",
    "parsely-title",
    "sailthru.title",
    "dc.title",
    "citation_title",
)
_AUTHORS = (
    *("author", "article:author", "parsely-author", "sailthru.author", "byl", "dc.creator"),
    *("dcterms.creator", "citation_author", "article:author_name", "og:article:author"),
)
_PUBLISHERS = (
    "og:site_name",
    "dc.publisher",
    "dcterms.publisher",
    "citation_publisher",
    "publisher",
)
_TOPICS = ("article:tag", "news_keywords", "keywords", "parsely-tags", "sailthru.tags")
_MOST_TOPICS = 20
_LONGEST_NAME = 100
_BYLINE = re.compile(r"\b(?:byline|author(?:[-_]?names?)?|p-author)\b", re.IGNORECASE)
_BY = re.compile(r"^(?:written |words |reported |story )?by:?\s+", re.IGNORECASE)


def titles_of(tree: HtmlElement, meta: Meta) -> list[str]:
    """What the page itself calls the story, apart from JSON-LD: heading, meta tags, `<title>`."""
    headings = [shown(heading) for heading in tree.iter("h1")]
    heads = [shown(title) for title in tree.iter("title")][:1]
    return list(
        filter(None, [*headings[:3], *(meta.get(name, [""])[0] for name in _TITLES), *heads])
    )


def title_of(tree: HtmlElement, article: Node | None, meta: Meta) -> str:
    """The title: the heading that the page's head agrees with, else what the head says."""
    node = article or {}
    stated = one_line(node.get("headline")) or one_line(node.get("name"))
    head = next((meta[name][0] for name in _TITLES if meta.get(name)), "")
    title = next((shown(element) for element in tree.iter("title")), "")
    headings = list(filter(None, map(shown, tree.iter("h1"))))
    for heading in headings:
        if any(_agree(heading, other) for other in (stated, head, title)):
            return heading
    if not (stated or head or title):
        return headings[0] if len(headings) == 1 else ""
    return stated or _without_site(head or title, next(iter(meta.get("og:site_name", ())), ""))


def _agree(one: str, other: str) -> bool:
    first, second = (set(_WORD.findall(text.casefold())) for text in (one, other))
    return bool(first) and 2 * len(first & second) > len(first)


def _without_site(title: str, site: str) -> str:
    """A title without the publisher's name behind its last dash or bar."""
    parts = list(_BEFORE_SITE.finditer(title))
    if not parts:
        return title
    before, after = title[: parts[-1].start()], title[parts[-1].end() :]
    bar = parts[-1][0].strip() in "|»"
    is_site = site and after.casefold() == site.casefold()
    return before if is_site or (bar and len(after) < len(before)) else title


def author_of(tree: HtmlElement, article: Node | None, meta: Meta) -> str:
    """The authors' names joined with commas; empty where the page names none."""
    node = article or {}
    found = names(node.get("author")) or names(node.get("creator"))
    found = found or next(filter(None, (names(list(meta.get(name, ()))) for name in _AUTHORS)), [])
    found = found or _marked_authors(tree)
    cleaned = (_BY.sub("", name).strip(" ,|") for name in found)
    return ", ".join(dict.fromkeys(name for name in cleaned if 1 < len(name) <= _LONGEST_NAME))


def _marked_authors(tree: HtmlElement) -> list[str]:
    """Names in the page's microdata, `rel=author` links or byline, above or near the title."""
    for path in ('//*[@itemprop="author"]', '//a[@rel="author"]'):
        found = [
            shown(next(iter(element.xpath('.//*[@itemprop="name"]')), element))
            or element.get("content", "")
            for element in tree.xpath(path)[:5]
        ]
        if any(found):
            return [name for name in found if name]
    for element in tree.iter("p", "span", "div", "address"):
        text = shown(element) if _BYLINE.search(names_of(element)) else ""
        if _BY.match(text) and len(text) <= _LONGEST_NAME and not any(map(str.isdigit, text)):
            return [text]
    return []


def publisher_of(article: Node | None, nodes: Iterable[Node], meta: Meta) -> str:
    """The publisher's name; empty where the page does not give it (its host is not a name)."""
    stated = names((article or {}).get("publisher"))
    site = (names(node.get("publisher")) for node in nodes)
    given = (list(meta.get(name, ())) for name in _PUBLISHERS)
    candidates = (
        *stated,
        *(name for found in given for name in found),
        *(n for s in site for n in s),
    )
    return next((name for name in candidates if not name.startswith(("http", "@"))), "")


def topics_of(article: Node | None, meta: Meta) -> list[str]:
    """The topics that the article is filed under, at most 20, as written."""
    node = article or {}
    stated = [node.get("keywords"), node.get("articleSection")]
    given = next((list(meta[name]) for name in _TOPICS if meta.get(name)), [])
    topics = [topic for value in (*stated, given) for topic in _listed(value)]
    unique = {topic.casefold(): topic for topic in reversed(topics) if 1 < len(topic) <= 60}
    return list(reversed(unique.values()))[:_MOST_TOPICS]


def _listed(value: Any) -> list[str]:
    if isinstance(value, list):
        return [topic for item in value[:50] for topic in _listed(item)]
    if isinstance(value, Mapping):
        value = value.get("name")
    topics = map(str.strip, re.split(r"[,;]", one_line(value)))
    return [topic for topic in topics if topic and not re.match(r"\w+:", topic)]


def url_of(tree: HtmlElement, meta: Meta, url: str) -> str:
    """The canonical address, else `og:url`, else the one given; absolute, http or https, or empty.

    A canonical link to the front page of the site is a mistake that sites make, and is not taken.
    """
    base = url or next(iter(meta.get("og:url", ())), "")
    links = [
        link.get("href") or ""
        for link in tree.iter("link")
        if "canonical" in (link.get("rel") or "").lower().split()
    ]
    for given in (*links[:1], *meta.get("og:url", ())[:1], url):
        address = _absolute(base, given)
        if address and (urlsplit(address).path.strip("/") or given == url):
            return address
    return ""


def _absolute(base: str, url: str) -> str:
    try:
        address = urljoin(base, url.strip())
        parts = urlsplit(address)
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not parts.hostname or len(address) > 2000:
        return ""
    return address.partition("#")[0]
