"""The MCP client of the official package against the tools: in process, over HTTP, on stdio."""

from __future__ import annotations

import asyncio
import sys

import anyio
import pytest
from chromium import served
from fake_assistant import JSR, Gate, growing, written_answer
from mcp import Client, StdioServerParameters
from served import ServedAssistant

from rag.api.service import Service
from rag.api.tools import tools
from rag.cite import with_marks
from rag.errors import IndexDamaged
from rag.schema import Article, Filters
from rag.settings import Settings


def client_of(assistant: ServedAssistant) -> Client:
    return Client(tools(Service(assistant, Settings.load(environ={}))))


async def test_the_tools_are_listed_with_what_they_take_and_give():
    async with client_of(ServedAssistant()) as client:
        listed = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert set(listed) == {"ask", "retrieve", "read_article"}
    for tool in listed.values():
        assert tool.description
        assert tool.annotations.read_only_hint
        assert tool.output_schema["type"] == "object"
    assert listed["ask"].input_schema["required"] == ["question"]


async def test_an_answer_has_marks_sources_and_exact_citations():
    assistant, told = ServedAssistant(), []

    async def progress(done, total, message) -> None:
        told.append(message)

    async with client_of(assistant) as client:
        found = await client.call_tool(
            "ask",
            {"question": "JSR?", "published_from": "2023-01-01", "publishers": ["Harbour Desk"]},
            progress_callback=progress,
        )
    answer = written_answer()
    text = found.content[0].text
    assert text.startswith(with_marks(answer.sentences))
    assert "[2] jsr-buyout (State-backed fund to buy chip materials maker JSR;" in text
    for cited in found.structured_content["citations"]:
        assert JSR.text[cited["start"] : cited["end"]] == cited["quote"]
    assert found.structured_content["sentences"][0]["verdict"] == "supported"
    assert assistant.filters[-1] == Filters(
        published_from="2023-01-01", publishers=("Harbour Desk",)
    )
    assert told[0] == answer.sentences[0].text


async def test_not_knowing_is_said():
    async with client_of(ServedAssistant()) as client:
        found = await client.call_tool("ask", {"question": "love?"})
    assert not found.is_error
    assert found.structured_content["abstained"]
    assert "None of the 3 articles" in found.content[0].text


async def test_passages_and_articles_are_read():
    async with client_of(ServedAssistant()) as client:
        passages = await client.call_tool("retrieve", {"question": "chips", "top_k": 2})
        assert len(passages.structured_content["passages"]) == 2
        assert JSR.text[:40] in passages.content[0].text
        article = await client.call_tool("read_article", {"article_id": "jsr-buyout"})
        assert article.structured_content["text"] == JSR.text
        later = await client.call_tool("read_article", {"article_id": "jsr-buyout", "start": 7})
        assert later.structured_content["text"] == JSR.text[7:]


async def test_a_long_article_comes_in_parts():
    long = Article(article_id="long", text="word " * 10_000)
    async with client_of(ServedAssistant([long])) as client:
        part = (await client.call_tool("read_article", {"article_id": "long"})).structured_content
    assert (len(part["text"]), part["length"]) == (20_000, 50_000)


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("read_article", {"article_id": "nothing"}, "there is no article 'nothing'"),
        ("ask", {"question": "damaged"}, "rag doctor --repair"),
        ("ask", {"question": "x", "published_from": "2023-02-01", "published_to": "2023-01-01"},
         "date range is empty"),
        ("ask", {}, "question"),
        ("retrieve", {"question": "x", "top_k": 0}, "top_k"),
        ("ask", {"question": "defect"}, "Error executing tool ask"),
    ],
)  # fmt: skip
async def test_failures_are_told_to_the_model(tool, arguments, said):
    assistant = ServedAssistant(
        damaged=[IndexDamaged("vectors.bin is damaged; run rag doctor --repair")],
        defect=[ZeroDivisionError("a secret detail")],
    )
    async with client_of(assistant) as client:
        found = await client.call_tool(tool, arguments)
    assert found.is_error
    assert said in found.content[0].text
    assert "secret" not in found.content[0].text


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def address(gate):
    assistant = ServedAssistant(stall=[growing(written_answer())[1], gate])
    with served(assistant, Settings.load(environ={})) as address:
        yield address


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_the_tools_are_served_over_http(mode, address, gate):
    async with Client(f"{address}/mcp", mode=mode) as client:
        found = await client.call_tool("ask", {"question": "JSR?"})
        assert found.structured_content["citations"][0]["article_id"] == "jsr-buyout"
        with anyio.move_on_after(30):
            asking = asyncio.create_task(client.call_tool("ask", {"question": "stall"}))
            await gate.arrival()
            asking.cancel()
            await asyncio.wait({asking})
            await gate.cancellation()
        assert gate.cancelled.is_set()


async def test_the_command_serves_one_client_on_stdio(tmp_path):
    command = ["-m", "rag.cli", "mcp", "--index", str(tmp_path / "index")]
    parameters = StdioServerParameters(command=sys.executable, args=command)
    with anyio.fail_after(120):
        async with Client(parameters) as client:
            assert len((await client.list_tools()).tools) == 3
            found = await client.call_tool("read_article", {"article_id": "x"})
    assert found.is_error
    assert "rag ingest" in found.content[0].text
