"""The tree of a page -> the text of its story, with `## ` headings, `- ` items and `> ` quotes."""

from __future__ import annotations

import copy
import re
import warnings
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from rag.reading.page_tree import lines_of, shown

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_LONGEST_CELL = 200
"""Characters of a table cell that holds data."""
_LEAST = 8
"""Words that a text has at least: fewer are a label."""
_OWN = ('.//*[@itemprop="articleBody"]', ".//article", ".//main")
"""Where a page marks its story itself."""
_SITE = frozenset({"nav", "footer", "aside", "form", "button", "select"})
_HEADINGS = frozenset({"h2", "h3", "h4", "h5", "h6"})
_STOPS = '.!?…:"”’»。」'
_CUTTING = frozenset({"p", "item", "cell", "quote", "head", "list", "table", "row"})
"""Elements of trafilatura's tree before and after which a word ends."""
_TEXTUAL = frozenset({"p", "li", "blockquote", "td", "th", "pre", *_HEADINGS})


def body_text(tree: HtmlElement, title: str, stated: str = "") -> str:
    """The story of a page; empty where there is none.

    Trafilatura finds it. Where it finds nothing, or clearly less than the paragraphs of the page's
    own article element, these are taken, and where both give less than `stated`, that is.

    Args:
        tree: the page without unseen things and blocks; it is left as it is.
        title: the title, which is not repeated in the text.
        stated: the `articleBody` of the page's JSON-LD.
    """
    text = _extracted(tree, title)
    marked = _marked(tree, title, _OWN)
    if _words(text) < 0.75 * _words(marked):
        text = marked
    text = text or _marked(tree, title, ("./body",))
    if "\n" not in text:  # nothing, or blocks that were run together
        loose = _joined(_loose_lines(tree), title)
        text = loose if not text or _words(loose) == _words(text) else text
    told = _told(stated)
    if _words(told) > 1.2 * _words(text) + 5:
        text = told
    return text if _words(text) >= _LEAST else ""


def _words(text: str) -> int:
    """Words, or for scripts without spaces a half of the characters."""
    dense = len(re.findall(r"[\u3040-\u30ff\u3400-\u9fff]", text))
    return len(text.split()) + dense // 2


def _extracted(tree: HtmlElement, title: str) -> str:
    with warnings.catch_warnings(action="ignore"):  # urllib3's, of proxies that nobody uses here
        import trafilatura

    page = copy.deepcopy(tree)
    _unframe(page)
    found = trafilatura.bare_extraction(
        page, include_comments=False, include_formatting=True, include_tables=True
    )
    body = getattr(found, "body", None)
    return _joined(_blocks(body), title) if body is not None else ""


def _unframe(page: HtmlElement) -> None:
    """Turn tables that lay out a page, and preformatted text, into blocks and paragraphs."""
    for table in list(page.iter("table")):
        if any(len(shown(cell)) > _LONGEST_CELL for cell in table.iter("td")):
            for part in (table, *table.iter("tbody", "tr", "td", "th")):
                part.tag = "div"
    for block in list(page.iter("pre")):
        for piece in re.split(r"\n\s*\n", block.text_content()):
            paragraph = block.makeelement("p")
            paragraph.text = " ".join(piece.split())
            block.addprevious(paragraph)
        block.drop_tree()


def _blocks(body: Any) -> Iterator[str]:
    """The blocks of trafilatura's tree, whose names are those of TEI."""
    for element in body:
        text = _inline(element)
        if element.tag == "head":
            yield f"## {' '.join(text.split())}"
        elif element.tag == "list":
            yield "\n".join(_items(element))
        elif element.tag == "quote":
            yield "\n\n".join(f"> {line}" for line in _quoted(element))
        elif element.tag == "table":
            yield "\n".join(_rows(element))
        else:
            yield text
        if (element.tail or "").strip():
            yield " ".join((element.tail or "").split())


def _inline(element: Any) -> str:
    """The text of a paragraph: lines where it says so, single spaces for other white space."""
    return "\n".join(" ".join(line.split()) for line in _flat(element).split("\0"))


def _flat(element: Any) -> str:
    gap = " " if element.tag in _CUTTING else ""
    parts = [gap, element.text or ""]
    for child in element:
        parts += ["\0" if child.tag == "lb" else _flat(child), child.tail or ""]
    return "".join([*parts, gap])


def _items(element: Any) -> Iterator[str]:
    number = 0
    for item in element.iter("item"):
        text = " ".join(_inline(item).split())
        if text and next(item.iterancestors("item"), None) is None:
            number += 1
            yield f"{number}. {text}" if element.get("rend") == "ol" else f"- {text}"


def _quoted(element: Any) -> Iterator[str]:
    paragraphs = list(element.iter("p", "item")) or [element]
    inside = {id(child) for part in paragraphs for child in part.iter()}
    bare = element.text if id(element) not in inside else ""
    for text in (bare or "", *map(_inline, paragraphs)):
        if line := " ".join(text.split()):
            yield line


def _rows(element: Any) -> Iterator[str]:
    for row in element.iter("row"):
        cells = [" ".join(_inline(cell).split()) for cell in row.iter("cell")]
        if any(cells):
            yield f"| {' | '.join(cells)} |" if len(cells) > 1 else cells[0]


def _marked(tree: HtmlElement, title: str, paths: Iterable[str]) -> str:
    """The paragraphs of the first element that a path finds alone; empty where none does."""
    for path in paths:
        found = tree.xpath(path)
        outer = [part for part in found if not set(part.iterancestors()) & set(found)]
        if len(outer) == 1:
            return _joined(_plain_blocks(outer[0]), title)
    return ""


def _plain_blocks(container: HtmlElement) -> Iterator[str]:
    for element in container.iter():
        if element.tag not in _TEXTUAL or _is_inside(element, container):
            continue
        text, linked = shown(element), sum(len(shown(link)) for link in element.iter("a"))
        if not text or 2 * linked > len(text):
            continue
        if element.tag in _HEADINGS:
            yield f"## {text}"
        elif element.tag in {"li", "blockquote"}:
            yield f"{'-' if element.tag == 'li' else '>'} {text}"
        else:
            yield text


def _loose_lines(tree: HtmlElement) -> Iterator[str]:
    """The lines of sentences on a page without paragraphs, as blocks and line breaks cut them."""
    page = copy.deepcopy(tree)
    for element in list(page.iter(*_SITE)):
        element.drop_tree()
    return (line for line in lines_of(page) if _words(line) >= _LEAST and line[-1] in _STOPS)


def _is_inside(element: HtmlElement, container: HtmlElement) -> bool:
    """Whether an element belongs to the site's furniture or to a block that is taken already."""
    for parent in element.iterancestors():
        if parent is container:
            return False
        if parent.tag in _SITE or parent.tag in _TEXTUAL:
            return True
    return False


def _told(stated: str) -> str:
    """The text of an `articleBody`, which may hold markup."""
    if re.search(r"</?(?:p|br|div|h\d)\b", stated, re.IGNORECASE):
        from lxml import html

        tree = html.document_fromstring(f"<div>{stated}</div>")
        for line_break in tree.iter("br"):
            line_break.tail = f"\n{line_break.tail or ''}"
        return _joined((shown(part) for part in tree.iter("p", "li", *_HEADINGS)), "") or shown(
            tree
        )
    return _joined(re.split(r"\n+", stated), "")


def _joined(blocks: Iterable[str], title: str) -> str:
    """Blocks as paragraphs, without empty ones, the title and headings with nothing below."""
    kept = list[str]()
    for block in blocks:
        text = "\n".join(line.strip() for line in block.split("\n") if line.strip())
        bare = text.removeprefix("## ").strip()
        if bare and not (text.startswith("## ") and bare.casefold() == title.casefold()):
            kept.append(text)
    while kept and kept[-1].startswith("## "):
        kept.pop()
    return "\n\n".join(kept)
