"""A question about several sources, cut into the clause that goes with each.

"Who paid for the buyout, as reported by The Verge, and was charged, according to TechCrunch?" asks
one thing of The Verge and another of TechCrunch.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from rag.sources import LISTED, Named

_CUTS = tuple(
    re.compile(cut, re.IGNORECASE)
    for cut in (
        r"[?;]\s",
        r",?\s+(?:while|whereas|but)\b",
        r",\s+(?:and|who|which|whose)\b",
        r"\s+and\s+(?=(?:is|was|are|were|has|have|had|did|does|do|also|then|in|its|the|an?|his|her"
        r"|their|who|which|whose|for|as|simultaneously|\w+ed|\w+s)\b)",
        r",\s",
        r"\s+and\s",
        r"\s+(?:before|after|than|compared (?:with|to)|versus|vs\.?|against|with|from what)\b",
    )
)
"""Where a clause may end, the surest first."""
_CLOSES = re.compile(
    r"[\"'’”]?(?:\s+(?:articles?|reports?|respectively))?[\"'’”]?\s*(?:$|[,;?.]|\band\b)",
    re.IGNORECASE,
)
_OPENS = re.compile(r"[,;?]\s|\bwhile\b|\band\b", re.IGNORECASE)
_ASIDE = re.compile(r"\s*(?:as|which|that|who)\b", re.IGNORECASE)
_THEN_ASKS = re.compile(
    r",\s+(?:(?:was|is|were|are|did|does|do|has|have) there\b|(?:what|which|who|how)\b"
    r"|(?:is|was|were|are|has|have|did|does|do) (?:the|this|these|their|its|it|they)\b)",
    re.IGNORECASE,
)
"""What is asked of all the clauses: "…, was there a change in the narrative?"""


@dataclass(frozen=True, slots=True)
class Clause:
    """`question[start:end]` goes with some sources."""

    start: int
    end: int
    sources: tuple[Named, ...]


def clauses(question: str, named: Sequence[Named]) -> tuple[Clause, ...]:
    """One clause for each source of a question, or list of sources, in order and apart.

    Empty where no source is named; with one, or one list, the clause is the whole question.
    """
    groups = _listed_together(question, named)
    if not groups:
        return ()
    cuts = [0, *(_cut(question, one, other) for one, other in pairwise(groups)), len(question)]
    ends = [*cuts[1:-1], _before_the_question(question, groups)]
    return tuple(
        Clause(start, end, group) for start, end, group in zip(cuts, ends, groups, strict=False)
    )


def _listed_together(question: str, named: Sequence[Named]) -> list[tuple[Named, ...]]:
    groups: list[tuple[Named, ...]] = []
    for one in named:
        if groups and LISTED.fullmatch(question, groups[-1][-1].end, one.start):
            groups[-1] = (*groups[-1], one)
        else:
            groups.append((one,))
    return groups


def _cut(question: str, one: Sequence[Named], other: Sequence[Named]) -> int:
    """Where the clause of one source ends and that of the next begins."""
    start, end = one[-1].end, other[0].start
    place = 0 if _follows(question, other) else -1
    for cut in _CUTS:
        if found := list(cut.finditer(question, start, end)):
            return found[place].start()
    return start


def _follows(question: str, sources: Sequence[Named]) -> bool:
    """Whether a source stands behind what it says ("…, as reported by X, and …"), not before."""
    if not _CLOSES.match(question, sources[-1].end):
        return False
    before = _OPENS.split(question[: sources[0].start])[-1]
    goes_on = re.match(r"[\"'’”]?,\s+\w", question[sources[-1].end :])
    return len(before.split()) > 4 or not goes_on or bool(_ASIDE.match(before))


def _before_the_question(question: str, groups: Sequence[Sequence[Named]]) -> int:
    """Where the last clause ends: before what is asked of all of them, if that stands behind."""
    if len(groups) < 2:
        return len(question)
    found = _THEN_ASKS.search(question, groups[-1][-1].end)
    return found.start() if found else len(question)
