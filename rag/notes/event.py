"""An event that a question counts time from: "since the G7 meeting", "before the Ohio election"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from rag.facts import facts
from rag.notes.days import Days

_EVENTS = (
    "meeting|summit|conference|talks|election|referendum|vote|war|invasion|attacks?|bombing|coup"
    "|protests?|strike|walkout|hearing|trial|verdict|ruling|conviction|sentencing|arrest|deal"
    "|agreement|treaty|accord|ceasefire|merger|takeover|acquisition|collapse|bankruptcy|crash"
    "|default|launch|release|debut|premiere|opening|closure|inauguration|coronation|funeral"
    "|resignation|appointment|assassination|earthquake|hurricane|cyclone|typhoon|flood(?:s|ing)?"
    "|wildfires?|fire|explosion|eruption|outbreak|festival|championships?|final|derby|olympics"
    "|world cup|games|ban|law|decision|announcement"
)
_EVENT = re.compile(
    rf"\b(?P<bound>since|after|following|before|until|during)\s+"
    rf"(?P<event>the\s+(?:[\w’'&.-]+\s+){{1,6}}?(?:{_EVENTS})(?:\s+(?:in|at)\s+(?-i:[A-Z])\w+)?)"
    r"\b(?!\s+(?:of|for)\b)",
    re.IGNORECASE,
)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Event:
    """`question[start:end]` counts time from something that happened."""

    start: int
    end: int
    bound: str
    """One of since, after, following, before, until, during."""
    name: str
    """What happened, such as "the G7 meeting"."""

    def period(self, days: Days) -> tuple[date | None, date | None]:
        """The first and the last day meant, where the event took these days; None is no bound."""
        if self.bound == "during":
            return days.first, days.last
        if self.bound in ("before", "until"):
            return None, days.first - _DAY
        return days.first, None


def event(question: str) -> Event | None:
    """The first event with a name of its own that a question counts time from, if there is one."""
    for match in _EVENT.finditer(question):
        if facts(f"at {match['event']}").names:
            return Event(match.start(), match.end(), match["bound"].lower(), match["event"])
    return None
