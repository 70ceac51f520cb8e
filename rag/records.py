"""A record of facts -> a cleaned `Article`. The facts' names are those of `rag.reading.fields`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rag.cleaning.clean import RULES, Cleaned, clean
from rag.cleaning.plain import normalise
from rag.dates import parse_published
from rag.errors import CorpusError
from rag.ids import LONGEST, digest, slug
from rag.reading.fields import facts_of
from rag.reading.layout import RUNNING
from rag.reading.tables import too_large
from rag.schema import Article, Removal
from rag.settings import IngestSettings

_SURROGATE = re.compile("[\ud800-\udfff]")
_MOST_LINES = 50_000
"""Of one article: its cleaning takes some 20 µs and 500 bytes a line."""
_LONGEST = 2000
"""Characters of a fact, such as the title."""
_MADE = 13
"""Characters of a digest and its hyphen."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where records come from, and what is to be thought of their facts."""

    source: str
    """The file or address; `#n` follows for one of several articles."""
    name: str = "record"
    """What is said to have given the date where the record does not say it."""
    one: bool = False
    """Whether the source holds one article, which may then be called as the source is."""
    stem: str = ""
    """The name to call it by."""


def from_record(record: Mapping[str, Any], source: str, settings: IngestSettings) -> Article:
    """The cleaned article of a JSON object: only its text is required.

    Names are those of the JSON Lines layout (id, title, text, url, publisher, author, published,
    modified, topics); usual other names (_id, body, date, …) are known, and a `metadata` object
    may hold all but the text. Without an id, one is made from the URL, else from the text.

    Args:
        record: the object.
        source: where it came from; its file name opens an id that has to be made.
        settings: the size limit and the cleaning rules.

    Raises:
        CorpusError: there is no text, a value is of the wrong kind, or a date cannot be read.
    """
    return article_of(record, Origin(source), settings)


def article_of(record: Mapping[str, Any], origin: Origin, settings: IngestSettings) -> Article:
    """The same for a record of any origin. Errors as for `from_record`."""
    try:
        return _article(record, origin, settings)
    except RecursionError:
        raise CorpusError("is nested too deeply; write its facts as plain values") from None


def _article(record: Mapping[str, Any], origin: Origin, settings: IngestSettings) -> Article:
    facts = facts_of(record)
    text = "" if record.get("text") == "" else facts.get("text")
    if not isinstance(text, str):
        raise CorpusError('no text; give it as "text" or "body"')
    original = _storable(text)
    if len(original) > settings.max_bytes:
        raise too_large(len(original), settings.max_bytes)
    if (lines := original.count("\n")) > _MOST_LINES:
        raise CorpusError(f"has {lines:,} lines, the limit is {_MOST_LINES:,}; split it")
    if not any(map(str.isalnum, original)):
        raise CorpusError("holds no words; remove it or give it text")
    return _with_facts(
        facts, _cleaned(original, line_of(facts.get("title")), settings), original, origin
    )


def _cleaned(original: str, title: str, settings: IngestSettings) -> Cleaned:
    if not settings.clean:
        return Cleaned(text=normalise(original), title=title)
    off = [rule for rule in settings.cleaning_off if rule not in DOCUMENT_RULES]
    cleaned = clean(original, title, off)
    if not any(map(str.isalnum, cleaned.text)):
        rules = ", ".join(sorted({removal.rule for removal in cleaned.removals}))
        raise CorpusError(f"no text is left after cleaning ({rules}); see ingest.cleaning_off")
    return cleaned


def _with_facts(
    facts: Mapping[str, Any], cleaned: Cleaned, original: str, origin: Origin
) -> Article:
    publisher, url = line_of(facts.get("publisher")), line_of(facts.get("url"))
    if re.match(r"https?://", publisher):
        publisher, url = "", url or publisher
    before = _removals(facts.get("removals"))
    captions = (*_lines(facts.get("captions")), *cleaned.captions)
    article = Article(
        article_id=line_of(facts.get("id"))[:LONGEST].strip() or _made_id(url, original, origin),
        text=cleaned.text,
        title=cleaned.title,
        publisher=publisher,
        author=line_of(facts.get("author")) or cleaned.author,
        url=url,
        topics=_topics(facts.get("topics")),
        source=origin.source,
        partial=_is_true(facts.get("partial")) or cleaned.partial,
        captions=tuple(dict.fromkeys(captions)),
        original=original,
        removals=before + cleaned.removals,
    )
    return _dated(article, facts, cleaned, origin)


def _dated(article: Article, facts: Mapping[str, Any], cleaned: Cleaned, origin: Origin) -> Article:
    """The article with its dates: those of the record, else what its text prints."""
    published, modified = (parse_published(facts.get(name)) for name in ("published", "modified"))
    said = {name: line_of(facts.get(f"{name}_origin")) for name in ("published", "modified")}
    from_text, printed = cleaned.published_origin, "page" if cleaned.modified else ""
    return replace(
        article,
        published=published or cleaned.published or None,
        modified=modified or cleaned.modified or None,
        published_origin=(said["published"] or origin.name) if published else from_text,
        modified_origin=(said["modified"] or origin.name) if modified else printed,
    )


def line_of(value: Any) -> str:
    """A fact as one line of visible text of at most `_LONGEST`; lists are joined with commas."""
    if value is None:
        return ""
    if isinstance(value, Mapping):
        value = value.get("name")
    if isinstance(value, (list, tuple)):
        return ", ".join(filter(None, map(line_of, value)))[:_LONGEST]
    return " ".join(normalise(_storable(str(value))).split())[:_LONGEST]


def name_of(stem: str) -> str:
    """A readable id from the name of a file."""
    return slug(line_of(stem)) or f"article-{digest(stem)}"


def _made_id(url: str, text: str, origin: Origin) -> str:
    """From the address, else from the name of a source that holds one article, else the text."""
    if has_page(url):
        from rag.addresses import article_id  # it loads a library of its own

        return article_id(url)
    stem = name_of(origin.stem or Path(origin.source.partition("#")[0]).stem)
    return stem if origin.one else f"{stem[: LONGEST - _MADE]}-{digest(url or text)}"


def has_page(url: str) -> bool:
    """Whether an address names a page, and not a whole site, as badly set up pages do."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.path.strip("/") or parts.query)


def _storable(text: str) -> str:
    return _SURROGATE.sub("\ufffd", text)


def _lines(value: Any) -> tuple[str, ...]:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, (list, tuple)):
        return ()
    return tuple(filter(None, map(line_of, values)))


def _topics(value: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_lines(value.split(",") if isinstance(value, str) else value)))


def _is_true(value: Any) -> bool:
    return value is True or str(value).strip().casefold() in ("true", "yes", "1")


def _removals(value: Any) -> tuple[Removal, ...]:
    """What was taken out by whoever made the record."""
    pairs = value if isinstance(value, (list, tuple)) else ()
    return tuple(
        Removal(rule=line_of(pair[0]), text=_storable(str(pair[1])))
        for pair in pairs
        if isinstance(pair, (list, tuple)) and len(pair) == 2
    )


DOCUMENT_RULES = tuple({RUNNING} - set(RULES))
"""Rules that work while a document is read, before its text is cleaned."""
