"""The bytes of an HTML page -> its tree, and the few questions that are asked of every tree."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rag.errors import CorpusError
from rag.reading.decode import decode

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_HEAD = 4096
"""Bytes in which a page has to name its encoding: browsers look at the first 1,024."""
_BOMS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_DECLARED = re.compile(
    rb"""<meta[^>]{0,200}?charset\s{0,4}=\s{0,4}["']?\s{0,4}([\w:.-]{2,40})"""
    rb"""|<\?xml[^>]{0,100}?encoding\s{0,4}=\s{0,4}["']([\w:.-]{2,40})""",
    re.IGNORECASE,
)
_MEANT = {
    **dict.fromkeys(("ascii", "us-ascii", "iso-8859-1", "latin1", "latin-1"), "cp1252"),
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "x-sjis", "windows-31j"), "cp932"),
    **dict.fromkeys(("gb2312", "gbk", "x-gbk"), "gb18030"),
    **dict.fromkeys(("euc-kr", "ks_c_5601-1987"), "cp949"),
    **dict.fromkeys(("iso-8859-9", "tis-620"), "cp1254"),
    "tis-620": "cp874",
    "big5": "big5hkscs",
}
"""What browsers take a label to mean, by the WHATWG Encoding Standard."""
_UNSEEN = frozenset("script style template noscript svg head iframe object select".split())
_BLOCKS = frozenset(
    "address article aside blockquote body br dd details div dl dt fieldset figcaption figure "
    "footer form h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section summary table td th tr "
    "ul".split()
)
_HIDING = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


def parse_page(data: bytes) -> HtmlElement:
    """The tree of a page, without comments and without what no reader sees.

    Raises:
        CorpusError: the page is empty, is no text, or its encoding cannot be told.
    """
    from lxml import html
    from lxml.etree import ParserError

    text = page_text(data).translate({0: None})
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        tree = html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except ParserError:
        raise CorpusError("is an empty page; give the address of one story") from None
    if tree.find(".//body") is None:
        raise CorpusError("is an empty page; give the address of one story")
    return tree


def page_text(data: bytes) -> str:
    """The characters of a page: by byte order mark, as UTF-8, as it declares, else as detected."""
    if data.startswith(_BOMS):
        return decode(data)
    if data[:2] in (b"<\0", b"\0<"):
        return data.decode("utf-16-le" if data[:1] == b"<" else "utf-16-be", "replace")
    declared = _declared(data)
    if declared.startswith("iso2022") or not _is_utf8(data):
        return data.decode(declared, "replace") if declared else decode(data)
    return decode(data)


def _declared(data: bytes) -> str:
    """The codec that the page names, where it exists and can be what the bytes are; else ""."""
    found = _DECLARED.search(data[:_HEAD])
    if not found:
        return ""
    label = (found[1] or found[2]).decode("ascii", "replace").lower()
    try:
        codec = codecs.lookup(_MEANT.get(label, label))
        wrong = data.decode(codec.name, "replace").count("\ufffd")
    except (LookupError, UnicodeError, ValueError):
        return ""
    # UTF-16 cannot be declared in ASCII, and a wrong label damages much.
    usable = not codec.name.startswith("utf-16") and wrong * 200 <= len(data)
    return codec.name if usable else ""


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def drop_unseen(tree: HtmlElement) -> None:
    """Take out scripts, styles and what is marked as hidden, in place."""
    for element in list(tree.iter()):
        if not isinstance(element.tag, str):
            continue
        hidden = (
            element.tag in _UNSEEN
            or element.get("hidden") is not None
            or _HIDING.search(element.get("style") or "")
        )
        if hidden and element.tag != "head" and element.getparent() is not None:
            element.drop_tree()


def shown(element: HtmlElement) -> str:
    """The text of an element on one line, with spaces where a block or a line ends."""
    return " ".join("".join(_pieces(element, " ")).split())


def lines_of(element: HtmlElement) -> list[str]:
    """The text of an element in lines, cut where a block or a line ends."""
    lines = "".join(_pieces(element, "\0")).split("\0")
    return [" ".join(line.split()) for line in lines if line.strip()]


def _pieces(element: HtmlElement, cut: str) -> Iterator[str]:
    from lxml.etree import iterwalk

    for event, node in iterwalk(element, events=("start", "end")):
        if not isinstance(node.tag, str):
            continue
        if node.tag in _BLOCKS:
            yield cut
        if event == "start":
            yield node.text or ""
        elif node is not element:
            yield node.tail or ""


def names_of(element: HtmlElement) -> str:
    """The class, id and test names of an element, by which sites tell their blocks apart."""
    wanted = ("class", "id", "data-component", "data-testid", "data-qa", "aria-label")
    return " ".join(filter(None, map(element.get, wanted)))


def meta_tags(tree: HtmlElement) -> dict[str, list[str]]:
    """The contents of the `<meta>` tags by name or property in lower case, in page order."""
    found = dict[str, list[str]]()
    for tag in tree.iter("meta"):
        content = " ".join((tag.get("content") or "").split())
        for name in {(tag.get(key) or "").strip().lower() for key in ("property", "name")}:
            if name and content:
                found.setdefault(name, []).append(content)
    return found
