"""A mail message -> one record. Attachments are not read."""

from __future__ import annotations

import re
from collections.abc import Collection
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.utils import parseaddr, parsedate_to_datetime
from typing import Any

from rag.errors import CorpusError
from rag.ids import digest, slug
from rag.reading.decode import decode

_BROKEN = (MessageError, ValueError, LookupError, AttributeError, TypeError, RecursionError)
"""What the standard library raises on messages that are none."""


def read_mail(data: bytes, off: Collection[str] = ()) -> dict[str, Any]:
    """The record of a message: subject, sender, date and text.

    The plain text is taken; a message that has HTML alone is read as a page is.

    Args:
        data: the message as it is stored or sent.
        off: names of cleaning rules that leave their blocks in.

    Raises:
        CorpusError: it is no message, or has no text.
    """
    try:
        message = message_from_bytes(data)
        facts = _facts(message)
        parts = {kind: _part(message, kind) for kind in ("text/plain", "text/html")}
    except _BROKEN as error:
        raise CorpusError(f"is a broken message ({error}); export it anew") from None
    if not facts:
        raise CorpusError("is not a mail message (no From, Subject or Date); export it anew")
    if (plain := parts["text/plain"]) and (text := decode(plain)).strip():
        return {**facts, "text": text}
    if page := parts["text/html"]:
        from rag.reading.page import read_page

        return {**read_page(page, off=off), **facts}
    raise CorpusError("is a message without text; attachments are not read: save them as files")


def _facts(message: Message) -> dict[str, Any]:
    subject, sender = _header(message, "Subject"), _header(message, "From")
    date, identity = _header(message, "Date"), _header(message, "Message-ID")
    if not (subject or sender or date):
        return {}
    name, address = parseaddr(sender)
    facts: dict[str, Any] = {"title": subject, "author": name or address}
    if identity:
        facts["id"] = f"{slug(subject)[:80] or 'message'}-{digest(identity)}"
    if day := _date(date):
        facts |= {"published": day, "published_origin": "mail"}
    return facts


def _header(message: Message, name: str) -> str:
    raw = message.get(name)
    if raw is None:
        return ""
    pieces = (
        piece.decode(_codec(charset), "replace") if isinstance(piece, bytes) else piece
        for piece, charset in decode_header(raw)
    )
    return " ".join("".join(pieces).split())


def _codec(charset: str | None) -> str:
    try:
        return charset if charset and "".encode(charset) is not None else "utf-8"
    except (LookupError, ValueError):
        return "utf-8"


def _date(text: str) -> str | None:
    try:
        return parsedate_to_datetime(text).isoformat() if text else None
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _part(message: Message, kind: str) -> bytes:
    """The content of the first part of a kind, as UTF-8; empty where there is none."""
    for part in message.walk():
        if part.get_content_type() != kind or part.get_filename() or part.is_multipart():
            continue
        content = part.get_payload(decode=True)
        if isinstance(content, bytes) and content.strip():
            charset = part.get_content_charset()
            known = charset and _codec(charset) == charset and charset != "us-ascii"
            text = content.decode(charset, "replace") if charset and known else decode(content)
            return _without_meta(text).encode("utf-8", "replace")
    return b""


def _without_meta(text: str) -> str:
    """The text without what a page says of its own encoding: it is UTF-8 now."""
    return re.sub(r"<meta[^>]{0,200}charset[^>]{0,100}>", "", text, flags=re.IGNORECASE)
