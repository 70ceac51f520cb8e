"""What a sentence only reports: clauses that hang on "said that", "according to" and the like."""

from __future__ import annotations

import re

_SAYS = (
    r"(?:said|says|say|told|tells|claimed|claims|alleged|alleges|argued|argues|warned|warns"
    r"|insisted|insists|stated|predicted|predicts|believes?|believed|estimates?|estimated|suggested"
    r"|suggests|reported|reports|complained|complains|admitted|admits|denied|denies|accused|accuses"
    r"|added|adds|explained|explains|noted|notes|announced)"
)
CUES = re.compile(
    rf"\b(?:{_SAYS}|according to|in the (?:view|words) of|reportedly|allegedly)\b", re.IGNORECASE
)
"""Words by which a sentence gives what it says to somebody else."""

_THAT = re.compile(rf"\b{_SAYS}\b[^.;]{{0,40}}?\bthat\b")
_BEHIND = re.compile(
    rf",[”\"’']?\s(?!but\b|and\b|or\b|who\b|which\b|when\b|while\b)[^,;]{{0,60}}\b{_SAYS}\b"
    r"[^,;]{0,60}$"
)
_ACCORDING = re.compile(r"\baccording to\b", re.IGNORECASE)


def told_plainly(sentence: str) -> str:
    """What a sentence says in its own voice: all but the clauses that it reports.

    "Holm said that sales fell" says plainly "Holm said that"; "Sales fell, Holm said" says "Holm
    said", and nothing at all is plain where it is "according to" somebody.
    """
    if _ACCORDING.search(sentence):
        return ""
    if found := _THAT.search(sentence):
        return sentence[: found.end()]
    if found := _BEHIND.search(sentence.rstrip(".!? ")):
        return sentence[found.start() :]
    return sentence
