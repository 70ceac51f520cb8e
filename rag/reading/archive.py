"""ZIP archives of documents, opened so that a bomb costs nothing."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

from rag.errors import CorpusError

MOST = 200_000_000
"""Bytes that an archive may unpack to, in all."""
_DENSE = 10_000_000
_RATIO = 100
"""How many times its size an archive of over `_DENSE` bytes may unpack to; text reaches 20."""
_MEMBERS = 20_000
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError)
"""What `zipfile` raises of damaged archives, and last of a compression that it does not know."""


@contextmanager
def archive(data: bytes, kind: str) -> Iterator[zipfile.ZipFile]:
    """An archive whose sizes were looked at before anything is unpacked.

    Args:
        data: the file.
        kind: what it should be, for messages, such as "a DOCX".

    Raises:
        CorpusError: it is no archive, is encrypted, is damaged, or would unpack to too much.
    """
    if data.startswith(_OLE):
        raise CorpusError(
            f"is not {kind} but an encrypted or old Office file; save it as {kind} without password"
        )
    try:
        with zipfile.ZipFile(BytesIO(data)) as opened:
            _check(opened, len(data), kind)
            yield opened
    except RuntimeError as error:  # how zipfile tells of a password
        raise CorpusError(f"is encrypted ({error}); save it without a password") from None
    except _BROKEN as error:
        raise CorpusError(f"is not {kind}, or a damaged one ({error}); save it anew") from None


def _check(opened: zipfile.ZipFile, size: int, kind: str) -> None:
    members = opened.infolist()
    total = sum(member.file_size for member in members)
    if total > MOST or (total > _DENSE and total > _RATIO * size) or len(members) > _MEMBERS:
        raise CorpusError(
            f"unpacks from {size:,} to {total:,} bytes in {len(members):,} parts, as a zip bomb "
            f"does; save its text as {kind} of its own"
        )
    if any(member.flag_bits & 1 for member in members):
        raise CorpusError("is encrypted; save it without a password")
