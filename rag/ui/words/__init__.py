"""The languages of the interface: English in the code, other languages in gettext catalogues.

`de.po`, `fr.po` and `ja.po` stand beside this file and are read as they are; there is nothing to
compile. What articles, models and errors say is not translated.
"""

from __future__ import annotations

import gettext
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Literal

LANGUAGES: Mapping[str, str] = {
    "en": "English",
    "de": "Deutsch",
    "fr": "Français",
    "ja": "日本語",
}
"""Code to the name that its speakers give it."""
_spoken: ContextVar[Words | None] = ContextVar("spoken", default=None)
_LOCALES = {"en": "en_GB", "de": "de_DE", "fr": "fr_FR", "ja": "ja_JP"}


@dataclass(frozen=True)
class Words:
    """The messages of one language, and how it writes days and numbers."""

    language: str
    translations: gettext.NullTranslations

    def _(self, message: str, **values: object) -> str:
        """A message, its `{names}` filled; English where it is not translated."""
        return self.translations.gettext(message).format(**values)

    def raw(self, message: str) -> str:
        """A message with its `{names}` as they stand."""
        return self.translations.gettext(message)

    def n_(self, one: str, many: str, number: int, **values: object) -> str:
        """A message that counts; `{n}` is the number as the language writes it."""
        text = self.translations.ngettext(one, many, number)
        return text.format(n=self.number(number), **values)

    def number(self, number: float) -> str:
        """`2,000`, `2.000`."""
        from babel.numbers import format_decimal

        return format_decimal(number, locale=_LOCALES[self.language])

    def day(self, published: str | None) -> str:
        """`26 Jun 2023`, or that it is unknown; what was given where it is not ISO 8601."""
        return self._day(published, "medium") if published else self._("date unknown")

    def long_day(self, published: str) -> str:
        """`26 June 2023`; what was given where it is not ISO 8601."""
        return self._day(published, "long")

    def _day(self, published: str, length: Literal["medium", "long"]) -> str:
        from babel.dates import format_date

        try:
            when = date.fromisoformat(published[:10])
        except ValueError:
            return published
        return format_date(when, length, locale=_LOCALES[self.language])


def N_(message: str) -> str:  # noqa: N802  # gettext's name for it
    """Marks a message that is translated where it is shown."""
    return message


def speak(own: Words) -> None:
    """Say everything in these words from now on, in this task or thread and those it starts."""
    _spoken.set(own)


def spoken() -> Words:
    """The words that are spoken; English where nobody said otherwise."""
    return _spoken.get() or words("en")


def _(message: str, **values: object) -> str:
    """`Words._` of the words that are spoken."""
    return spoken()._(message, **values)


def n_(one: str, many: str, number: int, **values: object) -> str:
    """`Words.n_` of the words that are spoken."""
    return spoken().n_(one, many, number, **values)


@cache
def words(language: str) -> Words:
    """The words of a language; English for one that is not among `LANGUAGES`."""
    if language not in LANGUAGES or language == "en":
        return Words("en", gettext.NullTranslations())
    return Words(language, gettext.GNUTranslations(BytesIO(_compiled(language))))


def chosen(wanted: str, accepted: str) -> str:
    """The language for a reader.

    Args:
        wanted: the reader's own choice; anything else than a code of ours leaves it open.
        accepted: what the browser says (`Accept-Language`), the likeliest first where equal.

    >>> chosen("", "fr-CH, de;q=0.9, en;q=0.5")
    'fr'
    """
    if wanted in LANGUAGES:
        return wanted
    ranked = sorted(map(_ranked, accepted[:500].split(",")), key=lambda one: -one[1])
    known = (tag for tag, weight in ranked if weight > 0 and tag in LANGUAGES)
    return next(known, "en")


def _ranked(entry: str) -> tuple[str, float]:
    tag, _, weight = entry.strip().partition(";q=")
    try:
        return tag[:2].lower() if tag[2:3] in ("", "-") else "", float(weight or 1)
    except ValueError:
        return "", 0.0


def _compiled(language: str) -> bytes:
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with Path(__file__).with_name(f"{language}.po").open("rb") as file:
        catalog = read_po(file, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalog)
    return compiled.getvalue()
