"""Plants errors in true sentences of the starter corpus, and counts what the checks say to them.

    python evals/planted_errors.py [--show]

A true pair is a sentence of `corpus/` as evidence and the same in other words: clauses dropped or
moved, names, units, numbers and dates written otherwise, "on Monday" resolved by the article's
notes, answers of the starter set put in sentences. Each sentence then gets one error of each kind
that fits it: a number, date, name, country, negation or modal swapped. An error counts as flagged
where the check of its kind fails and names a word of the swap. Prints the share of errors flagged,
by kind, and the share of true sentences that are flagged, by how they were made. The choice of what
is put in is random with a fixed seed; `--show` prints what went wrong.
"""

from __future__ import annotations

import argparse
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rag.evaluate.cases import Dataset
from rag.facts import MONTHS, WEEKDAYS, facts, name_keys
from rag.load import load
from rag.notes.when import time_notes
from rag.paths import shipped
from rag.schema import Article, Note, Verdict
from rag.sentences import sentence_spans
from rag.settings import Settings
from rag.verify import Checked, check
from rag.words import stem, words

SEED = 7


@dataclass(frozen=True)
class Pair:
    """A sentence that its evidence bears out, and how it was made from it."""

    made: str
    sentence: str
    evidence: str
    notes: tuple[Note, ...] = ()
    """On the evidence, with offsets into it."""


@dataclass(frozen=True)
class Planted:
    """A true sentence with one error, the check that must fail, and the words of the swap."""

    kind: str
    check: str
    sentence: str
    swapped: str
    pair: Pair


# True pairs --------------------------------------------------------------------------------------

STATED = {
    "single-01": "The fund has agreed to buy JSR for $6.4 billion.",
    "single-03": "The fund will pay 4,350 yen for each share of JSR.",
    "single-04": "JSR bought the American company Inpria in 2021.",
    "single-05": "Tetsuro Higashi is the chairman of Rapidus.",
    "single-06": "They have invested 7.3 billion yen together.",
    "single-07": "Rapidus is to build the plant in Chitose, on Hokkaido.",
    "single-08": "Koike named plenty of water in Chitose as a reason for the choice.",
    "single-09": "Rapidus will send researchers to the Albany NanoTech Complex in New York.",
    "single-10": "MUFG Bank is a bank, one of the eight.",
    "single-11": "A part of up to 53.5 billion yen is meant for the later steps of chipmaking.",
    "single-12": "Micron Technology will invest up to 500 billion yen in Japan.",
    "single-14": "The Cyberspace Administration of China announced the decision on 21 May 2023.",
    "single-15": "About 11% of Micron's revenue in its last financial year was earned in China.",
    "single-16": "The law sets aside $52.7 billion for semiconductors.",
    "single-18": "Beijing's request for consultations has the number DS615 at the WTO.",
    "single-19": "Japan will require licences for 23 types of chipmaking tool.",
    "single-20": "Licences would be needed for the TWINSCAN NXT:2000i and what followed it.",
    "single-21": "The leaders launched a Coordination Platform on Economic Coercion on 20 May.",
    "single-23": "In Washington, Raimondo met Wang Wentao, China's commerce minister.",
    "single-24": "The EU is to promote its competitiveness and protect itself against risks.",
    "single-26": "It was 8.63 tonnes of germanium and 5.15 tonnes of gallium in July.",
    "single-27": "Liu gave the shortage of skilled workers as the reason.",
    "single-29": "The Kirin 9000s processor was made by SMIC, according to TechInsights.",
    "single-30": "The EU wants to double its share of the world market from 10% to at least 20%.",
    "single-31": "3.3 billion euros of that come from the EU budget.",
    "single-32": "On 16 February 2023, its senior officials held their first meeting by video.",
    "single-33": "The chip designers Biren and Moore Threads are on the Entity List.",
    "single-34": "28 countries and the EU signed the Bletchley Declaration on the first day.",
    "single-35": "A prohibited system can cost up to 35 million euros or 7% of world turnover.",
    "single-36": "By 523 votes to 46, the European Parliament adopted the AI Act in March 2024.",
    "single-37": "TSMC will hold about 86.5% of JASM and Toyota 2.0%.",
    "single-38": "Micron is to receive up to $6.14 billion for chip plants in New York and Idaho.",
    "single-39": "The two sides agreed to extend two chip arrangements by three years.",
    "single-40": "The A800 exchanged data at 400 gigabytes a second.",
}
"""Answers of the starter set, by case, each a sentence that the first quote of its case bears out;
`single-15` and others say it in their own order."""


def pairs() -> list[Pair]:
    """All true pairs; several of a sentence where it can be told in several ways."""
    found = [pair for article in _articles() for pair in _of(article)]
    found += [
        Pair("stated", STATED[case.id], case.evidence[0].quote)
        for case in Dataset.load("starter").cases
        if case.id in STATED
    ]
    return list(dict.fromkeys(found))


def _articles() -> list[Article]:
    given = Settings.load(environ={}).ingest
    loaded = [item for item in load(shipped("corpus"), given) if isinstance(item, Article)]
    return sorted(loaded, key=lambda article: article.article_id)


def _of(article: Article) -> Iterator[Pair]:
    days = time_notes(article.text, article.published)
    before = ""
    for start, end in sentence_spans(article.text):
        text = article.text[start:end]
        if not re.fullmatch(r"[A-Z][^\n|:;\"“]{30,260}\.", text):
            before = ""
            continue
        inside = tuple(
            Note(start=n.start - start, end=n.end - start, meaning=n.meaning)
            for n in days
            if start <= n.start and n.end <= end and n.relative
        )
        told = {made: way(text) for made, way in WAYS.items()} | {"day": _day(text, inside)}
        for number, (made, sentence) in enumerate(told.items()):
            if sentence and sentence != text:
                # every other one has the sentence before it along, as a pronoun makes it
                lead = f"{before} " if before and number % 2 else ""
                moved = tuple(
                    Note(start=n.start + len(lead), end=n.end + len(lead), meaning=n.meaning)
                    for n in inside
                )
                yield Pair(made, sentence, lead + text, moved)
        before = text


_FRONT = re.compile(r"((?:In|On|From|By|At|Since|Until|After|Before|For) [^,]{3,60}), ([^,].+)\.")
_DATE_WORDS = rf"(?:(?:{'|'.join(WEEKDAYS)}) )?\d{{1,2}} (?:{'|'.join(MONTHS)})(?: \d{{4}})?"
_BACK = re.compile(rf"(.+?) ((?:on|from|until) {_DATE_WORDS}|in (?:19|20)\d\d)\.", re.IGNORECASE)
_ASIDE = re.compile(r"([^,]+), (?:which|who|where|an?|the|at|with|whose) [^,]{5,120}, ([a-z][^,]+)")
_TAIL = re.compile(r"([^,]{25,}), (?:which|who|where|with which|in which|an?) [^,]+\.")
_ENDING = re.compile(r"(.{40,}?[a-z0-9%]) (?:so that|because|since|while|although) [^,]+\.")


def _fronted(text: str) -> str:
    found = _FRONT.fullmatch(text)
    if not found or re.search(r"\b(?:and|but)\b", found[2]):
        return ""
    return f"{_capital(found[2])} {_small(found[1])}."


def _backed(text: str) -> str:
    found = _BACK.fullmatch(text)
    if not found or "," in found[1] or re.search(r"\b(?:and|but|that)\b", found[1]):
        return ""
    return f"{_capital(found[2])}, {_lower_article(found[1])}."


def _without_aside(text: str) -> str:
    if text.count(",") != 2:
        return ""
    found = _ASIDE.fullmatch(text)
    return f"{found[1]} {found[2]}" if found else ""


def _without_tail(text: str) -> str:
    found = _TAIL.fullmatch(text)
    return f"{found[1]}." if found else ""


def _without_ending(text: str) -> str:
    found = _ENDING.fullmatch(text)
    return f"{found[1]}." if found else ""


def _respelled(text: str) -> str:
    """Names, units, numbers and dates as another writer would put them."""
    for pattern, other in _SPELLINGS:
        text = re.sub(pattern, other, text)
    return text


_SPELLINGS = (
    (r"\b[Tt]he United States\b", "the US"),
    (r"^the US\b", "The US"),
    (r"\bEuropean Union\b", "EU"),
    (r"\$(\d[\d.,]*) (billion|million)\b", r"\1 \2 dollars"),
    (r"\b(\d[\d.,]*) billion euros\b", r"€\1 billion"),
    (r"(\d)%", r"\1 percent"),
    (rf"\b(\d{{1,2}}) ({'|'.join(m.capitalize() for m in MONTHS)}) (\d{{4}})\b", r"\2 \1, \3"),
    (r"\b(two|three|four|five|eight|ten) (?=[a-z]+s\b)", lambda m: f"{_DIGITS[m[1]]} "),
)
_DIGITS = {"two": 2, "three": 3, "four": 4, "five": 5, "eight": 8, "ten": 10}


def _day(text: str, inside: tuple[Note, ...]) -> str:
    """The sentence with a weekday and the like resolved to the day that its note gives."""
    for note in inside:
        if re.fullmatch(r"\d{1,2} [A-Z][a-z]+ \d{4}", note.meaning):
            words_ = text[note.start : note.end]
            on = "on " if words_.lower().startswith("on ") else ""
            if on or text[: note.start].endswith("on "):
                return text[: note.start] + on + note.meaning + text[note.end :]
    return ""


WAYS: dict[str, Callable[[str], str]] = {
    "moved to the end": _fronted,
    "moved to the front": _backed,
    "aside dropped": _without_aside,
    "tail dropped": _without_tail,
    "ending dropped": _without_ending,
    "written otherwise": _respelled,
}


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]


def _lower_article(text: str) -> str:
    first = text.split()[0]
    return _small(text) if first in ("The", "A", "An", "Its", "It", "They", "This") else text


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


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--show", action="store_true", help="print what went wrong")
    show = parser.parse_args().show
    found = pairs()
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
