"""The collection as a model that any client of OpenAI can ask."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from itertools import islice
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from rag.api.chat_bodies import ChatBody, ChatReply, Models
from rag.api.chat_reply import content, newsdesk, pieces, url_citations
from rag.api.failures import ERRORS, failed, of_error, told, unexpected
from rag.api.service import Service
from rag.api.streaming import EventStream, event, first_of, while_connected
from rag.errors import IndexMissing, RagError
from rag.schema import Answer

MODEL = "newsdesk"
_LOG = logging.getLogger(__name__)
_CHUNKS = {
    "text/event-stream": {
        "schema": {"type": "string"},
        "example": 'data: {"object": "chat.completion.chunk", "choices": [{"delta": …}]}\n\n',
    }
}


def routes(service: Service) -> APIRouter:
    """`/v1/models` and `/v1/chat/completions`."""
    router = APIRouter(prefix="/v1", tags=["OpenAI-compatible"], responses=ERRORS)
    begun = int(time.time())
    model = {"id": MODEL, "object": "model", "created": begun, "owned_by": MODEL}

    @router.get("/models", responses={200: {"model": Models}}, response_model=None)
    async def models() -> Response:
        """The one model: the collection, answered from with checked citations."""
        return JSONResponse({"object": "list", "data": [model]})

    @router.post(
        "/chat/completions",
        responses={200: {"model": ChatReply, "content": _CHUNKS}},
        response_model=None,
    )
    async def complete(body: ChatBody, request: Request) -> Response:
        """Answer the last message; earlier ones are the conversation.

        The text has marks `[n]`; `annotations` and `newsdesk` hold what they point to.
        """
        if refusal := _refused(body):
            return refusal
        filters, without = body.newsdesk.filters.filters(), tuple(body.newsdesk.without)
        asked = (body.messages[-1].words, filters, body.turns(), without)
        try:
            if body.stream:
                snapshots = await first_of(request, service.astream(*asked))
                return EventStream(_chunks(snapshots))
            answer = await while_connected(request, service.ask(*asked))
        except IndexMissing as error:
            return failed(409, str(error), "no_articles")
        return JSONResponse(_completion(answer))

    return router


def _refused(body: ChatBody) -> Response | None:
    if body.model != MODEL:
        message = f"there is no model {body.model!r} here; the one there is is {MODEL!r}"
        return failed(404, message, "model_not_found", "model")
    if body.messages[-1].role != "user":
        message = "the last message is not the user's; put the question last"
        return failed(422, message, param="messages")
    return None


def _completion(answer: Answer) -> dict[str, Any]:
    message = {"role": "assistant", "content": content(answer), "refusal": None, **_sources(answer)}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    return {**_head("chat.completion"), "choices": [choice]}


def _sources(answer: Answer) -> dict[str, Any]:
    return {"annotations": url_citations(answer), "newsdesk": newsdesk(answer)}


def _head(kind: str) -> dict[str, Any]:
    name = f"chatcmpl-{secrets.token_hex(12)}"
    return {"id": name, "object": kind, "created": int(time.time()), "model": MODEL}


async def _chunks(snapshots: AsyncGenerator[Answer, None]) -> AsyncGenerator[str, None]:
    head = _head("chat.completion.chunk")

    def chunk(delta: dict[str, Any], finish: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return event({**head, "choices": [choice]})

    yield chunk({"role": "assistant", "content": ""})
    shown = 0
    async with aclosing(snapshots):
        try:
            async for answer in snapshots:
                for piece in islice(pieces(answer), shown, None):
                    yield chunk({"content": piece})
                shown = len(answer.sentences)
                if answer.complete:
                    if answer.abstained:
                        yield chunk({"content": content(answer)})
                    yield chunk(_sources(answer), "stop")
                    yield event("[DONE]")
        except RagError as error:
            yield event(told(of_error(error)))
        except Exception as error:  # noqa: BLE001  # the status is out already
            _LOG.exception("a question failed")
            yield event(told(unexpected(error)))
