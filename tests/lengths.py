"""How long tests run: briefly in `make test`, at length in `make torture`, which keeps figures."""

from __future__ import annotations

import json
import os
from pathlib import Path

FIGURES = os.environ.get("NEWSDESK_TORTURE", "")
"""The file that a run at length writes its figures to; empty for a brief run."""


def times(brief: int, at_length: int) -> int:
    """How often to do something."""
    return at_length if FIGURES else brief


def tell(what: str, wanted: str, seen: str, *, holds: bool = True) -> None:
    """Keep one line of the table of figures."""
    if FIGURES:
        line = {"what": what, "wanted": wanted, "seen": seen, "holds": holds}
        with Path(FIGURES).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
