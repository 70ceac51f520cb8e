"""Words of a text: where they stand, their stems, and how rare they are in English at large.

Rarity comes from wordfreq's Zipf scale (log10 of occurrences per billion words), not from the
collection: a collection of two articles has no frequencies worth the name.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any

from rag.weights import packaged

WORD = re.compile(r"[^\W_]+(?:[.’'&-][^\W_]+)*", re.UNICODE)
"""A word with its inner apostrophes, hyphens, dots and ampersands: R&D, U.S, don’t, de-risk."""

FUNCTION_WORDS = frozenset(
    """a about above after again against all also am an and any are aren't as at be because been
    before being below between both but by can cannot could did do does doing don't down during
    each either else ever few for from further had has have having he her here hers herself him
    himself his how however i if in into is isn't it its itself just let like may me might more most
    much must my neither no nor not now of off on once one only onto or other our ours out over own
    per rather same say says said shall she should since so some such than that the their theirs
    them then there these they this those though through to too under until up upon us very via was
    we were what when where whether which while who whom whose why will with within without would
    yet you your yours tell please according""".split()
)
"""Words that carry no claim of their own; question words and reporting verbs are among them."""

_RAREST = 7.5
"""Zipf of the commonest English words; weights are what a word lacks to it."""


def words(text: str) -> list[str]:
    """The words of `text` as written, in order."""
    return WORD.findall(text)


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """The Snowball English stem of one word, lower case, without a possessive."""
    base = word.lower().replace("’", "'").removesuffix("'s").removesuffix("'").replace(".", "")
    found: list[str] = _analyzer().analyze(base)
    return found[0] if found else base


@cache
def _analyzer() -> Any:
    import tantivy

    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace())
    return builder.filter(tantivy.Filter.stemmer("english")).build()


@lru_cache(maxsize=65_536)
def weight(word: str) -> float:
    """How much a word tells: 0 for function words, up to 7.5 for words that English lacks."""
    base = word.lower().replace("’", "'").removesuffix("'s")
    if base in FUNCTION_WORDS:
        return 0.0
    return max(0.0, _RAREST - _zipf(base))


def _zipf(base: str) -> float:
    """What wordfreq says of an English word in lower case, 0 for one that it does not know.

    Importing wordfreq takes half a second; most words stand in its list, which needs no import.
    """
    below = _listed().get(base)
    if below is not None:
        return round(9 - below / 100, 2)
    if base.isascii() and base.isalpha():
        return 0.0
    from wordfreq import zipf_frequency  # takes numbers and words of several parts to pieces

    return float(zipf_frequency(base, "en"))


@cache
def _listed() -> dict[str, int]:
    """The words of wordfreq's English list: how many centibels below all words each stands.

    The list is gzipped msgpack: a header, then the words at 0 centibels, at 1, and so on.
    """
    import gzip

    import msgpack

    with gzip.open(packaged("wordfreq", "data/large_en.msgpack.gz")) as file:
        _, *steps = msgpack.load(file)
    return {word: below for below, words in enumerate(steps) for word in words}


def content_stems(text: str) -> dict[str, float]:
    """Stems of the words that tell something, with their weights; hyphenated words in parts too."""
    found: dict[str, float] = {}
    for word in words(text):
        parts = word.split("-") if "-" in word else [word]
        for part in parts:
            if (value := weight(part)) > 0:
                found[stem(part)] = value
    return found


def stems(text: str) -> frozenset[str]:
    """All stems of a text, hyphenated words in parts too."""
    return frozenset(stem(part) for word in words(text) for part in word.split("-"))
