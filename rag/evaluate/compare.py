"""Two runs of the same cases, case by case: what differs, and whether that can be chance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import CorpusError
from rag.evaluate.metrics import Score
from rag.evaluate.records import Record, Run
from rag.evaluate.resampling import bootstrap, holm, randomisation, shares
from rag.evaluate.run_files import run_files
from rag.evaluate.summary import metric_names
from rag.schema import Record as Plain

if TYPE_CHECKING:
    from rag.evaluate.resampling import Numbers

ALPHA = 0.05
"""A difference is significant where its corrected p is below this."""
_SAME = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference(Plain):
    """One metric over the cases that both runs judged or could have."""

    metric: str
    old: float
    new: float
    change: float
    """New - old."""
    low: float
    """Of the 95% interval of the change."""
    high: float
    p: float
    """Of a paired randomisation test, two-sided."""
    p_corrected: float
    """The same by Holm, over the metrics in which any case differs."""
    won: int
    """Cases that both runs judged, where the new one is better."""
    lost: int
    tied: int
    alone: int
    """Cases that only one of the runs judged, such as an abstention by only one."""
    significant: bool
    """Whether the change is too large for chance, in either direction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(Plain):
    """A case that came out otherwise."""

    case_id: str
    question: str
    change: float
    """The mean of new - old over all metrics that both runs judged."""
    scores: dict[str, tuple[float, float]]
    """Old and new value of the metrics that changed."""
    outcomes: tuple[str | None, str | None]
    """Old and new; None where answers were not run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison(Plain):
    """What a new run changed against an old one."""

    dataset: str
    cases: int
    """How many were compared."""
    left_out: dict[str, int] = field(default_factory=dict)
    """Cases that were not, by the reason; empty for none."""
    differences: tuple[Difference, ...] = ()
    """In the order of the tables."""
    changes: tuple[Change, ...] = ()
    """The greatest losses first, the greatest gains last."""
    settings: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    """What produced the runs, where that differs: dotted name to old and new value."""
    seconds: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Median seconds of `retrieve` and `answer`, old and new; not tested."""

    @property
    def losses(self) -> tuple[Difference, ...]:
        """The significant ones for the worse."""
        return tuple(one for one in self.differences if one.significant and one.change < 0)


def compare(old: Run, new: Run) -> Comparison:
    """Compare the cases that are in both runs and are the same in both.

    A case that failed in a run is left out of the metrics of what failed.

    Raises:
        CorpusError: the runs share no case, or no metric.
    """
    pairs, left_out = _pairs(old, new)
    if not pairs:
        raise CorpusError(
            f"{old.dataset} and {new.dataset}: the runs have no case in common; compare two runs "
            "of one set"
        )
    names = _shared_metrics(old, new, pairs)
    if not names:
        raise CorpusError(
            f"{new.dataset}: no metric was measured in both runs, on cases that did not fail; "
            "run both with the same options"
        )
    return Comparison(
        dataset=new.dataset,
        cases=len(pairs),
        left_out=left_out,
        differences=tuple(_differences(pairs, names)),
        changes=tuple(sorted(_changes(pairs, names), key=lambda one: (one.change, one.case_id))),
        settings=_unlike(old.about | {"top_k": old.top_k}, new.about | {"top_k": new.top_k}),
        seconds=_seconds(pairs),
    )


_Pairs = Sequence[tuple[Record, Record]]


def _pairs(old: Run, new: Run) -> tuple[_Pairs, dict[str, int]]:
    before = {record.case.id: record for record in old.records}
    both = [(before[r.case.id], r) for r in new.records if r.case.id in before]
    same = [(a, b) for a, b in both if _asked(a) == _asked(b)]
    reasons = {
        "only in the old run": len(old.records) - len(both),
        "only in the new run": len(new.records) - len(both),
        "not the same question, answer or evidence": len(both) - len(same),
        "failed in the old run": sum(bool(a.errors) for a, _ in same),
        "failed in the new run": sum(bool(b.errors) for _, b in same),
    }
    return same, {reason: count for reason, count in reasons.items() if count}


def _asked(record: Record) -> dict[str, Any]:
    return {key: value for key, value in record.case.to_dict().items() if key != "tags"}


def _shared_metrics(old: Run, new: Run, pairs: _Pairs) -> list[str]:
    """The metrics that judged some case in either run, among those that neither failed on."""
    shared = [name for name in metric_names(new) if name in metric_names(old)]
    return [
        name
        for name in shared
        if all(any(_score(pair, name)[run].whole for pair in pairs) for run in (0, 1))
    ]


def _score(pair: tuple[Record, Record], name: str) -> tuple[Score, Score]:
    """What a case adds to a metric, old and new; nothing to both where it failed in either."""
    nothing = Score(0.0, 0.0)
    if any(name not in record.scores for record in pair):
        return nothing, nothing
    old, new = (record.scores[name] or nothing for record in pair)
    return old, new


def _differences(pairs: _Pairs, names: Sequence[str]) -> Iterator[Difference]:
    old, new = _tables(pairs, names)
    low, high = bootstrap(new, against=old)
    values = randomisation(old, new)
    before, after = shares(old.sum(axis=0)), shares(new.sum(axis=0))
    corrected = _corrected(values, (old != new).any(axis=(0, 2)))
    for place, name in enumerate(names):
        scores = [_score(pair, name) for pair in pairs]
        both = [b.value - a.value for a, b in scores if a.whole and b.whole]
        won, lost = sum(gain > _SAME for gain in both), sum(gain < -_SAME for gain in both)
        yield Difference(
            metric=name,
            old=float(before[place]),
            new=float(after[place]),
            change=float(after[place] - before[place]),
            low=float(low[place]),
            high=float(high[place]),
            p=float(values[place]),
            p_corrected=corrected[place],
            significant=corrected[place] < ALPHA,
            won=won,
            lost=lost,
            tied=len(both) - won - lost,
            alone=sum(bool(a.whole) != bool(b.whole) for a, b in scores),
        )


def _tables(pairs: _Pairs, names: Sequence[str]) -> tuple[Numbers, Numbers]:
    import numpy as np

    table = np.array([[_score(pair, name) for name in names] for pair in pairs], dtype=float)
    return table[:, :, 0], table[:, :, 1]


def _corrected(values: Numbers, differs: Numbers) -> list[float]:
    """By Holm, over the metrics in which a case differs: the others have p = 1 whatever happens."""
    tested = [place for place, one in enumerate(differs) if one]
    corrected = [1.0] * len(values)
    for place, p in zip(tested, holm([float(values[t]) for t in tested]), strict=True):
        corrected[place] = p
    return corrected


def _changes(pairs: _Pairs, names: Sequence[str]) -> Iterator[Change]:
    for old, new in pairs:
        scored = {name: _score((old, new), name) for name in names}
        both = {n: (a.value, b.value) for n, (a, b) in scored.items() if a.whole and b.whole}
        changed = {n: (a, b) for n, (a, b) in both.items() if abs(b - a) > _SAME}
        if changed or old.outcome != new.outcome:
            yield Change(
                case_id=new.case.id,
                question=new.case.question,
                change=sum(b - a for a, b in both.values()) / max(1, len(both)),
                scores=changed,
                outcomes=(old.outcome, new.outcome),
            )


def _seconds(pairs: _Pairs) -> dict[str, tuple[float, float]]:
    import numpy as np

    found = {}
    for stage in ("retrieve", "answer"):
        both = [[r.seconds[stage] for r in pair] for pair in pairs if _ran(pair, stage)]
        if both:
            old, new = np.median(both, axis=0)
            found[stage] = (float(old), float(new))
    return found


def _ran(pair: tuple[Record, Record], stage: str) -> bool:
    return all(stage in record.seconds for record in pair)


def _unlike(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    before, after = dict(_flat(old)), dict(_flat(new))
    return {
        name: (before.get(name), after.get(name))
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    }


def _flat(facts: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in facts.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


# Files -------------------------------------------------------------------------------------------


def paired_runs(old: Path, new: Path) -> list[tuple[Run, Run]]:
    """The runs to compare of two files, or of two folders by the names of their sets.

    Raises:
        CorpusError: a file is no run, or no set is in both folders.
    """
    if old.is_file() and new.is_file():
        return [(Run.load(old), Run.load(new))]
    before, after = (
        {run.dataset: run for run in map(Run.load, run_files([path]))} for path in (old, new)
    )
    names = [name for name in after if name in before]
    if not names:
        raise CorpusError(
            f"{old} has runs of {', '.join(before) or 'no set'}, {new} of "
            f"{', '.join(after) or 'no set'}: there is nothing to compare"
        )
    return [(before[name], after[name]) for name in names]
