"""A text word by word, and where a source has each word and each run of words."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rag.facts import SMALL_NUMBERS, name_key
from rag.polarity import NEGATIONS
from rag.sentences import sentence_spans
from rag.words import WORD, weight

HE = frozenset("he him his himself".split())
SHE = frozenset("she her hers herself".split())
PRONOUNS = HE | SHE | frozenset("they them their theirs themselves it its itself".split())
_TOKEN = re.compile(rf"\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|{WORD.pattern}")
_DIGITS = re.compile(r"([\d.,]+)(?:st|nd|rd|th|s)?")
NUMBER = 4.0
"""What a number tells, on the scale of `rag.words.weight`."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word, or a part of a hyphenated one: `text[start : start + len(written)] == written`."""

    written: str
    low: str
    """In lower case, without a possessive."""
    key: str
    """What it is known by: its stem, what an alias stands for, or '#' and the number."""
    start: int
    sentence: int
    weight: float
    """How much it tells: 0 for function words."""

    @property
    def capital(self) -> bool:
        """Whether it begins with a capital letter."""
        return self.written[:1].isupper()

    @property
    def number(self) -> bool:
        """Whether it is a number, in digits or words."""
        return self.key.startswith("#")

    @property
    def denies(self) -> bool:
        """Whether it is a negation."""
        return bool(NEGATIONS.fullmatch(self.low))


def read(text: str) -> tuple[Word, ...]:
    """The words of a text in order."""
    return tuple(
        _word(part, start + found.start() + offset, place)
        for place, (start, end) in enumerate(sentence_spans(text))
        for found in _TOKEN.finditer(text[start:end])
        for offset, part in _parts(found.group())
    )


def _parts(token: str) -> list[tuple[int, str]]:
    return [(found.start(), found.group()) for found in re.finditer(r"[^-]+", token)]


def _word(written: str, start: int, sentence: int) -> Word:
    low = written.lower().replace("’", "'").removesuffix("'s").removesuffix("'")
    key = _key(written, low)
    told_by = NUMBER if key.startswith("#") else weight(written)
    return Word(written, low, key, start, sentence, told_by)


@lru_cache(maxsize=65_536)
def _key(written: str, low: str) -> str:
    if low in SMALL_NUMBERS:
        return f"#{SMALL_NUMBERS[low]:g}"
    digits = _DIGITS.fullmatch(low)
    try:
        return f"#{float(digits[1].replace(',', '')):g}" if digits else name_key(written)
    except ValueError:  # 1.2.3
        return low


class Wording:
    """Where a source has its words: by key in order, by sentence, and what stands beside them."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.words = read(text)
        self.sentences = [text[start:end] for start, end in sentence_spans(text)]
        self.sentence = np.array([word.sentence for word in self.words], dtype=np.int64)
        self.low = [word.low for word in self.words]
        self._places: dict[str, list[int]] = defaultdict(list)
        self._beginnings: dict[str, list[str]] = defaultdict(list)
        for place, word in enumerate(self.words):
            self._places[word.key].append(place)
        for key in self._places:
            if len(key) >= _LONG:
                self._beginnings[key[:_LONG]].append(key)
        self._found: dict[str, tuple[Places, float]] = {}
        self._runs()
        self.denials = np.cumsum([0, *(word.denies for word in self.words)])
        """How many negations stand before each word."""
        self.he = np.array([word.low in HE for word in self.words], dtype=bool)
        self.she = np.array([word.low in SHE for word in self.words], dtype=bool)
        self.pairs = frozenset(pairwise(word.key for word in self.words))

    def _runs(self) -> None:
        """What follows, comes before, and stands between words, as written."""
        low = self.low
        self.after: dict[tuple[str, ...], set[str]] = defaultdict(set)
        self.before: dict[tuple[str, ...], set[str]] = defaultdict(set)
        self.between: dict[tuple[str, str], set[str]] = defaultdict(set)
        for first, second in pairwise(low):
            self.after[first,].add(second)
            self.before[second,].add(first)
        for first, second, third in zip(low, low[1:], low[2:], strict=False):
            self.after[first, second].add(third)
            self.before[second, third].add(first)
            self.between[first, third].add(second)

    def find(self, key: str) -> tuple[Places, float]:
        """Where a word stands, and how surely it is the same: 1, or 0.6 for a like beginning."""
        if key not in self._found:
            self._found[key] = self._look_up(key)
        return self._found[key]

    def _look_up(self, key: str) -> tuple[Places, float]:
        if key in self._places:
            return np.array(self._places[key]), 1.0
        like = self._beginnings.get(key[:_LONG], []) if len(key) >= _LONG else []
        places = sorted(place for other in like for place in self._places[other])
        return np.array(places, dtype=np.int64), (0.6 if places else 0.0)


Places = NDArray[np.int64]
_LONG = 5
"""Letters by which words of another form are known: chair, chairman."""
