"""Files and bytes -> cleaned articles; what cannot be read is rejected by name, with the remedy.

Accepted: Markdown with YAML front matter, plain text, HTML, PDF, DOCX, EPUB, JSON, JSON Lines,
CSV, mail. A publication date is only ever what the source itself says.
"""

from __future__ import annotations

import os
import re
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from rag.errors import CorpusError
from rag.reading.decode import decode
from rag.reading.documents import HTML, KINDS
from rag.reading.fields import facts_of
from rag.reading.front_matter import front_matter
from rag.reading.tables import Piece, json_lines, messages, rows, too_large
from rag.reading.worker import reading
from rag.records import Origin, article_of, from_record, name_of
from rag.schema import Article, Rejection
from rag.settings import IngestSettings

__all__ = ["SUFFIXES", "from_bytes", "from_record", "largest", "load"]

MARKDOWN, TEXT = (".md", ".markdown"), (".txt", ".text")
_MANY = {".jsonl": json_lines, ".ndjson": json_lines, ".csv": rows, ".tsv": rows, ".mbox": messages}
"""Kinds that are read piece by piece and have no limit in all."""
SUFFIXES = (*MARKDOWN, *TEXT, *KINDS, *_MANY)
"""The kinds of file that are read."""
_SURROGATE = re.compile("[\ud800-\udfff]")


def load(path: Path, settings: IngestSettings) -> Iterator[Article | Rejection]:
    """The articles of a file or of all files below a folder, in the order of their paths.

    In folders, hidden files and README.md are passed over. Articles come cleaned, with `source`
    (the absolute path; `#n` is appended for one of several: its line, row, message, entry or
    document), `original` and `removals`. An article without an id of its own is called after its
    address, else its file.

    Raises:
        CorpusError: there is nothing at the path. Bad content never raises: it is a `Rejection`.
    """
    if not os.path.lexists(path):
        raise CorpusError(f"{path}: there is no such file or folder")
    return _load_folder(path, settings) if path.is_dir() else _load_file(path, path.stem, settings)


def from_bytes(
    data: bytes,
    kind: str,
    source: str,
    settings: IngestSettings,
    facts: Mapping[str, Any] = {},
    url: str = "",
) -> Iterator[Article | Rejection]:
    """The articles of a document that is no file: fetched, uploaded or pasted.

    Args:
        data: the document.
        kind: one of `SUFFIXES`.
        source: the articles' `source`; `#n` is appended where there are several.
        settings: limits and cleaning rules.
        facts: used where the document itself says nothing, under the names of a record, with
            `published_origin` for a date.
        url: the address of a page, against which its links are read.
    """
    name = Path(source).stem
    origin = Origin(source, name="front matter" if kind in MARKDOWN else "record", stem=name)
    try:
        yield from _items(BytesIO(data), len(data), kind, origin, settings, facts, url)
    except CorpusError as error:
        yield rejected(source, str(error))


def largest(kind: str, settings: IngestSettings) -> int | None:
    """Bytes of the largest file of a kind that is read; None where it has no limit in all."""
    if kind in _MANY:
        return None
    return settings.max_file_bytes if kind in KINDS else settings.max_bytes


def rejected(path: Path | str, reason: str) -> Rejection:
    """A rejection that can be stored, whatever bytes the name is made of."""
    name = _absolute(path) if isinstance(path, Path) else path
    return Rejection(path=_SURROGATE.sub("\ufffd", name), reason=reason)


def _load_folder(folder: Path, settings: IngestSettings) -> Iterator[Article | Rejection]:
    root = folder.resolve()
    found, unreadable = _files(folder)
    names = Counter(name_of(path.stem) for path in found)
    yield from unreadable
    with reading(settings):
        for path in sorted(found):
            if path.is_symlink() and not _leads_into(path, root):
                yield rejected(path, "is a link out of the folder; copy the file into the folder")
            elif not path.is_dir():  # a folder linked from inside is read where it really is
                alone = names[name_of(path.stem)] == 1
                yield from _load_file(
                    path, path.stem if alone else _long_name(path, folder), settings
                )


def _long_name(path: Path, folder: Path) -> str:
    """The name of a file that shares its own with others of the folder."""
    return "-".join(path.relative_to(folder).parts)


def _files(folder: Path) -> tuple[list[Path], list[Rejection]]:
    """The files below a folder and links in it, and folders that cannot be opened."""
    unreadable, found = list[Rejection](), list[Path]()

    def note(error: OSError) -> None:
        unreadable.append(rejected(Path(error.filename), f"cannot be opened ({error.strerror})"))

    for parent, folders, files in os.walk(folder, onerror=note):
        folders[:] = [name for name in folders if not name.startswith(".")]
        links = (name for name in folders if Path(parent, name).is_symlink())
        visible = (name for name in files if not name.startswith(".") and name != "README.md")
        found.extend(Path(parent, name) for name in (*links, *visible))
    return found, unreadable


def _leads_into(link: Path, root: Path) -> bool:
    try:
        return link.resolve().is_relative_to(root)
    except (OSError, RuntimeError):  # links in a circle
        return False


def _load_file(path: Path, stem: str, settings: IngestSettings) -> Iterator[Article | Rejection]:
    kind = path.suffix.lower()
    if kind not in SUFFIXES:
        kinds = ", ".join(SUFFIXES)
        yield rejected(path, f"is not of a kind that is read; convert it to one of {kinds}")
        return
    if _SURROGATE.search(str(path)):
        yield rejected(path, "has a name that is not UTF-8; rename it")
        return
    name = "front matter" if kind in MARKDOWN else "record"
    origin = Origin(_absolute(path), name=name, one=True, stem=stem)
    try:
        size = _size(path)
        with path.open("rb") as file:
            yield from _items(file, size, kind, origin, settings)
    except OSError as error:
        yield rejected(path, f"cannot be opened ({error.strerror}); check its permissions")
    except CorpusError as error:
        yield rejected(path, str(error))


def _size(path: Path) -> int:
    """The size in bytes of a regular file; others (pipes, devices) are not opened."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise CorpusError("is not a regular file (a pipe, a device or a socket); copy its content")
    if status.st_size == 0:
        raise CorpusError("is empty; remove it or give it text")
    return status.st_size


def _items(
    file: BinaryIO,
    size: int,
    kind: str,
    origin: Origin,
    settings: IngestSettings,
    facts: Mapping[str, Any] = {},
    url: str = "",
) -> Iterator[Article | Rejection]:
    """The articles of an open file of a known kind.

    Raises:
        CorpusError: nothing of it, or nothing more of it, can be read.
    """
    if kind in _MANY:
        limit = settings.max_file_bytes if kind == ".mbox" else settings.max_bytes
        yield from _pieces(_MANY[kind](file, limit), origin, settings, facts)
        return
    setting = "max_file_bytes" if kind in KINDS else "max_bytes"
    limit = getattr(settings, setting)
    if size > limit:
        raise too_large(size, limit, setting)
    data = file.read(limit + 1)
    if kind in KINDS:
        records = _read_apart(kind, data, url, settings)
    else:
        records = [_text_record(decode(data), kind)]
    if kind in (".epub", ".json"):
        yield from _pieces(enumerate(records, start=1), origin, settings, facts)
    else:
        yield article_of(_filled(records[0], facts), origin, settings)


def _read_apart(kind: str, data: bytes, url: str, settings: IngestSettings) -> list[Any]:
    with reading(settings) as worker:
        return worker.read(".html" if kind in HTML else kind, data, url)


def _text_record(text: str, kind: str) -> dict[str, Any]:
    facts, body = front_matter(text) if kind in MARKDOWN else ({}, text)
    return {**facts_of(facts), "text": body}


def _pieces(
    pieces: Iterable[Piece],
    origin: Origin,
    settings: IngestSettings,
    facts: Mapping[str, Any],
) -> Iterator[Article | Rejection]:
    """The articles of a file that holds several; a bad one does not stop the rest."""
    for number, piece in pieces:
        source = f"{origin.source}#{number}"
        try:
            if isinstance(piece, CorpusError):
                raise piece
            record = _record(piece, settings)
            yield article_of(_filled(record, facts), Origin(source, name=origin.name), settings)
        except CorpusError as error:
            yield rejected(source, str(error))


def _record(piece: Any, settings: IngestSettings) -> Mapping[str, Any]:
    if isinstance(piece, bytes):
        piece = _read_apart(".eml", piece, "", settings)[0]
    if not isinstance(piece, Mapping):
        raise CorpusError('is not a JSON object; write {"text": "…"}')
    return piece


def _filled(record: Mapping[str, Any], facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """A record with what is known besides, where it does not say so itself."""
    if not facts:
        return record
    known = facts_of(record)
    given = {name: value for name, value in facts_of(facts).items() if name not in known}
    for date in ("published", "modified"):
        if date in known:  # an origin belongs to the date beside it
            given.pop(f"{date}_origin", None)
    return {**known, **given}


def _absolute(path: Path) -> str:
    """The path without `..`; unlike `Path.resolve`, with links as they are."""
    return os.path.abspath(path)  # noqa: PTH100
