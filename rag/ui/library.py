"""The collection page: what is stored, found again, read, and taken out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Protocol, runtime_checkable

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from rag.contents import CleanReport
from rag.errors import IndexBusy, IndexMissing, RagError
from rag.schema import Article, ArticleFacts, Copy, IngestReport, Rejection
from rag.ui.adding import Adding
from rag.ui.listing import SORTS, STATES, Wanted, found, publishers
from rag.ui.pages import Pages, address, went, words_for
from rag.ui.shelf import Shelved

_MOST_AT_ONCE = 1000
"""Articles that one confirmation may remove."""
_HEADING = re.compile(r"#{1,6} +")
Ids = Annotated[list[str], Query(alias="id", max_length=_MOST_AT_ONCE)]


@runtime_checkable
class Library(Protocol):
    """What the page needs of an `Assistant`; errors are those of its methods."""

    def state(self) -> str:
        """Another text whenever what is stored has changed; empty while nothing is."""
        ...

    def summaries(self) -> Sequence[ArticleFacts]:
        """All that is stored, the newest first."""
        ...

    def article(self, article_id: str) -> Article:
        """One article."""
        ...

    def copies(self) -> Mapping[str, Sequence[Copy]]:
        """The articles that have copies, each with those."""
        ...

    def rejected(self) -> Sequence[Rejection]:
        """What was not stored, and why."""
        ...

    def clean_report(self, article_id: str) -> CleanReport:
        """What cleaning took out."""
        ...

    def remove(self, *article_ids: str) -> IngestReport:
        """Take articles out: all of them or none."""
        ...


class Shown:
    """What is listed, kept until the collection changes: reading 5,000 rows takes 0.2 seconds."""

    def __init__(self, library: Library) -> None:
        """Read nothing yet."""
        self._library = library
        self._kept: tuple[str, Sequence[ArticleFacts]] = ("", ())

    def articles(self) -> Sequence[ArticleFacts]:
        """All articles; empty where nothing was ever stored.

        Raises:
            RagError: the collection cannot be read.
        """
        state = self._library.state()
        if not state:
            return ()
        kept = self._kept
        if kept[0] != state:
            kept = self._kept = (state, self._library.summaries())
        return kept[1]


def library_routes(
    library: Library,
    pages: Pages,
    adding: Adding | None = None,
    about: Callable[[], Shelved | None] = lambda: None,
) -> APIRouter:
    """`/collection`, `/article`, `/remove`.

    Args:
        library: what is shown.
        pages: fills the templates.
        adding: how articles get in; None says nothing of that.
        about: what is said of the collection; None says nothing of others either.
    """
    router = APIRouter()
    shown = Shown(library)

    @router.get("/collection")
    def collection(request: Request) -> Response:
        """The list, as the address asks for it."""
        wanted = Wanted.of(request.query_params)
        try:
            articles, rejected = shown.articles(), library.rejected()
            copies = library.copies() if articles else {}
        except RagError as error:
            return pages.shown(
                request, "collection.html", status=503, problem=str(error), about=None, adds=False
            )
        days = sorted(article.published[:10] for article in articles if article.published)
        return pages.shown(
            request,
            "collection.html",
            problem="",
            wanted=wanted,
            found=found(articles, copies, wanted),
            copies=copies,
            rejected=rejected,
            stored=len(articles),
            first=days[0] if days else None,
            last=days[-1] if days else None,
            partial=sum(article.partial for article in articles),
            publishers=publishers(articles),
            sorts=SORTS,
            states=STATES,
            about=about(),
            adds=adding is not None,
            own=adding.uploads.own if adding else str,
            removed=_number(request.query_params.get("removed", "")),
        )

    @router.get("/article")
    def article(request: Request, article_id: Annotated[str, Query(alias="id")]) -> Response:
        """One article to read, with what cleaning took out of it."""
        try:
            stored = library.article(article_id)
            cleaned = library.clean_report(article_id)
            copies = library.copies().get(article_id, ())
        except RagError as error:
            status = 404 if isinstance(error, IndexMissing) else 503
            return pages.shown(request, "article.html", status=status, problem=str(error))
        return pages.shown(
            request,
            "article.html",
            problem="",
            article=stored,
            lines=lines_of(stored.text),
            cleaned=cleaned,
            copies=copies,
        )

    @router.get("/remove")
    def confirm(request: Request, article_ids: Ids) -> Response:
        """What would be removed, to be confirmed."""
        try:
            chosen = [library.article(name) for name in dict.fromkeys(article_ids)]
        except RagError as error:
            return pages.shown(request, "remove.html", status=404, problem=str(error), chosen=())
        return pages.shown(request, "remove.html", problem="", chosen=chosen)

    @router.post("/remove")
    def remove(
        request: Request,
        article_ids: Annotated[list[str], Form(alias="id", max_length=_MOST_AT_ONCE)],
    ) -> Response:
        """Remove what was confirmed."""
        try:
            if adding and adding.jobs.busy(adding.place):
                raise IndexBusy(
                    words_for(request)._(
                        "Articles are being added; remove others when that is done, or stop it."
                    )
                )
            report = library.remove(*dict.fromkeys(article_ids))
        except RagError as error:
            return pages.shown(request, "remove.html", status=409, problem=str(error), chosen=())
        return went("collection", removed=str(report.removed))

    return router


def lines_of(text: str) -> list[tuple[bool, str]]:
    """The paragraphs of an article in order, and whether each is a heading."""
    kept = [line for line in text.split("\n") if line.strip()]
    return [(bool(_HEADING.match(line)), _HEADING.sub("", line, count=1)) for line in kept]


def article_address(article_id: str) -> str:
    """Where an article can be read."""
    return address("article", {"id": article_id})


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
