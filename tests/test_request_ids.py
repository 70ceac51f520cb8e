"""One id from the request to the model's endpoint and into the log."""

from __future__ import annotations

import io
import json
import logging

import pytest
from chromium import opened_browser, served
from fakes import HashEmbedder
from fault_server import FaultServer
from served import ServedAssistant, client_of
from starlette.testclient import TestClient

from rag import request_id
from rag.api.logs import JsonLines
from rag.api.service import Service
from rag.assistant import Assistant
from rag.index import Index
from rag.llm import LanguageModel, RemoteEndpoint
from rag.schema import Article
from rag.settings import Settings
from rag.ui.server import api

NAME = "trace-0123456789"


@pytest.fixture
def lines():
    """What is logged, as lines of JSON."""
    handler = logging.StreamHandler(io.StringIO())
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("rag")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in handler.stream.getvalue().splitlines()]
    logger.removeHandler(handler)
    logger.setLevel(level)


def test_requests_and_answers_are_logged_under_their_id(lines):
    with client_of(ServedAssistant(defect=[ZeroDivisionError("two\nlines")])) as client:
        headers = {"X-Request-ID": NAME}
        client.post("/api/ask", json={"question": "JSR?"}, headers=headers)
        client.post("/api/ask", json={"question": "defect"}, headers=headers)
        client.get("/no%0Awhere", headers=headers)
    found = lines()
    assert {line["request_id"] for line in found} == {NAME}
    answer = next(line for line in found if line["message"] == "answer")
    assert answer["outcome"] == "answered"
    assert answer["timings"]["write"] == 1.9
    request = next(line for line in found if line["message"] == "request")
    assert (request["method"], request["path"], request["status"]) == ("POST", "/api/ask", 200)
    assert request["seconds"] >= 0
    assert found[-1]["path"] == "/no\nwhere"  # which did not break its line
    defect = next(line for line in found if "traceback" in line)
    assert "ZeroDivisionError" in defect["traceback"]
    assert "How much" not in json.dumps(found)


def test_the_id_reaches_the_endpoint_of_the_model(tmp_path):
    embedder = HashEmbedder()
    settings = Settings.load(environ={}, answer={"abstain_below": 0})
    index = Index.open(tmp_path / "index", embedder.fingerprint, settings.index)
    with FaultServer(pieces=["The fund buys JSR. [1]"]) as endpoint:
        model = LanguageModel(RemoteEndpoint(endpoint.base_url), name="m", timeout=60)
        with Assistant(index, embedder, model, settings) as assistant:
            assistant.ingest([Article(article_id="a", title="JSR", text="The fund buys JSR.")])
            with TestClient(api(Service(assistant, settings), settings)) as client:
                headers = {"X-Request-ID": NAME, "Host": "127.0.0.1"}
                body = {"question": "What does the fund buy?"}
                assert client.post("/api/ask", json=body, headers=headers).status_code == 200
            assistant.ask("What does the fund buy?")
    assert endpoint.request_ids == [NAME, ""]


@pytest.mark.browser
def test_questions_of_the_page_have_ids_of_their_own(lines):
    assistant = ServedAssistant()
    with served(assistant, Settings.load(environ={})) as address, opened_browser() as browser:
        for _ in range(2):
            page = browser.new_page()
            page.goto(address)
            page.locator("#box textarea").fill("How much for JSR?")
            page.locator("#box textarea").press("Enter")
            page.get_by_text("903.9 billion yen").first.wait_for(timeout=120_000)
    asked = assistant.request_ids
    assert len(set(asked)) == 2
    joined = [line for line in lines() if line.get("path") == "/gradio_api/queue/join"]
    assert set(asked) <= {line["request_id"] for line in joined}
    answers = [line["request_id"] for line in lines() if line["message"] == "answer"]
    assert answers == asked
    assert request_id.current.get() == ""
