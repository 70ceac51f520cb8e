"""An endpoint that fails in every way: each answer ends in time and in words; nothing is left."""

from __future__ import annotations

import asyncio
import gc
import io
import json
import logging
import os
import sys
import threading
import time
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from fakes import HashEmbedder
from fault_server import FaultServer
from lengths import tell, times

from rag import cli
from rag.assistant import Assistant
from rag.evaluate import Case, Dataset, EvidenceQuote, run
from rag.index import Index
from rag.llm import RETRIES, LanguageModel, RemoteEndpoint
from rag.schema import Article
from rag.settings import Settings

QUICK = [
    "wrong_key", "no_model", "busy", "busy_at_once", "failing", "bad_gateway", "web_page",
    "bad_json", "cut", "cut_cleanly", "no_choices", "null_content", "wrong_shape", "too_long",
    "too_long_midway", "reset", "redirect", "garbled", "no_utf8", "unavailable",
]  # fmt: skip
"""Modes that fail at once."""
SLOW = ["stall", "silent", "stall_midway", "dribble", "endless_empty", "endless_line"]
"""Modes that would never end."""
ABSENT = ["refused", "tls"]
"""No such endpoint; one that does not speak TLS."""
DEADLINE = 1.0
PATIENCE = 10.0
"""Seconds over the deadline before a test gives up: other programs may be running."""
POOLS = ("lexical", "asyncio_")
KEY = "sk-canary-4711"
QUESTION = "Who supports Rapidus?"
FACT = "Rapidus relies on support from the research company IMEC and from IBM."


@pytest.fixture(scope="module", autouse=True)
def _imported() -> None:
    from rag.importing import import_openai_like

    import_openai_like()


@contextmanager
def endpoint(mode):
    """The address of an endpoint that fails in that way, and its server."""
    with FaultServer("ok" if mode in ABSENT else mode) as server:
        address = server.base_url
        if mode == "refused":
            address = "http://127.0.0.1:9/v1"
        if mode == "tls":
            address = address.replace("http:", "https:")
        yield address, server


@contextmanager
def assistant_at(folder: Path, address: str, timeout: float = DEADLINE):
    settings = Settings.load(environ={}, answer={"abstain_below": 0.0, "reader": False})
    embedder = HashEmbedder()
    index = Index.open(folder, embedder.fingerprint, settings.index)
    model = LanguageModel(RemoteEndpoint(address, KEY), name="m", timeout=timeout)
    with Assistant(index, embedder, model, settings) as assistant:
        if not assistant.has("a"):
            assistant.ingest([Article(article_id="a", title="Rapidus", text=FACT)])
        yield assistant


def fell_back(answer):
    """Whether the answer quotes its evidence and says, in words, why."""
    return (
        answer.complete
        and answer.answer == f"{FACT} [1]"
        and "llm.base_url" in answer.model_error
        and answer.model_error in answer.notice
    )


@pytest.mark.parametrize("mode", [*QUICK, *SLOW, *ABSENT])
def test_each_fault_ends_in_time_with_quoted_evidence(tmp_path, mode, caplog):
    caplog.set_level(logging.DEBUG)
    with endpoint(mode) as (address, server), assistant_at(tmp_path, address) as assistant:
        begun = time.monotonic()
        answer = assistant.ask(QUESTION)
        took = time.monotonic() - begun
        assert fell_back(answer), answer.notice
        assert took < DEADLINE + PATIENCE
        assert len(server.requests) <= RETRIES + 1
        assert KEY not in caplog.text + json.dumps(answer.to_dict())
    wanted, in_time = f"≤ {DEADLINE + 1:g} s, ≤ 2 retries", took <= DEADLINE + 1
    tell(f"fault: {mode}", wanted, _seen(took, server), holds=in_time)


def _seen(took, server):
    return f"{took:.2f} s, {max(0, len(server.requests) - 1)} retries"


async def test_each_fault_ends_in_time_in_an_event_loop_too(tmp_path):
    for mode in [*SLOW[2:], "cut", "failing", "refused"]:
        with endpoint(mode) as (address, _), assistant_at(tmp_path, address) as assistant:
            begun = time.monotonic()
            assert fell_back(await assistant.aask(QUESTION)), mode
            assert time.monotonic() - begun < DEADLINE + PATIENCE


def test_an_endless_line_costs_little_memory(tmp_path):
    with (
        endpoint("endless_line") as (address, server),
        assistant_at(tmp_path, address, 30.0) as assistant,
    ):
        answer = assistant.ask(QUESTION)
        assert "cannot be understood" in answer.model_error or "broke off" in answer.model_error
        assert server.hung_up.wait(PATIENCE)


@pytest.mark.parametrize("mode", ["stall_midway", "endless"])
async def test_cancelling_reaches_the_endpoint(tmp_path, mode):
    with (
        endpoint(mode) as (address, server),
        assistant_at(tmp_path, address, 60.0) as assistant,
    ):
        longest = 0.0
        for _ in range(times(3, 50)):
            server.hung_up.clear()
            asked = len(server.requests)
            task = asyncio.create_task(assistant.aask(QUESTION))
            while len(server.requests) == asked:  # noqa: ASYNC110  # another thread
                await asyncio.sleep(0.01)
            begun = time.monotonic()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await asyncio.to_thread(server.hung_up.wait, PATIENCE)
            longest = max(longest, time.monotonic() - begun)
    tell(
        f"cancelled: {mode}",
        "endpoint closed ≤ 2 s",
        f"{longest:.2f} s at most",
        holds=longest <= 2,
    )


def standing(assistant):
    """What the process holds: open files and sockets, threads, tasks of the model's loop.

    Workers of pools are left out: a pool starts one more whenever none is idle yet, up to its
    size, so that on a busy machine there are more of them after more work.
    """
    gc.collect()
    threads = [one.name for one in threading.enumerate() if not one.name.startswith(POOLS)]
    tasks = asyncio.all_tasks(assistant._model._background._loop)
    return len(list(Path("/proc/self/fd").iterdir())), len(threads), len(tasks)


def back_to(before, assistant):
    """What the process holds once it is no more than before; what it still holds after a while."""
    deadline = time.monotonic() + 3 * PATIENCE
    now = standing(assistant)
    while any(map(int.__gt__, now, before)) and time.monotonic() < deadline:
        time.sleep(0.05)
        now = standing(assistant)
    return now


@pytest.mark.skipif(sys.platform != "linux", reason="open files are counted in /proc")
def test_nothing_is_left_after_many_faults(tmp_path):
    """Each mode in turn; refused and tls by addresses of their own."""
    modes = [*QUICK, *SLOW, "ok", "endless"]
    cycles = times(len(modes), 1000)
    with FaultServer() as server, assistant_at(tmp_path, server.base_url, 0.3) as assistant:
        _answered(assistant)
        before = _settled(assistant)
        for place in range(cycles):
            server.mode = modes[place % len(modes)]
            assistant.ask(QUESTION)
        after = back_to(before, assistant)
    held = before[2] == 0 and all(map(int.__le__, after, before))
    what, seen = f"{cycles} cycles of faults", f"{before} → {after}"
    tell(what, "no file, thread or task left", seen, holds=held)
    assert held, seen


def _answered(assistant):
    """Ask until the endpoint was asked: the first call loads its client, and may be too late."""
    deadline = time.monotonic() + 6 * PATIENCE
    while assistant.ask(QUESTION).model_error and time.monotonic() < deadline:
        pass


def _settled(assistant):
    """What the process holds, once no task is left and it stays the same for half a second.

    A call that was given up leaves the loop when it gets there, which takes its time where others
    use the machine.
    """
    last, since = standing(assistant), time.monotonic()
    deadline = since + 3 * PATIENCE
    while time.monotonic() - since < 0.5 and time.monotonic() < deadline:
        time.sleep(0.05)
        now = standing(assistant)
        if now != last or now[2]:
            last, since = now, time.monotonic()
    return last


@pytest.mark.parametrize("mode", ABSENT)
@pytest.mark.skipif(sys.platform != "linux", reason="open files are counted in /proc")
def test_nothing_is_left_where_no_endpoint_is(tmp_path, mode):
    with endpoint(mode) as (address, _), assistant_at(tmp_path, address, 0.5) as assistant:
        assistant.ask(QUESTION)
        before = _settled(assistant)
        for _ in range(times(3, 100)):
            assistant.ask(QUESTION)
        assert all(map(int.__le__, back_to(before, assistant), before))


def test_an_eval_run_goes_on_where_its_endpoint_died(tmp_path):
    """What was answered before is not asked again; what was not is no answer of the model's."""
    evidence = (EvidenceQuote("a", FACT),)
    cases = tuple(
        Case(id=str(n), question=f"{QUESTION[:-1]} {n}?", answer="IMEC", evidence=evidence)
        for n in range(4)
    )
    with FaultServer(pieces=(FACT, " [1]")) as server:

        def die_after_two(step):
            server.mode = "failing" if step.done == 2 else server.mode

        with assistant_at(tmp_path / "i", server.base_url) as it:
            out = tmp_path / "runs"
            first = run(Dataset("set", cases), it, out=out, progress=die_after_two)
            assert [bool(record.errors) for record in first.records] == [False, False, True, True]
            assert all("llm.base_url" in one.errors["answer"] for one in first.records[2:])
            server.mode, asked = "ok", len(server.requests)
            second = run(Dataset("set", cases), it, out=out)
            assert len(server.requests) == asked + 2
            assert not any(record.errors for record in second.records)
            assert {record.outcome for record in second.records} == {"right"}


@pytest.mark.model
def test_the_command_line_ends_in_time_with_words(tmp_path, monkeypatch):
    (tmp_path / "a.md").write_text(FACT, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAG_INDEX__DIR", str(tmp_path / "index"))
    monkeypatch.setenv("RAG_LLM__ENABLED", "false")
    assert _rag("ingest", "a.md")[0] == 0
    monkeypatch.setenv("RAG_LLM__ENABLED", "true")
    monkeypatch.setenv("RAG_LLM__API_KEY", KEY)
    monkeypatch.setenv("RAG_LLM__MODEL", "m")
    monkeypatch.setenv("RAG_LLM__TIMEOUT", str(DEADLINE))
    modes = [*QUICK, *SLOW, *ABSENT]
    for mode in modes[:: times(7, 1)]:
        with endpoint(mode) as (address, server):
            monkeypatch.setenv("RAG_LLM__BASE_URL", address)
            begun = time.monotonic()
            status, out, err = _rag("ask", QUESTION)
            took = time.monotonic() - begun
            assert status == 0, err
            assert "note: " in out, mode
            assert "llm.base_url" in out
            assert FACT in out
            assert KEY not in out + err
            assert took < DEADLINE + PATIENCE + 10
            assert len(server.requests) <= RETRIES + 1


def _rag(*arguments):
    out, err = io.StringIO(), io.StringIO()
    given, sys.argv = sys.argv, ["rag", *arguments]
    try:
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as stopped:
            cli.main()
    finally:
        sys.argv = given
    return stopped.value.code or 0, out.getvalue(), err.getvalue()


def test_a_redirect_does_not_carry_the_key_elsewhere(tmp_path):
    with FaultServer("redirect") as server, assistant_at(tmp_path, server.base_url) as assistant:
        assert fell_back(assistant.ask(QUESTION))
        assert len(server.requests) == 1
    assert os.environ.get("OPENAI_API_KEY") is None or KEY not in os.environ["OPENAI_API_KEY"]


def test_closing_a_model_whose_loop_is_held_up_raises_nothing():
    """As by an import, the first time, on a slow machine."""
    model = LanguageModel(RemoteEndpoint("http://127.0.0.1:9/v1"), name="m")
    held, go_on = threading.Event(), threading.Event()

    async def hold():
        held.set()
        go_on.wait(60)

    model._background.run(hold())
    assert held.wait(60)
    thread = model._background._thread
    model.close()
    go_on.set()
    thread.join(60)
    assert not thread.is_alive()
