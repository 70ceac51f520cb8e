"""Text -> text: what a news page holds besides the story goes, and every removal is kept.

The rules are conservative. Each looks at short lines that match a strong pattern of `clutter.py`,
and at where they stand; a line that reports what somebody said, that opens with a quotation mark
or that is an item of a list is story text. What is not clearly clutter stays.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from rag import clutter
from rag.errors import SettingsError
from rag.plain import even_lines, without_invisible, without_marks
from rag.schema import Removal
from rag.sentences import line_blocks

RULES = (
    *("invisible", "title", "topic", "byline", "caption", "related", "biography", "footer"),
    *clutter.LINE_RULES,
)
"""The names of the rules; each can be switched off."""

_LONGEST = 1500
"""Characters of a line that is looked at; longer ones are story text."""
_IMAGE = re.compile(r"\s*!\[([^\[\]\n]*)\]\([^\s()]*(?:\s+\"[^\"\n]*\")?\)\s*")
_MARKED_ITEM = re.compile(r"\s*(?:[-*+]|\d{1,3}[.)])\s")
_HEADING = re.compile(r"\s{0,3}(#{1,6})\s+(.*?)[\s#]*")
_DECORATION = " \t•·*>»›→▶►|#_—–-"
_OPENING_QUOTES = "\"'“‘«„"
_CLOSERS = " \t\"'”’»)]*"
_STOPS = (".", "!", "?", "…", ":", "。")
_CURLY = str.maketrans("‘’“”", "''\"\"")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """A cleaned text and what the page said around it; empty where it said nothing."""

    text: str
    title: str = ""
    """The one given, else the page's own, which is then no longer in the text."""
    dateline: str = ""
    """The place before the dash that opens the story; it stays in the text."""
    author: str = ""
    """The byline, else the agency's credit as written."""
    agency: str = ""
    captions: tuple[str, ...] = ()
    removals: tuple[Removal, ...] = ()
    """In the order of the page."""


def clean(text: str, title: str = "", off: Collection[str] = ()) -> Cleaned:
    """Take out what is not the story.

    Args:
        text: plain text or Markdown without its front matter, as it was read.
        title: the title where it is known; else it is taken from the head of the page.
        off: names of `RULES` to leave out. Line ends, spaces and Markdown marks are always put
            in order.

    Raises:
        SettingsError: `off` names a rule that does not exist.
    """
    if unknown := sorted(set(off) - set(RULES)):
        raise SettingsError(f"cleaning_off: no rule {unknown[0]!r}; rules are {', '.join(RULES)}")
    visible, hidden = (text, ()) if "invisible" in off else without_invisible(text)
    page = _Page(even_lines(visible), off=frozenset(off), title=" ".join(title.split()))
    for pass_over in (_drop_lines, _drop_related, _drop_end, _drop_head):
        pass_over(page)
    return Cleaned(
        text=page.text(),
        title=page.title,
        dateline=page.dateline,
        author=page.author or page.credit,
        agency=page.agency,
        captions=tuple(dict.fromkeys(page.captions)),
        removals=(*hidden, *page.removals()),
    )


class _Unit:
    """A paragraph, line or item of the page; `rule` is the one that took it out."""

    __slots__ = ("after_blank", "image", "is_heading", "is_item", "lines", "rule", "text")

    def __init__(self, lines: str, *, after_blank: bool) -> None:
        self.image = _IMAGE.fullmatch(lines)
        self.lines = "\n".join(map(without_marks, lines.split("\n")))
        self.after_blank = after_blank
        self.rule = ""
        self.text = " ".join(self.lines.split()).strip(_DECORATION)
        self.is_heading = _HEADING.fullmatch(lines) is not None
        self.is_item = _MARKED_ITEM.match(lines) is not None or lines.lstrip().startswith("|")

    @property
    def is_story(self) -> bool:
        """Whether it reads as a paragraph of sentences."""
        return len(self.text) > 80 and self.lines.rstrip(_CLOSERS)[-1:] in _STOPS


class _Page:
    """The units of a page, which of them went, and what was learnt on the way."""

    def __init__(self, lines: list[str], off: frozenset[str], title: str) -> None:
        self.off = off
        self.title = title
        self.author = self.credit = self.agency = self.dateline = ""
        self.captions: list[str] = []
        self.units = list(_units(lines))

    def drop(self, unit: _Unit, rule: str) -> bool:
        """Take a unit out, unless the rule is off or another one has it already."""
        if unit.rule or rule in self.off:
            return False
        unit.rule = rule
        return True

    def kept(self) -> list[_Unit]:
        return [unit for unit in self.units if not unit.rule]

    def text(self) -> str:
        parts, blank = list[str](), False
        for unit in self.units:
            blank |= unit.after_blank
            if not unit.rule:
                parts += ["\n\n" if blank else "\n", unit.lines]
                blank = False
        return "".join(parts).strip("\n")

    def removals(self) -> Iterator[Removal]:
        return (Removal(rule=unit.rule, text=unit.lines) for unit in self.units if unit.rule)


def _units(lines: list[str]) -> Iterator[_Unit]:
    """Blocks of lines, cut where they do not read on: clutter is seldom wrapped."""
    text = "\n".join(lines)
    last_end = 0
    for offset, block in line_blocks(text):
        after_blank = "\n\n" in text[last_end:offset]
        reads_on = re.search(r"\n\s*[^\WA-Z\d]", block)
        for part in re.split(r"(?<=[.!?:])\n" if reads_on else r"\n", block.strip("\n")):
            yield _Unit(part, after_blank=after_blank)
            after_blank = False
        last_end = offset + len(block.rstrip("\n"))


def _drop_lines(page: _Page) -> None:
    """Lines that are clutter wherever they stand."""
    for unit in page.units:
        if not 0 < len(unit.text) <= _LONGEST or unit.is_heading:
            continue
        if unit.image:
            _drop_caption(page, unit, unit.image[1])
        elif _is_caption(unit):
            _drop_caption(page, unit, unit.text)
        elif (rule := _line_rule(unit)) and page.drop(unit, rule) and rule == "agency":
            _note_agency(page, unit.text)


def _drop_caption(page: _Page, unit: _Unit, caption: str) -> None:
    if page.drop(unit, "caption") and caption:
        page.captions.append(caption)


def _is_caption(unit: _Unit) -> bool:
    text = unit.text
    if unit.is_item or len(text) > 600:
        return False
    credit = clutter.CREDIT_LINE.fullmatch(text) and (len(text.split()) <= 9 or text[0] == "(")
    return bool(credit or clutter.PICTURE_LINE.fullmatch(text) or clutter.CAPTION.fullmatch(text))


def _line_rule(unit: _Unit) -> str:
    if unit.text[0] in _OPENING_QUOTES or clutter.REPORTED.search(unit.text):
        return ""
    if unit.is_item and len(unit.text.split()) < 4:  # "- Comments" is an item of somebody's list
        return ""
    return next(
        (name for name, rule in clutter.LINE_RULES.items() if rule.fullmatch(unit.text)), ""
    )


def _note_agency(page: _Page, credit: str) -> None:
    page.credit = page.credit or credit
    found = clutter.AGENCY_FIRST.match(credit)
    page.agency = page.agency or (found[0] if found else "")


def _drop_related(page: _Page) -> None:
    """Links to other stories: lines that say so, and labels with the list below them."""
    kept = page.kept()
    last_story = max((place for place, unit in enumerate(kept) if unit.is_story), default=-1)
    for place, unit in enumerate(kept):
        if unit.rule or not unit.text or len(unit.text) > 300 or unit.text[0] in _OPENING_QUOTES:
            continue
        if _is_related_line(unit):
            page.drop(unit, "related")
        elif clutter.RELATED_LABEL.fullmatch(unit.text):
            items = _items_below(kept, place, last_story)
            strong = clutter.RELATED_STRONG.fullmatch(unit.text) or unit.lines.endswith(":")
            if len(items) > 1 or (strong and (items or not unit.is_heading)):
                for item in (unit, *items):
                    page.drop(item, "related")


def _is_related_line(unit: _Unit) -> bool:
    if unit.is_heading or clutter.REPORTED.search(unit.text):
        return False
    if clutter.CLICK_HERE.fullmatch(unit.text):
        return True
    line = clutter.RELATED_LINE.fullmatch(unit.text)
    if line:
        return not line["headline"][0].islower()
    link = clutter.RELATED_LINK.fullmatch(unit.text)
    return link is not None and _in_title_case(link["headline"])


def _items_below(kept: Sequence[_Unit], place: int, last_story: int) -> list[_Unit]:
    """The headlines below a label, but not a heading of the story that follows them."""
    below = list(takewhile(_is_headline, kept[place + 1 : place + 31]))
    if last_story > place and len(below) > 1 and not below[-1].is_item:
        return below if all(_in_title_case(unit.text) for unit in below) else below[:-1]
    return below


def _is_headline(unit: _Unit) -> bool:
    text = unit.text
    return (
        not unit.is_heading
        and 8 <= len(text) <= 160
        and len(text.split()) >= 3
        and text[-1] not in ".:;,…"
        and not text[0].islower()
        and not clutter.RELATED_LABEL.fullmatch(text)
        and not clutter.BYLINE.fullmatch(text)
    )


def _in_title_case(text: str) -> bool:
    words = [word.strip(_OPENING_QUOTES) for word in text.split() if len(word) > 3]
    return sum(word[:1].isupper() or word[:1].isdigit() for word in words) >= 0.7 * len(words) > 0


def _drop_end(page: _Page) -> None:
    """What follows the story: the agency's name, who wrote it, and leftovers of the page."""
    kept = page.kept()
    if kept and (agency := clutter.AGENCY_ALONE.fullmatch(kept[-1].lines.strip())):
        if len(kept) > 1 and page.drop(kept[-1], "agency"):
            _note_agency(page, agency[1])
        kept = page.kept()
    for place in range(len(kept) - 1, 0, -1):
        if _is_biography(page, kept, place):
            _drop_biography(page, kept, place)
            return
        if kept[place].is_story:
            return


def _is_biography(page: _Page, kept: Sequence[_Unit], place: int) -> bool:
    unit = kept[place]
    about = clutter.BIOGRAPHY.match(unit.text)
    if not about or len(unit.text) > 900 or unit.is_item:
        return False
    before = page.units[page.units.index(unit) - 1]
    return (
        kept[place - 1].text == about["author"]
        or before.rule in {"agency", "related", "biography", "newsletter"}
        or clutter.CONTACT.search(unit.text) is not None
    )


def _drop_biography(page: _Page, kept: Sequence[_Unit], place: int) -> None:
    about = clutter.BIOGRAPHY.match(kept[place].text)
    author = about["author"] if about else ""
    if not page.drop(kept[place], "biography"):
        return
    page.author = page.author or ("" if page.credit else author)
    if kept[place - 1].text == author:
        page.drop(kept[place - 1], "biography")
    after = kept[place + 1 :]
    if len(after) <= 8 and all(len(unit.text) <= 60 for unit in after):
        for unit in after:
            page.drop(unit, "footer")


def _drop_head(page: _Page) -> None:
    """What stands above the story: its title, who wrote it, the topic that it is filed under."""
    head = list(takewhile(lambda unit: not unit.is_story, page.kept()))[:10]
    for unit in head:
        if byline := clutter.BYLINE.fullmatch(unit.text):
            page.author = byline["author"]
            page.drop(unit, "byline")
        elif _is_topic(unit) and _next(page, unit).rule == "caption":
            page.drop(unit, "topic")
    kept = page.kept()
    if kept:
        _note_title(page, kept[0], kept[1:2])
    _note_dateline(page)


def _next(page: _Page, unit: _Unit) -> _Unit:
    place = page.units.index(unit) + 1
    return page.units[place] if place < len(page.units) else unit


def _is_topic(unit: _Unit) -> bool:
    words = unit.text.split()
    return unit.text.islower() and len(words) <= 4 and all(word.isalpha() for word in words)


def _note_title(page: _Page, first: _Unit, second: Sequence[_Unit]) -> None:
    heading = _HEADING.fullmatch(first.lines)
    text = heading[2] if heading else " ".join(first.lines.split())
    if page.title:
        if _folded(text) == _folded(page.title):
            page.drop(first, "title")
        return
    if (heading and len(heading[1]) == 1) or (not heading and _is_title(first, second)):
        page.title = text
        page.drop(first, "title")


def _is_title(first: _Unit, second: Sequence[_Unit]) -> bool:
    """A short line above the story, without a full stop, in a paragraph of its own."""
    text = first.text
    if not second or first.is_item or "\n" in first.lines or not 2 <= len(text.split()) <= 30:
        return False
    if not 8 <= len(text) <= 200 or text[-1] in ".:;,…" or text[0].islower():
        return False
    return second[0].after_blank or len(second[0].text) > 120


def _folded(text: str) -> str:
    return " ".join(text.translate(_CURLY).casefold().split()).strip(" .")


def _note_dateline(page: _Page) -> None:
    opening = (unit for unit in page.kept()[:5] if len(unit.text) > 60)
    for unit in opening:
        found = clutter.DATELINE.match(unit.text)
        if found and (found["dash"] in "—–" or found["agency"] or found["place"].isupper()):
            page.dateline = found["place"]
            if found["agency"]:
                _note_agency(page, found["agency"].strip(" ()"))
            return
