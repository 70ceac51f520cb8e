"""The assistant behind the server's door: questions take turns, and end when nobody waits."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import (
    AsyncGenerator,
    Callable,
    Collection,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import aclosing
from typing import Protocol, TypeVar

from rag import request_id
from rag.api.admission import Admission, Place
from rag.api.metrics import Metrics
from rag.api.tracing import Told, Traces, now
from rag.errors import IndexMissing, ServerBusy
from rag.schema import Answer, Article, ArticleFacts, Filters, Passage, Turn, Verification
from rag.settings import Settings

_LOG = logging.getLogger(__name__)
_QUICK_AT_ONCE = 4
"""Searches and checks at once; they take milliseconds and do not wait behind answers."""

_T = TypeVar("_T")


class Backend(Protocol):
    """What the server needs of an `Assistant`."""

    def astream(
        self,
        question: str,
        filters: Filters | None = None,
        history: Sequence[Turn] = (),
        without: Collection[str] = (),
    ) -> AsyncGenerator[Answer, None]:
        """Growing snapshots. Cancelling the task that reads it stops the model."""
        ...

    def passages(
        self,
        question: str,
        top_k: int | None = None,
        filters: Filters | None = None,
        history: Sequence[Turn] = (),
        without: Collection[str] = (),
    ) -> Sequence[Passage]:
        """The passages that bear on a question, best first."""
        ...

    def article(self, article_id: str) -> Article:
        """One stored article; raises `IndexMissing`."""
        ...

    def summaries(self) -> Sequence[ArticleFacts]:
        """All that is stored, newest first."""
        ...

    def verify(self, text: str, articles: Iterable[str | Article]) -> Verification:
        """The verdicts of somebody's text against articles."""
        ...


class Service:
    """What all interfaces ask: the page, the HTTP API, the OpenAI-compatible one, MCP."""

    def __init__(self, backend: Backend, settings: Settings, traces: Traces | None = None) -> None:
        """Keep what answers; build it where its event loop will be, or where none runs.

        Args:
            backend: what answers.
            settings: `server`, and what says how many answers there may be at once.
            traces: where spans go; where `server.traces` says, if it is None.

        Raises:
            SettingsError: traces are wanted and cannot be made.
        """
        limits = settings.server
        self._backend = backend
        self._answers = Admission(settings.answers_at_once, limits.max_waiting, limits.max_wait)
        self._quick = Admission(_QUICK_AT_ONCE, limits.max_waiting, limits.max_wait)
        self.metrics = Metrics()
        self.traces = traces or Traces.when(limits.traces)
        running, waiting = "newsdesk_answers_running", "newsdesk_answers_waiting"
        self.metrics.gauge(running, "Answers under way.", lambda: self._answers.running)
        self.metrics.gauge(waiting, "Questions that wait.", lambda: self._answers.waiting)

    async def astream(
        self,
        question: str,
        filters: Filters | None = None,
        history: Sequence[Turn] = (),
        without: Collection[str] = (),
    ) -> AsyncGenerator[Answer, None]:
        """Growing snapshots of an answer, the last one complete.

        Closing the generator, or cancelling its reader, stops the model; the turn is given up
        when the model has stopped, not before.

        Raises:
            ServerBusy: too many questions wait.
            RagError: the assistant's own.
        """
        async with aclosing(self.in_line(question, filters, history, without)) as steps:
            async for step in steps:
                if isinstance(step, Answer):
                    yield step

    async def in_line(
        self,
        question: str,
        filters: Filters | None = None,
        history: Sequence[Turn] = (),
        without: Collection[str] = (),
    ) -> AsyncGenerator[Answer | Place, None]:
        """As `astream`, with the question's place in the line before, where it waits for long."""
        snapshots: asyncio.Queue[Answer | Place | None] = asyncio.Queue()
        reading = asyncio.create_task(
            self._read(snapshots, self._backend.astream(question, filters, history, without))
        )
        reading.add_done_callback(lambda task: task.cancelled() or task.exception())
        try:
            while (snapshot := await snapshots.get()) is not None:
                yield snapshot
            await reading
        finally:
            reading.cancel()

    async def ask(
        self,
        question: str,
        filters: Filters | None = None,
        history: Sequence[Turn] = (),
        without: Collection[str] = (),
    ) -> Answer:
        """The whole answer; errors as for `astream`."""
        answer: Answer | None = None
        async with aclosing(self.astream(question, filters, history, without)) as snapshots:
            async for snapshot in snapshots:
                answer = snapshot
        assert answer is not None  # noqa: S101  # a stream ends with a complete answer
        return answer

    async def passages(
        self,
        question: str,
        top_k: int,
        filters: Filters | None = None,
        history: Sequence[Turn] = (),
        without: Collection[str] = (),
    ) -> Sequence[Passage]:
        """The passages that bear on a question, best first."""
        return await self._turn(
            lambda: self._backend.passages(question, top_k, filters, history, without)
        )

    async def verify(self, text: str, ids: Sequence[str], texts: Sequence[str]) -> Verification:
        """The verdicts of a text against stored articles, by id, and against given texts.

        Raises:
            IndexMissing: there is no article of one of the ids.
        """

        def verified() -> Verification:
            given = [self._backend.article(name) for name in ids]
            given += [
                Article(article_id=f"text-{number}", text=text)
                for number, text in enumerate(texts, start=1)
            ]
            return self._backend.verify(text, given)

        return await self._turn(verified)

    async def read(self, article_id: str) -> Article:
        """One stored article; raises `IndexMissing`."""
        return await self._turn(lambda: self._backend.article(article_id))

    async def listed(self) -> Sequence[ArticleFacts]:
        """All that is stored, newest first; empty while nothing is."""
        try:
            return await self._turn(self._backend.summaries)
        except IndexMissing:
            return ()

    async def ready(self) -> None:
        """Return if questions can be answered.

        Raises:
            RagError: why not, and the remedy.
        """
        try:
            await asyncio.to_thread(self._backend.article, "")
        except IndexMissing:  # an empty collection is answered from, too: there is nothing in it
            return

    async def _turn(self, work: Callable[[], _T]) -> _T:
        async with self._quick.turn():
            return await asyncio.to_thread(work)

    async def _read(
        self,
        snapshots: asyncio.Queue[Answer | Place | None],
        stream: AsyncGenerator[Answer, None],
    ) -> None:
        with self.traces.span("answer") as told:
            outcome = "failed"
            try:
                async with self._answers.turn(snapshots.put_nowait), aclosing(stream):
                    begun = now()
                    async for snapshot in stream:
                        snapshots.put_nowait(snapshot)
                        if snapshot.complete:
                            outcome = ""
                            self._done(snapshot, begun, told)
            except ServerBusy:
                outcome = "busy"
                raise
            except asyncio.CancelledError:
                outcome = outcome and "stopped"
                raise
            finally:
                snapshots.put_nowait(None)
                if outcome:
                    self._not_done(outcome, told)

    def _done(self, answer: Answer, begun: int, told: Told) -> None:
        facts: dict[str, str | int] = {
            "outcome": self.metrics.answer(answer),
            "sentences": len(answer.sentences),
            "left_out": len(answer.left_out),
            "model": answer.model,
        }
        _LOG.info("answer", extra={"facts": {**facts, "timings": answer.timings}})
        self.traces.stages(begun, answer.timings)
        told.facts = _attributes(facts)

    def _not_done(self, outcome: str, told: Told) -> None:
        self.metrics.outcome(outcome)
        _LOG.info("answer", extra={"facts": {"outcome": outcome}})
        told.facts, told.failed = _attributes({"outcome": outcome}), outcome == "failed"


def _attributes(facts: Mapping[str, str | int]) -> dict[str, str | int | float]:
    """Facts of an answer as a span has them, with the id of its request."""
    named = {**facts, "request_id": request_id.current.get()}
    return {f"newsdesk.{name}": value for name, value in named.items()}
