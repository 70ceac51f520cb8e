"""An open page, as a browser has it: Gradio's own protocol over HTTP; and a client of the API."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from html import unescape
from typing import Any

import aiohttp
from gradio_client.utils import apply_diff


@dataclass(frozen=True, slots=True)
class Heard:
    """What became of one question."""

    seconds: float
    """From sending it to the end of its answer."""
    answer: str
    """What stood in the answer's field, as the page's HTML, or the text of a reply."""
    first: float = 0.0
    """Seconds to the first words of the answer; 0 for none."""
    busy: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """What a page needs to know of a Gradio app in order to ask."""

    ask: int
    """The function that a click on the send button calls."""
    inputs: tuple[Any, ...]
    """What it is given, but for the question, which comes first."""
    newest: int
    """The place of the answer among its outputs."""
    trigger: int
    """The button."""
    opening: tuple[tuple[int, int], ...]
    """Functions that a page calls when it opens, each with the number of its inputs."""
    after: tuple[int, ...]
    """Functions that it calls after an answer, on the state alone."""

    @classmethod
    def read(cls, config: dict[str, Any]) -> Layout:
        """From what `/config` tells."""
        named = {part["props"].get("elem_id"): part["id"] for part in config["components"]}
        values = {part["id"]: part["props"].get("value") for part in config["components"]}
        box, send, newest = named["box"], named["send"], named["newest"]
        (ask,) = [one for one in config["dependencies"] if [send, "click"] in one["targets"]]
        loads = [
            (one["id"], len(one["inputs"]))
            for one in config["dependencies"]
            if any(target[1] == "load" for target in one["targets"])
        ]
        assert ask["inputs"][0] == box  # noqa: S101  # else the question would land elsewhere
        return cls(
            ask=ask["id"],
            inputs=tuple(values[name] or "" for name in ask["inputs"][1:]),
            newest=ask["outputs"].index(newest),
            trigger=send,
            opening=tuple(loads),
            after=tuple(
                one["id"]
                for one in config["dependencies"]
                if one["trigger_after"] == ask["id"] and len(one["inputs"]) == 1
            ),
        )


class Tab:
    """One open page. Ask one question at a time; close it in the end."""

    def __init__(self, http: aiohttp.ClientSession, address: str, layout: Layout) -> None:
        """Name the page; `open` opens it."""
        self._http = http
        self._address = f"{address}/gradio_api"
        self._layout = layout
        self._alive: aiohttp.ClientResponse | None = None
        self.name = secrets.token_hex(6)

    async def open(self) -> Tab:
        """Stay in touch, and call what a page calls when it opens."""
        self._alive = await self._http.get(f"{self._address}/heartbeat/{self.name}")
        for function, inputs in self._layout.opening:
            await self._call(function, [None] * inputs)
        return self

    def close(self) -> None:
        """As a browser does: all connections end."""
        if self._alive:
            self._alive.close()

    async def ask(self, question: str) -> Heard:
        """Ask, read to the end, and tidy up as the page does."""
        heard = [one async for one in self.asking(question)][-1]
        if not heard.busy:
            for function in self._layout.after:
                await self._call(function, [None])
        return heard

    async def asking(self, question: str) -> AsyncIterator[Heard]:
        """What stands on the page, time after time; stop reading to close the stream."""
        begun = time.monotonic()
        heard, shown = Heard(0.0, ""), None
        data = [question, *self._layout.inputs]
        joined = self._body(self._layout.ask, data) | {"trigger_id": self._layout.trigger}
        async with self._http.post(f"{self._address}/queue/join", json=joined) as response:
            if response.status != 200:
                told = await response.text()
                busy = response.status == 503 and "full" in told
                yield Heard(time.monotonic() - begun, told, busy=busy, error="" if busy else told)
                return
        stream = f"{self._address}/queue/data?session_hash={self.name}"
        async with self._http.get(stream) as response:
            async for message in _events(response):
                seconds = time.monotonic() - begun
                if message["msg"] == "process_generating":
                    shown = self._next(shown, message["output"]["data"][self._layout.newest])
                    text = shown if isinstance(shown, str) else heard.answer
                    first = heard.first or (seconds if 'class="said"' in text else 0.0)
                    heard = Heard(seconds, text, first, busy=_busy(text))
                    yield heard
                elif message["msg"] == "process_completed":
                    error = "" if message["success"] else str(message["output"])
                    yield replace(heard, seconds=seconds, error=error)
                    return
                elif message["msg"] in ("unexpected_error", "server_stopped", "close_stream"):
                    yield replace(heard, seconds=seconds, error=json.dumps(message))
                    return

    def _next(self, shown: Any, given: Any) -> Any:
        return given if shown is None else apply_diff(shown, given)

    async def _call(self, function: int, data: list[Any]) -> None:
        async with self._http.post(
            f"{self._address}/run/predict", json=self._body(function, data)
        ) as response:
            if response.status != 200:
                raise RuntimeError(f"{response.status}: {await response.text()}")
            await response.read()

    def _body(self, function: int, data: list[Any]) -> dict[str, Any]:
        return {"data": data, "fn_index": function, "session_hash": self.name, "event_data": None}


def _busy(html: str) -> bool:
    return 'class="problem"' in html and "ask again in a moment" in unescape(html)


def said(answer: str) -> str:
    """The sentences of an answer as the page shows it."""
    found = re.findall(r'<span class="said">(.*?)</span>', answer)
    return unescape(" ".join(found)) if found else answer


async def _events(response: aiohttp.ClientResponse) -> AsyncIterator[dict[str, Any]]:
    """The events of a stream that carry JSON."""
    rest = b""
    async for piece in response.content.iter_any():
        *whole, rest = (rest + piece).split(b"\n\n")
        for one in whole:
            if one.startswith(b"data: ") and one != b"data: [DONE]":
                yield json.loads(one.removeprefix(b"data: "))


async def complete(http: aiohttp.ClientSession, address: str, question: str) -> Heard:
    """Ask over `/v1/chat/completions`, streamed."""
    begun, text, first = time.monotonic(), "", 0.0
    asked = {"model": "newsdesk", "messages": [{"role": "user", "content": question}]}
    body = asked | {"stream": True}
    async with http.post(f"{address}/v1/chat/completions", json=body) as response:
        if response.status != 200:
            told = await response.text()
            busy = response.status == 429
            return Heard(time.monotonic() - begun, told, busy=busy, error="" if busy else told)
        async for event in _events(response):
            if "error" in event:
                return Heard(time.monotonic() - begun, text, error=str(event["error"]))
            text += event["choices"][0]["delta"].get("content", "")
            first = first or (time.monotonic() - begun if text else 0.0)
    return Heard(time.monotonic() - begun, text, first)


async def layout_of(http: aiohttp.ClientSession, address: str) -> Layout:
    """How the app at this address is laid out."""
    async with http.get(f"{address}/config") as response:
        return Layout.read(await response.json())


def session() -> aiohttp.ClientSession:
    """Connections without a limit, none kept: each chat is another reader's."""
    limits = aiohttp.TCPConnector(limit=0, force_close=True)
    patience = aiohttp.ClientTimeout(total=600, sock_connect=60)
    return aiohttp.ClientSession(connector=limits, timeout=patience)


async def gathered(*asking: Any) -> list[Heard]:
    """All of them at once; what a client could not even send is an error of that question."""
    found = await asyncio.gather(*asking, return_exceptions=True)
    return [
        one if isinstance(one, Heard) else Heard(0.0, "", error=f"{type(one).__name__}: {one}")
        for one in found
    ]
