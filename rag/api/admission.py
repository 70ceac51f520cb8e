"""How many are served at once, how many wait their turn, and when others are told to come back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rag.errors import ServerBusy


class Admission:
    """First come, first served. Belongs to one event loop."""

    def __init__(self, at_once: int, max_waiting: int, max_wait: float) -> None:
        """Take how many are served at once, how many wait, and for how many seconds."""
        self._free = asyncio.Semaphore(at_once)
        self._max_waiting = max_waiting
        self._max_wait = max_wait
        self.running = 0
        self.waiting = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """A turn, for as long as the `with` lasts.

        Raises:
            ServerBusy: too many wait already, or the turn did not come in time.
        """
        await self._wait()
        self.running += 1
        try:
            yield
        finally:
            self.running -= 1
            self._free.release()

    async def _wait(self) -> None:
        if self._free.locked() and self.waiting >= self._max_waiting:
            raise ServerBusy(
                f"{self.waiting} questions are waiting already, and server.max_waiting allows no "
                "more; ask again in a moment"
            )
        self.waiting += 1
        try:
            async with asyncio.timeout(self._max_wait):
                await self._free.acquire()
        except TimeoutError:
            raise ServerBusy(
                f"the turn of this question did not come within {self._max_wait:g} seconds "
                "(server.max_wait); ask again in a moment"
            ) from None
        finally:
            self.waiting -= 1
