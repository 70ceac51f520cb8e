"""Many readers at once, over Gradio's own protocol and the HTTP interfaces: short forms.

`evals/load.py` runs them at length, beside a bare Gradio app.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import sys
import threading
import time
from contextlib import ExitStack, asynccontextmanager, closing
from pathlib import Path

import pytest
from chromium import served
from fake_assistant import Gate, abstained, written_answer
from fakes import HashEmbedder
from lengths import tell, times
from served import ServedAssistant

from rag.api.admission import Admission, Place
from rag.api.service import Service
from rag.assistant import Assistant
from rag.index import Index
from rag.llm import LanguageModel, RemoteEndpoint
from rag.paths import shipped
from rag.schema import Article
from rag.settings import Settings
from rag.ui.closed import forget_closed
from rag.ui.conversation import Conversation, Desk
from rag.ui.conversations import Conversations
from rag.ui.turns import Turns

PATIENCE = 120.0
"""Seconds that anything may take on a busy machine."""


@pytest.fixture(scope="module")
def load():
    """The modules of `evals/` that load tests are made of."""
    if str(shipped("evals")) not in sys.path:
        sys.path.append(str(shipped("evals")))
    return importlib.import_module("load")


async def until(true) -> None:
    """Return once it is so."""
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110  # by other threads
            await asyncio.sleep(0.02)


# ---------------------------------------------------------------- one line for all


async def test_a_place_in_the_line_is_told_as_it_changes(monkeypatch):
    monkeypatch.setattr("rag.api.admission.TOLD_EVERY", 0.02)
    admission, told = Admission(1, 9, PATIENCE), {"b": [], "c": []}
    gates = {name: asyncio.Event() for name in "abc"}

    async def ask(name):
        async with admission.turn(told.get(name, []).append):
            await gates[name].wait()

    tasks = [asyncio.create_task(ask(name)) for name in "abc"]
    await until(lambda: told["c"])
    assert (told["b"], told["c"]) == ([Place(0)], [Place(1)])
    gates["a"].set()
    await until(lambda: len(told["c"]) == 2)
    for gate in gates.values():
        gate.set()
    await asyncio.gather(*tasks)
    assert told == {"b": [Place(0)], "c": [Place(1), Place(0)]}


async def test_a_turn_that_comes_as_its_question_goes_is_the_next_ones():
    admission = Admission(1, 9, PATIENCE)
    await admission._wait()
    gone, next_one = (asyncio.create_task(admission._wait()) for _ in range(2))
    await until(lambda: admission.waiting == 2)
    admission._pass_on()
    gone.cancel()
    await next_one
    assert (admission.running, admission.waiting) == (1, 0)


async def test_the_page_tells_the_place_and_then_the_answer(monkeypatch):
    monkeypatch.setattr("rag.api.admission.TOLD_EVERY", 0.02)
    gate = Gate()
    assistant = ServedAssistant(slow=[gate, abstained("slow")])
    settings = Settings.load(environ={}, server={"max_answers": 1})
    service = Service(assistant, settings)
    first = asyncio.create_task(service.ask("slow"))
    await gate.arrival()
    frames = Desk(Turns(assistant, service), 4000).ask("page", Conversation(), "JSR?")
    async with asyncio.timeout(PATIENCE):
        assert (await anext(frames)).status == "Searching the articles…"
        assert "this question is the next" in (await anext(frames)).status
        gate.open()
        *_, last = [frame async for frame in frames]
    assert last.newest.answer == written_answer()
    await first


async def test_the_page_and_the_api_stand_in_one_line_and_the_rest_is_told(load):
    """Six at once and two that wait, of whatever interface; not a number of Gradio's own."""
    gate = Gate()
    assistant = ServedAssistant(slow=[gate, abstained("slow")])
    settings = Settings.load(environ={}, server={"max_answers": 6, "max_waiting": 2})
    async with serving(assistant, settings) as address, load.session() as http:
        layout = await load.layout_of(http, address)
        tabs = [await load.Tab(http, address, layout).open() for _ in range(8)]
        asked = [asyncio.create_task(tab.ask("slow")) for tab in tabs[:6]]
        await until(lambda: len(assistant.asked) == 6)
        asked.append(asyncio.create_task(tabs[6].ask("JSR?")))
        asked.append(asyncio.create_task(load.complete(http, address, "JSR?")))
        await waiting(http, address, 2)
        assert (await load.complete(http, address, "JSR?")).busy
        assert (await tabs[7].ask("JSR?")).busy
        assert len(assistant.asked) == 6
        gate.open()
        heard = await asyncio.gather(*asked)
        assert not any(one.busy or one.error for one in heard), heard
        assert len(assistant.asked) == 8
        for tab in tabs:
            tab.close()


@asynccontextmanager
async def serving(reader, settings, **parts):
    """`served`, out of this event loop."""
    opened = served(reader, settings, **parts)
    address = await asyncio.to_thread(opened.__enter__)
    try:
        yield address
    finally:
        await asyncio.to_thread(opened.__exit__, None, None, None)


async def waiting(http, address, count) -> None:
    """Return once so many wait."""
    async with asyncio.timeout(PATIENCE):
        while True:
            async with http.get(f"{address}/metrics") as response:
                if f"newsdesk_answers_waiting {count}.0" in await response.text():
                    return
            await asyncio.sleep(0.05)


# ---------------------------------------------------------------- the whole of it


class Looped:
    """An assistant that tells which event loop it is asked in."""

    def __init__(self, assistant) -> None:
        self._assistant = assistant
        self.loop = None

    def __getattr__(self, name):
        return getattr(self._assistant, name)

    def astream(self, *asked, **also):
        self.loop = asyncio.get_running_loop()
        return self._assistant.astream(*asked, **also)


@asynccontextmanager
async def newsdesk(load, folder: Path):
    """The application over made articles and a scripted endpoint, all in this process."""
    made = load.facts(24)
    settings = Settings.load(
        environ={},
        llm={"base_url": "http://127.0.0.1:9/v1", "model": "scripted"},
        answer={"abstain_below": 0.0, "reader": False},
    )
    async with load.endpoint(made) as at:
        embedder = HashEmbedder()
        index = Index.open(folder / "index", embedder.fingerprint, settings.index)
        model = LanguageModel(RemoteEndpoint(at.address), name="scripted")
        store = Conversations(folder / "kept.sqlite")
        with closing(store), Assistant(index, embedder, model, settings) as assistant:
            articles = [Article(article_id=one.town, text=one.article()) for one in made]
            await asyncio.to_thread(assistant.ingest, articles)
            looped = Looped(assistant)
            async with serving(looped, settings, store=store) as address:
                yield address, looped, at, made


async def test_each_of_many_chats_at_once_gets_its_own_answer(load, tmp_path):
    async with newsdesk(load, tmp_path) as (address, _, _, made), load.session() as http:
        readers = load.Readers(http, address, await load.layout_of(http, address))
        for asking in (readers, load.Callers(http, address)):
            heard = await asking.ask(made)
            assert not [one.error for one in heard if one.error or one.busy]
            assert load.wrong(made, heard) == 0
            assert all(one.first for one in heard)


async def test_pages_that_are_closed_are_forgotten_but_for_a_few(load, tmp_path, monkeypatch):
    pages = []

    def forget(blocks, page):
        pages.append(blocks.state_holder.session_data)
        forget_closed(blocks, page, most=3)

    monkeypatch.setattr("rag.ui.page.forget_closed", forget)
    async with newsdesk(load, tmp_path) as (address, _, _, made), load.session() as http:
        readers = load.Readers(http, address, await load.layout_of(http, address))
        for _ in range(2):
            await readers.ask(made[:4])
        await until(lambda: len(pages) == 8)
        await until(lambda: len(pages[0]) <= 3)


# ---------------------------------------------------------------- pages that are closed


@pytest.mark.skipif(sys.platform != "linux", reason="open files are counted in /proc")
async def test_pages_closed_in_the_middle_of_an_answer_leave_nothing(load, tmp_path):
    """A quarter of them while the model stalls."""
    count = times(16, 200)
    async with newsdesk(load, tmp_path) as (address, looped, at, made), load.session() as http:
        at.stalling = frozenset(one.town for one in made[::4])
        layout = await load.layout_of(http, address)
        await load.Readers(http, address, layout).ask(made[1:4])  # what stays once is there now
        await close_midway(load, http, address, layout, made[:8], at)
        fill(looped._index.snapshot()._revision.catalog)
        before, longest = await settled(looped), 0.0
        for begun in range(0, count, 8):
            asked = [made[place % len(made)] for place in range(begun, begun + 8)]
            longest = max(longest, await close_midway(load, http, address, layout, asked, at))
        after = await back_to(before, looped)
    left, in_time = any(map(int.__gt__, after, before)), longest <= 2
    what = f"{count} pages closed, {count // 4} at a stall"
    tell(what, "endpoint closed ≤ 2 s", f"{longest:.2f} s at most", holds=in_time)
    tell(f"{what}: left", "no file, thread or task", f"{before} → {after}", holds=not left)
    assert not left, (before, after)
    assert longest < PATIENCE


async def close_midway(load, http, address, layout, asked, at) -> float:
    """Ask, close each page once its answer is being written; seconds to the last hang-up."""
    begun = len(at.asked)
    tabs = [await load.Tab(http, address, layout).open() for _ in asked]

    async def read(tab, fact):
        async for _ in tab.asking(fact.question):
            pass

    pairs = zip(tabs, asked, strict=True)
    reading = [asyncio.create_task(read(tab, fact)) for tab, fact in pairs]
    await until(lambda: len(at.asked) >= begun + len(asked))
    await asyncio.sleep(0.15)  # some words later
    closed = time.monotonic()
    for task in reading:
        task.cancel()
    await asyncio.wait(reading)
    for tab in tabs:
        tab.close()
    mine = at.asked[begun:]
    await until(lambda: all(one.ended or one.hung_up for one in mine))
    return max(0.0, *(one.hung_up - closed for one in mine))


def fill(catalog) -> None:
    """Have a catalog keep as many connections as eight pages can want at once, two each.

    It keeps each for whoever reads next, with two files open: they would come one by one.
    """
    with ExitStack() as held:
        for _ in range(2 * 8):
            held.enter_context(catalog.connection()).execute("SELECT * FROM meta").fetchall()


def standing(looped):
    """What the process holds: open files, threads but for those of pools, tasks of the server."""
    gc.collect()
    pools = ("lexical", "asyncio_", "AnyIO", "ThreadPoolExecutor")
    threads = [one.name for one in threading.enumerate() if not one.name.startswith(pools)]
    return (
        len(list(Path("/proc/self/fd").iterdir())),
        len(threads),
        len(asyncio.all_tasks(looped.loop)),
    )


async def settled(looped):
    """What is held, once nothing is asked and it stays the same for a second."""
    last, since, end = standing(looped), time.monotonic(), time.monotonic() + PATIENCE
    while time.monotonic() - since < 1.0 and time.monotonic() < end:
        await asyncio.sleep(0.1)
        if (now := standing(looped)) != last:
            last, since = now, time.monotonic()
    return last


async def back_to(before, looped):
    """What is held once it is no more than before, or what still is after a while."""
    end = time.monotonic() + PATIENCE
    now = standing(looped)
    while any(map(int.__gt__, now, before)) and time.monotonic() < end:
        await asyncio.sleep(0.1)
        now = standing(looped)
    return now
