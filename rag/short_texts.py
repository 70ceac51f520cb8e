"""Work on short texts that is done once: the same sentences are looked at by question and check."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

LONGEST = 2_000
"""Characters: a passage, not an article. Longer texts are worked on each time, and not kept."""

_T = TypeVar("_T")


def kept_for_short_texts(most: int) -> Callable[[Callable[[str], _T]], Callable[[str], _T]]:
    """Keep what a function makes of the `most` short texts used last; it must not be changed."""

    def keeping(work: Callable[[str], _T]) -> Callable[[str], _T]:
        known = lru_cache(maxsize=most)(work)

        @wraps(work)
        def of(text: str) -> _T:
            return known(text) if len(text) <= LONGEST else work(text)

        return of

    return keeping
