"""The HTTP API below /api, and its OpenAPI document."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from itertools import islice
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse, Response

from rag.api.bodies import ArticlePage, AskBody, Passages, RetrieveBody, StoredArticle, VerifyBody
from rag.api.failures import ERRORS, failed, of_error, told, unexpected
from rag.api.service import Service
from rag.api.streaming import EventStream, event, first_of, while_connected
from rag.errors import IndexMissing, RagError
from rag.schema import Answer, Verification

_LOG = logging.getLogger(__name__)
OPENAPI = "/api/openapi.json"

_EVENTS = {
    "text/event-stream": {
        "schema": {"type": "string"},
        "example": 'event: answer\ndata: {"question": "…", "answer": "…", "complete": true}\n\n',
    }
}


def routes(service: Service) -> APIRouter:
    """All of them."""
    router = APIRouter(prefix="/api", tags=["Newsdesk"], responses=ERRORS)
    answer: dict[int | str, dict[str, Any]] = {
        200: {
            "model": Answer,
            "content": _EVENTS,
            "description": "The answer; with `stream`, events `answer` that each carry the whole "
            "answer so far, of which the last is `complete`, or an event `error`.",
        }
    }

    @router.post("/ask", responses=answer, response_model=None)
    async def ask(body: AskBody, request: Request) -> Response:
        """Answer a question; every sentence is checked and cites exact article text.

        Not knowing is an answer too: `abstained`, with a `reason`.
        """
        asked = (body.question, body.filters.filters(), body.turns(), tuple(body.without))
        try:
            if body.stream:
                snapshots = await first_of(request, service.astream(*asked))
                return EventStream(_events(snapshots))
            found = await while_connected(request, service.ask(*asked))
        except IndexMissing as error:
            return _nothing_stored(error)
        return JSONResponse(found.to_dict())

    @router.post("/retrieve", responses={200: {"model": Passages}}, response_model=None)
    async def retrieve(body: RetrieveBody) -> Response:
        """The passages that bear on a question, best first."""
        filters, turns, without = body.filters.filters(), body.turns(), tuple(body.without)
        try:
            found = await service.passages(body.question, body.top_k, filters, turns, without)
        except IndexMissing as error:
            return _nothing_stored(error)
        passages = [passage.to_dict() for passage in found]
        return JSONResponse({"question": body.question, "passages": passages})

    @router.post("/verify", responses={200: {"model": Verification}}, response_model=None)
    async def verify(body: VerifyBody) -> Response:
        """The verdicts of somebody's text, sentence by sentence, against articles."""
        found = await service.verify(body.text, body.article_ids, body.texts)
        return JSONResponse(found.to_dict())

    @router.get("/articles", responses={200: {"model": ArticlePage}}, response_model=None)
    async def articles(
        limit: Annotated[int, Query(ge=1, le=500, description="Articles of one page.")] = 50,
        after: Annotated[
            str | None, Query(max_length=2000, description="`next` of the page before.")
        ] = None,
    ) -> Response:
        """What is stored, newest first, page by page.

        409 where the article that the page before ended with is gone: begin again.
        """
        found = await service.listed()
        ids = {item.article_id: place for place, item in enumerate(found, start=1)}
        if after is not None and after not in ids:
            message = f"the article {after!r} is no longer there; begin again without `after`"
            return failed(409, message, "page_gone", "after")
        start = ids[after] if after is not None else 0
        page = [item.to_dict() for item in islice(found, start, start + limit)]
        more = page[-1]["article_id"] if start + limit < len(found) else None
        return JSONResponse({"articles": page, "total": len(found), "next": more})

    @router.get(
        "/articles/{article_id:path}",
        responses={200: {"model": StoredArticle}},
        response_model=None,
    )
    async def article(article_id: Annotated[str, Path(max_length=2000)]) -> Response:
        """One article with its text, which offsets of citations point into, in code points."""
        found = await service.read(article_id)
        return JSONResponse(found.to_dict())

    return router


async def _events(snapshots: AsyncGenerator[Answer, None]) -> AsyncGenerator[str, None]:
    async with aclosing(snapshots):
        try:
            async for snapshot in snapshots:
                yield event(snapshot.to_dict(), "answer")
        except RagError as error:
            yield event(told(of_error(error)), "error")
        except Exception as error:  # noqa: BLE001  # the status is out already
            _LOG.exception("a question failed")
            yield event(told(unexpected(error)), "error")


def _nothing_stored(error: IndexMissing) -> Response:
    return failed(409, str(error), "no_articles")
