"""The threshold of abstaining that was fitted for a collection, kept in its catalog."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.catalog import canonical, damaged
from rag.schema import Record

if TYPE_CHECKING:
    from rag.catalog import Catalog


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration(Record):
    """A fitted threshold, and what it was fitted on."""

    abstain_below: float
    """0 to 1."""
    sets: tuple[str, ...]
    """Names of the eval sets."""
    answerable: int
    """Cases that the articles answer."""
    unanswerable: int
    precision: float
    """Of refusal, on those cases: share of the declined that had to be."""
    recall: float
    """Share of the unanswerable that are declined."""
    scored_by: str
    """What the likelihoods came from; a threshold says nothing about those of other models."""


def stored(catalog: Catalog) -> Calibration | None:
    """What `store` kept last; None where nothing was fitted, or it was reset.

    Raises:
        IndexDamaged: the row is not what was written.
    """
    with catalog.connection() as connection:
        known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'calibration'")
        if known.fetchone() is None:
            return None
        row = connection.execute("SELECT fitted FROM calibration").fetchone()
    try:
        return _read(row[0]) if row else None
    except (ValueError, TypeError, KeyError):
        raise damaged(catalog.path, "its calibration cannot be read") from None


def _read(text: str) -> Calibration:
    fields = json.loads(text)
    return Calibration(**{**fields, "sets": tuple(fields["sets"])})


def store(catalog: Catalog, fitted: Calibration | None) -> None:
    """Keep a calibration in the place of any earlier one; None forgets it.

    The table is made with the first one: most collections have none.
    """
    with catalog.transaction() as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS calibration (fitted TEXT NOT NULL)")
        connection.execute("DELETE FROM calibration")
        if fitted:
            connection.execute("INSERT INTO calibration VALUES (?)", (canonical(fitted.to_dict()),))
