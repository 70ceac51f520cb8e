"""Passages to evidence: the sentences that bear on the question, and whether any does.

Two small linear models over the features below. `evals/fit_evidence.py` fits their weights;
`docs/decisions.md` says on what, and how well they do on questions that they were not fitted on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rag.facts import MONTHS, facts, name_keys
from rag.question import OTHER, answers_kind, kind
from rag.schema import Evidence, Passage
from rag.sentences import sentence_spans
from rag.words import content_stems, stems

if TYPE_CHECKING:
    from numpy.typing import NDArray

Embed = Callable[[Sequence[str]], "NDArray[np.float32]"]

CANDIDATES = 20
"""Sentences that are embedded for a question; the lexically best ones are."""

FEATURES = (
    "covered",  # share of the question's telling words, by weight, that the sentence has
    "covered_near",  # the same with the sentence before it and the title
    "missing_near",  # weight of the rarest word that these lack, 0 to 1
    "kind",  # brings a number, date or name where the question asks for one
    "length",  # telling words / 20
    "novel",  # share of its telling words that the question does not have
    "cosine",  # of question and sentence, its article's title put before it
    "rank",  # 1 / rank of its passage
    "has_kind",  # the question asks for a number, date or name
    "missing_all",  # weight of the rarest question word in none of the passages, 0 to 1
    "names",  # share of the question's names near the sentence
    "absent",  # share of its names and years that its article's passages do not hold
)
"""What the weights below belong to, in order."""

SELECT = np.array([2.93, 3.94, -0.96, 1.49, 0.69, -1.45, 3.81, 2.32, 0.0, 0.0, -0.29, -0.96])
"""Weights of the order among sentences (a conditional logit over the sentences of a question)."""

ANSWERS = np.array([-0.29, 2.98, -0.2, 1.17, 0.53, -2.55, 3.81, 0.77, -0.8, -0.12, -0.33, -1.69])
BIAS = -1.95
"""Weights and bias of the log-odds that the question is answered, read off its best sentence."""


@dataclass(frozen=True, slots=True)
class _Sentence:
    passage: Passage
    start: int
    end: int
    text: str
    before: str


_Pick = tuple[_Sentence, float, float]
"""A sentence, how likely it answers, and its share among the candidates."""


def select(
    question: str, parts: Sequence[str], passages: Sequence[Passage], embed: Embed, most: int
) -> list[Evidence]:
    """The sentences of `passages` that bear on the question, best first, at most `most`.

    `question` is a whole one (see `rag.question.make_whole`). Where it has `parts`, the best
    sentence for each part comes first, so that no part crowds out another. The highest score says
    how likely the question is answered at all: 0 to 1, to be held against `answer.abstain_below`.
    """
    asked = [question, *parts]
    candidates = _prefilter(asked, _sentences(passages))
    if not candidates:
        return []
    rankings = [_ranked(candidates, table) for table in tables(asked, candidates, passages, embed)]
    turns = zip(*rankings[1:], rankings[0], strict=True)
    ranked = [pick for turn in turns for pick in turn]
    return [
        _evidence(number, *pick) for number, pick in enumerate(_distinct(ranked, most), start=1)
    ]


def _ranked(candidates: Sequence[_Sentence], table: NDArray[np.float64]) -> list[_Pick]:
    """The candidates best first, each with its likelihood of answering and its share."""
    values = table @ SELECT
    shares = np.exp(values - values.max())
    shares /= shares.sum()
    likely = 1.0 / (1.0 + np.exp(-(table @ ANSWERS + BIAS)))
    order = np.argsort(-values, kind="stable")
    return [(candidates[place], float(likely[place]), float(shares[place])) for place in order]


def _sentences(passages: Sequence[Passage]) -> list[_Sentence]:
    found: dict[tuple[str, int], _Sentence] = {}
    for passage in passages:
        spans = sentence_spans(passage.text)
        for index, (start, end) in enumerate(spans):
            before = passage.text[spans[index - 1][0] : start] if index else ""
            sentence = _Sentence(
                passage,
                passage.start + start,
                passage.start + end,
                passage.text[start:end],
                before,
            )
            found.setdefault((passage.article_id, sentence.start), sentence)
    return [sentence for sentence in found.values() if _tells(sentence.text)]


MIN_WORDS = 4
"""Shorter ones are fragments."""


def _tells(text: str) -> bool:
    """Whether a sentence says something by itself: no heading, no start of a list, no question."""
    return (
        len(text.split()) >= MIN_WORDS
        and not text.startswith("#")
        and not text.rstrip('"”’ ').endswith((":", "?"))
    )


def _prefilter(questions: Sequence[str], sentences: list[_Sentence]) -> list[_Sentence]:
    """The lexically most promising sentences for any of the questions."""
    if len(sentences) <= CANDIDATES:
        return sentences
    asked = [content_stems(question) for question in questions]
    held = [(stems(s.text), stems(f"{s.passage.title} {s.before}")) for s in sentences]

    def promise(place: int, terms: dict[str, float]) -> float:
        own, near = held[place]
        matched = sum(w * ((term in own) + 0.5 * (term in near)) for term, w in terms.items())
        return matched + 3.0 / sentences[place].passage.rank

    kept: dict[int, None] = {}
    for terms in asked:
        order = sorted(range(len(sentences)), key=lambda place: -promise(place, terms))
        kept |= dict.fromkeys(order[: CANDIDATES // len(questions)])
    return [sentences[place] for place in kept]


def tables(
    questions: Sequence[str],
    sentences: Sequence[_Sentence],
    passages: Sequence[Passage],
    embed: Embed,
) -> list[NDArray[np.float64]]:
    """For each question the table of `FEATURES`, a row a sentence."""
    titled = [f"{s.passage.title}. {s.text}" if s.passage.title else s.text for s in sentences]
    vectors = embed([*questions, *titled])
    asked = [_Asked.of(question, passages) for question in questions]
    cosines = vectors[: len(questions)] @ vectors[len(questions) :].T
    return [
        np.array([_row(one, s, float(c)) for s, c in zip(sentences, row, strict=True)])
        for one, row in zip(asked, cosines, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the question brings into every row."""

    terms: dict[str, float]
    total: float
    kind: str
    known: frozenset[str]
    question: str
    named: frozenset[str]
    absent: dict[str, float]
    missing_all: float

    @classmethod
    def of(cls, question: str, passages: Sequence[Passage]) -> _Asked:
        terms = content_stems(question)
        texts: dict[str, str] = {}
        for p in passages:
            facts_of = f"{p.title} {_month(p.published)}"
            texts[p.article_id] = f"{texts.get(p.article_id, facts_of)} {p.text}"
        everywhere = stems(" ".join(texts.values()))
        said = facts(question)
        named = frozenset(key for name in said.names for key in name.keys)
        years = frozenset(str(when.year) for when in said.dates if when.year)
        return cls(
            terms=terms,
            total=sum(terms.values()) or 1.0,
            kind=kind(question),
            known=frozenset(terms) | name_keys(question),
            question=question,
            named=named,
            absent={
                article_id: _absent(named | years, name_keys(text) | stems(text))
                for article_id, text in texts.items()
            },
            missing_all=_rarest(terms, everywhere),
        )


def _row(asked: _Asked, sentence: _Sentence, cosine: float) -> list[float]:
    passage = sentence.passage
    own = content_stems(sentence.text)
    near_text = f"{passage.title} {_month(passage.published)} {sentence.before} {sentence.text}"
    near = stems(near_text)
    said = facts(sentence.text)
    named_near = len(asked.named & (name_keys(near_text) | near))
    return [
        _covered(asked, frozenset(own)),
        _covered(asked, near),
        _rarest(asked.terms, near),
        float(
            asked.kind != OTHER
            and answers_kind(asked.kind, facts(asked.question), said, asked.known)
        ),
        min(len(own), 30) / 20,
        sum(term not in asked.terms for term in own) / max(1, len(own)),
        cosine,
        1.0 / passage.rank,
        float(asked.kind != OTHER),
        asked.missing_all,
        named_near / len(asked.named) if asked.named else 0.5,
        asked.absent[passage.article_id],
    ]


def _absent(asked: frozenset[str], held: frozenset[str]) -> float:
    """Share of names and years that are nowhere in an article's passages; 0 where none is asked."""
    return sum(not _holds(held, key) for key in asked) / len(asked) if asked else 0.0


def _month(published: str | None) -> str:
    """'July 2023' of a publication date, for questions that name it; empty when unknown."""
    if not published:
        return ""
    return f"{MONTHS[int(published[5:7]) - 1]} {published[:4]}" if len(published) > 6 else ""


def _covered(asked: _Asked, held: frozenset[str]) -> float:
    found = sum(w for term, w in asked.terms.items() if _holds(held, term))
    return found / asked.total


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


def _distinct(ranked: Sequence[_Pick], most: int) -> list[_Pick]:
    """The first `most` that do not say again what an earlier one said (stem Jaccard > 0.7)."""
    kept: list[_Pick] = []
    seen: list[frozenset[str]] = []
    for pick in ranked:
        own = frozenset(content_stems(pick[0].text))
        if any(len(own & other) > 0.7 * len(own | other) for other in seen):
            continue
        kept.append(pick)
        seen.append(own)
        if len(kept) == most:
            break
    return kept


def _evidence(number: int, sentence: _Sentence, score: float, share: float) -> Evidence:
    passage = sentence.passage
    return Evidence(
        number=number,
        score=score,
        share=share,
        article_id=passage.article_id,
        start=sentence.start,
        end=sentence.end,
        text=sentence.text,
        context=sentence.before,
        title=passage.title,
        publisher=passage.publisher,
        published=passage.published,
        url=passage.url,
    )
