"""The routes beside the page: the source of a citation, the styles, the script."""

from functools import cache
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, Response

from rag.errors import RagError
from rag.ui.conversation import Reader
from rag.ui.source import missing_html, page_html, read_spans, source_html

_FRESH = {"Cache-Control": "no-store"}


def routes(reader: Reader) -> APIRouter:
    """All of them, over what is stored now."""
    router = APIRouter()

    @router.get("/source", response_class=HTMLResponse)
    def source(
        article: Annotated[str, Query(max_length=2000)],
        start: Annotated[int, Query(ge=0)],
        end: Annotated[int, Query(ge=0)],
        quote: Annotated[str, Query(max_length=64)] = "",
        also: Annotated[tuple[str, ...], Query()] = (),
    ) -> HTMLResponse:
        """The article of a citation, with the cited words marked."""
        try:
            found = reader.article(article)
        except RagError as error:
            page = page_html("Not found", missing_html(str(error)))
            return HTMLResponse(page, status_code=404, headers=_FRESH)
        content = source_html(found, (start, end), quote, read_spans(also))
        return HTMLResponse(page_html(found.title or article, content), headers=_FRESH)

    @router.get("/newsdesk.css")
    def styles() -> Response:
        return Response(shipped_file("newsdesk.css"), media_type="text/css")

    @router.get("/newsdesk.js")
    def script() -> Response:
        return Response(shipped_file("newsdesk.js"), media_type="text/javascript")

    return router


@cache
def shipped_file(name: str) -> str:
    """The text of a file of this package."""
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
