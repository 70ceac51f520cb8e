"""The answer under way: sentences, citations and what stands beside them, as they come."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from rag.as_of import as_of
from rag.cite import Bibliography, Bound, leans_on, with_before, with_marks
from rag.copies import independent
from rag.disagree import Differing
from rag.schema import Answer, Disagreement, Evidence, Sentence, StatedValue, Update
from rag.sentences import sentence_spans
from rag.updates import Updated


class Page:
    """The answer under way, of at most so many sentences."""

    def __init__(self, answer: Answer, most: int) -> None:
        self.answer = answer
        self._most = most
        self._bibliography = Bibliography()
        self._told: set[str] = set()

    @property
    def room(self) -> int:
        """How many sentences more it may have."""
        return self._most - sum(_sentences(one.text) for one in self.answer.sentences)

    def add(self, bound: Bound) -> bool:
        """Put a sentence on the page, or among those left out; whether the page changed.

        A quote that opens with a pronoun comes with the sentence before it, if that fits and is
        not on the page yet.
        """
        first = leans_on(bound)
        if first and self.room > _sentences(bound.text) and not self.cites(first):
            bound = with_before(bound)
        folded = " ".join(bound.text.casefold().split())
        if folded in self._told:
            return False
        self._told.add(folded)
        if not bound.shown:
            failed = Sentence(
                text=bound.text,
                verdict=bound.checked.verdict,
                score=bound.checked.score,
                failed=bound.checked.failed,
            )
            self.answer = replace(self.answer, left_out=(*self.answer.left_out, failed))
            return False
        sentences = (*self.answer.sentences, self._bibliography.sentence(bound))
        self.answer = replace(
            self.answer,
            sentences=sentences,
            citations=self._bibliography.citations,
            sources=independent(self._bibliography.citations),
            answer=with_marks(sentences),
        )
        return True

    def repair(self, failed: Sentence, bound: Bound) -> bool:
        """Put a sentence on the page that the model wrote in the place of one left out."""
        if not self.add(bound):
            return False
        *others, last = self.answer.sentences
        left_out = tuple(one for one in self.answer.left_out if one != failed)
        sentences = (*others, replace(last, repaired=failed.text))
        self.answer = replace(self.answer, sentences=sentences, left_out=left_out)
        return True

    def add_disagreement(self, differs: Differing) -> None:
        """Put different values of one thing beside the answer, where a sentence rests on one."""
        if not any(self.cites(stated.evidence) for stated in differs.stated):
            return
        values = tuple(
            StatedValue(value=stated.words, citation=self._bibliography.number(stated.evidence))
            for stated in differs.stated
        )
        found = Disagreement(kind=differs.kind, values=values)
        self.answer = replace(
            self.answer,
            disagreements=(*self.answer.disagreements, found),
            citations=self._bibliography.citations,
            sources=independent(self._bibliography.citations),
        )

    def add_update(self, found: Updated) -> None:
        """Say that a later sentence took the place of an earlier one, where one rests on it."""
        if not self.cites(found.later):
            return
        update = Update(
            later=self._bibliography.number(found.later),
            earlier=self._bibliography.number(found.earlier),
            words=found.words,
        )
        self.answer = replace(
            self.answer,
            updates=(*self.answer.updates, update),
            citations=self._bibliography.citations,
            sources=independent(self._bibliography.citations),
        )

    def date(self) -> None:
        """Say as of which day the answer holds, by what its first sentence rests on."""
        answer = self.answer
        first = answer.sentences[0].citations if answer.sentences else ()
        cited = [citation for citation in answer.citations if citation.number in first]
        day = as_of(answer.query, answer.understood, cited)
        self.answer = replace(answer, as_of=day.isoformat() if day else None)

    def failed(self, error: str) -> None:
        """Tell the reader what the model failed with, and what is shown instead."""
        notice = f"{error} Shown instead: the evidence itself, quoted."
        self.answer = replace(self.answer, notice=notice, model_error=error)

    def cites(self, item: Evidence) -> bool:
        """Whether a sentence already rests on this evidence."""
        return any(
            citation.article_id == item.article_id
            and citation.start <= item.start
            and citation.end >= item.end
            for citation in self.answer.citations
        )


def _sentences(text: str) -> int:
    return max(1, len(sentence_spans(text)))


class Clock:
    """Seconds by stage."""

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self._now = now
        self._start = self._last = now()
        self._laps: dict[str, float] = {}

    def lap(self, stage: str, *, once: bool = False) -> None:
        """End a stage; with `once`, note the time since the start, the first time only."""
        now = self._now()
        if once:
            self._laps.setdefault(stage, now - self._start)
            return
        self._laps[stage] = now - self._last
        self._last = now

    def laps(self, *, total: bool = False) -> dict[str, float]:
        """The stages so far, rounded to milliseconds."""
        laps = dict(self._laps, total=self._now() - self._start) if total else self._laps
        return {stage: round(seconds, 3) for stage, seconds in laps.items()}
