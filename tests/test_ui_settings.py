"""The settings page, in a real Chromium, over an endpoint by script."""

from __future__ import annotations

import logging
import threading
import tomllib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from chromium import PHONE, opened_browser, served
from fakes import HashEmbedder
from test_ui_library import violations

from rag.assistant import Assistant
from rag.errors import SettingsError
from rag.index import Index
from rag.settings import Settings
from rag.ui.preferences import Preferences, fields_of
from rag.ui.shelf import Shelf

KEY = "sk-secret-0123456789"


class Endpoint(BaseHTTPRequestHandler):
    """Says one word to those who bring a key; records which."""

    keys: list[str] = []  # noqa: RUF012

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.keys.append(self.headers.get("authorization", ""))
        good = KEY in self.keys[-1]
        body = (
            'data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":'
            '[{"index":0,"delta":{"role":"assistant","content":"ready <b>"},'
            '"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
            if good
            else '{"error": {"message": "no such key"}}'
        ).encode()
        self.send_response(200 if good else 401)
        kind = "text/event-stream" if good else "application/json"
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_) -> None:
        pass


@pytest.fixture(scope="module")
def endpoint():
    with ThreadingHTTPServer(("127.0.0.1", 0), Endpoint) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()


@pytest.fixture
def shelf(tmp_path):
    embedder = HashEmbedder()
    settings = Settings.load(environ={})
    with Index.open(tmp_path / "all/index", embedder.fingerprint, settings.index) as index:
        yield Shelf(Assistant(index, embedder, None, settings))


def preferred(shelf, **environ: str) -> Preferences:
    return Preferences.beside(shelf, lambda chosen: Settings.load(environ=environ, chosen=chosen))


def fields(preferences: Preferences, **given: str):
    now = preferences.settings
    writer = "endpoint" if now.llm.base_url else "embedded"
    return fields_of({"writer": writer, "retrieval.understand": "1", **given}, now)


def test_choices_are_kept_where_they_differ_and_stand_below_the_environment(shelf):
    preferences = preferred(shelf, RAG_ANSWER__MAX_SENTENCES="7")
    preferences.save(fields(preferences, **{"retrieval.top_k": "12", "answer.max_sentences": "7"}))
    assert tomllib.loads(preferences.file.read_text()) == {"retrieval": {"top_k": 12}}
    assert shelf.settings.retrieval.top_k == 12
    again = preferred(shelf, RAG_RETRIEVAL__TOP_K="5")
    assert again.settings.retrieval.top_k == 5
    again.save({})
    assert preferred(shelf).settings.retrieval.top_k == Settings().retrieval.top_k


def test_a_wrong_value_changes_nothing(shelf):
    preferences = preferred(shelf)
    before = shelf.current
    for wrong in ({"retrieval.top_k": "0"}, {"retrieval.top_k": "many"}, {"llm.timeout": "nan"}):
        with pytest.raises(SettingsError, match=next(iter(wrong)).replace(".", r"\.")):
            preferences.save(fields(preferences, **wrong))
    with pytest.raises(SettingsError, match=r"llm\.model"):
        preferences.save(fields(preferences, writer="endpoint", **{"llm.base_url": "http://a/v1"}))
    assert not preferences.file.exists()
    assert shelf.current is before


def test_a_key_goes_to_the_address_that_it_was_given_for_and_to_no_file(shelf):
    preferences = preferred(shelf, RAG_LLM__API_KEY="env-key")
    model = {"writer": "endpoint", "llm.model": "m"}
    preferences.save(fields(preferences, **model, **{"llm.base_url": "http://one/v1"}))
    assert preferences.settings.llm.api_key.get_secret_value() == "env-key"
    preferences.remember("http://two/v1", KEY)
    preferences.save(fields(preferences, **model, **{"llm.base_url": "http://two/v1"}))
    assert preferences.settings.llm.api_key.get_secret_value() == KEY
    assert KEY not in preferences.file.read_text()
    assert "key" not in preferences.file.read_text()
    named = preferred(shelf)
    named._base = Settings.load(
        environ={
            "RAG_LLM__BASE_URL": "http://mine/v1",
            "RAG_LLM__MODEL": "m",
            "RAG_LLM__API_KEY": "k",
        }
    )
    elsewhere = named._base.model_copy(
        update={"llm": named._base.llm.model_copy(update={"base_url": "http://evil/v1"})}
    )
    assert named._key(elsewhere) is None
    assert named._key(named._base).get_secret_value() == "k"


def test_a_file_that_somebody_broke_is_named(shelf):
    shelf.parent.mkdir(exist_ok=True)
    (shelf.parent / "chat.toml").write_text("[llm\n")
    with pytest.raises(SettingsError, match=r"chat\.toml: not valid TOML"):
        preferred(shelf)
    (shelf.parent / "chat.toml").write_text("[llm]\nnonsense = 1\n")
    with pytest.raises(SettingsError, match=r"llm\.nonsense \(chat\.toml\)"):
        preferred(shelf)


def test_a_password_in_the_address_is_refused(shelf):
    with pytest.raises(SettingsError, match="does not belong in the address"):
        fields(preferred(shelf), writer="endpoint", **{"llm.base_url": "http://u:p@a/v1"})


@pytest.fixture
def page(shelf, request):
    """The page, over a server that other machines could reach where the test is marked so."""
    preferences = preferred(shelf)
    with (
        served(shelf, preferences.settings, preferences=preferences) as address,
        opened_browser() as browser,
    ):
        page = browser.new_page()
        page.set_default_timeout(60_000)
        page.goto(f"{address}/settings")
        yield page


@pytest.mark.browser
def test_a_model_is_tested_and_used_and_its_key_is_never_shown(page, shelf, endpoint, caplog):
    caplog.set_level(logging.DEBUG)
    page.get_by_label("A model at an OpenAI-compatible address").check()
    page.get_by_label("Address", exact=True).fill(endpoint)
    page.get_by_label("Model", exact=True).fill("m")
    page.get_by_label("Key").fill("wrong")
    page.get_by_role("button", name="Test the model").click()
    page.locator(".problem", has_text="refused the key (401)").wait_for()
    assert page.get_by_label("Model", exact=True).input_value() == "m"
    page.get_by_label("Key").fill(KEY)
    page.get_by_role("button", name="Test the model").click()
    page.locator(".done q", has_text="ready <b>").wait_for()
    assert shelf.settings.llm.base_url == ""
    page.get_by_role("button", name="Save and use").click()
    page.locator(".done", has_text="Saved").wait_for()
    assert shelf.settings.llm.base_url == endpoint
    assert KEY in Endpoint.keys[-1]
    assert page.get_by_label("Key").get_attribute("placeholder") == "A key is set"
    assert KEY not in page.content()
    assert not any(KEY in record.getMessage() for record in caplog.records)
    page.get_by_label("Address", exact=True).fill("http://127.0.0.1:9/v1")
    page.get_by_role("button", name="Test the model").click()
    page.locator(".problem", has_text="cannot be reached").wait_for()
    page.get_by_role("button", name="Forget these choices").click()
    page.locator(".done", has_text="Saved").wait_for()
    assert shelf.settings.llm.base_url == ""


@pytest.mark.browser
def test_colours_are_kept_by_the_browser_for_every_page(page):
    def paper() -> int:
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return int(colour.split("(")[1].split(",")[0])

    assert paper() > 200
    page.get_by_label("Colours").select_option("dark")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_function("() => document.documentElement.dataset.appearance === 'dark'")
    assert paper() < 60
    page.get_by_role("link", name="Ask").click()
    page.locator("#box textarea").wait_for()  # there is nothing to welcome to: it is empty
    page.wait_for_function("() => document.documentElement.dataset.appearance === 'dark'")
    assert paper() < 60


@pytest.mark.browser
def test_axe_finds_nothing_and_a_phone_shows_everything(page):
    assert violations(page) == []
    page.set_viewport_size(PHONE["viewport"])
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.browser
def test_strangers_on_the_network_cannot_change_the_model(shelf):
    from starlette.testclient import TestClient

    from rag.ui.server import build_app

    preferences = preferred(shelf)
    settings = Settings.load(environ={}, chat={"allow_remote": True})
    with TestClient(build_app(shelf, settings, preferences=preferences)) as client:
        assert "Who writes" not in client.get("/settings").text
        form = {"writer": "endpoint", "llm.base_url": "http://evil/v1", "llm.model": "m"}
        assert client.post("/settings-save", data=form).status_code >= 400
    assert not preferences.file.exists()
