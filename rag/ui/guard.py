"""What a request to the server may ask for, and what every response tells the browser."""

from __future__ import annotations

import re
import socket
import sys
from collections.abc import Sequence
from ipaddress import ip_address
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.api.failures import failed

MAX_BODY = 8_000_000
"""Bytes of one request: a question of a million characters arrives and is declined in words."""
MAX_API_BODY = 1_000_000
"""Bytes of one request to the HTTP interfaces, where nobody needs to be shown what was typed."""

_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self' data:; "
    "connect-src 'self'; object-src 'none'; frame-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_ROUTES = re.compile(
    r"/|/source|/newsdesk\.css|/(newsdesk|cards|ask|history|filters)\.js|/filters"
    r"|/healthz|/readyz|/metrics"
    r"|/conversations(/[\w-]+(\.(md|json|html)|/rename|/delete))?"
    r"|/api/(ask|retrieve|verify|openapi\.json|articles(/.+)?)|/v1/(models|chat/completions)|/mcp"
    r"|/config|/theme\.css|/favicon\.ico|/manifest\.json|/robots\.txt"
    r"|/(assets|static/(fonts|img|js))(/[\w.-]+)+"
    r"|/gradio_api/(run/predict|queue/join|queue/data|cancel|reset|heartbeat/\w+)"
)
_PAGES = re.compile(r"/(collection|article|pages\.js)")
"""The pages beside the conversation, to be read: see pages.py."""
_FORMS = re.compile(
    r"/(remove|dismiss|add(-[a-z]+)?|collections(-[a-z]+)?|settings(-[a-z]+)?|evals(-[a-z]+)?)"
)
"""The same, with forms that are sent."""
_UPLOAD = "/add-file"
"""Takes a body of any length: it counts the bytes by itself."""
_METHODS = (
    (_FORMS, ("GET", "HEAD", "POST")),
    (re.compile(r"/api/(ask|retrieve|verify)|/v1/chat/completions"), ("POST",)),
    (re.compile(r"/conversations/.+/(rename|delete)"), ("POST",)),
    (re.compile(r"/(api|v1)/.+|/healthz|/readyz|/metrics"), ("GET",)),
    (re.compile(r"/mcp"), ("GET", "POST", "DELETE")),
    (re.compile(r"/gradio_api/.+"), ("GET", "POST")),
    (re.compile(r".+"), ("GET", "HEAD")),
)
"""How each route may be asked; the first pattern that fits counts."""
_OF_GRADIO = ("/", "/config")
"""Where the page of the conversation begins."""
_PROGRAMS = ("/api/", "/v1/", "/mcp", "/metrics", "/readyz")
"""Where programs ask, who read JSON."""
_LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


class Guard:
    """Middleware: lets through only the listed routes, and adds the security headers.

    The framework below brings routes for uploads, files, proxying and remote calls, which this
    product does not use. A page of another site can neither ask here nor reach the server by a
    name that it made point to this machine.
    """

    def __init__(self, app: ASGIApp, *, hosts: Sequence[str] = (), remote: bool = False) -> None:
        """Wrap an application.

        Args:
            app: what is guarded.
            hosts: names by which it may be reached, beside this machine's own.
            remote: whether other machines reach it, by any of its numeric addresses too.
        """
        self._app = app
        self._remote = remote
        names = (socket.gethostname(), f"{socket.gethostname()}.local") if remote else ()
        self._hosts = _LOCAL_HOSTS | {name.casefold() for name in (*hosts, *names)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        app = _refused(scope, *refusal) if refusal else self._app
        await app(scope, _limited(receive, _most(scope)), _with_headers(send))

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._known(host):
            return 421, "This server is not known by that name; server.hosts may list more names."
        if not _served(scope["path"]) or _names_a_state(scope):
            return 404, "There is nothing here."
        origin = headers.get("origin")
        if origin is not None and _place(origin) != host:
            return 403, "Requests from other sites are refused."
        if scope["method"] not in _methods(scope):
            return 405, f"This address takes {' and '.join(_methods(scope))}."
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > _most(scope):
            return 413, f"The request is larger than {_most(scope):,} bytes; send less."
        return None

    def _known(self, host: str) -> bool:
        """A name can be made to point anywhere by whoever owns it; a number cannot."""
        name = _name(host)
        return name in self._hosts or (self._remote and _is_number(name or ""))


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _served(path: str) -> bool:
    known = any(routes.fullmatch(path) for routes in (_ROUTES, _PAGES, _FORMS))
    return known and not {"..", "."} & set(path.split("/"))


def _names_a_state(scope: Scope) -> bool:
    """Whether Gradio is asked for another page of its own, or one that it would read from a file.

    There are none, and it fails on names that it does not know.
    """
    asked = parse_qs(scope["query_string"].decode("latin-1")) if scope["path"] in _OF_GRADIO else {}
    return bool({"page", "deep_link"} & asked.keys())


def _name(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _place(origin: str) -> str | None:
    """Host and port; None for an origin without any, such as `null`."""
    try:
        return urlsplit(origin).netloc or None
    except ValueError:
        return None


def _methods(scope: Scope) -> Sequence[str]:
    return next(methods for path, methods in _METHODS if path.fullmatch(scope["path"]))


def _most(scope: Scope) -> int:
    if scope["path"] == _UPLOAD:
        return sys.maxsize
    return MAX_API_BODY if scope["path"].startswith(_PROGRAMS) else MAX_BODY


def _refused(scope: Scope, status: int, message: str) -> ASGIApp:
    """A refusal that programs can read, or one for the eyes."""
    headers = {"Allow": ", ".join(_methods(scope))} if status == 405 else {}
    if scope["path"].startswith(_PROGRAMS):
        return failed(status, message, headers=headers)
    return PlainTextResponse(message, status_code=status, headers=headers)


def _limited(receive: Receive, most: int) -> Receive:
    """Ends a body that grows past the limit without having said its length."""
    seen = 0

    async def take() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > most:
            raise HTTPException(413, f"The request is larger than {most:,} bytes; send less.")
        return message

    return take


def _with_headers(send: Send) -> Send:
    async def give(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers[name] = value
        await send(message)

    return give
