"""An HTML page -> the record of its article; pages that are no article are refused by name."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from rag.cleaning import clutter
from rag.errors import CorpusError
from rag.reading.page_blocks import Blocks, take_blocks
from rag.reading.page_body import body_text
from rag.reading.page_dates import PageDates, page_dates
from rag.reading.page_facts import author_of, publisher_of, title_of, titles_of, topics_of, url_of
from rag.reading.page_json import (
    Node,
    is_article,
    is_section,
    kinds,
    linked_data,
    main_article,
    one_line,
)
from rag.reading.page_refusal import PageShape, refuse_empty, refuse_section, refuse_walls, shape_of
from rag.reading.page_tree import drop_unseen, meta_tags, parse_page, shown

if TYPE_CHECKING:
    from datetime import date

    from lxml.html import HtmlElement

_HEAD_LINES = 60
_MOST_PARTS = 4
"""Elements inside one that holds a single line."""
_LEAST_STATED = 50
"""Words of an `articleBody` from which it proves an article."""
_LONG = 140
"""Characters from which a paragraph is the story's first."""
_DATED = (
    "article:published_time",
    "og:article:published_time",
    "parsely-pub-date",
    "sailthru.date",
)


def read_page(
    data: bytes, url: str = "", off: Collection[str] = (), today: date | None = None
) -> dict[str, Any]:
    """The article of a web page, as a record that `rag.load.from_record` takes.

    Keys: title, text (paragraphs, `## ` headings, `- ` items, `> ` quotes; not cleaned of lines
    such as "Also read"), author, publisher, published and modified (ISO 8601, zone as given) each
    with `…_origin`, url (canonical), topics, captions, partial (only a part of the article is on
    the page), removals (`[rule, text]` of blocks inside the article that were taken out). What the
    page does not say is absent.

    Args:
        data: the page as it was fetched or saved.
        url: where it was fetched from, if it was.
        off: names of cleaning rules that leave their blocks in.
        today: the day on which it is read; dates later than two days after it do not count.

    Raises:
        CorpusError: the page holds no article (a section, error, consent or log-in page, a check
            for robots, nothing at all) or cannot be read; the message says what to do.
    """
    tree = parse_page(data)
    try:
        return _record(tree, url, off, today)
    except RecursionError:
        raise CorpusError("is nested too deeply to be read; give the text of the story") from None


def _record(
    tree: HtmlElement, url: str, off: Collection[str], today: date | None
) -> dict[str, Any]:
    meta, nodes = meta_tags(tree), linked_data(tree)
    everything = shown(tree)
    address = url_of(tree, meta, url)
    article = main_article(nodes, titles_of(tree, meta), [address, url])
    drop_unseen(tree)
    shape = shape_of(tree)
    stated = str((article or {}).get("articleBody") or "")
    if len(stated.split()) < _LEAST_STATED:
        _refuse(tree, shape, everything, article, nodes, meta, address)
    title = title_of(tree, article, meta)
    author = author_of(tree, article, meta)
    dates = page_dates(
        tree, article or _dated_page(nodes), meta, [address, url], head_lines(tree), today
    )
    partial = _is_partial(tree, nodes)
    blocks = take_blocks(tree, off)
    text = body_text(tree, title, stated)
    if not text:
        refuse_empty(shape)
    record = {
        "title": title,
        "text": text,
        "author": author,
        "publisher": publisher_of(article, nodes, meta),
        **_dated(dates),
        "url": address,
        "topics": topics_of(article, meta),
        **_taken(blocks),
        "partial": partial,
    }
    return {key: value for key, value in record.items() if value not in ("", None, [], False)}


def _dated(dates: PageDates) -> dict[str, Any]:
    facts = dict[str, Any]()
    for name, found in (("published", dates.published), ("modified", dates.modified)):
        if found:
            facts |= {name: found.value, f"{name}_origin": found.origin}
    return facts


def _taken(blocks: Blocks) -> dict[str, Any]:
    return {"captions": blocks.captions, "removals": [list(removal) for removal in blocks.removals]}


def _dated_page(nodes: Sequence[Node]) -> Node | None:
    """The node of the page itself, which some sites date in place of the article."""
    pages = (node for node in nodes if kinds(node) & {"WebPage", "ItemPage"})
    return next((node for node in pages if node.get("datePublished")), None)


def _refuse(
    tree: HtmlElement,
    shape: PageShape,
    everything: str,
    article: Node | None,
    nodes: Sequence[Node],
    meta: Mapping[str, Sequence[str]],
    address: str,
) -> None:
    listed = any(map(is_section, nodes)) and not any(map(is_article, nodes))
    stated = article is not None or any(name in meta for name in _DATED)
    is_story = not listed and (stated or tree.find('.//*[@itemprop="articleBody"]') is not None)
    refuse_walls(shape, everything, is_article=is_story)
    refuse_section(
        shape,
        is_article=is_story,
        is_list=listed or "website" in map(str.lower, meta.get("og:type", ())),
        is_front=bool(address) and not urlsplit(address).path.strip("/"),
    )


def head_lines(tree: HtmlElement) -> list[str]:
    """The short lines between the title and the first paragraph of the story, in page order."""
    lines, after_title = list[str](), tree.find(".//h1") is None
    for element in tree.iter():
        after_title = after_title or element.tag == "h1"
        if not after_title or element.tag in {"h1", "head", "title", "html", "body"}:
            continue
        text = " ".join(" ".join(element.itertext()).split())
        if element.tag == "p" and len(text) > _LONG:
            break
        if text and len(text) <= _LONG and text not in lines:
            lines.append(text)
        if len(lines) == _HEAD_LINES:
            break
    return lines


def _is_partial(tree: HtmlElement, nodes: Sequence[Node]) -> bool:
    """Whether the page says that the story goes on for those who pay or log in."""
    for node in nodes:
        free = one_line(node.get("isAccessibleForFree")) or str(node.get("isAccessibleForFree"))
        if is_article(node) and re.split(r"[/#]", free)[-1].lower() == "false":
            return True
    parts = tree.iter("p", "div", "span", "h2", "h3", "h4", "a", "button", "section", "strong")
    lines = (shown(part).strip(" .…»›→*") for part in parts if len(part) <= _MOST_PARTS)
    return any(len(line) <= 300 and clutter.PARTIAL.fullmatch(line) for line in lines)
