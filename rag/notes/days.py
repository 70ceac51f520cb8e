"""Stretches of days: a week, a month, a season as its first and last day, and how to say one.

Pure arithmetic on the Gregorian calendar. Weeks begin on Monday.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from typing import NamedTuple

from rag.dates import MONTHS, written_day

SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
"""The month in which a northern season begins; each has three months."""

_DAY = timedelta(days=1)


class Days(NamedTuple):
    """The days from `first` to `last`, both included; `first` is never after `last`."""

    first: date
    last: date

    def in_words(self) -> str:
        """Such as "3 July 2023", "the week of 26 June 2023", "July to December 2024", "2022"."""
        first, last = self
        if first == last:
            return written_day(first)
        if self == week(first):
            return f"the week of {written_day(first)}"
        if first.day == 1 and last == month(last.year, last.month).last:
            return _months_in_words(first, last)
        if (first.year, first.month) == (last.year, last.month):
            return f"{first.day} to {written_day(last)}"
        if first.year == last.year:
            return f"{first.day} {MONTHS[first.month - 1]} to {written_day(last)}"
        return f"{written_day(first)} to {written_day(last)}"

    def gap(self, day: date) -> int:
        """How many days off `day` is: 0 inside, positive before and after."""
        return max(0, (self.first - day).days, (day - self.last).days)


def _months_in_words(first: date, last: date) -> str:
    if (first.month, last.month) == (1, 12):
        return f"{first.year}" if first.year == last.year else f"{first.year} to {last.year}"
    ending = f"{MONTHS[last.month - 1]} {last.year}"
    if (first.year, first.month) == (last.year, last.month):
        return ending
    beginning = MONTHS[first.month - 1]
    return (
        f"{beginning} {first.year} to {ending}"
        if first.year < last.year
        else (f"{beginning} to {ending}")
    )


def day(moment: date, *, off: int = 0) -> Days:
    """One day, `off` days after a day (before it where negative)."""
    one = moment + off * _DAY
    return Days(one, one)


def week(moment: date, *, off: int = 0) -> Days:
    """Monday to Sunday of the week that holds a day, or of the one `off` weeks later."""
    monday = moment - moment.weekday() * _DAY + 7 * off * _DAY
    return Days(monday, monday + 6 * _DAY)


def weekend(moment: date, *, off: int = 0) -> Days:
    """Saturday and Sunday of such a week."""
    whole = week(moment, off=off)
    return Days(whole.last - _DAY, whole.last)


def month(year: int, number: int, *, off: int = 0) -> Days:
    """A month by year and number (1 to 12), or the one `off` months later."""
    years, index = divmod(number - 1 + off, 12)
    last = monthrange(year + years, index + 1)[1]
    return Days(date(year + years, index + 1, 1), date(year + years, index + 1, last))


def months(year: int, number: int, count: int) -> Days:
    """`count` months from the one given."""
    return Days(month(year, number).first, month(year, number, off=count - 1).last)


def quarter(moment: date, *, off: int = 0) -> Days:
    """The calendar quarter of a day, or the one `off` quarters later."""
    first = month(moment.year, 3 * ((moment.month - 1) // 3) + 1, off=3 * off).first
    return months(first.year, first.month, 3)


def year(number: int) -> Days:
    """A calendar year."""
    return months(number, 1, 12)


def unit(name: str, moment: date, off: int) -> Days:
    """The day, week, month, quarter or year of `moment`, or the one `off` of them later."""
    if name == "month":
        return month(moment.year, moment.month, off=off)
    if name == "year":
        return year(moment.year + off)
    return {"day": day, "week": week, "quarter": quarter}[name](moment, off=off)


def shifted(moment: date, name: str, off: int) -> date:
    """The same day `off` days, weeks, months or years later; the last of a shorter month."""
    if name in ("day", "week"):
        return moment + off * (7 if name == "week" else 1) * _DAY
    whole = month(moment.year, moment.month, off=off * (12 if name == "year" else 1))
    return whole.first.replace(day=min(moment.day, whole.last.day))


def season(number: int, name: str) -> Days:
    """A northern season that begins in a year: winter 2022 is December 2022 to February 2023."""
    return months(number, SEASONS[name], 3)


def third(whole: Days, which: str) -> Days:
    """The `early`, `mid` or `late` part of a stretch: four months of a year, else a third of it."""
    place = ("early", "mid", "late").index(which)
    if whole == year(whole.first.year):
        return months(whole.first.year, 4 * place + 1, 4)
    length = (whole.last - whole.first).days + 1
    first = whole.first + (length * place // 3) * _DAY
    return Days(first, whole.first + (length * (place + 1) // 3 - 1) * _DAY)


def half(whole: Days, number: int) -> Days:
    """The first or second half of a stretch."""
    if whole == year(whole.first.year):
        return months(whole.first.year, 6 * number - 5, 6)
    middle = whole.first + ((whole.last - whole.first).days + 1) // 2 * _DAY
    return Days(whole.first, middle - _DAY) if number == 1 else Days(middle, whole.last)


def edge(whole: Days, which: str) -> Days:
    """The `start` or `end` of a stretch: a year's first or last month, a fifth of others."""
    if whole == year(whole.first.year):
        return month(whole.first.year, 1 if which == "start" else 12)
    length = max(1, ((whole.last - whole.first).days + 1) // 5)
    if which == "start":
        return Days(whole.first, whole.first + (length - 1) * _DAY)
    return Days(whole.last - (length - 1) * _DAY, whole.last)
