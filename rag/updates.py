"""Of two articles, the later where it says that it changes what the earlier says.

Either its words say so (a correction, "raised to", "delayed until", "no longer") or it is a newer
version of the same article: the same publisher and title within days. Both sentences must be on
one thing, told of the same names and the same time, and give it otherwise. In doubt nothing is
found: both are shown then, and `rag.disagree` may put their values beside each other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from rag.as_of import asks_for_earlier, over, published_day
from rag.copies import age
from rag.facts import Facts, Number, When, facts, measures, name_keys
from rag.question import DATE, NAME, keys, kind
from rag.schema import Evidence
from rag.values import TELL_APART, resolved
from rag.words import WORD, content_stems, stem, stems, weight, words

ALIKE = 0.6
"""Share of the earlier sentence's telling words, by weight, that stand in or around the later."""
AS_GOOD = 0.8
"""Share of the best score from which evidence is ordered by day where the newest is asked for."""
VERSIONS_WITHIN = timedelta(days=7)
"""Newer versions of an article come within this time; later ones are other articles."""

_CORRECTS = re.compile(
    r"\b(?:correction|corrected|corrects|clarification|clarified|clarifies|amended|revised|revises"
    r"|an? earlier (?:version|report|story|article)|our (?:earlier )?(?:report|story|article)"
    r"|(?:story|article|report) (?:has been|was|is) (?:updated|corrected|amended))\b"
    r"|^\W*(?:update[ds]?|correct(?:s|ed|ion))(?: \d+)?\s?[:–—-]",
    re.IGNORECASE,
)
_MOVED = re.compile(
    r"\b(?:delayed|postponed|pushed back|put off|brought forward|moved|extended|rescheduled|slipped"
    r"|shifted)\b",
    re.IGNORECASE,
)
_CHANGED = re.compile(
    r"\b(?:raised|lifted|increased|upped|boosted|expanded|cut|lowered|reduced|trimmed|slashed"
    r"|doubled|tripled|halved|changed|widened|topped up|rose|risen|climbed|fell|fallen|dropped"
    r"|updated|up from|down from|instead of|rather than|previously|now)\b",
    re.IGNORECASE,
)
_ENDED = re.compile(
    r"\b(?:no longer|scrapped|cancell?ed|called off|abandoned|withdrew|withdrawn|suspended|halted"
    r"|repealed|revoked|reversed|collapsed)\b",
    re.IGNORECASE,
)
_FOLLOWED = re.compile(
    r"\b(?:replaces|replaced|succeeds|succeeded|took over from|takes over from|in place of"
    r"|stepped down|resigned)\b",
    re.IGNORECASE,
)
_UNREAL = re.compile(
    r"\b(?:may|might|could|would|will|should|to|plan|plans|planned|not|never|denied|denies|deny"
    r"|consider\w*|expect\w*|likely|whether|if|hope[ds]?|wants?|\w+n['’]t)\b",
    re.IGNORECASE,
)
"""Words shortly before a change that has not happened."""
_OLD = re.compile(
    r"\b(?:from|previous(?:ly)?|earlier|instead of|rather than|than|original(?:ly)?|initial(?:ly)?"
    r"|gave|had said|called|put at|compared with)\b(?:(?!\bto\b|\d)[^.;]){0,25}$",
    re.IGNORECASE,
)
"""What stands before a value that the later sentence gives as the old one."""
_OF_ANOTHER = re.compile(r"\b(?:in|at|of|for)\s+(?:the\s+)?$", re.IGNORECASE)
_BOTH = re.compile(
    r"\b(?:chang(?:e|ed|es)|shift(?:ed)?|evolved?|grown|risen|fallen|widened|compare[ds]?"
    r"|comparison|history|over time|at first|before and after|differ\w*|used to)\b",
    re.IGNORECASE,
)
"""Questions to which the earlier belongs as well."""
_OF_CHANGE = frozenset(
    map(
        stem,
        """previous previously earlier former formerly new newly later current currently original
        originally initial initially last""".split(),
    )
)
_PREFIX = re.compile(
    r"^\W*(?:update[ds]?|correct(?:ed|ion|s))(?: \d+)?\W+|\W*\(updated?\)\W*$", re.I
)


@dataclass(frozen=True, slots=True)
class Updated:
    """What a later article says in place of an earlier one."""

    later: Evidence
    earlier: Evidence
    words: str
    """The later one's words that say so, or "newer version"."""


def changed(question: str, evidence: Sequence[Evidence]) -> list[Updated]:
    """The sentences of `evidence` that a later one changes; empty for most questions.

    An earlier sentence is listed once, with the latest that changes it. None where the question
    names a time that was over before the later article came out.
    """
    found: dict[int, Updated] = {}
    oldest_first = sorted(evidence, key=lambda item: age(item.article_id, item.published))
    for later in oldest_first:
        for earlier in evidence:
            if said := _updates(question, later, earlier):
                found[earlier.number] = Updated(later, earlier, said)
    return [found[number] for number in sorted(found)]


def updated(question: str, evidence: Sequence[Evidence]) -> list[Updated]:
    """Those of `changed` by which the later sentence takes the place of the earlier.

    None where the question asks for the earlier, or for both.
    """
    return changed(question, evidence) if prefers_later(question) else []


def prefers_later(question: str) -> bool:
    """Whether of an earlier and a later value only the later answers."""
    return not asks_for_earlier(question) and not _BOTH.search(question)


def explained(evidence: Sequence[Evidence], changes: Sequence[Updated]) -> bool:
    """Whether one of some sentences changes another, so that they do not disagree."""
    held = {(item.article_id, item.start) for item in evidence}
    return any(
        {(one.article_id, one.start) for one in (change.later, change.earlier)} <= held
        for change in changes
    )


def later_first(evidence: Sequence[Evidence], found: Sequence[Updated]) -> list[Evidence]:
    """The evidence with each later sentence in the place of the earlier, which is left out.

    The later one takes over the earlier one's share. Numbered anew from 1, in the new order.
    """
    place = {item.number: item.number for item in evidence}
    share = {item.number: item.share for item in evidence}
    for update in found:
        later, earlier = update.later.number, update.earlier.number
        place[later] = min(place[later], place[earlier])
        share[later] += share[earlier]
    gone = {update.earlier.number for update in found}
    kept = [item for item in evidence if item.number not in gone]
    kept.sort(key=lambda item: place[item.number])
    return [
        replace(item, number=number, share=share[item.number])
        for number, item in enumerate(kept, start=1)
    ]


def newest_first(evidence: Sequence[Evidence]) -> list[Evidence]:
    """What answers nearly as well as the best, by day, the newest first; the rest behind it.

    Numbered anew. Unknown dates stand last among equals.
    """
    best = max((item.score for item in evidence), default=0.0)
    good = [item for item in evidence if item.score >= AS_GOOD * best]
    good.sort(key=lambda item: item.published or "", reverse=True)
    order = [*good, *(item for item in evidence if item.score < AS_GOOD * best)]
    return [replace(item, number=number) for number, item in enumerate(order, start=1)]


def _updates(question: str, later: Evidence, earlier: Evidence) -> str:
    """The words by which one sentence changes what another one says; '' where it does not."""
    day = published_day(later.published)
    if day is None or not _comes_after(later, earlier) or over(question, day):
        return ""
    said = _says_so(later)
    version = newer_version(later, earlier)
    if not (said or version) or not _one_thing(later, earlier):
        return ""
    if not said and not _dates_agree(later, earlier):  # a column: "Jobs", of May and of June
        return ""
    if said and (said.ends or (said.follows and kind(question) == NAME)):
        return said.words if not _also_says_so(earlier, said) else ""
    moved = bool(said and said.moves) or version or kind(question) == DATE
    return (
        (said.words if said else "newer version") if _otherwise(later, earlier, moved=moved) else ""
    )


def _comes_after(later: Evidence, earlier: Evidence) -> bool:
    if not earlier.published or later.article_id == earlier.article_id:
        return False
    copies = {copy.article_id for copy in (*later.also_in, *earlier.also_in)}
    copied = bool(copies & {later.article_id, earlier.article_id})
    comes = age("", later.published) > age("", earlier.published)
    return comes and (not copied or newer_version(later, earlier))


@dataclass(frozen=True, slots=True)
class _Said:
    """How a sentence says that something changed."""

    words: str
    moves: bool
    ends: bool
    follows: bool


def _says_so(item: Evidence) -> _Said | None:
    """What in a sentence, its title or the sentence before it says that it changes something."""
    for text in (item.text, item.context, item.title):
        if match := _CORRECTS.search(text):
            return _Said(match.group().strip(" :–—-"), moves=True, ends=False, follows=False)
    for shape in (_ENDED, _FOLLOWED, _MOVED, _CHANGED):
        for match in shape.finditer(item.text):
            if not _UNREAL.search(" ".join(item.text[: match.start()].split()[-4:])):
                return _Said(
                    match.group(),
                    moves=shape is _MOVED,
                    ends=shape is _ENDED,
                    follows=shape is _FOLLOWED,
                )
    return None


def _also_says_so(earlier: Evidence, said: _Said) -> bool:
    """Whether the earlier sentence told of the change already."""
    return stem(said.words.split()[0]) in stems(earlier.text)


def newer_version(later: Evidence, earlier: Evidence) -> bool:
    """Whether two articles are one, published again: the same publisher and title within days."""
    if not later.publisher or later.publisher.casefold() != earlier.publisher.casefold():
        return False
    first, last = published_day(earlier.published), published_day(later.published)
    one, other = (frozenset(content_stems(_PREFIX.sub("", e.title))) for e in (later, earlier))
    alike = len(one & other) > 1 and len(one & other) >= 0.8 * len(one | other)
    return bool(alike and first and last and last - first <= VERSIONS_WITHIN)


def _one_thing(later: Evidence, earlier: Evidence) -> bool:
    """Whether both sentences tell of one thing: the same words, names and time."""
    around = f"{later.title} {later.context} {later.text}"
    held = keys(around)
    telling = {
        key: w
        for key, w in content_stems(earlier.text).items()
        if not measures(key) and key not in _OF_CHANGE
    }
    shared = sum(w for key, w in telling.items() if key in held)
    mine, theirs = facts(later.text), facts(earlier.text)
    names = [
        frozenset(name.keys)
        for name in theirs.names or facts(earlier.title).names
        if not name.opens or len(name.keys) > 1 or held.intersection(name.keys)
    ]  # a word is no name for opening a sentence
    return (
        bool(names)
        and all(name <= held for name in names)
        and shared >= ALIKE * sum(telling.values())
        and not _of_another(later, mine, earlier)
        and _qualified(later.text) == _qualified(earlier.text)
        and _at_one_time(later, mine, theirs)
    )


def _of_another(later: Evidence, said: Facts, earlier: Evidence) -> bool:
    """Whether the later sentence speaks of a place or an owner that the earlier does not know."""
    near = name_keys(f"{earlier.title} {earlier.context} {earlier.text}")
    for name in said.names:
        at = later.text.find(name.words)
        owns = name.words.endswith(("'s", "’s", "s'", "s’"))
        if not set(name.keys) & near and (owns or _OF_ANOTHER.search(later.text, 0, at)):
            return True
    return False


def _qualified(text: str) -> frozenset[str]:
    return (frozenset(map(stem, words(text))) & TELL_APART) - _OF_CHANGE


def _at_one_time(later: Evidence, mine: Facts, theirs: Facts) -> bool:
    """Whether the earlier speaks of no year that the later does not, unless it is still to come."""
    ours = {when.year for when in mine.dates if when.year}
    years = {when.year for when in theirs.dates if when.year}
    told = int(str(later.published)[:4])
    if _MOVED.search(later.text) or _CORRECTS.search(later.text):
        return True
    return not years or bool(years & ours) or (not ours and min(years) >= told)


def _dates_agree(later: Evidence, earlier: Evidence) -> bool:
    mine, theirs = facts(later.text).dates, facts(earlier.text).dates
    return all(_meets(resolved(a, later), resolved(b, earlier)) for a in mine for b in theirs)


def _otherwise(later: Evidence, earlier: Evidence, *, moved: bool) -> bool:
    """Whether the later gives a number, or where something moved a date, that the earlier lacks."""
    mine, theirs = facts(later.text), facts(earlier.text)
    new = [number for number in mine.numbers if not _OLD.search(_before(later.text, number.words))]
    for number in theirs.numbers:
        alike = [one for one in new if _of_one_kind(later.text, one, earlier.text, number)]
        if alike and all(_apart(one.value, number.value) for one in alike):
            return True
    if not moved:
        return False
    fresh = [
        resolved(when, later)
        for when in mine.dates
        if not _OLD.search(_before(later.text, when.words))
    ]
    told = [resolved(when, earlier) for when in theirs.dates]
    return bool(fresh and told) and not any(_meets(a, b) for a in fresh for b in told)


def _before(text: str, said: str) -> str:
    return text[: max(0, text.find(said))][-60:]


def _apart(one: float, other: float) -> bool:
    return abs(one - other) > 0.005 * max(abs(one), abs(other))


def _of_one_kind(text: str, one: Number, other_text: str, other: Number) -> bool:
    """Whether two numbers are in one unit; without one, whether they count the same."""
    if one.unit or other.unit:
        return one.unit == other.unit
    mine, theirs = _counted(text, one.words), _counted(other_text, other.words)
    return bool(mine) and mine == theirs


def _counted(text: str, said: str) -> str:
    behind = WORD.findall(text[text.find(said) + len(said) :])[:3]
    return next((stem(word) for word in behind if weight(word) > 0), "")


def _meets(one: When, other: When) -> bool:
    pairs = ((getattr(one, part), getattr(other, part)) for part in ("year", "month", "day"))
    known = [(a, b) for a, b in pairs if a is not None and b is not None]
    return bool(known) and all(a == b for a, b in known)
