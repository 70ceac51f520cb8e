"""Sentences of the starter corpus in other words, each with the text that bears it out.

Clauses dropped or moved, names, units, numbers and dates written otherwise, "on Monday" resolved by
the article's notes, answers of the starter set put in sentences.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from rag.attribution import CUES
from rag.evaluate.cases import Dataset
from rag.facts import MONTHS, WEEKDAYS
from rag.load import load
from rag.notes.when import time_notes
from rag.paths import shipped
from rag.schema import Article, Note
from rag.sentences import sentence_spans
from rag.settings import Settings


@dataclass(frozen=True)
class Pair:
    """A sentence that its evidence bears out, and how it was made from it."""

    made: str
    sentence: str
    evidence: str
    notes: tuple[Note, ...] = ()
    """On the evidence, with offsets into it."""


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
    "single-19": "Nishimura said that Japan will require licences for 23 types of chipmaking tool.",
    "single-20": "It said that licences would be needed for the TWINSCAN NXT:2000i.",
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
    "single-38": "Joe Biden said Micron is to receive up to $6.14 billion for plants in Idaho.",
    "single-39": "The two sides agreed to extend two chip arrangements by three years.",
    "single-40": "The A800 exchanged data at 400 gigabytes a second.",
}
"""Answers of the starter set, by case, each a sentence that the first quote of its case bears out;
`single-15` and others say it in their own order."""


def pairs(articles: Iterable[Article] = ()) -> list[Pair]:
    """True pairs of these articles, or else of the starter corpus, with its answers.

    There are several of a sentence where it can be told in several ways.
    """
    if given := [pair for article in articles for pair in _of(article)]:
        return list(dict.fromkeys(given))
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
    if not found or CUES.search(text[found.end(1) :]):
        return ""
    return f"{found[1]}."


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
