"""EPUB -> a record for each document of its spine that holds text."""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from rag.dates import parse_published
from rag.errors import CorpusError
from rag.reading.archive import archive
from rag.reading.blocks import blocks, tree
from rag.reading.decode import decode

_CONTAINER = "META-INF/container.xml"
_LOCKED = "META-INF/encryption.xml"
_SHORTEST = 40
"""Characters of running text below which a document is a cover or a divider."""
_DAMAGED = "save it anew, for instance with an EPUB editor"


def read_epub(data: bytes) -> list[dict[str, Any]]:
    """The records of a book or periodical, in reading order; empty ones are left out.

    Title from the document's heading, else from the table of contents; publisher, author and
    date of publication from the package.

    Raises:
        CorpusError: it is protected, broken, no EPUB, or would unpack to too much.
    """
    with archive(data, "an EPUB") as opened:
        package_path = _package_path(opened)
        package = _xml(opened, package_path)
        base = posixpath.dirname(package_path)
        items = _items(package, base)
        spine = [items[key] for key in _spine(package) if key in items]
        _refuse_protected(opened, {path for path, _ in spine})
        facts = _facts(package)
        titles = _contents(opened, items)
        found = [_record(opened, path, titles) for path, kind in spine if "nav" not in kind]
    records = [{**facts, **record} for record in found if record]
    if not records:
        raise CorpusError("is an EPUB without text; give it text or leave it out")
    return records


def _package_path(opened: zipfile.ZipFile) -> str:
    if _CONTAINER not in opened.namelist():
        raise CorpusError(f"is a ZIP archive but not an EPUB (it lacks {_CONTAINER}); {_DAMAGED}")
    for element in _named(_xml(opened, _CONTAINER), "rootfile"):
        if path := element.get("full-path"):
            return str(path)
    raise CorpusError(f"is a broken EPUB ({_CONTAINER} names no package); {_DAMAGED}")


def _xml(opened: zipfile.ZipFile, path: str) -> Any:
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, recover=True, huge_tree=False
    )
    try:
        root = etree.fromstring(opened.read(path), parser)
    except KeyError:
        raise CorpusError(f"is a broken EPUB (it lacks {path}); {_DAMAGED}") from None
    except etree.XMLSyntaxError as error:
        raise CorpusError(f"is a broken EPUB ({path}: {error}); {_DAMAGED}") from None
    if root is None:
        raise CorpusError(f"is a broken EPUB ({path} is no XML); {_DAMAGED}")
    return root


def _named(root: Any, name: str) -> Iterator[Any]:
    """The elements of a local name, whatever their namespace."""
    return (
        element
        for element in root.iter()
        if isinstance(element.tag, str) and element.tag.rpartition("}")[2] == name
    )


def _items(package: Any, base: str) -> dict[str, tuple[str, str]]:
    """Path and properties of each document of the package, by its id there."""
    return {
        item.get("id", ""): (_path(base, item.get("href", "")), item.get("properties", ""))
        for item in _named(package, "item")
        if "html" in item.get("media-type", "") or "ncx" in item.get("media-type", "")
    }


def _path(base: str, href: str) -> str:
    return posixpath.normpath(posixpath.join(base, unquote(href.partition("#")[0])))


def _spine(package: Any) -> list[str]:
    return [
        item.get("idref", "") for item in _named(package, "itemref") if item.get("linear") != "no"
    ]


def _refuse_protected(opened: zipfile.ZipFile, paths: set[str]) -> None:
    """Fonts may be scrambled; documents may not."""
    if _LOCKED not in opened.namelist():
        return
    uris = (found.get("URI", "") for found in _named(_xml(opened, _LOCKED), "CipherReference"))
    if paths & {_path("", uri) for uri in uris}:
        raise CorpusError("is protected against reading (DRM); give an unprotected copy")


def _facts(package: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "publisher": _first(package, "publisher"),
        "author": [text for text in map(_text, _named(package, "creator")) if text],
        "topics": [text for text in map(_text, _named(package, "subject")) if text],
    }
    for element in _named(package, "date"):
        events = {value for name, value in element.attrib.items() if name.endswith("event")}
        if day := _day(_text(element)) if events <= {"publication"} else None:
            facts |= {"published": day, "published_origin": "EPUB"}
            break
    for element in _named(package, "meta"):
        if element.get("property") == "dcterms:modified" and (day := _day(_text(element))):
            facts |= {"modified": day, "modified_origin": "EPUB"}
    return facts


def _day(text: str) -> str | None:
    try:
        return parse_published(text)
    except CorpusError:  # such as a year alone: the day stays unknown
        return None


def _first(package: Any, name: str) -> str:
    return next(filter(None, map(_text, _named(package, name))), "")


def _text(element: Any) -> str:
    return " ".join("".join(element.itertext()).split())


def _contents(opened: zipfile.ZipFile, items: dict[str, tuple[str, str]]) -> dict[str, str]:
    """What the table of contents calls each document."""
    titles = dict[str, str]()
    for path, properties in items.values():
        if "nav" not in properties.split() and not path.endswith(".ncx"):
            continue
        base = posixpath.dirname(path)
        root = _xml(opened, path)
        for link in _named(root, "a"):
            titles.setdefault(_path(base, link.get("href", "")), _text(link))
        for point in _named(root, "navPoint"):
            source, label = next(_named(point, "content"), None), next(_named(point, "text"), None)
            if source is not None and label is not None:
                titles.setdefault(_path(base, source.get("src", "")), _text(label))
    return titles


def _record(opened: zipfile.ZipFile, path: str, titles: dict[str, str]) -> dict[str, Any] | None:
    try:
        root = tree(decode(opened.read(path)).encode("utf-8", "replace"), "utf-8")
    except KeyError:
        raise CorpusError(f"is a broken EPUB (it lacks {path}); {_DAMAGED}") from None
    found = [] if root is None else blocks(root)
    running = [text for text in found if not text.startswith("## ")]
    if sum(map(len, running)) < _SHORTEST:
        return None
    headings = (text.removeprefix("## ") for text in found[:3] if text.startswith("## "))
    title = next(headings, "") or titles.get(path, "")
    return {"title": title, "text": "\n\n".join(found)}
