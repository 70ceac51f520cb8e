"""How many are served at once, how many wait their turn, and when others are told to come back."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from rag.errors import ServerBusy

TOLD_EVERY = 1.5
"""Seconds between two looks at a place in the line; a shorter wait is not told at all."""

MEASURED = 4
"""Turns in a row that came to waiting questions, from which their pace is believed."""
DOUBT = 1.5
"""How many times as long as it may a question would have to wait, by the pace, to be sent away."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the line: how many are before this one."""

    before: int


class _Pace:
    """How fast turns come to those who wait."""

    def __init__(self) -> None:
        self._first = self._last = 0.0
        self._turns = 0

    def turn(self) -> None:
        """One came to a waiting question."""
        self._last = time.monotonic()
        if not self._turns:
            self._first = self._last
        self._turns += 1

    def rest(self) -> None:
        """Nobody waits: the next crowd is measured anew."""
        self._turns = 0

    @property
    def seconds(self) -> float:
        """From one turn to the next; 0 while it is not known."""
        known = self._turns > MEASURED
        return (self._last - self._first) / (self._turns - 1) if known else 0.0


class Admission:
    """First come, first served. Belongs to one event loop.

    Who will not get a turn in time, by the pace at which they come, is told so and does not wait.
    """

    def __init__(self, at_once: int, max_waiting: int, max_wait: float) -> None:
        """Take how many are served at once, how many wait, and for how many seconds."""
        self._at_once = at_once
        self._max_waiting = max_waiting
        self._max_wait = max_wait
        self._line: deque[asyncio.Future[None]] = deque()
        self._pace = _Pace()
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
        if self._too_late(self.waiting, self._max_wait):
            raise self._busy(self.waiting)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append(turn)
        try:
            await self._come(turn, tell)
        except (ServerBusy, asyncio.CancelledError):
            self._leave(turn)
            raise

    async def _come(self, turn: asyncio.Future[None], tell: Callable[[Place], None] | None) -> None:
        until, told = time.monotonic() + self._max_wait, None
        while not turn.done():
            left = until - time.monotonic()
            await asyncio.wait({turn}, timeout=min(TOLD_EVERY, max(0.0, left)))
            if turn.done():
                return
            place = Place(self._line.index(turn))
            if self._too_late(place.before, until - time.monotonic()):
                raise self._busy(place.before)
            if tell and place != told:
                told = place
                tell(place)

    def _too_late(self, before: int, left: float) -> bool:
        return left <= 0 or (before + 1) * self._pace.seconds > DOUBT * left

    def _busy(self, before: int) -> ServerBusy:
        return ServerBusy(
            f"{before} questions are before this one, and its turn does not come within "
            f"{self._max_wait:g} seconds (server.max_wait); ask again in a moment"
        )

    def _leave(self, turn: asyncio.Future[None]) -> None:
        """Go out of the line; a turn that came at the last moment is the next one's."""
        if turn.done():
            self._pass_on()
        else:
            self._line.remove(turn)

    def _pass_on(self) -> None:
        if self._line:
            self._pace.turn()
            self._line.popleft().set_result(None)
        else:
            self._pace.rest()
            self.running -= 1
