"""A bound on what an endpoint may send: a line without an end would fill the memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import httpx


class BoundedStream(httpx.AsyncByteStream):
    """The bytes of an answer, up to a number of them; more are nonsense.

    Raises:
        ValueError: while it is read, once there were more than `most` bytes.
    """

    def __init__(self, stream: httpx.AsyncByteStream, most: int) -> None:
        """Take the stream as it comes from the connection."""
        self._stream = stream
        self._most = most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The same pieces."""
        left = self._most
        async for piece in self._stream:
            left -= len(piece)
            if left < 0:
                raise ValueError(f"more than {self._most} bytes")
            yield piece

    async def aclose(self) -> None:
        """Close the connection's own."""
        await self._stream.aclose()


def bounded(most: int) -> Callable[[httpx.Response], Awaitable[None]]:
    """A response hook of `httpx.AsyncClient` that lets through at most so many bytes."""

    async def bound(response: httpx.Response) -> None:
        if isinstance(response.stream, httpx.AsyncByteStream):
            response.stream = BoundedStream(response.stream, most)

    return bound
