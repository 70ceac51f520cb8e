"""Passages to evidence: the sentences that bear on the question, and whether any does.

Two small linear models over the features below, one of which a trained reader gives where there is
one (`rag/reader.py`). `evals/fit_evidence.py` fits their weights; `docs/decisions.md` says on what,
and how well they do on questions that they were not fitted on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from rag.facts import MONTHS, facts, name_key, name_keys
from rag.question import OTHER, answers_exactly, answers_kind, exact_kind, keys, kind, matter
from rag.reader import Told
from rag.schema import Evidence, Passage
from rag.sentences import sentence_spans
from rag.words import content_stems, weight, words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rag.reader import Reader

Embed = Callable[[Sequence[str]], "NDArray[np.float32]"]

CANDIDATES = 20
"""Sentences that are embedded for a question: the best ones by all other features."""

READ = 20
"""Sentences that are read for a question: the best of those by all other features."""

_WEIGHTS = (
    ("covered", 1.78, -0.27, 1.32, -0.88),  # share of the question's telling words, by weight
    ("covered_near", 3.06, 3.01, 1.91, 3.14),  # the same, with the sentence before it and the title
    ("missing_near", -0.73, 0.1, -0.76, -0.70),  # weight of the rarest word that these lack, 0 to 1
    ("covered_rest", 2.7, 0.8, 1.87, 0.56),  # `covered` of the words that are no names
    ("missing_rest", -0.83, 0.25, -0.49, 0.98),  # `missing_near` of those
    ("adjacent", 0.97, 0.01, 1.69, 0.45),  # share of its neighbouring words that are so here
    ("kind", 1.35, 0.11, 0.71, -0.02),  # brings a number, date or name where one is asked for
    ("exact_kind", 1.4, 2.02, 1.04, 1.62),  # brings just what is asked for: money, a person, …
    ("length", 0.17, -0.03, -0.28, -0.03),  # telling words / 20
    ("novel", -0.73, -2.11, -0.27, -2.24),  # share of its telling words that the question lacks
    ("cosine", 2.79, 2.5, 2.19, 3.41),  # of question and sentence, its title put before it
    ("rank", 1.89, 0.51, 1.87, -0.17),  # 1 / rank of its passage
    ("names", 0.49, 0.07, 0.95, -0.44),  # share of the question's names near the sentence
    ("absent", -1.33, -1.82, -1.30, -1.77),  # share of its names and years that the article lacks
    ("reading", 0.0, 0.0, 0.79, 0.28),  # what the reader gives
    ("has_kind", 0.0, -0.33, 0.00, -0.38),  # the question asks for a number, date or name
    ("has_exact_kind", 0.0, -1.01, 0.00, -1.12),  # it asks for something as narrow as money
    ("missing_all", 0.0, -0.13, 0.00, 0.39),  # weight of the rarest word in no passage, 0 to 1
)
"""Each feature with its weight in the order among sentences (a conditional logit over the sentences
of a question) and in the log-odds that the question is answered, read off its best sentence: first
without a reader, then with the one that Newsdesk brings. `evals/fit_evidence.py` fits all of these.
"""

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


UNREAD, READ_TOO = _fit(1, -1.95), _fit(3, -1.34)


def scored_by(embedder: str, reader: Reader | None) -> str:
    """What `select` scores by: the fingerprints of the models, and a hash of the weights."""
    fit = READ_TOO if reader else UNREAD
    weights = sha256(f"{fit.select.tolist()} {fit.answers.tolist()} {fit.bias}".encode())
    read = reader.fingerprint if reader else "no reader"
    return f"{embedder}; {read}; weights {weights.hexdigest()[:12]}"


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
    sentences = _sentences(passages)
    if not sentences:
        return []
    asked = parts or [question]
    fit = READ_TOO if reader else UNREAD
    found = tables(asked, sentences, passages, embed, reader)
    rankings = [_ranked(fit, *table) for table in found]
    turns = zip(*rankings, strict=False)
    ranked = [pick for turn in turns for pick in turn]
    return [
        _evidence(number, *pick) for number, pick in enumerate(_distinct(ranked, most), start=1)
    ]


def _ranked(fit: Fit, candidates: Sequence[_Sentence], table: NDArray[np.float64]) -> list[_Pick]:
    """The candidates best first, each with its likelihood of answering and its share."""
    values = table @ fit.select
    shares = np.exp(values - values.max())
    shares /= shares.sum()
    likely = 1.0 / (1.0 + np.exp(-(table @ fit.answers + fit.bias)))
    return [
        (candidates[place], float(likely[place]), float(shares[place]))
        for place in fit.order(table)
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
    sentences: Sequence[_Sentence],
    passages: Sequence[Passage],
    embed: Embed,
    reader: Reader | None = None,
) -> list[tuple[list[_Sentence], NDArray[np.float64]]]:
    """For each question its candidates and their table of `FEATURES`, a row a sentence.

    The candidates are the sentences that are best before anything is embedded, `CANDIDATES` for
    all questions together.
    """
    most = max(1, CANDIDATES // len(questions))
    found = [_candidates(_Asked.of(q, passages), sentences, most) for q in questions]
    chosen = list(dict.fromkeys(sentence for candidates, _ in found for sentence in candidates))
    vectors = embed([*questions, *map(_titled, chosen)])
    cosines = vectors[: len(questions)] @ vectors[len(questions) :].T
    for row, (candidates, table) in zip(cosines, found, strict=True):
        table[:, COSINE] = [row[chosen.index(sentence)] for sentence in candidates]
    if reader is None:
        return found
    most = max(1, READ // len(questions))
    return [_read(reader, q, *table, most) for q, table in zip(questions, found, strict=True)]


def _read(
    reader: Reader,
    question: str,
    candidates: Sequence[_Sentence],
    table: NDArray[np.float64],
    most: int,
) -> tuple[list[_Sentence], NDArray[np.float64]]:
    """The `most` best candidates without reading, and their table with what reading gives."""
    order = UNREAD.order(table)[:most]
    kept, table = [candidates[place] for place in order], table[order]
    table[:, READING] = reader.read(
        question, [Told(s.passage.title, s.before, s.text) for s in kept]
    )
    return kept, table


def _candidates(
    asked: _Asked, sentences: Sequence[_Sentence], most: int
) -> tuple[list[_Sentence], NDArray[np.float64]]:
    table = np.array([_row(asked, sentence) for sentence in sentences])
    kept = UNREAD.order(table)[:most]
    return [sentences[place] for place in kept], table[kept]


def _titled(sentence: _Sentence) -> str:
    title = sentence.passage.title
    return f"{title}. {sentence.text}" if title else sentence.text


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the question brings into every row."""

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
    def of(cls, question: str, passages: Sequence[Passage]) -> _Asked:
        terms = _terms(matter(question))
        texts: dict[str, str] = {}
        for p in passages:
            facts_of = f"{p.title} {_month(p.published)}"
            texts[p.article_id] = f"{texts.get(p.article_id, facts_of)} {p.text}"
        held = {article_id: keys(text) for article_id, text in texts.items()}
        everywhere = frozenset().union(*held.values())
        said = facts(question)
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


def _row(asked: _Asked, sentence: _Sentence) -> list[float]:
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
        earlier=passage.earlier,
        notes=tuple(
            n for n in passage.notes if sentence.start <= n.start and n.end <= sentence.end
        ),
        also_in=passage.also_in,
    )
