"""Traces: which spans a question makes, that none holds its words, and that off means off."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise

import pytest
from fake_assistant import ARTICLES
from fakes import HashEmbedder
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from served import ADDRESS, ServedAssistant
from starlette.testclient import TestClient

from rag.api.service import Service
from rag.api.tracing import Traces
from rag.assistant import Assistant
from rag.index import Index
from rag.settings import Settings
from rag.ui.server import api

SETTINGS = Settings.load(environ={}, answer={"reader": False, "abstain_below": 0.0})
QUESTION = "Who put money into the zebrawood company?"


@pytest.fixture
def spans():
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    exporter.traces = Traces(provider)
    yield exporter
    provider.shutdown()


def client_of(backend, spans) -> TestClient:
    app = api(Service(backend, SETTINGS, spans.traces), SETTINGS)
    return TestClient(app, base_url=ADDRESS, raise_server_exceptions=False)


@pytest.fixture
def assistant(tmp_path):
    embedder = HashEmbedder()
    with Index.open(tmp_path / "index", embedder.fingerprint, SETTINGS.index) as index:
        assistant = Assistant(index, embedder, None, SETTINGS)
        assistant.ingest(ARTICLES)
        yield assistant


@pytest.mark.parametrize("stream", [False, True])
def test_a_question_is_a_request_an_answer_and_its_stages(assistant, spans, stream):
    with client_of(assistant, spans) as client:
        client.post(
            "/api/ask",
            json={"question": QUESTION, "stream": stream},
            headers={"X-Request-ID": "trace-0123", "traceparent": f"00-{'a' * 32}-{'b' * 16}-01"},
        )
    by_name = {span.name: span for span in spans.get_finished_spans()}
    assert set(by_name) == {"POST /api/ask", "answer", "retrieve", "select", "write"}
    request, answer = by_name["POST /api/ask"], by_name["answer"]
    assert {f"{span.context.trace_id:032x}" for span in by_name.values()} == {"a" * 32}
    assert f"{request.parent.span_id:016x}" == "b" * 16
    assert answer.parent.span_id == request.context.span_id
    assert dict(request.attributes) == {
        "http.request.method": "POST", "http.route": "/api/ask", "http.response.status_code": 200,
        "newsdesk.request_id": "trace-0123",
    }  # fmt: skip
    assert answer.attributes["newsdesk.outcome"] == "answered"
    assert answer.attributes["newsdesk.request_id"] == "trace-0123"
    stages = [by_name[name] for name in ("retrieve", "select", "write")]
    assert {stage.parent.span_id for stage in stages} == {answer.context.span_id}
    for one, following in pairwise(stages):
        assert one.start_time <= one.end_time == following.start_time
    assert answer.start_time <= stages[0].start_time
    assert "zebrawood" not in "".join(span.to_json() for span in by_name.values())


def test_what_fails_says_so_and_names_no_words(spans):
    backend = ServedAssistant(broken=[ValueError("zebrawood")])
    with client_of(backend, spans) as client:
        client.post("/api/ask", json={"question": "broken zebrawood?"})
        client.get("/conversations?q=zebrawood")
        client.get("/api/articles/zebrawood")
    seen = [(span.name, span.status.is_ok) for span in spans.get_finished_spans()]
    assert ("POST /api/ask", False) in seen
    assert ("answer", False) in seen
    assert ("GET other", True) in seen
    assert "zebrawood" not in "".join(span.to_json() for span in spans.get_finished_spans())


OFF = """
import asyncio, sys
import rag.assistant, rag.cli
assert "opentelemetry" not in sys.modules
sys.path.insert(0, "tests")
from served import ServedAssistant, client_of
with client_of(ServedAssistant()) as client:
    assert client.post("/api/ask", json={"question": "JSR?"}).status_code == 200
assert not [name for name in sys.modules if name.startswith("opentelemetry.sdk")]
assert not [name for name in sys.modules if name.startswith("opentelemetry.exporter")]
sys.modules["opentelemetry.sdk.trace"] = None  # as where it is not installed
from rag.api.tracing import Traces
from rag.errors import SettingsError
try:
    Traces.when(True)
except SettingsError as error:
    print(error)
"""


def run(program: str, **environ: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **environ},
        capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_off_nothing_of_it_is_imported_and_without_the_package_the_remedy_is_told():
    told = run(OFF, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1")
    assert "server.traces" in told
    assert "newsdesk-rag[traces]" in told


SENT = """
from rag.api.tracing import Traces
with Traces.when(True).span("answer") as told:
    told.facts = {"newsdesk.outcome": "answered"}
"""


def test_spans_go_where_the_usual_variables_say():
    bodies: dict[str, bytes] = {}

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies[self.path] = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        run(
            SENT,
            OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{server.server_port}",
            OTEL_SERVICE_NAME="night-desk",
        )
        server.shutdown()
    assert b"night-desk" in bodies["/v1/traces"]
    assert b"newsdesk.outcome" in bodies["/v1/traces"]
