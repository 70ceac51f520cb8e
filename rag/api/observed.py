"""Middleware: gives each request its id, counts it, logs it, and tells what nobody foresaw."""

from __future__ import annotations

import logging
import re
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag import request_id
from rag.api.failures import unexpected
from rag.api.metrics import Metrics
from rag.api.tracing import Told, Traces

_LOG = logging.getLogger(__name__)
_PATTERNS = (
    (re.compile(r"/api/articles/.+"), "/api/articles/{article_id}"),
    (re.compile(r"/(assets|static)/.+"), "/assets"),
    (re.compile(r"/gradio_api/heartbeat/.+"), "/gradio_api/heartbeat"),
)
_METHODS = ("GET", "HEAD", "POST", "DELETE", "OPTIONS", "PUT", "PATCH")


class Observed:
    """Wraps an application; outermost, so that it sees refusals too."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, traces: Traces) -> None:
        """Count into `metrics`, and make a span of each request."""
        self._app = app
        self._metrics = metrics
        self._traces = traces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        name = request_id.chosen(headers.get(request_id.HEADER, ""))
        token = request_id.current.set(name)
        seen, scope = _Seen(send, name), _named(scope, name)
        with self._traces.span("request", headers) as told:
            try:
                await self._app(scope, receive, seen)
            except Exception as error:  # the border: whoever asked must be told, and others go on
                _LOG.exception("%s %s failed", scope["method"], scope["path"])
                if seen.status:
                    raise
                await unexpected(error)(scope, receive, seen)
            finally:
                self._note(scope, seen, told)
                request_id.current.reset(token)

    def _note(self, scope: Scope, seen: _Seen, told: Told) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "other"
        status, seconds = seen.status or 499, seen.seconds()
        pattern = _pattern(scope["path"], status)
        self._metrics.request(method, pattern, status, seconds)
        told.name, told.failed = f"{method} {pattern}", status >= 500
        told.facts = {
            "http.request.method": method,
            "http.route": pattern,
            "http.response.status_code": status,
            "newsdesk.request_id": request_id.current.get(),
        }
        facts = {"method": method, "path": scope["path"], "status": status}
        who = {"user": user} if (user := scope.get("user_name")) else {}
        _LOG.info("request", extra={"facts": {**facts, "seconds": round(seconds, 4), **who}})


class _Seen:
    """A `send` that remembers the status and adds the id; the first status counts."""

    def __init__(self, send: Send, name: str) -> None:
        self._send = send
        self._name = name
        self._start = time.perf_counter()
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            MutableHeaders(scope=message)[request_id.HEADER] = self._name
        await self._send(message)

    def seconds(self) -> float:
        return time.perf_counter() - self._start


def _named(scope: Scope, name: str) -> Scope:
    """The request with our id among its headers, which is where the page looks for it."""
    header = request_id.HEADER.lower().encode()
    headers = [pair for pair in scope["headers"] if pair[0] != header]
    return {**scope, "headers": [*headers, (header, name.encode())]}


def _pattern(path: str, status: int) -> str:
    """A path without what differs from request to request: there are few of them."""
    if status in (404, 405, 421):
        return "other"
    return next((name for pattern, name in _PATTERNS if pattern.fullmatch(path)), path)
