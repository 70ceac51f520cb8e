"""Near copies: which articles are one story, run again trimmed, retitled or lightly edited.

An independent report of the same event shares names and quotes with another one, which is far
below what makes a copy.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from rag.schema import Citation
from rag.signature import ENOUGH, Hashes, Sketch, current, figures_shared, share, signature

__all__ = ["age", "clusters", "independent", "signature"]

Places = npt.NDArray[np.int64]

COPIED = 0.5
"""Share of the shorter text's runs that the other one holds, from which the two are copies."""
FIGURES = 0.4
"""The same for the runs with a figure in them: a text with other figures says something else."""
TRIMMED = 4
"""A copy has at least this part (a fourth) of the other's length; less is a quotation."""
STRANGERS = 0.2
"""Texts that share less are never put together by a third one that holds parts of both."""
REPEATED = 5
"""Articles of one publisher in which a run stands when it is taken for a standing line ..."""
REPEATED_SHARE = 0.05
"""... or this share of its articles, where that is more."""

_LOOKED_AT = 16
"""Members of a growing cluster that a new one is held against."""


def clusters(
    signatures: Mapping[str, bytes],
    published: Mapping[str, str | None] | None = None,
    publishers: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Each article with the leader of its cluster; one without copies leads itself.

    Leader is the earliest published, unknown dates last, then the smallest id. The order in which
    articles are given does not matter.

    Args:
        signatures: by article id; one that is not `current` belongs to nobody.
        published: ISO 8601 dates by article id.
        publishers: by article id. What stands in many articles of one publisher (a footer, a
            template) makes no copies; without a publisher nothing is known to be repeated.
    """
    when, ids = published or {}, sorted(signatures)
    readable = [name for name in ids if current(signatures[name])]
    sketches = [Sketch.of(signatures[name]) for name in readable]
    told = _without_repeated(sketches, [(publishers or {}).get(name, "") for name in readable])
    edges = [*_equal([signatures[name] for name in readable]), *_copied(told)]
    leaders = {name: name for name in ids}
    for group in _grouped(edges, told):
        names = [readable[place] for place in group]
        leaders |= dict.fromkeys(names, min(names, key=lambda name: age(name, when.get(name))))
    return leaders


def age(article_id: str, published: str | None) -> tuple[bool, datetime, str]:
    """Sorts articles by publication, unknown dates last, then by id. Days begin at 0:00 UTC."""
    moment = datetime.max
    if published:
        try:
            moment = datetime.fromisoformat(published)
        except ValueError:
            moment = datetime.fromisoformat(published[:10])
    return not published, moment if moment.tzinfo else moment.replace(tzinfo=UTC), article_id


def independent(citations: Iterable[Citation]) -> int:
    """How many sources they come from that do not copy one another."""
    clusters_of = (
        [citation.article_id, *(copy.article_id for copy in citation.also_in)]
        for citation in citations
    )
    return len({min(cluster) for cluster in clusters_of})


def _without_repeated(sketches: Sequence[Sketch], publishers: Sequence[str]) -> list[Sketch]:
    """The sketches without what their publisher says again and again."""
    ours: defaultdict[str, list[int]] = defaultdict(list)
    for place, publisher in enumerate(publishers):
        if publisher.strip() and sketches[place].size:
            ours[publisher.strip().casefold()].append(place)
    told = list(sketches)
    for places in ours.values():
        least = max(REPEATED, REPEATED_SHARE * len(places))
        if len(places) < least:
            continue
        own = [sketches[place].hashes for place in places]
        _, which, counts = np.unique(np.concatenate(own), return_inverse=True, return_counts=True)
        rare = np.split(counts[which] < least, np.cumsum([len(hashes) for hashes in own])[:-1])
        for place, mask in zip(places, rare, strict=True):
            if not mask.all():
                told[place] = replace(sketches[place], hashes=sketches[place].hashes[mask])
    return told


_Edge = tuple[float, int, int]
"""What two texts share, and their places; the strongest are joined first."""


def _equal(signatures: Sequence[bytes]) -> Iterator[_Edge]:
    """Equal texts, told to be stronger than any estimate."""
    last: dict[bytes, int] = {}
    for place, stored in enumerate(signatures):
        if stored[8:] in last and len(stored) > 12:
            yield 2.0, last[stored[8:]], place
        last[stored[8:]] = place


def _copied(sketches: Sequence[Sketch]) -> Iterator[_Edge]:
    for one, other in _candidates(sketches):
        sizes = sorted((sketches[one].size, sketches[other].size))
        shared = share(sketches[one], sketches[other])
        if (
            shared >= COPIED
            and sizes[0] * TRIMMED >= sizes[1]
            and figures_shared(sketches[one], sketches[other]) >= FIGURES
        ):
            yield shared, one, other


def _candidates(sketches: Sequence[Sketch]) -> list[tuple[int, int]]:
    """Pairs that share several hashes.

    Of the texts that share one hash, each is paired with the longest and the two before it, so
    that a phrase of thousands of texts costs thousands of pairs and not millions.
    """
    order = sorted(range(len(sketches)), key=lambda place: -sketches[place].size)
    hashes, owners = _shared([sketches[place].hashes for place in order])
    new = np.flatnonzero(np.diff(hashes, prepend=-1))
    firsts = np.repeat(new, np.diff(new, append=len(hashes)))
    places = np.arange(len(hashes))
    pairs = [
        owners[partners[linked]] << 32 | owners[linked]
        for partners in (firsts, places - 1, places - 2)
        for linked in [np.flatnonzero((partners >= firsts) & (places > firsts))]
    ]
    codes, counts = np.unique(np.concatenate(pairs), return_counts=True)
    chosen = codes[counts >= ENOUGH // 2]
    ones, others = (chosen >> 32).tolist(), (chosen & 0xFFFFFFFF).tolist()
    return [(order[one], order[other]) for one, other in zip(ones, others, strict=True)]


def _shared(hashes: Sequence[Hashes]) -> tuple[Places, Places]:
    """The hashes that several texts have, ascending, each with the place of each such text."""
    if not any(map(len, hashes)):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    owners = np.repeat(np.arange(len(hashes), dtype=np.uint64), [len(own) for own in hashes])
    held = np.concatenate(hashes).astype(np.uint64) << np.uint64(32) | owners
    held.sort()
    again = (held[1:] ^ held[:-1]) < np.uint64(2**32)
    held = held[np.append(again, False) | np.append(False, again)]
    mask = np.uint64(2**32 - 1)
    return (held >> np.uint64(32)).astype(np.int64), (held & mask).astype(np.int64)


def _grouped(edges: Iterable[_Edge], sketches: Sequence[Sketch]) -> list[list[int]]:
    """The groups that the edges make, strongest first; strangers are not put together."""
    groups: dict[int, list[int]] = {}
    for _, one, other in sorted((-part, min(a, b), max(a, b)) for part, a, b in edges):
        first, second = groups.setdefault(one, [one]), groups.setdefault(other, [other])
        if first is second or _strangers(first, second, sketches):
            continue
        first.extend(second)
        groups |= dict.fromkeys(second, first)
    return list({id(group): group for group in groups.values()}.values())


def _strangers(one: Sequence[int], other: Sequence[int], sketches: Sequence[Sketch]) -> bool:
    return any(
        share(sketches[a], sketches[b], unknown=1.0) < STRANGERS
        for a in one[:_LOOKED_AT]
        for b in other[:_LOOKED_AT]
    )
