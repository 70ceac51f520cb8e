"""The pages beside the conversation: plain HTML made by the server, in the reader's language.

They need no script to be read, so that each loads in one request and has an address of its own.
All values are escaped by Jinja; characters that would hide or reorder text stay inside `<bdi>`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from rag.addresses import web_address
from rag.ui.markup import site
from rag.ui.words import LANGUAGES, Words, chosen, speak, words

LANGUAGE, APPEARANCE = "newsdesk_language", "newsdesk_appearance"
"""The cookies that keep a browser's own choices; neither says who reads."""
APPEARANCES = ("light", "dark")
_FRESH = {"Cache-Control": "no-store"}


class Pages:
    """Fills the templates for a request."""

    def __init__(self, title: str, *, evals: bool = False) -> None:
        """Keep the product's name, and whether there is a page of evals."""
        self.title = title
        self.evals = evals

    def shown(
        self, request: Request, template: str, *, status: int = 200, **values: Any
    ) -> HTMLResponse:
        """A page, as the reader's language and colours want it."""
        own = words_for(request)
        page = _environment().get_template(template).render(
            title=self.title,
            evals=self.evals,
            words=own,
            _=own._,
            n_=own.n_,
            day=own.day,
            number=own.number,
            languages=LANGUAGES,
            appearance=appearance_for(request),
            here=request.url.path.rpartition("/")[2],
            **values,
        )  # fmt: skip
        whole = page.encode("utf-8", "replace").decode("utf-8")
        return HTMLResponse(whole, status_code=status, headers=_FRESH)


def nav_html(own: Words, *, evals: bool) -> str:
    """The links between the pages, as they stand on the page of the conversation."""
    html: str = _environment().get_template("nav.html").render(_=own._, here="", evals=evals)
    return "".join(html.split("\n"))


def words_for(request: HTTPConnection) -> Words:
    """The words of the reader's choice, or of the browser's language."""
    wanted = request.cookies.get(LANGUAGE, "")
    return words(chosen(wanted, request.headers.get("accept-language", "")))


class Speaking:
    """Middleware: what answers a request speaks the reader's language."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "http":
            speak(words_for(HTTPConnection(scope)))
        await self._app(scope, receive, send)


def appearance_for(request: Request) -> str:
    """`light`, `dark`, or empty to follow the system."""
    wanted = request.cookies.get(APPEARANCE, "")
    return wanted if wanted in APPEARANCES else ""


def went(page: str, **query: str) -> Response:
    """On to another page, after something was done."""
    return RedirectResponse(address(page, query), status_code=303, headers=_FRESH)


def address(page: str, query: Mapping[str, object]) -> str:
    """The address of a page, relative, so that it holds below any prefix."""
    filled = {name: str(value) for name, value in query.items() if value not in ("", None)}
    return f"{page}?{urlencode(filled)}" if filled else page


@cache
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"site": site, "web_address": web_address}
    environment.globals["address"] = address
    return environment
