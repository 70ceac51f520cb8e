"""What stands above and below a story, and says who wrote it and when: noted, and taken out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from rag.cleaning import clutter
from rag.cleaning.units import HEADING, Page, Unit
from rag.dates import dateline_date, has_date_label, is_date_line, printed_dates

_UNNAMED = "The author"
_CURLY = str.maketrans("‘’“”", "''\"\"")


def drop_dates(page: Page) -> None:
    """Lines that are dates: with a label anywhere, without one only above the story.

    Where more lines without a label follow further down, they are the headings of a chronicle.
    """
    start = next((place for place, unit in enumerate(page.units) if unit.is_story), 4)
    lines = [
        (place, unit, has_date_label(unit.text))
        for place, unit in enumerate(page.units)
        if not unit.is_item and is_date_line(unit.text)
    ]
    above = all(place < start and not unit.is_heading for place, unit, known in lines if not known)
    labelled = [unit for _, unit, known in lines if known or above]
    said = printed_dates(unit.text for unit in labelled if page.drop(unit, "date"))
    page.published, page.modified = said.published or "", said.modified or ""
    page.published_origin = "page" if page.published else ""


def note_agency(page: Page, credit: str) -> None:
    """Keep an agency's credit, as the author where no other is known."""
    page.credit = page.credit or credit
    found = clutter.AGENCY_FIRST.match(credit)
    page.agency = page.agency or (found[0] if found else "")


def drop_end(page: Page) -> None:
    """What follows the story: the agency's name, who wrote it, and leftovers of the page."""
    kept = page.kept()
    agency = clutter.AGENCY_ALONE.fullmatch(kept[-1].lines.strip()) if len(kept) > 1 else None
    if agency and page.drop(kept[-1], "agency"):
        note_agency(page, agency[1])
    _drop_last_biography(page)
    _drop_sure_biographies(page)


def _drop_last_biography(page: Page) -> None:
    kept = page.kept()
    for place in range(len(kept) - 1, 0, -1):
        if _is_biography(page, kept, place):
            _drop_biography(page, kept, place)
            return
        if kept[place].is_story:
            return


def _drop_sure_biographies(page: Page) -> None:
    """Biographies that say so themselves, and what stands under "About the author"."""
    kept = page.kept()
    for place, unit in enumerate(kept):
        below = kept[place + 1 : place + 2]
        if clutter.ABOUT_AUTHOR.fullmatch(unit.text) and not unit.is_heading:
            page.drop(unit, "biography")
            for next_unit in below:
                if clutter.PERSON.match(next_unit.text) and len(next_unit.text) <= 900:
                    page.drop(next_unit, "biography")
        elif about := _surely_about(unit, is_last=unit is kept[-1]):
            named = "" if page.credit or about == _UNNAMED else about
            page.author = page.author or named
            page.drop(unit, "biography")
            if place and kept[place - 1].text == about:
                page.drop(kept[place - 1], "biography")


def _surely_about(unit: Unit, *, is_last: bool) -> str:
    """The name of the writer whom a unit is about, where it can be about nothing else."""
    if unit.is_item or unit.is_heading or len(unit.text) > 600:
        return ""
    about = clutter.SURE_BIOGRAPHY.match(unit.text)
    about = about or (clutter.LAST_BIOGRAPHY.fullmatch(unit.text) if is_last else None)
    if not about or clutter.REPORTED.search(unit.text) or clutter.EVENT.search(unit.text):
        return ""
    return next(filter(None, about.groups()), _UNNAMED)


def _is_biography(page: Page, kept: Sequence[Unit], place: int) -> bool:
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


def _drop_biography(page: Page, kept: Sequence[Unit], place: int) -> None:
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


def drop_head(page: Page) -> None:
    """What stands above the story: its title, who wrote it, the topic that it is filed under."""
    head = list(takewhile(lambda unit: not unit.is_story, page.kept()))[:10]
    last = page.kept()[-1:]
    for unit in page.kept():
        byline = clutter.BYLINE.fullmatch(unit.text)
        if not byline and (unit in head or unit in last):
            byline = clutter.POST.fullmatch(unit.text)
        if byline and not unit.is_item and not unit.is_heading:
            if unit in head or not page.author:
                page.author = byline["author"]
            page.drop(unit, "byline")
        elif unit not in head:
            continue
        elif _is_topic(unit) and _next(page, unit).rule == "caption":
            page.drop(unit, "topic")
    kept = page.kept()
    if kept:
        _note_title(page, kept[0], kept[1:2])
    _note_dateline(page)


def _next(page: Page, unit: Unit) -> Unit:
    place = page.units.index(unit) + 1
    return page.units[place] if place < len(page.units) else unit


def _is_topic(unit: Unit) -> bool:
    words = unit.text.split()
    return unit.text.islower() and len(words) <= 4 and all(word.isalpha() for word in words)


def _note_title(page: Page, first: Unit, second: Sequence[Unit]) -> None:
    heading = HEADING.fullmatch(first.lines)
    text = heading[2] if heading else " ".join(first.lines.split())
    if page.title:
        if _folded(text) == _folded(page.title):
            page.drop(first, "title")
        return
    if (heading and len(heading[1]) == 1) or (not heading and _is_title(first, second)):
        page.title = text
        page.drop(first, "title")


def _is_title(first: Unit, second: Sequence[Unit]) -> bool:
    """A short line above the story, without a full stop, in a paragraph of its own."""
    text = first.text
    if not second or first.is_item or "\n" in first.lines or not 2 <= len(text.split()) <= 30:
        return False
    if not 8 <= len(text) <= 200 or text[-1] in ".:;,…" or text[0].islower():
        return False
    return second[0].after_blank or len(second[0].text) > 120


def _folded(text: str) -> str:
    return " ".join(text.translate(_CURLY).casefold().split()).strip(" .")


def _note_dateline(page: Page) -> None:
    opening = (unit for unit in page.kept()[:5] if len(unit.text) > 60)
    for unit in opening:
        if not page.published and (day := dateline_date(unit.text)):
            page.published, page.published_origin = day, "dateline"
        found = clutter.DATELINE.match(unit.text)
        if found and (found["dash"] in "—–" or found["agency"] or found["place"].isupper()):
            page.dateline = found["place"]
            if found["agency"]:
                note_agency(page, found["agency"].strip(" ()"))
            return
