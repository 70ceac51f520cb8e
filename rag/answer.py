"""Question to answer: retrieve, select, write, cite and verify, as a stream of growing answers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rag.answer_page import Clock, Page
from rag.arrange import arranged
from rag.cite import Bound, bind, in_order, quoted, read_draft
from rag.disagree import Differing, differing, read_differently
from rag.errors import ModelError, SettingsError
from rag.evidence import Embed, select
from rag.left_out import Untold
from rag.near_miss import declined
from rag.prompts import Message, prompt
from rag.retrieve import Retriever
from rag.schema import Answer, Article, Evidence, Filters, Passage, Sentence, Turn
from rag.understand import SearchRequest, parts_of
from rag.updates import (
    Updated,
    changed,
    explained,
    later_first,
    newest_first,
    prefers_later,
)
from rag.verify import closeness_by
from rag.versions import newer_forms
from rag.wanted import Wanted, to_quote

if TYPE_CHECKING:
    from rag.llm import LanguageModel
    from rag.reader import Reader
    from rag.settings import AnswerSettings

Understand = Callable[[str, Sequence[Turn], Collection[str]], SearchRequest]
"""Makes a search request of a question, the conversation before it, and what to leave out."""

MOST_DRAFTED = 4
"""Sentences taken from a draft."""

MOST_REPAIRED = 2
"""Failed sentences that a model behind an endpoint is asked to write anew, once each."""

FURTHER = 6
"""Passages read for evidence beside the ones found: more of the same articles."""

COMPARED = 16
"""Sentences, best first, that what is cited is held against: whether another article differs."""


@dataclass(frozen=True, slots=True)
class _Basis:
    """What an answer is made of."""

    evidence: list[Evidence]
    """What it may rest on, the best first."""
    compared: list[Evidence]
    """The same and more, against which what is cited is held."""
    changes: list[Updated]
    """What a later sentence changes of an earlier one: no disagreement."""
    updates: list[Updated]
    """Those by which the later takes the place of the earlier."""
    likely: float
    """0 to 1: how likely the evidence answers the question."""


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
        abstain_below: Callable[[], float],
        article: Callable[[str], Article],
        reader: Reader | None = None,
    ) -> None:
        self._retriever = retriever
        self._understand = understand
        self._embed = embed
        self._model = model
        self._settings = settings
        self._top_k = top_k
        self._prompt_evidence = prompt_evidence
        self._abstain_below = abstain_below
        self._article = article
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
        Where the embedded model writes, the quoted evidence comes first, and the last answer has
        the model's sentences where they passed.
        Closing the iterator stops the model, and so does setting `stop` from another thread.
        `without` names labels or kinds that are not to be understood (see `rag.understand`).

        Raises:
            SettingsError: an empty question, or one over `answer.max_question` characters.
            IndexMissing, IndexDamaged: see `rag.errors`. A failing model is not an error here: the
                answer then quotes its evidence and says so in `notice`.
        """
        question = self._accepted(question)
        stop = stop or threading.Event()
        clock = Clock()
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
        basis = self._selected(request, read)
        clock.lap("select")
        answer = replace(answer, likely=round(basis.likely, 4))
        below = self._abstain_below()
        if not basis.evidence or basis.likely < below:
            answer = declined(answer, basis.evidence, below)
            yield replace(answer, timings=clock.laps(total=True))
            return
        yield from self._written(answer, basis, history, clock, stop)

    def _selected(self, request: SearchRequest, read: Sequence[Passage]) -> _Basis:
        """The evidence, with what takes the place of what, and the newest first where asked."""
        most = self._settings.max_evidence
        found = select(
            request.question,
            request.parts,
            read,
            self._embed,
            max(most, COMPARED),
            self._reader,
        )
        likely = max((item.score for item in found), default=0.0)
        forms = newer_forms(found, self._article, most)
        changes = changed(request.question, [*found, *forms])
        updates = changes if prefers_later(request.question) else []
        found += [form for form in forms if any(form == update.later for update in updates)]
        compared = later_first(found, updates)
        if request.newest and not request.parts:
            compared = newest_first(compared)
        return _Basis(compared[:most], compared, changes, updates, likely)

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

    def likelihood(self, question: str, filters: Filters | None, history: Sequence[Turn]) -> float:
        """0 to 1: how likely the passages answer the question; errors as for `stream`."""
        request = self.understand(question, history)
        read = self._retriever.retrieve(request, self._top_k, filters, FURTHER)
        return self._selected(request, read).likely

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
        basis: _Basis,
        history: Sequence[Turn],
        clock: Clock,
        stop: threading.Event,
    ) -> Iterator[Answer]:
        most = self._settings.max_sentences
        page = Page(answer, most)
        embedded = self._model is not None and self._model.embedded
        if embedded:  # it takes seconds, and most of what it drafts fails
            clock.lap("first_sentence", once=True)
            yield replace(_quoted(answer, basis.evidence, most).answer, timings=clock.laps())
        drafts = self._drafted(answer, basis.evidence, history, stop)
        try:
            with closing(drafts):
                for bound in drafts:
                    if page.add(bound) and not embedded:
                        clock.lap("first_sentence", once=True)
                        yield replace(page.answer, timings=clock.laps())
                    if len(page.answer.sentences) >= MOST_DRAFTED or not page.room:
                        break
            for failed in page.answer.left_out[:MOST_REPAIRED]:
                if len(page.answer.sentences) >= MOST_DRAFTED or not page.room:
                    break
                again = self._repaired(failed, answer, basis.evidence, stop)
                if again and page.repair(failed, again):
                    clock.lap("first_sentence", once=True)
                    yield replace(page.answer, timings=clock.laps())
        except ModelError as error:
            page.failed(str(error))
        clock.lap("write")
        _quote(basis.evidence, page)
        for update in basis.updates:
            page.add_update(update)
        for differs in self._differing(answer, basis.compared):
            if not explained(differs.evidence, basis.changes):
                page.add_disagreement(differs)
        page.date()
        done = arranged(page.answer)
        done = replace(done, complete=True, model=self._model.name if self._model else "")
        yield replace(done, timings=clock.laps(total=True))

    def _differing(self, answer: Answer, evidence: Sequence[Evidence]) -> list[Differing]:
        found = differing(answer.query, evidence)
        if found or parts_of(answer.query, answer.searches):
            return found
        read = read_differently(answer.query, evidence, self._embed)
        return [read] if read else []

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
        wanted = Wanted.of(answer.query)
        instructions = [text for _, text in prompt("answer").fixed]
        untold = Untold(instructions, [answer.question, answer.query, *(e.text for e in evidence)])
        with closing(self._model.stream(messages, stop=stop)) as deltas:
            for drafted in read_draft(deltas):
                bound = bind(drafted, evidence, closeness_by(self._embed))
                if self._model.embedded:
                    bound = in_order(bound)
                if not bound.shown:
                    yield untold.told(bound)
                elif wanted.met_by(bound.text):
                    yield bound

    def _repaired(
        self, failed: Sentence, answer: Answer, evidence: list[Evidence], stop: threading.Event
    ) -> Bound | None:
        """A sentence that the model writes in the place of one that failed, if it passes.

        The embedded model is not asked: where it failed once, the evidence is quoted.
        """
        if self._model is None or self._model.embedded or stop.is_set():
            return None
        problems = "; ".join(
            f"{one.check} ({', '.join(one.words)})" if one.words else one.check
            for one in failed.failed
        )
        messages = self._fitting(
            "repair",
            evidence,
            question=answer.query,
            sentence=failed.text,
            problems=problems,
        )
        with closing(self._model.stream(messages, stop=stop)) as deltas:
            drafted = next(read_draft(deltas), None)
        bound = bind(drafted, evidence, closeness_by(self._embed)) if drafted else None
        wanted = Wanted.of(answer.query)
        return bound if bound and bound.shown and wanted.met_by(bound.text) else None

    def _prompt(
        self, answer: Answer, evidence: list[Evidence], history: Sequence[Turn]
    ) -> Sequence[Message]:
        """The messages with as much evidence, best first, as the model's window holds."""
        earlier = history[-1].question if history and answer.query != answer.question else ""
        return self._fitting("answer", evidence, question=answer.question, earlier=earlier)

    def _fitting(self, name: str, evidence: list[Evidence], **values: str) -> Sequence[Message]:
        """A prompt with as much evidence, best first, as the model's window holds."""
        assert self._model is not None  # noqa: S101  # the caller has looked
        room = self._model.context_window - self._model.max_tokens
        for most in range(min(self._prompt_evidence, len(evidence)), 0, -1):
            messages = prompt(name).fill(evidence=evidence[:most], **values)
            if self._model.count_tokens("\n".join(text for _, text in messages)) <= room:
                return messages
        raise ModelError(
            f"the question and one piece of evidence do not fit {self._model.name}'s "
            f"window of {self._model.context_window} tokens (llm.context_window)."
        )


def _quoted(answer: Answer, evidence: Sequence[Evidence], most: int) -> Page:
    """The answer in quoted evidence alone."""
    page = Page(answer, most)
    _quote(evidence, page)
    return page


def _quote(evidence: Sequence[Evidence], page: Page) -> None:
    """Quote what no sentence of the page rests on yet and must not be lost, as far as it fits."""
    for item in to_quote(page.answer, evidence, page):
        if page.room and not page.cites(item):
            page.add(quoted(item))
