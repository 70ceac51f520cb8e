"""What an answer from the web holds. Servers name the kind badly: the bytes have the last word."""

from __future__ import annotations

import codecs
import re
import zlib
from pathlib import PurePosixPath

from lxml import etree

from rag.errors import CorpusError

FEED = "feed"
SITEMAP = "sitemap"
HTML = ".html"
JSON_FEED = re.compile(rb'"version"\s*:\s*"https?:\\?/\\?/jsonfeed\.org\\?/version')

_ROOTS = {
    **dict.fromkeys(("rss", "feed", "RDF"), FEED),
    **dict.fromkeys(("urlset", "sitemapindex"), SITEMAP),
    "html": HTML,
}
_KINDS = {
    "text/html": HTML,
    "application/xhtml+xml": HTML,
    "application/pdf": ".pdf",
    "application/epub+zip": ".epub",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "text/markdown": ".md",
    "text/x-markdown": ".md",
    "text/plain": ".txt",
    "text/csv": ".csv",
    "application/json": ".json",
    "application/jsonl": ".jsonl",
    "application/x-ndjson": ".jsonl",
    "message/rfc822": ".eml",
}
_VAGUE = ("", "application/octet-stream", "binary/octet-stream", "text/plain", "application/zip")
"""What servers say of files whose kind they do not know; the name of the file says more."""
_NAMED = {*_KINDS.values(), ".htm", ".xhtml", ".markdown", ".mbox"}
_HEAD = 4096
_GZIP = b"\x1f\x8b"


def kind_of(data: bytes, media: str, path: str) -> str:
    """The kind of an answer: `FEED`, `SITEMAP`, or the suffix of a file that holds the same.

    Args:
        data: the answer, not packed (see `unpacked`).
        media: the kind that the server names, or "".
        path: of the address; its suffix helps where the server says nothing.

    Raises:
        CorpusError: it is of a kind that is not read.
    """
    suffix = PurePosixPath(path.removesuffix(".gz")).suffix.lower()
    if data[:_HEAD].lstrip().startswith(b"%PDF-"):
        return ".pdf"
    if data.startswith(b"PK\x03\x04"):
        return _zipped(data, media, suffix)
    if root := _ROOTS.get(_root(data)):
        return root
    if JSON_FEED.search(data[:_HEAD]):
        return FEED
    if _is_list(data, media):
        return SITEMAP
    if media in _VAGUE and suffix in _NAMED:
        return suffix
    if media in _KINDS and b"\0\0\0" not in data[:_HEAD]:
        return _KINDS[media]
    raise CorpusError(
        f"holds {media or 'something of no known kind'}, which is not read; give the address of a "
        "page, a feed, a sitemap or a document"
    )


def unpacked(data: bytes, limit: int) -> bytes:
    """What a gzip file holds; anything else as it is.

    Raises:
        CorpusError: it is damaged, or holds more than `limit` bytes.
    """
    if not data.startswith(_GZIP):
        return data
    unpack = zlib.decompressobj(wbits=31)
    try:
        found = unpack.decompress(data, limit + 1)
    except zlib.error:
        raise CorpusError("is a damaged gzip file; try again later") from None
    if len(found) > limit:
        raise CorpusError(f"unpacks to more than {limit:,} bytes; raise fetch.max_bytes")
    if not unpack.eof:
        raise CorpusError("is a gzip file that breaks off; try again later")
    return found


def in_utf8(data: bytes, charset: str) -> bytes:
    """Text in the encoding that the server names, as UTF-8 with a mark that says so.

    Left as it is, for readers to find out, where the server names none or an unknown one, where a
    mark stands there already, and where it is UTF-8 after all: servers that name the encoding of
    their first years are many.
    """
    if not charset or data.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        return data
    try:
        name = codecs.lookup(charset).name
        # What browsers do: https://encoding.spec.whatwg.org/#names-and-labels
        text = data.decode("cp1252" if name in ("iso8859-1", "ascii") else name, "replace")
    except (LookupError, UnicodeError, TypeError):  # unknown, or no encoding of text
        return data
    return codecs.BOM_UTF8 + text.encode("utf-8", "replace")


def _root(data: bytes) -> str:
    """The name of the outermost element of something like XML; empty for anything else."""
    parser = etree.XMLPullParser(
        events=("start",), recover=True, resolve_entities=False, no_network=True
    )
    try:
        parser.feed(data[: 16 * _HEAD].lstrip())
        _, element = next(iter(parser.read_events()), ("", None))
    except etree.XMLSyntaxError:
        return ""
    name = element.tag if element is not None else ""
    return etree.QName(name).localname if isinstance(name, str) and name else ""


def _zipped(data: bytes, media: str, suffix: str) -> str:
    if b"application/epub+zip" in data[:200]:
        return ".epub"
    if _KINDS.get(media) == ".docx" or suffix == ".docx":
        return ".docx"
    raise CorpusError("is a packed archive; unpack it and ingest the folder")


def _is_list(data: bytes, media: str) -> bool:
    """Whether a plain text is a sitemap: one address a line and nothing else."""
    if media not in _VAGUE:
        return False
    lines = data[:_HEAD].removeprefix(codecs.BOM_UTF8).split()
    return bool(lines) and all(line.startswith((b"http://", b"https://")) for line in lines[:20])
