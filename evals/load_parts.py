"""What a load test is made of: made articles, a scripted endpoint, and servers as processes."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

TOKENS, PAUSE = 20, 0.02
"""Pieces of an answer, and the seconds between them."""
STALLS_AFTER = 5
"""Tokens after which a stalling answer says no more."""
EVALS = Path(__file__).parent
_FIRST = "Bra Cor Dun Fal Gil Har Kel Lom Mar Nor Pel Quil Ros Sol Tam Ul Ver Wen Yar Zel"
_LAST = "avik bridge dale enfort gate holm imar joven kast lund mere nes oster pool rath stead"
_NAMES = "Adler Bosko Carden Devrie Ekholm Farrant Gorsuch Hale Iversen Jarrow Kovac Lindt Moreau"
_NAMES += " Nyman Okafor Pratt Quist Rowe Sandor Tolle Urquhart Vance Wexler Yilmaz Zander"
_GIVEN = "Ada Boris Clara Dmitri Elsa Felix Greta Hugo Irma Jonas Klara Leon Mina Nils Olga Paul"


@dataclass(frozen=True, slots=True)
class Fact:
    """A question that one made article answers, with a name that no other answer holds."""

    town: str
    person: str

    @property
    def question(self) -> str:
        """What is asked."""
        return f"Who opened the harbour of {self.town}?"

    @property
    def sentence(self) -> str:
        """What answers it; with its mark, a draft of `TOKENS` words."""
        return (
            f"The harbour of {self.town} was opened by {self.person} one rainy morning before "
            "a crowd from all three valleys."
        )

    def article(self) -> str:
        """A text in which it stands."""
        place = random.Random(self.town)  # noqa: S311  # the same text each time
        things = ("fishing boats", "market stalls", "apprentices", "street lamps", "wells")
        counts = [(place.randrange(100, 9999), one, place.randrange(1900, 1999)) for one in things]
        told = " ".join(f"{self.town} counted {n} {what} in {when}." for n, what, when in counts)
        return f"{told}\n\n{self.sentence} The quay is {place.randrange(90, 900)} metres long."


def facts(count: int) -> list[Fact]:
    """So many of them, the same each time; at most 320, each of another town and person."""
    towns = ["".join(pair) for pair in itertools.product(_FIRST.split(), _LAST.split())]
    people = [" ".join(pair) for pair in itertools.product(_GIVEN.split(), _NAMES.split())]
    for names in (towns, people):
        random.Random(7).shuffle(names)  # noqa: S311  # a seeded order
    return [Fact(town, person) for town, person in zip(towns[:count], people, strict=False)]


def write_articles(folder: Path, made: list[Fact]) -> None:
    """One Markdown file each."""
    folder.mkdir(parents=True, exist_ok=True)
    for fact in made:
        head = f"---\ntitle: News of {fact.town}\npublisher: The {fact.town} Post\n---\n"
        (folder / f"{fact.town}.md").write_text(head + fact.article() + "\n", encoding="utf-8")


@dataclass
class Asked:
    """A request to the endpoint, by the clock of `time.monotonic`."""

    begun: float
    ended: float = 0.0
    hung_up: float = 0.0
    """When the client closed the connection before its end; 0 where it did not."""


@dataclass
class Endpoint:
    """Writes the sentence of its evidence that the question is after, a word each `PAUSE`."""

    made: list[Fact]
    address: str = ""
    stalling: frozenset[str] = frozenset()
    """Towns whose answers stop after `STALLS_AFTER` words and go on no more."""
    asked: list[Asked] = field(default_factory=list)

    async def complete(self, request: web.Request) -> web.StreamResponse:
        """`POST /v1/chat/completions`, streamed."""
        this = Asked(time.monotonic())
        self.asked.append(this)
        try:
            body = await request.json()
            response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
            await response.prepare(request)
            await self._write(response, body["messages"][-1]["content"])
            this.ended = time.monotonic()
        except (asyncio.CancelledError, ConnectionError):
            this.hung_up = time.monotonic()
            raise
        return response

    async def _write(self, response: web.StreamResponse, prompt: str) -> None:
        town = prompt.rpartition("harbour of ")[2].rstrip("? \n")
        words = drafted(prompt, town).split(" ")
        begun = asyncio.get_running_loop().time()
        for place, word in enumerate(words, start=1):
            if place > STALLS_AFTER and town in self.stalling:
                await asyncio.sleep(600)
            due = begun + place * PAUSE - asyncio.get_running_loop().time()
            await asyncio.sleep(max(0.0, due))
            await response.write(_event({"content": word if place == 1 else f" {word}"}))
        await response.write(_event({}, "stop") + b"data: [DONE]\n\n")


def drafted(prompt: str, town: str) -> str:
    """The evidence that tells who opened the harbour of the town, with its mark."""
    found = re.search(rf"^\[(\d+)\] .*?(The harbour of {town} was opened by [^.]*\.)", prompt, re.M)
    return f"{found[2]} [{found[1]}]" if found else f"Nothing is said of {town}."


def _event(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    frame = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m"}
    return b"data: " + json.dumps({**frame, "choices": [choice]}).encode() + b"\n\n"


@asynccontextmanager
async def endpoint(made: list[Fact]) -> AsyncIterator[Endpoint]:
    """A scripted endpoint that answers in this process, on a free port."""
    served = Endpoint(made)
    app = web.Application()
    app.router.add_post("/v1/chat/completions", served.complete)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1.0, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, backlog=2048)
        await site.start()
        port = runner.addresses[0][1]
        served.address = f"http://127.0.0.1:{port}/v1"
        yield served
    finally:
        await runner.cleanup()


@contextmanager
def process(*command: str, said: str, **environment: str) -> Iterator[tuple[str, int]]:
    """The address that a server says it is at, after the words `said`, and its process id."""
    known = {key: value for key, value in os.environ.items() if not key.startswith("RAG_")}
    running = subprocess.Popen(
        [sys.executable, *command],
        cwd=EVALS.parent,
        env={**known, "OMP_WAIT_POLICY": "passive", **environment},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        for line in running.stdout:
            if said in line:
                break
        else:
            raise SystemExit(f"{' '.join(command)} did not come up")
        yield re.search(r"http://[\w.:]+", line)[0], running.pid
    finally:
        running.terminate()
        try:
            running.wait(10)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
        running.stdout.close()


@contextmanager
def newsdesk(index: Path, model_at: str, **settings: str) -> Iterator[tuple[str, int]]:
    """`rag chat` over an index, with the scripted endpoint as its model."""
    given = {"RAG_LLM__BASE_URL": model_at, "RAG_LLM__MODEL": "scripted"}
    command = ("-m", "rag.cli", "chat", "--index", str(index), "--port", "0")
    with process(*command, said="Newsdesk is at", **given, **settings) as served:
        yield served


@contextmanager
def echo(at_once: int) -> Iterator[tuple[str, int]]:
    """A bare Gradio app that streams as many words at the same pace."""
    command = (str(EVALS / "load_echo.py"), str(at_once), str(TOKENS), str(PAUSE))
    with process(*command, said="Echo is at") as served:
        yield served


def ingest(index: Path, made: list[Fact], *, settings: dict[str, str] | None = None) -> None:
    """Store the starter articles and the made ones."""
    folder = index.with_name("made")
    write_articles(folder, made)
    command = [sys.executable, "-m", "rag.cli", "ingest", "--starter", "--index", str(index)]
    environment = {**os.environ, **(settings or {})}
    for given in (command, [*command[:4], str(folder), "--index", str(index)]):
        subprocess.run(given, cwd=EVALS.parent, env=environment, check=True, capture_output=True)


def memory(pid: int) -> float:
    """Megabytes that a process has in memory."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1000


def held(pid: int) -> tuple[int, int]:
    """Open files and threads of a process."""
    place = Path(f"/proc/{pid}")
    return len(list((place / "fd").iterdir())), len(list((place / "task").iterdir()))


def processor(pid: int) -> float:
    """Seconds of processor time that a process has taken, which other work changes little."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
