"""Searches that a language model proposes for a question, where they are sound; else none.

Asked only where rules are weakest: a follow-up, or a question that asks for several things. What it
writes is searched for and shown, and nothing else: names and numbers that the conversation does not
hold make it odd, and the rules' own request stands.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rag.errors import ModelError
from rag.facts import facts, name_keys
from rag.prompts import prompt
from rag.question import asks_several
from rag.schema import Turn
from rag.words import content_stems

if TYPE_CHECKING:
    from rag.llm import LanguageModel

MOST = 4
"""Searches that are taken from a model."""
_LONGEST = 300
"""Characters of one search."""
_TOKENS = 160
_TURNS = 4
"""Of the conversation that the model is shown."""
_FIGURE = re.compile(r"\d+")
_BULLET = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s+")


def proposed(question: str, history: Sequence[Turn], model: LanguageModel) -> list[str]:
    """The whole question and further searches, as a model puts them; empty where it fails.

    Empty too where there is nothing to gain: a simple question without a conversation before it.
    """
    if not history and not asks_several(question):
        return []
    recent = list(history[-_TURNS:])
    messages = prompt("search").fill(question=question, history=recent)
    try:
        written = "".join(model.stream(messages, max_tokens=_TOKENS))
    except ModelError:
        return []
    lines = [_BULLET.sub("", line).strip(" \"'“”") for line in written.splitlines()]
    lines = list(dict.fromkeys(line for line in lines if line))
    return lines if _sound(lines, question, recent) else []


def _sound(lines: Sequence[str], question: str, history: Sequence[Turn]) -> bool:
    """Whether each line is a search for what the conversation is about, and brings nothing new."""
    if not 1 <= len(lines) <= MOST or max(map(len, lines)) > _LONGEST:
        return False
    said = " ".join([question, *(f"{turn.question} {turn.answer}" for turn in history)])
    known, names = frozenset(content_stems(said)), name_keys(said)
    figures = frozenset(_FIGURE.findall(said))
    return all(
        known.intersection(content_stems(line))
        and all(set(name.keys) <= names for name in facts(line).names if not name.opens)
        and figures.issuperset(_FIGURE.findall(line))
        for line in lines
    )
