"""Files that hold many articles, read piece by piece: JSON Lines, CSV, mailboxes."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from rag.errors import CorpusError
from rag.reading.decode import SAMPLE, encoding_of, refuse_binary
from rag.reading.fields import fact_of

Piece = tuple[int, Any]
"""The number of a line, row or message, counted from 1, and what it holds; a `CorpusError` in its
place says why it cannot be read."""
_DELIMITERS = ",;\t|"


def too_large(size: int, limit: int, setting: str = "max_bytes") -> CorpusError:
    """The error for what exceeds a limit in bytes."""
    return CorpusError(
        f"is too large ({size:,} bytes, the limit is {limit:,}); split it, or raise "
        f"ingest.{setting}"
    )


def json_lines(file: BinaryIO, limit: int) -> Iterator[Piece]:
    """The records of JSON Lines; empty lines are passed over.

    Raises:
        CorpusError: the file is not text, or holds nothing.
    """
    refuse_binary(file.read(SAMPLE))
    file.seek(0)
    any_line = False
    for number, (line, size) in enumerate(_lines(file, limit), start=1):
        if size > limit:
            yield number, too_large(size, limit)
        elif line.strip():
            yield number, _record(line)
        else:
            continue
        any_line = True
    if not any_line:
        raise CorpusError("is empty; remove it or give it lines")


def _lines(file: BinaryIO, limit: int) -> Iterator[tuple[bytes, int]]:
    """Lines with their sizes; of one longer than the limit, the end alone is held."""
    while line := file.readline(limit + 1):
        size = len(line)
        while len(line) > limit and not line.endswith(b"\n"):
            line = file.readline(limit + 1)
            size += len(line)
        yield line, size


def _record(line: bytes) -> dict[str, Any] | CorpusError:
    try:
        record = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return CorpusError("is not UTF-8; save the file as UTF-8")
    except RecursionError:
        return CorpusError("is nested too deeply; write one flat JSON object a line")
    except ValueError as error:
        return CorpusError(f"is not valid JSON ({json_fault(error)}); mend or remove the line")
    if not isinstance(record, dict):
        return CorpusError('is not a JSON object; write {"text": "…"} on each line')
    return record


def json_fault(error: ValueError) -> str:
    """What is wrong with a JSON text, in words."""
    return str(error) if isinstance(error, json.JSONDecodeError) else "a number is too long"


def rows(file: BinaryIO, limit: int) -> Iterator[Piece]:
    """The records of a CSV or TSV file, whose first row names its columns.

    Rows are counted as a spreadsheet does: the names are row 1. The delimiter is the one by which
    the first row names most columns that are known.

    Raises:
        CorpusError: the file is not text, names no column of text, or breaks off inside a quote.
    """
    encoding = encoding_of(file.read(SAMPLE))
    file.seek(0)
    text = io.TextIOWrapper(file, encoding, errors="replace", newline="")
    try:
        yield from _rows(text, limit)
    finally:
        text.detach()


def _rows(text: io.TextIOWrapper, limit: int) -> Iterator[Piece]:
    first = _short_line(text, limit)
    if re.fullmatch(r"sep=.\s*", first, re.IGNORECASE):
        first = _short_line(text, limit)
    delimiter = max(_DELIMITERS, key=lambda mark: _known_columns(first, mark))
    csv.field_size_limit(max(csv.field_size_limit(), limit))
    lines = _chain(first, text, limit)
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        names = [name.strip() for name in next(reader, [])]
        if "text" not in map(fact_of, names):
            raise CorpusError(
                'names no column "text", "body" or "content" in its first row; name the columns '
                "as the fields of JSON Lines"
            )
        for number, row in enumerate(reader, start=2):
            if any(cell.strip() for cell in row):
                yield number, _as_record(names, row, limit)
    except csv.Error as error:
        raise CorpusError(
            f"cannot be read beyond line {reader.line_num} ({error}); look for a quote that is "
            "not closed"
        ) from None


def _as_record(names: list[str], row: list[str], limit: int) -> dict[str, Any] | CorpusError:
    if len(row) > len(names):
        return CorpusError(
            f"has {len(row)} cells and the first row {len(names)}; put quotes around cells that "
            "hold the delimiter"
        )
    if (size := sum(map(len, row))) > limit:
        return too_large(size, limit)
    return dict(zip(names, row, strict=False))


def _known_columns(line: str, delimiter: str) -> int:
    try:
        names = next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return 0
    return len({fact_of(name) for name in names} - {""})


def _chain(first: str, text: io.TextIOWrapper, limit: int) -> Iterator[str]:
    line = first
    while line:
        yield line.replace("\0", "")
        line = _short_line(text, limit)


def _short_line(text: io.TextIOWrapper, limit: int) -> str:
    line = text.readline(limit + 1)
    if len(line) > limit:
        raise CorpusError(
            f"has a line of over {limit:,} characters; split it, or raise ingest.max_bytes"
        )
    return line


def messages(file: BinaryIO, limit: int) -> Iterator[Piece]:
    """The messages of a mailbox (mbox), each as bytes.

    Raises:
        CorpusError: it does not begin as a mailbox does.
    """
    number, size, kept = 0, 0, list[bytes]()
    after_blank = True
    for line, whole in _lines(file, limit):
        if after_blank and line.startswith(b"From "):
            if number:
                yield number, _message(kept, size, limit)
            number, size, kept = number + 1, 0, []
        elif not number:
            raise CorpusError('is not a mailbox; its first line must begin with "From "')
        else:
            size += whole
            if size <= limit:
                kept.append(line[1:] if line.lstrip(b">").startswith(b"From ") else line)
        after_blank = not line.strip()
    if not number:
        raise CorpusError("is empty; remove it or give it messages")
    yield number, _message(kept, size, limit)


def _message(kept: list[bytes], size: int, limit: int) -> bytes | CorpusError:
    return b"".join(kept) if size <= limit else too_large(size, limit, "max_file_bytes")
