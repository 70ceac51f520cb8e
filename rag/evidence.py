"""Passages to evidence: the sentences that bear on the question, and whether any does.

What is known of a sentence, and what that weighs, is in `rag/features.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from rag.facts import facts
from rag.features import (
    COSINE,
    LONG_QUESTION,
    READ_TOO,
    READING,
    UNREAD,
    Asked,
    Candidate,
    Fit,
    features_of,
    length,
)
from rag.reader import Told
from rag.schema import Evidence, Passage
from rag.sentences import sentence_spans
from rag.words import content_stems

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rag.reader import Reader

Embed = Callable[[Sequence[str]], "NDArray[np.float32]"]

CANDIDATES = 20
"""Sentences that are embedded for a question: the best ones by all other features."""

READ = 16
"""Sentences that are read for a question: the best of those by all other features."""

SURE = 0.5
"""How likely an answer must begin at one place of a sentence for that to be told."""


def scored_by(embedder: str, reader: Reader | None) -> str:
    """What `select` scores by: the fingerprints of the models, and a hash of the weights."""
    fit = READ_TOO if reader else UNREAD
    weights = sha256(
        f"{fit.select.tolist()} {fit.answers.tolist()} {fit.bias} {LONG_QUESTION}".encode()
    )
    read = reader.fingerprint if reader else "no reader"
    return f"{embedder}; {read}; weights {weights.hexdigest()[:12]}"


_Pick = tuple[Candidate, float, float]
"""A sentence, how likely it answers, and its share among the candidates."""


def select(
    question: str,
    parts: Sequence[str],
    passages: Sequence[Passage],
    embed: Embed,
    most: int,
    reader: Reader | None = None,
) -> list[Evidence]:
    """The sentences of `passages` that bear on the question, best first, at most `most`.

    `question` is a whole one (see `rag.question.make_whole`). Where it has `parts`, the best
    sentence for each part comes first, so that no part crowds out another. The highest score says
    how likely the question is answered at all: 0 to 1, to be held against `answer.abstain_below`.
    """
    sentences = sentences_of(passages)
    if not sentences:
        return []
    asked = parts or [question]
    fit = READ_TOO if reader else UNREAD
    found = tables(asked, sentences, passages, embed, reader)
    odds = LONG_QUESTION * length(question)
    rankings = [_ranked(fit, *table, odds) for table in found]
    turns = zip(*rankings, strict=False)
    ranked = [pick for turn in turns for pick in turn]
    return [
        _evidence(number, *pick) for number, pick in enumerate(_distinct(ranked, most), start=1)
    ]


def _ranked(
    fit: Fit, candidates: Sequence[Candidate], table: NDArray[np.float64], odds: float
) -> list[_Pick]:
    """The candidates best first, each with its likelihood of answering and its share.

    `odds` are the log-odds that the question brings, whatever the sentence.
    """
    values = table @ fit.select
    shares = np.exp(values - values.max())
    shares /= shares.sum()
    likely = 1.0 / (1.0 + np.exp(-(table @ fit.answers + fit.bias + odds)))
    return [
        (candidates[place], float(likely[place]), float(shares[place]))
        for place in fit.order(table)
    ]


def sentences_of(passages: Sequence[Passage]) -> list[Candidate]:
    """The sentences of passages that say something, each once, in the order of the passages."""
    found: dict[tuple[str, int], Candidate] = {}
    for passage in passages:
        spans = sentence_spans(passage.text)
        for index, (start, end) in enumerate(spans):
            before = passage.text[spans[index - 1][0] : start] if index else ""
            sentence = Candidate(
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


def tables(
    questions: Sequence[str],
    sentences: Sequence[Candidate],
    passages: Sequence[Passage],
    embed: Embed,
    reader: Reader | None = None,
) -> list[tuple[list[Candidate], NDArray[np.float64]]]:
    """For each question its candidates and their table of `FEATURES`, a row a sentence.

    The candidates are the sentences that are best before anything is embedded, `CANDIDATES` for
    all questions together.
    """
    most = max(1, CANDIDATES // len(questions))
    found = [_candidates(Asked.of(q, passages), sentences, most) for q in questions]
    chosen = list(dict.fromkeys(sentence for candidates, _ in found for sentence in candidates))
    vectors = embed([*questions, *(one.text for one in chosen), *map(_titled, chosen)])
    asked, alone, titled = np.split(vectors, [len(questions), len(questions) + len(chosen)])
    cosines = np.maximum(asked @ alone.T, asked @ titled.T)
    for row, (candidates, table) in zip(cosines, found, strict=True):
        table[:, COSINE] = [row[chosen.index(sentence)] for sentence in candidates]
    if reader is None:
        return found
    most = max(1, READ // len(questions))
    return [_read(reader, q, *table, most) for q, table in zip(questions, found, strict=True)]


def _read(
    reader: Reader,
    question: str,
    candidates: Sequence[Candidate],
    table: NDArray[np.float64],
    most: int,
) -> tuple[list[Candidate], NDArray[np.float64]]:
    """The `most` best candidates without reading, and their table with what reading gives."""
    order = UNREAD.order(table)[:most]
    kept, table = [candidates[place] for place in order], table[order]
    readings = reader.read(question, [Told(s.passage.title, s.before, s.text) for s in kept])
    table[:, READING] = [reading.odds for reading in readings]
    kept = [
        replace(sentence, answer_at=reading.at if reading.sure >= SURE else None)
        for sentence, reading in zip(kept, readings, strict=True)
    ]
    return kept, table


def _candidates(
    asked: Asked, sentences: Sequence[Candidate], most: int
) -> tuple[list[Candidate], NDArray[np.float64]]:
    table = np.array([features_of(asked, sentence) for sentence in sentences])
    kept = UNREAD.order(table)[:most]
    return [sentences[place] for place in kept], table[kept]


def _titled(sentence: Candidate) -> str:
    title = sentence.passage.title
    return f"{title}. {sentence.text}" if title else sentence.text


def _distinct(ranked: Sequence[_Pick], most: int) -> list[_Pick]:
    """The first `most` that do not say again what an earlier one said (stem Jaccard > 0.7).

    With other numbers or dates, the same words say something else.
    """
    kept: list[_Pick] = []
    seen: list[tuple[frozenset[str], tuple[object, ...]]] = []
    for pick in ranked:
        own, said = frozenset(content_stems(pick[0].text)), facts(pick[0].text)
        values = ({number.value for number in said.numbers}, set(said.dates))
        if any(
            len(own & other) > 0.7 * len(own | other) and values == known for other, known in seen
        ):
            continue
        kept.append(pick)
        seen.append((own, values))
        if len(kept) == most:
            break
    return kept


def _evidence(number: int, sentence: Candidate, score: float, share: float) -> Evidence:
    passage = sentence.passage
    return Evidence(
        number=number,
        score=score,
        share=share,
        article_id=passage.article_id,
        start=sentence.start,
        end=sentence.end,
        text=sentence.text,
        answer_at=sentence.answer_at,
        context=sentence.before,
        title=passage.title,
        publisher=passage.publisher,
        published=passage.published,
        url=passage.url,
        earlier=passage.earlier,
        notes=tuple(
            n for n in passage.notes if sentence.start <= n.start and n.end <= sentence.end
        ),
        also_in=passage.also_in,
    )
