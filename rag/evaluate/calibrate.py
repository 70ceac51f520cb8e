"""Cases to a threshold of abstaining: what each one would decline, and which is best."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

from rag.errors import CorpusError
from rag.evaluate.cases import Case, Dataset
from rag.schema import Filters, Progress, Record, Turn

FEWEST = 8
"""Cases of either kind that a fit needs."""


class Judges(Protocol):
    """Anything that says how likely a question is answered; `rag.Assistant` is one."""

    def likelihood(
        self, question: str, filters: Filters | None = None, history: Sequence[Turn] = ()
    ) -> float:
        """0 to 1."""
        ...


@dataclass(frozen=True, slots=True)
class Point(Record):
    """What a threshold does to the cases that it was tried on; shares are 0 to 1."""

    below: float
    """Questions that are less likely answered than this are declined."""
    precision: float
    """Share of the declined that had to be; 1 where none is declined."""
    recall: float
    """Share of the unanswerable that are declined."""
    answered: float
    """Share of the answerable that are not declined."""

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


@dataclass(frozen=True, slots=True)
class Judged:
    """How likely a case was found to be answered, and whether it is."""

    likely: float
    answerable: bool


def judged(
    datasets: Iterable[Dataset],
    assistant: Judges,
    progress: Callable[[Progress], None] | None = None,
) -> list[Judged]:
    """Ask for the likelihood of each complete case; nothing is written.

    Raises:
        CorpusError: fewer than `FEWEST` cases can be answered, or cannot.
    """
    cases = [case for dataset in datasets for case in dataset.cases if case.complete]
    _check(cases)
    found = []
    for done, case in enumerate(cases, start=1):
        likely = assistant.likelihood(case.question, case.filters, case.history)
        found.append(Judged(likely, case.answerable))
        if progress:
            progress(Progress(stage="calibrate", done=done, total=len(cases)))
    return found


def _check(cases: Sequence[Case]) -> None:
    answerable = sum(case.answerable for case in cases)
    for count, what in ((answerable, "an answer"), (len(cases) - answerable, "`answer: null`")):
        if count < FEWEST:
            raise CorpusError(
                f"{count} cases with {what} are too few to fit a threshold on; give a set with at "
                f"least {FEWEST} of them (cases of the two kinds are told apart by their answers)"
            )


def curve(found: Sequence[Judged]) -> list[Point]:
    """What each threshold that makes a difference does, ascending; the first declines nothing."""
    scores = sorted({one.likely for one in found})
    between = [(low + high) / 2 for low, high in pairwise(scores)]
    return [point(found, below) for below in (0.0, *between, 1.0)]


def point(found: Sequence[Judged], below: float) -> Point:
    """What one threshold does."""
    declined = [one for one in found if one.likely < below]
    right = sum(not one.answerable for one in declined)
    answerable = sum(one.answerable for one in found)
    unanswerable = len(found) - answerable
    return Point(
        below=round(below, 4),
        precision=right / len(declined) if declined else 1.0,
        recall=right / unanswerable if unanswerable else 0.0,
        answered=1 - (len(declined) - right) / answerable if answerable else 0.0,
    )


def best(points: Sequence[Point], precision: float | None = None) -> Point:
    """The point of the highest F1 of refusal, or of the highest recall at a precision.

    Of equals the middle one, which new cases are least likely to fall beside.

    Raises:
        CorpusError: no threshold that declines anything reaches the precision.
    """
    declining = [one for one in points if one.recall > 0]
    able = [one for one in declining if precision is None or one.precision >= precision]
    if not able:
        raise CorpusError(
            f"no threshold declines with a precision of {precision} on these cases; ask for less"
        )
    worth = [one.recall if precision is not None else one.f1 for one in able]
    equal = [one for one, value in zip(able, worth, strict=True) if value == max(worth)]
    return equal[len(equal) // 2]


def trade_off(found: Sequence[Judged], chosen: Point) -> list[Point]:
    """The curve as a short table: each tenth, with the chosen threshold in its place."""
    rows = [point(found, step / 10) for step in range(1, 10)]
    return sorted([*rows, chosen], key=lambda one: one.below)
