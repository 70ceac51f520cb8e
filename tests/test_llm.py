from __future__ import annotations

import asyncio
import logging
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from rag.errors import ModelError
from rag.llm import LanguageModel, RemoteEndpoint
from tests.fault_server import FaultServer

ASK = [("system", "Be brief."), ("user", "Say hello.")]
KEY = "sk-very-secret-123"


@pytest.fixture(scope="module", autouse=True)
def _imported() -> None:
    """The two seconds of importing LlamaIndex, so that no deadline below counts them."""
    from rag.importing import import_openai_like

    import_openai_like()


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


@pytest.fixture
def model_at() -> Iterator[Callable[..., LanguageModel]]:
    made: list[LanguageModel] = []

    def make(url: str, timeout: float = 5.0, **options: object) -> LanguageModel:
        made.append(LanguageModel(RemoteEndpoint(url, KEY), name="m", timeout=timeout, **options))
        return made[-1]

    yield make
    for model in made:
        model.close()


def test_streams_pieces_in_order_and_sends_what_was_asked(server, model_at) -> None:
    model = model_at(server.base_url, temperature=0.0)
    assert list(model.stream(ASK, max_tokens=7)) == ["Hello", " world", "."]
    sent = server.requests[0]
    assert [(m["role"], m["content"]) for m in sent["messages"]] == ASK
    assert (sent["model"], sent["max_tokens"], sent["stream"]) == ("m", 7, True)
    assert sent["temperature"] == 0.0
    assert server.keys == [f"Bearer {KEY}"]


@pytest.mark.parametrize(
    ("mode", "words", "retryable", "tries"),
    [
        ("wrong_key", "refused the key (401); set RAG_LLM__API_KEY", False, 1),
        ("no_model", "knows no model 'm'", False, 1),
        ("busy", "is busy", True, 1),
        ("failing", "failed on its side (500)", True, 3),
        ("bad_gateway", "failed on its side (502)", True, 3),
        ("web_page", "answered without any text", False, 1),
        ("bad_json", "cannot be understood", False, 1),
        ("wrong_shape", "cannot be understood", False, 1),
        ("cut", "broke off", True, 1),
        ("cut_cleanly", "broke off", True, 1),
        ("no_choices", "answered without any text", False, 1),
        ("null_content", "answered without any text", False, 1),
        ("too_long", "do not fit the context window", False, 1),
        ("too_long_midway", "do not fit the context window", False, 1),
    ],
)
def test_each_fault_is_told_in_one_line_that_names_the_endpoint(
    server, model_at, caplog, mode, words, retryable, tries
) -> None:
    caplog.set_level(logging.DEBUG)
    server.mode = mode
    with pytest.raises(ModelError) as failed:
        list(model_at(server.base_url).stream(ASK))
    told = str(failed.value)
    assert words in told
    assert server.base_url in told
    assert "llm.base_url" in told
    assert "\n" not in told
    assert failed.value.retryable is retryable
    assert len(server.requests) == tries
    assert KEY not in told + caplog.text
    assert failed.value.__cause__ is None


def test_refused_connection(model_at) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        with pytest.raises(ModelError, match="cannot be reached") as failed:
            list(model_at(url).stream(ASK))
    assert failed.value.retryable


@pytest.mark.parametrize("mode", ["silent", "stall", "stall_midway", "dribble"])
def test_deadline_holds_whatever_the_endpoint_does(server, model_at, mode) -> None:
    server.mode = mode
    begun = time.monotonic()
    with pytest.raises(ModelError, match="did not finish within 1 seconds") as failed:
        list(model_at(server.base_url, timeout=1.0).stream(ASK))
    assert time.monotonic() - begun < 2.0
    assert failed.value.retryable


def test_retry_after_is_respected_within_the_deadline(server, model_at) -> None:
    server.mode = "busy_once"
    assert "".join(model_at(server.base_url).stream(ASK)) == "Hello world."
    assert len(server.requests) == 2


def test_closing_the_iterator_closes_the_request(server, model_at) -> None:
    server.mode = "stall_midway"
    pieces = model_at(server.base_url, timeout=30.0).stream(ASK)
    assert next(pieces) == "Hello"
    pieces.close()
    assert server.hung_up.wait(2.0)


def test_setting_stop_ends_the_iterator_and_closes_the_request(server, model_at) -> None:
    server.mode = "stall_midway"
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    begun = time.monotonic()
    assert list(model_at(server.base_url, timeout=30.0).stream(ASK, stop=stop)) == ["Hello"]
    assert time.monotonic() - begun < 2.0
    assert server.hung_up.wait(2.0)


def test_an_endless_stream_is_cut(server, model_at) -> None:
    server.mode = "endless"
    text = "".join(model_at(server.base_url, timeout=30.0).stream(ASK, max_tokens=10))
    assert len(text) == 160
    assert server.hung_up.wait(2.0)


def test_closing_the_model_ends_its_iterators_and_it_can_be_used_again(server, model_at) -> None:
    server.mode = "stall_midway"
    model = model_at(server.base_url, timeout=30.0)
    pieces = model.stream(ASK)
    assert next(pieces) == "Hello"
    model.close()
    assert list(pieces) == []
    server.mode = "ok"
    assert "".join(model.stream(ASK)) == "Hello world."


def test_requests_of_several_threads_run_side_by_side(server, model_at) -> None:
    model = model_at(server.base_url)
    answers: list[str] = []
    threads = [
        threading.Thread(target=lambda: answers.append("".join(model.stream(ASK))))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == ["Hello world."] * 8


async def test_works_inside_a_running_event_loop(server, model_at) -> None:
    model = model_at(server.base_url)
    assert "".join(await asyncio.to_thread(list, model.stream(ASK))) == "Hello world."


def test_without_a_key_none_from_the_environment_is_sent(server, monkeypatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    model = LanguageModel(RemoteEndpoint(server.base_url), name="m")
    list(model.stream(ASK))
    model.close()
    assert server.keys == ["Bearer none"]


def test_the_label_hides_passwords_and_queries() -> None:
    endpoint = RemoteEndpoint("http://me:hush@host:1/v1?key=hush", "hush")
    assert endpoint.label == "llm.base_url http://host:1/v1"
    assert "hush" not in repr(endpoint).replace(endpoint.base_url, "")


@pytest.mark.parametrize("text", ["", "word", "The ministers met on Monday.", "貿易政策と半導体"])
def test_the_remote_count_is_no_less_than_words_or_characters_need(text) -> None:
    tokens = RemoteEndpoint("http://host/v1").count_tokens(text)
    assert tokens >= len(text.split())
    assert tokens >= sum(ord(c) > 0x3000 for c in text)


def test_importing_is_cheap() -> None:
    code = "import sys, rag.llm, rag.local_server; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    heavy = {"openai", "httpx", "llama_index", "xllamacpp", "torch", "numpy"}
    assert not heavy & set(loaded.stdout.split())


def test_the_client_is_imported_with_the_collector_off_and_behind_wordfreq() -> None:
    code = """
import gc, sys
from rag.importing import import_openai_like
runs = []
gc.callbacks.append(lambda phase, info: runs.append(phase))
import_openai_like()
assert gc.isenabled() and gc.get_freeze_count() and not runs, runs
order = list(sys.modules)
assert order.index("wordfreq") < order.index("llama_index.core")
"""
    subprocess.run([sys.executable, "-c", code], check=True)
