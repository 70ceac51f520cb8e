"""Adding articles: files and folders, web addresses, feeds, pasted text; with live progress."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Protocol, runtime_checkable

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import PlainTextResponse, Response

from rag.addresses import web_address
from rag.errors import CorpusError, RagError
from rag.ids import digest, slug
from rag.schema import IngestReport, Progress
from rag.settings import Settings
from rag.ui.jobs import DONE, Job, Jobs
from rag.ui.pages import Pages, went, words_for
from rag.ui.uploads import Batch, Uploads
from rag.ui.words import Words

_MOST_URLS = 200
_LONGEST_FACT = 500
_LONGEST_TEXT = 2_000_000
Number = Annotated[int, Form(ge=0)]
Name = Annotated[str, Form(max_length=40)]


@runtime_checkable
class Intake(Protocol):
    """What the page needs of an `Assistant`."""

    @property
    def folder(self) -> Path:
        """The index folder."""
        ...

    def ingest(
        self,
        paths_or_articles: Iterable[Any],
        progress: Callable[[Progress], None] | None = None,
    ) -> IngestReport:
        """Store articles."""
        ...

    def dismiss(self, *paths: str) -> None:
        """Forget rejections."""
        ...


class Adding:
    """Turns what a browser gives into batches, and batches into jobs."""

    def __init__(self, intake: Callable[[], Intake], settings: Settings, jobs: Jobs) -> None:
        """Take what stores articles now; `settings` for its limits."""
        self._intake = intake
        self._settings = settings
        self._uploads: dict[Path, Uploads] = {}
        self.jobs = jobs

    @property
    def place(self) -> str:
        """The collection that is open."""
        return str(self._intake().folder)

    @property
    def uploads(self) -> Uploads:
        """Its files that wait."""
        folder, settings = self._intake().folder, self._settings
        if folder not in self._uploads:
            self._uploads[folder] = Uploads(folder, settings.ingest, settings.chat.max_upload)
        return self._uploads[folder]

    def waiting(self) -> list[Batch]:
        """The batches that nobody works on: interrupted, or still being sent."""
        busy = {job.batch for job in self.jobs.all(self.place) if not job.over}
        return [batch for batch in self.uploads.waiting() if batch.name not in busy]

    def start(self, batch: Batch) -> None:
        """Ingest a batch when its turn comes; it goes once it is stored."""
        intake, uploads = self._intake(), self.uploads
        if any(job.batch == batch.name and not job.over for job in self.jobs.all(self.place)):
            return
        files = batch.files()
        given: list[Any] = [*batch.urls, *([batch.folder] if files else [])]

        def after(state: str) -> None:
            if state == DONE:
                uploads.discard(batch)

        job = Job(0, batch.label, batch.name, str(intake.folder), files)
        self.jobs.add(job, lambda told: intake.ingest(given, told), after)

    def dismiss(self, paths: Sequence[str]) -> None:
        """Forget rejections of the open collection."""
        self._intake().dismiss(*paths)


def adding_routes(adding: Adding, pages: Pages) -> APIRouter:
    """`/add` and what its forms and script send to."""
    router = APIRouter()

    def shown(request: Request, *, status: int = 200, problem: str = "", **values: str) -> Response:
        return pages.shown(
            request,
            "add.html",
            status=status,
            problem=problem,
            jobs=adding.jobs.all(adding.place),
            waiting=adding.waiting(),
            own=adding.uploads.own,
            values=values,
        )

    @router.get("/add")
    def page(request: Request) -> Response:
        """The page."""
        return shown(request)

    @router.get("/add-progress")
    def progress(request: Request) -> Response:
        """What goes on, alone."""
        return pages.shown(
            request,
            "jobs.html",
            jobs=adding.jobs.all(adding.place),
            waiting=adding.waiting(),
            own=adding.uploads.own,
        )

    @router.post("/add-batch")
    def begin(request: Request, label: Annotated[str, Query(max_length=200)] = "") -> Response:
        """Make room for files to come; its name is the answer."""
        try:
            batch = adding.uploads.begin(label or words_for(request)._("Files"))
        except RagError as error:
            return PlainTextResponse(str(error), status_code=507)
        return PlainTextResponse(batch.name)

    @router.post("/add-file")
    async def receive(
        request: Request,
        batch: Annotated[str, Query(max_length=40)],
        path: Annotated[str, Query(max_length=4000)],
    ) -> Response:
        """One file, as the body."""
        uploads = adding.uploads
        try:
            await uploads.receive(uploads.find(batch), path, request.stream())
        except CorpusError as error:
            return PlainTextResponse(str(error), status_code=422)
        except RagError as error:
            return PlainTextResponse(str(error), status_code=507)
        return Response(status_code=204)

    @router.post("/add-start")
    def start(request: Request, batch: Name) -> Response:
        """All files of a batch are here, or it is to be taken up."""
        try:
            adding.start(adding.uploads.find(batch))
        except RagError as error:
            return shown(request, status=409, problem=str(error))
        return went("add")

    @router.post("/add-discard")
    def discard(batch: Name) -> Response:
        """A batch that nobody works on is not wanted."""
        for one in adding.waiting():
            if one.name == batch:
                adding.uploads.discard(one)
        return went("add")

    @router.post("/add-urls")
    def urls(request: Request, urls: Annotated[str, Form(max_length=100_000)] = "") -> Response:
        """Web pages, feeds and sitemaps, one a line."""
        given = tuple(dict.fromkeys(urls.split()))
        own = words_for(request)
        if told := _wrong(given, own):
            return shown(request, status=422, problem=told, urls=urls)
        label = given[0] if len(given) == 1 else own.n_("{n} address", "{n} addresses", len(given))
        try:
            adding.start(adding.uploads.begin(label, given))
        except RagError as error:
            return shown(request, status=507, problem=str(error), urls=urls)
        return went("add")

    @router.post("/add-text")
    async def text(
        request: Request,
        text: Annotated[str, Form(max_length=_LONGEST_TEXT)] = "",
        title: Annotated[str, Form(max_length=_LONGEST_FACT)] = "",
        publisher: Annotated[str, Form(max_length=_LONGEST_FACT)] = "",
        published: Annotated[str, Form(max_length=40)] = "",
        url: Annotated[str, Form(max_length=2000)] = "",
    ) -> Response:
        """A text that was pasted."""
        facts = {"title": title, "publisher": publisher, "published": published, "url": url}
        own = words_for(request)
        if not text.strip():
            return shown(request, status=422, problem=own._("Paste a text first."), **facts)
        uploads = adding.uploads
        try:
            batch = uploads.begin(title.strip() or own._("Pasted text"))
            name = f"{slug(title)[:60] or 'text'}-{digest(text)[:8]}.md"
            await uploads.receive(batch, name, _once(_with_facts(text, facts)))
            adding.start(batch)
        except RagError as error:
            return shown(request, status=507, problem=str(error), text=text, **facts)
        return went("add")

    @router.post("/add-stop")
    def stop(job: Number) -> Response:
        """Stop a job."""
        adding.jobs.stop(job)
        return went("add")

    @router.post("/add-forget")
    def forget(job: Number) -> Response:
        """A job that is over need not be shown any more."""
        adding.jobs.forget(job)
        return went("add")

    @router.post("/dismiss")
    def dismiss(request: Request, path: Annotated[list[str], Form(max_length=1000)]) -> Response:
        """Forget rejections."""
        try:
            adding.dismiss(path)
        except RagError as error:
            return shown(request, status=409, problem=str(error))
        return went("collection", state="rejected")

    return router


def _wrong(urls: Sequence[str], own: Words) -> str:
    """What is wrong with the addresses, in words; empty where nothing is."""
    for url in urls:
        if not web_address(url):
            return own._("{url} is no web address such as https://example.org/news", url=url)
    if not 0 < len(urls) <= _MOST_URLS:
        return own._("Give from 1 to {most} addresses, one a line.", most=_MOST_URLS)
    return ""


async def _once(data: bytes) -> Any:
    yield data


def _with_facts(text: str, facts: dict[str, str]) -> bytes:
    """A Markdown file whose front matter holds the facts that are not empty."""
    import yaml

    known = {name: value.strip() for name, value in facts.items() if value.strip()}
    head = f"---\n{yaml.safe_dump(known, allow_unicode=True)}---\n" if known else ""
    return f"{head}{text}".encode("utf-8", "replace")
