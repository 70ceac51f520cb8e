"""Documents that are read apart, in a process that can be killed: bytes -> records.

A record is a dict with the facts of `fields`, such as `text`, `title` and `published`, and
`removals`, a list of `[rule, text]`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from importlib import import_module
from typing import Any

from rag.errors import CorpusError
from rag.reading.decode import decode
from rag.reading.fields import facts_of
from rag.reading.tables import json_fault

HTML = (".html", ".htm", ".xhtml")
KINDS = (*HTML, ".pdf", ".docx", ".epub", ".json", ".eml")
"""What `read` knows, by suffix."""
_LISTS = ("articles", "items", "data")
_LONGEST_LIST = 1000
"""Authors, topics or captions of one record."""


def prepare(kind: str) -> None:
    """Import what reading this kind takes, which may be much slower than reading."""
    for module in {
        ".pdf": ("pypdfium2",),
        ".docx": ("docx", "rag.reading.docx"),
        ".epub": ("rag.reading.epub", "lxml.etree"),
        ".eml": ("rag.reading.mail",),
        ".json": (),
    }.get(kind, ("rag.reading.page", "trafilatura")):
        import_module(module)


def read(kind: str, data: bytes, url: str = "", off: Collection[str] = ()) -> list[Any]:
    """The records of a document.

    Args:
        kind: one of `KINDS`.
        data: the document.
        url: where it was fetched from, if it was.
        off: cleaning rules that are switched off.

    Raises:
        CorpusError: it cannot be read as what it claims to be; names the remedy.
    """
    records = _READERS.get(kind, _page)(data, url, off)
    return [shallow(record) for record in records]


def shallow(record: Any) -> dict[str, Any] | None:
    """The known facts of a record, without anything nested deeper than a list of names.

    None where the record is no object.
    """
    if not isinstance(record, Mapping):
        return None
    facts = facts_of(record)
    plain = {name: _shallow(value) for name, value in facts.items() if name != "removals"}
    removals = facts.get("removals")
    return {**plain, "removals": removals} if isinstance(removals, list) else plain


def _shallow(value: Any) -> Any:
    if isinstance(value, Mapping):
        value = value.get("name")
    if isinstance(value, (list, tuple)):
        names = (item.get("name") if isinstance(item, Mapping) else item for item in value)
        return [name for name in names if isinstance(name, str | int | float)][:_LONGEST_LIST]
    return value if isinstance(value, str | int | float | bool) else None


def _page(data: bytes, url: str, off: Collection[str]) -> list[Any]:
    from rag.reading.page import read_page

    if not data.strip():
        raise CorpusError("is empty; remove it or give it text")
    return [read_page(data, url, off)]


def _pdf(data: bytes, _: str, off: Collection[str]) -> list[Any]:
    from rag.reading.pdf import read_pdf

    return [read_pdf(data, off)]


def _docx(data: bytes, _: str, __: Collection[str]) -> list[Any]:
    from rag.reading.docx import read_docx

    return [read_docx(data)]


def _epub(data: bytes, _: str, __: Collection[str]) -> list[Any]:
    from rag.reading.epub import read_epub

    return list(read_epub(data))


def _mail(data: bytes, _: str, off: Collection[str]) -> list[Any]:
    from rag.reading.mail import read_mail

    return [read_mail(data, off)]


def _json(data: bytes, _: str, __: Collection[str]) -> list[Any]:
    """The entries of one object, a list, or a list under a usual name; HTML in them is read."""
    try:
        content = json.loads(decode(data))
    except RecursionError:
        raise CorpusError("is nested too deeply; write flat JSON objects") from None
    except ValueError as error:
        raise CorpusError(f"is not valid JSON ({json_fault(error)}); mend it") from None
    if isinstance(content, dict):
        lists = (content[name] for name in _LISTS if isinstance(content.get(name), list))
        content = [content] if "text" in facts_of(content) else next(lists, [content])
    if not isinstance(content, list) or not content:
        raise CorpusError(
            'holds no articles; write {"text": "…"}, a list of such, or {"articles": […]}'
        )
    return [_with_text(entry) for entry in content]


def _with_text(entry: Any) -> Any:
    """An entry of a feed as JSON, whose text may be HTML alone."""
    facts = facts_of(entry) if isinstance(entry, Mapping) else {}
    html = facts.get("html")
    if "text" in facts or not isinstance(html, str):
        return entry
    from rag.reading.blocks import blocks, tree

    root = tree(html.encode("utf-8", "replace"), "utf-8")
    return {**facts, "text": "\n\n".join([] if root is None else blocks(root))}


_READERS: dict[str, Callable[[bytes, str, Collection[str]], list[Any]]] = {
    ".pdf": _pdf,
    ".docx": _docx,
    ".epub": _epub,
    ".eml": _mail,
    ".json": _json,
}
