"""The routes beside the page: the source of a citation, the styles, the script."""

from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response

from rag.errors import RagError
from rag.schema import Article
from rag.ui.conversation import Reader
from rag.ui.filters import form_html
from rag.ui.render import problem_html
from rag.ui.script_words import script_words
from rag.ui.source import missing_html, page_html, read_spans, source_html
from rag.ui.words import _

SCRIPTS = ("newsdesk.js", "cards.js", "ask.js", "history.js", "filters.js")
_FRESH = {"Cache-Control": "no-store"}
_OWN = {"Vary": "Cookie, Accept-Language"}


def routes(reader: Reader) -> APIRouter:
    """All of them, over what is stored now."""
    router = APIRouter()

    @router.get("/source", response_class=HTMLResponse)
    def source(
        article: Annotated[str, Query(max_length=2000)],
        start: Annotated[int, Query(ge=0)] = 0,
        end: Annotated[int, Query(ge=0)] = 0,
        quote: Annotated[str, Query(max_length=64)] = "",
        also: Annotated[tuple[str, ...], Query()] = (),
        copy: Annotated[tuple[str, ...], Query()] = (),
    ) -> HTMLResponse:
        """The article of a citation, with the cited words marked and its copies named."""
        try:
            found = reader.article(article)
        except RagError as error:
            page = page_html(_("Not found"), missing_html(str(error)))
            return HTMLResponse(page, status_code=404, headers=_FRESH)
        copies = stored(reader, copy)
        content = source_html(found, (start, end), quote, read_spans(also), copies)
        return HTMLResponse(page_html(found.title or article, content), headers=_FRESH)

    @router.get("/filters", response_class=HTMLResponse)
    def filters(request: Request) -> HTMLResponse:
        """The form of the filters, filled in as the query says."""
        try:
            form = form_html(request.url.query, reader.summaries())
        except RagError as error:
            form = f'<form class="filters">{problem_html(str(error))}</form>'
        return HTMLResponse(form, headers=_FRESH)

    @router.get("/newsdesk.css")
    def styles() -> Response:
        return Response(shipped_file("newsdesk.css"), media_type="text/css")

    def script(request: Request) -> Response:
        name = request.url.path.lstrip("/")
        own = script_words() if name in SCRIPTS else ""
        return Response(f"{own}{shipped_file(name)}", media_type="text/javascript", headers=_OWN)

    for name in (*SCRIPTS, "pages.js"):
        router.get(f"/{name}")(script)

    return router


def stored(reader: Reader, article_ids: Sequence[str]) -> list[Article]:
    """The articles of these ids, at most twelve, without those that are gone."""
    found = []
    for article_id in article_ids[:12]:
        with suppress(RagError):
            found.append(reader.article(article_id))
    return found


@cache
def shipped_file(name: str) -> str:
    """The text of a file of this package."""
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
