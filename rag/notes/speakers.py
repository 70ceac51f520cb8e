"""Who "he said", "Breton said" and "the minister said" speak of: notes beside an article's text.

Rules, and cautious ones: where two persons could be meant, a note on a pronoun says so.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from rag.notes.people import COURTESY, OPENERS, ROLES, SAYS, Person, people
from rag.schema import Record
from rag.sentences import sentence_spans

NEAR_SENTENCES = 4
NEAR_PARAGRAPHS = 2
"""How far back the person that a pronoun means may stand."""
FAR_SENTENCES = 24
ROLE_PARAGRAPHS = 6
"""The same for whom a pronoun may mean; the paragraphs for "the minister", too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakerNote(Record):
    """A speaker at `text[start:end]` (a pronoun, a surname, a role) and who it is.

    `text[who_start:who_end] == who`, a name with the role beside it, as first told.
    """

    start: int
    end: int
    sentence_start: int
    sentence_end: int
    who: str
    who_start: int
    who_end: int
    sure: bool
    """Whether nobody else can be meant; if not, it is who was spoken of last."""


class _Mention(NamedTuple):
    """Somebody at an offset: the key is '' where it cannot be told who, `name` a name in full."""

    place: int
    key: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class _Sentence:
    """What a sentence says of persons, each by a key: the full name, or a place for a role."""

    start: int
    paragraph: int
    mentions: tuple[_Mention, ...]
    speaker: str | None
    """Key of who speaks in it, '' for somebody unknown, None if nobody does."""
    named: str
    """A name that speaks in it, or whose surname opens it, and that was not shown to be a person's;
    '' without one."""
    perhaps: str
    """Who is likely to be meant by "he" in it: a key, or a name not shown to be a person's."""


@dataclass(slots=True)
class _Cast:
    """The persons of an article so far."""

    plain: str
    """The article with blanks inside its quotation marks."""
    who: dict[str, tuple[int, int]] = field(default_factory=dict)
    """By key: where the text tells who it is."""
    surnames: dict[str, set[str]] = field(default_factory=dict)
    """All names that end in a surname, those included that may be no persons."""
    possible: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Names of which nothing has shown yet that they are of persons."""
    written: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Names that speak, and of whom the text tells no more: a surname, or a firm."""
    roles: dict[str, dict[str, int]] = field(default_factory=dict)
    """By role noun: the keys that have it, and the last paragraph of each."""
    alone: frozenset[str] = frozenset()
    """Capitalised words that stand without another before them: surnames do, sooner or later."""
    woman: dict[str, bool] = field(default_factory=dict)
    told: list[_Sentence] = field(default_factory=list)
    last_speaker: str | None = None

    def place_of(self, who: str) -> tuple[int, int]:
        """Where the text tells who a key or a name is."""
        return self.who.get(who) or self.possible.get(who) or self.written[who]


def speaker_notes(text: str) -> tuple[SpeakerNote, ...]:
    """Who speaks, for each sentence that names its speaker by a pronoun, a surname or a role.

    A pronoun means who speaks in the nearest sentence that has persons, at most four sentences and
    two paragraphs back, or the only person in it; a surname the one full name that ends in it;
    "the minister" the one person who was called a minister. What stands inside quotation marks
    names no speaker.

    Returns:
        The notes in order; empty where nothing is sure. Takes time in proportion to the text.
    """
    cast = _Cast(_without_quotes(text))
    cast.alone = _alone(cast.plain)
    notes = []
    for start, end, paragraph, spoken in _up_to_the_last_speaker(cast.plain, text):
        if spoken and _QUOTES.search(cast.plain, start, end):
            _recognise(cast, cast.plain[spoken[0] : spoken[1]])
        mentions = _mentions(cast, start, end, paragraph)
        key = _speaker(cast, spoken, mentions, paragraph) if spoken else None
        named = "" if key else _possible(cast, _subject(cast.plain, start, end, spoken))
        perhaps = key or _perhaps(cast, spoken, mentions, named, paragraph)
        cast.told.append(_Sentence(start, paragraph, mentions, key, named, perhaps))
        cast.last_speaker = key if spoken else cast.last_speaker
        guessed = not key and spoken and _PRONOUN.match(cast.plain, spoken[0])
        who = perhaps if guessed else key
        if spoken and who and (guessed or _tells(cast, who, spoken, start)):
            first, last = cast.place_of(who)
            notes.append(
                SpeakerNote(
                    start=spoken[0],
                    end=spoken[1],
                    sentence_start=start,
                    sentence_end=end,
                    who=text[first:last],
                    who_start=first,
                    who_end=last,
                    sure=not guessed,
                )
            )
    return tuple(notes)


def pronouns_speaking(text: str) -> list[int]:
    """Where "he" and "she" speak, outside quotation marks, whether or not it is told who it is."""
    said = _up_to_the_last_speaker(_without_quotes(text), text)
    starts = [spoken[0] for *_, spoken in said if spoken]
    return [at for at in starts if _PRONOUN.match(text, at)]


_PRONOUN = re.compile(r"(?:he|she)\b", re.IGNORECASE)
_QUOTES = re.compile(r"[“”\"]")
_QUOTE = re.compile(r"“[^“”\n]*(?:”|$)|\"[^\"\n]*(?:\"|$)", re.MULTILINE)


def _without_quotes(text: str) -> str:
    """The text, as long as before, with nothing between its double quotation marks."""
    return _QUOTE.sub(_blank, text)


def _blank(quote: re.Match[str]) -> str:
    inside = quote[0][1:-1] if quote[0][-1] in '”"' else quote[0][1:]
    return quote[0].replace(inside, " " * len(inside), 1) if inside else quote[0]


def _up_to_the_last_speaker(
    plain: str, text: str
) -> list[tuple[int, int, int, tuple[int, int] | None]]:
    """(start, end, number of its paragraph, who speaks in it) of the sentences that can matter."""
    found, last = [], 0
    for number, (start, end, paragraph) in enumerate(_sentences(text), start=1):
        spoken = _spoken(plain, start, end)
        found.append((start, end, paragraph, spoken))
        last = number if spoken else last
    return found[:last]


def _sentences(text: str) -> Iterator[tuple[int, int, int]]:
    """(start, end, number of its paragraph) of each sentence."""
    paragraph = before = 0
    for start, end in sentence_spans(text):
        paragraph += "\n" in text[before:start]
        before = end
        yield start, end, paragraph


# Who is mentioned

_ROLE = rf"(?:{'|'.join(sorted(ROLES))})"
_UNNAMED = re.compile(
    rf"\b(?P<article>[Aa]n?|[Aa]nother|[Oo]ne|[Tt]he)\s(?:[\w’'-]+\s){{0,3}}?(?P<noun>{_ROLE})\b(?!\s[A-Z])"
    r"|\b(?:[Hh]is|[Hh]er|[Tt]heir|[Aa]|[Tt]he)\s(?:\w+\s)?(?P<kin>wife|husband|mother|father|sister|"
    r"brother|daughter|son|partner|girlfriend|boyfriend|man|woman|girl|boy|victim|source|friend)\b"
)
_CAPITAL = re.compile(r"(?<![\w’'.-])[A-ZÀ-ÖØ-Þ][\w-]+")
_CAPITALS = re.compile(rf"{_CAPITAL.pattern}(?:\s{_CAPITAL.pattern})*")


def _alone(plain: str) -> frozenset[str]:
    """The capitalised words that stand alone, or behind "But" or "Mr", somewhere."""
    runs = (run[0].split() for run in _CAPITALS.finditer(plain))
    return frozenset(run[-1] for run in runs if not {*run[:-1]} - OPENERS - COURTESY)


def _mentions(cast: _Cast, start: int, end: int, paragraph: int) -> tuple[_Mention, ...]:
    named = list(people(cast.plain, start, end))
    for person in named:
        _meet(cast, person, paragraph)
    found = [
        _Mention(one.start, one.name if one.name in cast.who else "", one.name) for one in named
    ]
    taken = [(one.first, one.last) for one in named]
    found += [
        _Mention(word.start(), _by_surname(cast, word[0]), _possible(cast, word[0]))
        for word in _CAPITAL.finditer(cast.plain, start, end)
        if word[0] in cast.surnames and not _within(word, taken)
    ]
    found += [
        _Mention(role.start(), _unnamed(cast, role, paragraph))
        for role in _UNNAMED.finditer(cast.plain, start, end)
        if not _within(role, taken)
    ]
    return tuple(sorted(found))


def _within(match: re.Match[str], taken: Sequence[tuple[int, int]]) -> bool:
    """Whether a match overlaps one of some stretches, which are in order."""
    place = bisect_left(taken, (match.end(), 0))
    return place > 0 and taken[place - 1][1] > match.start()


def _meet(cast: _Cast, person: Person, paragraph: int) -> None:
    cast.surnames.setdefault(person.surname, set()).add(person.name)
    if not person.shown:
        cast.possible.setdefault(person.name, (person.start, person.end))
        return
    first, last = cast.who.get(person.name, (0, 0))
    if last - first <= len(person.name):  # nothing but the name was told so far
        cast.who[person.name] = person.first, person.last
    if person.woman is not None:
        cast.woman.setdefault(person.name, person.woman)
    role = cast.plain[person.first : person.start] + cast.plain[person.end : person.last]
    for noun in ROLES.intersection(re.findall(r"[\w-]+", role.lower())):
        cast.roles.setdefault(noun, {})[person.name] = paragraph


def _recognise(cast: _Cast, words: str) -> None:
    """Take a name for a person's because it, or its surname, speaks beside quotation marks."""
    if name := _possible(cast, words):
        cast.who.setdefault(name, cast.possible[name])


def _possible(cast: _Cast, words: str) -> str:
    """The one full name, not shown to be a person's, that is `words` or ends in them."""
    names = cast.surnames.get(words, {words})
    name = next(iter(names)) if len(names) == 1 else ""
    return name if name in cast.possible else ""


def _unnamed(cast: _Cast, role: re.Match[str], paragraph: int) -> str:
    """The key of "a government official", who is a person without a name; '' for other words."""
    if role["kin"]:
        return ""
    if role["article"].lower() == "the":
        return _by_role(cast, role[0], paragraph)
    key = f"@{role.start()}"
    cast.who[key] = role.span()
    cast.roles.setdefault(role["noun"], {})[key] = paragraph
    return key


# Who speaks

_ADVERB = r"(?:\w+ly\s|also\s|then\s|later\s|further\s)?"
_WORD = r"[A-ZÀ-ÖØ-Þ][\w’'-]+"
_RUN = rf"{_WORD}(?:\.?\s{_WORD}){{0,4}}"
_WHO = rf"(?P<who>\b(?:[Hh]e|[Ss]he)|\b[Tt]he\s(?:[\w’'-]+\s){{0,2}}{_ROLE}|(?<![\w’'.-]){_RUN})"
_VERB = re.compile(rf"\b{SAYS}")
_GOVERNED = re.compile(r"\b(?:to|of|with|by|for|from|about|and|or|than|against)\s(?:an?\s)?$")
"""Before a name: somebody else speaks ("a source close to …"), or several do."""
_SUBJECT = re.compile(rf"{_WHO}\s{_ADVERB}$")
_INVERTED = re.compile(rf"(?<!told)(?<!tells)\s{_WHO}(?![\w’'-]|\s[A-Z])")


def _spoken(plain: str, start: int, end: int) -> tuple[int, int] | None:
    """The subject of the first verb of saying that has one beside it."""
    for verb in _VERB.finditer(plain, start, end):
        subject = _SUBJECT.search(plain, max(start, verb.start() - 80), verb.start())
        if subject is None and plain[start : verb.start()].rstrip()[-1:] in {"”", '"', ",", "’"}:
            subject = _INVERTED.match(plain, verb.end(), end)
        if subject and not _governed(plain, start, subject.start("who")):
            return _trimmed(subject)
    return None


def _governed(plain: str, start: int, place: int) -> bool:
    return bool(_GOVERNED.search(plain, max(start, place - 10), place))


def _trimmed(subject: re.Match[str]) -> tuple[int, int]:
    """The subject without "While", "But" and "Mr" before a name."""
    start, end = subject.span("who")
    if subject["who"].lower().split()[0] in ("he", "she", "the"):
        return start, end
    for word in re.finditer(r"\S+\s", subject["who"]):
        if not (word[0].strip() in OPENERS or word[0].strip(". ") in COURTESY):
            return start + word.start(), end
    return start + subject["who"].rfind(" ") + 1, end


_OPENS = re.compile(
    rf"(?:(?:While|Though|Although|But|And|Yet|Then)\s)?(?P<who>{_WORD})\s(?!and\b|or\b)[a-z]"
)


def _subject(plain: str, start: int, end: int, spoken: tuple[int, int] | None) -> str:
    """Who speaks in a sentence; where nobody does, the capitalised word that opens it, or ''."""
    if spoken:
        return plain[spoken[0] : spoken[1]]
    opens = _OPENS.match(plain, start, end)
    return opens["who"] if opens else ""


def _speaker(
    cast: _Cast, spoken: tuple[int, int], mentions: Sequence[_Mention], paragraph: int
) -> str:
    words = cast.plain[spoken[0] : spoken[1]].split()
    if words[0].lower() in ("he", "she"):
        if any(one.place < spoken[0] for one in mentions):
            return ""
        return _antecedent(cast, paragraph, woman=words[0].lower() == "she")
    if words[0].lower() == "the":  # alone it is no role: "the said report"
        return _by_role(cast, words[1:], paragraph) if words[1:] else ""
    names = (" ".join(words[at:]) for at in range(len(words) - 1))
    known = next((name for name in names if name in cast.who), "")
    titled = all(word.lower() in ROLES for word in words[:-1])
    return known or (_by_surname(cast, words[-1]) if titled else "")


def _by_surname(cast: _Cast, surname: str) -> str:
    names = cast.surnames.get(surname, set())
    only = next(iter(names)) if len(names) == 1 else ""
    return only if only in cast.who else ""


def _by_role(cast: _Cast, words: Sequence[str], paragraph: int) -> str:
    """The one person near who was given this role, with all that "Japanese official" says."""
    *qualities, noun = (word.lower() for word in words)
    near = [
        key for key, last in cast.roles.get(noun, {}).items() if paragraph - last <= ROLE_PARAGRAPHS
    ]
    fitting = [key for key in near if set(qualities) <= set(_told_of(cast, key))]
    return fitting[0] if len(near) == 1 and fitting else ""


def _told_of(cast: _Cast, key: str) -> list[str]:
    first, last = cast.who[key]
    return re.findall(r"[\w-]+", cast.plain[first:last].lower())


_CLAUSE = re.compile(r"(?:As|When|While|Because|Since|If|Although|Though)\s")
"""How a sentence begins whose first person may be another than the one whom it is about."""


def _antecedent(cast: _Cast, paragraph: int, *, woman: bool) -> str:
    """Whom "he" or "she" means, or '' where that is not sure."""
    near = [
        one
        for one in islice(reversed(cast.told), NEAR_SENTENCES)
        if paragraph - one.paragraph <= NEAR_PARAGRAPHS
    ]
    at, keys = next(((one, keys) for one in near if (keys := _keys(one))), (None, set[str]()))
    if at is None:
        return ""
    if at.speaker is not None:  # who spoke goes on, whoever was spoken of
        key = at.speaker or at.named
    else:
        key = at.mentions[0].key or (at.named if len(at.mentions) == 1 else "")
        opens = len(cast.plain[at.start : at.mentions[0].place].split()) <= 2
        sure = opens if key.startswith("@") else not _CLAUSE.match(cast.plain, at.start)
        if len(keys - {""}) > 1 or not (sure or key == cast.last_speaker):
            return ""
    if not key or cast.woman.setdefault(key, woman) != woman:
        return ""
    if key not in cast.who:  # no firm and no place is a "he"
        cast.who[key] = cast.possible[key]
    return key


def _keys(sentence: _Sentence) -> set[str]:
    spoken = set() if sentence.speaker is None else {sentence.speaker}
    return {one.key for one in sentence.mentions} | spoken


def _perhaps(
    cast: _Cast,
    spoken: tuple[int, int] | None,
    mentions: Sequence[_Mention],
    named: str,
    paragraph: int,
) -> str:
    """Whom a sentence may be about: the first who is named in it, not behind "of" and the like.

    Where "he" or "she" speaks in it, that one is named before, there or in an earlier sentence.
    """
    by_pronoun = spoken is not None and bool(_PRONOUN.match(cast.plain, spoken[0]))
    end = spoken[0] if spoken and by_pronoun else len(cast.plain)
    free = (m for m in mentions if m.place < end and not _governed(cast.plain, 0, m.place))
    here = [one for one in (named, *(m.key or m.name for m in free)) if one]
    if not (spoken and by_pronoun):
        said = _as_written(cast, spoken) if spoken and not named else ""
        return said or next((one for one in here if _a_person(cast, one)), "")
    woman = cast.plain[spoken[0]].lower() == "s"
    near = [
        one.perhaps
        for one in islice(reversed(cast.told), FAR_SENTENCES)
        if paragraph - one.paragraph <= ROLE_PARAGRAPHS
    ]
    fitting = (one for one in (*here, *near) if one and _a_person(cast, one))
    return next((one for one in fitting if cast.woman.get(one, woman) == woman), "")


def _as_written(cast: _Cast, spoken: tuple[int, int]) -> str:
    """A speaker's name of which the text tells no more; '' for "the minister"."""
    words = cast.plain[slice(*spoken)]
    if not words[0].isupper() or words.startswith("The "):
        return ""
    cast.written.setdefault(words, spoken)
    return words


def _a_person(cast: _Cast, who: str) -> bool:
    """Whether it is a name that the text, or its surname alone in the text, shows to be one."""
    if who in cast.possible and who not in cast.who:
        return who.split()[-1] in cast.alone
    return not who.startswith("@")


def _tells(cast: _Cast, key: str, spoken: tuple[int, int], start: int) -> bool:
    """Whether the note adds something: who it is does not stand in the sentence itself."""
    return not start <= cast.who[key][0] < spoken[1] and cast.plain[spoken[0] : spoken[1]] != key
