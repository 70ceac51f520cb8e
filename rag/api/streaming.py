"""Responses that grow, and clients that go away before they are complete."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from contextlib import aclosing
from typing import Any, TypeVar

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

_QUIET = 15.0
"""Seconds of silence after which a comment is sent, so that no proxy gives the connection up."""

_T = TypeVar("_T")


async def while_connected(request: Request, work: Coroutine[Any, Any, _T]) -> _T:
    """The result of some work, which is cancelled when the client goes away.

    Raises:
        HTTPException: the client has gone; nobody will read it.
    """
    working, gone = asyncio.create_task(work), asyncio.create_task(_gone(request.receive))
    try:
        await asyncio.wait({working, gone}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise HTTPException(499, "The client closed the connection.")
    finally:
        working.cancel()
        gone.cancel()
        await asyncio.wait({working, gone})


class EventStream(StreamingResponse):
    """Server-sent events. What makes them is closed when the client goes away."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncGenerator[str, None]) -> None:
        """Send what `event` made, as it comes."""
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(_never_silent(events), headers=headers)
        self._events = events

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        """Send until the end, or until nobody listens."""
        sending = asyncio.create_task(self.stream_response(send))
        gone = asyncio.create_task(_gone(receive))
        try:
            await asyncio.wait({sending, gone}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        finally:
            sending.cancel()
            gone.cancel()
            await asyncio.wait({sending, gone})
            await self._events.aclose()


def event(data: Any, name: str = "") -> str:
    """One event; `data` becomes JSON unless it is a string."""
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    return f"event: {name}\ndata: {text}\n\n" if name else f"data: {text}\n\n"


async def first_of(request: Request, stream: AsyncGenerator[_T, None]) -> AsyncGenerator[_T, None]:
    """The same stream, once its first item is there: until then, errors can have a status.

    Raises:
        HTTPException: the client has gone meanwhile.
    """
    try:
        first = await while_connected(request, _next(stream))
    except BaseException:
        await stream.aclose()
        raise

    async def whole() -> AsyncGenerator[_T, None]:
        async with aclosing(stream):
            if first is not None:
                yield first
            async for item in stream:
                yield item

    return whole()


async def _never_silent(events: AsyncIterator[str]) -> AsyncGenerator[str, None]:
    coming: asyncio.Task[str | None] | None = None
    try:
        while True:
            coming = coming or asyncio.create_task(_next(events))
            await asyncio.wait({coming}, timeout=_QUIET)
            if not coming.done():
                yield ": still at work\n\n"
                continue
            piece, coming = coming.result(), None
            if piece is None:
                return
            yield piece
    finally:
        if coming:
            coming.cancel()
            await asyncio.wait({coming})


async def _next(stream: AsyncIterator[_T]) -> _T | None:
    return await anext(stream, None)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
