"""An HTML tree -> lines of text: headings as `## …`, items as `- …`. For books and mail.

News pages have a reader of their own, which knows what of a page is the story.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_BLOCKS = _HEADINGS | frozenset(
    "address article aside blockquote body caption center dd div dl dt figcaption figure footer"
    " form header hr html li main nav ol p pre section table tbody td tfoot th thead tr ul".split()
)
_SKIPPED = frozenset(
    "script style head title template noscript svg math iframe object select button nav".split()
)


def tree(data: bytes, encoding: str | None = None) -> Any:
    """The tree of an HTML or XHTML document; None where there is nothing in it.

    Nothing outside it is read and no entity is expanded.
    """
    from lxml import etree

    parser = etree.HTMLParser(encoding=encoding, no_network=True, remove_comments=True)
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError:  # no element at all
        return None


def blocks(root: Any) -> list[str]:
    """The paragraphs, headings and items of a tree, in order."""
    found, pieces = list[str](), list[str]()
    mark = ""
    for tag, text in _events(root):
        if not tag:
            pieces.append(text)
            continue
        if words := " ".join("".join(pieces).split()):
            found.append(mark + words)
        pieces = []
        if words or tag == "/":
            mark = ""
        if tag in _HEADINGS or tag == "li":
            mark = "- " if tag == "li" else "## "
    return found


def _events(root: Any) -> Iterator[tuple[str, str]]:
    """Each text, with no tag; and the tag of each block where it begins, `/` where it ends."""
    stack: list[tuple[Any, bool]] = [(root, False)]
    while stack:
        element, leaving = stack.pop()
        tag = element.tag if isinstance(element.tag, str) else ""
        if not leaving and tag and tag not in _SKIPPED:
            if tag in _BLOCKS:
                yield tag, ""
            yield "", " " * (tag == "br") + (element.text or "")
            stack.append((element, True))
            stack.extend((child, False) for child in reversed(element))
            continue
        if leaving and tag in _BLOCKS:
            yield "/", ""
        if element is not root:
            yield "", element.tail or ""
    yield "/", ""
