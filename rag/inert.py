"""Text of others that stays text wherever it is put: in Markdown, in HTML, in a terminal.

Citations keep an article's exact characters, for programs. What is made to be shown passes through
here, because some chat program, terminal or mail will render it without asking.
"""

from __future__ import annotations

import re

from rag.cleaning.plain import without_invisible

_LIVE: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), text)
    for pattern, text in (
        (r"\b(?:https?|ftps?|file|wss?):/+(?:www\.)?", ""),
        (r"\bwww\.(?=\w)", ""),
        (r"\b(javascript|vbscript|data):(?=\S)", r"\1 :"),
        (r"<(?=[a-z/!?%])", "‹"),
        (r"(?<=[!\])])(?=\[)|(?<=\])(?=[(:])", " "),
        (r"[\[［【〔]\s*\^?(\d[\d\s,;–-]*?)\s*[\]］】〕]", r"(\1)"),
        (r"(?<=[{$#<])(?=\{)|(?<=\{)(?=[%#])", " "),
    )
)
"""Addresses, schemes that run, tags, links and images of Markdown, marks, templates."""


def inert(text: str) -> str:
    """The same words with nothing that a renderer would follow, load, run or take for a citation.

    Addresses lose their scheme, tags their `<`, links and images of Markdown come apart, `[7]`
    becomes `(7)`, and characters that nobody sees go. Applied twice it changes nothing more.

    >>> inert("See ![x](https://a.example/b.png) and <img src=x> [7].")
    'See ! [x] (a.example/b.png) and ‹img src=x> (7).'
    """
    text = without_invisible(text)[0]
    before = None
    while text != before:
        before = text
        for pattern, instead in _LIVE:
            text = pattern.sub(instead, text)
    return text
