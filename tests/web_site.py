"""A small web site on a loopback port that answers as it is told to."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Reply:
    """An answer; with `etag` or `last_modified`, a request that knows it gets a 304."""

    body: bytes = b""
    status: int = 200
    media: str = "text/html; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    etag: str = ""
    last_modified: str = ""


Route = Reply | Callable[[BaseHTTPRequestHandler], None]


class Site:
    """`pages` holds what each path answers, others are 404; `asked` the paths that were asked for.

    `full` holds the paths whose body was sent, `headers` the last request's headers by path.
    """

    def __init__(
        self, pages: Mapping[str, Route] | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        self.pages: dict[str, Route] = dict(pages or {})
        self.asked: list[str] = []
        self.full: list[str] = []
        self.headers: dict[str, Mapping[str, str]] = {}
        self.stopping = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        if tls:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def port(self) -> int:
        return self._http.server_port

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def forget(self) -> None:
        self.asked.clear()
        self.full.clear()

    def __enter__(self) -> Site:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


def _handler(server: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(_SiteHandler):
        site = server

    return Handler


class _SiteHandler(BaseHTTPRequestHandler):
    site: Site
    protocol_version = "HTTP/1.1"

    def handle(self) -> None:
        with suppress(ConnectionError):
            super().handle()

    def do_GET(self) -> None:
        self.site.asked.append(self.path)
        self.site.headers[self.path] = dict(self.headers.items())
        route = self.site.pages.get(self.path, Reply(b"nothing here", 404))
        try:
            if isinstance(route, Reply):
                self._reply(route)
            else:
                self.close_connection = True
                route(self)
        except OSError:  # the reader has hung up
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # as inherited
        pass

    def _reply(self, reply: Reply) -> None:
        same = reply.etag and self.headers.get("If-None-Match") == reply.etag
        same = same or (
            reply.last_modified and self.headers.get("If-Modified-Since") == reply.last_modified
        )
        body = b"" if same else reply.body
        self.send_response(304 if same else reply.status)
        given = {"Content-Type": reply.media, "ETag": reply.etag}
        given |= {"Last-Modified": reply.last_modified, "Content-Length": str(len(body))}
        for name, value in {**given, **reply.headers}.items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        if reply.status == 200 and not same:
            self.site.full.append(self.path)
