"""Text -> plain text: line ends, spaces, invisible characters and Markdown marks put in order."""

from __future__ import annotations

import re
import unicodedata

from rag.schema import Removal

_HIDDEN = (
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f"
)
_JOINERS, _VARIANTS = "\u200c\u200d", "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_SUSPECT = re.compile(f"[{_HIDDEN}{_JOINERS}{_VARIANTS}]")
_INVISIBLE = re.compile(
    # Joiners mean something in Arabic, Indic scripts and emoji, and nothing beside Latin letters;
    # runs of variation selectors carry hidden text.
    f"[{_HIDDEN}]|(?<![^\x00-\u024f])[{_JOINERS}]+|[{_JOINERS}]+(?![^\x00-\u024f])|[{_VARIANTS}]{{2,}}"
)
_LINE_BREAK = re.compile("\r\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_SPACE = re.compile("[\x1f\u00a0\u1680\u2000-\u200a\u202f\u205f]")
_MARKDOWN: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), text)
    for pattern, text in (
        (r"!?\[([^\[\]\n]*)\]\((?:[^()\s]|\([^()\s]*\))*(?:\s+\"[^\"\n]*\")?\)", r"\1"),
        (r"(?<![\w*])\*\*\*(?=[^\s*])([^*\n]+)(?<=\S)\*\*\*(?!\*)", r"\1"),
        (r"(?<!\*)\*\*(?=[^\s*])([^*\n]+)(?<=\S)\*\*(?!\*)", r"\1"),
        (r"(?<!\w)__(?=[^\s_])([^_\n]+)(?<=\S)__(?!\w)", r"\1"),
        (r"(?<![\w*\\])\*(?=[^\s*])([^*\n]+)(?<=\S)\*(?![\w*])", r"\1"),
        (r"(?<![\w_\\])_(?=[^\s_])([^_\n]+)(?<=\S)_(?![\w_])", r"\1"),
        (r"(?<!`)`([^`\n]+)`(?!`)", r"\1"),
    )
)


def normalise(text: str) -> str:
    """The text with line ends, spaces, invisible characters and Markdown marks put in order."""
    lines = map(without_marks, even_lines(without_invisible(text)[0]))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def without_invisible(text: str) -> tuple[str, tuple[Removal, ...]]:
    """The text without characters that nobody sees, and a count of those taken out."""
    if not _SUSPECT.search(text):
        return text, ()
    counts = dict[str, int]()

    def count(match: re.Match[str]) -> str:
        for char in match[0]:
            counts[char] = counts.get(char, 0) + 1
        return ""

    visible = _INVISIBLE.sub(count, text)
    found = ", ".join(f"U+{ord(char):04X} ×{number}" for char, number in sorted(counts.items()))
    return visible, (Removal(rule="invisible", text=found),) if found else ()


def even_lines(text: str) -> list[str]:
    """The lines of a text in Unicode NFC, with plain single spaces and nothing at their ends."""
    even = _SPACE.sub(" ", unicodedata.normalize("NFC", _LINE_BREAK.sub("\n", text)))
    return [_single_spaced(line.rstrip()) for line in even.split("\n")]


def _single_spaced(line: str) -> str:
    if "  " not in line and "\t" not in line:
        return line
    return re.sub(r"(?<=\S)[ \t]{2,}(?=\S)", " ", line)


def without_marks(line: str) -> str:
    """A line with its Markdown links, images and emphasis reduced to their text."""
    if not set(line) & set("[*_`"):
        return line
    for pattern, text in _MARKDOWN:
        line = pattern.sub(text, line)
    return line.rstrip()
