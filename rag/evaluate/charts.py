"""The curves and histograms of the HTML report: drawn by matplotlib as SVG, coloured by the page.

Nothing of what was asked or answered is in a chart, but for numbers: runs go by letters, as on the
page. Colours are variables of the page's style sheet, so that one drawing serves light and dark.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rag.evaluate.explain import evidence_rank
from rag.evaluate.metrics import article_ranking
from rag.evaluate.records import Record, Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DEPTH = 10
"""Ranks that are told apart."""

_SIZE = (4.8, 2.6)  # inches; a chart is as wide as the page lets it
_VARIABLES = {
    "#010101": "var(--ink)",
    "#020202": "var(--quiet)",
    "#030303": "var(--rule)",
    **{f"#04040{run}": f"var(--run-{run})" for run in range(6)},
}
_INK, _QUIET, _RULE = "#010101", "#020202", "#030303"
_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "newsdesk",
    "text.parse_math": False,
    "font.size": 8.5,
    "text.color": _INK,
    "axes.edgecolor": _RULE,
    "axes.labelcolor": _QUIET,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": _RULE,
    "grid.linewidth": 0.6,
    "xtick.color": _QUIET,
    "ytick.color": _QUIET,
    "xtick.major.size": 0,
    "xtick.minor.size": 0,
    "ytick.major.size": 0,
}

Named = Sequence[tuple[str, Run]]
"""Runs with the letters that they go by; a single run has no letter."""

Draw = Callable[["Axes"], None]


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing with what it shows, in words."""

    title: str
    note: str
    """How to read it; what a reader who does not see it is told."""
    svg: str


def charts(runs: Named) -> list[Chart]:
    """Those for which the runs hold anything: ranks, recall, refusals, latency."""
    drawn = (_ranks(runs), _recall(runs), _refusals(runs), _latency(runs))
    return [chart for chart in drawn if chart]


# What each one shows -----------------------------------------------------------------------------


def _ranks(runs: Named) -> Chart | None:
    found = [[evidence_rank(record) for record in _searched(run)] for _, run in runs]
    if not any(found):
        return None
    width = 0.8 / len(runs)

    def draw(axes: Axes) -> None:
        for place, ranks in enumerate(found):
            shares = [share for _, share in rank_shares(ranks)]
            left = [at - 0.4 + width * (place + 0.5) for at in range(len(shares))]
            axes.bar(left, shares, width * 0.92, color=_colour(place))
        axes.set_xticks(range(DEPTH + 1), [*map(str, range(1, DEPTH + 1)), "none"])
        axes.grid(visible=False, axis="x")
        _percent(axes, "cases with evidence", "rank")

    best = "; ".join(
        f"{_of(name)}first in {dict(rank_shares(ranks))['1']:.0%} of {len(ranks)} cases"
        for (name, _), ranks in zip(runs, found, strict=True)
        if ranks
    )
    note = f"The best article that holds evidence is {best}."
    return Chart("Rank of the first evidence article", note, _svg("ranks", draw))


def rank_shares(ranks: Sequence[int | None]) -> list[tuple[str, float]]:
    """The share of cases by rank, "1" to "10", and by "none" for a later one or no rank at all."""
    count = max(1, len(ranks))
    shares = [(str(rank), ranks.count(rank) / count) for rank in range(1, DEPTH + 1)]
    within = sum(rank is not None and rank <= DEPTH for rank in ranks)
    return [*shares, ("none", (len(ranks) - within) / count)]


def _recall(runs: Named) -> Chart | None:
    curves = [recall_curve(_searched(run)) for _, run in runs]
    if not any(curves):
        return None

    def draw(axes: Axes) -> None:
        for place, curve in enumerate(curves):
            ranks = range(1, len(curve) + 1)
            axes.plot(ranks, curve, "o-", ms=3.5, **_line(place, runs))
        axes.set_xticks(range(1, DEPTH + 1))
        _percent(axes, "evidence articles found", "among the first k articles")

    at_five = "; ".join(
        f"{_of(name)}{curve[0]:.0%} by the first and {curve[4]:.0%} by the fifth"
        for (name, _), curve in zip(runs, curves, strict=True)
        if curve
    )
    return Chart(
        "Recall by depth",
        f"Share of the evidence articles found: {at_five}.",
        _svg("recall", draw),
    )


def recall_curve(records: Sequence[Record]) -> list[float]:
    """Mean recall at 1 to 10; empty for no records. Each must have evidence."""
    if not records:
        return []
    return [
        sum(_recall_at(record, depth) for record in records) / len(records)
        for depth in range(1, DEPTH + 1)
    ]


def _recall_at(record: Record, depth: int) -> float:
    wanted = record.case.article_ids
    return len({*wanted} & {*article_ranking(record.passages)[:depth]}) / len(wanted)


def _refusals(runs: Named) -> Chart | None:
    curves = [refusal_curves(run.records) for _, run in runs]
    if not any(curves):
        return None

    def draw(axes: Axes) -> None:
        for place, ((_, run), curve) in enumerate(zip(runs, curves, strict=True)):
            if not curve:
                continue
            steps, declined, answered = zip(*curve, strict=True)
            axes.plot(steps, declined, **_line(place, runs))
            axes.plot(steps, answered, **_line(place, runs), ls="--")
            line = threshold(run)
            if line is not None:
                axes.axvline(line, color=_colour(place), lw=1, ls=":")
        axes.set_xlim(0, 1)
        _percent(axes, "questions", "declined under this likelihood")

    lines = ", ".join(
        f"{_of(name)}{line:.2f}" for name, run in runs if (line := threshold(run)) is not None
    )
    note = "Questions without an answer that are declined (solid) against answerable ones that "
    note += "are answered (dashed), by threshold" + (
        f"; it was {lines} (dotted)." if lines else "."
    )
    return Chart("Declining: what a threshold would do", note, _svg("refusals", draw))


def refusal_curves(records: Sequence[Record]) -> list[tuple[float, float, float]]:
    """What each threshold 0.00, 0.01, … 1.00 would do, from the likelihoods on record.

    Returns:
        (threshold, share of questions without an answer that are declined, share of the answerable
        ones that are not); empty where either kind has no likelihood on record.
    """
    likely = [(r.case.answerable, value) for r in records if (value := _likely(r)) is not None]
    good = [value for answerable, value in likely if answerable]
    none = [value for answerable, value in likely if not answerable]
    if not good or not none:
        return []
    return [
        (
            step / 100,
            sum(value < step / 100 for value in none) / len(none),
            sum(value >= step / 100 for value in good) / len(good),
        )
        for step in range(101)
    ]


def threshold(run: Run) -> float | None:
    """The likelihood under which a run declined, where its settings are on record."""
    settings = run.about.get("settings")
    section = settings.get("answer") if isinstance(settings, dict) else None
    value = section.get("abstain_below") if isinstance(section, dict) else None
    return float(value) if isinstance(value, int | float) else None


def _likely(record: Record) -> float | None:
    return record.answer.get("likely") if record.answer else None


def _latency(runs: Named) -> Chart | None:
    stages = {"answer": "-", "retrieve": "--"}
    lines = [
        (place, stage, [1000 * r.seconds[stage] for r in run.records if r.seconds.get(stage)])
        for place, (_, run) in enumerate(runs)
        for stage in stages
    ]
    lines = [line for line in lines if line[2]]
    if not lines:
        return None

    def draw(axes: Axes) -> None:
        from matplotlib.ticker import LogLocator

        for place, stage, values in lines:
            axes.ecdf(values, **_line(place, runs), ls=stages[stage])
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
        axes.xaxis.set_major_formatter(lambda value, _: _duration(value))
        axes.xaxis.set_minor_formatter(lambda *_: "")
        axes.grid(visible=False, which="minor")
        _percent(axes, "questions", "done within")

    note = "Share of questions that were answered (solid) and searched for (dashed) within a time, "
    note += "on a logarithmic scale."
    return Chart("Latency", note, _svg("latency", draw))


def _searched(run: Run) -> list[Record]:
    """The cases whose ranking can be judged."""
    failed = "retrieve" if "retrieve" in run.ran else "answer"
    return [r for r in run.records if r.case.evidence and failed not in r.errors]


# Drawing -----------------------------------------------------------------------------------------


def _svg(name: str, draw: Draw) -> str:
    """One drawing as an `<svg>` element whose ids start with `name`."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=_SIZE, layout="constrained")
        axes = figure.subplots()
        draw(axes)
        drawn = io.StringIO()
        figure.savefig(drawn, format="svg", transparent=True)
    return _inline(drawn.getvalue(), name)


def _inline(svg: str, name: str) -> str:
    """The element alone: no prolog, no metadata, no style for the whole page, ids of its own."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<style.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\1{name}-", svg)
    for colour, variable in _VARIABLES.items():
        svg = svg.replace(colour, variable)
    return svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)


def _percent(axes: Axes, what: str, along: str) -> None:
    axes.set_ylim(-0.02, 1.04)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.set_title(what, loc="left", fontsize=8.5, color=_QUIET)
    axes.set_xlabel(along)


def _colour(place: int) -> str:
    return f"#04040{place % 6}"


def _line(place: int, runs: Named) -> dict[str, Any]:
    """Colour and width: where curves lie upon each other, the lower one still shows."""
    return {"color": _colour(place), "linewidth": max(1.2, 1.8 + 0.9 * (len(runs) - 1 - place))}


def _of(name: str) -> str:
    return f"{name}: " if name else ""


def _duration(milliseconds: float) -> str:
    return f"{milliseconds / 1000:g} s" if milliseconds >= 1000 else f"{milliseconds:g} ms"
