"""Plants errors in true sentences of the starter corpus, and counts what the checks say to them.

    python evals/planted_errors.py [--show] [--articles MULTIHOP-RAG/corpus.jsonl]

A true pair is a sentence of `corpus/` as evidence and the same in other words (`true_pairs.py`).
Each sentence then gets one error of each kind that fits it: a number, date, name, country, negation
or modal swapped. An error counts as flagged where the check of its kind fails and names a word of
the swap. Prints the share of errors flagged, by kind, and the share of true sentences that are
flagged, by how they were made. The choice of what is put in is random with a fixed seed; `--show`
prints what went wrong, `--articles` takes other articles (MultiHop-RAG's, one JSON object a line).
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from true_pairs import Pair, pairs

from rag.facts import MONTHS, WEEKDAYS, facts, name_keys
from rag.schema import Article, Verdict
from rag.verify import Checked, check
from rag.words import stem, words

SEED = 7


@dataclass(frozen=True)
class Planted:
    """A true sentence with one error, the check that must fail, and the words of the swap."""

    kind: str
    check: str
    sentence: str
    swapped: str
    pair: Pair


# Errors ------------------------------------------------------------------------------------------

COUNTRIES = "Japan China Germany France Taiwan India Italy Spain Canada Brazil Vietnam".split()
ADJECTIVES = "Japanese Chinese German French Taiwanese Indian Italian Dutch American".split()
NAMES = (
    "Samsung", "Micron", "Nvidia", "Bosch", "Siemens", "Fujitsu", "Toyota", "Huawei", "Kioxia",
    "Mark Liu", "Gina Raimondo", "Eric Johnson", "Joe Biden", "Fumio Kishida", "Magdeburg",
    "Hiroshima", "Arizona", "Kumamoto", "Tokyo Electron", "Infineon", "Renesas",
)  # fmt: skip


def planted(found: list[Pair]) -> list[Planted]:
    """One error of each kind for each pair that has a place for it."""
    chance = random.Random(SEED)  # noqa: S311  # a choice of words, no secret
    made = []
    for pair in found:
        for kind, (checked, plant) in KINDS.items():
            if result := plant(pair, chance):
                sentence, swapped = result
                made.append(Planted(kind, checked, sentence, swapped, pair))
    return made


def _number(pair: Pair, chance: random.Random) -> tuple[str, str] | None:
    found = [n for n in facts(pair.sentence).numbers if n.words[:1].isdigit() or "$" in n.words]
    if not found:
        return None
    written = chance.choice(found).words
    value = re.search(r"\d[\d.,]*", written)
    assert value  # noqa: S101  # it was chosen for its digit
    plain = float(value.group().rstrip(".,").replace(",", ""))
    other = f"{plain * chance.choice((0.5, 2, 3, 10)) + 1:,.10g}"
    new = written.replace(value.group().rstrip(".,"), other)
    return _swap(pair.sentence, written, new)


def _date(pair: Pair, chance: random.Random) -> tuple[str, str] | None:
    found = facts(pair.sentence).dates
    if not found:
        return None
    when = chance.choice(found)
    new = when.words
    if when.year:
        new = new.replace(str(when.year), str(when.year + chance.choice((-2, -1, 1, 2))))
    elif when.month:
        month = MONTHS[when.month - 1].capitalize()
        new = new.replace(month, MONTHS[(when.month + 2) % 12].capitalize())
    elif when.weekday is not None:
        new = WEEKDAYS[(when.weekday + 3) % 7].capitalize()
    return _swap(pair.sentence, when.words, new)


def _name(pair: Pair, chance: random.Random) -> tuple[str, str] | None:
    known = name_keys(pair.evidence)
    found = [n for n in facts(pair.sentence).names if n.words in pair.sentence]
    found = [n for n in found if not set(n.words.split()) & {*COUNTRIES, *ADJECTIVES, "US", "EU"}]
    fitting = [name for name in NAMES if not name_keys(name) & known]
    if not found:
        return None
    return _swap(pair.sentence, chance.choice(found).words, chance.choice(fitting))


def _country(pair: Pair, chance: random.Random) -> tuple[str, str] | None:
    known = name_keys(pair.evidence)
    for listed in (COUNTRIES, ADJECTIVES):
        here = [name for name in listed if re.search(rf"\b{name}\b", pair.sentence)]
        if here:
            other = [name for name in listed if not name_keys(name) & known]
            return _swap(pair.sentence, chance.choice(here), chance.choice(other))
    return None


_AUXILIARY = r"\b(is|are|was|were|has|have|had|will|would|can|could|must|should|may)\b"


def _negation(pair: Pair, chance: random.Random) -> tuple[str, str] | None:
    text = pair.sentence
    if re.search(r"\b(?:(?:did|does|do) not|no|nor|neither|never|none|nobody)\b", text, re.I):
        return None
    lost = re.search(rf"{_AUXILIARY} not (\w+)", text)
    if lost:
        return text.replace(lost.group(), f"{lost[1]} {lost[2]}", 1), f"not {lost[2]}"
    found = list(re.finditer(rf"{_AUXILIARY} (\w+)", text))
    if not found:
        return None
    at = chance.choice(found)
    following = text[at.end(1) :].split()
    return f"{text[: at.end(1)]} not{text[at.end(1) :]}", " ".join(["not", *following[:7]])


_MODAL = (
    (r"\bwill be\b", "has been"),
    (r"\bwill (\w+)\b", r"may \1"),
    (r"\bmay (\w+)\b", r"will \1"),
    (r"\bplans? to (\w+)\b", r"has begun to \1"),
    (r"\bis to (\w+)\b", r"might \1"),
    (r"\b(?:is|was|are|were) (\w+ed)\b", r"may be \1"),
    (r"\b(?:has|have) (\w+ed)\b", r"may have \1"),
    (r"\b(?:is|are|was|were) (?!to\b)(\w+)\b", r"could be \1"),
)


def _modal(pair: Pair, chance: random.Random) -> tuple[str, str] | None:
    del chance
    for pattern, other in _MODAL:
        if found := re.search(pattern, pair.sentence):
            new = found.expand(other)
            rest = " ".join(pair.sentence[found.end() :].split()[:3])
            return pair.sentence.replace(found.group(), new, 1), f"{found.group()} {new} {rest}"
    return None


def _swap(text: str, old: str, new: str) -> tuple[str, str] | None:
    changed = re.sub(rf"(?<![\w.,]){re.escape(old)}(?![\w])", lambda _: new, text, count=1)
    return (changed, new) if changed != text else None


KINDS: dict[str, tuple[str, Callable[[Pair, random.Random], tuple[str, str] | None]]] = {
    "number": ("number", _number),
    "date": ("date", _date),
    "name": ("name", _name),
    "country": ("name", _country),
    "negation": ("negation", _negation),
    "modal": ("modality", _modal),
}


# Judging -----------------------------------------------------------------------------------------


def flagged(checked: Checked) -> bool:
    """Whether a sentence so checked would not be shown."""
    return checked.verdict not in (Verdict.SUPPORTED, Verdict.QUOTED)


def caught(error: Planted) -> bool:
    """Whether the check of its kind fails and names a word of the swap."""
    checked = judge(error.pair, error.sentence)
    swapped = {stem(word) for word in words(error.swapped)}
    named = {
        stem(word)
        for failure in checked.failed
        if failure.check == error.check
        for written in failure.words
        for word in words(written)
    }
    return flagged(checked) and bool(swapped & named)


def judge(pair: Pair, sentence: str) -> Checked:
    """What the checks say to a sentence held against a pair's evidence."""
    return check(sentence, pair.evidence, meanings=[note.meaning for note in pair.notes])


def articles(path: Path) -> list[Article]:
    """The articles of a file, one JSON object a line."""
    lines = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return [
        Article(
            article_id=line["_id"],
            text=line["text"],
            published=(line.get("metadata") or line).get("published"),
        )
        for line in lines
    ]


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--show", action="store_true", help="print what went wrong")
    parser.add_argument("--articles", type=Path, help="MultiHop-RAG's corpus.jsonl")
    given = parser.parse_args()
    show = given.show
    found = pairs(articles(given.articles) if given.articles else ())
    alarms: dict[str, list[bool]] = defaultdict(list)
    for pair in found:
        checked = judge(pair, pair.sentence)
        alarms[pair.made].append(flagged(checked))
        if show and flagged(checked):
            print(
                f"FALSE ALARM {pair.made}: {checked.failed}\n  {pair.sentence}\n  {pair.evidence}"
            )
    hits: dict[str, list[bool]] = defaultdict(list)
    for error in planted(found):
        hits[error.kind].append(caught(error))
        if show and not hits[error.kind][-1]:
            failed = judge(error.pair, error.sentence).failed
            print(f"MISSED {error.kind}: {failed}\n  {error.sentence}\n  {error.pair.evidence}")
    _table("true sentences", "flagged", alarms)
    _table("planted errors", "flagged, with the right reason", hits)


def _table(of: str, what: str, groups: dict[str, list[bool]]) -> None:
    print(f"\n{of:20} {'n':>5}  {what}")
    every = [value for group in groups.values() for value in group]
    for name, group in [*groups.items(), ("all", every)]:
        print(f"{name:20} {len(group):5}  {sum(group) / len(group):.3f}")


if __name__ == "__main__":
    main()
