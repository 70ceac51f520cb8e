"""Text -> text: what a news page holds besides the story goes, and every removal is kept.

The rules are conservative. Each looks at short lines that match a strong pattern of `clutter.py` or
`clutter_lines.py`, and at where they stand; a line that reports what somebody said, that opens with
a quotation mark or that is an item of a list is story text. What is not clearly clutter stays.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import takewhile

from rag.cleaning import clutter
from rag.cleaning.clean_ends import drop_dates, drop_end, drop_head, note_agency
from rag.cleaning.clutter_lines import LINE_RULES, line_rules
from rag.cleaning.plain import even_lines, without_invisible
from rag.cleaning.units import OPENING_QUOTES, Page, Unit
from rag.errors import SettingsError
from rag.schema import Removal

RULES = (
    *("invisible", "title", "topic", "byline", "date", "caption", "related", "biography", "footer"),
    *LINE_RULES,
)
"""The names of the rules; each can be switched off."""
LATER_RULES = ("repeated",)
"""Rules that need several articles (`repeats.py`): accepted among those to leave out."""

_LONGEST = 1500
"""Characters of a line that is looked at; longer ones are story text."""
_FEWEST_OF_A_HEADING = 3
"""Words of a heading that a rule is sure of."""
_FEWEST_OF_A_HEADLINE = 6
"""Words from which a line alone below a label is a link; fewer are a heading of the story."""


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
    published: str = ""
    """The day that a date line or the dateline gives, as ISO 8601; only where unmistakable."""
    published_origin: str = ""
    """"page" for a date line, "dateline" for a dateline."""
    modified: str = ""
    """The day of the last change by a line such as "Updated: 6 July 2023"."""
    partial: bool = False
    """Whether a line says that the rest of the article is for subscribers."""
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
    known = (*RULES, *LATER_RULES)
    if unknown := sorted(set(off) - set(known)):
        raise SettingsError(f"cleaning_off: no rule {unknown[0]!r}; rules are {', '.join(known)}")
    visible, hidden = (text, ()) if "invisible" in off else without_invisible(text)
    page = Page(even_lines(visible), off=frozenset(off), title=" ".join(title.split()))
    for pass_over in (drop_dates, _drop_lines, _drop_related, drop_end, drop_head):
        pass_over(page)
    return Cleaned(
        text=page.text(),
        title=page.title,
        dateline=page.dateline,
        author=page.author or page.credit,
        agency=page.agency,
        published=page.published,
        published_origin=page.published_origin,
        modified=page.modified,
        partial=any(clutter.PARTIAL.fullmatch(unit.text) for unit in page.units if unit.rule),
        captions=tuple(dict.fromkeys(page.captions)),
        removals=(*hidden, *page.removals()),
    )


def _drop_lines(page: Page) -> None:
    """Lines that are clutter wherever they stand."""
    for unit in page.units:
        if not 0 < len(unit.text) <= _LONGEST:
            continue
        if unit.is_heading and len(unit.text.split()) < _FEWEST_OF_A_HEADING:
            continue  # a section of a story may be called "Comments"
        if unit.image:
            _drop_caption(page, unit, unit.image[1])
        elif _is_caption(unit):
            _drop_caption(page, unit, unit.text)
        elif (rule := _line_rule(unit)) and page.drop(unit, rule) and rule == "agency":
            note_agency(page, unit.text)


def _drop_caption(page: Page, unit: Unit, caption: str) -> None:
    if page.drop(unit, "caption") and caption:
        page.captions.append(caption)


def _is_caption(unit: Unit) -> bool:
    text = unit.text
    if unit.is_item or len(text) > 600:
        return False
    credit = clutter.CREDIT_LINE.fullmatch(text) and (len(text.split()) <= 9 or text[0] == "(")
    return bool(credit or clutter.PICTURE_LINE.fullmatch(text) or clutter.CAPTION.fullmatch(text))


def _line_rule(unit: Unit) -> str:
    if unit.text[0] in OPENING_QUOTES or clutter.REPORTED.search(unit.text):
        return ""
    if unit.is_item and len(unit.text.split()) < 4 and not _is_framed(unit):
        return ""  # "- Comments" is an item of somebody's list
    texts = {unit.text, unit.text.strip("()[]")}
    return next(
        (name for name, rule in line_rules().items() if any(map(rule.fullmatch, texts))), ""
    )


def _is_framed(unit: Unit) -> bool:
    """Whether a line has a dash on both sides: "- Advertisement -"."""
    return unit.lines.strip()[-1:] in "-–—*"


def _drop_related(page: Page) -> None:
    """Links to other stories: lines that say so, and labels with the list below them."""
    kept = page.kept()
    last_story = max((place for place, unit in enumerate(kept) if unit.is_story), default=-1)
    for place, unit in enumerate(kept):
        if unit.rule or not unit.text or len(unit.text) > 300 or unit.text[0] in OPENING_QUOTES:
            continue
        if place == 0 and not page.title:  # "Video: Inside the new plant" may be the title
            continue
        if _is_related_line(unit):
            page.drop(unit, "related")
        elif clutter.RELATED_LABEL.fullmatch(unit.text) or _stands_alone(unit):
            items = _items_below(kept, place, last_story)
            strong = clutter.RELATED_STRONG.fullmatch(unit.text) or unit.lines.endswith(":")
            if len(items) > 1 or (strong and (items or not unit.is_heading)):
                for item in (unit, *items):
                    page.drop(item, "related")
            elif _stands_alone(unit):
                page.drop(unit, "related")


def _stands_alone(unit: Unit) -> bool:
    return not unit.is_heading and clutter.RELATED_ALONE.fullmatch(unit.text) is not None


def _is_related_line(unit: Unit) -> bool:
    if unit.is_heading or clutter.REPORTED.search(unit.text):
        return False
    if clutter.CLICK_HERE.fullmatch(unit.text):
        return True
    line = clutter.RELATED_LINE.fullmatch(unit.text)
    if line:
        return not line["headline"][0].islower()
    if clutter.MEDIA_LINK.fullmatch(unit.text) or _is_shouted(unit.text):
        return True
    link = clutter.RELATED_LINK.fullmatch(unit.text)
    return link is not None and _in_title_case(link["headline"])


def _is_shouted(text: str) -> bool:
    """Whether a line is a headline in capitals, as some sites set links among paragraphs."""
    capitals = sum(map(str.isupper, text))
    enough = len(text.split()) > _FEWEST_OF_A_HEADLINE and 2 * capitals > len(text)
    return enough and text.isupper() and text[-1] not in ".!?:;,"


def _items_below(kept: Sequence[Unit], place: int, last_story: int) -> list[Unit]:
    """The headlines below a label, but not a heading of the story that follows them."""
    below = list(takewhile(_is_headline, kept[place + 1 : place + 31]))
    if last_story <= place or not below or below[-1].is_item:
        return below
    if len(below) == 1 and len(below[0].text.split()) >= _FEWEST_OF_A_HEADLINE:
        return below
    return below if all(_in_title_case(unit.text) for unit in below) else below[:-1]


def _is_headline(unit: Unit) -> bool:
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
    words = [word.strip(OPENING_QUOTES) for word in text.split() if len(word) > 3]
    return sum(word[:1].isupper() or word[:1].isdigit() for word in words) >= 0.7 * len(words) > 0
