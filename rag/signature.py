"""A text's signature: by which another text is known as its copy, without keeping either.

It holds the smallest hashes of the text's runs of four words (a bottom-k MinHash). From two of
them one reads how much of the shorter text the longer one holds, so a trimmed copy is known too.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint32]

RUN = 4
"""Words in a run. One word changed in twenty leaves 0.95 ** 4 = 81 % of them."""
KEPT = 128
"""Hashes kept of a text: 512 bytes, and a standard error of 0.035 for texts of one length."""
SHORT = 40
"""Words below which a text is a copy only of its equal."""
ENOUGH = 12
"""Hashes below which nothing is said of a pair."""

_FIGURE = np.uint32(1)
"""The bit of a hash that tells whether its run has a figure in it."""
_ALONE = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # kana, Chinese characters
)
_WORD = re.compile(rf"[{_ALONE}]|[^\W_{_ALONE}]+")
"""A word; in scripts that put no spaces between words, one character."""


def signature(text: str) -> bytes:
    """What `clusters` needs of a text: at most 524 bytes, the same for the same words.

    Case, punctuation and spacing do not count. A text without words has a signature too, and is
    nobody's copy.
    """
    found = _WORD.findall(unicodedata.normalize("NFKC", text).casefold())
    if len(found) < SHORT:
        whole = blake2b(" ".join(found).encode(), digest_size=16).digest() if found else b""
        return _sealed(0, whole)
    hashes = np.unique(_hashed(_runs(found)) & ~_FIGURE | _runs_with_figures(found))
    return _sealed(len(hashes), hashes[:KEPT].astype("<u4").tobytes())


def current(stored: bytes | None) -> bool:
    """Whether a stored signature is whole and of the kind that `signature` makes now."""
    return (
        stored is not None
        and len(stored) >= 12
        and stored[:4] == _kind()
        and stored[4:8] == _checksum(stored[8:])
    )


def overlap(first: bytes, second: bytes) -> float:
    """The share of the shorter text's runs that the other text holds, 0 to 1, estimated.

    Short texts share 1.0 with their equal and 0.0 with any other; texts without words share 0.0.
    """
    if first[8:] == second[8:]:
        return float(len(first) > 12)
    one, other = Sketch.of(first), Sketch.of(second)
    return share(one, other) if one.size and other.size else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Sketch:
    """A signature read."""

    size: int
    """How many distinct runs the text has; 0 for short texts."""
    hashes: Hashes
    """The smallest of their hashes, ascending."""
    bound: int
    """Up to which all hashes of the text are here."""

    @classmethod
    def of(cls, stored: bytes) -> Sketch:
        """What a signature says that is `current`."""
        size = int.from_bytes(stored[8:12], "little")
        hashes = np.frombuffer(stored[12:], dtype="<u4") if size else np.empty(0, "<u4")
        bound = int(hashes[-1]) if size > KEPT else 2**32 - 1
        return cls(size, hashes.astype(np.uint32, copy=False), bound)


def share(one: Sketch, other: Sketch, unknown: float = 0.0) -> float:
    """What two texts share, read off the hashes that both would have; else `unknown`."""
    bound = min(one.bound, other.bound)
    held = min(int(np.searchsorted(s.hashes, bound, "right")) for s in (one, other))
    if held < ENOUGH:
        return unknown
    return len(np.intersect1d(one.hashes, other.hashes, assume_unique=True)) / held


def figures_shared(one: Sketch, other: Sketch) -> float:
    """What they share of the runs with a figure in them; 1.0 where such runs are few or none."""
    ones, others = (
        replace(sketch, hashes=sketch.hashes[sketch.hashes & _FIGURE > 0])
        for sketch in (one, other)
    )
    return share(ones, others, unknown=1.0)


def _runs(words: Sequence[str]) -> list[str]:
    return [" ".join(run) for run in zip(*(words[n:] for n in range(RUN)), strict=False)]


def _runs_with_figures(words: Sequence[str]) -> Hashes:
    """For each run, `_FIGURE` or 0."""
    figures = np.array([not word.isalpha() for word in words], dtype=np.uint32)
    flags: Hashes = np.lib.stride_tricks.sliding_window_view(figures, RUN).max(axis=1)
    return flags


def _hashed(runs: Sequence[str]) -> Hashes:
    """The 32-bit hashes of some texts, in their order."""
    from rensa import RMinHash

    (hashes,) = RMinHash.hash_token_sets([runs])
    return np.array(hashes, dtype=np.uint64).astype(np.uint32)


@cache
def _kind() -> bytes:
    """Differs where signatures cannot be compared: other sizes, or the library hashes anew."""
    return _hashed([f"signature 1: {RUN} {KEPT} {SHORT}"]).tobytes()


def _sealed(size: int, kept: bytes) -> bytes:
    body = size.to_bytes(4, "little") + kept
    return _kind() + _checksum(body) + body


def _checksum(body: bytes) -> bytes:
    return zlib.crc32(body).to_bytes(4, "little")
