"""What is known of each word of a text beside its source: the features of `rag.doubts`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import Any

import numpy as np

from rag.doubt_sentence import Embed, Floats, Sentence
from rag.opposites import OPPOSITES
from rag.sentences import sentence_spans
from rag.wording import HE, PRONOUNS, SHE, Places, Word, Wording
from rag.words import stem

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

MOST = 60
"""Places of a word that are looked at."""
WINDOW = 25


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
            found = [(word, _row(sentence, at)) for at, word in enumerate(sentence.words)]
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


def _row(sentence: Sentence, at: int) -> Row:
    """The features of a word that are not 0; empty for a word that tells nothing."""
    word = sentence.words[at]
    if word.denies:
        there = any(sentence.denies(place) for place in sentence.top[:2])
        return {"negation": 1.0, "negation_there": float(there)}
    if word.low in PRONOUNS:
        return _pronoun(sentence, word)
    if not word.weight:
        return {}
    others = [
        i
        for i, w in enumerate(sentence.words)
        if w.weight and sentence.names[i] != sentence.names[at]
    ]
    row = _itself(sentence, at) | _covered(sentence, at, others) | _runs(sentence, at)
    places = sentence.found[at][0]
    if len(places):
        row |= _near(sentence, at, places, others) | _beside(sentence, at, places, others)
    return row | _meant(sentence, at, places)


def _pronoun(sentence: Sentence, word: Word) -> Row:
    before = (w for w in sentence.all_words if w.start < word.start)
    named = any(w.weight and not w.number for w in before)
    row = {"pronoun": 1.0, "nobody_before": float(not named)}
    if word.low in HE | SHE and sentence.top:
        row["other_gender"] = _other_gender(sentence, word)
    return row


def _other_gender(sentence: Sentence, word: Word) -> float:
    around = np.abs(sentence.source.sentence - sentence.top[0]) <= 1
    mine, other = sentence.source.he, sentence.source.she
    if word.low in SHE:
        mine, other = other, mine
    same = mine[around].sum() + 0.3 * mine.sum()
    against = other[around].sum() + 0.3 * other.sum()
    return float((against + 0.2) / (same + against + 0.4)) - 0.5


def _itself(sentence: Sentence, at: int) -> Row:
    word, (places, _) = sentence.words[at], sentence.found[at]
    name, told = sentence.is_name(at), word.weight / 7.5
    first = word.sentence == 0
    row = {
        "name": float(name), "number": float(word.number), "weight": told,
        "first_sentence": float(first),
        "first_name": float(first and sentence.names[at] == sentence.names[0]),
    }  # fmt: skip
    if not len(places):
        like = sentence.likeness.get(word.low, 0.0)
        row |= {"missing": 1.0, "missing_weight": told, "missing_name": float(name)}
        row |= {"missing_number": float(word.number), "like": like}
        row["unlike"] = max(0.0, 0.75 - like)
    return row


def _covered(sentence: Sentence, at: int, others: Sequence[int]) -> Row:
    rest = sentence.share(others)
    row = {"best": float(rest.max(initial=0.0)), "covered": sentence.all_covered}
    row["cosine"] = float(sentence.cosines.max(initial=0.0))
    places = sentence.found[at][0]
    if len(places):
        has = {int(place) for place in sentence.source.sentence[places]}
        has |= {place + 1 for place in has if place + 1 < len(rest)}
        row["with"] = float(rest[sorted(has)].max())
        row["gap"] = row["best"] - row["with"]
    return row


def _near(sentence: Sentence, at: int, places: Places, others: Sequence[int]) -> Row:
    """How near the source has the other words to this one; those near it here count most."""
    known = [i for i in others if len(sentence.found[i][0])]
    counts = {i: sentence.words[i].weight / (1 + abs(i - at) / 6) for i in others}
    together = np.zeros(len(places[:MOST]))
    for i in known:
        far = sentence.distances(i, places[:MOST]) - abs(i - at)
        together += counts[i] * np.exp(-np.maximum(0, far) / 8)
    near = float(together.max(initial=0.0))
    gaps = [sentence.distances(i, places).min() <= WINDOW + abs(i - at) for i in known]
    return {
        "near": near / (sum(counts.values()) or 1.0),
        "near_known": near / (sum(counts[i] for i in known) or 1.0),
        "together": float(np.mean(gaps)) if gaps else 0.5,
        "all_together": float(min(gaps)) if gaps else 0.5,
        "late": float(places[0]) / max(1, len(sentence.source.words)),
        "often": math.log1p(len(places)),
    }


def _beside(sentence: Sentence, at: int, places: Places, others: Sequence[int]) -> Row:
    """The telling words next to it on either side: are they near it in the source?"""
    before = [i for i in others if i < at][-2:]
    behind = [i for i in others if i > at][:2]
    left, right = (_closest(sentence, at, places, side) for side in (before, behind))
    known = [i for i in others if len(sentence.found[i][0])]
    row = {"left": left, "right": right}
    beside = [i for i in known if i < at][-1:] + [i for i in known if i > at][:1]
    lost = [i for i in beside if abs(i - at) <= 4 and sentence.distances(i, places).min() > 6]
    row["left_alone"] = len(lost) / 2
    if len(beside) == 2 and beside[0] < at < beside[1] and max(at - beside[0], beside[1] - at) <= 5:
        row |= _between(sentence, places, *beside)
    return row


def _closest(sentence: Sentence, at: int, places: Places, side: Sequence[int]) -> float:
    nears = [
        math.exp(-max(0, int(sentence.distances(i, places).min()) - abs(i - at)) / 4)
        for i in side
        if len(sentence.found[i][0])
    ]
    return max(nears, default=0.4)


def _between(sentence: Sentence, places: Places, before: int, behind: int) -> Row:
    """Whether those two stand close in the source, and whether the word is between them."""
    first, last = sentence.found[before][0], sentence.found[behind][0]
    gaps = last - first[:, None]
    pairs = [(int(first[i]), int(last[j])) for i, j in np.argwhere((gaps > 0) & (gaps <= 8))]
    within = [any(a - 2 <= place <= b + 2 for place in places) for a, b in pairs]
    same = any(within)
    return {"place_same": float(same), "place_other": float(bool(pairs) and not same)}


def _runs(sentence: Sentence, at: int) -> Row:
    """Whether the source has the neighbouring words, and this one or another beside them."""
    low, source = [word.low for word in sentence.words], sentence.source
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


def _meant(sentence: Sentence, at: int, places: Places) -> Row:
    """Opposites, denials, and names that are put together otherwise."""
    word, row = sentence.words[at], Row()
    row["opposite"] = float(_opposed(sentence, stem(word.low), places))
    if len(places) and not any(w.denies for w in sentence.words[max(0, at - 4) : at]):
        row["denied"] = float(_denied(sentence, places))
    name = [i for i, first in enumerate(sentence.names) if first == sentence.names[at]]
    if len(name) > 1 and len(places):
        keys = [sentence.words[i].key for i in name]
        row["broken_name"] = float(
            np.mean([p not in sentence.source.pairs for p in pairwise(keys)])
        )
    return row


def _opposed(sentence: Sentence, key: str, places: Places) -> bool:
    mine = set(sentence.source.sentence[places])
    return any(
        sentence.source.sentence[place] in sentence.top[:2]
        and sentence.source.sentence[place] not in mine
        for other in OPPOSITES.get(key, ())
        for place in sentence.source.find(other)[0]
    )


def _denied(sentence: Sentence, places: Places) -> bool:
    denials = sentence.source.denials
    best = [place for place in places if sentence.source.sentence[place] in sentence.top[:2]]
    return bool(best) and all(denials[p] > denials[max(0, p - 3)] for p in best)
