"""`rag calibrate`: fit the threshold of abstaining on cases, and keep it with the collection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rag.console import IndexOption, JsonOption, opened, print_json, showing_progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.assistant import Assistant
    from rag.calibration import Calibration
    from rag.evaluate.calibrate import Point


def calibrate(
    sets: Annotated[
        list[str] | None, typer.Argument(metavar="SET…", help="A JSONL file, or starter.")
    ] = None,
    *,
    index: IndexOption = None,
    precision: Annotated[
        float | None,
        typer.Option("--precision", min=0, max=1, help="Decline the most at this precision."),
    ] = None,
    sample: Annotated[
        int | None, typer.Option("--sample", min=2, metavar="N", help="N cases of each set.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Fit and keep nothing.")] = False,
    reset: Annotated[bool, typer.Option("--reset", help="Forget what was fitted.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Fit the likelihood under which questions are declined, on cases of yours.

    It is kept with the collection and used from then on, unless answer.abstain_below is set.
    """
    if bool(sets) == reset:
        raise typer.BadParameter("name sets to fit on, or give --reset")
    with opened(index, llm={"enabled": False}) as assistant:
        if not sets:
            assistant.keep_calibration(None)
            print(f"Questions are declined under {assistant.abstain_below:.2f} again.")
            return
        assistant.summaries()  # says so where nothing is stored
        fitted, table = _fit(assistant, sets, sample, precision)
        if not dry_run:
            assistant.keep_calibration(fitted)
        held = assistant.abstain_below
    if as_json:
        rows = [point.to_dict() for point in table]
        print_json({"calibration": fitted.to_dict(), "curve": rows, "abstain_below": held})
        return
    _print(fitted, table)
    _print_end(fitted, held, dry_run=dry_run)


def _fit(
    assistant: Assistant, sets: Sequence[str], sample: int | None, precision: float | None
) -> tuple[Calibration, list[Point]]:
    from rag.calibration import Calibration
    from rag.evaluate.calibrate import best, curve, judged, trade_off
    from rag.evaluate.cases import Dataset

    loaded = [Dataset.load(name) for name in sets]
    drawn = [one if sample is None else one.sample(sample) for one in loaded]
    with showing_progress() as progress:
        found = judged(drawn, assistant, progress)
    chosen = best(curve(found), precision)
    answerable = sum(one.answerable for one in found)
    fitted = Calibration(
        abstain_below=chosen.below,
        sets=tuple(one.name for one in drawn),
        answerable=answerable,
        unanswerable=len(found) - answerable,
        precision=round(chosen.precision, 4),
        recall=round(chosen.recall, 4),
        scored_by=assistant.scored_by,
    )
    return fitted, trade_off(found, chosen)


def _print(fitted: Calibration, table: Sequence[Point]) -> None:
    names = ", ".join(fitted.sets)
    print(f"{names}: {fitted.answerable} cases with an answer, {fitted.unanswerable} without\n")
    print("declined below  refusal precision  refusal recall  answerable answered")
    for row in table:
        mark = "  <- fitted" if row.below == fitted.abstain_below else ""
        print(
            f"{row.below:>14.3f}  {row.precision:>17.3f}  {row.recall:>14.3f}"
            f"  {row.answered:>19.3f}{mark}"
        )


def _print_end(fitted: Calibration, held: float, *, dry_run: bool) -> None:
    if dry_run:
        print(f"\nNothing was kept; questions are declined under {held:.3f}.")
    elif held == fitted.abstain_below:
        print(f"\nKept: questions of this collection are declined under {held:.3f}.")
    else:
        print(f"\nKept, and not used: answer.abstain_below is set to {held:.3f}.")
