"""The routes of kept conversations: list, rename, delete, download."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Body, Query, Request
from fastapi.responses import HTMLResponse, Response

from rag.errors import RagError
from rag.ui.conversation import Conversation
from rag.ui.conversations import Listed, Store
from rag.ui.export import as_json, markdown
from rag.ui.markup import day, escape
from rag.ui.owner import owner
from rag.ui.render import problem_html
from rag.ui.share import share_html
from rag.ui.words import N_, _, n_

_FRESH = {"Cache-Control": "no-store"}
_KINDS = {
    "md": ("text/markdown; charset=utf-8", "Markdown"),
    "json": ("application/json", "JSON"),
    "html": ("text/html; charset=utf-8", N_("Page to share")),
}


def history_routes(store: Store, styles: str) -> APIRouter:
    """All of them; each sees the conversations of whoever asks, and no others."""
    router = APIRouter()
    makers: dict[str, Callable[[Conversation], str]] = {
        "md": markdown,
        "json": as_json,
        "html": lambda conversation: share_html(conversation, styles, date.today()),
    }

    @router.get("/conversations")
    def listed(
        request: Request,
        q: Annotated[str, Query(max_length=300)] = "",
        c: Annotated[str, Query(max_length=64)] = "",
    ) -> HTMLResponse:
        """The list as a part of the page; `c` is the one that is open."""
        try:
            found = store.listed(owner(request), q)
        except RagError as error:
            return HTMLResponse(problem_html(str(error)), headers=_FRESH)
        return HTMLResponse(list_html(found, q, c), headers=_FRESH)

    @router.get("/conversations/{name}")
    def download(request: Request, name: str) -> Response:
        """One conversation as a file: `KEY.md`, `KEY.json` or `KEY.html`."""
        key, _dot, kind = name.rpartition(".")
        found = store.load(owner(request), key) if kind in makers else None
        if found is None:
            return Response(_("There is no such conversation."), 404, media_type="text/plain")
        headers = {**_FRESH, "Content-Disposition": f'attachment; filename="newsdesk-{name}"'}
        return Response(makers[kind](found), media_type=_KINDS[kind][0], headers=headers)

    @router.post("/conversations/{key}/rename")
    def rename(
        request: Request, key: str, title: Annotated[str, Body(embed=True, max_length=2000)]
    ) -> Response:
        """204, or 404 where there is none of that key."""
        return Response(status_code=204 if store.rename(owner(request), key, title) else 404)

    @router.post("/conversations/{key}/delete")
    def delete(request: Request, key: str) -> Response:
        """204, or 404 where there is none of that key."""
        return Response(status_code=204 if store.delete(owner(request), key) else 404)

    return router


def list_html(found: list[Listed], words: str, current: str) -> str:
    """The conversations as a list, or why there are none."""
    if not found:
        none = _("No conversations yet.")
        none = _("No conversation holds these words.") if words.strip() else none
        return f'<p class="none">{none}</p>'
    rows = "".join(_row(one, is_open=one.key == current) for one in found)
    return f'<ul class="talks">{rows}</ul>'


def _row(one: Listed, *, is_open: bool) -> str:
    title, key = escape(one.title), escape(one.key)
    more, rename, delete = _("More about {title}", title=title), _("Rename"), _("Delete")
    here = ' aria-current="true"' if is_open else ""
    downloads = "".join(
        f'<a href="conversations/{key}.{kind}" download>{_(name)}</a>'
        for kind, (_type, name) in _KINDS.items()
    )
    return (
        f'<li><a class="talk" href="./?c={key}"{here}><bdi>{title}</bdi>'
        f'<span class="by">{day(one.changed)} · {_asked(one)}</span></a>'
        f'<details class="more"><summary><span class="sr-only">{more}</span></summary>'
        f'<div class="acts"><button type="button" class="rename" value="{key}">{rename}</button>'
        f'<button type="button" class="delete" value="{key}">{delete}</button>{downloads}</div>'
        "</details></li>"
    )


def _asked(one: Listed) -> str:
    return n_("{n} question", "{n} questions", one.questions)
