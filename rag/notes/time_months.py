"""Months, seasons, years and their parts: "in March", "last autumn", "the first half of 2024"."""

from __future__ import annotations

import re
from datetime import date
from functools import cache

from rag.notes import days
from rag.notes.days import Days
from rag.notes.tense import Tense
from rag.notes.time_units import the_unit, which_unit
from rag.notes.times import (
    MONTH,
    MONTH_NUMBER,
    OF_YEAR,
    ORDINAL,
    WHICH,
    YEAR,
    Meant,
    Place,
    Rule,
    by_tense,
    compiled,
    in_year,
    month_number,
    nothing,
    owned,
    unnamed,
)

_SURE_BEFORE = frozenset("in since until till early late mid throughout during".split())
_BEFORE = _SURE_BEFORE | frozenset("by from before after of through for around".split())
_PAIR = re.compile(r"(?:ber|ary|ril|uly|une|ust|rch|May)\s(?:and|to|or|through)\s$")


def _month(place: Place) -> Meant | None:
    """A month alone, in the year that the tense allows; "May" and "March" only after "in"."""
    published, before = place.published, place.word_before.lower()
    if published is None or re.match(r"[’']s\b|-\w", place.right):
        return None
    allowed = _SURE_BEFORE if place["month"] in ("may", "march") else _BEFORE
    named = before not in _SURE_BEFORE and re.match(r"\s[A-Z]", place.right)
    if (before not in allowed and not _PAIR.search(place.left)) or named:
        return None
    return _nearest_month(place)


def _nearest_month(place: Place) -> Meant | None:
    if place.published is None:
        return None
    found = by_tense(place, _years_of(place, place.published), unsure=75)
    return Meant(found) if found else None


def _years_of(place: Place, published: date) -> list[Days]:
    return [days.month(published.year + off, month_number(place)) for off in (-1, 0, 1)]


def _which_month(place: Place) -> Meant | None:
    """Of "last March", "this May": nothing where it may be of either of two years."""
    published = place.published
    if published is None or owned(place):
        return None
    before, this, after = _years_of(place, published)
    if place["which"] == "this":
        return Meant(this)
    if place["which"] in ("this past", "this coming"):
        return Meant(
            _passed([before, this], published)
            if place["which"] == "this past"
            else (_coming([this, after], published))
        )
    past = place["which"] == "last"
    one = _passed([before, this], published) if past else _coming([this, after], published)
    return Meant(one) if one.gap(published) > 45 else None


def _passed(found: list[Days], published: date) -> Days:
    return [one for one in found if one.last < published][-1]


def _coming(found: list[Days], published: date) -> Days:
    return next(one for one in found if one.first > published)


def _month_of_year(place: Place) -> Meant | None:
    number = in_year(place)
    if number is None:
        return None
    return Meant(days.month(number, month_number(place)), relative=not place["year"])


def _months(place: Place) -> Meant | None:
    """Of "March to June 2022": the year stands once, for the last month."""
    number = in_year(place)
    if number is None:
        return None
    first, last = (MONTH_NUMBER[place[name][:3].title()] for name in ("opening", "month"))
    opening = days.month(number - (first > last), first)
    return Meant(Days(opening.first, days.month(number, last).last), relative=not place["year"])


# Seasons


def _season(place: Place) -> Meant | None:
    """Of "last autumn": a northern one, so `about`; nothing where it may be of two years."""
    published = place.published
    if published is None or owned(place):
        return None
    years = range(published.year - 2, published.year + 2)
    found = [days.season(number, place["season"]) for number in years]
    passed = _passed(found, published)
    coming = _coming(found, published)
    if place["which"] == "last":
        one = passed if passed.gap(published) >= 90 else None
    elif place["which"] == "next":
        one = coming if coming.first.year > published.year else None
    elif place["which"] == "this past":
        one = passed
    elif place["which"] == "this coming":
        one = coming
    else:
        one = min(found, key=lambda season: season.gap(published))
    return Meant(one, about=True) if one else None


# Years and what is a part of something


_YEAR_BEFORE = frozenset(
    "in since until till by from during before after of through throughout for early late mid year "
    "around circa between".split()
)
_EPOCH = frozenset("the a an its his her their this that our".split())
_QUANTITY = re.compile(
    r"\s?(?:%|percent|per cent|million|billion|trillion|people|men|women|workers|jobs|employees|"
    r"km|kilomet\w+|met(?:er|re)s?|miles?|feet|ft|yards?|pounds?|dollars?|euros?|points?|votes?|"
    r"times|hours?|hrs|GMT|UTC|BST|EST|ET|calories|tonnes|tons|units|square|x\d|words|others)\b"
    r"|\s(?:to|and|or)\s(?!(?:1[5-9]|20)\d\d(?!\d))[\d,]{3,}"
)
_YEAR_PAIR = re.compile(r"(?:1[5-9]|20)\d\d,?\s(?:to|and|or|through)\s$")


def _year(place: Place) -> Meant | None:
    """A year in figures where nothing says that it is a quantity or part of a name."""
    number, before = int(place["year"]), place.word_before
    if _QUANTITY.match(place.right):
        return None
    beside = before.lower() in _YEAR_BEFORE or place.left.endswith("(")
    epoch = before.lower() in _EPOCH or before.endswith(("’s", "'s"))
    event = epoch and number % 100 and re.match(r"\s[A-Za-z]", place.right)
    if number < 1900:
        beside, event = before.lower() in ("in", "since", "until"), None
    elif number % 100 == 0:
        beside = before.lower() in ("in", "since", "until", "by", "year")
    if not (beside or event or _YEAR_PAIR.search(place.left)):
        return None
    return Meant(days.year(number), relative=False)


def _whole_year(place: Place) -> Meant:
    return Meant(days.year(int(place["year"])), relative=False)


def _years(place: Place) -> Meant | None:
    first, last = int(place["year"]), int(place["until"])
    if not first < last:
        return None
    return Meant(Days(days.year(first).first, days.year(last).last), relative=False)


_PART = (
    r"(?:(?P<third>[Ee]arly|[Ll]ate|[Mm]id)(?: in |[- ])"
    r"|(?P<by>[Bb]y )?(?:[Tt]he )?(?:very )?(?P<edge>beginning|start|end) of "
    r"|(?:[Tt]he )?(?P<half>first|second|latter) half of "
    rf"|(?:[Tt]he )?(?P<quarter>{ORDINAL})[- ]quarter (?:of )?|(?P<q>Q[1-4]) (?:of |in )?"
    r"|(?:[Tt]he )?(?P<season>[Ss]pring|[Ss]ummer|[Aa]utumn|[Ff]all) (?:of )?)"
)
_THE = r"[Tt]he (?P<unit>week|month|quarter|year)\b(?!-| (?:of|after|before|when|that|to|\d))"


def _part(place: Place) -> Meant | None:
    """A part of a stretch, which is read by the rules of stretches."""
    whole = _whole(place)
    if whole is None:
        return None
    if place["by"] and place["edge"] == "end":
        if not _possible(place, whole.days):
            return None
        first = place.published if whole.relative else None
        first = first or whole.days.first
        return Meant(Days(min(first, whole.days.last), whole.days.last), whole.relative, by=True)
    part = _part_of(place, whole.days)
    if part is None or not _possible(place, part):
        return None
    about = bool(place["third"] or place["season"] or place["edge"])
    return Meant(part, whole.relative, about=about)


def _whole(place: Place) -> Meant | None:
    string, span = place.match.string, place.match.span("whole")
    for pattern, rule in _compiled():
        if found := pattern.fullmatch(string, *span):
            return rule(Place(found, place.published))
    return None


def _part_of(place: Place, whole: Days) -> Days | None:
    year = whole == days.year(whole.first.year)
    if place["third"]:
        return days.third(whole, place["third"])
    if place["half"]:
        return days.half(whole, 1 if place["half"] == "first" else 2)
    if place["edge"]:
        return days.edge(whole, "end" if place["edge"] == "end" else "start")
    if not year:
        return None
    if place["season"]:
        return days.season(whole.first.year, place["season"])
    number = int(place["q"][1]) if place["q"] else ORDINAL.split("|").index(place["quarter"]) + 1
    return days.months(whole.first.year, 3 * number - 2, 3)


def _possible(place: Place, part: Days) -> bool:
    """Whether "the end of the year" can be that of the year of publication, by the tense."""
    if not re.match(r"the\s", place.match["whole"], re.IGNORECASE) or place.published is None:
        return True
    now = place.tense
    if place["by"]:
        return now != Tense.PAST or bool(_REPORTS.search(place.left))
    if re.search(r"month|quarter", place["whole"]) and now != Tense.FUTURE:
        return False  # mostly the month or quarter that the text has just named
    if now == Tense.PAST:
        return part.first <= place.published
    return now != Tense.FUTURE or part.last >= place.published


_REPORTS = re.compile(r"\b(?:said|told|added|announced|insisted|promised)\b[^.]*$")


_MONTH_NAME = MONTH.replace(r"|(?:Jan|", r"|(?!)(?:Jan|")  # in full: "Mar" alone is no month
_STRETCHES: tuple[tuple[str, Rule], ...] = (
    (WHICH, which_unit),
    (_THE, the_unit),
    (MONTH + OF_YEAR, _month_of_year),
    (_MONTH_NAME, _nearest_month),
    (YEAR, _whole_year),
)


@cache
def _compiled() -> tuple[tuple[re.Pattern[str], Rule], ...]:
    return tuple((compiled(pattern), rule) for pattern, rule in _STRETCHES)


_FISCAL = r"(?:[Ff]iscal|[Ff]inancial|[Tt]ax|[Aa]cademic|[Ss]chool|FY)"
_OTHER_WHICH = r"(?P<which>[Tt]his(?: past| coming)?|[Ll]ast|[Nn]ext)"

_TRAPS: tuple[tuple[str, Rule], ...] = (
    (rf"{_FISCAL} ?(?:year )?(?:19|20)\d\d(?:[-–/]\d\d(?:\d\d)?)?", nothing),
    (rf"{_FISCAL} (?:{ORDINAL})[- ](?:quarter|half)(?: of (?:19|20)\d\d)?", nothing),
    (r"(?:1[5-9]|20)\d0[’']?s\b", nothing),
    (r"(?:19|20)\d\d[-–/]\d\d(?!\d|-\d)", nothing),
)
_OPENING = MONTH.replace("<month>", "<opening>")

RULES: tuple[tuple[str, Rule], ...] = (
    *_TRAPS,
    (r"(?P<year>(?:1[5-9]|20)\d\d) ?[-–] ?(?P<until>(?:1[5-9]|20)\d\d)(?![\d-])", _years),
    (_PART + f"(?P<whole>{'|'.join(unnamed(pattern) for pattern, _ in _STRETCHES)})", _part),
    (
        rf"{_OTHER_WHICH} (?P<season>spring|summer|autumn|fall|winter)\b(?! (?:in|from|of) )",
        _season,
    ),
    (rf"{_OPENING}(?: ?[-–] ?| (?:to|through|until) ){MONTH}{OF_YEAR}", _months),
    (rf"(?<=[Bb]etween ){_OPENING} and {MONTH}{OF_YEAR}", _months),
    (MONTH + OF_YEAR, _month_of_year),
    (rf"{_OTHER_WHICH} {_MONTH_NAME}", _which_month),
    (_MONTH_NAME, _month),
    (YEAR, _year),
)
"""Each pattern (a space stands for any white space) with what it means."""
