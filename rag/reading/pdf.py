"""PDF -> one record: its text in reading order, rejoined to paragraphs.

The dates inside a PDF say when the file was made and are never taken for a publication date.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import cache
from statistics import median
from typing import Any

from rag.errors import CorpusError
from rag.reading.layout import (
    RUNNING,
    Line,
    body_size,
    headline,
    ordered,
    paragraphs,
    without_running,
)

_GAP = 1.8
"""Sizes of a letter between two words that stand in different columns."""
_LINE_END = re.compile("[\r\n]+|[\x02\ufffe]")
"""The last two are how PDFium marks a hyphen at the end of a line."""
_COMPOUND = 2.0
"""On the Zipf scale: each part of a compound is a hundred times as common as the whole."""
_NO_TITLE = re.compile(
    r"(?:microsoft \w+ ?-|untitled|document\d*$|layout \d|slide \d|file:|print$|https?:)"
    r"|.*\.(?:docx?|pdf|indd|qxd|qxp|tex|dvi|rtf|odt|pptx?|xlsx?|html?)$|[\W\d_]*$",
    re.IGNORECASE,
)
_NO_NAME = re.compile(
    r"\S*$|.*\b(?:user|admin|administrator|microsoft|adobe|scanner|unknown|default|owner)\b",
    re.IGNORECASE,
)
_READABLE = 20
"""Letters on a page, on average, below which a file holds pictures of its text."""


def read_pdf(data: bytes, off: Collection[str] = ()) -> dict[str, Any]:
    """The record of a PDF: `text`, and `title`, `author` and `removals` where there are any.

    Args:
        data: the file.
        off: `RUNNING` among them keeps heads, feet and page numbers in the text.

    Raises:
        CorpusError: it is encrypted, broken, or a scan without text.
    """
    import pypdfium2

    try:
        with pypdfium2.PdfDocument(data) as document:
            return _record(document, off)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).casefold():
            raise CorpusError("is an encrypted PDF; save it without its password") from None
        raise CorpusError(f"is a broken PDF ({error}); open it and save it anew") from None


def known_title(title: str) -> str:
    """A title from a file's properties, or nothing where a program made it up."""
    title = " ".join(title.split())
    return "" if _NO_TITLE.match(title) else title


def known_author(author: str) -> str:
    """An author from a file's properties, or nothing where it is a log-in or a program."""
    author = " ".join(author.split())
    return "" if _NO_NAME.match(author) else author


def _record(document: Any, off: Collection[str]) -> dict[str, Any]:
    found = list(_pages(document))
    letters = sum(len(line.text) for page in found for line in page)
    if letters < _READABLE * max(1, len(found)) and _has_pictures(document):
        raise CorpusError(
            f"is a scan: {len(found)} pages of pictures without text; run OCR over it first"
        )
    pages, gone = (found, list[str]()) if RUNNING in off else without_running(found)
    in_order = [ordered(page) for page in pages]
    facts = document.get_metadata_dict()
    first = next(filter(None, in_order), [])
    title = known_title(facts.get("Title", "")) or headline(first, body_size(in_order))
    return {
        "title": title,
        "author": known_author(facts.get("Author", "")),
        "text": "\n\n".join(paragraphs(in_order, hyphenated)),
        "removals": [[RUNNING, line] for line in gone],
    }


def _pages(document: Any) -> Iterator[list[Line]]:
    for page in document:
        text_page = page.get_textpage()
        try:
            yield [line for line in _lines(text_page) if line.text]
        finally:
            text_page.close()
            page.close()


def _has_pictures(document: Any) -> bool:
    from pypdfium2.raw import FPDF_PAGEOBJ_IMAGE

    page = document[0]
    try:
        return any(True for _ in page.get_objects(filter=[FPDF_PAGEOBJ_IMAGE], max_depth=2))
    finally:
        page.close()


def _lines(text_page: Any) -> Iterator[Line]:
    """The lines as PDFium tells them apart, cut where a wide gap parts two columns."""
    text = _text(text_page)
    boxes = _Boxes(text_page)
    start = 0
    for end in (*(match.end() for match in _LINE_END.finditer(text)), len(text)):
        if text[start:end].strip():
            yield from _parts(text, boxes, start, end)
        start = end


def _text(text_page: Any) -> str:
    """The text of a page, a character for each of PDFium's."""
    from pypdfium2.raw import FPDFText_GetUnicode

    count = text_page.count_chars()
    text: str = text_page.get_text_range() if count > 0 else ""
    if len(text) == count:
        return text
    codes = (FPDFText_GetUnicode(text_page.raw, index) for index in range(count))
    return "".join(
        "\ufffd" if 0xD800 <= code < 0xE000 or code > 0x10FFFF else chr(code) for code in codes
    )


def _parts(text: str, boxes: _Boxes, start: int, end: int) -> Iterator[Line]:
    """The pieces of one line; most lines are one."""
    start += len(text[start:end]) - len(text[start:end].lstrip())
    end = start + len(text[start:end].rstrip())
    base, size = boxes.foot(start), boxes.size(start, end)
    place = text.find(" ", start + 1, end - 1)
    while place > 0:
        if boxes.side(place + 1, 0) - boxes.side(place - 1, 1) > _GAP * size:
            yield boxes.line(text, start, place, base, size)
            start = place + 1
        place = text.find(" ", place + 1, end - 1)
    yield boxes.line(text, start, end, base, size)


class _Boxes:
    """Where the characters of a page stand."""

    def __init__(self, text_page: Any) -> None:
        from ctypes import c_double

        from pypdfium2.raw import FPDFText_GetCharBox, FPDFText_GetCharOrigin

        self._page = text_page
        self._read, self._origin = FPDFText_GetCharBox, FPDFText_GetCharOrigin
        self._sides = (c_double(), c_double(), c_double(), c_double())

    def side(self, index: int, right: int) -> float:
        """The left or the right side of a character's ink."""
        self._read(self._page.raw, index, *self._sides)
        place: float = self._sides[right].value
        return place

    def foot(self, index: int) -> float:
        """The height of the line that a character stands on."""
        self._origin(self._page.raw, index, *self._sides[:2])
        base: float = self._sides[1].value
        return base

    def size(self, start: int, end: int) -> float:
        """The usual height of the boxes of some characters; a first letter may be another font."""
        heights = list[float]()
        for index in (start, (2 * start + end) // 3, (start + 2 * end) // 3):
            _, base, _, top = self._page.get_charbox(index, loose=True)
            heights.append(top - base)
        return round(min(max(median(heights), 1.0), 200.0), 2)

    def line(self, text: str, start: int, end: int, base: float, size: float) -> Line:
        left, right = self.side(start, 0), self.side(end - 1, 1)
        return Line(text[start:end].strip(), left, max(left, right), base, size)


@cache
def hyphenated(first: str, second: str) -> bool:
    """Whether two parts, cut at the end of a line, are a compound written with a hyphen.

    Each of them is then a far commoner word of English than the two written as one.
    """
    from wordfreq import zipf_frequency

    whole, *parts = (
        zipf_frequency(word.casefold(), "en") for word in (first + second, first, second)
    )
    return bool(min(parts) > 3 and whole < min(parts) - _COMPOUND)
