"""A page's text in units, its paragraphs, lines and items, and what has been taken out of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.cleaning.plain import without_marks
from rag.schema import Removal
from rag.sentences import line_blocks

OPENING_QUOTES = "\"'“‘«„"
_IMAGE = re.compile(r"\s*!\[([^\[\]\n]*)\]\([^\s()]*(?:\s+\"[^\"\n]*\")?\)\s*")
_MARKED_ITEM = re.compile(r"\s*(?:[-*+]|\d{1,3}[.)])\s")
HEADING = re.compile(r"\s{0,3}(#{1,6})\s+(.*?)[\s#]*")
_DECORATION = " \t•·*>»›→▶►|#_—–-"
_CLOSERS = " \t\"'”’»)]*"
_STOPS = (".", "!", "?", "…", ":", "。")


class Unit:
    """A paragraph, line or item of the page; `rule` is the one that took it out."""

    __slots__ = ("after_blank", "image", "is_heading", "is_item", "lines", "rule", "text")

    def __init__(self, lines: str, *, after_blank: bool) -> None:
        self.image = _IMAGE.fullmatch(lines)
        self.lines = "\n".join(map(without_marks, lines.split("\n")))
        self.after_blank = after_blank
        self.rule = ""
        self.text = " ".join(self.lines.split()).strip(_DECORATION)
        self.is_heading = HEADING.fullmatch(lines) is not None
        self.is_item = _MARKED_ITEM.match(lines) is not None or lines.lstrip().startswith("|")

    @property
    def is_story(self) -> bool:
        """Whether it reads as a paragraph of sentences."""
        return len(self.text) > 80 and self.lines.rstrip(_CLOSERS)[-1:] in _STOPS


class Page:
    """The units of a page, which of them went, and what was learnt on the way."""

    def __init__(self, lines: list[str], off: frozenset[str], title: str) -> None:
        self.off = off
        self.title = title
        self.author = self.credit = self.agency = self.dateline = ""
        self.published = self.modified = self.published_origin = ""
        self.captions: list[str] = []
        self.units = list(_units(lines))

    def drop(self, unit: Unit, rule: str) -> bool:
        """Take a unit out, unless the rule is off or another one has it already."""
        if unit.rule or rule in self.off:
            return False
        unit.rule = rule
        return True

    def kept(self) -> list[Unit]:
        """The units that are still in, in the order of the page."""
        return [unit for unit in self.units if not unit.rule]

    def text(self) -> str:
        """What is still in, with the paragraphs as they were."""
        parts, blank = list[str](), False
        for unit in self.units:
            blank |= unit.after_blank
            if not unit.rule:
                parts += ["\n\n" if blank else "\n", unit.lines]
                blank = False
        return "".join(parts).strip("\n")

    def removals(self) -> Iterator[Removal]:
        """What was taken out, in the order of the page."""
        return (Removal(rule=unit.rule, text=unit.lines) for unit in self.units if unit.rule)


def _units(lines: list[str]) -> Iterator[Unit]:
    """Blocks of lines, cut where they do not read on: clutter is seldom wrapped."""
    text = "\n".join(lines)
    last_end = 0
    for offset, block in line_blocks(text):
        after_blank = "\n\n" in text[last_end:offset]
        reads_on = re.search(r"\n\s*[^\WA-Z\d]", block)
        for part in re.split(r"(?<=[.!?:])\n" if reads_on else r"\n", block.strip("\n")):
            yield Unit(part, after_blank=after_blank)
            after_blank = False
        last_end = offset + len(block.rstrip("\n"))
