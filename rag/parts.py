"""The simpler questions that make up a question of several parts, by rules."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from rag.facts import facts
from rag.question import BEHIND

_MOST = 5
"""Names of a list that are asked about one by one; a longer one is searched for as it stands."""

_CLAUSE = re.compile(
    r"(?:,?\s+and|[?;:])\s+(?=(?:who|whom|what|when|where|how|which|why|by when)\b)"
    r"|(?:,\s+and|[?;])\s+(?=(?:did|does|do|is|are|was|were|has|have|had|will|would|can|could)"
    r"\s+(?:the|an?|it|he|she|they|this|that|its|his|her|their|(?-i:[A-Z])\w*)\b)"
    r"|,\s+(?:while|whereas)\s+",
    re.IGNORECASE,
)
_JOIN = re.compile(
    r"\s*(?:,?\s+(?:and|or|versus|vs\.?|against|(?:(?:\w+er|(?:more|less) \w+) )?than|as against"
    r"|compared (?:with|to))"
    r"(?:\s+(?:for|in|to|of|by|with|that (?:for|of|in)))?(?:\s+the)?)\s+",
    re.IGNORECASE,
)
_AGAINST = re.compile(
    r",?\s+(?:(?:as )?compared (?:with|to)|versus|vs\.?|as against|in contrast to)\s+",
    re.IGNORECASE,
)
_OWNED = re.compile(r"(?<=['’]s)(?:\s+[a-z]\w*){1,3}(?=\s*(?:[?.,;]|$))")
"""What belongs to a name, up to the end of its clause."""
_OWNER = re.compile(r"['’]s\s")
_THE = re.compile(r"\bthe\s+$", re.IGNORECASE)
_COMMA = re.compile(r",\s+(?:(?:for|in|to|of|by|with)\s+)?(?:the\s+)?", re.IGNORECASE)
_EACH = re.compile(r"^\s+(?:each|both)\b|\s+each(?=\s*(?:[?.,;]|$))", re.IGNORECASE)
_OF_EACH = re.compile(
    r"(?<=\s)(?P<near>at|by|for|from|in|of|on|to|with)\s+(?:each|both)(?:\s+of\s+them)?"
    r"(?=\s*(?:[?.,;]|$))",
    re.IGNORECASE,
)
_BOTH = re.compile(r"\bboth\s+$", re.IGNORECASE)
_NEAR = r"(?:at|by|for|from|in|on|through|to|under|with)\s[^,;?]+"
_TWICE = re.compile(
    rf"(?P<asked>[^,;?]+),\s+(?P<one>{_NEAR}?)\s+and\s+(?P<other>{_NEAR})[?\s]*", re.IGNORECASE
)
"""One thing asked of two circumstances: "How did they answer, at the WTO and with rules?"."""
_EITHER = re.compile(
    r"(?P<asked>(?:which|who)\b[^,?]*),\s+(?P<one>[^,?]+?)\s+or\s+(?P<other>[^,?]+)\?"
    r"(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_THING = re.compile(r"(?:(?:the|an?)\s+)?(?:[A-Z][\w.’'-]*\s+)*(?P<thing>.*)", re.DOTALL)
"""A noun with what tells it from others before it."""
_ONE = re.compile(r"\bones?$")
_TASK = re.compile(r"^(?:Compare|Contrast|Name|List|Between|Tell|Describe|Explain)\b\s*")
_RESPECTIVELY = re.compile(r",?\s*\brespectively\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _List:
    """Names in a row, joined by "and" or a word of comparison, and the range that holds them."""

    names: tuple[str, ...]
    start: int
    end: int


def parts(question: str, apart: Collection[tuple[int, int]] = ()) -> list[str]:
    """The simpler questions that make up a question of several parts; empty for a simple one.

    "A, B and C" or "A versus B" of names becomes a question about each of them; two such lists and
    "respectively" go together name by name; ", and when …" becomes a question of its own behind the
    first, as a follow-up would; what stands behind "compared with" keeps the words of the first
    side, and its names where it has none.

    Args:
        question: a whole one.
        apart: stretches that are no names to ask about, such as those of publishers.
    """
    if lists := list(_lists(question, apart)):
        return _one_by_one(question, lists)
    if sides := _sides(question) or _either(question) or _twice(question):
        return sides
    clauses = [clause.strip(" ,;?") for clause in _CLAUSE.split(question) if clause.strip(" ,;?")]
    if len(clauses) < 2:
        return []
    return [clauses[0], *(f"{clauses[0]}{BEHIND}{clause}" for clause in clauses[1:])]


def _sides(question: str) -> list[str]:
    """Both sides of a comparison; the second with the words of the first, and its own names."""
    sides = [side.strip(" ,;?") for side in _AGAINST.split(question)]
    if len(sides) != 2 or not all(len(side.split()) > 1 for side in sides):
        return []
    first, second = sides
    if facts(second).names:
        for name in facts(first).names:
            first = first.replace(name.words, "")
    return [sides[0], f"{' '.join(first.split())} {second}"]


def _either(question: str) -> list[str]:
    """Both of "which is more, A or B?"; "one" in B is what A is."""
    found = _EITHER.fullmatch(question.strip())
    if not found:
        return []
    thing = _THING.fullmatch(found["one"])
    other = _ONE.sub(thing["thing"], found["other"]) if thing else found["other"]
    return [f"{found['asked']}, {one}?{found['rest']}" for one in (found["one"], other)]


def _twice(question: str) -> list[str]:
    found = _TWICE.fullmatch(question)
    return [f"{found['asked']} {found[one]}?" for one in ("one", "other")] if found else []


def _one_by_one(question: str, lists: Sequence[_List]) -> list[str]:
    if len(lists) > 1 and (said := _RESPECTIVELY.search(question)):
        first, second = lists[0], lists[1]
        if len(first.names) == len(second.names) and second.end <= said.start():
            rest = question[second.end : said.start()] + question[said.end() :]
            between = question[first.end : second.start]
            return [
                f"{question[: first.start]}{one}{between}{other}{rest}"
                for one, other in zip(first.names, second.names, strict=True)
            ]
    first = lists[0]
    opening, rest = _BOTH.sub("", question[: first.start]), question[first.end :]
    return [_up_to(opening, name) + name + _without_each(rest, name) for name in first.names]


def _up_to(opening: str, name: str) -> str:
    """What stands before a list, before one of it; "the" is not said of "Japan's plan"."""
    return _THE.sub("", opening) if _OWNER.search(name) else opening


def _without_each(rest: str, name: str) -> str:
    """What stands behind a list, asked about one of it."""
    return _EACH.sub("", _OF_EACH.sub(lambda each: f"{each['near']} {name}", rest))


def _lists(question: str, apart: Collection[tuple[int, int]]) -> Iterator[_List]:
    """The lists of two to `_MOST` names, in order; each has a word that joins or compares."""
    run: list[tuple[str, int, int]] = []
    names = (
        name
        for name in _names(question)
        if not any(start < name[2] and name[1] < end for start, end in apart)
    )
    for name in (*names, ("", len(question), len(question))):
        between = question[run[-1][2] : name[1]] if run else ""
        if name[0] and (not run or _COMMA.fullmatch(between) or _JOIN.fullmatch(between)):
            run.append(name)
            continue
        if found := _joined(question, run):
            yield found
        run = [name]


def _joined(question: str, run: list[tuple[str, int, int]]) -> _List | None:
    """The list in a run of names: up to the last word that joins two of them."""
    while len(run) > 1 and not _JOIN.fullmatch(question[run[-2][2] : run[-1][1]]):
        run = run[:-1]
    if not 2 <= len(run) <= _MOST:
        return None
    return _List(tuple(words for words, _, _ in run), run[0][1], run[-1][2])


def _names(question: str) -> Iterator[tuple[str, int, int]]:
    """Names with their places; a word that only opens the question is none."""
    opening = re.match(r"\W*(?:\w+\b)?", question)
    after = 0
    for name in facts(question).names:
        words = _TASK.sub("", name.words)
        start = question.find(words, after)
        if start >= 0 and words:
            after = start + len(words)
            if owned := _OWNED.match(question, after):
                words, after = question[start : owned.end()], owned.end()
            if opening is None or start >= opening.end():
                yield words, start, after
