"""Whether a sentence tells of what was or of what will be, at one of its places. Rules, in English.

The verb that governs an expression of time is mostly the last one before it; where none is, the
first one after it. A form that news uses both ways ("was due to") is no tense at all.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from enum import StrEnum

_LEFT, _RIGHT = 200, 120
"""Characters looked at on either side: a long clause."""


class Tense(StrEnum):
    """What the words around say; UNSURE also where they say nothing."""

    PAST = "past"
    FUTURE = "future"
    UNSURE = "unsure"


_ADVERB = r"(?:(?:not|also|now|then|first|again|only|still|soon|\w+ly)\s+)?"
_PLANNING = (
    r"due|set|scheduled|slated|expected|likely|poised|planned|plans|planning|hoping|hopes|aiming|"
    r"aims|intends|intending|preparing|prepares|ready|going|wants|expects|looks|looking|vows|"
    r"promises|pledges|about|supposed|bound|certain|sure|needs?"
)
_PLANNED = r"planned|hoped|agreed|wanted|aimed|intended|prepared|vowed|promised|pledged|decided"
_IS = r"(?:is|are|am|['’]s|['’]re|['’]m|be)"
_WAS = r"(?:was|were|had\s+been|has\s+been|have\s+been)"
_TIMETABLE = (
    r"begins|starts|opens|kicks\s+off|takes\s+(?:place|effect)|comes\s+into|goes\s+(?:on|into)|enters\s+into|ends|meets|votes|faces|hosts|premieres|airs|"
    r"launches|arrives|returns|expires|closes|resumes|visits|travels"
)
_GOING_ON = (
    r"meeting|holding|hosting|launching|releasing|voting|playing|visiting|travelling|traveling|"
    r"starting|arriving|returning|speaking|coming|opening|happening|facing|getting|taking"
)
_IRREGULAR = (
    r"was|were|said|told|had|did|made|took|came|went|got|gave|found|held|met|won|lost|led|left|"
    r"sent|sold|bought|paid|saw|rose|fell|began|became|brought|built|kept|knew|meant|ran|spoke|"
    r"spent|stood|struck|thought|threw|understood|wrote|drew|flew|grew|broke|chose|drove|fought|"
    r"hung|laid|shot|showed|slid|swept|taught|tore|wore|been|given|taken|shown|seen|gone|wasn['’]t|"
    r"weren['’]t|didn['’]t|felt|heard|sought|caught|ate|sat|sank|sang|dealt|slipped|died|tied|"
    r"filed|written|spoken|fallen|risen|beaten|broken|chosen|stolen|driven|withdrew"
)
_NOT_A_VERB = (
    r"(?:need|speed|feed|seed|exceed|proceed|succeed|indeed|hundred|united|limited|based|breed|"
    r"red|bed|bleed|embed|shed|wed|agreed|so-called)\b"
)
_CUE = re.compile(
    rf"""
    (?:(?<![\w’'-])|(?=['’]))(?:
    (?P<unsure>
        (?:would|could|might|may|should|must)(?:\s+not)?\s+have\b
      | {_WAS}\s+{_ADVERB}(?:{_PLANNING})\s+(?:to|for|on)\b(?:\s+{_ADVERB}be\s+\w+)?
      | {_WAS}\s+(?:going\s+)?to\s+(?:be\s+)?\w+
      | {_WAS}\s+{_ADVERB}(?:due|expected|scheduled|slated)\b
      | (?:{_PLANNED})\s+to\s+(?:be\s+)?\w+
      | \b(?:if|unless|before|whether)\b
    )
  | (?P<future>
        (?:will|won['’]t|shall|would|['’]ll|may|might|must|should|could)\s+
            {_ADVERB}(?:be\s+{_ADVERB})?(?:\w+)?
      | {_IS}\s+{_ADVERB}(?:{_PLANNING})\s+(?:to|for|on)\b(?:\s+{_ADVERB}be\s+\w+)?
      | {_IS}\s+to\s+(?:be\s+)?\w+
      | {_IS}\s+{_ADVERB}(?:{_GOING_ON})\b
      | (?:due|set|scheduled|slated|expected|likely|poised|plans|planning|hopes|aims|intends|wants|
           expects|vows|promises|pledges)\s+(?:to|for|on)\b(?:\s+(?:be\s+)?\w+)?
      | (?:due|expected|scheduled|slated|upcoming|forthcoming|(?:ahead|advance)\s+of)\b
      | ha(?:s|ve|d)\s+until\b
      | (?:[Ss]tarting|[Bb]eginning|[Ee]ffective)\s*$
      | (?:{_TIMETABLE})\b
    )
  | (?P<past>
        (?:{_IRREGULAR})(?![\w’'-])
      | (?:after|following|since|wake\s+of)\s+$
      | (?!{_NOT_A_VERB})[a-z]{{2,}}ed(?![\w-])
    )
  | (?P<nothing>(?:is|are|be|being|can|cannot)\s+{_ADVERB}(?:be\s+{_ADVERB})?
        (?:[a-z]{{2,}}ed|{_IRREGULAR})(?![\w’'-])
      | (?:the|an?|its|their|his|her|this|these|of|any|our)\s+[a-z]{{2,}}ed\b(?=\s+[\w“"])
  ))
    """,
    re.VERBOSE,
)
_WORD = re.compile(r"[’']?[A-Za-z]+")
_OPENING = frozenset(
    re.findall(
        r"(?:^|\|)([a-z]+)", "|".join([_PLANNING, _PLANNED, _TIMETABLE, _GOING_ON, _IRREGULAR])
    )
) | frozenset(
    "would could might may should must if unless before whether will won shall is are am be being "
    "can cannot was were has have had due set upcoming forthcoming ahead advance wake starting "
    "beginning effective after following since the a an its their his her this these of any "
    "our".split()
)
"""The first words of cues, those in "-ed" and after an apostrophe apart."""
_AT_ONCE = re.compile(
    r"\s*(?:\w+ly\s+)?(?:(?P<future>will|would|is\s+(?:expected|set|due|likely)|['’]ll)"
    r"|(?P<past>was|were|had|said|told|saw|came|marked|[a-z]{2,}ed))\b"
)
_CLAUSE_END = re.compile(r"[,:–—(]|\s-+\s|\b(?:who|which|that|where|as)\b")
_WRAPPED = "".join(
    rf"(?<!\s{word}\s)" for word in "on in of to by at the and for last next this said".split()
)
_BREAK = re.compile(
    rf"""[.!?;]["”’')\]]{{0,2}}\s+(?=["“‘'(A-Z])|[…|•]|[\n\r]{_WRAPPED}(?<!,\s)(?!\s*[a-z])"""
)
"""An end of a sentence; an end of a line is one unless the line seems to go on."""


def tense(text: str, start: int, end: int) -> Tense:
    """The tense around `text[start:end]`, an expression of time.

    Looks at 200 characters before and 120 after, in the same sentence, so that cost does not grow
    with the text.
    """
    left = _sentence_before(text, start)
    right = _sentence_after(text, end)
    before = _last(left)
    at_once = _AT_ONCE.match(right)
    if at_once and before and at_once.group().endswith("ed"):  # a participle: "on Friday followed"
        at_once = None
    if at_once:
        return Tense.FUTURE if at_once["future"] else Tense.PAST
    if len(left.split()) > 2:  # in the middle of a clause that its own verb governs
        right = _CLAUSE_END.split(right, maxsplit=1)[0]
    return before or _first(right) or Tense.UNSURE


def _sentence_before(text: str, start: int) -> str:
    left = text[max(0, start - _LEFT) : start]
    cut = max((match.end() for match in _BREAK.finditer(left)), default=0)
    return left[cut:]


def _sentence_after(text: str, end: int) -> str:
    right = text[end : end + _RIGHT]
    stop = _BREAK.search(right)
    return right[: stop.start()] if stop else right


def _last(left: str) -> Tense | None:
    return next(iter(deque(_tenses(left), maxlen=1)), None)


def _first(right: str) -> Tense | None:
    return next(_tenses(right), None)


def _tenses(words: str) -> Iterator[Tense]:
    """What each cue says, in order; only words that can begin one are looked at closely."""
    reached = 0
    for word in _WORD.finditer(words):
        opens = word[0].lower() in _OPENING or word[0].endswith("ed") or word[0][0] in "’'"
        if not opens or word.start() < reached:
            continue
        if match := _CUE.match(words, word.start()):
            reached = match.end()
            if match.lastgroup != "nothing":
                yield Tense(str(match.lastgroup))
