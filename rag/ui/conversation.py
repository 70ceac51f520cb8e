"""One question at a time: streams an answer, can be stopped, remembers what was said.

Nothing here is shared between readers: a `Conversation` belongs to one open page.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Protocol

from rag.api.admission import Place
from rag.errors import RagError
from rag.schema import Answer, Article, ArticleFacts, Filters, Turn
from rag.suggest import following
from rag.ui import render
from rag.ui.filters import resolved
from rag.ui.markup import shorten
from rag.ui.why import Limits
from rag.ui.words import _, spoken

_LOG = logging.getLogger(__name__)
_MOST_EXCHANGES = 100

Keep = Callable[[Answer, Sequence[Turn], bool], object]
"""Keeps an answer, with the turns before it, that the reader marked right (True) or wrong."""


class Reader(Protocol):
    """What the page needs of an `Assistant`."""

    def astream(
        self,
        question: str,
        filters: Filters | None = None,
        history: Sequence[Turn] = (),
        without: Collection[str] = (),
    ) -> AsyncIterator[Answer | Place]:
        """Growing snapshots, and the place in the line before where the question waits for long.

        Cancelling the task that reads it stops the model.
        """
        ...

    def article(self, article_id: str) -> Article:
        """One stored article; raises `IndexMissing`."""
        ...

    def summaries(self) -> Sequence[ArticleFacts]:
        """All that is stored."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A question and what became of it so far: an answer, a problem, or both."""

    number: int
    question: str
    answer: Answer | None = None
    problem: str = ""
    stopped: bool = False
    limits: Limits = field(default_factory=Limits)
    marks: tuple[tuple[int, bool], ...] = ()
    """Numbers of citations that the reader marked, and whether as right."""

    def marked(self, citation: int, *, right: bool) -> Exchange:
        """With one citation marked; its last mark counts."""
        others = tuple(mark for mark in self.marks if mark[0] != citation)
        return replace(self, marks=(*others, (citation, right)))

    def judged(self) -> tuple[Answer, bool] | None:
        """The answer with the right citations alone, or the wrong ones where none is right."""
        if self.answer is None or not self.marks:
            return None
        right = any(ok for _, ok in self.marks)
        chosen = {number for number, ok in self.marks if ok is right}
        cited = tuple(one for one in self.answer.citations if one.number in chosen)
        return (replace(self.answer, citations=cited), right) if cited else None

    def html(self, *, newest: bool = False) -> str:
        """The exchange as the reader sees it; the newest one says how to go on."""
        parts = [render.answer_html(self.answer, self.limits)] if self.answer else []
        parts += [render.problem_html(self.problem)] if self.problem else []
        parts += [render.stopped_html()] if self.stopped else []
        ended = bool(parts) and (self.stopped or self.answer is None or self.answer.complete)
        parts += [render.acts_html(self.answer)] if ended else []
        if newest and self.answer and self.answer.complete and not self.problem:
            parts.append(render.following_html(following(self.answer)))
        return render.turn_html(self.number, self.question, "".join(parts))

    def turn(self) -> Turn | None:
        """What a follow-up may lean on; None when nothing was answered."""
        if self.answer is None or not self.answer.complete or self.problem:
            return None
        return Turn(question=self.question, answer=self.answer.answer)


@dataclass(frozen=True, slots=True)
class Conversation:
    """The exchanges of one page, oldest first."""

    exchanges: tuple[Exchange, ...] = ()
    key: str = ""
    """What it is kept under; empty while it is not."""
    version: int = 0
    """How often it was kept: tells whether another page has gone on with it."""
    title: str = ""
    """As kept; empty while it is not."""
    collection: str = ""
    """The folder of the collection that was asked; empty where there is only one."""

    @property
    def last(self) -> Exchange | None:
        """The newest exchange."""
        return self.exchanges[-1] if self.exchanges else None

    def before(self, number: int) -> Conversation:
        """The conversation before the exchange of that number."""
        return replace(self, exchanges=tuple(one for one in self.exchanges if one.number < number))

    def without_last(self) -> Conversation:
        """The conversation before its newest exchange."""
        return replace(self, exchanges=self.exchanges[:-1])

    def with_changed(self, exchange: Exchange) -> Conversation:
        """With this exchange in the place of the one of its number."""
        changed = (exchange if one.number == exchange.number else one for one in self.exchanges)
        return replace(self, exchanges=tuple(changed))

    def numbered(self, number: int) -> Exchange | None:
        """The exchange of that number, if it is still here."""
        return next((one for one in self.exchanges if one.number == number), None)

    def with_next(self, exchange: Exchange) -> Conversation:
        """One exchange more; the oldest leave when there are very many."""
        return replace(self, exchanges=(*self.exchanges, exchange)[-_MOST_EXCHANGES:])

    def history(self) -> tuple[Turn, ...]:
        """The answered questions so far."""
        return tuple(turn for turn in (item.turn() for item in self.exchanges) if turn)


@dataclass(frozen=True, slots=True)
class Frame:
    """What the page shows at one moment: earlier exchanges, the newest, and what is going on."""

    earlier: Conversation
    newest: Exchange
    running: bool
    before: int | None = None
    """Questions before it in the line, where it waits for its turn."""

    @property
    def status(self) -> str:
        """What is going on, in the words that are spoken."""
        if self.running and self.before is not None:
            return render.place_text(self.before)
        return render.progress_text(self.newest.answer) if self.running else _ending(self.newest)


class Run:
    """One answer being read from an assistant, in a task that can be cancelled at any time."""

    def __init__(self, stream: AsyncIterator[Answer | Place]) -> None:
        """Start reading at once; an event loop must be running."""
        self._snapshots: asyncio.Queue[Answer | Place | None] = asyncio.Queue()
        self._task = asyncio.create_task(self._read(stream))
        self._task.add_done_callback(lambda task: task.cancelled() or task.exception())
        self.stopped = False

    def stop(self) -> None:
        """End the iteration now and cancel what feeds it."""
        self.stopped = True
        self._task.cancel()
        self._snapshots.put_nowait(None)

    async def snapshots(self) -> AsyncGenerator[Answer | Place, None]:
        """Each snapshot or place as it comes, until the answer is complete or stopped.

        Raises:
            RagError: the assistant's own.
        """
        try:
            while not self.stopped and (snapshot := await self._snapshots.get()) is not None:
                yield snapshot
            if not self.stopped:
                await self._task
        finally:
            self._task.cancel()

    async def _read(self, stream: AsyncIterator[Answer | Place]) -> None:
        try:
            async for snapshot in stream:
                self._snapshots.put_nowait(snapshot)
        finally:
            self._snapshots.put_nowait(None)


class Desk:
    """Takes the questions of all open pages; each page has at most one answer under way."""

    def __init__(self, reader: Reader, max_question: int) -> None:
        """Keep what answers, and the longest question that it is given, in characters."""
        self._reader = reader
        self._max_question = max_question
        self._runs: dict[str, Run] = {}

    def stop(self, session: str) -> None:
        """Stop the answer of one page, if there is one."""
        if run := self._runs.get(session):
            run.stop()

    def busy(self, session: str) -> bool:
        """Whether the page has an answer under way."""
        return session in self._runs

    async def ask(
        self, session: str, earlier: Conversation, question: str, limits: Limits | None = None
    ) -> AsyncGenerator[Frame, None]:
        """What the page shows from the question to the end of its answer.

        Nothing is yielded for an empty question, or while the page has another one under way.
        Closing the generator stops the model.
        """
        question = question.strip()
        if not question or session in self._runs:
            return
        number = earlier.last.number + 1 if earlier.last else 1
        if len(question) > self._max_question:
            shown, problem = shorten(question, 200), self._too_long(question)
            exchange = Exchange(number=number, question=shown, problem=problem)
            yield Frame(earlier, exchange, running=False)
            return
        limits = limits or Limits()
        exchange = Exchange(number=number, question=question, limits=limits)
        try:
            filters = resolved(limits, self._reader.summaries() if limits.topics else ())
        except RagError as error:
            yield Frame(earlier, replace(exchange, problem=str(error)), running=False)
            return
        stream = self._reader.astream(question, filters, earlier.history(), limits.without)
        run = self._runs[session] = Run(stream)
        try:
            async with aclosing(self._frames(run, earlier, exchange)) as frames:
                async for frame in frames:
                    if not frame.running:
                        self._forget(session, run)
                    yield frame
        finally:
            run.stop()
            self._forget(session, run)

    def _forget(self, session: str, run: Run) -> None:
        """The page may ask again from now on; the last frame is shown after that."""
        if self._runs.get(session) is run:
            del self._runs[session]

    async def _frames(
        self, run: Run, earlier: Conversation, exchange: Exchange
    ) -> AsyncGenerator[Frame, None]:
        yield Frame(earlier, exchange, running=True)
        try:
            async with aclosing(run.snapshots()) as snapshots:
                async for step in snapshots:
                    if isinstance(step, Place):
                        yield Frame(earlier, exchange, running=True, before=step.before)
                        continue
                    exchange = replace(exchange, answer=step)
                    if not step.complete:
                        yield Frame(earlier, exchange, running=True)
        except RagError as error:
            exchange = replace(exchange, problem=str(error))
        except Exception as error:  # noqa: BLE001  # the page must say so and stay usable
            _LOG.exception("a question failed")
            exchange = replace(exchange, problem=_unexpected(error))
        done = exchange.answer is not None and exchange.answer.complete
        exchange = replace(exchange, stopped=run.stopped and not done)
        yield Frame(earlier, exchange, running=False)

    def _too_long(self, question: str) -> str:
        return _(
            "The question has {length} characters; the most is {most}. Shorten it, or raise "
            "answer.max_question.",
            length=spoken().number(len(question)),
            most=spoken().number(self._max_question),
        )


def _ending(exchange: Exchange) -> str:
    if exchange.stopped:
        return _("Stopped.")
    return "" if exchange.problem or not exchange.answer else render.outcome_text(exchange.answer)


def _unexpected(error: Exception) -> str:
    return _(
        "Something went wrong inside Newsdesk ({kind}). The server's log has the details; try "
        "again.",
        kind=type(error).__name__,
    )
