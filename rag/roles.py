"""Who did what to whom: subject, verb and object of plain clauses, by where the words stand.

No parser: a telling word in lower case between two others may be a verb. A passive with "by" is
turned round. What is not so plain gives no triple, and so no failure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.facts import name_keys
from rag.words import stem, weight

_TOKEN = re.compile(r"[^\W_]+(?:[.’'&-][^\W_]+)*|[^\w\s]")
_BE = frozenset("is are was were be been being am".split())
_AUXILIARY = _BE | frozenset(
    "has have had will would may might can could shall should must does did do not never also just"
    " to".split()
)
_DETERMINERS = frozenset(
    "a an the its his her their our my your this that these those some all many most each every"
    " any both no more".split()
)
_MOST = 3
"""Words of a subject or an object that are looked at: those nearest the verb."""


@dataclass(frozen=True, slots=True)
class Triple:
    """A verb's stem with the keys of its subject's and its object's words, and as written."""

    verb: str
    subject: frozenset[str]
    object: frozenset[str]
    written: str


def triples(sentence: str) -> list[Triple]:
    """The plain clauses of a sentence; nouns in a verb's place give some that are none."""
    tokens = _TOKEN.findall(sentence)
    found = (_triple(tokens, at) for at in range(1, len(tokens) - 1))
    return [triple for triple in found if triple]


def _triple(tokens: Sequence[str], at: int) -> Triple | None:
    verb = tokens[at]
    if not verb[:1].islower() or not (weight(verb) or verb == "own"):
        return None
    start = at
    while start and tokens[start - 1].lower() in _AUXILIARY:
        start -= 1
    passive = bool(_BE & {token.lower() for token in tokens[start:at]})
    if passive and tokens[at + 1].lower() != "by":
        return None
    before = _run(tokens[:start][::-1])
    behind = _run(tokens[at + 1 + passive :], determiners=True)
    if not before or not behind:
        return None
    subject, object_ = (behind, before) if passive else (before, behind)
    written = f"{' '.join(before[::-1])} {verb} {' '.join(behind)}"
    return Triple(stem(verb), _keys(subject), _keys(object_), written)


def _run(tokens: Sequence[str], *, determiners: bool = False) -> list[str]:
    """The telling words that come first, after determiners where those may stand."""
    place = 0
    while determiners and place < len(tokens) and tokens[place].lower() in _DETERMINERS:
        place += 1
    run: list[str] = []
    for token in tokens[place : place + _MOST]:
        if not token[:1].isalnum() or not weight(token):
            break
        run.append(token)
    return run


def _keys(run: Sequence[str]) -> frozenset[str]:
    return frozenset().union(*({stem(token), *name_keys(token)} for token in run))


def reversed_in(sentence: str, evidence: Sequence[str]) -> list[str]:
    """Clauses whose subject and object have changed places in the evidence, as written."""
    known = [triple for one in evidence for triple in triples(one)]
    return [mine.written for mine in triples(sentence) if _reversed(mine, known)]


def _reversed(mine: Triple, known: Sequence[Triple]) -> bool:
    same = [theirs for theirs in known if theirs.verb == mine.verb]
    agreed = any(mine.subject & t.subject or mine.object & t.object for t in same)
    return not agreed and any(mine.subject & t.object and mine.object & t.subject for t in same)
