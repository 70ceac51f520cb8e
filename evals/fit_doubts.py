"""Fits the weights of `rag/doubts.py`: which words of a text its source does not bear out.

    python evals/fit_doubts.py BUMP/pairs.jsonl

Reads BUMP pairs (one JSON object a line: article, faithful, unfaithful, article_id). The words that
differ between the summaries of a pair are those put in. One fit has three ends: which words they
are, which summary is faithful, and which of a pair is the better. A second, to the last end alone,
weighs the means of the features over a text; `SHARE` of it is added. Prints pair accuracy and
ROC-AUC by folds of whole articles, the same for either half of the articles held out, and the
weights fitted on all.
"""

from __future__ import annotations

import argparse
import difflib
import random
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from rag.assistant import Assistant
from rag.doubt_features import ALL
from rag.doubts import Doubts
from rag.evaluate.metrics import pair_figures
from rag.evaluate.pairs import bump
from rag.settings import Settings
from rag.wording import read

WORDS, TEXTS, PAIRS, RIDGE, PAIR_RIDGE = 1.0, 1.0, 0.3, 0.1, 100.0
"""What each end counts, and how much the weights are held back (chosen by the folds)."""
SHARE, MOST = 0.6, 0.5
"""What the means count beside the words, on the scale of the spread of both; and from where on, in
deviations above the average, the words say no more: where no word stands out, the means decide."""


@dataclass
class Example:
    """A pair: the features of the words of both summaries, and which unfaithful words differ."""

    article_id: str
    kind: str
    faithful: np.ndarray
    unfaithful: np.ndarray
    put_in: np.ndarray


def examples(path: Path, embed, only=None) -> list[Example]:
    """The pairs of a file as tables of features."""
    articles, pairs = bump(path)
    texts = {article.article_id: article.text for article in articles}
    doubts, known = Doubts(embed), {}

    def table(pair, text):
        key = pair.article_id, text
        if key not in known:
            known[key] = doubts.table(text, texts[pair.article_id])
        return known[key]

    return [
        Example(
            pair.article_id,
            pair.error_type,
            table(pair, pair.faithful)[1],
            table(pair, pair.unfaithful)[1],
            _put_in(table(pair, pair.unfaithful)[0], pair.unfaithful, pair.faithful),
        )
        for pair in pairs
        if only is None or only(pair.article_id)
    ]


def _put_in(looked, text: str, other: str) -> np.ndarray:
    mine, theirs = read(text), [word.low for word in read(other)]
    matcher = difflib.SequenceMatcher(a=[w.low for w in mine], b=theirs, autojunk=False)
    changed = {
        mine[place].start
        for tag, first, last, _, _ in matcher.get_opcodes()
        if tag != "equal"
        for place in range(first, last)
    }
    return np.array([float(word.start in changed) for word in looked])


@dataclass
class Weights:
    """What `rag/doubt_weights.py` holds."""

    word: np.ndarray
    bias: float
    start: float
    sum: float
    worst: float
    mean: np.ndarray
    most: float

    def score(self, table: np.ndarray) -> float:
        """The log-odds that a text is borne out, as `Doubts.score` has them."""
        z = table @ self.word + self.bias
        every, worst = np.logaddexp(0, z).sum() / 3, np.log(np.exp(np.minimum(2 * z, 60)).sum()) / 2
        by_words = min(self.most, self.start - self.sum * every - self.worst * worst)
        return float(by_words + table.mean(0) @ self.mean)


def fit(known: list[Example]) -> Weights:
    """The weights for these pairs: first of the words, then of the means, on pairs alone."""
    weights, mean = _of_words(known), _of_pairs(known)
    tables = [table for e in known for table in (e.faithful, e.unfaithful)]
    by_words = np.array([weights.score(table) for table in tables])
    by_means = np.array([table.mean(0) @ mean for table in tables])
    scale = SHARE * by_words.std() / by_means.std()
    weights.mean = scale * mean
    weights.most = float(by_words.mean() + MOST * by_words.std())
    weights.start -= scale * float(by_means.mean())
    weights.most -= scale * float(by_means.mean())
    return weights


def _of_words(known: list[Example]) -> Weights:
    tables, faithful, unfaithful, labels = [], [], [], []
    seen: dict[str, int] = {}
    for example in known:
        if example.article_id not in seen:
            seen[example.article_id] = len(tables)
            tables.append(example.faithful)
            labels.append(np.zeros(len(example.faithful)))
        faithful.append(seen[example.article_id])
        unfaithful.append(len(tables))
        tables.append(example.unfaithful)
        labels.append(example.put_in)
    x, y = np.vstack(tables), np.concatenate(labels)
    centre, spread = x.mean(0), x.std(0) + 1e-6
    x = np.column_stack([(x - centre) / spread, np.ones(len(x))])
    starts = np.cumsum([0, *map(len, tables)])[:-1]
    text_of = np.repeat(np.arange(len(tables)), list(map(len, tables)))
    n, put_in, width = len(known), y.sum(), x.shape[1]

    def loss(t):
        word, (start, log_sum, log_worst) = t[:width], t[width:]
        z = x @ word
        chance = 1 / (1 + np.exp(-z))
        soft, sharp = np.logaddexp(0, z), np.exp(np.minimum(2 * z, 60))
        every = np.add.reduceat(soft, starts) / 3
        total = np.add.reduceat(sharp, starts)
        worst = np.log(total) / 2
        score = start - np.exp(log_sum) * every - np.exp(log_worst) * worst
        good, bad = score[faithful], score[unfaithful]
        value = WORDS * (soft - y * z).sum() / put_in
        value += TEXTS * (np.logaddexp(0, -good) + np.logaddexp(0, bad)).sum() / (2 * n)
        value += PAIRS * np.logaddexp(0, bad - good).sum() / n
        by_pair = PAIRS / (1 + np.exp(good - bad)) / n
        by_score = np.zeros(len(score))
        np.add.at(by_score, faithful, -TEXTS / (1 + np.exp(good)) / (2 * n) - by_pair)
        np.add.at(by_score, unfaithful, TEXTS / (1 + np.exp(-bad)) / (2 * n) + by_pair)
        by_z = WORDS * (chance - y) / put_in
        by_z -= (np.exp(log_sum) / 3 * by_score)[text_of] * chance
        by_z -= (np.exp(log_worst) * by_score / total)[text_of] * sharp
        slope = np.concatenate([
            x.T @ by_z,
            [by_score.sum()],
            [-np.exp(log_sum) * every @ by_score, -np.exp(log_worst) * worst @ by_score],
        ])  # fmt: skip
        held = t.copy()
        held[width - 1 : width + 1], held[width + 1 :] = 0, 0.3 * t[width + 1 :]
        return value + RIDGE / 2 * held @ held, slope + RIDGE * held

    begin = np.zeros(width + 3)
    begin[width - 1], begin[width] = -3, 1
    t = minimize(loss, begin, jac=True, method="L-BFGS-B", options={"maxiter": 200}).x
    word = t[: width - 1] / spread
    return Weights(
        word=word,
        bias=float(t[width - 1] - centre @ word),
        start=float(t[width]),
        sum=float(np.exp(t[width + 1])),
        worst=float(np.exp(t[width + 2])),
        mean=np.zeros(len(ALL)),
        most=np.inf,
    )


def _of_pairs(known: list[Example]) -> np.ndarray:
    """Weights of the means of the features, to tell the better of each pair."""
    x = np.array([e.faithful.mean(0) - e.unfaithful.mean(0) for e in known])
    every = np.array([t.mean(0) for e in known for t in (e.faithful, e.unfaithful)])
    x /= every.std(0) + 1e-6

    def loss(w):
        z = x @ w
        value = np.logaddexp(0, -z).sum() + PAIR_RIDGE / 2 * w @ w
        return value, -x.T @ (1 / (1 + np.exp(z))) + PAIR_RIDGE * w

    found = minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B").x
    return found / (every.std(0) + 1e-6)


def held_out(known: list[Example], parts: int) -> str:
    """Figures over all pairs, each scored by weights fitted on the other parts of the articles."""
    names = sorted({example.article_id for example in known})
    random.Random(0).shuffle(names)  # noqa: S311  # parts, no secret
    part = {name: place % parts for place, name in enumerate(names)}
    scores = []
    for place in range(parts):
        weights = fit([e for e in known if part[e.article_id] != place])
        scores += [
            (weights.score(e.faithful), weights.score(e.unfaithful))
            for e in known
            if part[e.article_id] == place
        ]
    figures = pair_figures(scores)
    return f"{parts} parts: pair accuracy {figures.accuracy:.3f}, ROC-AUC {figures.auc:.3f}"


def main() -> None:
    """Fit, score on held-out articles, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pairs", type=Path)
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        Assistant.open(folder, Settings.load(llm={"enabled": False})) as assistant,
    ):
        known = examples(given.pairs, assistant.embed)
    report(known)


def report(known: list[Example]) -> None:
    """Print the figures and the weights."""
    for parts in (5, 2):
        print(held_out(known, parts))
    weights = fit(known)
    for name, word, mean in zip(ALL, weights.word, weights.mean, strict=True):
        print(f'    ("{name}", {word:.3f}, {mean:.3f}),')
    print(f"BIAS = {weights.bias:.3f}")
    print(f"START, SUM, WORST = {weights.start:.3f}, {weights.sum:.3f}, {weights.worst:.3f}")
    print(f"MOST = {weights.most:.3f}")


if __name__ == "__main__":
    main()
