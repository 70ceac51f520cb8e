"""Of how many "he said" and "she said" Newsdesk tells who it is.

    python evals/measure_speakers.py ARTICLES.jsonl [MORE.jsonl ...] [--show 50 [--perhaps]]

Reads the articles of JSONL files (a `text` or `body` on each line). Prints how many are told for
sure and as perhaps, and some of those with the text before them, for somebody to judge.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

from rag.load import load
from rag.notes.speakers import SpeakerNote, pronouns_speaking, speaker_notes
from rag.schema import Article
from rag.settings import Settings


def main() -> None:
    """Count, and print what there is to judge."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("articles", nargs="+", type=Path, metavar="ARTICLES.jsonl")
    parser.add_argument("--show", type=int, default=0, metavar="N", help="of those told")
    parser.add_argument("--perhaps", action="store_true", help="show those that are not sure")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    said, told = 0, list[tuple[str, SpeakerNote]]()
    settings = Settings().ingest
    for article in (one for path in given.articles for one in load(path, settings)):
        if not isinstance(article, Article):
            continue
        text = article.text
        pronouns = set(pronouns_speaking(text))
        said += len(pronouns)
        told += [(text, note) for note in speaker_notes(text) if note.start in pronouns]
    sure = sum(note.sure for _, note in told)
    print(f"of {said}, {sure} are told for sure and {len(told) - sure} as perhaps")
    told = [one for one in told if one[1].sure != given.perhaps]
    chance = random.Random(given.seed)  # noqa: S311  # a sample to read
    for text, note in chance.sample(told, min(given.show, len(told))):
        before = " ".join(text[max(0, note.start - 400) : note.end + 60].split())
        print(f"\n{note.who}\n    …{before}…")


if __name__ == "__main__":
    main()
