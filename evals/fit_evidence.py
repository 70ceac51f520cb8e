"""Fits the weights of `rag/features.py`: which sentence answers, and whether any does.

    python evals/fit_evidence.py SQUAD2.jsonl [--multihop FOLDER] [--every 3] [--reader]

Reads SQuAD 2.0 questions (one JSON object a line: article, paragraph, context, question, answers)
and the starter set, puts all paragraphs into one index, asks each question over all of it, and
labels the candidate sentences that hold an answer. Questions with their own paragraph taken out
stand for those that the collection does not answer. Of MultiHop-RAG's questions it is only known
whether its articles answer them: they serve the second fit, where a question's best sentence is the
one of its likeliest part. Prints, for either half of the data held out,
how often the best sentence and the best two hold the answer and the ROC-AUC of the answerable
score; then the weights fitted on all of it. With `--reader`, the trained reader reads the
candidates, and only articles that it was not trained on are asked about (`evals/train_reader.py`).
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from rag import evidence, models
from rag.answer import FURTHER
from rag.assistant import Assistant
from rag.evaluate.cases import Dataset
from rag.evaluate.importers import multihop_rag
from rag.features import FEATURES, OF_QUESTION, Candidate, length
from rag.schema import Article
from rag.settings import Settings

SELECTING = list(range(len(FEATURES) - OF_QUESTION))
"""What differs between the sentences of one question."""


@dataclass
class Asked:
    """A question with its candidate sentences, their features, and which of them answer it."""

    group: str
    half: int
    answered: bool
    table: np.ndarray
    right: np.ndarray
    question: str
    whole: str
    """The question that `question` may be a part of."""
    sentences: list[Candidate]
    article: str = ""
    """What the question was written about."""
    answers: tuple[str, ...] = ()
    """The answers in the sentences' own words; empty where whole sentences answer."""


TOP_K = 10
"""Passages that a question is answered from, beside `FURTHER` ones."""


class Remembered:
    """An embedder that embeds no text twice: the same sentences come up for many questions."""

    vectors: ClassVar[dict[str, np.ndarray]] = {}

    def __init__(self, embed):
        self._embed = embed

    def __call__(self, texts):
        """Vectors of `texts`, in order."""
        new = [text for text in dict.fromkeys(texts) if text not in self.vectors]
        self.vectors.update(zip(new, self._embed(new), strict=True))
        return np.array([self.vectors[text] for text in texts])


def held_out(article: str, articles: Sequence[str]) -> bool:
    """Whether an article is of the third that the reader is not trained on."""
    return sorted(set(articles)).index(article) % 3 == 2


def rows(assistant, question, group, half, right, without="", reader=None, history=(), **known):
    """Ask; one for each part of the question. `without` names an article taken as not there."""
    request = assistant.understand(question, history)
    found = assistant._retriever.retrieve(request, TOP_K + 2 * bool(without), None, FURTHER)
    kept = [one for one in found if one.article_id != without]
    passages = [replace(one, rank=rank) for rank, one in enumerate(kept, start=1)]
    asked = request.parts or [request.question]
    sentences = evidence.sentences_of(passages)
    tables = evidence.tables(asked, sentences, passages, Remembered(assistant.embed), reader)
    return [
        Asked(
            group,
            half,
            bool(right) and not without,
            table,
            np.array([bool(right) and not without and right(s) for s in candidates]),
            one,
            request.question,
            candidates,
            **known,
        )
        for one, (candidates, table) in zip(asked, tables, strict=True)
    ]


def squad(path, every: int, folder: Path, reader=None, only=lambda *_: True) -> list[Asked]:
    """SQuAD questions over all its paragraphs; every other one also without its own paragraph.

    `only` says of an article, and of all of them, whether to ask about it.
    """
    questions = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    named = [q["article"] for q in questions]
    articles = {
        f"{q['article']}-{q['paragraph']}": Article(
            article_id=f"{q['article']}-{q['paragraph']}",
            title=q["article"].replace("_", " "),
            text=q["context"],
        )
        for q in questions
    }
    halves = {name: i % 2 for i, name in enumerate(sorted({q["article"] for q in questions}))}
    found = []
    with Assistant.open(folder, Settings.load(llm={"enabled": False})) as assistant:
        assistant.ingest(articles.values())
        asking = [q for q in questions if only(q["article"], named)]
        for number, q in enumerate(asking[::every]):
            own, half = f"{q['article']}-{q['paragraph']}", halves[q["article"]]

            def right(sentence, q=q, own=own):
                text = sentence.text.lower()
                return sentence.passage.article_id == own and any(
                    answer.lower() in text for answer in q["answers"]
                )

            answered = right if q["answers"] else None
            group = "squad" if answered else "squad-adversarial"
            known = {
                "article": q["article"], "answers": tuple(q["answers"]), "reader": reader
            }  # fmt: skip
            found += rows(assistant, q["question"], group, half, answered, **known)
            if answered and number % 2 == 0:
                known["without"] = own
                found += rows(assistant, q["question"], "squad-absent", half, answered, **known)
    return found


def starter(folder: Path, reader=None) -> list[Asked]:
    """The starter set on its corpus; a sentence is right where a case quotes it as evidence."""
    from rag.paths import shipped

    def plain(text: str) -> str:
        return re.sub(r"\W+", " ", text.lower()).strip()

    found = []
    with Assistant.open(folder, Settings.load(llm={"enabled": False})) as assistant:
        assistant.ingest(shipped("corpus"))
        for number, case in enumerate(Dataset.load("starter").cases):
            quotes = [plain(quote) for quote in (item.quote for item in case.evidence)]

            def right(sentence, quotes=quotes):
                text = plain(sentence.text)
                return any(text in quote or quote in text for quote in quotes)

            known = right if case.answerable else None
            more = {"reader": reader, "history": case.history}
            found += rows(assistant, case.question, "starter", number % 2, known, **more)
    return found


def fit_select(asked: list[Asked]) -> np.ndarray:
    """A conditional logit: the answering sentences against all of their question's."""
    pairs = [(a.table[:, SELECTING], a.right) for a in asked if a.right.any()]

    def loss(weights):
        total, slope = 0.0, np.zeros(len(weights))
        for table, right in pairs:
            values = table @ weights
            chance = np.exp(values - values.max())
            chance /= chance.sum()
            share = chance[right].sum()
            total -= np.log(share)
            slope -= (chance * right / share - chance) @ table
        return total / len(pairs) + 0.002 * weights @ weights, slope / len(pairs) + 0.004 * weights

    fitted = np.zeros(len(FEATURES))
    fitted[SELECTING] = minimize(loss, np.zeros(len(SELECTING)), jac=True, method="L-BFGS-B").x
    return fitted


WEIGHT = {"starter": 2.0, "squad-adversarial": 0.2}
"""The starter questions are few; SQuAD's adversarial ones are written to look answered."""


def multihop(folder: Path, index: Path, reader=None) -> list[list[Asked]]:
    """MultiHop-RAG's questions over its articles; for each question its parts."""
    articles, dataset = multihop_rag(folder)
    with Assistant.open(index, Settings.load(llm={"enabled": False})) as assistant:
        assistant.ingest(articles)
        found = []
        for number, case in enumerate(dataset.cases):
            parts = rows(assistant, case.question, "multihop", number % 2, None, reader=reader)
            found.append([replace(part, answered=case.answerable) for part in parts])
    return found


def likeliest(parts: Sequence[Asked], select: np.ndarray) -> Asked:
    """The part of a question whose best sentence is best."""
    return max(parts, key=lambda part: float(np.max(part.table @ select)))


def fit_answers(asked: list[Asked], select: np.ndarray) -> tuple[np.ndarray, float, float]:
    """A logistic regression on each question's best sentence, and on how long the question is.

    Returns:
        The weights of the features, the bias, and the weight of `rag.features.length`.
    """
    best = [[*a.table[np.argmax(a.table @ select)], length(a.whole)] for a in asked]
    weights = [WEIGHT.get(a.group, 1.0) for a in asked]
    model = LogisticRegression(max_iter=5000).fit(best, [a.answered for a in asked], weights)
    return model.coef_[0][:-1], float(model.intercept_[0]), float(model.coef_[0][-1])


def score(asked: list[Asked], select: np.ndarray, answers: np.ndarray, long: float) -> str:
    """One line of figures a group."""
    known = [a for a in asked if a.right.any()]
    order = [a.right[np.argsort(-(a.table @ select))] for a in known]
    best = [
        (a.table @ answers)[np.argmax(a.table @ select)] + long * length(a.whole) for a in asked
    ]
    auc = roc_auc_score([a.answered for a in asked], best)
    tops = " ".join(
        f"top{k} {np.mean([o[:k].any() for o in order]):.3f} " for k in (1, 2, 3) if order
    )
    return f"{tops} answerable ROC-AUC {auc:.3f}  ({len(asked)} questions)"


def main() -> None:
    """Fit, score on held-out halves, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("squad", type=Path)
    parser.add_argument("--multihop", type=Path, metavar="FOLDER")
    parser.add_argument("--every", type=int, default=3, help="use every Nth SQuAD question")
    parser.add_argument("--reader", action="store_true", help="let the trained reader read, too")
    given = parser.parse_args()
    reader = models.reader(Settings.load()) if given.reader else None
    only = held_out if given.reader else lambda *_: True
    with tempfile.TemporaryDirectory() as folder:
        asked = starter(Path(folder, "starter"), reader)
        asked += squad(given.squad, given.every, Path(folder, "squad"), reader, only)
        parted = []
        if given.multihop:
            parted = multihop(given.multihop, Path(folder, "multihop"), reader)
    for half in (0, 1):
        rest = [a for a in asked if a.half != half]
        select = fit_select(rest)
        more = [likeliest(parts, select) for parts in parted]
        answers, _, long = fit_answers(rest + [a for a in more if a.half != half], select)
        for group in dict.fromkeys(a.group.split("-")[0] for a in asked + more):
            held = [a for a in asked + more if a.half == half and a.group.startswith(group)]
            print(f"held out, half {half}, {group:8} {score(held, select, answers, long)}")
    select = fit_select(asked)
    more = [likeliest(parts, select) for parts in parted]
    answers, bias, long = fit_answers(asked + more, select)
    for name, *weights in zip(FEATURES, select, answers, strict=True):
        print(f'    ("{name}", {weights[0]:.2f}, {weights[1]:.2f}),')
    print(f"BIAS = {bias:.2f}\nLONG_QUESTION = {long:.2f}")


if __name__ == "__main__":
    main()
