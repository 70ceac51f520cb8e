"""Passages to evidence: the sentences that bear on the question, and whether any does.

Two small linear models over the features below. Their weights were fitted by
`python -m evals.fit_evidence` on SQuAD 2.0, MultiHop-RAG and the starter set; see
`docs/decisions.md` for the data and what they score.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rag.facts import facts, name_keys
from rag.question import OTHER, answers_kind, kind
from rag.schema import Evidence, Passage
from rag.sentences import sentence_spans
from rag.words import content_stems, stems

if TYPE_CHECKING:
    from numpy.typing import NDArray

Embed = Callable[[Sequence[str]], "NDArray[np.float32]"]

CANDIDATES = 32
"""Sentences that are embedded for a question; the lexically best ones are."""

FEATURES = (
    "covered",  # share of the question's telling words, by weight, that the sentence has
    "covered_near",  # the same with the sentence before it and the title
    "missing_near",  # weight of the rarest word that these lack, 0 to 1
    "kind",  # brings a number, date or name where the question asks for one
    "length",  # telling words / 20
    "novel",  # share of its telling words that the question does not have
    "cosine",  # of question and sentence
    "rank",  # 1 / rank of its passage
    "has_kind",  # the question asks for a number, date or name
    "missing_all",  # weight of the rarest question word in none of the passages, 0 to 1
    "names",  # share of the question's names, numbers and dates near the sentence
)
"""What the weights below belong to, in order."""

SELECT = np.array([3.99, 3.91, -1.30, 1.20, 0.40, -1.62, 3.30, 1.92, 0.0, 0.0, 0.40])
"""Weights of the order among sentences (a conditional logit over the sentences of a question)."""

ANSWERS = np.array([1.05, 2.37, 0.07, 0.63, 0.99, -1.92, 3.46, 0.71, -0.33, -0.29, 0.27])
BIAS = -4.25
"""Weights and bias of the log-odds that the question is answered, read off its best sentence."""


@dataclass(frozen=True, slots=True)
class _Sentence:
    passage: Passage
    start: int
    end: int
    text: str
    before: str


def select(question: str, passages: Sequence[Passage], embed: Embed, most: int) -> list[Evidence]:
    """The sentences of `passages` that bear on the question, best first, at most `most`.

    `question` is a whole one (see `rag.question.make_whole`). The score of the first says how
    likely the question is answered at all: 0 to 1, to be held against `answer.abstain_below`.
    """
    candidates = _prefilter(question, _sentences(passages))
    if not candidates:
        return []
    table = features(question, candidates, passages, embed)
    order = np.argsort(-(table @ SELECT), kind="stable")
    likely = 1.0 / (1.0 + np.exp(-(table @ ANSWERS + BIAS)))
    ranked = [(candidates[i], float(likely[i])) for i in order]
    return [
        _evidence(number, sentence, score)
        for number, (sentence, score) in enumerate(_distinct(ranked, most), start=1)
    ]


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
    return [sentence for sentence in found.values() if len(sentence.text.split()) >= MIN_WORDS]


MIN_WORDS = 4
"""Shorter ones are headings and fragments."""


def _prefilter(question: str, sentences: list[_Sentence]) -> list[_Sentence]:
    if len(sentences) <= CANDIDATES:
        return sentences
    asked = content_stems(question)

    def promise(sentence: _Sentence) -> float:
        near = stems(f"{sentence.text} {sentence.before}")
        own = stems(sentence.text)
        matched = sum(w * ((term in own) + 0.5 * (term in near)) for term, w in asked.items())
        return matched + 3.0 / sentence.passage.rank

    return sorted(sentences, key=promise, reverse=True)[:CANDIDATES]


def features(
    question: str, sentences: Sequence[_Sentence], passages: Sequence[Passage], embed: Embed
) -> NDArray[np.float64]:
    """The table of `FEATURES`, a row a sentence."""
    vectors = embed([question, *(sentence.text for sentence in sentences)])
    cosines = vectors[1:] @ vectors[0]
    asked = _Asked.of(question, passages)
    return np.array(
        [_row(asked, sentence, float(c)) for sentence, c in zip(sentences, cosines, strict=True)]
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the question brings into every row."""

    terms: dict[str, float]
    total: float
    kind: str
    known: frozenset[str]
    question: str
    named: frozenset[str]
    missing_all: float

    @classmethod
    def of(cls, question: str, passages: Sequence[Passage]) -> _Asked:
        terms = content_stems(question)
        everywhere = stems(" ".join(f"{p.title} {p.text}" for p in passages))
        return cls(
            terms=terms,
            total=sum(terms.values()) or 1.0,
            kind=kind(question),
            known=frozenset(terms) | name_keys(question),
            question=question,
            named=frozenset(key for name in facts(question).names for key in name.keys),
            missing_all=_rarest(terms, everywhere),
        )


def _row(asked: _Asked, sentence: _Sentence, cosine: float) -> list[float]:
    own = content_stems(sentence.text)
    near_text = f"{sentence.passage.title} {sentence.before} {sentence.text}"
    near = stems(near_text)
    said = facts(sentence.text)
    covered = sum(w for term, w in asked.terms.items() if term in own) / asked.total
    named_near = len(asked.named & (name_keys(near_text) | near))
    return [
        covered,
        sum(w for term, w in asked.terms.items() if term in near) / asked.total,
        _rarest(asked.terms, near),
        float(
            asked.kind != OTHER
            and answers_kind(asked.kind, facts(asked.question), said, asked.known)
        ),
        min(len(own), 30) / 20,
        sum(term not in asked.terms for term in own) / max(1, len(own)),
        cosine,
        1.0 / sentence.passage.rank,
        float(asked.kind != OTHER),
        asked.missing_all,
        named_near / len(asked.named) if asked.named else 0.5,
    ]


def _rarest(terms: dict[str, float], held: frozenset[str]) -> float:
    return max((w for term, w in terms.items() if term not in held), default=0.0) / 7.5


def _distinct(
    ranked: Sequence[tuple[_Sentence, float]], most: int
) -> list[tuple[_Sentence, float]]:
    """The first `most` that do not say again what an earlier one said (stem Jaccard > 0.7)."""
    kept: list[tuple[_Sentence, float]] = []
    seen: list[frozenset[str]] = []
    for sentence, score in ranked:
        own = frozenset(content_stems(sentence.text))
        if any(len(own & other) > 0.7 * len(own | other) for other in seen):
            continue
        kept.append((sentence, score))
        seen.append(own)
        if len(kept) == most:
            break
    return kept


def _evidence(number: int, sentence: _Sentence, score: float) -> Evidence:
    passage = sentence.passage
    return Evidence(
        number=number,
        score=score,
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
