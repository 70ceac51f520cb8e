"""What the checks look for in a text, each found when first asked for and then remembered."""

from __future__ import annotations

import re
from functools import cached_property, lru_cache

from rag.facts import Facts, facts, name_keys
from rag.polarity import GOVERNS, MAY_GOVERN, denied, modals
from rag.sentences import sentence_spans
from rag.words import stem, stems, words

ATTACHED = re.compile(
    r"(?P<noun>\b[a-z][\w-]+) of (?:[a-z][\w’'-]* ){0,4}(?P<name>[A-Z][\w-]+(?: [A-Z][\w-]+)*)"
)
"""A noun and the first name that "of" ties to it."""


_QUANTIFIERS = re.compile(
    r"\b(?:all|every|each|most|majority|some|many|few|several|only|at least|at most|more than"
    r"|less than|fewer than|over|up to|as much as|nearly|almost|about|around|roughly"
    r"|half|double[ds]?|twice|triple[ds]?|first|last|largest|smallest|biggest|highest|lowest)\b",
    re.IGNORECASE,
)
_SAME_QUANTITY = {
    "at least": "more than", "over": "more than", "as much as": "up to", "at most": "up to",
    "fewer than": "less than", "almost": "nearly", "around": "about", "roughly": "about",
    "every": "all", "each": "all", "majority": "most", "biggest": "largest", "twice": "double",
}  # fmt: skip


class Told:
    """A text with what the checks look for in it, each found when first asked for."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def facts(self) -> Facts:
        """Its numbers, dates and names."""
        return facts(self.text)

    @cached_property
    def stems(self) -> frozenset[str]:
        """The stems of its words."""
        return stems(self.text)

    @cached_property
    def name_keys(self) -> frozenset[str]:
        """Every key that a name may be found under."""
        return name_keys(self.text)

    @cached_property
    def keys(self) -> frozenset[str]:
        """All that a word of it may be found under."""
        return self.stems | self.name_keys

    @cached_property
    def sentences(self) -> tuple[str, ...]:
        """Its sentences."""
        return tuple(self.text[start:end] for start, end in sentence_spans(self.text))

    @cached_property
    def places(self) -> tuple[dict[str, list[int]], ...]:
        """For each sentence, where the stems and name keys of its words stand."""
        return tuple(positions(one) for one in self.sentences)

    @cached_property
    def denied(self) -> list[str]:
        """The words that it denies."""
        return denied(self.text)

    @cached_property
    def modals(self) -> dict[str, list[tuple[str, list[str]]]]:
        """The modal words of each class, each with the telling words that it reaches."""
        return modals(self.text, GOVERNS)

    def governed(self, name: str) -> frozenset[str]:
        """The stems that the modals of a class may reach."""
        reached = modals(self.text, MAY_GOVERN).get(name, ())
        return frozenset(stem(word) for _, telling in reached for word in telling)

    @cached_property
    def attached(self) -> dict[str, set[str]]:
        """For each noun the names that "of" ties to it: "chairman of Rapidus"."""
        found: dict[str, set[str]] = {}
        for match in ATTACHED.finditer(self.text):
            found.setdefault(stem(match["noun"]), set()).update(name_keys(match["name"]))
        return found

    @cached_property
    def quantities(self) -> dict[str, str]:
        """Its quantifiers, each in one form for all that mean the same, and as written."""
        found = (match.group() for match in _QUANTIFIERS.finditer(self.text))
        return {_SAME_QUANTITY.get(written.lower(), written.lower()): written for written in found}


@lru_cache(maxsize=4096)
def told(text: str) -> Told:
    """What a text tells; remembered, since a piece of evidence meets many sentences."""
    return Told(text)


def positions(text: str) -> dict[str, list[int]]:
    """Where the stems and name keys of a text's words stand."""
    places: dict[str, list[int]] = {}
    for index, word in enumerate(words(text)):
        for key in {stem(word), *name_keys(word)}:
            places.setdefault(key, []).append(index)
    return places
