"""The chat server: what it is put together from, and the address that it is served on."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import os
import socket
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, cast

import rag
from rag.api.logs import log_json
from rag.errors import SettingsError
from rag.settings import ChatSettings, Settings
from rag.ui.conversation import Keep, Reader
from rag.ui.conversations import Store

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI
    from fastapi.telemetry import TelemetryConfig

    from rag.api.service import Backend, Service
    from rag.ui.evals import Bench
    from rag.ui.preferences import Preferences

_GRADIO = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "GRADIO_ANALYTICS_MAX_EVENTS": "1",
    "GRADIO_ANALYTICS_CACHE_FREQUENCY": "1000000000",
    "FASTAPI_OTEL_AUTO_CONFIGURE": "false",
}
"""Nothing is reported; nor does Gradio work out statistics, with pandas, after each question."""
_NO_TELEMETRY: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "auto_configure": False,
}
"""FastAPI's spans would hold addresses with what was searched for; ours are in rag.api.tracing."""
_MORE_THREADS = 8
"""Beside one for each answer under way: for searches, checks and answers that are being stopped."""
_GRACE = 3
"""Seconds that open answers get when the server is told to end."""


def build_app(
    reader: Backend,
    settings: Settings,
    keep: Keep | None = None,
    store: Store | None = None,
    preferences: Preferences | None = None,
    bench: Bench | None = None,
) -> FastAPI:
    """The whole application: the page and the HTTP interfaces, behind the `Guard`.

    Call it where no event loop is running. Gradio makes locks when it is built, and would
    otherwise leave a loop of its own open for them.

    Args:
        reader: an `Assistant`, or anything that answers like one.
        settings: `chat`, `server` and `answer.max_question` are used.
        keep: called with an answer that the reader marked; None takes no marks.
        store: where conversations are kept; None keeps none.
        preferences: what the settings page may change; None changes nothing of the server.
        bench: what runs eval sets; None has no page of evals.
    """
    os.environ.update(_GRADIO)
    return asyncio.run(_build(reader, settings, keep, store, preferences, bench))


async def _build(
    backend: Backend,
    settings: Settings,
    keep: Keep | None,
    store: Store | None,
    preferences: Preferences | None,
    bench: Bench | None,
) -> FastAPI:
    import gradio as gr

    from rag.api.service import Service
    from rag.ui.beside import add_pages
    from rag.ui.history import history_routes
    from rag.ui.page import Page, theme
    from rag.ui.pages import Speaking
    from rag.ui.routes import SCRIPTS, routes, shipped_file
    from rag.ui.shelf import Shelf
    from rag.ui.turns import Turns

    service = Service(backend, settings)
    reader = cast(Reader, Turns(backend, service))
    app = api(service, settings)
    app.include_router(routes(reader), include_in_schema=False)
    if store is not None:
        app.include_router(
            history_routes(store, shipped_file("newsdesk.css")), include_in_schema=False
        )
    more = add_pages(app, backend, settings, preferences, bench)
    app.add_middleware(Speaking)
    shelf = backend if isinstance(backend, Shelf) else None
    collection = (lambda: shelf.folder.name) if shelf else (lambda: "")
    gr.mount_gradio_app(
        app,
        Page(reader, settings, keep, store, more=more, collection=collection).blocks,
        path="/",
        footer_links=[],
        run_history=False,
        theme=theme(shipped_file("newsdesk.css")),
        head='<meta name="color-scheme" content="light dark">'
        + "".join(f'<script src="{name}" defer></script>' for name in SCRIPTS),
        ssr_mode=False,
        mcp_server=False,
        pwa=False,
        max_file_size=1,
    )
    return app


def api(service: Service, settings: Settings) -> FastAPI:
    """The HTTP interfaces, behind the `Guard`; a page may be mounted beside them."""
    from fastapi import FastAPI, Security
    from fastapi.security import HTTPBasic, HTTPBearer

    from rag.api import chat_completions, health, tools
    from rag.api.access import Access
    from rag.api.failures import told_in_words
    from rag.api.observed import Observed
    from rag.api.routes import OPENAPI, routes
    from rag.ui.guard import Guard
    from rag.ui.owner import Owners

    host = settings.chat.host
    mcp = tools.tools(service)
    mcp_routes = tools.routes(mcp)

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        threads = settings.answers_at_once + _MORE_THREADS
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(threads))
        async with mcp.session_manager.run():
            yield

    app = FastAPI(
        title=settings.chat.title,
        version=rag.__version__,
        description="Answers over a collection of articles, with citations that can be checked.",
        docs_url=None,
        redoc_url=None,
        openapi_url=OPENAPI,
        lifespan=running,
        telemetry=_NO_TELEMETRY,
    )
    told_in_words(app)
    asked = [Security(HTTPBasic(auto_error=False)), Security(HTTPBearer(auto_error=False))]
    documented = asked if settings.server.protected else []  # it is the Access that asks
    app.router.routes.extend(mcp_routes)
    app.include_router(health.routes(service))
    app.include_router(routes(service), dependencies=documented)
    app.include_router(chat_completions.routes(service), dependencies=documented)
    alone = is_loopback(host) and not settings.chat.allow_remote and not settings.server.hosts
    app.add_middleware(Owners, local_only=alone)
    app.add_middleware(Access, settings=settings.server)
    app.add_middleware(Guard, hosts=settings.server.hosts, remote=not is_loopback(host))
    app.add_middleware(Observed, metrics=service.metrics, traces=service.traces)
    return app


def serve(
    reader: Backend,
    settings: Settings,
    announce: Callable[[str], None] = lambda _: None,
    keep: Keep | None = None,
    store: Store | None = None,
    preferences: Preferences | None = None,
    bench: Bench | None = None,
) -> None:
    """Serve until interrupted.

    Args:
        reader: what answers.
        settings: `chat.host` and `chat.port` say where; port 0 takes any free one.
        announce: called once with the address, when the page can be opened.
        keep: as of `build_app`.
        store: as of `build_app`.
        preferences: as of `build_app`.
        bench: as of `build_app`.

    Raises:
        SettingsError: the address cannot be used, or is open to other machines without leave.
    """
    if settings.server.log_json:
        log_json()
    listener = listen(settings.chat, protected=settings.server.protected)
    address = _address(settings.chat.host, listener.getsockname()[1])
    app = build_app(reader, settings, keep, store, preferences, bench)
    with listener, suppress(KeyboardInterrupt):
        server(app, lambda: announce(address)).run(sockets=[listener])


def server(app: FastAPI, started: Callable[[], None]) -> uvicorn.Server:
    """What runs an application made by `build_app`; it calls `started` once it listens."""
    import uvicorn
    from starlette.routing import Mount

    page: Any = next(route.app for route in app.routes if isinstance(route, Mount))

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                started()

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            page.stop_event.set()  # ends the streams by which open pages stay in touch
            await super().shutdown(sockets)

    return Server(
        uvicorn.Config(
            app,
            log_level="error",
            log_config=None,  # as the rest of the program logs
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE,
        )
    )


def listen(chat: ChatSettings, *, protected: bool = False) -> socket.socket:
    """A listening socket on `chat.host` and `chat.port`.

    Where nobody is asked for a password, `protected` being False, other machines are let in only
    if `chat.allow_remote` says so.

    Raises:
        SettingsError: names the setting and the remedy.
    """
    if not (protected or chat.allow_remote or is_loopback(chat.host)):
        raise SettingsError(
            f"chat.host {chat.host!r} can be reached from other machines, and nobody is asked for "
            "a password; add a line of `rag password` to server.users, set RAG_SERVER__TOKEN, use "
            "127.0.0.1, or set chat.allow_remote if the network is trusted"
        )
    try:
        return socket.create_server(
            (chat.host, chat.port),
            family=socket.AF_INET6 if ":" in chat.host else socket.AF_INET,
        )
    except OSError as error:
        raise SettingsError(_unusable(chat, error)) from None


def _unusable(chat: ChatSettings, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"chat.port {chat.port} is in use by another program; choose another one, "
            "or 0 for any that is free"
        )
    if error.errno == errno.EACCES:
        return f"chat.port {chat.port} needs special rights here; choose one above 1023"
    return f"chat.host {chat.host!r} cannot be listened on: {error.strerror or error}"


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
