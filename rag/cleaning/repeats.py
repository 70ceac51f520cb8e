"""Lines that a publisher repeats across its articles: clutter that no general rule knows.

A function of the set of texts alone: the same articles give the same lines, in whatever order and
in however many parts they arrive. Give all texts of a publisher, those stored before included, as
they are after cleaning and before any repeated line was taken out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from rag.cleaning import clutter
from rag.cleaning.units import OPENING_QUOTES
from rag.schema import Removal

RULE = "repeated"
"""The name of the rule, as in `ingest.cleaning_off`."""
FEWEST_ARTICLES = 5
"""Below it, nothing is known of a publisher's habits."""
_FEWEST_REPEATS = 3
_SHARE = 0.2
"""A line repeats from these many articles, and from this share of them."""
_LONGEST = 200
"""Characters of a line that is looked at."""
_COPIES = 0.4
"""Two articles with this share of the smaller one's text in common are copies, and count once."""
_PARAGRAPH = 80
"""Characters from which a sentence is a paragraph of the story."""
_MOST_HOLDERS = 50
"""A line of more articles than this tells nothing of copies."""
_HEADING = re.compile(r"\s{0,3}#{1,6}\s")
_MARK = re.compile(r"\s{0,8}(?:[-*+•]|\d{1,3}[.)]|[|>])\s")
_SENTENCE = re.compile(r"[a-z]{2,}[.!?][\"”’)]{0,2}$")


def repeated_lines(texts: Sequence[str]) -> frozenset[str]:
    """The short lines that recur in a publisher's articles and are no story text.

    A line recurs from 3 articles and 20 % of them. What may be story needs half of them: a line
    that always stands like a heading above a paragraph, and a sentence, which must never stand
    between paragraphs. Copies of one article count as one, or
    all their lines would recur. Headings, items, quotations and lines that report what somebody
    said stay.

    Args:
        texts: the cleaned text of each article; fewer than 5 that differ give nothing.
    """
    groups = _without_copies([_lines(text) for text in texts])
    if len(groups) < FEWEST_ARTICLES:
        return frozenset()
    seen = Counter(line for lines in groups for line in lines)
    needed = max(_FEWEST_REPEATS, _SHARE * len(groups))
    return frozenset(
        line
        for line, count in seen.items()
        if count >= needed
        and _is_bare(line)
        and (2 * count >= len(groups) or not _may_be_story(line, groups))
        and not (_SENTENCE.search(line) and _places(line, groups) != {"edge"})
    )


def without_repeated(text: str, lines: Collection[str]) -> tuple[str, tuple[Removal, ...]]:
    """A text without the lines given, and what went, in the order of the text."""
    kept, gone = list[str](), list[Removal]()
    for line in text.split("\n"):
        if line.strip() in lines:
            gone.append(Removal(rule=RULE, text=line))
        else:
            kept.append(line)
    if not gone:
        return text, ()
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip("\n"), tuple(gone)


def _lines(text: str) -> dict[str, str]:
    """The distinct lines of a text, each with where it stands first.

    "edge" is above or below all paragraphs of the story, "heading" right above one of them,
    "inside" anywhere else between them.
    """
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    story = [len(line) > _PARAGRAPH and bool(_SENTENCE.search(line)) for line in lines]
    first = story.index(True) if any(story) else 0
    last = len(story) - 1 - story[::-1].index(True) if any(story) else len(lines)
    found = dict[str, str]()
    for place, line in enumerate(lines):
        within = "heading" if any(story[place + 1 : place + 2]) else "inside"
        found.setdefault(line, within if first <= place <= last else "edge")
    return found


def _is_bare(line: str) -> bool:
    """Whether a line is short and has none of the marks of story text."""
    if len(line) > _LONGEST or line[0] in OPENING_QUOTES or not any(map(str.isalnum, line)):
        return False
    return not (_HEADING.match(line) or _MARK.match(line) or clutter.REPORTED.search(line))


def _may_be_story(line: str, groups: Sequence[Mapping[str, str]]) -> bool:
    """Whether a line is a sentence, or stands above paragraphs as a heading does."""
    return _SENTENCE.search(line) is not None or _places(line, groups) == {"heading"}


def _places(line: str, groups: Sequence[Mapping[str, str]]) -> set[str]:
    return {lines[line] for lines in groups if line in lines}


def _without_copies(articles: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
    """One article of each group of copies: the first in the order of their lines."""
    ordered = sorted(articles, key=lambda lines: tuple(sorted(lines)))
    holders = dict[str, list[int]]()
    kept = list[Mapping[str, str]]()
    for lines in ordered:
        shared = Counter[int]()
        for line in lines:
            for other in holders.get(line, ())[:_MOST_HOLDERS]:
                shared[other] += len(line)
        size = sum(map(len, lines))
        if not any(_are_copies(common, size, kept[other]) for other, common in shared.items()):
            for line in lines:
                holders.setdefault(line, []).append(len(kept))
            kept.append(lines)
    return kept


def _are_copies(common: int, size: int, other: Mapping[str, str]) -> bool:
    return common > _COPIES * min(size, sum(map(len, other)))
