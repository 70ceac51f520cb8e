"""Whose conversations a request may see."""

from __future__ import annotations

import re
import secrets
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.api.access import TOKEN

_COOKIE = "newsdesk_reader"
_STATE = "newsdesk_owner"
_NAME = re.compile(r"[\w-]{20,64}")
_YEAR = 366 * 24 * 3600


def owner(request: HTTPConnection) -> str:
    """`""` for the one reader of this machine, else a name that no other reader has."""
    return str(request.scope.get(_STATE, ""))


class Owners:
    """Middleware that says whose request it is.

    A name that was logged in with (`scope["user_name"]`, see `rag.api.access`) owns its
    conversations from any browser. Without one, what only this machine reaches has one owner; where
    others may come in, with one token for all or freely, each browser is an owner, known by a
    cookie that scripts cannot read.
    """

    def __init__(self, app: ASGIApp, *, local_only: bool) -> None:
        """Wrap an application."""
        self._app = app
        self._local_only = local_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        name = scope.get("user_name")
        if name == TOKEN:
            name = ""
        if name or self._local_only:
            scope[_STATE] = f"user:{name}" if name else ""
            return await self._app(scope, receive, send)
        known = _read(Headers(scope=scope).get("cookie", ""))
        reader = known or secrets.token_urlsafe(24)
        scope[_STATE] = f"browser:{reader}"
        new = not known and scope["path"] == "/"  # what else a page asks for comes after that
        return await self._app(scope, receive, _with_cookie(send, reader) if new else send)


def _read(header: str) -> str:
    """The name in the cookie; empty where there is none, or one that we did not give."""
    try:
        found = SimpleCookie(header).get(_COOKIE)
    except CookieError:
        return ""
    return found.value if found and _NAME.fullmatch(found.value) else ""


def _with_cookie(send: Send, reader: str) -> Send:
    cookie = f"{_COOKIE}={reader}; HttpOnly; SameSite=Strict; Path=/; Max-Age={_YEAR}"

    async def give(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).append("set-cookie", cookie)
        await send(message)

    return give
