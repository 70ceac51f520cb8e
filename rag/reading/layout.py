"""Printed lines -> paragraphs: reading order, running heads, headings and mended hyphens. Pure.

Positions are in points, from the lower left corner of the page, as PDF has them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

RUNNING = "running head"
"""The rule under which repeated heads, feet and page numbers go."""
_CLOSERS = "\"'”’»)]"
_STOPS = (".", "!", "?", "…", ":", "。", "！", "？")
_HYPHENS = ("-", "\u2010", "\u00ad", "\x02", "\ufffe")
"""The last two are how PDFium marks a hyphen at the end of a line."""
_BULLET = re.compile(r"[•‣▪●◦–*·-]\s+(?=\S)")
_FOLIO = re.compile(
    r"[\s|·–—-]*(?:(?:page|p\.|seite|página|pagina)\s*)?(?:\d{1,4}|[ivxlc]{1,6})"
    r"(?:\s*(?:of|/|von|de|sur)\s*\d{1,4})?[\s|·–—-]*",
    re.IGNORECASE,
)
_EDGE = 3
"""Lines at the top and at the bottom of a page that may be running heads and feet."""


@dataclass(frozen=True, slots=True)
class Line:
    """A printed line, or its part in one column."""

    text: str
    left: float
    right: float
    base: float
    """The height at which it stands."""
    size: float
    """Of its letters."""


Page = Sequence[Line]
Hyphenated = Callable[[str, str], bool]
"""Whether two parts of a word are written with a hyphen between them."""


def ordered(page: Page) -> list[Line]:
    """The lines as they are read: as the file has them, unless that order is none.

    Files nearly always hold their text in reading order, over columns too. Where it jumps about,
    lines go from top to bottom, and columns of running text from left to right.
    """
    gutter = _gutter(page)
    if not _jumps(page) and (gutter is None or not _interleaved(page, gutter)):
        return list(_joined_rows(page))
    if gutter is None:
        return list(_joined_rows(sorted(page, key=lambda line: (-round(line.base), line.left))))
    left, right, found = list[Line](), list[Line](), list[Line]()
    for line in sorted(page, key=lambda line: (-line.base, line.left)):
        if line.right <= gutter:
            left.append(line)
        elif line.left >= gutter - 1:
            right.append(line)
        else:
            found += [*ordered(left), *ordered(right), line]
            left, right = [], []
    return [*found, *ordered(left), *ordered(right)]


def without_running(pages: Sequence[Page]) -> tuple[list[list[Line]], list[str]]:
    """The pages without what repeats at their edges and without their numbers, and those lines."""
    edges = [_edge_lines(page) for page in pages]
    seen = Counter(key for edge in edges for key in set(edge.values()))
    least = max(3, 0.3 * len(pages)) if len(pages) > 2 else 2
    largest = 1.2 * body_size(pages)  # a headline is none, even where it is repeated in small
    kept, gone = list[list[Line]](), list[str]()
    for page, edge in zip(pages, edges, strict=True):
        going = {
            line
            for line, key in edge.items()
            if (len(pages) > 1 and seen[key] >= least and line.size < largest)
            or _is_folio(line, page)
        }
        gone += [line.text for line in page if line in going]
        kept.append([line for line in page if line not in going])
    return kept, list(dict.fromkeys(gone))


def body_size(pages: Iterable[Page]) -> float:
    """The size that most letters have; 0 where there is no text."""
    sizes = Counter[float]()
    for page in pages:
        for line in page:
            sizes[round(line.size, 1)] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def headline(page: Page, body: float) -> str:
    """The largest lines of the first page, where they are larger than its text; else empty."""
    readable = [line for line in page if sum(map(str.isalpha, line.text)) > 3]
    largest = max((line.size for line in readable), default=0.0)
    if largest < body * 1.2:
        return ""
    found = list[str]()
    for line in page:
        if line.size > largest * 0.95:
            found.append(line.text)
        elif found:
            break
    return " ".join(found)[:300]


def paragraphs(pages: Iterable[Page], hyphenated: Hyphenated) -> list[str]:
    """The paragraphs of ordered pages: headings as `## …`, items of lists as `- …`.

    Args:
        pages: without running heads.
        hyphenated: decides it for a word that was cut at the end of a line.
    """
    lines = [line for page in pages for line in page]
    body = body_size([lines])
    edges, leading = _right_edges(lines), _leading(lines)
    compounds = {
        word.casefold()
        for line in lines
        for word in re.findall(r"\w+(?:-\w+)+\b(?!-?$)", line.text)
    }
    blocks = list[list[Line]]()
    for line in lines:
        if blocks and not _begins(blocks[-1], line, edges, leading):
            blocks[-1].append(line)
        else:
            blocks.append([line])
    return [_written(block, body, hyphenated, compounds) for block in blocks]


def _jumps(page: Page) -> bool:
    """Whether lines go up the page other than to open the next column."""
    ups = sum(
        after.base > before.base + 0.5 * before.size and after.left < before.right
        for before, after in pairwise(page)
    )
    return ups > 2


def _interleaved(page: Page, gutter: float) -> bool:
    """Whether a line of the left column is followed by the one beside it."""
    beside = sum(
        abs(after.base - before.base) < 0.3 * before.size
        and before.right <= gutter
        and after.left >= gutter - 1
        for before, after in pairwise(page)
    )
    return beside > 2


def _gutter(page: Page) -> float | None:
    """Where a right column of running text begins, if there is one."""
    best, place = 0, None
    for edge in sorted({round(line.left) for line in page}):
        left = [line for line in page if line.right <= edge]
        right = [line for line in page if line.left >= edge - 1]
        narrower = min(len(left), len(right))
        if narrower <= max(best, 3, len(page) - len(left) - len(right)):
            continue
        if not (_prose(left) and _prose(right)):
            continue
        beside = min(max(line.base for line in part) for part in (left, right))
        if beside > max(min(line.base for line in part) for part in (left, right)):
            best, place = narrower, edge
    return place


def _prose(lines: Sequence[Line]) -> bool:
    """Whether the lines are as wide as those of running text, and not the cells of a table."""
    rows = list(_joined_rows(sorted(lines, key=lambda line: (-round(line.base), line.left))))
    return median((row.right - row.left) / max(row.size, 1) for row in rows) > 10


def _joined_rows(rows: Iterable[Line]) -> Iterator[Line]:
    """Parts of one printed line as one."""
    row: Line | None = None
    for line in rows:
        if row and abs(row.base - line.base) < 0.3 * row.size and line.left >= row.right - 1:
            row = Line(f"{row.text} {line.text}", row.left, line.right, row.base, row.size)
        else:
            if row:
                yield row
            row = line
    if row:
        yield row


def _edge_lines(page: Page) -> dict[Line, tuple[str, bool]]:
    """The lines at the top and the bottom, each with what is the same on other pages.

    That is its text but for numbers, and whether it stands at the top.
    """
    heights = sorted({round(line.base) for line in page})
    count = _EDGE if len(heights) > 2 * _EDGE else 1
    low, high = set(heights[:count]), set(heights[-count:])
    return {
        line: (re.sub(r"\d+", "0", line.text.casefold()), round(line.base) in high)
        for line in page
        if round(line.base) in low | high
    }


def _is_folio(line: Line, page: Page) -> bool:
    """Whether a line is a page number: it stands alone, apart from the text."""
    return _FOLIO.fullmatch(line.text) is not None and all(
        other is line or abs(other.base - line.base) > 2 * line.size for other in page
    )


def _right_edges(lines: Iterable[Line]) -> dict[int, float]:
    """How far to the right lines reach that begin at the same place."""
    edges = dict[int, float]()
    for line in lines:
        for place in _near(line):
            edges[place] = max(edges.get(place, 0.0), line.right)
    return edges


def _near(line: Line) -> range:
    place = round(line.left / 12)
    return range(place - 2, place + 3)


def _leading(lines: Sequence[Line]) -> float:
    """The usual distance between lines of a paragraph, in sizes of their letters."""
    gaps = [
        (before.base - after.base) / before.size
        for before, after in pairwise(lines)
        if before.size > 0 and 0 < before.base - after.base < 3 * before.size
    ]
    return sorted(gaps)[len(gaps) // 3] if gaps else 1.2


def _begins(block: Sequence[Line], line: Line, edges: dict[int, float], leading: float) -> bool:
    """Whether a line opens a paragraph after the block before it."""
    last = block[-1]
    if abs(line.size - last.size) > 0.12 * last.size or _BULLET.match(line.text):
        return True
    ended = last.text.rstrip(_CLOSERS).endswith(_STOPS)
    gap = last.base - line.base
    if gap < 0:  # the next column or page
        return ended
    if gap > (leading + 0.35) * last.size:
        return True
    width = edges[round(last.left / 12)] - last.left
    short = last.right < last.left + 0.85 * width
    indented = line.left > last.left + 0.8 * line.size
    is_item = _BULLET.match(block[0].text) is not None
    return (ended and short) or (indented and ended and not is_item)


def _written(
    block: Sequence[Line], body: float, hyphenated: Hyphenated, compounds: set[str]
) -> str:
    text = ""
    for line in block:
        text = (
            _mended(text, line.text.strip(), hyphenated, compounds) if text else line.text.strip()
        )
    text = " ".join(text.rstrip("".join(_HYPHENS[2:])).split())
    if item := _BULLET.match(text):
        return f"- {text[item.end() :]}"
    heading = block[0].size > 1.15 * body and len(text) < 160 and not text.endswith((".", ","))
    return f"## {text}" if heading else text


def _mended(text: str, following: str, hyphenated: Hyphenated, compounds: set[str]) -> str:
    """Two lines as one; a word that was cut between them is whole again."""
    if not text.endswith(_HYPHENS) or not following[:1].islower():
        return f"{text} {following}"
    before, after = re.search(r"[^\W_]*$", text[:-1]), re.match(r"[^\W_]*", following)
    first, second = before[0] if before else "", after[0] if after else ""
    if not first or not second:
        return f"{text} {following}"
    if text[-1] in _HYPHENS[2:3]:  # a soft hyphen is never written
        return text[:-1] + following
    written = f"{first}-{second}".casefold() in compounds
    hyphen = "-" if written or hyphenated(first, second) else ""
    return f"{text[:-1]}{hyphen}{following}"
