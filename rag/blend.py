"""One query's two rankings, blended by score: how near a chunk is, and which words it shares.

BM25 is not scaled to its best hit. A question of many words finds more of them together, and its
words then rightly weigh more against the one vector that has to stand for all it asks.
"""

from __future__ import annotations

from collections.abc import Sequence

Ranking = Sequence[tuple[int, float]]
"""Chunk keys with their scores in one search, best first."""

BM25_PER_COSINE = 60.0
"""How much BM25 is worth a cosine of one. Less is better for long questions, more for short ones;
docs/decisions.md has the figures."""


def blend(dense: Ranking, lexical: Ranking, lexical_depth: int) -> list[tuple[int, float]]:
    """All chunks of both rankings, best first; equal scores in the order of their keys.

    A chunk scores cosine + BM25 / `BM25_PER_COSINE`. One that a search did not find is given
    that search's last score, or a BM25 of 0 where less than `lexical_depth` chunks were found:
    nothing else shares a word then.

    Args:
        dense: keys with cosines.
        lexical: keys with BM25, above 0.
        lexical_depth: how many chunks the search for words was to find.
    """
    near, words = dict(dense), dict(lexical)
    farthest = min(near.values(), default=0.0)
    fewest = min(words.values()) if words and len(words) >= lexical_depth else 0.0
    scores = {
        key: near.get(key, farthest) + words.get(key, fewest) / BM25_PER_COSINE
        for key in near.keys() | words.keys()
    }
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))
