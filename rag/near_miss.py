"""Why a question is declined: what the closest articles do say, and what they lack."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from rag.cite import Bibliography
from rag.facts import facts, measures, name_key, name_keys
from rag.inert import inert
from rag.question import NAME, NUMBER, answers_exactly, answers_kind, exact_kind, keys, kind
from rag.schema import Answer, Citation, Evidence, NearMiss, Passage
from rag.words import content_stems, weight, words

NOT_ANSWERED = "The articles do not answer this question."

TELLING = 2.0
"""Weight (see `rag.words`) from which a word that no passage holds is worth naming."""
MOST_NAMED = 4
"""Missing words that are named at most, the rarest first."""
CLOSEST = 2
"""Articles whose closest sentence is shown."""
_LONG = 5
"""Letters from which a stem may match as the beginning of another."""

_KINDS = {
    "count": "says how many",
    "percent": "gives a percentage",
    "part": "says how much of it",
    "money": "gives a sum of money",
    "date": "gives a date",
    "person": "says who",
    "place": "says where",
    "country": "names such a place",
    "reason": "gives a reason",
    NUMBER: "gives a number",
    NAME: "gives a name",
}


def declined(answer: Answer, evidence: Sequence[Evidence], below: float) -> Answer:
    """The answer as one that abstains, with a reason and the nearest miss.

    Args:
        answer: the answer so far, with its passages and how likely they answer.
        evidence: the sentences that came closest, the best first; may be empty.
        below: the likelihood under which questions are declined.
    """
    miss = near_miss(answer.query, answer.passages, evidence, answer.likely or 0.0, below)
    return replace(
        answer,
        answer=NOT_ANSWERED,
        abstained=True,
        reason=" ".join(filter(None, (_looked(answer.passages), miss.lacking, miss.said))),
        near_miss=miss,
        complete=True,
        model="",
    )


def _looked(passages: Sequence[Passage]) -> str:
    if not passages:
        return "No passage was found."
    articles = len({passage.article_id for passage in passages})
    return f"{_count(len(passages), 'passage')} of {_count(articles, 'article')} were read."


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def near_miss(
    question: str,
    passages: Sequence[Passage],
    evidence: Sequence[Evidence],
    likely: float,
    below: float,
) -> NearMiss:
    """What came closest to an answer, and what of the question nothing that was read holds."""
    if not passages:
        return NearMiss()
    held = _held_by_article(passages)
    everywhere = frozenset().union(*held.values())
    wanted = _telling(question)
    missing = [word for word in wanted if not _holds(everywhere, word)]
    names = tuple(word for word in missing if wanted[word])
    plain = tuple(word for word in missing if not wanted[word])
    apart = () if missing else _apart(wanted, held.values())
    asked = "" if missing else _kind_lacking(question, evidence)
    miss = NearMiss(names=names, words=plain, apart=apart, kind=asked)
    return replace(
        miss,
        lacking=_lacking(miss) or _unlikely(evidence, likely, below),
        said=inert(_said(evidence)),
        closest=_closest(evidence),
    )


def _telling(question: str) -> dict[str, bool]:
    """The names (True) and other telling words of a question: names first, then by rarity."""
    names = [name for name in facts(question).names if not name.opens or len(name.keys) > 1]
    named = {key for name in names for key in name.keys}
    plain = {
        word
        for word in words(question)
        if weight(word) >= TELLING and not measures(word) and name_key(word) not in named
    }
    rare = sorted(plain, key=lambda word: (-weight(word), word))
    return {**{name.words.removesuffix("'s"): True for name in names}, **dict.fromkeys(rare, False)}


def _held_by_article(passages: Sequence[Passage]) -> dict[str, frozenset[str]]:
    texts: dict[str, list[str]] = {}
    for passage in passages:
        notes = [note.meaning for note in passage.notes]
        about = [passage.title, passage.publisher, passage.text, *notes]
        texts.setdefault(passage.article_id, []).extend(about)
    return {article_id: keys(" ".join(parts)) for article_id, parts in texts.items()}


def _holds(held: frozenset[str], wanted: str) -> bool:
    """Whether each word of it stands there, in any form, or as the beginning of another."""
    return all(
        any(key in held or (len(key) >= _LONG and _begins(key, held)) for key in _forms(word))
        for word in words(wanted)
    )


def _forms(word: str) -> set[str]:
    return {*content_stems(word), name_key(word), *(name_key(part) for part in word.split("-"))}


def _begins(key: str, held: frozenset[str]) -> bool:
    return any(
        len(other) >= _LONG and (other.startswith(key) or key.startswith(other)) for other in held
    )


def _apart(wanted: Iterable[str], held: Iterable[frozenset[str]]) -> tuple[str, ...]:
    """The words that the article with most of them lacks, though another one has them."""
    lacks = [tuple(word for word in wanted if not _holds(one, word)) for one in held]
    return min(lacks, key=len, default=())


def _kind_lacking(question: str, evidence: Sequence[Evidence]) -> str:
    """The kind of answer asked for, where no close sentence brings one; else ''."""
    exact, rough = exact_kind(question), kind(question)
    if exact:
        found = any(answers_exactly(question, item.text) for item in evidence)
        return "" if found else exact
    known = frozenset(content_stems(question)) | name_keys(question)
    asked = facts(question)
    brings = any(answers_kind(rough, asked, facts(item.text), known) for item in evidence)
    return "" if brings or rough not in _KINDS else rough


def _lacking(miss: NearMiss) -> str:
    """One sentence on what is lacking; '' where all of it is somewhere."""
    if missing := (*miss.names, *miss.words)[:MOST_NAMED]:
        verb = "speaks of" if miss.names else "holds"
        return f"None of them {verb} {_listed(missing, 'or')}."
    if miss.apart:
        return f"No article among them has {_listed(miss.apart[:MOST_NAMED], 'and')} with the rest."
    return f"No sentence near the question {_KINDS[miss.kind]}." if miss.kind else ""


def _listed(missing: Sequence[str], joined: str) -> str:
    quoted = [f"“{word}”" for word in missing]
    return f" {joined} ".join(filter(None, (", ".join(quoted[:-1]), quoted[-1])))


def _unlikely(evidence: Sequence[Evidence], likely: float, below: float) -> str:
    if not evidence:
        return "None holds a sentence about it."
    return (
        f"Sentences near the question were found, but none is likely enough to answer it "
        f"({likely:.2f}; {below:.2f} is asked for)."
    )


def _said(evidence: Sequence[Evidence]) -> str:
    """One sentence on what the closest article does say."""
    if not evidence:
        return ""
    closest = evidence[0]
    where = ", ".join(filter(None, (closest.publisher, closest.published or "date unknown")))
    title = closest.title or closest.article_id
    return f"The closest, in “{title}” ({where}), says: “{' '.join(closest.text.split())}”"


def _closest(evidence: Sequence[Evidence]) -> tuple[Citation, ...]:
    """The closest sentence of each of the closest articles, as citations numbered from 1."""
    first: dict[str, Evidence] = {}
    for item in evidence:
        first.setdefault(item.article_id, item)
    bibliography = Bibliography()
    for item in list(first.values())[:CLOSEST]:
        bibliography.number(item)
    return bibliography.citations
