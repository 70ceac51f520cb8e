"""The months that a text names, for a filter on what it is about."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from rag.dates import MONTHS

_MONTH = "|".join(rf"{name[:3]}(?:{name[3:]})?" for name in MONTHS) + "|Sept"
_NUMBERS = {name[:3]: number for number, name in enumerate(MONTHS, start=1)}
_NAMED = re.compile(
    rf"\b(?:(?P<opening>{_MONTH})\.?(?:\s+\d{{1,2}})?\s*(?:to|and|or|until|through|[-–/])\s*)?"
    rf"(?:(?:\d{{1,2}}\.?\s+)?(?P<month>{_MONTH})\.?(?:\s+\d{{1,2}}(?:st|nd|rd|th)?)?,?\s+(?:of\s+)?)?"
    r"(?P<year>(?:1[5-9]|20)\d\d)(?:-(?P<number>0[1-9]|1[0-2])-\d\d)?(?![\d,.]*\d)\b"
)

_YEAR = re.compile(r"(?:1[5-9]|20)\d\d")


def month_number(day: date) -> int:
    """Months since the year 0: months compare and count by it."""
    return 12 * day.year + day.month - 1


def months(texts: Iterable[str]) -> set[int]:
    """The months that texts name together with their year, as numbers; of a bare year, all twelve.

    "March to May 2023" names three. A number such as 2,023 or 2023.5 is no year.
    """
    dated = filter(_YEAR.search, texts)  # few are, and this is seen far sooner
    return {month for text in dated for found in _NAMED.finditer(text) for month in _meant(found)}


def _meant(found: re.Match[str]) -> range:
    start = 12 * int(found["year"]) - 1
    if found["number"]:
        return range(start + int(found["number"]), start + int(found["number"]) + 1)
    if not found["month"]:
        return range(start + 1, start + 13)
    last = _NUMBERS[found["month"][:3]]
    first = _NUMBERS[found["opening"][:3]] if found["opening"] else last
    return range(start + (first if first <= last else last), start + last + 1)
