"""One query's two rankings, blended by score: how near a chunk is, and which words it shares.

BM25 is not scaled to its best hit. A question of many words finds more of them together, and its
words then rightly weigh more against the one vector that has to stand for all it asks. That vector
is trusted less, too, the more it has to stand for.
"""

from __future__ import annotations

from collections.abc import Sequence

Ranking = Sequence[tuple[int, float]]
"""Chunk keys with their scores in one search, best first."""

POWER, PER_COSINE = 0.8, 30.0
"""What BM25 is raised to, and how much of that is worth a cosine of one."""

ONE_THOUGHT = 12
"""Words of a query that a vector stands for well; where there are more, cosines count by the square
of the share that these are."""


def blend(
    dense: Ranking, lexical: Ranking, lexical_depth: int, words: int
) -> list[tuple[int, float]]:
    """All chunks of both rankings, best first; equal scores in the order of their keys.

    A chunk scores trust * cosine + BM25 ** `POWER` / `PER_COSINE`. One that a search did not find
    is given that search's last score, or a BM25 of 0 where less than `lexical_depth` chunks were
    found: nothing else shares a word then.

    Args:
        dense: keys with cosines.
        lexical: keys with BM25, above 0.
        lexical_depth: how many chunks the search for words was to find.
        words: how many words were searched for.
    """
    near, shared = dict(dense), dict(lexical)
    farthest = min(near.values(), default=0.0)
    fewest = min(shared.values()) if shared and len(shared) >= lexical_depth else 0.0
    trust = (ONE_THOUGHT / max(ONE_THOUGHT, words)) ** 2
    scores = {
        key: trust * near.get(key, farthest) + shared.get(key, fewest) ** POWER / PER_COSINE
        for key in near.keys() | shared.keys()
    }
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))
