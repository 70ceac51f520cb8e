"""Who a text names, by rules: persons with the role that stands beside the name.

A run of capitalised words is a person only where the text shows it: a role or a courtesy title
stands before it, a role, an age or "who" behind it, or it speaks in quotation marks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_CAPITAL = r"[A-ZÀ-ÖØ-Þ][\w’'-]*[\w](?<![’']s)"
_INITIAL = r"[A-ZÀ-ÖØ-Þ]\."
_LINK = r"(?:de|da|di|del|della|der|den|van|von|bin|bint|ibn|al|el|la|le|dos|du|ter|zu)"
_NAME = re.compile(
    rf"(?<![\w’'.-])(?:{_CAPITAL}|{_INITIAL})(?:\s(?:{_INITIAL}|(?:{_LINK}\s){{0,2}}{_CAPITAL})){{1,7}}"
)
ROLES = frozenset(
    "president vice-president premier chancellor minister secretary commissioner ambassador "
    "governor mayor senator congressman congresswoman representative lawmaker deputy speaker "
    "chief director executive ceo cfo cto coo chairman chairwoman chair chairperson founder co- "
    "founder cofounder owner head leader boss manager coach captain analyst economist "
    "strategist professor lecturer researcher scientist engineer historian author writer "
    "journalist reporter editor columnist correspondent actor actress singer rapper musician "
    "artist producer comedian presenter host spokesman spokeswoman spokesperson attorney lawyer "
    "prosecutor judge justice general admiral colonel sergeant officer inspector doctor surgeon "
    "nurse physician psychologist teacher student farmer investor trader adviser advisor "
    "consultant counsel partner principal envoy king queen prince princess pope bishop "
    "archbishop quarterback striker midfielder defender goalkeeper winger forward batter "
    "pitcher player driver champion designer developer architect chef photographer activist "
    "campaigner campaign official insider expert fellow nutritionist dietitian therapist "
    "entrepreneur billionaire commander soldier pilot astronaut detective sheriff diplomat banker "
    "novelist poet filmmaker screenwriter broadcaster podcaster blogger streamer guitarist drummer "
    "golfer boxer skier swimmer legend star veteran employee worker resident survivor".split()
)
"""What a person does, in the singular."""
COURTESY = frozenset("Mr Mrs Ms Miss Dr Sir Dame Lord Lady Prof Rep Sen Gov Gen Col Sgt Lt".split())
_NO_PERSON = frozenset(
    "Inc Corp Co Ltd LLC Group Bank Union Council University College School Institute Agency "
    "House Street Journal Times Post News Reuters Press Department Ministry Committee "
    "Commission Court Party League Club United City County State States Kingdom Republic "
    "Association Society Foundation Fund Capital Partners Holdings Technologies Technology "
    "Systems Labs Studios Pictures Games Entertainment Media Network Networks Records Museum "
    "Hospital Airport Airlines Motors Energy Road Avenue Park Stadium Arena Series Cup Bowl "
    "Championship Act Bill Treaty Day Night Week Month Weekly Daily Magazine Review Research "
    "Center Centre Security Services Service Securities Management Asset Investments Insurance "
    "Federal Reserve Supreme Senate Congress Parliament Government Administration Office Bureau "
    "National International European American British Chinese Japanese Russian French German "
    "Indian Australian World Global North South East West New Hong Kong San Los Las Wall White "
    "Silicon Middle Black Friday Prime Pro Plus Summit Conference Forum Festival Awards "
    "Award Project Program Programme Team Army Navy Force Police Church Digital Affairs Trade "
    "Industry Economy Internal Communications Football Sports Online Live Show Today Chief "
    "Deputy Vice Former".split()
)
SAYS = (
    r"(?:said|says|told|tells|added|adds|explained|explains|argued|argues|wrote|writes|warned|warns|"
    r"insisted|insists|stated|continued|continues|remarked|replied|recalled|recalls|admitted|"
    r"admits|acknowledged|concluded|joked|noted|notes|claimed|claims|announced|commented|"
    r"suggested|suggests|recommended|recommends|pointed out|points out|confessed|revealed|mused|"
    r"reflects|reflected|stressed|stresses|emphasi[sz]ed|advised|predicted|cautioned|responded|"
    r"testified|believes|thinks)\b"
)
"""A verb of saying, as a pattern."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person named in full at `text[start:end]`; with the role beside the name `[first:last]`."""

    name: str
    start: int
    end: int
    first: int
    last: int
    shown: bool
    """Whether the text shows that it is a person; if not, it may be a place or a firm."""
    woman: bool | None
    """What the words beside the name say of it ("Ms", "spokesman"); None: nothing."""

    @property
    def surname(self) -> str:
        """The last word of the name."""
        return self.name.split()[-1]


def people(text: str, start: int, end: int) -> Iterator[Person]:
    """The names in `text[start:end]`, a sentence, that are or may be of persons, in order."""
    for match in _NAME.finditer(text, start, end):
        begin, titles = _name_start(match)
        name = text[begin : match.end()]
        if begin < match.end() and _may_be_a_person(name):
            yield _person(text, titles, begin, match.end())


def _person(text: str, titles: int, start: int, end: int) -> Person:
    first = min(titles, _role_before(text, start))
    last = _role_after(text, end)
    known = bool(_PERSONAL.match(text, end))
    return Person(
        name=text[start:end],
        start=start,
        end=end,
        first=first,
        last=last,
        shown=first < start or last > end or known or _speaks(text, start, end),
        woman=_woman(text[first:start] + text[end:last]),
    )


def _name_start(match: re.Match[str]) -> tuple[int, int]:
    """Where the name begins behind "But", "President", "Digital Affairs"; where its titles do."""
    start, first, titled = match.start(), match.start(), False
    for word in _RUN.finditer(match.string, match.start(), match.end()):
        bare = word[0].strip(".")
        title = bare in COURTESY or bare.lower() in ROLES
        if title or bare in OPENERS or bare in _NO_PERSON or (bare.isupper() and len(bare) > 1):
            start, titled = word.end() + 1, title
            if bare in OPENERS - _RANKS:
                first = start
    return start, first if titled else start


_RUN = re.compile(r"\S+")
_RANKS = frozenset("Prime Foreign Finance Senior".split())
OPENERS = _RANKS | frozenset(
    "A After All Although An And As At Because Before But By During Even For From However If In "
    "Like Meanwhile On Once Since So That The Then Though Through To Under Unlike Until When "
    "Where While With Yet Its His Her Their Also Both Asked Said Speaking Following According "
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April June "
    "July August September October November December What How Why Now Here There This These Those "
    "Not No Nor Perhaps Maybe Certainly Indeed Still Just Such Says Two Three Four Five Six Seven "
    "Eight Nine Ten Another Other Every Each Some Most Many Against Between Behind Inside Outside "
    "Beyond Despite Besides Earlier Later Loading Watch Read".split()
)
"""Capitalised words before a name that are no part of it."""


def _may_be_a_person(name: str) -> bool:
    words = name.split()
    return 2 <= len(words) <= 4 and len(words[-1]) > 2 and not any(map(str.isdigit, name))


_BREAK = (
    "and|but|that|as|when|with|by|to|from|after|while|said|told|says|the|an?|its|their|his|her|is|"
    "was|were|are|who|which|in|on|at|where|or|for|of|if|because|only|also|mr|ms|explained|added|asked|"
    "according|like|they|we|he|she|it|i|you|met|meets|named|became|replaced|unlike|since|until|then|"
    "so|yet|though|although|both|under|than|whether"
)
_ROLE_BEFORE = re.compile(
    rf"(?<![\w’'&/-])(?:(?!(?i:{_BREAK})\s|\d+\s)[\w’'&/-]+\s){{0,4}}?(?P<noun>[\w-]+)\s"
    r"(?:(?:of|for)\s(?:[\w’'&/-]+,?\s){1,6})?$"
)


def _role_before(text: str, start: int) -> int:
    """Where the role just before a name begins; `start` without one."""
    left = text[max(0, start - 90) : start]
    left = left[max(left.rfind(mark) for mark in '.;:!?()“”"\n—–') + 1 :]
    match = _ROLE_BEFORE.search(left)
    return start - len(left) + match.start() if match and match["noun"].lower() in ROLES else start


_AFTER = re.compile(r",\s(?P<role>[^,.;:!?()“”\"\n]{2,90})")
_PERSONAL = re.compile(r",\s\d\d\b|\s\(\d\d\)|,?\swho\b")
"""Behind a name: an age, or "who"."""
_HEAD_ENDS = frozenset("of at for in on to from with who and".split())
_VERBS = frozenset(
    "said says told was were is are has had have will would he she they it but while when".split()
)


def _role_after(text: str, end: int) -> int:
    """Where the role behind a name ends ("…, the firm's chief executive,"); `end` without one."""
    match = _AFTER.match(text, end)
    words = match["role"].lower().split() if match else []
    size = next((at for at, word in enumerate(words) if word in _HEAD_ENDS), len(words))
    head = words[size - 1] if size else ""
    if match is None or head not in ROLES or _VERBS & set(words) or _lists(match):
        return end
    return match.end()


def _lists(match: re.Match[str]) -> bool:
    """Whether what follows the comma is the next of several persons, with a role before it."""
    for name in _NAME.finditer(match.string, *match.span("role")):
        start, titles = _name_start(name)
        role = titles < start or _role_before(match.string, start) < start
        if role and _may_be_a_person(match.string[start : name.end()]):
            return True
    return False


def _speaks(text: str, start: int, end: int) -> bool:
    """Whether the name speaks in quotation marks beside it, as persons mostly do."""
    before, after = text[max(0, start - 24) : start], text[end : end + 40]
    quoted = re.search(r"[”\"]\s*$", before) and re.match(rf"\s(?:\w+ly\s|also\s)?{SAYS}", after)
    inverted = re.search(rf"[”\"]\s*{SAYS}\s$", before)
    opens = re.match(rf"\s{SAYS}[:,]\s*[“\"]", after)
    return bool(quoted or inverted or opens)


_MEN = re.compile(
    r"\b(?:Mr|Sir|Lord|spokesman|chairman|congressman|actor|king|prince|pope)\b", re.IGNORECASE
)
_WOMEN = re.compile(
    r"\b(?:Mrs|Ms|Miss|Dame|Lady|spokeswoman|chairwoman|congresswoman|actress|queen|princess)\b",
    re.IGNORECASE,
)


def _woman(sign: str) -> bool | None:
    woman = bool(_WOMEN.search(sign))
    return None if woman == bool(_MEN.search(sign)) else woman
