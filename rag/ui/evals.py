"""The evals page: run a set over the collection, see reports, compare runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, Response

from rag.errors import CorpusError, RagError
from rag.ui.jobs import DONE, Job, Jobs, Told
from rag.ui.pages import Pages, went

_MOST_RUNS = 20
Runs = Annotated[list[str], Query(alias="run", max_length=_MOST_RUNS)]


class Bench(Protocol):
    """What the page needs of `rag.evaluate.bench.Bench`."""

    @property
    def folder(self) -> Path:
        """The index folder."""
        ...

    @property
    def marked(self) -> Path:
        """The file of marked answers."""
        ...

    def sets(self) -> Sequence[Any]:
        """What can be run."""
        ...

    def begin(self, name: str) -> tuple[str, Callable[[Told, int | None, bool], None]]:
        """A new run, and what does it."""
        ...

    def runs(self) -> Sequence[Any]:
        """The finished runs, newest first."""
        ...

    def report(self, names: Sequence[str]) -> str:
        """One HTML page about runs."""
        ...

    def comparison(self, names: Sequence[str]) -> Any:
        """Two runs, the older first."""
        ...


class Evals:
    """Runs that are under way, and how those that were stopped go on."""

    def __init__(self, bench: Bench) -> None:
        """Take what runs sets; one run at a time."""
        self.bench = bench
        self.jobs = Jobs()
        self._stopped: dict[str, Callable[[], None]] = {}

    @property
    def place(self) -> str:
        """The collection that is open."""
        return str(self.bench.folder)

    def start(self, name: str, sample: int | None, *, answers: bool) -> None:
        """Run a set when its turn comes.

        Raises:
            CorpusError: there is no such set.
        """
        run, work = self.bench.begin(name)
        place = self.place

        def after(state: str) -> None:
            if state == DONE:
                self._stopped.pop(run, None)

        def begin() -> None:
            self.jobs.add(
                Job(0, name, run, place, 0), lambda told: work(told, sample, answers), after
            )

        self._stopped[run] = begin
        begin()

    def again(self, number: int) -> None:
        """Take up a run that was stopped or failed; what was asked is not asked again.

        Raises:
            CorpusError: there is no such run any more.
        """
        job = next((job for job in self.jobs.all(self.place) if job.number == number), None)
        if job is None or not job.over or job.batch not in self._stopped:
            raise CorpusError("this run is not there any more; begin a new one")
        self.jobs.forget(number)
        self._stopped[job.batch]()


def evals_routes(evals: Evals, pages: Pages) -> APIRouter:
    """`/evals` and what its forms send to."""
    router = APIRouter()

    def shown(request: Request, *, status: int = 200, problem: str = "") -> Response:
        return pages.shown(
            request,
            "evals.html",
            status=status,
            problem=problem,
            jobs=evals.jobs.all(evals.place),
            sets=evals.bench.sets(),
            runs=evals.bench.runs(),
            marked=evals.bench.marked,
        )

    @router.get("/evals")
    def page(request: Request) -> Response:
        """The page."""
        return shown(request)

    @router.get("/evals-progress")
    def progress(request: Request) -> Response:
        """What goes on, alone."""
        return pages.shown(request, "eval_jobs.html", jobs=evals.jobs.all(evals.place))

    @router.post("/evals-run")
    def run(
        request: Request,
        name: Annotated[str, Form(max_length=200)],
        sample: Annotated[str, Form(max_length=9)] = "",
        what: Annotated[str, Form(max_length=20)] = "answers",
    ) -> Response:
        """Run a set."""
        cases = int(sample) if sample.isascii() and sample.isdigit() else 0
        try:
            evals.start(name, cases or None, answers=what == "answers")
        except RagError as error:
            return shown(request, status=409, problem=str(error))
        return went("evals")

    @router.post("/evals-stop")
    def stop(job: Annotated[int, Form(ge=0)]) -> Response:
        """Stop a run."""
        evals.jobs.stop(job)
        return went("evals")

    @router.post("/evals-again")
    def again(request: Request, job: Annotated[int, Form(ge=0)]) -> Response:
        """Take a run up."""
        try:
            evals.again(job)
        except RagError as error:
            return shown(request, status=409, problem=str(error))
        return went("evals")

    @router.post("/evals-forget")
    def forget(job: Annotated[int, Form(ge=0)]) -> Response:
        """A run that is over need not be told any more."""
        evals.jobs.forget(job)
        return went("evals")

    @router.get("/evals-report")
    def report(request: Request, runs: Runs) -> Response:
        """The report on some runs; it brings a policy of its own that lets nothing load."""
        try:
            return HTMLResponse(evals.bench.report(runs), headers={"Cache-Control": "no-store"})
        except RagError as error:
            return shown(request, status=404, problem=str(error))

    @router.get("/evals-compare")
    def comparison(request: Request, runs: Runs) -> Response:
        """What changed between two runs."""
        try:
            found = evals.bench.comparison(runs)
        except RagError as error:
            return shown(request, status=409, problem=str(error))
        return pages.shown(
            request, "comparison.html", problem="", found=found, names=sorted(set(runs))
        )

    return router
