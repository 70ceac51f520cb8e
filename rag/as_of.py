"""Whether what a question asks for changes, and as of which day an answer to it holds.

Rules on the words of the question: its tense, and what it is about. Amounts, counts, holders of
offices and states of affairs change; what happened, what a word means, who wrote a book and how
high a mountain is do not. In doubt nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date

from rag.notes.period import FUTURE, period
from rag.notes.when import time_notes
from rag.question import asked_last
from rag.schema import Citation, Understood

NEWEST = "newest"

_AUXILIARY = re.compile(
    r"\b(?:(?P<past>did|was|were|had|would|used to)|(?P<perfect>has|have)"
    r"|(?P<present>is|are|does|do|can|will))\b"
    r"|\b(?:who|what|where|how)(?P<short>['’]s)\b",
    re.IGNORECASE,
)
_OPENS_PERFECT = re.compile(r"^\W*(?:and |but |so )?(?:has|have)\b", re.IGNORECASE)
_PAST_FORM = re.compile(
    r"\b(?:[a-z]{2,}(?<!ne|fe|re|ee)ed|bought|sold|won|lost|paid|made|took|gave|said|told|built|went|came"
    r"|became|began|rose|fell|grew|met|left|led|held|kept|sent|spent|wrote|spoke|broke|chose|drove"
    r"|flew|knew|saw|stood|struck|sought|thought|brought|caught|taught|found|ran|beat|got|drew|shot"
    r"|sank|sang|swore|wore|threw|hid|fought|fed|lent|bid|laid|understood|withdrew)\b"
)
_AMOUNT = re.compile(
    r"\bhow (?:many|much|large|big|old|often|expensive|fast|close|likely)\b", re.IGNORECASE
)
_CHANGING = re.compile(
    r"\b(?:price|cost|value|rate|share|stake|number|amount|size|population|level|status|state|total"
    r"|budget|revenue|salary|wage|capacity|limit|target|deadline|age|plan|position|stance|policy"
    r"|rule|requirement|condition|term|sanction|control|restriction|ranking|record|score|lead|odds"
    r"|forecast|outlook|situation|relationship|staff|workforce|headcount|debt|deficit|inflation"
    r"|unemployment|gdp|valuation|tax|tariff|fee|interest|yield|supply|demand|output|production"
    r"|sale|profit|holding|toll|schedule|timetable|sum|figure|balance|percentage|proportion"
    r"|chief|ceo|cfo|chair|chairman|chairwoman|chairperson|president|minister|chancellor|head"
    r"|director|governor|mayor|secretary|commissioner|leader|owner|boss|ambassador|spokesman"
    r"|spokeswoman|spokesperson|coach|captain|manager|editor|king|queen|pope|champion|shareholder"
    r"|partner|member|supplier|customer|holder|favourite|favorite|biggest|largest|richest|cheapest"
    r"|next)(?:e?s)?\b",
    re.IGNORECASE,
)
_LASTING = re.compile(
    r"\b(?:author|(?:co-?)?founder|inventor|creator|discoverer|composer|architect|father|mother"
    r"|brother|sister|son|daughter|victim|killer|suspect|hero|protagonist|winner|capital of"
    r"|(?:case|phone|serial|model) number|meaning|definition|name|origin|difference"
    r"|reason|cause|purpose|title)s?\b"
    r"|\b(?:born|mean|means|stand for|stands for|refer to|refers to|called|spelt|spelled"
    r"|pronounced|founded|invented|discovered|named after)\b",
    re.IGNORECASE,
)
_DOCUMENT = re.compile(
    r"\b(?:articles?|reports?|stud(?:y|ies)|papers?|stor(?:y|ies)|reviews?|posts?|books?|films?"
    r"|novels?|episodes?|interviews?|declaration|constitution)\b"
    r"|\b(?:according to|says?|argues?|claims?|suggests?|mentions?|describes?|explains?|indicates?"
    r"|recommends?|concludes?|predicts?|portrays?|writes?|shows?|discuss(?:es)?)\b",
    re.IGNORECASE,
)
_FIRST = re.compile(
    r"\b(?:first|initial(?:ly)?|original(?:ly)?|at the start|formerly|previous(?:ly)?)\b", re.I
)
_UNDER_WAY = re.compile(r"\b(?:is|are)\b.*\b\w{2,}ing\b", re.IGNORECASE)
_WHERE_NOW = re.compile(
    r"\b(?:based|headquarter\w*|live|work|held|stored|kept|staying|being|moving|going)\b", re.I
)
_ASKS = re.compile(
    r"^\W*(?:and |but )?(?P<word>who|which|what|where|why|how|when)\b", re.IGNORECASE
)
_STATED = re.compile(r"\bas (?:of|at)\W*$", re.IGNORECASE)


def changes(question: str) -> bool:
    """Whether the answer to a question may be another one some day; False in doubt.

    It must ask in the present, the perfect or the future for an amount, a count, the holder of an
    office, a plan or how things stand. "now" and "latest" need no such reading (see `as_of`).
    """
    asked = asked_last(question)
    if _LASTING.search(asked) or _DOCUMENT.search(asked) or _FIRST.search(asked):
        return False
    if not _in_the_present(asked):
        return False
    match _asking(asked):
        case "why" | "why is":
            return False
        case "how":
            return bool(_AMOUNT.search(asked))
        case "where" | "where is":
            return bool(_WHERE_NOW.search(asked))
        case "who is" | "which is" | "what is":
            return bool(_CHANGING.search(asked) or _UNDER_WAY.search(asked))
    return True


def _asking(asked: str) -> str:
    """Its question word in lower case, with "is" where a form of it follows; else ''."""
    found = _ASKS.search(asked)
    if found is None:
        return ""
    is_ = re.match(r"(?:\s+(?:is|are)|['’]s)\b", asked[found.end() :], re.IGNORECASE)
    return found["word"].lower() + (" is" if is_ and found["word"].lower()[0] == "w" else "")


def _in_the_present(asked: str) -> bool:
    """Whether the verb that is asked about stands in the present, the perfect or the future.

    "Has it bought" asks how things stand, "who has bought" about a deed; without an auxiliary verb
    ("who owns", "how many work") a question is past where it has a form of the past.
    """
    found = _AUXILIARY.search(asked)
    match found and found.lastgroup:
        case None:
            return bool(_ASKS.search(asked)) and not _PAST_FORM.search(asked)
        case "past":
            return False
        case "perfect":
            return bool(_OPENS_PERFECT.search(asked) or _AMOUNT.search(asked))
    return True


def as_of(
    question: str, understood: Sequence[Understood], cited: Iterable[Citation]
) -> date | None:
    """The day as of which an answer holds; None where it does not change or nothing is dated.

    It is the latest day on which what `cited` names was published, or that its words name
    themselves ("as of 31 March"). A time that the question names and that was over by then leaves
    nothing to change.

    Args:
        question: a whole one.
        understood: what was understood in it; "newest" says that it asks how things stand.
        cited: what the answering sentence rests on.
    """
    newest = any(one.kind == NEWEST for one in understood)
    if not newest and not changes(question):
        return None
    days = [day for one in cited if (day := _told(one))]
    if not days or (not newest and over(question, max(days))):
        return None
    return max(days)


def over(question: str, day: date) -> bool:
    """Whether a question names a time that was over on a day: what was true then, stays so."""
    named = period(question, day)
    if named is None or named.kind == FUTURE:
        return False
    return named.last_day is not None and named.last_day < day


def asks_for_earlier(question: str) -> bool:
    """Whether it asks what was first or before: then the later is not the better."""
    return bool(_FIRST.search(question))


def _told(citation: Citation) -> date | None:
    """The day that its words say they hold as of, or that of publication."""
    for note in time_notes(citation.quote, citation.published):
        if _STATED.search(citation.quote, 0, note.start):
            return note.last_day
    return published_day(citation.published)


def published_day(published: str | None) -> date | None:
    """The day of an ISO date or moment; None when unknown."""
    return date.fromisoformat(published[:10]) if published else None
