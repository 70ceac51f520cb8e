"""What is known of each word of a text beside its source: the features of `rag.doubts`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.opposites import OPPOSITES
from rag.sentences import sentence_spans
from rag.wording import HE, PRONOUNS, SHE, Places, Word, Wording
from rag.words import stem

Floats = NDArray[np.float64]
Embed = Callable[[Sequence[str]], Any]

FEATURES = (
    "missing",  # the source has no such word
    "missing_weight",  # how rare a missing word is
    "missing_name",
    "missing_number",
    "like",  # cosine of a missing word with the one most like it in the best sentences
    "unlike",  # what that lacks to 0.75
    "name",
    "number",
    "weight",  # how rare the word is
    "first_sentence",
    "first_name",  # it is of the name, or the word, that the text opens with
    "late",  # where the source first has it
    "often",  # log(1 + times) that the source has it
    "best",  # the most of the other words that any sentence of the source covers
    "with",  # the most that a sentence with this word covers
    "gap",  # their difference: the word stands elsewhere
    "near",  # how near the source has it to the words that stand near it here
    "near_known",  # the same of those that the source has at all
    "left",  # the same of the telling words right before it
    "right",  # and right after it
    "together",  # the share of the other words that the source has within some 25 words of it
    "all_together",
    "same_before",  # the word before it stands before it in the source
    "same_after",
    "other_before",  # the two words before it come before another word there
    "other_after",
    "other_between",  # the words on both sides have another word between them there
    "place_same",  # the telling words on both sides are as near each other there, with the word
    "place_other",  # or without it
    "left_alone",  # share of those two that the source has far from it only
    "opposite",  # the best sentences have its opposite
    "denied",  # the best sentences deny it
    "broken_name",  # share of the neighbours in a name that are not neighbours there
    "covered",  # the most of this sentence's words that a sentence of the source covers
    "cosine",  # of this sentence with the one most like it
    "negation",
    "negation_there",  # the best sentences deny something as well
    "pronoun",
    "nobody_before",  # a pronoun with nothing before it that it could stand for
    "other_gender",  # how much more the source says "she" where the text says "he"
)
"""Each 0 to 1 or so, 0 where it does not apply."""
RELATIVE = ("near", "left", "right", "with", "together", "same_before", "same_after")
"""Features that also count less their mean over the text: some texts keep close to a source."""
ALL = (*FEATURES, *(f"{name}_relative" for name in RELATIVE), "alone")
"""The columns of `table`; "alone" is a word with neither neighbour of the source."""
_AT = {name: place for place, name in enumerate(FEATURES)}

Row = dict[str, float]


def table(
    words: Sequence[Word], text: str, source: Wording, vectors: Any, embed: Embed
) -> tuple[list[Word], Floats]:
    """The words that are looked at, and their features: a row a word, a column of `ALL`.

    `vectors` are those of the source's sentences. Words that tell nothing are left out.
    """
    spans = sentence_spans(text)
    near = embed([text[start:end] for start, end in spans]) @ vectors.T if len(vectors) else None
    looked, rows = list[Word](), list[Row]()
    for place, group in groupby(words, key=lambda word: word.sentence):
        if near is not None:
            sentence = Sentence.of(list(group), words, source, near[place], embed)
            found = [(word, sentence.row(at)) for at, word in enumerate(sentence.words)]
            looked += [word for word, row in found if row]
            rows += [row for _, row in found if row]
    return looked, _completed(rows)


def _completed(rows: Sequence[Row]) -> Floats:
    plain = np.array([[row.get(name, 0.0) for name in FEATURES] for row in rows])
    if not len(plain):
        return np.zeros((0, len(ALL)))
    telling = (plain[:, _AT["negation"]] + plain[:, _AT["pronoun"]]) == 0
    columns = [plain[:, _AT[name]] for name in RELATIVE]
    means = [column[telling].mean() if telling.any() else 0.0 for column in columns]
    relative = [telling * (column - mean) for column, mean in zip(columns, means, strict=True)]
    alone = telling & (plain[:, _AT["same_before"]] + plain[:, _AT["same_after"]] == 0)
    return np.column_stack([plain, *relative, alone.astype(float)])


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

    def row(self, at: int) -> Row:
        """The features of a word that are not 0; empty for a word that tells nothing."""
        word = self.words[at]
        if word.denies:
            there = any(self._denies(place) for place in self.top[:2])
            return {"negation": 1.0, "negation_there": float(there)}
        if word.low in PRONOUNS:
            return self._pronoun(word)
        if not word.weight:
            return {}
        others = [
            i for i, w in enumerate(self.words) if w.weight and self.names[i] != self.names[at]
        ]
        row = self._itself(at) | self._covered(at, others) | self._runs(at)
        places = self.found[at][0]
        if len(places):
            row |= self._near(at, places, others) | self._beside(at, places, others)
        return row | self._meant(at, places)

    def _denies(self, sentence: int) -> bool:
        places = np.flatnonzero(self.source.sentence == sentence)
        denials = self.source.denials
        return bool(len(places) and denials[places[-1] + 1] > denials[places[0]])

    def _pronoun(self, word: Word) -> Row:
        before = (w for w in self.all_words if w.start < word.start)
        named = any(w.weight and not w.number for w in before)
        row = {"pronoun": 1.0, "nobody_before": float(not named)}
        if word.low in HE | SHE and self.top:
            row["other_gender"] = self._other_gender(word)
        return row

    def _other_gender(self, word: Word) -> float:
        around = np.abs(self.source.sentence - self.top[0]) <= 1
        mine, other = self.source.he, self.source.she
        if word.low in SHE:
            mine, other = other, mine
        same = mine[around].sum() + 0.3 * mine.sum()
        against = other[around].sum() + 0.3 * other.sum()
        return float((against + 0.2) / (same + against + 0.4)) - 0.5

    def _itself(self, at: int) -> Row:
        word, (places, _) = self.words[at], self.found[at]
        name, told = self._is_name(at), word.weight / 7.5
        first = word.sentence == 0
        row = {
            "name": float(name), "number": float(word.number), "weight": told,
            "first_sentence": float(first),
            "first_name": float(first and self.names[at] == self.names[0]),
        }  # fmt: skip
        if not len(places):
            like = self.likeness.get(word.low, 0.0)
            row |= {"missing": 1.0, "missing_weight": told, "missing_name": float(name)}
            row |= {"missing_number": float(word.number), "like": like}
            row["unlike"] = max(0.0, 0.75 - like)
        return row

    def _is_name(self, at: int) -> bool:
        word = self.words[at]
        if at or not word.capital:
            return word.capital
        return word.low not in self.source.low or (
            any(self.source.words[p].capital for p in self.found[at][0]) and word.weight > 3
        )

    def _covered(self, at: int, others: Sequence[int]) -> Row:
        rest = self._share(others)
        row = {"best": float(rest.max(initial=0.0)), "covered": self._all_covered}
        row["cosine"] = float(self.cosines.max(initial=0.0))
        places = self.found[at][0]
        if len(places):
            has = {int(place) for place in self.source.sentence[places]}
            has |= {place + 1 for place in has if place + 1 < len(rest)}
            row["with"] = float(rest[sorted(has)].max())
            row["gap"] = row["best"] - row["with"]
        return row

    def _share(self, rows: Sequence[int]) -> Floats:
        """For each sentence of the source, the share of these words that it has, by weight."""
        weights = np.array([self.words[i].weight for i in rows])
        return np.asarray(weights @ self.held[list(rows)] / (weights.sum() or 1.0))

    @property
    def _all_covered(self) -> float:
        return float(self._share(range(len(self.words))).max(initial=0.0))

    def _near(self, at: int, places: Places, others: Sequence[int]) -> Row:
        """How near the source has the other words to this one; those near it here count most."""
        known = [i for i in others if len(self.found[i][0])]
        counts = {i: self.words[i].weight / (1 + abs(i - at) / 6) for i in others}
        together = np.zeros(len(places[:MOST]))
        for i in known:
            far = self._distances(i, places[:MOST]) - abs(i - at)
            together += counts[i] * np.exp(-np.maximum(0, far) / 8)
        near = float(together.max(initial=0.0))
        gaps = [self._distances(i, places).min() <= WINDOW + abs(i - at) for i in known]
        return {
            "near": near / (sum(counts.values()) or 1.0),
            "near_known": near / (sum(counts[i] for i in known) or 1.0),
            "together": float(np.mean(gaps)) if gaps else 0.5,
            "all_together": float(min(gaps)) if gaps else 0.5,
            "late": float(places[0]) / max(1, len(self.source.words)),
            "often": math.log1p(len(places)),
        }

    def _distances(self, other: int, places: Places) -> Places:
        """From each place to the nearest of another word."""
        return np.asarray(np.abs(self.found[other][0][:, None] - places).min(axis=0))

    def _beside(self, at: int, places: Places, others: Sequence[int]) -> Row:
        """The telling words next to it on either side: are they near it in the source?"""
        before = [i for i in others if i < at][-2:]
        behind = [i for i in others if i > at][:2]
        left, right = (self._closest(at, places, side) for side in (before, behind))
        known = [i for i in others if len(self.found[i][0])]
        row = {"left": left, "right": right}
        beside = [i for i in known if i < at][-1:] + [i for i in known if i > at][:1]
        lost = [i for i in beside if abs(i - at) <= 4 and self._distances(i, places).min() > 6]
        row["left_alone"] = len(lost) / 2
        if (
            len(beside) == 2
            and beside[0] < at < beside[1]
            and max(at - beside[0], beside[1] - at) <= 5
        ):
            row |= self._between(places, *beside)
        return row

    def _closest(self, at: int, places: Places, side: Sequence[int]) -> float:
        nears = [
            math.exp(-max(0, int(self._distances(i, places).min()) - abs(i - at)) / 4)
            for i in side
            if len(self.found[i][0])
        ]
        return max(nears, default=0.4)

    def _between(self, places: Places, before: int, behind: int) -> Row:
        """Whether those two stand close in the source, and whether the word is between them."""
        first, last = self.found[before][0], self.found[behind][0]
        gaps = last - first[:, None]
        pairs = [(int(first[i]), int(last[j])) for i, j in np.argwhere((gaps > 0) & (gaps <= 8))]
        within = [any(a - 2 <= place <= b + 2 for place in places) for a, b in pairs]
        same = any(within)
        return {"place_same": float(same), "place_other": float(bool(pairs) and not same)}

    def _runs(self, at: int) -> Row:
        """Whether the source has the neighbouring words, and this one or another beside them."""
        low, source = [word.low for word in self.words], self.source
        row, mine = Row(), low[at]
        if at:
            row["same_before"] = float(mine in source.after.get((low[at - 1],), ()))
        if at + 1 < len(low):
            row["same_after"] = float(mine in source.before.get((low[at + 1],), ()))
        runs = {
            "other_before": source.after.get(tuple(low[at - 2 : at])) if at > 1 else None,
            "other_after": source.before.get(tuple(low[at + 1 : at + 3])),
            "other_between": source.between.get((low[at - 1], low[at + 1]))
            if 0 < at < len(low) - 1
            else None,
        }
        return row | {name: float(mine not in run) for name, run in runs.items() if run}

    def _meant(self, at: int, places: Places) -> Row:
        """Opposites, denials, and names that are put together otherwise."""
        word, row = self.words[at], Row()
        row["opposite"] = float(self._opposed(stem(word.low), places))
        if len(places) and not any(w.denies for w in self.words[max(0, at - 4) : at]):
            row["denied"] = float(self._denied(places))
        name = [i for i, first in enumerate(self.names) if first == self.names[at]]
        if len(name) > 1 and len(places):
            keys = [self.words[i].key for i in name]
            row["broken_name"] = float(
                np.mean([p not in self.source.pairs for p in pairwise(keys)])
            )
        return row

    def _opposed(self, key: str, places: Places) -> bool:
        mine = set(self.source.sentence[places])
        return any(
            self.source.sentence[place] in self.top[:2] and self.source.sentence[place] not in mine
            for other in OPPOSITES.get(key, ())
            for place in self.source.find(other)[0]
        )

    def _denied(self, places: Places) -> bool:
        denials = self.source.denials
        best = [place for place in places if self.source.sentence[place] in self.top[:2]]
        return bool(best) and all(denials[p] > denials[max(0, p - 3)] for p in best)


BEFORE = 0.9
"""What a word counts that only the sentence before has."""
MOST = 60
"""Places of a word that are looked at."""
WINDOW = 25


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
