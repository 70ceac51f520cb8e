"""What a text denies, and what it says may be, is planned, or is only said to be so."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile

from rag.words import weight, words

NEGATIONS = re.compile(
    r"\b(?:not|no|never|without|cannot|\w+n['’]t|failed\s+to)\b"
    r"|\b(?P<far>nobody|none|nothing|neither|nor|no\s+one|denie[sd]|deny|denying|doubt(?:s|ed)?"
    r"|refus(?:e|es|ed|ing)|reject(?:s|ed|ing)?|rule[sd]?\s+out)\b",
    re.IGNORECASE,
)
_FAR = 9
"""How many words on 'nobody' and 'denied' reach: a clause. 'Not' reaches its verb or noun."""
_NO_DENIAL = re.compile(r"\bno doubt\b|\bnot (?:only|just|least|to mention)\b", re.IGNORECASE)


_CLAUSE = re.compile(r"[.;:!?](?=\s|$)|,(?=\s)")
"""What no negation and no modal reaches across."""


def _reach(text: str, start: int, most: int) -> list[str]:
    """Up to `most` words from `start` on that belong to the same clause."""
    end = _CLAUSE.search(text, start)
    return words(text[start : end.start() if end else len(text)])[:most]


def denied(text: str) -> list[str]:
    """What is denied: the telling words of a clause, or after 'not' the first such."""
    found: list[str] = []
    for match in NEGATIONS.finditer(_NO_DENIAL.sub(lambda m: " " * len(m.group()), text)):
        following = _reach(text, match.end(), _FAR)
        telling = [word for word in following if weight(word) > 0]
        if not match["far"]:
            telling = _first(following[:5]) or following[-1:]
        found += telling or [match.group()]
    return found


def _first(following: Sequence[str]) -> list[str]:
    """The first telling word, and those right behind it."""
    start = next((i for i, word in enumerate(following) if weight(word) > 0), len(following))
    return list(takewhile(lambda word: weight(word) > 0, following[start:]))


_CLASSES = {
    "possible": """may might could can likely unlikely possible possibly perhaps potential
        potentially""",
    "planned": """plan plans planned planning propose proposes proposed proposal consider considers
        considered considering expect expects expected aim aims aimed intend intends intended hope
        hopes hoped hoping seek seeks seeking sought want wants wanted will shall would should
        agree agrees agreed agreement pledge pledges pledged promise promises promised scheduled
        due set looks looking""",
    "hearsay": """allegedly reportedly appear appears appeared seem seems seemed estimate estimates
        estimated forecast believe believes believed""",
}
_CUES = {
    name: re.compile(rf"\b(?:{'|'.join(listed.split())})\b", re.IGNORECASE)
    for name, listed in _CLASSES.items()
}
_CUES["planned"] = re.compile(rf"{_CUES['planned'].pattern}|\b(?:is|are) to\b", re.IGNORECASE)
GOVERNS, MAY_GOVERN = 4, 7
"""How many words on a modal reaches, and how many on it may: more words can stand between."""


def modals(text: str, most: int) -> dict[str, list[tuple[str, list[str]]]]:
    """The modal words of each class that occurs, each with the telling words that it reaches."""
    found: dict[str, list[tuple[str, list[str]]]] = {}
    for name, cue in _CUES.items():
        for match in cue.finditer(text):
            if match.group() != "May":
                reached = _reach(text, match.end(), most)
                telling = [word for word in reached if weight(word) > 0]
                found.setdefault(name, []).append((match.group(), telling))
    return found
