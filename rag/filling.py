"""Vectors for what an ingest has written: batch by batch, and while more is still being read.

The embedder computes outside of Python, so that a second thread embeds while the first one reads,
splits and writes what comes next. Each batch is stored before the next one is embedded.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np

from rag.errors import ModelError

if TYPE_CHECKING:
    from rag.changes import Changes
    from rag.embed import Embedder
    from rag.rows import Vector

    Told = Callable[[int, int], None]
    """Takes how many texts are embedded, and of how many; 0 while nobody knows."""

WINDOW = 8
"""Batches that are sorted by length together: enough for batches of even length, which waste no
padding, and little enough to begin early."""
_QUEUED = 32
"""Windows that may wait for the second thread, some 30 MB of text; then the reader waits."""


class Filling:
    """Embeds and stores; as a context manager it takes texts that are embedded meanwhile.

    Leaving the context waits until all of them are, or after an exception only until the batch
    under way is.
    """

    def __init__(self, changes: Changes, embedder: Embedder, batch_size: int, told: Told) -> None:
        """Take the change whose `store` gets the vectors, `batch_size` of them at a time."""
        self._changes = changes
        self._embedder = embedder
        self._batch_size = batch_size
        self._told = told
        self._done = 0
        self._waiting: list[str] = []
        self._windows: deque[Future[None]] = deque()
        self._thread: ThreadPoolExecutor | None = None
        self._stopped = threading.Event()

    def __enter__(self) -> Self:
        self._thread = ThreadPoolExecutor(1, "embedding")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._thread is not None  # noqa: S101  # entered
        try:
            while self._windows and error is None:
                self._windows.popleft().result()
        except BaseException as failed:
            error = failed
            raise
        finally:
            if error is not None:
                self._stopped.set()
            self._thread.shutdown(cancel_futures=True)

    def add(self, texts: Sequence[str]) -> None:
        """Take texts that are written and committed; whole windows of them are embedded meanwhile.

        What is left of them when the context ends has no vector yet: see `finish`.

        Raises:
            ModelError: the embedder failed at earlier ones.
        """
        assert self._thread is not None  # noqa: S101  # entered
        self._waiting += texts
        size = WINDOW * self._batch_size
        while len(self._waiting) >= size:
            window, self._waiting = self._waiting[:size], self._waiting[size:]
            self._windows.append(self._thread.submit(self._fill, window, 0))
        while self._windows and (self._windows[0].done() or len(self._windows) > _QUEUED):
            self._windows.popleft().result()

    def finish(self) -> None:
        """Embed whatever is written and has no vector.

        Raises:
            ModelError: the embedder failed; what it had embedded is kept.
        """
        missing = self._changes.missing()
        total, step = self._done + len(missing), WINDOW * self._batch_size
        for first in range(0, len(missing), step):
            self._fill(self._changes.texts(missing[first : first + step]), total)
        self._told(self._done, total)

    def _fill(self, texts: Sequence[str], total: int) -> None:
        lacking = sorted(self._changes.without_vector(texts), key=len)
        for start in range(0, len(lacking), self._batch_size):
            if self._stopped.is_set():
                return
            self._told(self._done, total)
            batch = lacking[start : start + self._batch_size]
            self._changes.store(batch, self._vectors(batch))
            self._done += len(batch)

    def _vectors(self, texts: Sequence[str]) -> Vector:
        vectors: Vector = self._embedder.embed(texts)
        expected = (len(texts), self._embedder.dimensions)
        if vectors.shape != expected or not np.isfinite(vectors).all():
            raise ModelError(
                f"the embedder {self._embedder.name!r} gave vectors of shape {vectors.shape} or "
                "with numbers that are not finite; choose another embedder.model"
            )
        return vectors
