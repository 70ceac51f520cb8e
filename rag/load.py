"""Files and records -> cleaned articles; what cannot be read is rejected by name, with the remedy.

Accepted: Markdown with YAML front matter, plain text, and JSON Lines with one article a line.
A publication date is only ever what the source itself says.
"""

from __future__ import annotations

import json
import os
import re
import stat
import unicodedata
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

from rag.clean import Cleaned, clean
from rag.dates import parse_published
from rag.decode import SAMPLE, decode, refuse_binary
from rag.errors import CorpusError
from rag.front_matter import front_matter
from rag.plain import normalise
from rag.schema import Article, Rejection
from rag.settings import IngestSettings

MARKDOWN = (".md", ".markdown")
SUFFIXES = (*MARKDOWN, ".txt", ".jsonl")
"""The kinds of file that are read."""

_NAMES: dict[str, tuple[str, ...]] = {
    "id": ("id", "_id", "article_id"),
    "title": ("title", "headline"),
    "text": ("text", "body", "content"),
    "url": ("url", "link"),
    "publisher": ("publisher", "source"),
    "author": ("author", "authors", "byline"),
    "published": ("published", "published_at", "date"),
    "modified": ("modified", "updated", "modified_at", "updated_at"),
    "topics": ("topics", "tags"),
}
"""What each fact may be called, the preferred name first."""
_ID_LIMIT = 200
_SURROGATE = re.compile("[\ud800-\udfff]")


def load(path: Path, settings: IngestSettings) -> Iterator[Article | Rejection]:
    """The articles of a file or of all files below a folder, in the order of their paths.

    In folders, hidden files and README.md are passed over. Articles come cleaned, with `source`
    (the absolute path; `#line` is appended for JSON Lines), `original` and `removals`.

    Raises:
        CorpusError: there is nothing at the path. Bad content never raises: it is a `Rejection`.
    """
    if not os.path.lexists(path):
        raise CorpusError(f"{path}: there is no such file or folder")
    return _load_folder(path, settings) if path.is_dir() else _load_file(path, settings)


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
    nested = record.get("metadata")
    facts = {**nested, **_given(record)} if isinstance(nested, Mapping) else dict(record)
    text = _fact(facts, "text")
    if not isinstance(text, str):
        raise CorpusError('no text; give it as "text" or "body"')
    return _article(facts, text, source, settings, made_id=_made_id(facts, text, source))


def _load_folder(folder: Path, settings: IngestSettings) -> Iterator[Article | Rejection]:
    root = folder.resolve()
    unreadable = list[Rejection]()

    def note(error: OSError) -> None:
        unreadable.append(_rejected(Path(error.filename), f"cannot be opened ({error.strerror})"))

    found = list[Path]()
    for parent, folders, files in os.walk(folder, onerror=note):
        folders[:] = [name for name in folders if not name.startswith(".")]
        links = (name for name in folders if Path(parent, name).is_symlink())
        visible = (name for name in files if not name.startswith(".") and name != "README.md")
        found.extend(Path(parent, name) for name in (*links, *visible))
    yield from unreadable
    for path in sorted(found):
        if path.is_symlink() and not _leads_into(path, root):
            yield _rejected(path, "is a link out of the folder; copy the file into the folder")
        elif not path.is_dir():  # a folder linked from inside is read where it really is
            yield from _load_file(path, settings)


def _leads_into(link: Path, root: Path) -> bool:
    try:
        return link.resolve().is_relative_to(root)
    except (OSError, RuntimeError):  # links in a circle
        return False


def _load_file(path: Path, settings: IngestSettings) -> Iterator[Article | Rejection]:
    if path.suffix.lower() not in SUFFIXES:
        kinds = ", ".join(SUFFIXES)
        yield _rejected(path, f"is not of a kind that is read; convert it to one of {kinds}")
        return
    if _SURROGATE.search(str(path)):
        yield _rejected(path, "has a name that is not UTF-8; rename it")
        return
    try:
        size = _size(path)
        if path.suffix.lower() == ".jsonl":
            yield from _load_lines(path, settings)
        else:
            yield _load_text(path, size, settings)
    except OSError as error:
        yield _rejected(path, f"cannot be opened ({error.strerror}); check its permissions")
    except CorpusError as error:
        yield _rejected(path, str(error))


def _size(path: Path) -> int:
    """The size in bytes of a regular file; others (pipes, devices) are not opened."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise CorpusError("is not a regular file (a pipe, a device or a socket); copy its content")
    if status.st_size == 0:
        raise CorpusError("is empty; remove it or give it text")
    return status.st_size


def _load_text(path: Path, size: int, settings: IngestSettings) -> Article:
    if size > settings.max_bytes:
        raise CorpusError(_too_large(size, settings))
    with path.open("rb") as file:
        text = decode(file.read(settings.max_bytes))
    facts: dict[str, Any] = {}
    if path.suffix.lower() in MARKDOWN:
        facts, text = front_matter(text)
    return _article(facts, text, _absolute(path), settings, made_id=_slug(path.stem))


def _load_lines(path: Path, settings: IngestSettings) -> Iterator[Article | Rejection]:
    with path.open("rb") as file:
        refuse_binary(file.read(SAMPLE))
        file.seek(0)
        number, any_line = 0, False
        while line := file.readline(settings.max_bytes + 1):
            number += 1
            whole = len(line)
            while len(line) > settings.max_bytes and not line.endswith(b"\n"):
                line = file.readline(settings.max_bytes + 1)
                whole += len(line)
            if line.strip() or whole > settings.max_bytes:
                any_line = True
                yield _load_line(line, whole, f"{_absolute(path)}#{number}", settings)
    if not any_line:
        raise CorpusError("is empty; remove it or give it lines")


def _load_line(
    line: bytes, size: int, source: str, settings: IngestSettings
) -> Article | Rejection:
    try:
        return from_record(_record(line, size, settings), source, settings)
    except CorpusError as error:
        return _rejected(source, str(error))


def _record(line: bytes, size: int, settings: IngestSettings) -> dict[str, Any]:
    if size > settings.max_bytes:
        raise CorpusError(_too_large(size, settings))
    try:
        record = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise CorpusError("is not UTF-8; save the file as UTF-8") from None
    except RecursionError:
        raise CorpusError("is nested too deeply; write one flat JSON object a line") from None
    except ValueError as error:
        raise CorpusError(f"is not valid JSON ({error}); mend or remove the line") from None
    if not isinstance(record, dict):
        raise CorpusError('is not a JSON object; write {"text": "…"} on each line')
    return record


def _article(
    facts: Mapping[str, Any], text: str, source: str, settings: IngestSettings, *, made_id: str
) -> Article:
    original = _SURROGATE.sub("\ufffd", text)
    if len(original) > settings.max_bytes:
        raise CorpusError(_too_large(len(original), settings))
    if not any(map(str.isalnum, original)):
        raise CorpusError("holds no words; remove it or give it text")
    title = _line(_fact(facts, "title"))
    cleaned = (
        clean(original, title, settings.cleaning_off)
        if settings.clean
        else Cleaned(text=normalise(original), title=title)
    )
    if not any(map(str.isalnum, cleaned.text)):
        rules = ", ".join(sorted({removal.rule for removal in cleaned.removals}))
        raise CorpusError(f"no text is left after cleaning ({rules}); see ingest.cleaning_off")
    publisher, url = _line(_fact(facts, "publisher")), _line(_fact(facts, "url"))
    if re.match(r"https?://", publisher):
        publisher, url = "", url or publisher
    return Article(
        article_id=_line(_fact(facts, "id"))[:_ID_LIMIT].strip() or made_id,
        text=cleaned.text,
        title=cleaned.title,
        publisher=publisher,
        author=_line(_fact(facts, "author")) or cleaned.author,
        published=parse_published(_fact(facts, "published")),
        modified=parse_published(_fact(facts, "modified")),
        url=url,
        topics=_topics(_fact(facts, "topics")),
        source=source,
        original=original,
        removals=cleaned.removals,
    )


def _given(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if value not in (None, "", [])}


def _fact(facts: Mapping[str, Any], name: str) -> Any:
    """The first value given under one of a fact's names, else None."""
    values = (facts.get(known) for known in _NAMES[name])
    return next((value for value in values if value not in (None, "", [])), None)


def _line(value: Any) -> str:
    """A fact as one line of visible text; lists are joined with commas."""
    if value is None:
        return ""
    if isinstance(value, Mapping):
        value = value.get("name")
    if isinstance(value, (list, tuple)):
        return ", ".join(filter(None, map(_line, value)))
    return " ".join(normalise(_SURROGATE.sub("\ufffd", str(value))).split())


def _topics(value: Any) -> tuple[str, ...]:
    values = value.split(",") if isinstance(value, str) else value
    if not isinstance(values, (list, tuple)):
        return ()
    return tuple(dict.fromkeys(filter(None, map(_line, values))))


def _slug(stem: str) -> str:
    """A readable id from a file name: letters of any script, digits, '_', '.' and '-' stay."""
    slug = re.sub(r"[^\w.-]+", "-", unicodedata.normalize("NFC", _line(stem))).strip("-.")
    return slug[:_ID_LIMIT] or f"article-{_digest(stem)}"


def _made_id(facts: Mapping[str, Any], text: str, source: str) -> str:
    stem = _slug(Path(source.partition("#")[0]).stem)
    return f"{stem[: _ID_LIMIT - 13]}-{_digest(_line(_fact(facts, 'url')) or text)}"


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def _too_large(size: int, settings: IngestSettings) -> str:
    return (
        f"is too large ({size:,} bytes, the limit is {settings.max_bytes:,}); "
        "split it, or raise ingest.max_bytes"
    )


def _absolute(path: Path) -> str:
    """The path without `..`; unlike `Path.resolve`, with links as they are."""
    return os.path.abspath(path)  # noqa: PTH100


def _rejected(path: Path | str, reason: str) -> Rejection:
    name = _absolute(path) if isinstance(path, Path) else path
    return Rejection(path=_SURROGATE.sub("\ufffd", name), reason=reason)
