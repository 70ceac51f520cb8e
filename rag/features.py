"""What is known of a sentence that may answer a question, as numbers, and what they weigh.

Two small linear models over these features: which sentence answers, and whether any does. One
feature is what a trained reader gives, where there is one (`rag/reader.py`).
`evals/fit_evidence.py` fits the weights; `docs/decisions.md` says on what, and how well they do on
questions that they were not fitted on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from rag.facts import MONTHS, facts, name_key, name_keys
from rag.question import OTHER, answers_exactly, answers_kind, exact_kind, keys, kind, matter
from rag.schema import Passage
from rag.words import content_stems, weight, words

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WEIGHTS = (
    ("covered", 1.94, -0.32, 1.34, -0.75),  # share of the question's telling words, by weight
    ("covered_near", 2.66, 3.22, 1.91, 3.22),  # the same, with the sentence before it and the title
    ("missing_near", -0.78, 0.13, -0.55, -0.33),  # weight of the rarest word these lack, 0 to 1
    ("covered_rest", 2.36, 0.31, 1.86, 0.40),  # `covered` of the words that are no names
    ("missing_rest", -0.81, -0.31, -0.37, 0.66),  # `missing_near` of those
    ("adjacent", 1.36, -0.03, 1.48, 0.29),  # share of its neighbouring words that are so here
    ("kind", 1.17, 0.14, 0.77, -0.19),  # brings a number, date or name where one is asked for
    ("exact_kind", 1.42, 1.32, 1.25, 1.30),  # brings just what is asked for: money, a person, …
    ("length", 0.26, 0.59, -0.35, 0.33),  # telling words / 20
    ("novel", -0.66, -1.19, -0.59, -1.01),  # share of its telling words that the question lacks
    ("cosine", 2.76, 3.52, 2.49, 3.41),  # of question and sentence, with its title or without
    ("rank", 1.75, 0.09, 1.78, 0.08),  # 1 / rank of its passage
    ("names", 0.62, 0.07, 0.85, -0.09),  # share of the question's names near the sentence
    ("absent", -1.20, -0.83, -1.43, -1.56),  # share of its names and years that the article lacks
    ("reading", 0.00, 0.00, 0.83, 0.25),  # what the reader gives
    ("has_kind", 0.00, -0.06, 0.00, -0.06),  # the question asks for a number, date or name
    ("has_exact_kind", 0.00, -0.66, 0.00, -0.78),  # it asks for something as narrow as money
    ("missing_all", 0.00, -0.74, 0.00, -0.24),  # weight of the rarest word in no passage, 0 to 1
)
"""Each feature with its weight in the order among sentences (a conditional logit over the sentences
of a question) and in the log-odds that the question is answered, read off its best sentence: first
without a reader, then with the one that Newsdesk brings. `evals/fit_evidence.py` fits all of these.
"""

LONG_QUESTION = 2.5
"""What is added to the log-odds of a long question: one sentence holds little of it (`length`)."""
_FEW, _MANY = 7, 14
"""Telling words up to which a question is short, and from which it is long."""

FEATURES = tuple(row[0] for row in _WEIGHTS)
COSINE, READING = FEATURES.index("cosine"), FEATURES.index("reading")
OF_QUESTION = 3
"""How many of the last features are the same for all sentences of a question."""


@dataclass(frozen=True, slots=True)
class Fit:
    """Two linear models over `FEATURES`."""

    select: NDArray[np.float64]
    answers: NDArray[np.float64]
    bias: float

    def order(self, table: NDArray[np.float64]) -> NDArray[np.int64]:
        """The rows of a table, the sentences likeliest to answer first."""
        return np.argsort(-(table @ self.select), kind="stable")


def _fit(column: int, bias: float) -> Fit:
    select, answers = (np.array([row[c] for row in _WEIGHTS]) for c in (column, column + 1))
    return Fit(select, answers, bias)


UNREAD, READ_TOO = _fit(1, -3.32), _fit(3, -3.37)


def length(question: str) -> float:
    """0 for a short question, 1 for a long one, by its telling words."""
    return min(1.0, max(0.0, (len(content_stems(question)) - _FEW) / (_MANY - _FEW)))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence of a passage, where it stands in the article, and the sentence before it."""

    passage: Passage
    start: int
    end: int
    text: str
    before: str
    answer_at: int | None = None
    """As of `Evidence`."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the question brings into the features of every sentence."""

    question: str
    terms: dict[str, float]
    """Its telling words, as keys, with their weights."""
    rest: dict[str, float]
    """Those that are no names."""
    neighbours: frozenset[tuple[str, str]]
    kind: str
    exact_kind: str
    known: frozenset[str]
    named: frozenset[str]
    absent: dict[str, float]
    missing_all: float

    @classmethod
    def of(cls, question: str, passages: Sequence[Passage]) -> Asked:
        """Read a question against the passages that were found for it."""
        matters = matter(question)
        terms = _terms(matters)
        texts: dict[str, str] = {}
        for p in passages:
            facts_of = f"{p.title} {_month(p.published)}"
            texts[p.article_id] = f"{texts.get(p.article_id, facts_of)} {p.text}"
        held = {article_id: keys(text) for article_id, text in texts.items()}
        everywhere = frozenset().union(*held.values())
        said = facts(matters)
        named = frozenset(key for name in said.names for key in name.keys)
        years = frozenset(str(when.year) for when in said.dates if when.year)
        return cls(
            question=question,
            terms=terms,
            rest={key: weight for key, weight in terms.items() if key not in named},
            neighbours=frozenset(pairwise(terms)),
            kind=kind(question),
            exact_kind=exact_kind(question),
            known=frozenset(terms) | name_keys(question),
            named=named,
            absent={article: _absent(named | years, known) for article, known in held.items()},
            missing_all=_rarest(terms, everywhere),
        )


def _terms(text: str) -> dict[str, float]:
    """The words that tell something, in order: what they may be found under, and their weights."""
    parts = (part for word in words(text) for part in word.split("-"))
    return {name_key(part): weight(part) for part in parts if weight(part) > 0}


def features_of(asked: Asked, sentence: Candidate) -> list[float]:
    """The features of a sentence; its cosine and its reading come later."""
    passage = sentence.passage
    telling = _terms(sentence.text)
    own = keys(sentence.text)
    around = f"{passage.title} {_month(passage.published)} {sentence.before}"
    near = own | keys(around)
    said = facts(sentence.text)
    brings = answers_kind(asked.kind, facts(asked.question), said, asked.known)
    return [
        _covered(asked.terms, own),
        _covered(asked.terms, near),
        _rarest(asked.terms, near),
        _covered(asked.rest, own),
        _rarest(asked.rest, near),
        _adjacent(asked.neighbours, list(telling)),
        float(asked.kind != OTHER and brings),
        float(answers_exactly(asked.question, sentence.text)),
        min(len(telling), 30) / 20,
        sum(term not in asked.terms for term in telling) / max(1, len(telling)),
        0.0,
        1.0 / passage.rank,
        len(asked.named & near) / len(asked.named) if asked.named else 0.5,
        asked.absent[passage.article_id],
        0.0,
        float(asked.kind != OTHER),
        float(bool(asked.exact_kind)),
        asked.missing_all,
    ]


def _adjacent(neighbours: frozenset[tuple[str, str]], telling: Sequence[str]) -> float:
    """The share of pairs that stand next to each other, or with one word between, either way."""
    if not neighbours:
        return 0.0
    pairs = {*pairwise(telling), *zip(telling, telling[2:], strict=False)}
    return sum(pair in pairs or pair[::-1] in pairs for pair in neighbours) / len(neighbours)


def _absent(asked: frozenset[str], held: frozenset[str]) -> float:
    """Share of names and years that are nowhere in an article's passages; 0 where none is asked."""
    return sum(not _holds(held, key) for key in asked) / len(asked) if asked else 0.0


def _month(published: str | None) -> str:
    """'July 2023' of a publication date, for questions that name it; empty when unknown."""
    if not published:
        return ""
    return f"{MONTHS[int(published[5:7]) - 1]} {published[:4]}" if len(published) > 6 else ""


def _covered(terms: dict[str, float], held: frozenset[str]) -> float:
    """The share of the words' weight that is held; one half where there are none."""
    if not terms:
        return 0.5
    return sum(w for term, w in terms.items() if _holds(held, term)) / sum(terms.values())


def _holds(held: frozenset[str], term: str) -> bool:
    """Whether a stem, or one that it begins or that begins it, is held: chair, chairman."""
    return term in held or (
        len(term) >= LONG
        and any(len(h) >= LONG and (h.startswith(term) or term.startswith(h)) for h in held)
    )


LONG = 5
"""Letters from which a stem may match as the beginning of another."""


def _rarest(terms: dict[str, float], held: frozenset[str]) -> float:
    return max((w for term, w in terms.items() if not _holds(held, term)), default=0.0) / 7.5
