"""What in a sentence can be checked word by word: numbers, dates, names.

Rules, not a model: they cost microseconds, and a reader can be shown what matched. Each item keeps
the words as written, so that a failed check can name them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from rag.short_texts import kept_for_short_texts
from rag.words import FUNCTION_WORDS, stem

MONTHS = (
    "january february march april may june july august september october november december".split()
)
WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday".split()

_SMALL = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
        "fifteen sixteen seventeen eighteen nineteen".split()
    )
}
_TENS = {
    word: value * 10
    for value, word in enumerate(
        "twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2
    )
}
SMALL_NUMBERS = {**_SMALL, **_TENS}
"""Numbers that are one word."""
_MAGNITUDES = {
    "hundred": 1e2, "thousand": 1e3, "k": 1e3, "million": 1e6, "mn": 1e6, "m": 1e6,
    "billion": 1e9, "bn": 1e9, "b": 1e9, "trillion": 1e12, "tn": 1e12, "trn": 1e12,
    "dozen": 12.0, "lakh": 1e5, "crore": 1e7,
}  # fmt: skip
_UNITS = {
    "$": "dollar", "us$": "dollar", "dollar": "dollar", "dollars": "dollar", "usd": "dollar",
    "€": "euro", "euro": "euro", "euros": "euro", "eur": "euro",
    "£": "pound", "pound": "pound", "pounds": "pound", "gbp": "pound",
    "¥": "yen", "yen": "yen", "jpy": "yen", "yuan": "yuan", "rmb": "yuan", "won": "won",
    "%": "percent", "percent": "percent", "per cent": "percent",
    "percentage": "percent", "nm": "nanometre", "nanometre": "nanometre",
    "nanometer": "nanometre", "nanometres": "nanometre", "nanometers": "nanometre",
}  # fmt: skip
_MEASURES = frozenset({*SMALL_NUMBERS, *_MAGNITUDES, *_UNITS})
CURRENCIES = frozenset("dollar euro pound yen yuan won".split())
"""The units of `Number` that are money."""

_WORD_NUMBER = "|".join([*_TENS, *_SMALL])
_SCALE = "hundred|thousand|million|billion|trillion|dozen|lakh|crore|bn|mn|tn|trn|[kmb]"
_UNIT_AFTER = (
    r"%|per\s?cent|percentage|dollars?|usd|euros?|eur|pounds?|gbp|yen|jpy|yuan|rmb|won"
    r"|nanomet(?:re|er)s?|nm"
)
_NUMBER = re.compile(
    rf"""(?<![\w.])(?P<before>us\$|[$€£¥])?\s?
    (?P<digits>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?|
      \b(?:{_WORD_NUMBER})(?:-(?:{"|".join(_SMALL)}))?\b)
    (?P<ordinal>st|nd|rd|th)?
    (?:[\s-]?(?P<scale>{_SCALE})(?![^\W_]))?
    (?:[\s-]?(?P<after>{_UNIT_AFTER})(?![^\W_]))?""",
    re.IGNORECASE | re.VERBOSE,
)
_SHORT_MONTH = "jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec"
_MONTH = "|".join(MONTHS) + "|" + _SHORT_MONTH
_DATE = re.compile(
    rf"""\b(?:
      (?P<iso>\d{{4}}-\d{{2}}-\d{{2}})
    | (?P<day1>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<month1>{_MONTH})\b\.?
        (?:,?\s+(?P<year1>\d{{4}}))?
    | (?P<month2>{_MONTH})\b\.?\s+(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?\b
        (?!,\d{{3}})(?:,?\s+(?P<year2>\d{{4}}))?
    | (?P<month3>{"|".join(MONTHS)})(?:,?\s+(?:of\s+)?(?P<year3>\d{{4}}))?
    | (?P<month4>{_SHORT_MONTH})\b\.?\s+(?P<year4>\d{{4}})
    | (?P<weekday>{"|".join(WEEKDAYS)})
    | (?P<year>(?:19|20)\d{{2}})s?(?![\d,.%]\d|\s?(?:{_SCALE}|{_UNIT_AFTER})\b)
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
_NAME = re.compile(
    r"\b(?:[A-Z](?:\.[A-Z])+\.?|[A-Z][\w’'&-]*)"
    r"(?:\s+(?:(?:of|for|the|de|van|von|der|di)\s+){0,2}(?:[A-Z](?:\.[A-Z])+\.?|[A-Z][\w’'&-]*))*"
)
_ALIASES = {
    "us": "unitedstates", "usa": "unitedstates", "u.s": "unitedstates",
    "uk": "unitedkingdom", "u.k": "unitedkingdom", "eu": "europeanunion",
    "e.u": "europeanunion", "un": "unitednations", "g7": "groupofseven",
    "washington": "washington", "ai": "artificialintelligence",
    "r&d": "researchdevelopment",
}  # fmt: skip
_COUNTRY_OF = {
    "american": "unitedstates", "america": "unitedstates", "americans": "unitedstates",
    "british": "unitedkingdom", "britain": "unitedkingdom", "dutch": "netherland",
    "holland": "netherland", "chinese": "china", "japanese": "japan", "french": "franc",
    "swiss": "switzerland", "spanish": "spain", "polish": "poland", "danish": "denmark",
    "swedish": "sweden", "finnish": "finland", "irish": "ireland", "belgian": "belgium",
    "greek": "greec", "turkish": "turkey", "türkiye": "turkey", "thai": "thailand",
    "filipino": "philippin", "scottish": "scotland", "iranian": "iran", "iraqi": "iraq",
    "mexican": "mexico", "canadian": "canada", "norwegian": "norway", "portuguese": "portug",
    "czech": "czechia", "emirati": "emir", "german": "germani", "korean": "korea",
    "indian": "india", "italian": "itali", "taiwanese": "taiwan", "russian": "russia",
}  # fmt: skip
"""Adjectives and other names of countries, and the stem of the country's name."""
_MONTH_OF = {name[:3].title(): name for name in MONTHS} | {"Sept": "september"}
_SPELLED = {
    "unitedstates": "united states", "unitedkingdom": "united kingdom",
    "europeanunion": "european union", "unitednations": "united nations",
    "groupofseven": "group of seven",
    "artificialintelligence": "artificial intelligence",
    "researchdevelopment": "research and development|research & development",
}  # fmt: skip
_TITLES = frozenset("mr mrs ms dr prof sir".split())


@dataclass(frozen=True, slots=True)
class Number:
    """A quantity: its value with the magnitude word multiplied in, and its unit ('' for none)."""

    words: str
    value: float
    unit: str = ""


@dataclass(frozen=True, slots=True)
class When:
    """A date or a part of one: year, month (1 to 12), day, weekday (0 is Monday); None unsaid."""

    words: str
    year: int | None = None
    month: int | None = None
    day: int | None = None
    weekday: int | None = None


@dataclass(frozen=True, slots=True)
class Name:
    """A run of capitalised words; `keys` are its parts in comparable form."""

    words: str
    keys: tuple[str, ...]
    opens: bool
    """Whether it opens the sentence, where any word is capitalised."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The checkable items of a text, in order of appearance."""

    numbers: tuple[Number, ...]
    dates: tuple[When, ...]
    names: tuple[Name, ...]


@kept_for_short_texts(4096)
def facts(text: str) -> Facts:
    """Find the checkable items of `text`; dates are taken out before the others are read."""
    dates, rest = _dates(text)
    return Facts(numbers=_numbers(rest), dates=dates, names=_names(rest))


def _dates(text: str) -> tuple[tuple[When, ...], str]:
    found = []
    rest = list(text)
    for match in _DATE.finditer(text):
        if _only_may_or_march(match):
            continue
        found.append(_when(match))
        rest[match.start() : match.end()] = ";" * (match.end() - match.start())
    return tuple(found), "".join(rest)


def _only_may_or_march(match: re.Match[str]) -> bool:
    """Whether 'may' or 'march' is a verb here: in lower case, or alone at the start."""
    alone = match["month3"] and not match["year3"]
    if not alone or match.group().lower() not in ("may", "march"):
        return False
    return match.group().islower() or match.start() == 0


def _when(match: re.Match[str]) -> When:
    words = match.group()
    if match["iso"]:
        year, month, day = (int(part) for part in words.split("-"))
        return When(words, year=year, month=month, day=day)
    if match["weekday"]:
        return When(words, weekday=WEEKDAYS.index(words.lower()))
    year_text = next(filter(None, match.group("year", "year1", "year2", "year3", "year4")), None)
    day_text = match["day1"] or match["day2"]
    return When(
        words,
        year=int(year_text) if year_text else None,
        month=_month(next(filter(None, match.group("month1", "month2", "month3", "month4")), None)),
        day=int(day_text) if day_text else None,
    )


def _month(name: str | None) -> int | None:
    if not name:
        return None
    return next(i for i, full in enumerate(MONTHS, start=1) if full.startswith(name[:3].lower()))


def _numbers(text: str) -> tuple[Number, ...]:
    found = []
    for match in _NUMBER.finditer(text):
        value = _value(match["digits"])
        if match["scale"]:
            value *= _MAGNITUDES[match["scale"].lower()]
        elif match["digits"].lower() == "one" and not match["after"]:
            continue  # a pronoun far more often than a quantity
        unit = (match["before"] or match["after"] or "").lower()
        unit = "percent" if unit.replace(" ", "") == "percent" else _UNITS.get(unit, "")
        found.append(Number(match.group().strip(), value, unit))
    return tuple(found)


def _value(digits: str) -> float:
    if digits[0].isdigit():
        return float(digits.replace(",", ""))
    tens, _, ones = digits.lower().partition("-")
    base = _TENS.get(tens, _SMALL.get(tens, 0))
    return float(base + (_SMALL[ones] if ones else 0))


def _names(text: str) -> tuple[Name, ...]:
    found = []
    start_of_text = re.match(r"[\W_]*", text)
    opening = start_of_text.end() if start_of_text else 0
    for match in _NAME.finditer(text):
        words = _name_words(match.group(), opens=match.start() <= opening)
        if keys := tuple(name_key(word) for word in words):
            found.append(Name(" ".join(words), keys, opens=match.start() <= opening))
    return tuple(found)


def _name_words(run: str, *, opens: bool) -> list[str]:
    words = [word.strip("’'-&") for word in run.split() if word[:1].isupper()]
    if opens and words and words[0].lower() in FUNCTION_WORDS and words[0] != "US":
        words = words[1:]
    calendar = {*MONTHS, *WEEKDAYS}
    return [
        word
        for word in words
        if word.lower().rstrip(".") not in _TITLES
        and word.lower() not in calendar
        and (word.lower() not in FUNCTION_WORDS or word == "US")
    ]


def measures(word: str) -> bool:
    """Whether a word is part of a quantity: a digit, a number word, a magnitude or a unit."""
    low = word.lower()
    return low[0].isdigit() or low in _MEASURES


@lru_cache(maxsize=65_536)
def name_key(word: str) -> str:
    """One comparable form of a name's word: no possessive, alias spelled out, stemmed."""
    base = word.replace("’", "'").removesuffix("'s").removesuffix("'").rstrip(".")
    if base.isupper() or "." in base:
        return _ALIASES.get(base.lower(), stem(base))
    if not base[:1].isupper():
        return stem(base)
    return _COUNTRY_OF.get(base.lower(), stem(_MONTH_OF.get(base, base)))


_SPLIT = re.compile(r"-|\.(?=\w\w)")
"""Where the parts of a name meet: Japan-US, Example.com; U.S. has none."""


@kept_for_short_texts(4096)
def name_keys(text: str) -> frozenset[str]:
    """Every key that a name may be found under in `text`, spelled-out aliases included."""
    keys = {
        name_key(part)
        for word in re.findall(r"[\w’'&.-]+", text)
        for part in (word, *_SPLIT.split(word))
        if part
    }
    lowered = " ".join(text.lower().split())
    for key, spellings in _SPELLED.items():
        if any(re.search(rf"\b{spelling}\b", lowered) for spelling in spellings.split("|")):
            keys.add(key)
    initials = re.findall(
        r"(?:\b[A-Z][\w’'-]*\s+(?:(?:of|and|for|the)\s+)?){1,6}[A-Z][\w’'-]*", text
    )
    keys |= {
        stem("".join(word[0] for word in run.split() if word[0].isupper())) for run in initials
    }
    return frozenset(keys)
