"""Question to answer: retrieve, select, write, cite and verify, as a stream of growing answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rag.cite import Bibliography, Bound, bind, in_order, quoted, read_draft, with_marks
from rag.copies import independent
from rag.disagree import Differing, differing
from rag.errors import ModelError, SettingsError
from rag.evidence import Embed, select
from rag.facts import facts, name_keys
from rag.prompts import Message, prompt
from rag.question import OTHER, answers_kind, asks_several, kind
from rag.retrieve import Retriever
from rag.schema import (
    Answer,
    Disagreement,
    Evidence,
    Filters,
    Passage,
    Sentence,
    StatedValue,
    Turn,
)
from rag.sentences import has_verb
from rag.understand import SearchRequest, parts_of
from rag.verify import closeness_by
from rag.words import content_stems

if TYPE_CHECKING:
    from rag.llm import LanguageModel
    from rag.reader import Reader
    from rag.settings import AnswerSettings

Understand = Callable[[str, Sequence[Turn], Collection[str]], SearchRequest]
"""Makes a search request of a question, the conversation before it, and what to leave out."""

SURE = 0.95
"""Quoting ends where the quoted sentences hold this share of the likelihood of being the answer."""

MOST_QUOTED, MOST_OF_SEVERAL = 3, 6
"""Sentences quoted at most for a simple question, and for one that asks for several things."""

FURTHER = 6
"""Passages read for evidence beside the ones found: more of the same articles."""

COMPARED = 16
"""Sentences, best first, that what is cited is held against: whether another article differs."""

NOT_ANSWERED = "The articles do not answer this question."


class Answerer:
    """Answers questions from retrieved passages; says nothing that its checks do not bear out."""

    def __init__(
        self,
        retriever: Retriever,
        understand: Understand,
        embed: Embed,
        model: LanguageModel | None,
        settings: AnswerSettings,
        *,
        top_k: int,
        prompt_evidence: int,
        reader: Reader | None = None,
    ) -> None:
        self._retriever = retriever
        self._understand = understand
        self._embed = embed
        self._model = model
        self._settings = settings
        self._top_k = top_k
        self._prompt_evidence = prompt_evidence
        self._reader = reader

    def stream(
        self,
        question: str,
        filters: Filters | None = None,
        history: Sequence[Turn] = (),
        stop: threading.Event | None = None,
        without: Collection[str] = (),
    ) -> Generator[Answer, None, None]:
        """The answer as it grows: passages first, then sentence by sentence, last the whole.

        Each answer yielded is a full one and may be shown as it is; only the last is `complete`.
        Closing the iterator stops the model, and so does setting `stop` from another thread.
        `without` names labels or kinds that are not to be understood (see `rag.understand`).

        Raises:
            SettingsError: an empty question, or one over `answer.max_question` characters.
            IndexMissing, IndexDamaged: see `rag.errors`. A failing model is not an error here: the
                answer then quotes its evidence and says so in `notice`.
        """
        question = self._accepted(question)
        stop = stop or threading.Event()
        clock = _Clock()
        if self._model:
            self._model.warm_up(prompt("answer").fixed)
        if self._reader:
            self._reader.warm_up()
        request = self._understand(question, history, without)
        read = self._retriever.retrieve(request, self._top_k, filters, FURTHER)
        clock.lap("retrieve")
        answer = Answer(
            question=question,
            answer="",
            query=request.question,
            searches=request.searches,
            understood=request.understood,
            passages=tuple(read),
            complete=False,
        )
        yield replace(answer, timings=clock.laps())
        most = self._settings.max_evidence
        compared = select(
            request.question,
            request.parts,
            read,
            self._embed,
            max(most, COMPARED),
            self._reader,
        )
        evidence = compared[:most]
        clock.lap("select")
        likely = max((item.score for item in evidence), default=0.0)
        answer = replace(answer, likely=round(likely, 4))
        if not evidence or likely < self._settings.abstain_below:
            yield replace(_abstained(answer, evidence), timings=clock.laps(total=True))
            return
        yield from self._written(answer, evidence, compared, history, clock, stop)

    def passages(
        self,
        question: str,
        top_k: int | None,
        filters: Filters | None,
        history: Sequence[Turn],
        without: Collection[str] = (),
    ) -> list[Passage]:
        """The passages that an answer would be made of, narrowed; errors as for `stream`."""
        request = self.understand(question, history, without)
        found = self._retriever.retrieve(request, top_k or self._top_k, filters)
        return self._retriever.narrowed(request.question, found)

    def understand(
        self, question: str, history: Sequence[Turn], without: Collection[str] = ()
    ) -> SearchRequest:
        """What would be searched for; errors as for `stream`."""
        return self._understand(self._accepted(question), history, without)

    def _accepted(self, question: str) -> str:
        question = question.strip()
        most = self._settings.max_question
        if not question:
            raise SettingsError("the question is empty; ask something in words")
        if len(question) > most:
            raise SettingsError(
                f"the question has {len(question):,} characters, and answer.max_question allows "
                f"{most:,}; shorten it"
            )
        return question

    def _written(
        self,
        answer: Answer,
        evidence: list[Evidence],
        compared: list[Evidence],
        history: Sequence[Turn],
        clock: _Clock,
        stop: threading.Event,
    ) -> Iterator[Answer]:
        page = _Page(answer, Bibliography())
        try:
            with closing(self._drafted(answer, evidence, history, stop)) as drafted:
                for bound in drafted:
                    if page.add(bound):
                        clock.lap("first_sentence", once=True)
                        yield replace(page.answer, timings=clock.laps())
                    if len(page.answer.sentences) >= self._settings.max_sentences:
                        break
        except ModelError as error:
            page.failed(str(error))
        clock.lap("write")
        for item in _to_quote(answer, evidence, page):
            page.add(quoted(item))
        for differs in differing(answer.query, compared):
            page.add_disagreement(differs)
        done = replace(page.answer, complete=True, model=self._model.name if self._model else "")
        yield replace(done, timings=clock.laps(total=True))

    def _drafted(
        self,
        answer: Answer,
        evidence: list[Evidence],
        history: Sequence[Turn],
        stop: threading.Event,
    ) -> Generator[Bound, None, None]:
        if self._model is None:
            return
        messages = self._prompt(answer, evidence, history)
        wanted = _Wanted.of(answer.query)
        with closing(self._model.stream(messages, stop=stop)) as deltas:
            for drafted in read_draft(deltas):
                bound = bind(drafted, evidence, closeness_by(self._embed))
                if self._model.embedded:
                    bound = in_order(bound)
                if not bound.shown or wanted.met_by(bound.text):
                    yield bound

    def _prompt(
        self, answer: Answer, evidence: list[Evidence], history: Sequence[Turn]
    ) -> Sequence[Message]:
        """The messages with as much evidence, best first, as the model's window holds."""
        assert self._model is not None  # noqa: S101  # the caller has looked
        room = self._model.context_window - self._model.max_tokens
        earlier = history[-1].question if history and answer.query != answer.question else ""
        for most in range(min(self._prompt_evidence, len(evidence)), 0, -1):
            messages = prompt("answer").fill(
                question=answer.question, evidence=evidence[:most], earlier=earlier
            )
            if self._model.count_tokens("\n".join(text for _, text in messages)) <= room:
                return messages
        raise ModelError(
            f"the question and one piece of evidence do not fit {self._model.name}'s "
            f"window of {self._model.context_window} tokens (llm.context_window)."
        )


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a drafted sentence must bring to be worth showing."""

    kind: str
    question: str
    known: frozenset[str]

    @classmethod
    def of(cls, question: str) -> _Wanted:
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


class _Page:
    """The answer under way."""

    def __init__(self, answer: Answer, bibliography: Bibliography) -> None:
        self.answer = answer
        self._bibliography = bibliography
        self._told: set[str] = set()

    def add(self, bound: Bound) -> bool:
        """Put a sentence on the page, or among those left out; whether the page changed."""
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


def _to_quote(answer: Answer, evidence: Sequence[Evidence], page: _Page) -> list[Evidence]:
    """The evidence to quote after the draft: what must not be lost, then what may well be meant.

    The best evidence that brings what is asked for (a number, a date, a name), and the best for
    each part of a question, must be rested on by some sentence. More is quoted until it is `SURE`
    enough that the answering sentence is among it.
    """
    split = len(parts_of(answer.query, answer.searches))
    several = bool(split) or asks_several(answer.query)
    brings = _Wanted.of(answer.query).brings
    fitting = [item for item in evidence if item.number <= split or brings(item.text)]
    wanted: list[Evidence] = []
    for item in (fitting or evidence)[: MOST_OF_SEVERAL if several else MOST_QUOTED]:
        if wanted and not split and sum(known.share for known in wanted) >= SURE:
            break
        wanted.append(item)
    return [item for item in wanted if not page.cites(item)]


def _abstained(answer: Answer, evidence: Sequence[Evidence]) -> Answer:
    reason = "No passage was found." if not answer.passages else _nearest(answer, evidence)
    return replace(
        answer, answer=NOT_ANSWERED, abstained=True, reason=reason, complete=True, model=""
    )


def _nearest(answer: Answer, evidence: Sequence[Evidence]) -> str:
    looked = len({passage.article_id for passage in answer.passages})
    searched = f"{len(answer.passages)} passages of {looked} articles were read"
    if not evidence:
        return f"{searched}; none holds a sentence about it."
    closest = evidence[0]
    where = ", ".join(
        part for part in (closest.publisher, closest.published or "date unknown") if part
    )
    title = closest.title or closest.article_id
    return f"{searched}. The closest, in “{title}” ({where}), says: “{closest.text}”"


class _Clock:
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
