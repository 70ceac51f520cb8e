"""The sentences of an answer as a list or a small table, where the question asks for several."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from rag.facts import facts, name_keys
from rag.schema import Answer, Row, Sentence
from rag.understand import parts_of

_LISTS = re.compile(
    r"^\W*(?:and |but )?(?:list|name|enumerate)\b|\bwhat are the\b|\bwho are\b"
    r"|\b(?:which|what) (?:\w{3,}(?<![sui])s|\w+ (?:countries|companies|firms|people|states|groups"
    r"|partners|organi[sz]ations|plants|laws|rules|products|measures|reasons))\b",
    re.IGNORECASE,
)
"""Questions that ask for several things of one kind."""
_LONGEST = 4
"""Words of a row's label; what differs between longer parts is no name."""


def arranged(answer: Answer) -> Answer:
    """The answer with its sentences in rows, where it compares or lists; else as it was.

    A comparison has a row for each thing compared, if two of them or more have sentences of their
    own; what is said of several, or of none, stands in rows without a label. A list has a row a
    sentence. Rows are in the order of the answer, and hold every sentence once.
    """
    if labels := _compared(answer):
        rows = _by_label(answer, labels)
        if len({row.label for row in rows if row.label}) > 1:
            return replace(answer, layout="table", rows=rows)
    if _LISTS.search(answer.query) and len(answer.sentences) > 1:
        rows = tuple(Row(label="", sentences=(at,)) for at in range(len(answer.sentences)))
        return replace(answer, layout="list", rows=rows)
    return answer


def _compared(answer: Answer) -> list[str]:
    """The names that set the parts of a question apart; empty where other words do."""
    parts = parts_of(answer.query, answer.searches)
    if len(parts) < 2:
        return []
    labels = _differing([part.split() for part in parts])
    named = all(_keys(label) and len(label.split()) <= _LONGEST for label in labels)
    return labels if named and len(set(labels)) == len(labels) else []


def _differing(parts: Sequence[Sequence[str]]) -> list[str]:
    """What is left of each part without the words that all begin and end with."""
    shortest = min(map(len, parts))
    same = [len({part[at] for part in parts}) == 1 for at in range(shortest)]
    first = same.index(False) if False in same else shortest
    alike = [len({part[-at] for part in parts}) == 1 for at in range(1, shortest - first + 1)]
    last = alike.index(False) if False in alike else len(alike)
    return [" ".join(part[first : len(part) - last]).strip(" ,;:?'’") for part in parts]


def _by_label(answer: Answer, labels: Sequence[str]) -> tuple[Row, ...]:
    """Rows in the order of their first sentences; those of one label are one row."""
    keys = {label: _keys(label) for label in labels}
    rows: dict[str, list[int]] = {}
    for at, sentence in enumerate(answer.sentences):
        told = [label for label in labels if keys[label] <= _around(answer, sentence)]
        own = [label for label in told if keys[label] <= name_keys(sentence.text)] or told
        rows.setdefault(own[0] if len(own) == 1 else "", []).append(at)
    return tuple(Row(label=label, sentences=tuple(places)) for label, places in rows.items())


def _keys(label: str) -> frozenset[str]:
    """What its names may be found under; empty where it is no name."""
    return frozenset(key for name in facts(f"about {label}").names for key in name.keys)


def _around(answer: Answer, sentence: Sentence) -> frozenset[str]:
    """Names of a sentence and of the titles of what it cites."""
    titles = [one.title for one in answer.citations if one.number in sentence.citations]
    return name_keys(" ".join([sentence.text, *titles]))
