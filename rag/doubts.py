"""How far a text is borne out by its source: a doubt for each word, a score for the whole.

Every telling word is looked at beside its neighbours: whether the source has it, has it near the
words that stand near it here, or has another word in its place. A linear model over these features
says how likely the word was put in; the score of a text is read off the doubts of its words.
`evals/fit_doubts.py` fits the weights in `rag/doubt_weights.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.doubt_features import table
from rag.doubt_weights import BIAS, MOST, START, SUM, WEIGHTS, WORST
from rag.wording import Word, Wording, read

Floats = NDArray[np.float64]
Embed = Callable[[Sequence[str]], Any]

WORD = np.array([weight for _, weight, _ in WEIGHTS])
MEAN = np.array([weight for _, _, weight in WEIGHTS])


@dataclass(frozen=True, slots=True)
class Doubt:
    """A word of a text, `text[start:end]`, and how likely it is not borne out: 0 to 1."""

    start: int
    end: int
    value: float


class Doubts:
    """Doubts about texts, by the words of their sources and an embedder of sentences."""

    def __init__(self, embed: Embed) -> None:
        self._embed = embed
        self._source = lru_cache(maxsize=8)(self._read_source)

    def words(self, text: str, source: str) -> list[Doubt]:
        """The doubt about each telling word, pronoun and negation of a text, in order."""
        words, rows = self.table(text, source)
        values = 1 / (1 + np.exp(-(rows @ WORD + BIAS)))
        return [
            Doubt(word.start, word.start + len(word.written), round(float(value), 4))
            for word, value in zip(words, values, strict=True)
        ]

    def score(self, text: str, source: str) -> float:
        """How well the source bears a text out, 0 to 1; 0 where either says nothing."""
        if not source.strip():
            return 0.0
        _, rows = self.table(text, source)
        if not len(rows):
            return 0.0
        every, worst = _doubted(rows @ WORD + BIAS)
        by_words = START - SUM * every - WORST * worst
        logit = min(MOST, by_words) + float(rows.mean(axis=0) @ MEAN)
        return 1 / (1 + math.exp(-logit))

    def table(self, text: str, source: str) -> tuple[list[Word], Floats]:
        """The words that are looked at, and their features: a row a word, a column of `ALL`."""
        wording, vectors = self._source(source)
        return table(read(text), text, wording, vectors, self._embed)

    def _read_source(self, source: str) -> tuple[Wording, Any]:
        wording = Wording(source)
        return wording, self._embed(wording.sentences)


def _doubted(logits: Floats) -> tuple[float, float]:
    """The doubts of all words together, and of the worst, softly, from the log-odds of each."""
    every = np.logaddexp(0, logits).sum() / 3
    worst = np.log(np.exp(np.minimum(2 * logits, 60)).sum()) / 2
    return float(every), float(worst)
