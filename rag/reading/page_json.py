"""What a page says of itself in JSON-LD, and which of its nodes is the article."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from lxml.html import HtmlElement

Node = Mapping[str, Any]
_ARTICLE = re.compile(
    r"(?:\w*Article|\w*NewsArticle|BlogPosting|LiveBlogPosting|Report|\w+Posting)"
)
_NOT_ARTICLE = frozenset({"JobPosting", "DiscussionForumPosting", "SocialMediaPosting"})
_SECTION = frozenset({"CollectionPage", "SearchResultsPage", "ItemList"})
_OWN = ("@graph", "mainEntity", "mainEntityOfPage")
"""Keys below which stands what the page is about; other keys lead to related things."""
_DEEPEST = 6
_WORD = re.compile(r"\w+")


def linked_data(tree: HtmlElement) -> list[Node]:
    """The nodes that a page's JSON-LD says the page is about, in page order.

    Nodes are looked for at the top, in lists and below `@graph` and `mainEntity`, not among
    related things. Blocks that are not JSON, even when mended, are passed over.
    """
    blocks = (
        script.text or ""
        for script in tree.iter("script")
        if "ld+json" in (script.get("type") or "").lower()
    )
    return [node for block in blocks for node in _nodes(_parsed(block))]


def kinds(node: Node) -> set[str]:
    """The `@type` names of a node, without a schema.org prefix."""
    given = node.get("@type")
    names = given if isinstance(given, list) else [given]
    return {re.split(r"[/#:]", name)[-1] for name in names if isinstance(name, str)}


def is_article(node: Node) -> bool:
    """Whether a node is an article of some kind: news, blog post, live blog, report."""
    return any(_ARTICLE.fullmatch(kind) for kind in kinds(node) - _NOT_ARTICLE)


def is_section(node: Node) -> bool:
    """Whether a node says that the page is a list of other pages."""
    return bool(kinds(node) & _SECTION)


def main_article(nodes: Sequence[Node], titles: Iterable[str], urls: Iterable[str]) -> Node | None:
    """The article node that the page is about; None where there is none or it cannot be told.

    A node counts as the page's own when it has its address or its title. A single node that has
    neither an address nor a title to compare counts too, several do only if they agree on dates.
    """
    articles = [node for node in nodes if is_article(node)]
    titles, urls = [title for title in titles if title], [url for url in urls if url]
    own = [node for node in articles if _has_address(node, urls)]
    own = own or [node for node in articles if _has_title(node, titles)]
    if not own:
        own = [node for node in articles if not (_may_differ(node, titles, urls))]
        if len({str(node.get("datePublished"))[:10] for node in own}) > 1:
            return None
    return own[0] if own else None


def names(value: Any) -> list[str]:
    """The names of persons or organisations: texts, objects with a name, or lists of these."""
    if isinstance(value, list):
        return list(dict.fromkeys(name for item in value[:20] for name in names(item)))
    if isinstance(value, Mapping):
        value = value.get("name")
        return names(value) if isinstance(value, list) else names(str(value or ""))
    name = one_line(value)
    return [name] if name and not re.match(r"https?://", name) else []


def one_line(value: Any) -> str:
    """A text of JSON-LD as one line, with its character references resolved; else empty."""
    return " ".join(html.unescape(value).split()) if isinstance(value, str) else ""


def _parsed(block: str) -> Any:
    text = re.sub(
        r"^\s*(?:<!--|//\s*<!\[CDATA\[|<!\[CDATA\[)|(?:-->|(?://\s*)?\]\]>|;)\s*$", "", block
    )
    for mended in (text, re.sub(r",(\s*[}\]])", r"\1", text), html.unescape(text)):
        try:
            return json.loads(mended, strict=False)
        except (ValueError, RecursionError):
            continue
    return None


def _nodes(value: Any, depth: int = 0) -> Iterator[Node]:
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for item in value:
            yield from _nodes(item, depth + 1)
    elif isinstance(value, Mapping):
        yield value
        for key in _OWN:
            yield from _nodes(value.get(key), depth + 1)


def _has_address(node: Node, urls: Sequence[str]) -> bool:
    mine = set(map(_address, _addresses(node)))
    return bool(mine & set(map(_address, urls)))


def _addresses(node: Node) -> list[str]:
    page = node.get("mainEntityOfPage")
    given = [node.get("url"), node.get("@id"), page]
    if isinstance(page, Mapping):
        given += [page.get("@id"), page.get("url")]
    return [url for url in given if isinstance(url, str) and url.startswith("http")]


def _address(url: str) -> tuple[str, str]:
    """An address as far as two ways of writing it agree: host and path."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ("", url)
    return ((parts.hostname or "").removeprefix("www."), parts.path.rstrip("/"))


def _has_title(node: Node, titles: Sequence[str]) -> bool:
    mine = set(_WORD.findall(one_line(node.get("headline") or node.get("name")).casefold()))
    for title in titles:
        words = set(_WORD.findall(title.casefold()))
        if mine and 2 * len(mine & words) > min(len(mine), len(words)):
            return True
    return False


def _may_differ(node: Node, titles: Sequence[str], urls: Sequence[str]) -> bool:
    """Whether a node has an address and a title, and both are of something else."""
    titled = bool(titles and one_line(node.get("headline") or node.get("name")))
    return titled and bool(urls and _addresses(node))
