"""Bootstrap intervals and the paired randomisation test, over cases.

A table has a row a case, a column a metric, and in the last axis the part and the whole that the
case adds to the metric; both are 0 where the metric does not judge the case. Scores of a metric are
shares: the sum of its parts / the sum of its wholes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Numbers = np.ndarray[Any, np.dtype[np.float64]]

RESAMPLES = 1000
"""Of the bootstrap."""
SWAPS = 9999
"""Of the randomisation test; all there are where a set has at most `_FEW` cases."""
_FEW = 13
_BLOCK = 4_000_000  # numbers held at once: 32 MB
_ROUNDING = 1e-12


def shares(table: Numbers) -> Numbers:
    """Parts / wholes, over the last axis; nan where there is no whole."""
    import numpy as np

    parts, wholes = table[..., 0], table[..., 1]
    return np.divide(parts, wholes, out=np.full_like(parts, np.nan), where=wholes > 0)


def bootstrap(table: Numbers, against: Numbers | None = None) -> tuple[Numbers, Numbers]:
    """The 95% percentile interval of each metric's share, or of its paired difference to another.

    Args:
        table: (cases, metrics, 2).
        against: the same cases and metrics of another run; the difference is `table` - `against`.

    Returns:
        The lower and the upper ends, one a metric.
    """
    import numpy as np

    drawn = []
    rng = np.random.default_rng(0)
    for size in _blocks(RESAMPLES, len(table)):
        weights = rng.multinomial(len(table), np.full(len(table), 1 / len(table)), size=size)
        found = shares(_weighted(weights.astype(float), table))
        if against is not None:
            found = found - shares(_weighted(weights.astype(float), against))
        drawn.append(found)
    low, high = np.nanpercentile(np.concatenate(drawn), (2.5, 97.5), axis=0)
    return low, high


def randomisation(old: Numbers, new: Numbers) -> Numbers:
    """How likely so large a difference would be, either way, if the two runs were alike.

    The two scores of a case are swapped at random, all metrics at once, and the difference of the
    shares taken anew; see Smucker, Allan & Carterette, CIKM 2007. With few cases all swaps are
    tried and the value is exact.

    Args:
        old: (cases, metrics, 2).
        new: the same cases and metrics.

    Returns:
        One p a metric; above 0, at most 1.
    """
    import numpy as np

    seen = np.abs(shares(new.sum(axis=0)) - shares(old.sum(axis=0)))
    extreme, tried = np.zeros(len(seen)), 0
    for swap in _swaps(len(old)):
        moved = _weighted(swap, new - old)
        apart = np.abs(shares(new.sum(axis=0) - moved) - shares(old.sum(axis=0) + moved))
        extreme += (~(apart < seen - _ROUNDING)).sum(axis=0)  # nan counts against us
        tried += len(swap)
    exact = len(old) <= _FEW
    return extreme / tried if exact else (extreme + 1) / (tried + 1)


def holm(values: Sequence[float]) -> list[float]:
    """The p values corrected for being many (Holm, 1979), in the same order.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    corrected = [1.0] * len(values)
    highest = 0.0
    for rank, place in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        highest = max(highest, min(1.0, (len(values) - rank) * values[place]))
        corrected[place] = highest
    return corrected


def _weighted(weights: Numbers, table: Numbers) -> Numbers:
    """Sums over cases, weighted: (draws, metrics, 2)."""
    import numpy as np

    summed: Numbers = np.tensordot(weights, table, axes=1)
    return summed


def _swaps(count: int) -> Iterator[Numbers]:
    """Blocks of draws; 1 where a case is swapped."""
    import numpy as np

    if count <= _FEW:
        yield ((np.arange(2**count)[:, None] >> np.arange(count)) & 1).astype(float)
        return
    rng = np.random.default_rng(0)
    for size in _blocks(SWAPS, count):
        yield (rng.random((size, count)) < 0.5).astype(float)


def _blocks(draws: int, count: int) -> Iterator[int]:
    step = max(1, _BLOCK // max(1, count))
    yield from (min(step, draws - first) for first in range(0, draws, step))
