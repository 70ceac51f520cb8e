"""Who may come in: passwords, the token, hosts and origins; and that no secret gets out."""

from __future__ import annotations

import json
import logging
from base64 import b64encode

import openai
import pytest
from chromium import opened_browser, served
from fake_assistant import written_answer
from fakes import HashEmbedder
from fault_server import FaultServer
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from served import ADDRESS, ServedAssistant, client_of
from starlette.testclient import TestClient
from typer.testing import CliRunner

from rag.api.service import Service
from rag.assistant import Assistant
from rag.cli import app as command
from rag.errors import SettingsError
from rag.evaluate import Case, Dataset, run
from rag.evaluate.html_report import html_report
from rag.index import Index
from rag.llm import LanguageModel, RemoteEndpoint
from rag.passwords import Users, user_line
from rag.schema import Article
from rag.settings import ChatSettings, Settings
from rag.ui.server import api, build_app, listen

PASSWORD = "canary-password-4711"
TOKEN = "canary-token-0815-0815"
KEY = "sk-canary-endpoint-key-2342"
LINE = user_line("mia", PASSWORD)
PROTECTED = {"server": {"users": [LINE], "token": TOKEN}}


def basic(name: str, password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(f'{name}:{password}'.encode()).decode()}"}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture(scope="module")
def whole():
    """The whole server, page included, with a password."""
    return build_app(ServedAssistant(), Settings.load(environ={}, **PROTECTED))


@pytest.fixture(scope="module")
def client(whole):
    with TestClient(whole, base_url=ADDRESS, raise_server_exceptions=False) as client:
        yield client


# ---------------------------------------------------------------- passwords


def test_a_password_is_kept_as_what_it_can_be_checked_by():
    users = Users([LINE, user_line("Jürgen", "pässwört")])
    assert users.match("mia", PASSWORD)
    assert users.match("Ju\u0308rgen", "pa\u0308sswo\u0308rt")  # the same letters, put together
    assert not users.match("mia", PASSWORD + "x")
    assert not users.match("mia", "")
    assert not users.match("tom", PASSWORD)
    assert not users.match("", "")
    assert not Users([]).match("mia", PASSWORD)
    assert PASSWORD not in LINE
    assert user_line("mia", PASSWORD) != LINE  # a salt of its own


@pytest.mark.parametrize(
    ("name", "password"), [("mia", "short"), ("a:b", PASSWORD), ("", PASSWORD), ("a,b", PASSWORD)]
)
def test_a_name_or_password_that_will_not_do_is_told(name, password):
    with pytest.raises(SettingsError):
        user_line(name, password)


def test_the_command_makes_a_line_that_the_settings_take():
    made = CliRunner().invoke(command, ["password", "mia"], input=f"{PASSWORD}\n")
    assert made.exit_code == 0
    settings = Settings.load(environ={"RAG_SERVER__USERS": made.stdout.strip()})
    assert Users(settings.server.users).match("mia", PASSWORD)


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({"RAG_SERVER__USERS": f"mia:{PASSWORD}"}, "rag password"),
        ({"RAG_SERVER__TOKEN": KEY[:15]}, "at least 16"),
    ],
)
def test_settings_that_cannot_protect_are_refused_without_repeating_them(environ, wanted):
    with pytest.raises(SettingsError, match=wanted) as caught:
        Settings.load(environ=environ)
    assert "canary" not in str(caught.value)


def test_a_token_does_not_belong_in_a_file(tmp_path):
    file = tmp_path / "rag.toml"
    file.write_text(f'[server]\ntoken = "{TOKEN}"\n')
    with pytest.raises(SettingsError, match="RAG_SERVER__TOKEN") as caught:
        Settings.load(file, environ={})
    assert TOKEN not in str(caught.value)


def test_settings_do_not_show_secrets():
    shown = repr(Settings.load(environ={"RAG_LLM__API_KEY": KEY}, **PROTECTED))
    assert "canary" not in shown
    assert LINE.rpartition("$")[2] not in shown


# ---------------------------------------------------------------- each route asks: test_routes.py


@pytest.mark.parametrize(
    "headers",
    [
        {},
        basic("mia", "wrong-password"),
        basic("tom", PASSWORD),
        basic("", ""),
        bearer("wrong"),
        bearer(""),
        bearer(PASSWORD),
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic"},
        {"Authorization": f"Digest {TOKEN}"},
        {"Authorization": TOKEN},
        {"Cookie": f"token={TOKEN}"},
        {"X-Api-Key": TOKEN},
    ],
)
def test_the_wrong_credentials_do_not_open(client, headers):
    response = client.get(f"/api/articles?token={TOKEN}", headers=headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Basic ")
    assert response.json()["error"]["code"] == "unauthorized"
    assert "canary" not in response.text


@pytest.mark.parametrize("headers", [basic("mia", PASSWORD), bearer(TOKEN), basic("any", TOKEN)])
def test_the_right_ones_do_again_and_again(client, headers):
    for _ in range(3):
        assert client.get("/api/articles", headers=headers).status_code == 200
    assert client.get("/", headers=headers).status_code == 200
    assert client.get("/metrics", headers=headers).status_code == 200


def test_without_users_and_token_everybody_may_come_in():
    with client_of(ServedAssistant()) as client:
        assert client.get("/api/articles").status_code == 200
        assert "security" not in client.get("/api/openapi.json").json()["paths"]["/api/ask"]["post"]


def test_the_document_says_that_it_asks(client):
    document = client.get("/api/openapi.json", headers=bearer(TOKEN)).json()
    schemes = {s["scheme"] for s in document["components"]["securitySchemes"].values()}
    assert schemes == {"basic", "bearer"}
    assert document["paths"]["/api/ask"]["post"]["security"]


async def test_clients_of_openai_and_mcp_come_in_with_the_token(protected_address):
    address = protected_address
    asked = [{"role": "user", "content": "JSR?"}]
    async with openai.AsyncOpenAI(base_url=f"{address}/v1", api_key=TOKEN) as client:
        reply = await client.chat.completions.create(model="newsdesk", messages=asked)
        assert reply.choices[0].message.content
    async with openai.AsyncOpenAI(base_url=f"{address}/v1", api_key="wrong") as client:
        with pytest.raises(openai.AuthenticationError):
            await client.models.list()
    from mcp.shared._httpx_utils import create_mcp_http_client

    async with create_mcp_http_client(headers=bearer(TOKEN)) as http:
        transport = streamable_http_client(f"{address}/mcp", http_client=http)
        async with Client(transport) as client:
            assert len((await client.list_tools()).tools) == 3


@pytest.fixture
def protected_address():
    with served(ServedAssistant(), Settings.load(environ={}, **PROTECTED)) as address:
        yield address


@pytest.mark.browser
def test_a_reader_logs_in_and_asks():
    assistant = ServedAssistant()
    settings = Settings.load(environ={}, **PROTECTED)
    with served(assistant, settings) as address, opened_browser() as browser:
        context = browser.new_context(http_credentials={"username": "mia", "password": PASSWORD})
        page = context.new_page()
        page.goto(address)
        page.locator("#box textarea").fill("How much for JSR?")
        page.locator("#box textarea").press("Enter")
        page.get_by_text("903.9 billion yen").first.wait_for(timeout=60_000)


# ---------------------------------------------------------------- where it is served


def test_other_machines_are_let_in_where_a_password_is_asked_for():
    with listen(ChatSettings(host="0.0.0.0", port=0), protected=True) as listener:
        assert listener.getsockname()[0] == "0.0.0.0"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_otherwise_the_remedies_are_named(host):
    with pytest.raises(SettingsError, match=r"rag password.*RAG_SERVER__TOKEN.*127\.0\.0\.1"):
        listen(ChatSettings(host=host, port=0))


@pytest.mark.parametrize(
    ("sections", "host", "status"),
    [
        ({}, "127.0.0.1:7860", 200),
        ({}, "localhost", 200),
        ({}, "[::1]:7860", 200),
        ({}, "192.168.1.5:7860", 421),
        ({}, "news.example", 421),
        ({}, "", 421),
        ({}, "[::1", 421),
        ({}, "127.0.0.1.evil.example", 421),
        ({"server": {"hosts": ["News.example"]}}, "news.example:443", 200),
        ({"server": {"hosts": ["news.example"]}}, "evil.example", 421),
        ({"chat": {"host": "0.0.0.0"}}, "192.168.1.5:7860", 200),
        ({"chat": {"host": "0.0.0.0"}}, "evil.example:7860", 421),
    ],
)
def test_names_that_others_make_point_here_are_refused(sections, host, status):
    settings = Settings.load(environ={}, **sections)
    app = api(Service(ServedAssistant(), settings), settings)
    client = TestClient(app, base_url=ADDRESS)  # no lifespan: nothing is asked of it here
    assert client.get("/api/openapi.json", headers={"Host": host}).status_code == status


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://127.0.0.1:1", "http://localhost:7860", "", "["],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/ask"),
        ("GET", "/api/articles"),
        ("OPTIONS", "/api/ask"),
        ("POST", "/v1/chat/completions"),
        ("POST", "/mcp"),
        ("POST", "/gradio_api/queue/join"),
        ("GET", "/metrics"),
    ],
)
def test_other_sites_get_no_grant(client, origin, method, path):
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST", **bearer(TOKEN)}
    response = client.request(method, path, headers=headers)
    assert response.status_code == 403
    assert not [name for name in response.headers if name.startswith("access-control-")]


def test_the_own_page_may_ask(client):
    headers = {"Origin": ADDRESS, **bearer(TOKEN)}
    assert client.post("/api/ask", json={"question": "JSR?"}, headers=headers).status_code == 200


# ---------------------------------------------------------------- secrets stay where they are


@pytest.fixture
def real(tmp_path):
    """An assistant whose endpoint refuses its key, and repeats it while doing so."""
    embedder = HashEmbedder()
    settings = Settings.load(
        environ={"RAG_LLM__API_KEY": KEY, "RAG_LLM__BASE_URL": "http://x.example/v1",
                 "RAG_LLM__MODEL": "m"},
        answer={"abstain_below": 0}, **PROTECTED,
    )  # fmt: skip
    index = Index.open(tmp_path / "index", embedder.fingerprint, settings.index)
    with FaultServer("wrong_key") as faults:
        endpoint = RemoteEndpoint(faults.base_url, KEY)
        model = LanguageModel(endpoint, name="m", timeout=20)
        with Assistant(index, embedder, model, settings) as assistant:
            assistant.ingest([Article(article_id="a", title="JSR", text="The fund buys JSR.")])
            yield assistant, settings, faults


def test_no_secret_is_in_logs_answers_or_failures(real, caplog):
    assistant, settings, faults = real
    caplog.set_level(logging.DEBUG)
    texts = []
    paths = "/ /config /metrics /readyz /api/articles /api/openapi.json /v1/models /source".split()
    app = build_app(assistant, settings)
    with TestClient(app, base_url=ADDRESS, raise_server_exceptions=False) as client:
        for headers in (basic("mia", PASSWORD), bearer(TOKEN), basic("mia", TOKEN + "x"), {}):
            for question in ("What does the fund buy?", ""):
                for stream in (False, True):
                    body = {"question": question, "stream": stream}
                    texts.append(client.post("/api/ask", json=body, headers=headers))
            texts += [client.get(path, headers=headers) for path in paths]
    assert [key for key in faults.keys if KEY in key]  # the endpoint was asked, with the key
    assert "refuse" in "".join(r.text for r in texts) or "key" in "".join(r.text for r in texts)
    seen = caplog.text + json.dumps([record.__dict__ for record in caplog.records], default=repr)
    seen += "".join(response.text + str(response.headers) for response in texts)
    encoded = b64encode(f"mia:{PASSWORD}".encode()).decode()
    for secret in (PASSWORD, TOKEN, KEY, encoded, LINE.rpartition("$")[2]):
        assert secret not in seen
    assert written_answer().question not in caplog.text


def test_no_secret_is_in_the_index_or_in_an_eval_report(real, tmp_path):
    assistant, _, faults = real
    case = Case(id="a", question="What does the fund buy?", answer=("JSR",))
    found = run(Dataset("asked", (case,)), assistant, about=assistant.about)
    assert [key for key in faults.keys if KEY in key]
    seen = html_report([found], ["asked"]).encode()
    seen += b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"The fund buys JSR" in seen
    for secret in (PASSWORD, TOKEN, KEY, LINE.rpartition("$")[2]):
        assert secret.encode() not in seen
