"""Work that goes on while the pages are used: one piece at a time, in a thread of its own."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rag.errors import RagError, Stopped
from rag.schema import IngestReport, Progress, Rejection

_LOG = logging.getLogger(__name__)
_KEPT = 20
"""Jobs that are remembered after their end."""
_MOST_REJECTIONS = 1000
WAITING, RUNNING, DONE, FAILED, STOPPED = "waiting", "running", "done", "failed", "stopped"

Told = Callable[[Progress], None]
Work = Callable[[Told], IngestReport | None]


@dataclass
class Job:
    """One ingest, as far as it has come. Written by its thread, read by the pages."""

    number: int
    label: str
    batch: str
    """Names what it works on."""
    place: str
    """The collection that it works for."""
    total: int
    """Files to read; 0 where nobody knows."""
    state: str = WAITING
    stage: str = ""
    done: int = 0
    of: int = 0
    """How many the present stage has in all; 0 where nobody knows."""
    embedded: int = 0
    began: float = 0.0
    """When the present stage began, by the monotonic clock."""
    problem: str = ""
    report: IngestReport | None = None
    rejected: list[Rejection] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def over(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in (DONE, FAILED, STOPPED)

    @property
    def rate(self) -> float:
        """Files, pages or passages a second in the present stage; 0 while it cannot be told."""
        seconds = time.monotonic() - self.began
        return self.done / seconds if self.began and self.done and seconds > 0.5 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Of the present stage, at the present rate; None while it cannot be told."""
        return (self.of - self.done) / self.rate if self.of and self.rate else None

    def tell(self, step: Progress) -> None:
        """Take note of a step.

        Raises:
            Stopped: somebody pressed Stop.
        """
        if self.stopping.is_set():
            raise Stopped("stopped")
        if step.rejection and len(self.rejected) < _MOST_REJECTIONS:
            self.rejected.append(step.rejection)
        if step.stage == "embed" and not step.total:
            self.embedded = step.done  # while more is still being read
            return
        if step.stage != self.stage:
            self.stage, self.began = step.stage, time.monotonic()
        of = self.total if step.stage == "load" else step.total
        self.done, self.of = step.done, max(of, step.done) if of else 0


class Jobs:
    """Does what it is given in turn; thread-safe."""

    def __init__(self) -> None:
        """Begin with nothing to do."""
        self._numbers = itertools.count(1)
        self._jobs: deque[Job] = deque()
        self._works: deque[tuple[Job, Work, Callable[[str], None]]] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def add(self, job: Job, work: Work, after: Callable[[str], None]) -> Job:
        """Do some work when its turn comes.

        Args:
            job: what to say of it.
            work: gets the function that it must tell of each step, from any thread.
            after: called with the state that it ends in, before the pages are told.
        """
        with self._changed:
            job.number = next(self._numbers)
            self._jobs.appendleft(job)
            while len(self._jobs) > _KEPT and self._jobs[-1].over:
                self._jobs.pop()
            self._works.append((job, work, after))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="ingest", daemon=True)
                self._thread.start()
            self._changed.notify()
        return job

    def all(self, place: str) -> Sequence[Job]:
        """The jobs of a collection, newest first."""
        with self._changed:
            return [job for job in self._jobs if job.place == place]

    def busy(self, place: str) -> bool:
        """Whether something is being written to a collection, or waits for that."""
        return any(not job.over for job in self.all(place))

    def stop(self, number: int) -> None:
        """Have a job stop at its next step."""
        with self._changed:
            for job in self._jobs:
                if job.number == number:
                    job.stopping.set()

    def forget(self, number: int) -> None:
        """Leave out a job that is over."""
        with self._changed:
            kept = [job for job in self._jobs if job.number != number or not job.over]
            self._jobs = deque(kept)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._works:
                    self._changed.wait()
                job, work, after = self._works.popleft()
                job.state = RUNNING
            state = self._done(job, work)
            after(state)
            job.state = state

    @staticmethod
    def _done(job: Job, work: Work) -> str:
        """Do it; the state that it ends in."""
        try:
            if job.stopping.is_set():
                return STOPPED
            job.report = work(job.tell)
        except Stopped:
            return STOPPED
        except RagError as error:
            job.problem = str(error)
            return FAILED
        except Exception as error:  # noqa: BLE001  # the page must say so, and the next job come
            _LOG.exception("an ingest failed")
            job.problem = (
                f"Something went wrong inside Newsdesk ({type(error).__name__}). The server's log "
                "has the details; try again."
            )
            return FAILED
        if job.report:
            job.rejected = list(job.report.rejected[:_MOST_REJECTIONS])
        return DONE
