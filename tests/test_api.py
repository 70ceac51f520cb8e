"""The HTTP API: what it answers, refuses and counts; that it ends what nobody waits for."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time

import httpx
import pytest
from chromium import served
from fake_assistant import ARTICLES, JSR, UNDATED, Gate, abstained, growing, written_answer
from served import ServedAssistant, client_of

from rag.api.admission import Admission
from rag.errors import IndexDamaged, IndexMissing, ModelError, ServerBusy, SettingsError
from rag.schema import Filters, Turn
from rag.settings import Settings

JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def assistant():
    return ServedAssistant(
        away=[ModelError("llm.base_url is away; start it.", retryable=True)],
        damaged=[IndexDamaged("vectors.bin is damaged; run rag doctor --repair")],
        empty=[IndexMissing("nothing was ingested yet; run rag ingest PATH")],
        long=[SettingsError("the question has 5,000 characters; shorten it")],
        defect=[ZeroDivisionError("a secret detail")],
        late=[growing(written_answer())[1], ModelError("llm.base_url broke off; try again.")],
    )


@pytest.fixture(scope="module")
def client(assistant):
    with client_of(assistant) as client:
        yield client


def events(text: str) -> list[tuple[str, dict]]:
    found = []
    for block in text.strip().split("\n\n"):
        name, _, data = block.partition("\n")
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


# ---------------------------------------------------------------- what it answers


def test_an_answer_is_the_answer_of_the_library(client):
    response = client.post("/api/ask", json={"question": "How much for JSR?"})
    assert response.status_code == 200
    assert response.json() == written_answer().to_dict()


def test_a_question_brings_its_filters_and_the_conversation(client, assistant):
    body = {
        "question": "And JSR then?",
        "filters": {"published_from": "2023-01-01", "publishers": ["Harbour Desk"]},
        "history": [{"question": "Who?", "answer": "Toyota. [1]"}],
        "without": ["newest"],
    }
    assert client.post("/api/ask", json=body).status_code == 200
    assert assistant.asked[-1] == ("And JSR then?", (Turn(question="Who?", answer="Toyota. [1]"),))
    assert assistant.filters[-1] == Filters(
        published_from="2023-01-01", publishers=("Harbour Desk",)
    )
    assert assistant.without[-1] == ("newest",)


def test_a_stream_carries_the_answer_as_it_grows(client):
    response = client.post("/api/ask", json={"question": "JSR?", "stream": True})
    assert response.headers["content-type"].startswith("text/event-stream")
    found = events(response.text)
    assert {name for name, _ in found} == {"answer"}
    assert [len(answer["sentences"]) for _, answer in found] == [0, 1, 2, 2]
    assert found[-1][1] == written_answer().to_dict()


def test_not_knowing_is_an_answer(client):
    answer = client.post("/api/ask", json={"question": "What is love?"}).json()
    assert answer["abstained"]
    assert answer["reason"]


def test_passages_are_retrieved(client):
    found = client.post("/api/retrieve", json={"question": "chips", "top_k": 2}).json()
    assert found["question"] == "chips"
    first = found["passages"][0]
    assert JSR.text[first["start"] : first["end"]] == first["text"]
    assert len(found["passages"]) == 2


def test_the_articles_come_in_pages_that_hold_each_once(client):
    seen, after = [], None
    for _ in range(10):
        query = {"limit": 2, **({"after": after} if after else {})}
        page = client.get("/api/articles", params=query).json()
        assert page["total"] == 3
        seen += [item["article_id"] for item in page["articles"]]
        if (after := page["next"]) is None:
            break
    assert seen == [article.article_id for article in ARTICLES]


def test_a_page_whose_place_is_gone_says_begin_again(client):
    response = client.get("/api/articles", params={"after": "gone"})
    assert response.status_code == 409
    assert response.json()["error"]["code"] == "page_gone"


def test_an_article_has_the_text_that_citations_point_into(client):
    article = client.get("/api/articles/jsr-buyout").json()
    citation = written_answer().citations[0]
    assert article["text"][citation.start : citation.end] == citation.quote
    assert "original" not in article


def test_ids_may_hold_slashes():
    odd = UNDATED.__class__(article_id="2023/05/a b🗾", text="Words.")
    with client_of(ServedAssistant([odd])) as client:
        path = "/api/articles/2023/05/a%20b%F0%9F%97%BE"
        assert client.get(path).json()["article_id"] == odd.article_id


def test_a_text_is_checked_against_articles_and_texts(client):
    body = {"text": "It rained.", "article_ids": ["note"], "texts": ["It was dry.", "It was wet."]}
    found = client.post("/api/verify", json=body).json()
    assert found["sentences"][0]["verdict"] == "unsupported"
    assert found["sentences"][0]["score"] == pytest.approx(0.3)  # three things were looked at


def test_health_and_readiness(client):
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready"}


def test_a_damaged_collection_is_not_ready_and_says_why():
    class Damaged(ServedAssistant):
        def article(self, article_id):
            raise IndexDamaged("vectors.bin is damaged; run rag doctor --repair")

    with client_of(Damaged()) as client:
        assert client.get("/healthz").status_code == 200
        response = client.get("/readyz")
        assert response.status_code == 503
        assert "rag doctor --repair" in response.json()["error"]["message"]


# ---------------------------------------------------------------- what it refuses


@pytest.mark.parametrize(
    ("question", "status", "code"),
    [
        ("away", 503, "model"),
        ("damaged", 503, "index_damaged"),
        ("empty", 409, "no_articles"),
        ("long", 422, "invalid"),
        ("defect", 500, "unexpected"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_errors_have_a_status_a_code_and_words(client, question, status, code, stream):
    response = client.post("/api/ask", json={"question": question, "stream": stream})
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (status, code)
    assert error["request_id"] == response.headers["x-request-id"]
    assert error["message"]
    assert "secret" not in response.text


def test_an_error_in_the_middle_of_a_stream_is_an_event(client):
    found = events(client.post("/api/ask", json={"question": "late", "stream": True}).text)
    assert [name for name, _ in found] == ["answer", "error"]
    assert found[-1][1]["error"]["message"] == "llm.base_url broke off; try again."


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "question"),
        ({"question": ""}, "question"),
        ({"question": 3}, "question"),
        ({"question": "x" * 100_001}, "question"),
        ({"question": "x", "surprise": 1}, "surprise"),
        ({"question": "x", "filters": {"published_from": "soon"}}, "filters.published_from"),
        ({"question": "x", "history": [{"answer": "?"}]}, "history.0.question"),
        ({"question": "x", "without": ["y"] * 101}, "without"),
        ([], "body"),
    ],
)
def test_a_wrong_field_is_named(client, body, param):
    response = client.post("/api/ask", json=body)
    assert response.status_code == 422
    assert response.json()["error"]["param"] == param


def test_an_empty_range_of_days_is_told_in_words(client):
    filters = {"published_from": "2023-02-01", "published_to": "2023-01-01"}
    response = client.post("/api/retrieve", json={"question": "x", "filters": filters})
    assert response.status_code == 422
    assert "date range is empty" in response.json()["error"]["message"]


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"", b"question=x"])
def test_what_is_no_json_is_refused(client, content):
    response = client.post("/api/verify", content=content, headers={"content-type": "text/plain"})
    assert response.status_code == 400
    response = client.post("/api/verify", content=content, headers=JSON)
    assert response.status_code in (400, 422)  # an empty body lacks the object


def test_lone_surrogates_are_refused_in_words(client):
    content = b'{"question": "\\ud800"}'
    response = client.post("/api/ask", content=content, headers=JSON)
    assert response.status_code == 422
    assert response.json()["error"]["param"] == "question"


def test_a_large_body_is_refused_with_and_without_its_length(client):
    body = b'{"question": "' + b"x" * 1_000_001 + b'"}'
    known = client.post("/api/ask", content=body, headers=JSON)
    unknown = client.post("/api/ask", content=iter([body[:600_000], body[600_000:]]), headers=JSON)
    for response in (known, unknown):
        assert response.status_code == 413
        assert response.json()["error"]["code"] == "too_large"


def test_unknown_articles_and_addresses_are_not_found(client):
    for path in ("/api/articles/nothing", "/api/nowhere", "/api/articles/"):
        response = client.get(path)
        assert response.status_code == 404
        assert response.json()["error"]["code"] == "not_found"
    assert client.post("/api/verify", json={"text": "x", "article_ids": ["no"]}).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/api/ask", "POST"),
        ("DELETE", "/api/articles/note", "GET"),
        ("POST", "/metrics", "GET"),
        ("OPTIONS", "/api/ask", "POST"),
        ("TRACE", "/api/ask", "POST"),
    ],
)
def test_a_wrong_method_is_refused(client, method, path, allow):
    response = client.request(method, path)
    assert response.status_code == 405
    assert response.headers["allow"] == allow


# ---------------------------------------------------------------- the document


def test_the_document_lists_every_route_with_its_failures(client):
    document = client.get("/api/openapi.json").json()
    assert set(document["paths"]) >= {
        "/api/ask", "/api/retrieve", "/api/verify", "/api/articles", "/api/articles/{article_id}",
        "/healthz", "/readyz", "/metrics",
    }  # fmt: skip
    assert "/source" not in document["paths"]
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert operation["summary"]
            assert operation.get("description"), path
    ask = document["paths"]["/api/ask"]["post"]["responses"]
    assert {"200", "400", "401", "409", "413", "422", "429", "503"} <= set(ask)
    assert "HTTPValidationError" not in json.dumps(document)


def test_the_document_describes_the_nouns_as_they_are(client):
    schemas = client.get("/api/openapi.json").json()["components"]["schemas"]
    assert set(schemas["Answer"]["properties"]) == set(written_answer().to_dict())
    assert set(schemas["StoredArticle"]["properties"]) == set(JSR.to_dict())
    assert "declined under" in schemas["Answer"]["properties"]["likely"]["description"]


# ---------------------------------------------------------------- request ids and figures


def test_an_id_given_by_the_caller_is_kept_and_reaches_the_assistant(client, assistant):
    headers = {"X-Request-ID": "trace-0123456789"}
    response = client.post("/api/ask", json={"question": "JSR?"}, headers=headers)
    assert response.headers["x-request-id"] == "trace-0123456789"
    assert assistant.request_ids[-1] == "trace-0123456789"


@pytest.mark.parametrize("given", ["", "short", "x" * 65, "new\tline-and-more", "<script>alert"])
def test_an_id_that_cannot_be_logged_is_replaced(client, assistant, given):
    response = client.post("/api/ask", json={"question": "JSR?"}, headers={"X-Request-ID": given})
    assert response.headers["x-request-id"] == assistant.request_ids[-1] != given


def test_requests_answers_and_stages_are_counted():
    with client_of(ServedAssistant(away=[ModelError("away")])) as client:
        client.post("/api/ask", json={"question": "JSR?"})
        client.post("/api/ask", json={"question": "nothing"})
        client.post("/api/ask", json={"question": "away"})
        client.get("/api/articles/note")
        client.get("/somewhere")
        lines = client.get("/metrics").text.splitlines()
    assert 'newsdesk_answers_total{outcome="answered"} 1.0' in lines
    assert 'newsdesk_answers_total{outcome="abstained"} 1.0' in lines
    assert 'newsdesk_answers_total{outcome="failed"} 1.0' in lines
    assert 'newsdesk_answer_stage_seconds_count{stage="write"} 1.0' in lines
    assert 'newsdesk_requests_total{method="POST",route="/api/ask",status="200"} 2.0' in lines
    found = 'method="GET",route="/api/articles/{article_id}",status="200"'
    assert f"newsdesk_requests_total{{{found}}} 1.0" in lines
    assert 'newsdesk_requests_total{method="GET",route="other",status="404"} 1.0' in lines
    assert "newsdesk_answers_running 0.0" in lines


def test_a_defect_is_in_the_log_with_its_request(client, caplog):
    with caplog.at_level(logging.ERROR):
        client.post("/api/ask", json={"question": "defect"})
    assert "a secret detail" in caplog.text


# ---------------------------------------------------------------- turns


async def test_turns_are_first_come_first_served_and_the_rest_is_told():
    admission, order = Admission(1, 2, 60), []

    async def ask(name: str) -> None:
        async with admission.turn():
            order.append(name)
            await asyncio.sleep(0.01)

    tasks = [asyncio.create_task(ask(name)) for name in "abc"]
    await asyncio.sleep(0)
    with pytest.raises(ServerBusy, match=r"2 questions are waiting.*server\.max_waiting"):
        await ask("d")
    await asyncio.gather(*tasks)
    await ask("e")
    assert order == ["a", "b", "c", "e"]
    assert (admission.running, admission.waiting) == (0, 0)


async def test_a_turn_that_does_not_come_is_given_up():
    admission = Admission(1, 2, 0.05)
    async with admission.turn():
        with pytest.raises(ServerBusy, match=r"server\.max_wait"):
            async with admission.turn():
                pass
    async with admission.turn():
        assert admission.running == 1


async def test_who_would_wait_too_long_is_told_as_soon_as_the_pace_is_known(monkeypatch):
    monkeypatch.setattr("rag.api.admission.TOLD_EVERY", 0.05)
    admission, done, busy = Admission(1, 99, 4.0), [], []

    async def ask(name: int) -> None:
        try:
            async with admission.turn():
                await asyncio.sleep(0.1)
                done.append(name)
        except ServerBusy:
            busy.append(name)

    crowd = [asyncio.create_task(ask(number)) for number in range(90)]
    await asyncio.sleep(2)
    assert min(busy) > 5
    assert max(busy) == 89
    for task in crowd[20:]:
        task.cancel()
    await asyncio.wait(crowd)
    assert done == list(range(len(done)))
    assert (admission.running, admission.waiting) == (0, 0)


async def test_a_cancelled_wait_leaves_the_queue():
    admission = Admission(1, 1, 60)
    async with admission.turn():
        waiting = asyncio.create_task(admission._wait())
        await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.wait({waiting})
        assert admission.waiting == 0


def test_the_server_says_busy_and_recovers():
    gate = Gate()
    assistant = ServedAssistant(slow=[gate, abstained("slow")])
    with client_of(assistant, server={"max_answers": 1, "max_waiting": 0}) as client:
        first: list[httpx.Response] = []
        body = {"question": "slow"}
        thread = threading.Thread(target=lambda: first.append(client.post("/api/ask", json=body)))
        thread.start()
        assert gate.reached.wait(20)
        for stream in (False, True):
            refused = client.post("/api/ask", json={"question": "JSR?", "stream": stream})
            assert refused.status_code == 429
            assert refused.headers["retry-after"] == "5"
            assert refused.json()["error"]["code"] == "busy"
        assert client.get("/healthz").status_code == 200
        assert client.post("/api/retrieve", json={"question": "x"}).status_code == 200
        gate.open()
        thread.join(20)
        assert first[0].status_code == 200
        assert client.post("/api/ask", json={"question": "JSR?"}).status_code == 200


# ---------------------------------------------------------------- clients that go away


def eventually(true, seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while not (found := true()) and time.monotonic() < end:
        time.sleep(0.02)
    return found


@pytest.mark.parametrize("stream", [False, True])
def test_a_closed_connection_stops_the_model(stream):
    gate = Gate()
    assistant = ServedAssistant(stall=[growing(written_answer())[1], gate])
    settings = Settings.load(environ={}, server={"max_answers": 1, "max_waiting": 0})
    with served(assistant, settings) as address, httpx.Client(base_url=address) as client:
        body = {"question": "stall", "stream": stream}
        if stream:
            with client.stream("POST", "/api/ask", json=body, timeout=20) as response:
                assert next(response.iter_lines()) == "event: answer"
                assert gate.reached.wait(20)
        else:
            with pytest.raises(httpx.ReadTimeout):
                client.post("/api/ask", json=body, timeout=1)
        assert gate.cancelled.wait(20)
        # its turn is free again
        assert eventually(lambda: client.post("/api/ask", json={"question": "JSR?"}).is_success)
        figures = client.get("/metrics").text
    assert 'newsdesk_answers_total{outcome="stopped"} 1.0' in figures
