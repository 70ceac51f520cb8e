"""What an answer must bring, and which evidence is quoted where no drafted sentence brings it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.answer_page import Page
from rag.facts import facts, name_keys
from rag.question import OTHER, answers_kind, asks_several, kind
from rag.schema import Answer, Evidence
from rag.sentences import has_verb
from rag.understand import parts_of
from rag.words import content_stems

SURE = 0.95
"""Quoting ends where the quoted sentences hold this share of the likelihood of being the answer."""

MOST_QUOTED, MOST_OF_SEVERAL = 3, 6
"""Sentences quoted at most for a simple question, and for one that asks for several things."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a drafted sentence must bring to be worth showing."""

    kind: str
    question: str
    known: frozenset[str]

    @classmethod
    def of(cls, question: str) -> Wanted:
        """As a whole question asks."""
        known = frozenset(content_stems(question)) | name_keys(question)
        return cls(kind(question), question, known)

    def met_by(self, text: str) -> bool:
        """Whether it says something that the question did not, and of the kind asked for.

        A fragment says nothing: its citation would stand for evidence that it does not tell.
        """
        return (
            has_verb(text)
            and bool(frozenset(content_stems(text)) - self.known)
            and self.brings(text)
        )

    def brings(self, text: str) -> bool:
        """Whether it holds a number, date or name where one is asked for."""
        return self.kind == OTHER or answers_kind(
            self.kind, facts(self.question), facts(text), self.known
        )


def to_quote(answer: Answer, evidence: Sequence[Evidence], page: Page) -> list[Evidence]:
    """The evidence to quote after the draft: what must not be lost, then what may well be meant.

    The best evidence that brings what is asked for (a number, a date, a name), and the best for
    each part of a question, must be rested on by some sentence. More is quoted until it is `SURE`
    enough that the answering sentence is among it.
    """
    split = len(parts_of(answer.query, answer.searches))
    several = bool(split) or asks_several(answer.query)
    brings = Wanted.of(answer.query).brings
    fitting = [item for item in evidence if item.number <= split or brings(item.text)]
    wanted: list[Evidence] = []
    for item in (fitting or evidence)[: MOST_OF_SEVERAL if several else MOST_QUOTED]:
        if wanted and not split and sum(known.share for known in wanted) >= SURE:
            break
        wanted.append(item)
    return [item for item in wanted if not page.cites(item)]
