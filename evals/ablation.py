"""What checking is worth: the same questions and model, with less and less done about its drafts.

    rag ingest --starter --index DIR
    python evals/ablation.py --index DIR [--sample 30] [--set starter]

as it comes      the model reads the best passages and its draft is shown as it is, marks and all
marks checked    the same draft; shown is what the passages bear out that a sentence marks
evidence first   the product: evidence sentences are chosen, drafts checked and repaired, what is
                 missing quoted, and unlikely questions declined

Citations are judged by the strict judge of `rag eval`, which shares no code with the checks: every
number and every capitalised word of a sentence stands in what it cites. An answer without a
sentence counts as declined. Seconds are the median, and those to the first sentence shown.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from rag.assistant import Assistant
from rag.cite import Bibliography, Bound, Drafted, read_draft, with_marks
from rag.errors import ModelError
from rag.evaluate.cases import Case, Dataset
from rag.evaluate.citations import strict_judge, support_scores
from rag.evaluate.metrics import Score, answer_scores
from rag.prompts import prompt
from rag.schema import Answer, Evidence, Passage, Verdict
from rag.settings import Settings
from rag.verify import Checked, check, closeness_by

WAYS = ("as it comes", "marks checked", "evidence first")


@dataclass(frozen=True, slots=True)
class Shown:
    """What one way showed for a case; seconds are None where nothing was."""

    answer: Answer
    seconds: float
    first: float | None


def _as_evidence(passages: Sequence[Passage]) -> list[Evidence]:
    return [
        Evidence(
            number=number,
            score=1.0,
            article_id=passage.article_id,
            start=passage.start,
            end=passage.end,
            text=passage.text,
            title=passage.title,
            publisher=passage.publisher,
            published=passage.published,
            notes=passage.notes,
        )
        for number, passage in enumerate(passages, start=1)
    ]


def _messages(model, question: str, evidence: list[Evidence]) -> tuple[list, list[Evidence]]:
    """The prompt with as many passages as the window holds, and those passages."""
    room = model.context_window - model.max_tokens
    for most in range(len(evidence), 0, -1):
        messages = prompt("answer").fill(question=question, evidence=evidence[:most], earlier="")
        if model.count_tokens("\n".join(text for _, text in messages)) <= room:
            return messages, evidence[:most]
    raise ModelError("no passage fits the model's window")


def _page(question: str, bounds: Iterable[Bound]) -> Answer:
    bibliography = Bibliography()
    sentences = tuple(bibliography.sentence(bound) for bound in bounds)
    return Answer(
        question=question,
        answer=with_marks(sentences),
        abstained=not sentences,
        sentences=sentences,
        citations=bibliography.citations,
    )


def plain(assistant: Assistant, case: Case, passages: int) -> tuple[Shown, Shown]:
    """A draft from passages as it comes, and with its marks checked."""
    begun = time.perf_counter()
    request = assistant.understand(case.question, case.history)
    read = assistant._retriever.retrieve(request, assistant.settings.retrieval.top_k, case.filters)
    messages, evidence = _messages(
        assistant._model, request.question, _as_evidence(read)[:passages]
    )
    found = time.perf_counter() - begun
    stream = read_draft(assistant._model.stream(messages))
    drafted = [(one, time.perf_counter() - begun) for one in stream]
    whole = time.perf_counter() - begun
    raw = [
        Bound(one.text, Checked(Verdict.SUPPORTED, 1.0, ()), _marked(one, evidence))
        for one, _ in drafted
    ]
    kept = [bound for bound in map(_checked(assistant), raw) if bound.shown]
    checking = time.perf_counter() - begun - whole
    firsts = {one.text: at for one, at in drafted}
    return (
        Shown(_page(case.question, raw), whole, drafted[0][1] if drafted else None),
        Shown(
            _page(case.question, kept),
            max(found, whole) + checking,
            firsts[kept[0].text] if kept else None,
        ),
    )


def _marked(one: Drafted, evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    return tuple(item for item in evidence if item.number in one.marks)


def _checked(assistant: Assistant):
    closeness = closeness_by(assistant.embed)

    def judge(bound: Bound) -> Bound:
        cited = "\n".join(item.text for item in bound.evidence)
        meanings = [note.meaning for item in bound.evidence for note in item.notes]
        return replace(bound, checked=check(bound.text, cited, closeness, meanings))

    return judge


def product(assistant: Assistant, case: Case) -> Shown:
    """The product's own answer."""
    begun = time.perf_counter()
    answer = assistant.ask(case.question, case.filters, case.history)
    seconds = time.perf_counter() - begun
    first = answer.timings.get("first_sentence", seconds if answer.sentences else None)
    return Shown(answer, seconds, first)


def row(name: str, cases: Sequence[Case], shown: Sequence[Shown]) -> str:
    """One line of the table."""
    scores = [answer_scores(case, one.answer) for case, one in zip(cases, shown, strict=True)]
    cited = [support_scores(one.answer, strict_judge) for one in shown]
    firsts = [one.first for one in shown if one.first is not None]
    figures = (
        _mean(precision for precision, _ in cited),
        _mean(recall for _, recall in cited),
        *(
            _mean(score[metric] for score in scores)
            for metric in ("containment", "refusal_precision", "refusal_recall")
        ),
        f"{np.median([one.seconds for one in shown]):.1f}",
        f"{np.median(firsts):.1f}" if firsts else "–",
    )
    return f"| {name} | " + " | ".join(figures) + " |"


def _mean(scores: Iterable[Score | None]) -> str:
    judged = [score for score in scores if score is not None]
    whole = sum(score.whole for score in judged)
    return f"{sum(score.part for score in judged) / whole:.3f}" if whole else "–"


def main() -> None:
    """Ask every question three ways and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--set", default="starter")
    parser.add_argument("--sample", type=int)
    parser.add_argument("--passages", type=int, default=3, help="Read by the model at most.")
    given = parser.parse_args()
    dataset = Dataset.load(given.set)
    cases = (dataset.sample(given.sample) if given.sample else dataset).cases
    shown: dict[str, list[Shown]] = {name: [] for name in WAYS}
    with Assistant.open(given.index, Settings.load()) as assistant:
        product(assistant, cases[0])  # loads what is loaded once
        for number, case in enumerate(cases, start=1):
            three = (*plain(assistant, case, given.passages), product(assistant, case))
            for name, one in zip(WAYS, three, strict=True):
                shown[name].append(one)
            print(f"{number} of {len(cases)}", file=sys.stderr, flush=True)
        model = assistant.about["model"]
    print(
        f"{len(cases)} questions, {sum(not case.answerable for case in cases)} of them without an"
    )
    print(f"answer; {model}\n")
    print(
        "| | citation precision | recall | contained | refusal precision | recall | s | first s |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for name in WAYS:
        print(row(name, cases, shown[name]))


if __name__ == "__main__":
    main()
