"""The few ways in which a string of unknown origin becomes HTML."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from rag.ui.words import spoken

_ENCODED = re.compile(r"[^\w \x80-\x9f]|_")
"""All but letters, digits and spaces. The page passes through a Markdown renderer, and a character
reference is the one form that no Markdown rule touches. C1 controls stay as they are, because HTML
reads their references as Windows-1252."""


def escape(text: str) -> str:
    """Text that shows as itself in an element or a quoted attribute, whatever it holds.

    The parsed text equals `text`, apart from NUL and lone surrogates, which HTML cannot hold.
    The result has no line break, no `<` and nothing that Markdown or a template would read.
    """
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return _ENCODED.sub(lambda match: f"&#{ord(match[0])};", whole)


def site(url: str) -> str:
    """The host of an address, as a reader knows it: without `www.`."""
    return (urlsplit(url).hostname or "").removeprefix("www.")


def day(published: str | None) -> str:
    """`26 Jun 2023` in the words that are spoken; see `Words.day`."""
    return spoken().day(published)


def shorten(text: str, length: int) -> str:
    """At most `length` characters, cut at a word where there is one, with an ellipsis."""
    flat = " ".join(text[: length * 4].split())
    if len(flat) <= length:
        return flat
    cut = flat[: length - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut[length // 2 :] else cut).rstrip(" ,;:") + "…"
