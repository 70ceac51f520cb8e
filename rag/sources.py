"""Publishers that a question names as its sources: "according to The Verge", "did Reuters report".

A publisher counts where the words around it say that it reports; "Who owns The Verge?" asks about
it. Names are compared without case, "The", ".com" and the tail that feeds put behind a name.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from rag.dates import MONTHS
from rag.words import FUNCTION_WORDS, WORD, weight

_LONGEST = 10
"""Words of a name."""
_PLAIN = 4.6
"""Words that tell no more than this are everyday English: "age", "fortune", "polygon" are."""
_QUOTES = "\"'‘’“”«»"

_TAIL = re.compile(r"\s+[|–—-]\s+|:\s+")
"""Stands between a publisher's name and its section or slogan: "BBC News - Arts"."""
_SITE = re.compile(r"\.(?:com|org|net|news|io|tv|info|eu|uk|de|in|au|co\.\w\w|com\.\w\w)$")
_WITHIN = re.compile(r"\s*(?:\s|[|&:–—-]|[’'.]\s?)\s*")
"""What may stand between the words of one name."""

_ARTICLE = (
    r"(?:articles?|reports?|reporting|reporters?|stor(?:y|ies)|pieces?|coverage|reviews?"
    r"|interviews?|columns?|editorials?|op-eds?|posts?|analys[ie]s|investigations?|headlines?"
    r"|journalists?|correspondents?|news|features?|explainers?|newsletters?|podcasts?)"
)
_TELLS = (
    r"(?:re(?:port|veal|view|count)(?:s|ed)?|sa(?:y|ys|id)|writes?|wrote|claim(?:s|ed)?"
    r"|suggest(?:s|ed)?|describe[sd]?|note[sd]?|mention(?:s|ed)?|cover(?:s|ed)?"
    r"|discuss(?:es|ed)?|publish(?:es|ed)?|argue[sd]?|state[sd]?|indicate[sd]?|detail(?:s|ed)?"
    r"|outline[sd]?|explain(?:s|ed)?|portray(?:s|ed)?|depict(?:s|ed)?|credit(?:s|ed)?"
    r"|advise[sd]?|list(?:s|ed)?|predict(?:s|ed)?|warn(?:s|ed)?|quote[sd]?|cite[sd]?"
    r"|highlight(?:s|ed)?|present(?:s|ed)?|focus(?:es|ed)?|impl(?:y|ies|ied)|agree[sd]?"
    r"|disagree[sd]?|recommend(?:s|ed)?|identif(?:y|ies|ied)|propose[sd]?|conclude[sd]?"
    r"|allege[sd]?|assert(?:s|ed)?|estimate[sd]?|fail(?:s|ed)? to report|speculate[sd]?"
    r"|maintain(?:s|ed)? (?:that|consisten\w+))"
)
_TOLD = (
    r"(?:reported|covered|published|described|discussed|noted|highlighted|mentioned|detailed"
    r"|featured|claimed|alleged|suggested|cited|quoted|stated|depicted|revealed|argued|written"
    r"|posted|rumou?red|predicted|presented|reviewed|analy[sz]ed|explained|said|outlined"
    r"|portrayed|characteri[sz]ed|recogni[sz]ed|speculated|indicated|identified|examined"
    r"|profiled|framed|interviewed|listed|ranked|put)"
)
_LEAD = r"(?:\s+(?:both|either|the|an?|another|sources including|such as|separate|also))*"
_BEFORE = re.compile(
    rf"\b(?:according to|as per|citing|{_TOLD}(?: \w+)? (?:by|in|on|from)"
    rf"|{_ARTICLE}(?: \w+)? (?:from|by|in|of|on|at|with)|read in|seen in"
    rf"|(?:sources|publications?|outlets?|papers?) (?:including|such as|like))"
    rf"{_LEAD}\s+[{_QUOTES}]?$",
    re.IGNORECASE,
)
_AFTER = re.compile(
    rf"[{_QUOTES}]?(?:s\b)?(?:"
    rf"(?:\s+(?:own|latest|recent|new|first|second|two|three|several|news|{'|'.join(MONTHS)}"
    rf"|\d{{1,4}},?)){{0,3}}\s+{_ARTICLE}\b"
    rf"|(?:\s+(?:also|first|later|then|again|both|each|even|ever|all|\w+ly))?\s+{_TELLS}\b)",
    re.IGNORECASE,
)
_WEAKLY = re.compile(
    rf"\b(?:in|on|from|via|per|by)(?:\s+(?:the|an?|another))?\s+[{_QUOTES}]?$", re.IGNORECASE
)
"""Before a name, beside another one that surely reports: "accused by Fortune of"."""
_IN = re.compile(r"\b(?:in|on|via|per)(?:\s+the)?\s+$", re.IGNORECASE)
_HELD = re.compile(
    r"\b(?:stakes?|shares?|invest\w*|interests?|jobs?|roles?|positions?|work\w*|cuts?|layoffs?"
    r"|staff|strikes?|chang\w+|advertis\w*|money|owned|bought|acquired|founded|hired|sued|fired"
    r"|run|paid|employed|sold|launched|fined|led|edited|lost|spent|costs?|traffic|comments?"
    r"|based|happen\w*|goes|going|wrong|editors?|owners?|new|ads?)"
    r"\s+(?:\w+\s+){0,2}(?:in|on|from|via|per|by)\s+(?:the\s+)?$",
    re.IGNORECASE,
)
"""Before a name, what is about the publisher: a stake in it, work on it, a rival bought by it."""
_ENDS = re.compile(rf"[{_QUOTES}]?\s*(?:[,?!.;:)]|$|\b(?:on|about|that|and|in|last|this)\b)")
LISTED = re.compile(
    rf"[{_QUOTES}]?(?:s\b)?[\s,;{_QUOTES}]*"
    r"(?:\b(?:and|or|by|in|from|to|both|another|an?|the|also|finally|lastly|versus|vs|as|well"
    rf"|article|per)\b\.?[\s,;&{_QUOTES}]*|&\s*)*",
    re.IGNORECASE,
)
"""What may stand between two sources of one list."""


@dataclass(frozen=True, slots=True)
class Named:
    """A publisher that a question names as its source: `question[start:end]` is the name."""

    start: int
    end: int
    publishers: tuple[str, ...]
    """Those of the collection that the name may mean, such as all sections of one paper."""


def named_sources(question: str, publishers: Sequence[str]) -> tuple[Named, ...]:
    """The publishers of a collection that a question names as its sources, in order, apart.

    Args:
        question: any text.
        publishers: as the collection spells them.
    """
    found = list(_named(question, _spellings(tuple(publishers))))
    sure = [_reports(question, one) for one in found]
    if any(sure):
        sure = [known or _may_report(question, one) for one, known in zip(found, sure, strict=True)]
    pairs = list(enumerate(pairwise(found)))
    for at, (one, other) in (*pairs, *reversed(pairs)):
        if sure[at] != sure[at + 1] and LISTED.fullmatch(question, one.end, other.start):
            sure[at] = sure[at + 1] = True  # in a list, each speaks for its neighbours
    return tuple(one for one, reports in zip(found, sure, strict=True) if reports)


def _named(question: str, spellings: dict[str, frozenset[str]]) -> Iterator[Named]:
    """Every name of a publisher, the longest of those that begin at one place."""
    tokens = [match.span() for match in WORD.finditer(question)]
    lazy = question == question.lower()
    done = 0
    for at, (start, _) in enumerate(tokens):
        if start < done:
            continue
        one = _longest(question, tokens[at : at + _LONGEST], spellings)
        if one and _is_name(question, one, lazy=lazy):
            done = one.end
            yield one


def _longest(
    question: str, tokens: Sequence[tuple[int, int]], spellings: dict[str, frozenset[str]]
) -> Named | None:
    start, last, key, best = tokens[0][0], tokens[0][0], "", None
    for begin, end in tokens:
        if begin > last and not _WITHIN.fullmatch(question, last, begin):
            break
        word = question[begin:end]
        own = re.sub(r"[’']s$", "", word)
        for spelling in (key + _key(own), f"={own}" if not key else ""):
            if spelling in spellings:
                best = Named(start, begin + len(own), tuple(sorted(spellings[spelling])))
        key, last = key + _key(word), end
    return _with_the(question, best) if best else None


def _with_the(question: str, one: Named) -> Named:
    article = re.search(r"\bthe\s+$", question[: one.start], re.IGNORECASE)
    if article and any(name[:4].lower() == "the " for name in one.publishers):
        return replace(one, start=article.start())
    return one


def _is_name(question: str, one: Named, *, lazy: bool) -> bool:
    """Whether the words are written as a name, and not a part of a longer one."""
    words = WORD.findall(question[one.start : one.end])
    rest = [word for word in words if word.lower() != "the"]
    capital = lazy or all(word[0].isupper() or not word[0].isalpha() for word in rest[:1])
    plain = all(weight(word) < _PLAIN for word in rest)
    if plain and not capital and not _surely(question, one):
        return False
    after = re.match(r"\s+(\w+)", question[one.end :])
    before = re.search(r"(\w[\w’'.-]*)\s+$", question[: one.start])
    return not (after and _goes_on(after[1])) and not (
        before and before.start() > 0 and _leads_in(before[1])
    )


def _surely(question: str, one: Named) -> bool:
    """Whether even a name in small letters is one here: "according to fortune, …"."""
    goes_on = re.match(r"\s+of\b", question[one.end :], re.IGNORECASE)
    return bool(_BEFORE.search(question, 0, one.start)) and not goes_on


def _goes_on(word: str) -> bool:
    """Whether the word behind makes it another name: "Fortune Brands", "Fortune 500"."""
    if word.isdigit():
        return len(word) != 4
    if not word[0].isupper() or word.lower() in FUNCTION_WORDS or word in MONTHS:
        return False
    return not re.fullmatch(rf"{_ARTICLE}|magazine|online|newspaper", word, re.IGNORECASE)


def _leads_in(word: str) -> bool:
    """Whether the word before makes it another name: "Hindustan Times"."""
    return (
        word[0].isupper()
        and word.lower() not in FUNCTION_WORDS
        and not word.endswith(("'s", "’s", "s'", "s’"))
        and word not in MONTHS
    )


def _reports(question: str, one: Named) -> bool:
    """Whether the words around a name say that it reports."""
    if _AFTER.match(question, one.end) or _BEFORE.search(question, 0, one.start):
        return not _owning(question, one)
    placed = _IN.search(question, 0, one.start) and not _HELD.search(question, 0, one.start)
    return bool(placed and _ENDS.match(question, one.end))


def _may_report(question: str, one: Named) -> bool:
    """The same beside another name that surely does."""
    return (
        bool(_WEAKLY.search(question, 0, one.start))
        and not _HELD.search(question, 0, one.start)
        and not _owning(question, one)
    )


def _owning(question: str, one: Named) -> bool:
    """Whether something of the publisher's is meant that is no article: "The Verge's owner"."""
    quoted = one.start > 0 and question[one.start - 1] in _QUOTES
    own = re.match(r"[’'](?:s\b)?\s+\w" if not quoted else r"[’']s\s+\w", question[one.end :])
    return bool(own) and not _AFTER.match(question, one.end)


@lru_cache(maxsize=8)
def _spellings(publishers: tuple[str, ...]) -> dict[str, frozenset[str]]:
    """What each publisher may be written as, by `_key`; "=" opens what counts as written only."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for name in publishers:
        for spelling in _written(name):
            found[spelling].add(name)
    return {key: frozenset(names) for key, names in found.items() if key.strip("=")}


def _written(name: str) -> Iterator[str]:
    head = _TAIL.split(name)[0]
    for text in {name, head}:
        words = WORD.findall(text)
        if words[:1] and words[0].lower() == "the" and len(words) > 1:
            words = words[1:]
        yield "".join(map(_key, words))
    if len(words := [word for word in WORD.findall(head) if word.lower() != "the"]) > 1:
        initials = "".join(part[0] for word in words for part in word.split("-"))
        yield f"={initials.upper()}"
        if words[:2] == ["New", "York"]:
            yield "ny" + "".join(map(_key, words[2:]))
        if words[0].isupper() and words[1:] in (["News"], ["Sport"], ["Online"]):
            yield f"={words[0]}"
    elif words and words[0].isupper():
        yield _key(words[0]) + "news"


def _key(word: str) -> str:
    """A word as names are compared: small letters and digits only, no ".com"."""
    return "".join(filter(str.isalnum, _SITE.sub("", word.casefold())))
