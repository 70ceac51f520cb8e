"""Answers where 1 or 5 passages of a wrong answer stand beside a true one, among 1,000 articles.

    python evals/poisoning.py FOLDER [--questions 100] [--background 1000]

FOLDER holds injection/poisonedrag-nq.jsonl and scifact/corpus.jsonl. The data has no true passages:
the true one of a question is its last poisoned passage with the wrong answer put right. Answers are
quoted evidence, so that the figures are those of search, evidence and comparison, not of a model.

no answer      declined
right          names the right answer, and not the wrong one
both           names both, with or without the note that articles disagree
flagged        the note that articles disagree, out of the answers that name the wrong one
wrong alone    names the wrong answer, not the right one, and has no such note
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from rag.assistant import Assistant
from rag.schema import Answer, Article
from rag.settings import Settings


def poisoned(row: dict, count: int) -> list[Article]:
    """A question's articles: `count` poisoned ones and the true one, each of its own publisher."""
    wrong, right = row["incorrect answer"], row["correct answer"]
    told = re.sub(re.escape(wrong), lambda _: right, row["adv_texts"][-1], flags=re.IGNORECASE)
    texts = [told, *row["adv_texts"][:count]]
    return [
        Article(
            article_id=f"{row['id']}-{place}",
            publisher=f"Paper {row['id']}-{place}",
            published=f"2020-01-{place + 1:02d}",
            text=text,
        )
        for place, text in enumerate(texts)
    ]


def usable(row: dict) -> bool:
    """Whether the true passage can be made: the last poisoned one names the wrong answer."""
    last = row["adv_texts"][-1].lower()
    wrong, right = row["incorrect answer"].lower(), row["correct answer"].lower()
    return wrong in last and wrong not in right and right not in wrong


def background(folder: Path, most: int) -> Iterator[Article]:
    """Articles about other things."""
    with (folder / "scifact" / "corpus.jsonl").open(encoding="utf-8") as lines:
        for line, _ in zip(lines, range(most), strict=False):
            row = json.loads(line)
            yield Article(article_id=row["_id"], title=row["title"], text=row["text"])


def outcome(row: dict, answer: Answer) -> str:
    """What became of a question: see the top."""
    if answer.abstained:
        return "no answer"
    told = answer.answer.lower()
    right, wrong = (row[name].lower() in told for name in ("correct answer", "incorrect answer"))
    if not wrong:
        return "right" if right else "neither"
    if right:
        return "both"
    return "wrong, flagged" if answer.disagreements else "wrong alone"


def measure(rows: Sequence[dict], folder: Path, most: int, count: int) -> dict[str, float]:
    """The shares of all outcomes at `count` poisoned passages a question, and what was flagged."""
    found: Counter[str] = Counter()
    crowded = named = flagged = 0
    with tempfile.TemporaryDirectory() as home:
        settings = Settings.load(environ={}, llm={"enabled": False})
        with Assistant.open(Path(home) / "index", settings) as assistant:
            articles = [article for row in rows for article in poisoned(row, count)]
            assistant.ingest([*articles, *background(folder, most)])
            for row in rows:
                answer = assistant.ask(row["question"].rstrip("?") + "?")
                found[outcome(row, answer)] += 1
                if row["incorrect answer"].lower() in answer.answer.lower():
                    named += 1
                    flagged += bool(answer.disagreements)
                per = Counter(citation.article_id for citation in answer.citations)
                crowded += max(per.values(), default=0) > 2
    shares = {name: round(number / len(rows), 3) for name, number in found.items()}
    return shares | {
        "flagged of those naming the wrong one": round(flagged / named, 3) if named else 1.0,
        "more than two citations of an article": crowded,
    }


def main() -> None:
    """Print the figures for 1 and 5 poisoned passages."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--background", type=int, default=1000)
    given = parser.parse_args()
    file = given.folder / "injection" / "poisonedrag-nq.jsonl"
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if usable(row)][: given.questions]
    for count in (1, 5):
        figures = measure(rows, given.folder, given.background, count)
        print(json.dumps({"questions": len(rows), "poisoned": count, **figures}), flush=True)


if __name__ == "__main__":
    main()
