"""One case -> scores. Every definition stands here once; evals/README.md says them in words.

A score is a part of a whole: over many cases a metric is the sum of the parts divided by the sum
of the wholes, so that means (whole 1) and pooled shares (cited spans that support / cited spans)
are added up the same way. None means that the metric cannot judge the case.
"""

from __future__ import annotations

import itertools
import re
import string
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from rag.errors import SettingsError
from rag.evaluate.cases import Case
from rag.schema import Answer, Passage

if TYPE_CHECKING:
    from rag.evaluate.records import Record

RANKING = (
    "recall_at_5",
    "recall_at_10",
    "mrr_at_10",
    "ndcg_at_10",
    "hit_at_1",
    "hit_at_5",
    "hit_at_10",
    "all_at_8",
)
PASSAGE = ("passage_hit_at_4", "passage_hit_at_10", "passage_mrr_at_10", "passage_map_at_10")
ANSWER = ("containment", "token_f1", "exact_match", "refusal_precision", "refusal_recall")

_MARK = re.compile(r"\s*\[\d+(?:\s*,\s*\d+)*\]")
_ARTICLES = re.compile(r"\b(a|an|the)\b")
_ASCII_PUNCTUATION = str.maketrans("", "", string.punctuation)
_MOST_WORDINGS = 64


class Score(NamedTuple):
    """What one case adds to a metric: 0 <= part <= whole, and whole > 0."""

    part: float
    whole: float = 1.0

    @property
    def value(self) -> float:
        """0 to 1."""
        return self.part / self.whole


Scores = dict[str, Score | None]


@dataclass(frozen=True, slots=True)
class Metric:
    """A measure of one's own, for `run(…, metrics=[…])`; higher is better.

    It is asked about each case that did not fail, after the product's own metrics.
    """

    name: str
    judge: Callable[[Case, Record], Score | float | None]
    """A score, a number from 0 to 1, or None where it cannot judge the case."""

    def score(self, case: Case, record: Record) -> Score | None:
        """What the case adds to the metric.

        Raises:
            SettingsError: the number is out of range.
        """
        given = self.judge(case, record)
        score = Score(float(given)) if isinstance(given, int | float) else given
        if score is None or (score.whole > 0 and 0 <= score.part <= score.whole):
            return score
        raise SettingsError(
            f"the metric {self.name!r} gave {given} on case {case.id!r}; give 0 to 1, or "
            "Score(part, whole) with 0 <= part <= whole"
        )


# Ranking of articles ---------------------------------------------------------------------------


def article_ranking(passages: Sequence[Passage]) -> list[str]:
    """Article ids, best first: the place of an article is that of its best passage."""
    return list(dict.fromkeys(passage.article_id for passage in passages))


def ranking_scores(relevant: Mapping[str, int], ranked: Sequence[str]) -> Scores:
    """Recall@5, Recall@10, MRR@10, nDCG@10, Hit@1, 5 and 10 by ir-measures, and `all_at_8`.

    Args:
        relevant: ids of the articles that hold the evidence, with their grades; for nDCG, an
            article of grade 2 is worth twice one of grade 1.
        ranked: ids of the articles found, best first, each once; empty scores 0.

    Returns:
        One score a name of `RANKING`; all None without relevant articles. `all_at_8` is 1 when
        every relevant article is among the first 8, and None when there is only one.
    """
    if not relevant:
        return dict.fromkeys(RANKING)
    values = _ir_measures(relevant, ranked) if ranked else dict.fromkeys(RANKING, 0.0)
    scores: Scores = {name: Score(values[name]) for name in RANKING if name != "all_at_8"}
    several = len(relevant) > 1
    scores["all_at_8"] = Score(float(set(relevant) <= set(ranked[:8]))) if several else None
    return scores


def _ir_measures(relevant: Mapping[str, int], ranked: Sequence[str]) -> dict[str, float]:
    import ir_measures
    from ir_measures import RR, R, Success, nDCG

    names = {
        R @ 5: "recall_at_5",
        R @ 10: "recall_at_10",
        RR @ 10: "mrr_at_10",
        nDCG @ 10: "ndcg_at_10",
        Success @ 1: "hit_at_1",
        Success @ 5: "hit_at_5",
        Success @ 10: "hit_at_10",
    }
    # Scores fall by rank, so that no tie is ever broken by id.
    found = {"case": {name: -float(rank) for rank, name in enumerate(ranked)}}
    wanted = {"case": dict(relevant)}
    measured = ir_measures.iter_calc(list(names), wanted, found)
    return {names[item.measure]: float(item.value) for item in measured}


# Ranking of passages, as MultiHop-RAG defines it -------------------------------------------------


def passage_scores(facts: Sequence[str], passages: Sequence[str]) -> Scores:
    """Hits@4, Hits@10, MRR@10 and MAP@10 of MultiHop-RAG (Tang & Yang, arXiv 2401.15391).

    White space is taken out of both; a passage is relevant if a fact is a substring of it. Hits@k
    is 1 when one of the first k passages is relevant; MRR@10 is 1 / rank of the first relevant
    one; MAP@10 sums (facts first found in this passage / rank) over the first 10 and divides by
    the number of facts, at most 10.

    Args:
        facts: the evidence quotes; blank ones are passed over.
        passages: texts, best first; empty scores 0.

    Returns:
        One score a name of `PASSAGE`; all None without facts.
    """
    wanted = [text for fact in facts if (text := _unspaced(fact))]
    if not wanted:
        return dict.fromkeys(PASSAGE)
    texts = [_unspaced(text) for text in passages[:10]]
    relevant = [rank for rank, text in enumerate(texts, 1) if any(fact in text for fact in wanted)]
    # A fact given twice is found once and counted twice, as in the reference.
    first = [
        next((r for r, text in enumerate(texts, 1) if fact in text), 0) for fact in set(wanted)
    ]
    average = sum(1 / rank for rank in first if rank) / min(len(wanted), 10)
    return {
        "passage_hit_at_4": Score(float(any(rank <= 4 for rank in relevant))),
        "passage_hit_at_10": Score(float(bool(relevant))),
        "passage_mrr_at_10": Score(1 / relevant[0] if relevant else 0.0),
        "passage_map_at_10": Score(average),
    }


def _unspaced(text: str) -> str:
    return "".join(text.split())


# Answers -----------------------------------------------------------------------------------------


def without_marks(text: str) -> str:
    """The text without citation marks such as ` [1]` or ` [1, 2]`."""
    return _MARK.sub("", text)


def normalise(text: str) -> str:
    """SQuAD's normalisation (Rajpurkar et al., 2018): lower case, no punctuation, no articles.

    >>> normalise("The  U.S. Chips Act!")
    'us chips act'
    """
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_ASCII_PUNCTUATION)).split())


def contains(text: str, wording: str) -> bool:
    """Whether a wording stands in a text, both normalised, typographic signs left out too.

    It must not begin or end inside a longer word or number, save for a plural or possessive s:
    "chip" stands in "Chips!", "Japan" in "Japan's" and "$6.4 billion" in "US$6.4 billion", but
    "5 billion" does not stand in "15 billion". A wording of signs only is nowhere.
    """
    wanted = normalise(_plain(wording))
    if not wanted:
        return False
    before = r"(?<!\d)" if wanted[0].isdigit() else r"(?<![^\W\d_])"
    after = r"(?!\d)" if wanted[-1].isdigit() else r"s?(?![^\W\d_])"
    return re.search(before + re.escape(wanted) + after, normalise(_plain(text))) is not None


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text)
    return "".join(
        sign for sign in folded if sign.isascii() or unicodedata.category(sign)[0] not in "PS"
    )


def containment(case: Case, text: str) -> Score | None:
    """1 when every part of the expected answer stands in the text; None without one on record."""
    if not case.parts:
        return None
    return Score(float(all(any(contains(text, one) for one in part) for part in case.parts)))


def exact_match(gold: str, text: str) -> float:
    """SQuAD 2.0's exact match: 1 when both are the same, normalised."""
    return float(normalise(gold) == normalise(text))


def token_f1(gold: str, text: str) -> float:
    """SQuAD 2.0's F1 over normalised tokens; with either side empty, 1 when both are."""
    wanted, found = normalise(gold).split(), normalise(text).split()
    if not wanted or not found:
        return float(wanted == found)
    common = sum((Counter(wanted) & Counter(found)).values())
    return 2 * common / (len(wanted) + len(found))


def wordings(case: Case) -> list[str]:
    """The expected answer in each of its accepted wordings, several parts joined (at most 64)."""
    choices = itertools.product(*case.parts) if case.parts else ()
    return [" ".join(choice) for choice in itertools.islice(choices, _MOST_WORDINGS)]


def answer_scores(case: Case, answer: Answer) -> Scores:
    """The scores of `ANSWER` for one case.

    An abstention counts as an empty text. F1 and exact match are the best over the accepted
    wordings; a question without an answer scores 1 for an abstention and 0 otherwise, as in SQuAD
    2.0. Refusal precision judges the cases that were declined, refusal recall those that had to be.
    """
    text = "" if answer.abstained else without_marks(answer.answer)
    golds = wordings(case) if case.answerable else [""]
    declined, answerable = answer.abstained, case.answerable
    if not answerable:
        right: float | None = float(declined)
        f1 = exact = right
    else:
        f1 = max((token_f1(gold, text) for gold in golds), default=None)
        exact = max((exact_match(gold, text) for gold in golds), default=None)
    return {
        "containment": containment(case, text),
        "token_f1": None if f1 is None else Score(f1),
        "exact_match": None if exact is None else Score(exact),
        "refusal_precision": Score(float(not answerable)) if declined else None,
        "refusal_recall": None if answerable else Score(float(declined)),
    }


# Faithful and unfaithful pairs -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PairFigures:
    """How well a score tells faithful from unfaithful texts; both are 0 to 1."""

    accuracy: float
    """Share of pairs with score(faithful) > score(unfaithful); a tie is lost."""
    auc: float
    """Area under the ROC curve over all texts; a tie counts half."""


def pair_figures(scores: Sequence[tuple[float, float]]) -> PairFigures:
    """BUMP's pair accuracy and ROC-AUC, from (score of faithful, score of unfaithful) pairs.

    Raises:
        ValueError: there are no pairs.
    """
    if not scores:
        raise ValueError("there are no pairs to judge")
    import numpy as np

    good, bad = (np.array(column, dtype=float) for column in zip(*scores, strict=True))
    ordered = np.sort(bad)
    below = np.searchsorted(ordered, good, side="left")
    up_to = np.searchsorted(ordered, good, side="right")
    return PairFigures(float((good > bad).mean()), float((below + up_to).mean() / (2 * len(bad))))
