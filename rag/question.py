"""What a question asks for, by rules: the kind of answer, and what a follow-up leans on."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.facts import CURRENCIES, Facts, facts, name_key, name_keys
from rag.schema import Turn
from rag.words import content_stems, stem, stems, words

NUMBER, DATE, NAME, OTHER = "number", "date", "name", "other"
BEHIND = " – "
"""Stands between an earlier question, or its subject, and what is asked about it."""

_WHICH = r"\b(?:what|which)(?: (?:is|was|are|were) the)?"
_GIVE = (
    r"(?:^|(?<=[.?!;:] ))\W*(?:compare|give|name|list|state)(?: me)?(?: both| each| all)?(?: the)?"
)
_IS_THE = r"^\W*(?:is|are|was|were) the"
_PERSON = (
    r"(?:person|people|minister|president|chancellor|king|queen|senator|commissioner|executive"
    r"|chair(?:man|woman)|author|writer|singer|actor|actress|artist|composer|scientist|inventor)s?"
)
_COUNTRY = (
    r"(?:countr(?:y|ies)|cit(?:y|ies)|(?:town|state|place|region|prefecture|province|county"
    r"|district|island|nation)s?)"
)
_ORGANISATION = (
    r"(?:compan(?:y|ies)|agenc(?:y|ies)|authorit(?:y|ies)|ministr(?:y|ies)|universit(?:y|ies)"
    r"|part(?:y|ies)|(?:firm|group|organi[sz]ation|government|partner|(?:chip)?maker|regulator"
    r"|department|court|bank|institute|college|club|newspaper|publisher|supplier|manufacturer"
    r"|investor)s?)"
)
_KINDS = (
    (
        NUMBER,
        r"\bhow (?:many|much|large|big|long|old|far|high|tall|fast|often|few|expensive)\b"
        rf"|(?:{_WHICH}|{_GIVE}|{_IS_THE}) (?:\w+ )?(?:percent(?:age)?|share|shareholding|stake"
        r"|number|amount|proportion|price|sum|value|cost|budget|size|figure|total|threshold|limit"
        r"|population|length|height|width|depth|weight|speed|temperature|rate|distance)s?\b"
        r"|\bwhat\b.{1,40}\bworth\b",
    ),
    (
        DATE,
        rf"\bwhen\b|(?:{_WHICH}|{_GIVE}) (?:year|date|day|month|decade|century|time|quarter)s?\b",
    ),
    (
        NAME,
        r"\bwho\b|\bwhom\b|\bwhose\b|\bwhere\b"
        rf"|{_WHICH} (?:\w+ ){{0,2}}(?:{_PERSON}|{_COUNTRY}|{_ORGANISATION}|name of)\b",
    ),
)
_SEVERAL = re.compile(
    r"\b(?:compare[ds]?|comparison|versus|vs\.?|differ(?:s|ed|ence|ences|ent)?|both|respectively"
    r"|each|list|(?:which|what) (?!(?:was|is|has|does)\b)(?:(?!did|do|are|were|had|have)\w+ ){0,2}"
    r"\w*[^\Wsiu]s(?<!\bhas)(?<!\bdoes)(?<!\bwas)|what are|who are"
    r"|and (?:who|what|when|where|how|which)"
    r"|change[ds]?|evolve[ds]?|between .+ and"
    r"|ha(?:s|ve) .{1,80} (?:grown|risen|fallen|widened|shifted|been (?:raised|cut|extended))"
    r"|over (?:time|the (?:years|months))|(?:happened|come) .{0,60}(?:since|after))\b",
    re.IGNORECASE,
)
_TASK = re.compile(
    r"(?:^|(?<=[.?!;:] ))\W*(?:please )?(?:compare|contrast|name|list|give|state|describe|explain"
    r"|show|summari[sz]e|outline|identify)\b(?: me\b)?(?: (?:both|each|all)(?: the)? \w+(?=\W*$))?",
    re.IGNORECASE,
)
_COMPARED = re.compile(r"\bthan\b|\bor\b|^\W*(?:which|who|what) ", re.IGNORECASE)
_GRADE = re.compile(
    r"\b(?:bigger|larger|greater|smaller|higher|lower|longer|shorter|earlier|later|sooner|older"
    r"|newer|cheaper)\b",
    re.IGNORECASE,
)
_EXACT = tuple(
    (name, re.compile(shape, re.IGNORECASE))
    for name, shape in (
        ("count", r"\bhow many (?P<counted>\w+(?: \w+)?)"),
        (
            "percent",
            r"\b(?:share|per ?cent(?:age)?|proportion)\b"
            rf"|(?:{_WHICH}|{_GIVE}) (?:\w+ )?(?:shareholding|stake)s?\b",
        ),
        ("part", r"\bhow much of\b"),
        (
            "money",
            r"\bhow (?:much|large|big|expensive)\b|\b(?:what|which)\b.{0,30}\b(?:price|sum|costs?"
            r"|budget|salary|revenue|amount|grant|fine|subsid(?:y|ies)|investment|aid|value)\b"
            rf"|{_GIVE} (?:amounts|sums|prices|costs)\b|\bwhat\b.{{1,40}}\bworth\b",
        ),
        ("date", r"\bwhen\b|\b(?:what|which) (?:dates?|days?)\b"),
        ("person", rf"\bwho(?:m|se)?\b|\b(?:what|which) (?:\w+ )?{_PERSON}\b"),
        ("place", r"\bwhere\b"),
        ("country", rf"\b(?:what|which) (?:\w+ )?{_COUNTRY}\b"),
        ("reason", r"\bwhy\b|\breasons?\b"),
    )
)
_PLACED = re.compile(
    r"\b(?:in|at|near|from|to|into|outside|of|across)\s(?:the\s)?(?:\w+\s)?"
    r"(?P<name>[A-Z][\w-]+)"
)
_REASON = re.compile(
    r"\b(?:because|reasons?|since|due to|owing to|as a result|so that|in order to"
    r"|to (?:avoid|prevent|protect|allow|make|keep))\b",
    re.IGNORECASE,
)
_LEANS = re.compile(
    r"^\W*(?:so|also|then|what else|why not|why|when|where|who|how)\W*$"
    r"|^\W*(?:and|but|what about|how about|what else)\b"
    r"|\b(?:it|its|they|them|their|he|him|his|she|her|that|this|those|these|there|the same"
    r"|the (?:deal|company|fund|rules?|plan|law|agreement|order|plant|project|venture|latter"
    r"|former))\b",
    re.IGNORECASE,
)
_INSTEAD = re.compile(
    r"^\W*(?:and|but|what about|how about|and what about)\s+(?:for |in |to |of |by |with )?"
    r"(?P<new>[^?]{1,60}?)\W*$",
    re.IGNORECASE,
)


def matter(question: str) -> str:
    """The question without the words that only say what to do with what is found.

    Articles tell how large two things are; that they are to be compared, named or told which of
    them is larger, they do not say.
    """
    left = _TASK.sub("", question)
    return _GRADE.sub("", left) if _COMPARED.search(left) else left


def kind(question: str) -> str:
    """The kind of answer asked for: `number`, `date`, `name` or `other`."""
    last = asked_last(question).lower()
    return next((name for name, shape in _KINDS if re.search(shape, last)), OTHER)


def asked_last(question: str) -> str:
    """What is asked in the end, where `make_whole` put a follow-up behind an earlier question."""
    return question.rpartition(BEHIND)[2]


def asks_several(question: str) -> bool:
    """Whether a full answer has several parts: a comparison, a list, a change over time."""
    return bool(_SEVERAL.search(question)) or question.count("?") > 1


def answers_kind(wanted: str, asked: Facts, said: Facts, known: frozenset[str]) -> bool:
    """Whether a text brings an item of the wanted kind that the question did not hold itself.

    `known` are the question's stems and name keys; any text passes for kind `other`.
    """
    if wanted == NUMBER:
        held = {number.value for number in asked.numbers}
        return any(number.value not in held for number in said.numbers)
    if wanted == DATE:
        return any(when not in asked.dates for when in said.dates)
    if wanted == NAME:
        return any(not known.issuperset(name.keys) for name in said.names)
    return True


def exact_kind(question: str) -> str:
    """The narrower kind: count, percent, part, money, date, person, place, country, reason, ''."""
    last = asked_last(question)
    return next((name for name, shape in _EXACT if shape.search(last)), "")


def answers_exactly(question: str, text: str) -> bool:
    """Whether a text brings an item of the question's `exact_kind`; never where it has none.

    A count must stand before what is counted, money needs a currency or millions, a person or a
    country a name (of several words where it opens the text), a place one behind "in" and the like.
    """
    said, asked = facts(text), facts(question)
    held = {number.value for number in asked.numbers}
    new = [number for number in said.numbers if number.value not in held]
    match exact_kind(question):
        case "count":
            return _counts(question, text)
        case "percent":
            return any(number.unit == "percent" for number in new)
        case "part":
            return any(number.unit or number.value >= 1e6 for number in new)
        case "money":
            return any(number.unit in CURRENCIES or number.value >= 1e6 for number in new)
        case "date":
            return any((w.year or w.month) and w not in asked.dates for w in said.dates)
        case "person" | "country":
            known = keys(question)
            return any(
                not known.issuperset(n.keys) and (len(n.keys) > 1 or not n.opens)
                for n in said.names
            )
        case "place":
            known = keys(question)
            places = (match["name"] for match in _PLACED.finditer(text))
            return any(facts(f"in {p}").names and name_key(p) not in known for p in places)
        case "reason":
            return bool(_REASON.search(text))
    return False


def keys(text: str) -> frozenset[str]:
    """Everything that a word of a question may be found under in a text: stems, names, aliases."""
    return stems(text) | name_keys(text)


def _counts(question: str, text: str) -> bool:
    asked = _EXACT[0][1].search(asked_last(question))
    counted = frozenset(content_stems(asked["counted"])) if asked else frozenset()
    said = words(text)
    return any(
        facts(word).numbers and counted.intersection(map(stem, said[at + 1 : at + 5]))
        for at, word in enumerate(said)
    )


def make_whole(question: str, history: Sequence[Turn]) -> str:
    """The question with what it leans on from the conversation; itself when it stands alone.

    "and the EU?" after a question about Japan becomes that question about the EU; "When was
    that?" is put behind the question it refers to.
    """
    if not history or not _leans(question):
        return question
    earlier = make_whole(history[-1].question, history[:-1])
    instead = _INSTEAD.match(question)
    if instead and (replaced := _replace_subject(earlier, instead["new"])):
        return replaced
    return f"{earlier.rstrip(' ?.')}{BEHIND}{question}"


def _leans(question: str) -> bool:
    return bool(_LEANS.search(question)) or len(content_stems(question)) < 2


def _replace_subject(earlier: str, new: str) -> str | None:
    """The earlier question with its first name replaced, if both are names."""
    if not facts(f"about {new}").names or len(words(new)) > 5:
        return None
    names = facts(earlier).names
    if not names:
        return None
    old = names[0].words
    article = re.search(rf"\b(?:the\s+)?{re.escape(old)}(?P<own>['’]s)?", earlier, re.IGNORECASE)
    if article is None:
        return None
    return earlier[: article.start()] + new + (article["own"] or "") + earlier[article.end() :]
