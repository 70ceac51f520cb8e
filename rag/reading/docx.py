"""DOCX -> one record: headings, paragraphs, lists and tables as lines.

The dates among a file's properties say when it was typed and are never a publication date.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from rag.errors import CorpusError
from rag.reading.archive import archive
from rag.reading.pdf import known_author, known_title

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_TEXT, _PARAGRAPH, _TABLE = f"{_W}t", f"{_W}p", f"{_W}tbl"
_PRINTED = {
    f"{_W}tab": " ",
    f"{_W}br": "\n",
    f"{_W}cr": "\n",
    f"{_W}noBreakHyphen": "-",
}
_SKIPPED = frozenset(
    {
        *(f"{_W}{name}" for name in ("del", "moveFrom", "instrText", "pPr", "rPr", "txbxContent")),
        "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
    }
)
"""What is not part of the running text: deletions, field codes, drawings' own text."""
_HEADING = re.compile(r"heading \d|title|subtitle", re.IGNORECASE)


def read_docx(data: bytes) -> dict[str, Any]:
    """The record of a Word file: `text`, and `title` and `author` where they are known.

    Raises:
        CorpusError: it is encrypted, broken, no Word file, or would unpack to too much.
    """
    with archive(data, "a DOCX") as opened:
        if "word/document.xml" not in opened.namelist():
            raise CorpusError("is a ZIP archive but not a DOCX; save its text as DOCX")
    import docx
    from docx.opc.exceptions import OpcError
    from lxml.etree import LxmlError

    try:
        document = docx.Document(BytesIO(data))
        return _record(document)
    except (OpcError, LxmlError, KeyError, ValueError, AttributeError) as error:
        raise CorpusError(f"is a broken DOCX ({error}); open it and save it anew") from None


def _record(document: Any) -> dict[str, Any]:
    styles = {style.style_id: style.name or "" for style in document.styles}
    blocks = list(_blocks(document.element.body, styles))
    facts = document.core_properties
    titles = (text for style, text in blocks if styles.get(style) == "Title")
    headings = (text for style, text in blocks if _HEADING.match(styles.get(style, "")))
    title = known_title(facts.title or "") or next(titles, "") or next(headings, "")
    return {
        "title": " ".join(title.removeprefix("## ").split()),
        "author": known_author(facts.author or ""),
        "text": "\n\n".join(text for _, text in blocks),
    }


def _blocks(parent: Any, styles: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Style and text of each paragraph and table, in order; items of a list as `- …`."""
    for child in parent:
        if child.tag == _PARAGRAPH:
            style = _style(child)
            if text := _written(child, style, styles):
                yield style, text
        elif child.tag == _TABLE:
            rows = filter(None, map(_row, child.findall(f"{_W}tr")))
            if table := "\n".join(rows):
                yield "", table
        elif child.tag not in _SKIPPED and isinstance(child.tag, str):
            yield from _blocks(child, styles)  # content controls, tracked insertions


def _style(paragraph: Any) -> str:
    found = paragraph.find(f"{_W}pPr/{_W}pStyle")
    return "" if found is None else found.get(f"{_W}val", "")


def _written(paragraph: Any, style: str, styles: dict[str, str]) -> str:
    text = "".join(_printed(paragraph)).strip()
    name = styles.get(style, "")
    if not text:
        return ""
    if _HEADING.match(name):
        return f"## {' '.join(text.split())}"
    numbered = paragraph.find(f"{_W}pPr/{_W}numPr") is not None
    return f"- {text}" if numbered or name.startswith("List ") else text


def _printed(parent: Any) -> Iterator[str]:
    for child in parent:
        if child.tag == _TEXT:
            yield child.text or ""
        elif child.tag in _PRINTED:
            yield _PRINTED[child.tag]
        elif child.tag not in _SKIPPED and isinstance(child.tag, str):
            yield from _printed(child)
            if child.tag == _PARAGRAPH:  # in a cell
                yield " "


def _row(row: Any) -> str:
    cells = (" ".join("".join(_printed(cell)).split()) for cell in row.findall(f"{_W}tc"))
    return " | ".join(filter(None, cells))
