"""A passage narrowed to the run of its sentences that bears on the query; still an exact range.

Chunks are as long as the embedder needs to tell what they are about, and longer than what answers.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate
from typing import NamedTuple

from rag.schema import Passage
from rag.sentences import sentence_spans
from rag.words import content_stems, stems

WHOLE = 1
"""The best passages are left whole: they are read most, and are right most often."""

LEAST = (0.5, 0.3, 0.2)
"""The least share of the characters that is kept of the passages behind them; the last of these
holds for all that follow."""

COST = 0.55
"""What keeping all characters costs, where 1 is what it brings to keep every word of the query."""


class _Sentence(NamedTuple):
    start: int
    end: int
    held: frozenset[str]
    """The stems of the query that it holds."""


def narrow(query: str, passage: Passage) -> Passage:
    """The passage with the run of sentences that bears most on the query, and the notes on it."""
    first, last = run(query, passage.text, passage.rank)
    start, end = passage.start + first, passage.start + last
    return replace(
        passage,
        start=start,
        end=end,
        text=passage.text[first:last],
        notes=tuple(note for note in passage.notes if start <= note.start and note.end <= end),
    )


def run(query: str, text: str, rank: int) -> tuple[int, int]:
    """The range of `text` to keep for a query, from the start of a sentence to the end of one.

    A run of sentences is worth the weight of the query's words that it holds, half of it once and
    half of it in each sentence, less what its length costs. The longest of the best runs is kept.

    Args:
        query: what was searched for.
        text: of the passage.
        rank: its place among the passages found, from 1.

    Returns:
        All of `text` where it is among the best, or one sentence, or shares no word.
    """
    whole = (0, len(text))
    wanted = content_stems(query)
    if rank <= WHOLE or not wanted:
        return whole
    sentences = [
        _Sentence(start, end, stems(text[start:end]) & wanted.keys())
        for start, end in sentence_spans(text)
    ]
    if len(sentences) < 2 or not any(one.held for one in sentences):
        return whole
    return _best(sentences, wanted, LEAST[min(rank - WHOLE, len(LEAST)) - 1] * len(text), len(text))


def _best(
    sentences: list[_Sentence], wanted: dict[str, float], least: float, length: int
) -> tuple[int, int]:
    total = sum(wanted.values())
    own = [sum(wanted[stem] for stem in one.held) / total for one in sentences]
    sums = [0.0, *accumulate(own)]
    runs = []
    for first, opening in enumerate(sentences):
        held: frozenset[str] = frozenset()
        for last in range(first, len(sentences)):
            held |= sentences[last].held
            size = sentences[last].end - opening.start
            once = sum(wanted[stem] for stem in held) / total
            worth = (once + sums[last + 1] - sums[first]) / 2 - COST * size / length
            if size >= least:
                runs.append((worth, size, -first, (opening.start, sentences[last].end)))
    return max(runs, default=(0.0, 0, 0, (0, length)))[-1]
