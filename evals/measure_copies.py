"""Measures how well near copies are known: plants edited copies among articles and looks for them.

    python evals/measure_copies.py [MORE.jsonl ...] [--copies 300] [--seed 1]

Reads the articles of `corpus/` and of the JSONL files (a `text` on each line), edits some of them
in each of the ways below, and puts all into clusters. Prints, for each way, how many copies were
put with their original; then the pairs that were put together and should not have been; and the
time. Pairs of articles as they came count as wrong too: look at those that are listed.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections import Counter, defaultdict
from itertools import combinations
from pathlib import Path

import numpy as np

from rag.copies import clusters
from rag.load import load
from rag.paths import shipped
from rag.schema import Article
from rag.settings import Settings
from rag.signature import overlap, signature

LEAST = 60
"""Words that an article must have to be copied."""
DESK = "By our own staff, with material from the agency. "
FOOT = " Write to the desk with corrections, and read more of our reports from the region."


class Editor:
    """Edits texts as other publishers do; the same seed gives the same edits."""

    def __init__(self, vocabulary: list[str], seed: int) -> None:
        self._vocabulary = vocabulary
        self._chance = np.random.default_rng(seed)
        self.edits = {
            "equal": lambda text: text,
            "5 % of words changed": lambda text: self._reworded(text, 0.05),
            "10 % of words changed": lambda text: self._reworded(text, 0.10),
            "first two thirds": lambda text: self._first(text, 2 / 3),
            "first half": lambda text: self._first(text, 1 / 2),
            "first third": lambda text: self._first(text, 1 / 3),
            "first two thirds, 5 % changed": lambda t: self._reworded(self._first(t, 2 / 3), 0.05),
            "first half, 5 % changed": lambda t: self._reworded(self._first(t, 1 / 2), 0.05),
            "a seventh of sentences cut": self._cut,
            "other head and foot": lambda text: DESK + " ".join(text.split()[20:]) + FOOT,
        }

    def _reworded(self, text: str, share: float) -> str:
        pieces = re.split(r"(\w+)", text)
        for place in range(1, len(pieces), 2):
            if self._chance.random() < share:
                pieces[place] = str(self._chance.choice(self._vocabulary))
        return "".join(pieces)

    def _first(self, text: str, share: float) -> str:
        words = text.split(" ")
        return " ".join(words[: int(share * len(words))])

    def _cut(self, text: str) -> str:
        sentences = re.split(r"(?<=[.!?])\s+", text)
        return " ".join(one for one in sentences if self._chance.random() > 1 / 7)


def read(more: list[Path]) -> dict[str, str]:
    """The texts by name."""
    items = load(shipped("corpus"), Settings().ingest)
    texts = {item.article_id: item.text for item in items if isinstance(item, Article)}
    for path in more:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                texts[f"{path.parent.name}/{path.name}:{number}"] = json.loads(line)["text"]
    return texts


def main() -> None:
    """Plant, look, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("more", nargs="*", type=Path, help="JSONL files with a text on each line")
    parser.add_argument("--copies", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    texts = read(given.more)
    long = sorted(name for name, text in texts.items() if len(text.split()) >= LEAST)
    vocabulary = sorted({word for name in long[:300] for word in re.findall(r"\w+", texts[name])})
    editor = Editor(vocabulary, given.seed)
    ways = list(editor.edits)
    chosen = np.random.default_rng(given.seed).permutation(long)[: given.copies].tolist()
    planted = {f"copy of {name}": (name, ways[n % len(ways)]) for n, name in enumerate(chosen)}
    everything = dict(texts)
    for copy, (name, way) in planted.items():
        everything[copy] = editor.edits[way](texts[name])

    start = time.perf_counter()
    signatures = {name: signature(text) for name, text in everything.items()}
    signed = time.perf_counter()
    leaders = clusters(signatures)
    done = time.perf_counter()

    total = Counter(way for _, way in planted.values())
    found = Counter(way for copy, (name, way) in planted.items() if leaders[copy] == leaders[name])
    for way in ways:
        print(f"{way:32} {found[way]:4} of {total[way]}")
    members = defaultdict(list)
    for name, leader in leaders.items():
        members[leader].append(name)
    pairs = [pair for several in members.values() for pair in combinations(sorted(several), 2)]
    wrong = [pair for pair in pairs if len({planted.get(name, (name,))[0] for name in pair}) > 1]
    print(f"recall {found.total() / max(1, total.total()):.3f} of {total.total()} planted copies")
    print(f"precision {1 - len(wrong) / max(1, len(pairs)):.3f} of {len(pairs)} pairs put together")
    for one, other in wrong[:20]:
        print(f"  {overlap(signatures[one], signatures[other]):.2f} {one} | {other}")
    print(
        f"{len(everything)} texts: signed in {signed - start:.2f} s "
        f"({1000 * (signed - start) / len(everything):.2f} ms each), "
        f"clustered in {done - signed:.2f} s"
    )


if __name__ == "__main__":
    main()
