"""What the page's script asks for: one line of JSON in a field that nobody sees."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from rag.ui.why import Limits

KINDS = frozenset({"ask", "drop", "restore", "open", "mark"})


@dataclass(frozen=True, slots=True)
class Wish:
    """One of `KINDS`, with what it is about."""

    kind: str
    number: int = 0
    """Of the exchange."""
    label: str = ""
    """Of what was understood, the key of a conversation, or a question."""
    citation: int = 0
    """0 for the whole answer."""
    right: bool = False


def read_wish(line: str) -> Wish | None:
    """The wish in the line; None for anything else: nobody but a script types there."""
    try:
        given = json.loads(line)
        wish = Wish(
            str(given["kind"]),
            int(given.get("number", 0)),
            str(given.get("label", ""))[:500],
            int(given.get("citation", 0)),
            given.get("right") is True,
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return wish if wish.kind in KINDS else None


def relimited(limits: Limits, wish: Wish) -> Limits:
    """The limits of the same question asked without a label, or with it again."""
    others = tuple(label for label in limits.without if label != wish.label)
    return replace(limits, without=(*others, wish.label) if wish.kind == "drop" else others)
