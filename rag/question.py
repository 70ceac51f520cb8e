"""What a question asks for, by rules: the kind of answer, and what a follow-up leans on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from rag.facts import Facts, facts
from rag.schema import Turn
from rag.words import content_stems, words

NUMBER, DATE, NAME, OTHER = "number", "date", "name", "other"

_KINDS = (
    (
        NUMBER,
        r"\bhow (?:many|much|large|big|long|old|far|high|tall|fast|often|few|expensive)\b"
        r"|\b(?:what|which) (?:\w+ )?(?:percent(?:age)?|share|number|amount|proportion|price|sum"
        r"|value|cost|budget|size|figure|total)\b",
    ),
    (
        DATE,
        r"\bwhen\b|\b(?:what|which) (?:year|date|day|month|decade|century|time|quarter)\b"
        r"|\bsince when\b|\bby when\b",
    ),
    (
        NAME,
        r"\bwho\b|\bwhom\b|\bwhose\b|\bwhere\b"
        r"|\b(?:which|what) (?:\w+ ){0,2}"
        r"(?:countr(?:y|ies)|cit(?:y|ies)|state|place|compan(?:y|ies)|firms?|nations?|regions?|person|people|groups?|organi[sz]ations?|governments?|partners?"
        r"|ministers?|agenc(?:y|ies)|chipmakers?|makers?)\b",
    ),
)
_SEVERAL = re.compile(
    r"\b(?:compare[ds]?|comparison|versus|vs\.?|differ(?:s|ed|ence|ences|ent)?|both|respectively"
    r"|each|list|which (?:\w+ ){0,2}\w+s|what are|who are"
    r"|and (?:who|what|when|where|how|which)"
    r"|change[ds]?|evolve[ds]?|between .+ and)\b",
    re.IGNORECASE,
)
_LEANS = re.compile(
    r"^\W*(?:so|also|then|what else|why not|why|when|where|who|how)\W*$"
    r"|^\W*(?:and|but|what about|how about|what else)\b"
    r"|\b(?:it|its|they|them|their|he|him|his|she|her|that|this|those|these|there|the same"
    r"|the (?:deal|company|fund|rules?|plan|law|agreement|order|plant|project|venture|latter"
    r"|former))\b",
    re.IGNORECASE,
)
_INSTEAD = re.compile(
    r"^\W*(?:and|but|what about|how about|and what about)\s+(?:for |in |to |of |by |with )?"
    r"(?P<new>[^?]{1,60}?)\W*$",
    re.IGNORECASE,
)


def kind(question: str) -> str:
    """The kind of answer asked for: `number`, `date`, `name` or `other`."""
    return next((name for name, shape in _KINDS if re.search(shape, question.lower())), OTHER)


def asks_several(question: str) -> bool:
    """Whether a full answer has several parts: a comparison, a list, a change over time."""
    return bool(_SEVERAL.search(question)) or question.count("?") > 1


def answers_kind(wanted: str, asked: Facts, said: Facts, known: frozenset[str]) -> bool:
    """Whether a text brings an item of the wanted kind that the question did not hold itself.

    `known` are the question's stems and name keys; any text passes for kind `other`.
    """
    if wanted == NUMBER:
        held = {number.value for number in asked.numbers}
        return any(number.value not in held for number in said.numbers)
    if wanted == DATE:
        return any(when not in asked.dates for when in said.dates)
    if wanted == NAME:
        return any(not known.issuperset(name.keys) for name in said.names)
    return True


def parts(question: str) -> list[str]:
    """The simpler questions that make up a question of several parts; empty for a simple one.

    "X and Y" or "X versus Y" of two names becomes the question about X and that about Y; ", and
    when …" becomes a question of its own, which keeps the names of the first.
    """
    if pair := _pair(question):
        first, second, start, end = pair
        return [question[:start] + name + question[end:] for name in (first, second)]
    clauses = [clause.strip(" ,;?") for clause in _CLAUSE.split(question) if clause.strip(" ,;?")]
    if len(clauses) == 1:
        return []
    subject = " ".join(name.words for name in facts(clauses[0]).names)
    return [clauses[0], *(f"{subject} – {clause}" for clause in clauses[1:])]


_CLAUSE = re.compile(
    r"(?:,?\s+and|[?;:])\s+(?=(?:who|whom|what|when|where|how|which|why|by when)\b)", re.IGNORECASE
)
_JOIN = re.compile(
    r"\s*(?:,?\s+(?:and|or|versus|vs\.?|against|than|as against|compared (?:with|to))"
    r"(?:\s+(?:for|in|to|of|by|with|that (?:for|of|in)))?(?:\s+the)?)\s+",
    re.IGNORECASE,
)


def _pair(question: str) -> tuple[str, str, int, int] | None:
    """Two names joined by a word of comparison, and the range that holds both."""
    names = [(n.words, question.find(n.words)) for n in facts(question).names if not n.opens]
    for (first, at), (second, other) in pairwise(names):
        between = question[at + len(first) : other]
        if at >= 0 and other > at and _JOIN.fullmatch(between):
            return first, second, at, other + len(second)
    return None


def make_whole(question: str, history: Sequence[Turn]) -> str:
    """The question with what it leans on from the conversation; itself when it stands alone.

    "and the EU?" after a question about Japan becomes that question about the EU; "When was
    that?" is put behind the question it refers to.
    """
    if not history or not _leans(question):
        return question
    earlier = make_whole(history[-1].question, history[:-1])
    instead = _INSTEAD.match(question)
    if instead and (replaced := _replace_subject(earlier, instead["new"])):
        return replaced
    return f"{earlier.rstrip(' ?.')} – {question}"


def _leans(question: str) -> bool:
    return bool(_LEANS.search(question)) or len(content_stems(question)) < 2


def _replace_subject(earlier: str, new: str) -> str | None:
    """The earlier question with its first name replaced, if both are names."""
    if not facts(f"about {new}").names or len(words(new)) > 5:
        return None
    names = facts(earlier).names
    if not names:
        return None
    old = names[0].words
    article = re.search(rf"\b(?:the\s+)?{re.escape(old)}(?P<own>['’]s)?", earlier, re.IGNORECASE)
    if article is None:
        return None
    return earlier[: article.start()] + new + (article["own"] or "") + earlier[article.end() :]
