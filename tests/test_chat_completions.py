"""The official OpenAI client against the server."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import openai
import pytest
from chromium import served
from fake_assistant import JSR, UNDATED, Gate, abstained, cite, growing, written_answer
from served import ServedAssistant

from rag.api.chat_reply import content, newsdesk, pieces, url_citations
from rag.cite import with_marks
from rag.errors import ModelError
from rag.schema import Answer, Filters, Sentence, Turn, Verdict
from rag.settings import Settings

ASK = [{"role": "user", "content": "How much for JSR?"}]


@pytest.fixture(scope="module")
def assistant():
    gate = Gate()
    stalled = [growing(written_answer())[1], gate]
    assistant = ServedAssistant(
        stall=stalled,
        late=[growing(written_answer())[1], ModelError("llm.base_url broke off; try again.")],
        unwritten=[abstained("unwritten")],
    )
    assistant.gate = gate
    return assistant


@pytest.fixture(scope="module")
def client(assistant):
    settings = Settings.load(environ={})
    with served(assistant, settings) as address, client_at(address) as client:
        yield client


def client_at(address: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{address}/v1", api_key="any", max_retries=0)


def test_the_model_is_listed(client):
    assert [model.id for model in client.models.list()] == ["newsdesk"]


def test_the_answer_is_the_message(client):
    reply = client.chat.completions.create(model="newsdesk", messages=ASK)
    answer, choice = written_answer(), reply.choices[0]
    assert choice.finish_reason == "stop"
    assert choice.message.role == "assistant"
    assert choice.message.content == with_marks(answer.sentences)
    assert reply.id.startswith("chatcmpl-")


def test_marks_are_annotated_with_their_article_and_the_exact_words(client):
    message = client.chat.completions.create(model="newsdesk", messages=ASK).choices[0].message
    assert [
        message.content[a.url_citation.start_index : a.url_citation.end_index]
        for a in message.annotations
    ] == ["[1]", "[2]", "[3]"]
    for annotation in message.annotations:
        assert annotation.type == "url_citation"
        assert annotation.url_citation.url == JSR.url
        assert annotation.url_citation.title == JSR.title
        exact = annotation.newsdesk
        assert JSR.text[exact["start"] : exact["end"]] == exact["quote"]
        assert (exact["article_id"], exact["verdict"]) == ("jsr-buyout", "supported")
    for sentence in message.newsdesk["sentences"]:
        shown = message.content[sentence["start_index"] : sentence["end_index"]]
        assert shown.startswith(sentence["text"])
        assert shown.endswith("]")


def test_a_stream_gives_the_same_sentence_by_sentence(client):
    whole = client.chat.completions.create(model="newsdesk", messages=ASK).choices[0].message
    text, deltas, last = "", 0, None
    for chunk in client.chat.completions.create(model="newsdesk", messages=ASK, stream=True):
        text += chunk.choices[0].delta.content or ""
        deltas += bool(chunk.choices[0].delta.content)
        last = chunk
    assert text == whole.content
    assert deltas == 2
    assert last.choices[0].finish_reason == "stop"
    assert last.choices[0].delta.newsdesk == whole.newsdesk
    assert last.choices[0].delta.annotations[0]["url_citation"]["url"] == JSR.url


@pytest.mark.parametrize("stream", [False, True])
def test_not_knowing_is_said_with_the_reason(client, stream):
    asked = [{"role": "user", "content": "unwritten"}]
    reply = client.chat.completions.create(model="newsdesk", messages=asked, stream=stream)
    if stream:
        text = "".join(chunk.choices[0].delta.content or "" for chunk in reply)
    else:
        text = reply.choices[0].message.content
        assert reply.choices[0].message.newsdesk["abstained"]
    assert text.startswith("The articles do not answer this.")
    assert "None of the 3 articles" in text


def test_the_conversation_and_the_filters_arrive(client, assistant):
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Who supports Rapidus?"},
        {"role": "assistant", "content": "Toyota. [1]"},
        {"role": "user", "content": [{"type": "text", "text": "And JSR?"}]},
    ]
    client.chat.completions.create(
        model="newsdesk",
        messages=messages,
        temperature=0.3,
        max_tokens=5,
        extra_body={"newsdesk": {"filters": {"publishers": ["Harbour Desk"]}}},
    )
    turn = Turn(question="Who supports Rapidus?", answer="Toyota. [1]")
    assert assistant.asked[-1] == ("And JSR?", (turn,))
    assert assistant.filters[-1] == Filters(publishers=("Harbour Desk",))


def test_failures_are_the_clients_own_errors(client):
    with pytest.raises(openai.NotFoundError, match="no model 'gpt-4'") as caught:
        client.chat.completions.create(model="gpt-4", messages=ASK)
    assert caught.value.code == "model_not_found"
    with pytest.raises(openai.UnprocessableEntityError, match="put the question last"):
        client.chat.completions.create(
            model="newsdesk", messages=[*ASK, {"role": "assistant", "content": "x"}]
        )
    picture = [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]
    with pytest.raises(openai.UnprocessableEntityError, match="messages"):
        client.chat.completions.create(
            model="newsdesk", messages=[{"role": "user", "content": picture}]
        )
    with pytest.raises(openai.InternalServerError, match="broke off"):
        client.chat.completions.create(
            model="newsdesk", messages=[{"role": "user", "content": "late"}]
        )


def test_a_failure_in_the_middle_of_a_stream_is_raised_by_the_client(client):
    asked = [{"role": "user", "content": "late"}]
    chunks = client.chat.completions.create(model="newsdesk", messages=asked, stream=True)
    assert next(chunks).choices[0].delta.role == "assistant"
    assert next(chunks).choices[0].delta.content.endswith("[1]")
    with pytest.raises(openai.APIError, match="broke off"):
        next(chunks)


def test_closing_the_stream_stops_the_model(client, assistant):
    asked = [{"role": "user", "content": "stall"}]
    with client.chat.completions.create(model="newsdesk", messages=asked, stream=True) as stream:
        next(iter(stream))
        assert assistant.gate.reached.wait(20)
    assert assistant.gate.cancelled.wait(20)


def test_busy_is_a_rate_limit_for_the_client():
    gate = Gate()
    assistant = ServedAssistant(slow=[gate, abstained("slow")])
    settings = Settings.load(environ={}, server={"max_answers": 1, "max_waiting": 0})
    slow = [{"role": "user", "content": "slow"}]
    with (
        served(assistant, settings) as address,
        client_at(address) as client,
        ThreadPoolExecutor() as threads,
    ):
        ask = client.chat.completions.create
        first = threads.submit(ask, model="newsdesk", messages=slow)
        assert gate.reached.wait(20)
        with pytest.raises(openai.RateLimitError, match="ask again in a moment"):
            ask(model="newsdesk", messages=ASK)
        gate.open()
        assert first.result(20).choices[0].finish_reason == "stop"


def test_articles_without_an_address_are_cited_beside_the_annotations():
    citation = cite(UNDATED, 1, "Supply chains are long.")
    answer = Answer(
        question="q",
        answer="…",
        sentences=(Sentence(text="They are long.", verdict=Verdict.SUPPORTED, citations=(1,)),),
        citations=(citation,),
    )
    assert url_citations(answer) == []
    assert newsdesk(answer)["citations"] == [citation.to_dict()]
    hostile = replace(citation, url="javascript:alert(1)")
    assert url_citations(replace(answer, citations=(hostile,))) == []


def test_the_pieces_make_the_whole():
    answer = written_answer()
    assert "".join(pieces(answer)) == content(answer) == with_marks(answer.sentences)
