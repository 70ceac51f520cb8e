"""What a request to the server may ask for, and what every response tells the browser."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY = 8_000_000
"""Bytes of one request: a question of a million characters arrives and is declined in words."""

_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self' data:; "
    "connect-src 'self'; object-src 'none'; frame-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_ROUTES = re.compile(
    r"/|/source|/newsdesk\.css|/newsdesk\.js|/healthz"
    r"|/config|/theme\.css|/favicon\.ico|/manifest\.json|/robots\.txt"
    r"|/(assets|static)(/[\w.-]+)+"
    r"|/gradio_api/(run/predict|queue/join|queue/data|cancel|reset|startup-events|heartbeat/\w+)"
)
_LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


class Guard:
    """Middleware: lets through only the listed routes, and adds the security headers.

    The framework below brings routes for uploads, files, proxying and remote calls, which this
    product does not use. A page of another site can neither post here nor, where `local_only`
    holds, reach the server by a name that it made point to this machine.
    """

    def __init__(self, app: ASGIApp, *, local_only: bool) -> None:
        """Wrap an application."""
        self._app = app
        self._local_only = local_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        app = PlainTextResponse(refusal[1], status_code=refusal[0]) if refusal else self._app
        await app(scope, _limited(receive), _with_headers(send))

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if self._local_only and urlsplit(f"//{host}").hostname not in _LOCAL_HOSTS:
            return 421, "This address does not belong to Newsdesk."
        if not _ROUTES.fullmatch(scope["path"]) or ".." in scope["path"]:
            return 404, "There is nothing here."
        origin = headers.get("origin")
        if scope["method"] not in ("GET", "HEAD") and origin and urlsplit(origin).netloc != host:
            return 403, "Requests from other sites are refused."
        if int(headers.get("content-length", "0") or 0) > MAX_BODY:
            return 413, "The request is too large."
        return None


def _limited(receive: Receive) -> Receive:
    """Ends a body that grows past the limit without having said its length."""
    seen = 0

    async def take() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        return message if seen <= MAX_BODY else {"type": "http.disconnect"}

    return take


def _with_headers(send: Send) -> Send:
    async def give(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers[name] = value
        await send(message)

    return give
