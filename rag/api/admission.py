"""How many are served at once, how many wait their turn, and when others are told to come back."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from rag.errors import ServerBusy

TOLD_EVERY = 1.5
"""Seconds between two looks at a place in the line; a shorter wait is not told at all."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the line: how many are before this one."""

    before: int


class Admission:
    """First come, first served. Belongs to one event loop."""

    def __init__(self, at_once: int, max_waiting: int, max_wait: float) -> None:
        """Take how many are served at once, how many wait, and for how many seconds."""
        self._at_once = at_once
        self._max_waiting = max_waiting
        self._max_wait = max_wait
        self._line: deque[asyncio.Future[None]] = deque()
        self.running = 0

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._line)

    @asynccontextmanager
    async def turn(self, tell: Callable[[Place], None] | None = None) -> AsyncIterator[None]:
        """A turn, for as long as the `with` lasts.

        `tell` is called with the place in the line when the wait gets long, and as it changes.

        Raises:
            ServerBusy: too many wait already, or the turn did not come in time.
        """
        await self._wait(tell)
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, tell: Callable[[Place], None] | None = None) -> None:
        if self.running < self._at_once:
            self.running += 1
            return
        if self.waiting >= self._max_waiting:
            raise ServerBusy(
                f"{self.waiting} questions are waiting already, and server.max_waiting allows no "
                "more; ask again in a moment"
            )
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append(turn)
        try:
            async with asyncio.timeout(self._max_wait):
                await self._come(turn, tell)
        except TimeoutError:
            self._leave(turn)
            raise ServerBusy(
                f"the turn of this question did not come within {self._max_wait:g} seconds "
                "(server.max_wait); ask again in a moment"
            ) from None
        except asyncio.CancelledError:
            self._leave(turn)
            raise

    async def _come(self, turn: asyncio.Future[None], tell: Callable[[Place], None] | None) -> None:
        place = None
        while not turn.done():
            await asyncio.wait({turn}, timeout=TOLD_EVERY)
            if tell and not turn.done() and place != (now := Place(self._line.index(turn))):
                place = now
                tell(place)

    def _leave(self, turn: asyncio.Future[None]) -> None:
        """Go out of the line; a turn that came at the last moment is the next one's."""
        if turn.done():
            self._pass_on()
        else:
            self._line.remove(turn)

    def _pass_on(self) -> None:
        if self._line:
            self._line.popleft().set_result(None)
        else:
            self.running -= 1
