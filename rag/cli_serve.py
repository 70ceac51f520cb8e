"""`rag chat`, `rag mcp` and `rag password`: serve the collection to people and programs."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rag.console import IndexOption, opened, settings_for

if TYPE_CHECKING:
    from rag.schema import Answer, Turn
    from rag.settings import Settings


def chat(
    *,
    index: IndexOption = None,
    host: Annotated[str | None, typer.Option("--host", help="Address to serve on.")] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65535, help="0 takes any free port.")
    ] = None,
) -> None:
    """Serve the chat in a browser."""
    from rag.evaluate.bench import Bench
    from rag.evaluate.saved import save
    from rag.ui.archive import Archive
    from rag.ui.preferences import Preferences
    from rag.ui.server import serve
    from rag.ui.shelf import Shelf

    given = {"host": host, "port": port}
    told = {key: value for key, value in given.items() if value is not None}

    def load(choices: Mapping[str, Mapping[str, Any]]) -> Settings:
        return settings_for(index, choices, chat=told)

    with opened(index, chat=told) as assistant:
        shelf = Shelf(assistant)
        preferences = Preferences.beside(shelf, load)

        def keep(answer: Answer, history: Sequence[Turn], right: bool) -> bool:
            return save(shelf.folder, answer, right=right, history=history)

        bench = Bench(lambda: shelf.current)
        with closing(Archive(shelf)) as store:
            serve(shelf, preferences.settings, _announce, keep, store, preferences, bench)


def mcp(*, index: IndexOption = None) -> None:
    """Serve the tools ask, retrieve and read_article on standard input and output (MCP)."""
    from rag.api.logs import log_json
    from rag.api.service import Service
    from rag.api.tools import tools

    with opened(index) as assistant:
        if assistant.settings.server.log_json:
            log_json()
        tools(Service(assistant, assistant.settings)).run("stdio")


def password(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who is to be let in.")],
) -> None:
    """Make the line of `server.users` that lets somebody into the chat and the HTTP interfaces."""
    from rag.passwords import user_line

    if sys.stdin.isatty():
        given = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        given = sys.stdin.readline().rstrip("\r\n")
    print(user_line(name, given))


def _announce(address: str) -> None:
    print(f"Newsdesk is at {address}  (Ctrl+C stops it)", flush=True)
