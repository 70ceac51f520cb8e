"""A sentence beside its source: where the source has its words, and the sentences like it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.wording import Places, Word, Wording

Floats = NDArray[np.float64]
Embed = Callable[[Sequence[str]], Any]

BEFORE = 0.9
"""What a word counts that only the sentence before has."""


@dataclass(frozen=True)
class Sentence:
    """A sentence beside the source: where its words stand there, and its best sentences."""

    words: list[Word]
    all_words: Sequence[Word]
    source: Wording
    cosines: Floats
    found: list[tuple[Places, float]]
    names: list[int]
    """For each word the first place of its run of capitalised words."""
    held: Floats
    """(words, source sentences): how surely a sentence, or the one before it, has the word."""
    top: list[int]
    """The source's sentences that cover it best, at most three."""
    likeness: dict[str, float]

    @classmethod
    def of(
        cls,
        words: list[Word],
        all_words: Sequence[Word],
        source: Wording,
        cosines: Floats,
        embed: Embed,
    ) -> Sentence:
        """Look its words up."""
        found = [source.find(word.key) for word in words]
        held = np.zeros((len(words), len(source.sentences)))
        for row, (places, sure) in zip(held, found, strict=True):
            row[source.sentence[places]] = sure
        held[:, 1:] = np.maximum(held[:, 1:], BEFORE * held[:, :-1])
        weights = np.array([word.weight for word in words])
        fits = weights @ held / (weights.sum() or 1.0) + cosines / 2
        top = [int(place) for place in np.argsort(-fits, kind="stable")[:3]]
        likeness = _likeness(words, found, source, top, embed)
        return cls(words, all_words, source, cosines, found, _names(words), held, top, likeness)

    def denies(self, sentence: int) -> bool:
        """Whether a sentence of the source denies something."""
        places = np.flatnonzero(self.source.sentence == sentence)
        denials = self.source.denials
        return bool(len(places) and denials[places[-1] + 1] > denials[places[0]])

    def is_name(self, at: int) -> bool:
        """Whether a word is, or is part of, a name."""
        word = self.words[at]
        if at or not word.capital:
            return word.capital
        return word.low not in self.source.low or (
            any(self.source.words[p].capital for p in self.found[at][0]) and word.weight > 3
        )

    def share(self, rows: Sequence[int]) -> Floats:
        """For each sentence of the source, the share of these words that it has, by weight."""
        weights = np.array([self.words[i].weight for i in rows])
        return np.asarray(weights @ self.held[list(rows)] / (weights.sum() or 1.0))

    @property
    def all_covered(self) -> float:
        """The largest share of all its words that a sentence of the source has."""
        return float(self.share(range(len(self.words))).max(initial=0.0))

    def distances(self, other: int, places: Places) -> Places:
        """From each place to the nearest of another word."""
        return np.asarray(np.abs(self.found[other][0][:, None] - places).min(axis=0))


def _names(words: Sequence[Word]) -> list[int]:
    """For each word the first place of its run of capitalised words."""
    firsts: list[int] = []
    for place, word in enumerate(words):
        goes_on = (
            place > 0
            and word.capital
            and words[place - 1].capital
            and word.start == words[place - 1].start + len(words[place - 1].written) + 1
        )
        firsts.append(firsts[-1] if goes_on else place)
    return firsts


def _likeness(
    words: Sequence[Word],
    found: Sequence[tuple[Places, float]],
    source: Wording,
    top: Sequence[int],
    embed: Embed,
) -> dict[str, float]:
    """For each word that the source lacks, its cosine with the most like word of its best part."""
    lacking = [
        word.low
        for word, (places, _) in zip(words, found, strict=True)
        if not len(places) and word.weight and not word.number
    ]
    there = {
        word.low
        for word in source.words
        if word.weight and word.sentence in top and not word.number
    }
    if not lacking or not there:
        return {}
    vectors = embed([*lacking, *sorted(there)])
    best = (vectors[: len(lacking)] @ vectors[len(lacking) :].T).max(axis=1)
    return {word: float(value) for word, value in zip(lacking, best, strict=True)}
