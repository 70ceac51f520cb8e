"""Many readers at once: the real application over a scripted endpoint, beside a bare Gradio app.

    python evals/load.py [WHAT ...] [--minutes 10] [--index DIR]

chats    10, 32 and 100 chats at once, and as many with a bare Gradio app that streams as much
api      the same over /v1/chat/completions
busy     1,000 at once: those let in finish, the others are told that it is busy
ingest   chats while articles are ingested, beside chats while none are
soak     32 readers ask for --minutes: whether memory grows

The endpoint writes 20 words, one each 20 ms, by the evidence that it is sent; each answer must be
that of its own question. Server, bare app and readers share the machine, and take turns on it:
seconds say little by themselves, their ratio says more, and processor time a question, of which
other work changes little, most. One JSON line a figure.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import numpy as np
from load_client import Heard, Layout, Tab, complete, gathered, layout_of, said, session
from load_parts import (
    Endpoint,
    Fact,
    echo,
    endpoint,
    facts,
    ingest,
    memory,
    newsdesk,
    processor,
    write_articles,
)

AT_ONCE = 32
"""Answers that the application has under way at once with an endpoint, and the bare app too."""
MADE = 200
Ask = Callable[[Fact], Awaitable[Heard]]


def percentile(heard: Sequence[Heard], share: float) -> float:
    """Seconds within which that share of the answers ended."""
    return float(np.percentile([one.seconds for one in heard], share)) if heard else 0.0


def wrong(asked: Sequence[Fact], heard: Sequence[Heard]) -> int:
    """Answers that hold another question's name, or not their own."""
    people = {fact.person for fact in facts(MADE)}
    return sum(
        fact.person not in said(one.answer)
        or any(other in said(one.answer) for other in people - {fact.person})
        for fact, one in zip(asked, heard, strict=True)
        if not one.busy and not one.error
    )


def told(name: str, **figures: object) -> dict[str, object]:
    """Print one line of figures."""
    line = {"load": name, **figures}
    print(json.dumps(line, ensure_ascii=False), flush=True)
    return line


class Readers:
    """Many readers of one app, each with a page of his own."""

    def __init__(self, http, address: str, layout: Layout) -> None:
        """Take the app that they read."""
        self._http, self._address, self._layout = http, address, layout

    async def ask(self, asked: Sequence[Fact]) -> list[Heard]:
        """All open a page, then all ask at once, then all close it."""
        tabs = [Tab(self._http, self._address, self._layout) for _ in asked]
        for some in range(0, len(tabs), 50):
            await asyncio.gather(*(tab.open() for tab in tabs[some : some + 50]))
        try:
            pairs = zip(tabs, asked, strict=True)
            return await gathered(*(tab.ask(fact.question) for tab, fact in pairs))
        finally:
            for tab in tabs:
                tab.close()


class Callers:
    """Many programs that ask over the OpenAI-compatible interface."""

    def __init__(self, http, address: str) -> None:
        """Take the server that they ask."""
        self._http, self._address = http, address

    async def ask(self, asked: Sequence[Fact]) -> list[Heard]:
        """All at once."""
        return await gathered(
            *(complete(self._http, self._address, fact.question) for fact in asked)
        )


@asynccontextmanager
async def served(index: Path, made: Sequence[Fact], **settings: str) -> AsyncIterator[tuple]:
    """The application, warm: its address, process, endpoint, and an HTTP session."""
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(session())
        at: Endpoint = await stack.enter_async_context(endpoint(list(made)))
        address, pid = stack.enter_context(newsdesk(index, at.address, **settings))
        for fact in made[:3]:
            await complete(http, address, fact.question)
        yield http, address, pid, at


async def side_by_side(
    http,
    address: str,
    pid: int,
    made: Sequence[Fact],
    counts: Sequence[int],
    rounds: int,
    *,
    api: bool,
) -> list[dict]:
    """So many chats at once with the application and with the bare app, in turn."""
    lines = []
    with echo(AT_ONCE) as (bare_at, bare_pid):
        bare = Readers(http, bare_at, await layout_of(http, bare_at))
        ours = Readers(http, address, await layout_of(http, address))
        await bare.ask(made[:2])
        await ours.ask(made[:2])
        for count in counts:
            asked = random.Random(count).sample(list(made), count)  # noqa: S311
            found: list[list[Heard]] = []
            beside: list[list[Heard]] = []
            began = processor(pid), processor(bare_pid)
            for _ in range(rounds):
                found.append(await (Callers(http, address) if api else ours).ask(asked))
                beside.append(await bare.ask(asked))
            took = processor(pid) - began[0], processor(bare_pid) - began[1]
            lines.append(_beside("api" if api else "chats", asked, found, beside, took))
    return lines


def _beside(
    name: str,
    asked: Sequence[Fact],
    found: list[list[Heard]],
    beside: list[list[Heard]],
    took: tuple[float, float],
) -> dict[str, object]:
    """The medians over the rounds; `took` is the processor time of both servers, in seconds."""

    def middle(rounds: list[list[Heard]], share: float) -> float:
        return round(float(np.median([percentile(one, share) for one in rounds])), 2)

    ours, bare = middle(found, 95), middle(beside, 95)
    errors = [one.error or "busy" for heard in found for one in heard if one.error or one.busy]
    return told(
        name,
        at_once=len(asked),
        errors=len(errors),
        mixed_up=sum(wrong(asked, heard) for heard in found),
        p50=middle(found, 50),
        p95=ours,
        bare_p50=middle(beside, 50),
        bare_p95=bare,
        bare_errors=sum(bool(one.error) for heard in beside for one in heard),
        ratio=round(ours / bare, 2),
        cpu_ms=round(1000 * took[0] / len(asked) / len(found), 1),
        bare_cpu_ms=round(1000 * took[1] / len(asked) / len(beside), 1),
        **({"first_error": errors[0][:200]} if errors else {}),
    )


async def busy(http, address: str, pid: int, made: Sequence[Fact], count: int) -> dict:
    """So many at once; then one more question."""
    readers = Readers(http, address, await layout_of(http, address))
    usual = percentile(await readers.ask(made[:1]), 50)
    before = memory(pid)
    asked = [made[place % len(made)] for place in range(count)]
    heard = await readers.ask(asked)
    grown = memory(pid) - before
    after = percentile(await readers.ask(made[:1]), 50)
    refused = [one for one in heard if one.busy]
    finished = [one for one in heard if not one.busy and not one.error]
    errors = [one.error for one in heard if one.error]
    return told(
        "busy",
        at_once=count,
        finished=len(finished),
        told_busy=len(refused),
        errors=len(errors),
        mixed_up=wrong(asked, heard),
        told_busy_p50=round(percentile(refused, 50), 2),
        told_busy_p95=round(percentile(refused, 95), 2),
        last_told_busy=round(max((one.seconds for one in refused), default=0.0), 2),
        last_finished=round(max((one.seconds for one in finished), default=0.0), 2),
        grown_mb=round(grown, 1),
        before=round(usual, 2),
        next=round(after, 2),
        **({"first_error": errors[0][:200]} if errors else {}),
    )


async def while_ingesting(
    http, address: str, index: Path, made: Sequence[Fact], folder: Path
) -> dict:
    """Rounds of ten chats, without and with `rag ingest` of other articles into the same index."""
    readers = Readers(http, address, await layout_of(http, address))
    quiet = [one for _ in range(5) for one in await readers.ask(made[:10])]
    command = [sys.executable, "-m", "rag.cli", "ingest", str(folder), "--index", str(index)]
    ingesting = await asyncio.create_subprocess_exec(
        *command, cwd=Path(__file__).parents[1], stdout=subprocess.DEVNULL
    )
    during: list[Heard] = []
    while ingesting.returncode is None:
        during += await readers.ask(made[:10])
    return told(
        "ingest",
        chats=len(during),
        errors=sum(bool(one.error or one.busy) for one in [*quiet, *during]),
        ingested=ingesting.returncode == 0,
        p95_quiet=round(percentile(quiet, 95), 2),
        p95_meanwhile=round(percentile(during, 95), 2),
        ratio=round(percentile(during, 95) / percentile(quiet, 95), 2),
    )


async def soak(
    http, address: str, pid: int, made: Sequence[Fact], seconds: float, at_once: int = AT_ONCE
) -> dict:
    """So many readers ask on and on, five questions a page: whether memory grows."""
    layout = await layout_of(http, address)
    until = time.monotonic() + seconds
    chances = random.Random(3)  # noqa: S311
    asked = errors = mixed = 0  # the slope is that of the last half
    seen: list[tuple[int, float]] = []

    async def read() -> None:
        nonlocal asked, errors, mixed
        while time.monotonic() < until:
            tab = await Tab(http, address, layout).open()
            for _ in range(5):
                fact = chances.choice(list(made))
                (heard,) = await gathered(tab.ask(fact.question))
                asked += 1
                errors += bool(heard.error or heard.busy)
                mixed += wrong([fact], [heard])
            tab.close()

    async def watch() -> None:
        while time.monotonic() < until:
            seen.append((asked, memory(pid)))
            await asyncio.sleep(max(0.2, seconds / 200))

    await asyncio.gather(watch(), *(read() for _ in range(at_once)))
    late = seen[len(seen) // 2 :]
    slope = np.polyfit(*map(np.array, zip(*late, strict=True)), 1)[0] * 1000 if late else 0.0
    return told(
        "soak",
        minutes=round(seconds / 60, 1),
        questions=asked,
        errors=errors,
        mixed_up=mixed,
        mb_at_first=round(seen[0][1]),
        mb_in_the_end=round(seen[-1][1]),
        mb_per_1000_questions=round(float(slope), 2),
    )


async def measure(given: argparse.Namespace, index: Path) -> None:
    """What was asked for, one after the other, over one server."""
    made = facts(MADE)
    async with served(index, made) as (http, address, pid, _):
        if "chats" in given.what:
            await side_by_side(http, address, pid, made, given.chats, given.rounds, api=False)
        if "api" in given.what:
            await side_by_side(http, address, pid, made, given.chats, given.rounds, api=True)
        if "busy" in given.what:
            await busy(http, address, pid, made, given.crowd)
        if "ingest" in given.what:
            other = facts(MADE + 100)[MADE:]
            write_articles(index.with_name("other"), other)
            await while_ingesting(http, address, index, made, index.with_name("other"))
        if "soak" in given.what:
            await soak(http, address, pid, made, given.minutes * 60)


WHAT = ("chats", "api", "busy", "ingest", "soak")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", nargs="*", default=WHAT, choices=[*WHAT, []])
    parser.add_argument("--chats", type=int, nargs="*", default=[10, 32, 100])
    parser.add_argument("--rounds", type=int, default=3, help="of each number; medians are told")
    parser.add_argument("--crowd", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--index", type=Path, help="where its index is, or is to be made")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        index = given.index or Path(home) / "index"
        if not index.exists():
            ingest(index, facts(MADE))
        asyncio.run(measure(given, index))


if __name__ == "__main__":
    main()
