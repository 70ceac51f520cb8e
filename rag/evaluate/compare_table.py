"""A comparison of two runs -> text for people."""

from __future__ import annotations

from collections.abc import Iterator

from rag.evaluate.compare import ALPHA, Change, Comparison, Difference
from rag.evaluate.report import aligned, label

_MOST_CASES = 5
"""Of the greatest losses, and of the greatest gains."""
_MOST_SETTINGS = 8
_MOST_SCORES = 4


def comparison_text(found: Comparison) -> str:
    """The comparison as plain text, without a newline at the end."""
    blocks = ["\n".join(_headline(found)), aligned(_rows(found)), _footnote(found)]
    worse = [one for one in found.changes if one.change < 0][:_MOST_CASES]
    better = [one for one in reversed(found.changes) if one.change > 0][:_MOST_CASES]
    otherwise = [one for one in found.changes if one.change == 0][:_MOST_CASES]
    for heading, cases in (
        ("Lost most", worse),
        ("Gained most", better),
        ("Came out otherwise", otherwise),
    ):
        if cases:
            blocks.append("\n".join([f"{heading}:", *map(_case, cases)]))
    return "\n\n".join(blocks)


def loss_line(dataset: str, loss: Difference) -> str:
    """A significant loss in one line."""
    return (
        f"lost: {dataset}: {label(loss.metric)} fell from {loss.old:.3f} to {loss.new:.3f} "
        f"(p = {loss.p_corrected:.4f})"
    )


def _headline(found: Comparison) -> Iterator[str]:
    yield f"{found.dataset}: {found.cases} cases compared, {len(found.changes)} came out otherwise"
    for reason, count in found.left_out.items():
        yield f"Left out: {count} {reason}"
    for name, (old, new) in list(found.settings.items())[:_MOST_SETTINGS]:
        yield f"Differs: {name}: {old} -> {new}"
    if len(found.settings) > _MOST_SETTINGS:
        yield f"Differs: {len(found.settings) - _MOST_SETTINGS} settings more"
    for stage, (old, new) in found.seconds.items():
        yield f"Median time to {stage}: {old * 1000:.0f} ms -> {new * 1000:.0f} ms"


def _rows(found: Comparison) -> list[tuple[str, ...]]:
    heads = ("metric", "old", "new", "new - old", "95% interval", "p", "won", "lost", "tied")
    return [heads, *map(_row, found.differences)]


def _row(one: Difference) -> tuple[str, ...]:
    mark = "*" if one.significant else " "
    return (
        label(one.metric),
        f"{one.old:.3f}",
        f"{one.new:.3f}",
        f"{one.change:+.3f}",
        f"{one.low:+.3f} to {one.high:+.3f}",
        f"{one.p_corrected:.4f}{mark}",
        str(one.won),
        str(one.lost),
        str(one.tied),
    )


def _footnote(found: Comparison) -> str:
    tested = sum(bool(one.won or one.lost or one.alone) for one in found.differences)
    return (
        "p: paired randomisation test over cases, two-sided, corrected by Holm for the "
        f"{tested} metrics in which any case differs; * is below {ALPHA}. Intervals: paired "
        "bootstrap over cases."
    )


def _case(one: Change) -> str:
    old, new = one.outcomes
    outcome = f"  [{old} -> {new}]" if old != new else f"  [{new}]" if new else ""
    most = sorted(one.scores.items(), key=lambda item: -abs(item[1][1] - item[1][0]))
    scores = [f"{label(name)} {a:.2f} -> {b:.2f}" for name, (a, b) in most[:_MOST_SCORES]]
    scores += [f"and {len(most) - _MOST_SCORES} more"] if len(most) > _MOST_SCORES else []
    head = f"  {one.change:+.3f}  {one.case_id}  {one.question}{outcome}"
    return f"{head}\n          {', '.join(scores)}".rstrip()
