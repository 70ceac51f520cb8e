"""Questions that stored sentences answer, made from those sentences by rule.

A part of a sentence is asked for and the rest of it is kept word for word: who did it, when, how
much, or what somebody said of something. What was made so can be answered from the collection, and
no model is needed. Sentences that lean on others ("it", "on Monday") make poor questions and are
passed over, as are verbs that are not in the table. Other languages get a question about a title.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from rag.facts import SMALL_NUMBERS, facts
from rag.question import answers_exactly, exact_kind
from rag.schema import Answer, Article, Passage
from rag.sentences import sentence_spans
from rag.words import FUNCTION_WORDS, stems

_READ = 1500
"""Characters of an article: what its lead and the paragraphs after it tell is its news."""
_LONGEST, _FEWEST_WORDS = 110, 5
"""Characters and words of a question: longer ones are no invitation."""
_LONGEST_SENTENCE = 320
_TITLE = 80
_PASSAGES = 6
_ALIKE = 0.6
"""The share of a question's words in another one from which on they ask the same."""

_REGULAR = """
    accept accuse acquire add adopt agree allow announce appoint approve arrest ask attack award
    back ban block breach call cancel charge claim clear close complete condemn confirm consider
    contribute create criticise criticize decide delay deliver demand deny describe develop dismiss
    donate double drop earn employ end endorse enter exceed expand expect extend file fine fire form
    found halt hire host impose improve increase introduce invest join kill launch limit list merge
    miss move name offer open operate order pass perform plan pledge postpone produce promise
    propose publish raise reach receive record recommend reduce refuse reject release remove rename
    replace report require rescue resign restore restrict return reveal reverse score secure seize
    serve share sign start stop sue supply support suspend target test threaten train transfer
    unveil urge use visit vote want warn
"""
_IRREGULAR = {
    "beat": "beat", "become": "became", "begin": "began", "bring": "brought", "build": "built",
    "buy": "bought", "cut": "cut", "find": "found", "get": "got", "give": "gave", "hold": "held",
    "grow": "grew", "lead": "led", "leave": "left", "lose": "lost", "make": "made",
    "pay": "paid", "sell": "sold", "send": "sent", "spend": "spent", "set": "set", "take": "took",
    "tell": "told", "win": "won", "withdraw": "withdrew", "write": "wrote",
}  # fmt: skip


def _past(verb: str) -> str:
    if verb in ("ban", "plan", "drop", "stop", "transfer"):
        return f"{verb}{verb[-1]}ed"
    return f"{verb}d" if verb.endswith("e") else f"{verb}ed"


_BASE = {_past(verb): verb for verb in _REGULAR.split()}
_BASE |= {past: verb for verb, past in _IRREGULAR.items()}
"""What somebody did, in the past tense, to the verb's base."""
_THIRD = {
    f"{verb}{'es' if re.search(r'(?:s|sh|ch)$', verb) else 's'}": verb for verb in _BASE.values()
}
_PAST = "|".join(sorted(_BASE, key=len, reverse=True))
_DOING = "|".join(sorted(_THIRD, key=len, reverse=True))
_DOES = "|".join(sorted({*_BASE.values()}, key=len, reverse=True))

_WORD = r"[A-ZÀ-Þ][\w’'&.-]*\w"
_NAME = rf"(?:the )?{_WORD}(?: (?:(?:of|for|de|van|von|and) (?:the )?)?{_WORD}){{0,5}}"
_SUBJECT = rf"(?P<who>(?:The )?{_NAME})"
_AUX = r"(?P<aux>was|were|will be|is to be|are to be|will|has been|have been)"
_MONTH = "January|February|March|April|May|June|July|August|September|October|November|December"
_DAY = rf"(?:\d{{1,2}} )?(?:{_MONTH})(?: \d{{1,2}},?)?(?: \d{{4}})?|\d{{4}}"
_NUMBER = r"(?:about |around |some |nearly |almost |more than |over |at least )?[\d,]*\d "
_MONEY = (
    r"(?:about |around |some |nearly |almost |up to |more than |over |at least |roughly )?"
    r"(?:(?:US)?[$€£¥]\s?[\d.,]*\d(?: ?(?:million|billion|trillion|bn|m))?"
    r"|[\d.,]*\d(?: (?:million|billion|trillion))? (?:dollars|euros|pounds|yen|yuan|won))"
)
_BESIDE = r"(?:, [^,]{3,90},)?"
"""What stands between commas behind a name: "TSMC, the largest maker of chips, …"."""
_WHO = re.compile(
    rf"^{_SUBJECT}{_BESIDE} (?P<does>(?:has |have |had )?(?:{_PAST})|{_DOING}"
    rf"|(?:will|plans? to|wants? to) (?:{_DOES})) (?P<rest>.+)$"
)
_WHEN = re.compile(rf"^{_SUBJECT}{_BESIDE} {_AUX} (?P<rest>[^,]+) (?:in|on) (?P<day>{_DAY})\b")
_DID_WHEN = re.compile(
    rf"^{_SUBJECT}{_BESIDE} (?P<did>{_PAST}) (?P<rest>[^,]+) (?:in|on) (?P<day>{_DAY})\b"
)
_DATED = re.compile(rf"^(?:In|On) (?P<day>{_DAY}),? (?={_WORD})")
_AMOUNT = re.compile(
    rf"^{_SUBJECT}{_BESIDE} (?:(?P<aux>will|would|has|had) )?(?P<did>{_PAST}|{_DOES})"
    rf" (?P<sum>{_MONEY}|{_NUMBER}(?P<what>[a-zà-ÿ-]+s))"
    r" (?P<rest>(?:for|in|to|on|from|into|as|of|against|at|with|by) [^,]+)"
)
_WHY = re.compile(
    rf"^{_SUBJECT}{_BESIDE} (?P<did>{_PAST}) (?P<rest>[^,]+),? (?:because|in order to|so that) .+$"
)
_CLAUSE = (
    r"(?P<topic>(?:the |an? )?[\w’'-]+(?: [\w’'-]+){0,5}?) "
    r"(?:will|would|is|was|are|were|has|had|have|can|could|should|must|may|might|does|did)\b"
)
_SAID = re.compile(rf"^{_SUBJECT}{_BESIDE} (?:said|warned|argued|added|says)(?: that)? {_CLAUSE}")
_SAID_BEHIND = re.compile(
    rf"^(?P<lead>{_CLAUSE}.+),[”\"]? (?:said (?P<who>{_WORD}(?: {_WORD}){{0,3}})"
    rf"|(?P<name>{_WORD}(?: {_WORD}){{0,3}}) said)$",
    re.IGNORECASE,
)
_LEANS = re.compile(
    r"\b(?:it|its|itself|he|him|his|she|her|hers|they|them|their|themselves|himself|herself|this"
    r"|that|these|those|there|here|we|us|our|I|I’m|my|you|your|who|which|whose|what"
    r"|the (?:latter|former|same|other|two|three|company|group|team|deal)|others?|another|such|so"
    r"|also|however|meanwhile|yesterday|today|tomorrow|(?:last|next|earlier this) \w+"
    r"|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|ago|later|then|now)\b",
)
_AWKWARD = re.compile(r"[\n„«»()\[\]{};:|*_<>#`—–]|https?:| - ")
_WEEKDAY = re.compile(rf"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day,? (?=\d|(?:{_MONTH}) \d)")
_MARKS = str.maketrans("", "", '“”"')


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A question, and the sentence that answers it."""

    kind: str
    """One of `KINDS`."""
    question: str
    sentence: str


_PLAIN = ("about", "title")
_MADE = ("amount", "said", "why", "who", "when")
KINDS = (*_MADE, *_PLAIN)
"""The kinds, those that make the best questions first."""


def of_articles(articles: Iterable[Article], most: int) -> tuple[str, ...]:
    """Questions that some articles answer: one an article, of as many kinds as there are.

    Args:
        articles: those that come first are asked about first; no more are taken than it needs.
        most: how many questions, at most.
    """
    made: list[list[Suggestion]] = []
    for article in articles:
        made.append(list(of_text(article.text[:_READ], article.title)))
        if sum(any(one.kind not in _PLAIN for one in group) for group in made) >= most:
            break
    return tuple(one.question for one in _mixed(made, most))


def following(answer: Answer, most: int = 3) -> tuple[str, ...]:
    """Questions to go on with: what was found for an answer, and not used in it, answers them."""
    asked = stems(answer.question)
    spans = [(one.article_id, one.start, one.end) for one in answer.citations]
    made = []
    cited = {one.article_id for one in answer.citations}
    for passage in answer.passages[:_PASSAGES]:
        found = [
            one
            for one in _of_passage(passage, spans)
            if one.kind != "title" or passage.article_id not in cited
        ]
        made.append([one for one in found if not _alike(one.question, asked)])
    return tuple(one.question for one in _mixed(made, most))


def of_text(text: str, title: str = "") -> Iterator[Suggestion]:
    """What can be asked of a text, in its order; a question about its title comes last."""
    for start, end in sentence_spans(text):
        yield from _of_sentence(text[start:end], text, title)
    if name := _subject(title, text):
        yield Suggestion("about", f"What is reported about {name}?", name)
    if title.strip():
        flat = " ".join(title.split())
        yield Suggestion("title", _about(_cut(flat), text), flat)


def _of_passage(passage: Passage, spans: Sequence[tuple[str, int, int]]) -> Iterator[Suggestion]:
    """As `of_text`, without the sentences that are cited."""
    for one in of_text(passage.text, passage.title):
        start = passage.start + max(0, passage.text.find(one.sentence))
        end = start + len(one.sentence)
        used = any(
            passage.article_id == article and start < last and first < end
            for article, first, last in spans
        )
        if one.kind == "title" or not used:
            yield one


def _of_sentence(sentence: str, text: str, title: str) -> Iterator[Suggestion]:
    said = _WEEKDAY.sub("", sentence.strip().rstrip("."))
    if len(said) > _LONGEST_SENTENCE or _AWKWARD.search(said):
        return
    for kind, rule in _RULES:
        made = rule(said)
        if made and _fit(*made, sentence, f"{title}\n{text}"):
            yield Suggestion(kind, made[0], sentence)
            return


def _fit(question: str, who: str, sentence: str, text: str) -> bool:
    """Whether it stands alone, is short, asks for what the sentence tells, and of somebody."""
    if len(question) > _LONGEST or len(question.split()) < _FEWEST_WORDS:
        return False
    asked = question.partition(" ")[2]
    if _LEANS.search(asked.replace(_within(who), "")) or any(one in question for one in '“”"'):
        return False
    exact = exact_kind(question)
    told = exact in ("", "person", "place", "country") or answers_exactly(question, sentence)
    return told and _named(who, text)


def _named(who: str, text: str) -> bool:
    """Whether the first words of a sentence are a name, and not only capitalised for being first.

    A name has two words, or is all in capitals, or stands within a sentence of the text too.
    """
    first, *others = who.removeprefix("The ").removeprefix("the ").split()
    if first.lower() in FUNCTION_WORDS and first != "US":
        return False
    bare = " ".join([first, *others])
    within = re.search(rf"[\w,] (?:the )?{re.escape(bare)}\b", text)
    return within is not None or first.isupper() or any(word[:1].isupper() for word in others)


_NOT_TOPICS = (FUNCTION_WORDS | set(SMALL_NUMBERS)) - {"the", "a", "an"}
Made = tuple[str, str] | None
"""A question, and who it is about."""


def _amount(said: str) -> Made:
    found = _AMOUNT.match(said)
    if not found:
        return None
    aux, done = found["aux"] or "did", found["did"]
    if not found["aux"] and done not in _BASE:
        return None
    verb = done if aux in ("has", "had") else _BASE.get(done, done)
    asks = f"How many {found['what']}" if found["what"] else "How much"
    return f"{asks} {aux} {_within(found['who'])} {verb} {found['rest']}?", found["who"]


def _said(said: str) -> Made:
    found = _SAID.match(said.translate(_MARKS)) or _SAID_BEHIND.match(said.translate(_MARKS))
    if not found:
        return None
    who = found["who"] or found["name"]
    topic = found["topic"]
    if topic.split()[0].lower() in _NOT_TOPICS:
        return None
    opens = found.start("topic") == 0
    if opens:
        topic = topic[0].lower() + topic[1:] if re.match(r"The |An? ", topic) else topic
    named = not opens or topic[0].islower()
    named = named and (len(topic.split()) > 2 or bool(facts(f"– {topic}").names))
    return (f"What did {_within(who)} say about {topic}?", who) if named else None


def _why(said: str) -> Made:
    found = _WHY.match(said)
    if not found:
        return None
    who, verb = _within(found["who"]), _BASE[found["did"]]
    return f"Why did {who} {verb} {found['rest']}?", found["who"]


def _when(said: str) -> Made:
    if dated := _DATED.match(said):
        said = f"{said[dated.end() :].partition(', ')[0]} in {dated['day']}"
    if found := _WHEN.match(said):
        first, _, others = found["aux"].partition(" ")
        asked = f"{first} {_within(found['who'])} {others} {found['rest']}"
    elif found := _DID_WHEN.match(said):
        asked = f"did {_within(found['who'])} {_BASE[found['did']]} {found['rest']}"
    if not found or not _specific(found["rest"]):
        return None
    return f"When {' '.join(asked.split())}?", found["who"]


def _who(said: str) -> Made:
    found = _WHO.match(said)
    rest = found["rest"].partition(",")[0] if found else ""
    if not found or not _specific(rest):
        return None
    does = re.sub(r"^have ", "has ", found["does"])
    does = re.sub(r"^(plan|want) to", r"\1s to", does)
    return f"Who {does} {rest}?", found["who"]


_RULES: tuple[tuple[str, Callable[[str], Made]], ...] = (
    ("amount", _amount),
    ("said", _said),
    ("why", _why),
    ("when", _when),
    ("who", _who),
)


def _specific(rest: str) -> bool:
    """Whether it names something or counts it: "Who opened the gate?" could be anybody."""
    told = facts(f"– {rest}")
    return bool(told.names) or (bool(told.numbers) and len(rest.split()) > 4)


def _within(who: str) -> str:
    """A name as it stands within a sentence."""
    return f"the {who[4:]}" if who.startswith("The ") else who


def _about(title: str, text: str) -> str:
    """A question about a title, in the language of the text as far as a glance tells it."""
    if re.search(r"[぀-ヿ]", title + text[:200]):
        return f"「{title}」には何が書かれていますか。"
    words = re.findall(r"\w+", f"{title} {text[:600]}".lower())
    if (
        sum(word in ("der", "die", "das", "und", "ist", "nicht") for word in words)
        > len(words) / 20
    ):
        return f"Was wird in „{title}“ berichtet?"
    if sum(word in ("le", "la", "les", "des", "est", "une") for word in words) > len(words) / 20:
        return f"Que rapporte l’article « {title} » ?"
    return f"What is reported in “{title}”?"


def _subject(title: str, text: str) -> str:
    """The name in a title that its English text holds most often, twice at least; or nothing.

    A single word may be an adjective ("Dutch"), unless it is an abbreviation.
    """
    if not re.search(r"\b(?:the|and|of)\b", text[:600]):
        return ""
    found = (name.words for name in facts(f"– {title}").names)
    names = [one for one in found if " " in one or one.isupper()]
    counted = [(len(re.findall(rf"[\w,] {re.escape(one)}\b", text)), one) for one in names]
    most, name = max(counted, default=(0, ""), key=lambda one: one[0])
    return name if most > 1 else ""


def _cut(title: str) -> str:
    if len(title) <= _TITLE:
        return title
    return title[: _TITLE - 1].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"


def _alike(question: str, asked: frozenset[str]) -> bool:
    own = stems(question)
    return bool(own) and len(own & asked) >= _ALIKE * len(own)


def _mixed(made: Sequence[Sequence[Suggestion]], most: int) -> list[Suggestion]:
    """One of each text, of as many kinds as there are; what is plain fills up."""
    left = [list(group) for group in made if group]
    chosen: list[Suggestion] = []
    for wanted in (*_MADE * most, *_PLAIN * most):
        if len(chosen) == most or not left:
            break
        group = next((one for one in left if any(each.kind == wanted for each in one)), None)
        if group is None:
            continue
        picked = next(each for each in group if each.kind == wanted)
        left.remove(group)
        if not any(_alike(picked.question, stems(one.question)) for one in chosen):
            chosen.append(picked)
    return sorted(chosen, key=lambda one: KINDS.index(one.kind))
