"""The whole server over a real collection: every page and interface, and its routes as a list."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from fakes import HashEmbedder
from fastapi import FastAPI, params
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Mount, Route

from rag.assistant import Assistant
from rag.evaluate.bench import Bench
from rag.index import Index
from rag.schema import Article
from rag.settings import Settings
from rag.ui.conversations import Conversations
from rag.ui.preferences import Preferences
from rag.ui.server import build_app
from rag.ui.shelf import Shelf

HOST = "127.0.0.1:7860"
STORY = Article(
    article_id="port", title="Port", text="The harbour office builds a terminal in Kiel."
)


@dataclass(frozen=True, order=True)
class Found:
    """A route as the application has it."""

    path: str
    """With its prefix, and `{names}` of what is filled in."""
    methods: tuple[str, ...]
    """Empty where it takes any."""
    fields: tuple[tuple[str, str], ...] = ()
    """Of ours: (kind, name) of what it takes, the kind being path, query, form or json."""


@contextmanager
def whole_server(home: Path, **sections) -> Iterator[tuple[FastAPI, Shelf]]:
    """An application with everything that `rag chat` serves, over one article in `home`."""
    settings = Settings.load(environ={}, answer={"reader": False}, **sections)
    embedder = HashEmbedder()
    with Index.open(home / "index", embedder.fingerprint, settings.index) as index:
        shelf = Shelf(Assistant(index, embedder, None, settings))
        shelf.ingest([STORY])
        preferences = Preferences.beside(shelf, lambda chosen: settings)
        with closing(Conversations(home / "index.conversations.sqlite")) as store:
            bench = Bench(lambda: shelf.current)
            keep = lambda *_, **__: True  # noqa: E731
            yield build_app(shelf, settings, keep, store, preferences, bench), shelf


def routes_of(routes: Sequence[BaseRoute], prefix: str = "") -> Iterator[Found]:
    """Every route of an application, those of what is mounted in it included."""
    for route in routes:
        if isinstance(route, Mount):
            yield from routes_of(route.routes, prefix + route.path)
        elif isinstance(route, Route):
            yield Found(prefix + route.path, _methods(route), tuple(_fields(route)))
        elif hasattr(route, "original_router"):  # what FastAPI keeps of an included router
            yield from routes_of(route.original_router.routes, prefix)
        else:  # a websocket, say: named, so that somebody looks at it
            yield Found(f"{prefix}{route!r}", ())


def _methods(route: Route) -> tuple[str, ...]:
    return tuple(sorted(route.methods or ()))


def _fields(route: Route) -> Iterator[tuple[str, str]]:
    if isinstance(route, APIRoute):
        for kind, given in (
            ("path", route.dependant.path_params),
            ("query", route.dependant.query_params),
            ("json", route.dependant.body_params),
        ):
            for field in given:
                form = isinstance(field.field_info, params.Form)
                yield "form" if form else kind, field.alias


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: dict[str, str]
    text: str


async def asked(
    app: FastAPI, method: str, path: str, *, query: str = "", body: bytes = b"", **headers: str
) -> Reply:
    """Ask the application itself; unlike a client of HTTP, it tidies nothing up.

    `path` is percent-encoded, as it is sent. Headers are named with `_` for `-`.
    """
    given = {"host": HOST, "content-length": str(len(body)), **headers}
    scope = {
        "type": "http", "http_version": "1.1", "method": method, "scheme": "http",
        "path": unquote(path), "raw_path": path.encode(), "query_string": query.encode(),
        "root_path": "", "server": ("127.0.0.1", 7860), "client": ("127.0.0.1", 1), "state": {},
        "headers": [(k.replace("_", "-").encode(), v.encode()) for k, v in given.items()],
        "extensions": {},
    }  # fmt: skip
    sent = iter([{"type": "http.request", "body": body, "more_body": False}])
    got: list[dict] = []

    async def receive() -> dict:
        if (message := next(sent, None)) is not None:
            return message
        await asyncio.sleep(60)  # the client waits
        return {"type": "http.disconnect"}

    async def send(message: dict) -> None:
        got.append(message)

    await app(scope, receive, send)
    start = next(message for message in got if message["type"] == "http.response.start")
    content = b"".join(message.get("body", b"") for message in got)
    return Reply(
        start["status"],
        {name.decode().lower(): value.decode("latin-1") for name, value in start["headers"]},
        content.decode("utf-8", "replace"),
    )
