"""Settings come from defaults, file, environment and arguments, in that order."""

import pytest

from rag.errors import SettingsError
from rag.settings import Settings


@pytest.fixture
def toml(tmp_path):
    def write(text):
        path = tmp_path / "rag.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_later_sources_win(toml):
    file = toml("[retrieval]\ntop_k = 3\nrrf_k = 7\n[chat]\nport = 1\n")
    environ = {"RAG_RETRIEVAL__TOP_K": "4", "RAG_CHAT__PORT": "2", "HOME": "/nowhere"}
    loaded = Settings.load(file, environ, chat={"port": 3})
    assert (loaded.retrieval.rrf_k, loaded.retrieval.top_k, loaded.chat.port) == (7, 4, 3)


@pytest.mark.parametrize(
    ("text", "environ", "words"),
    [
        ("[llm]\nmodle = 'x'", {}, "llm.modle"),
        ("[lmm]\nmodel = 'x'", {}, "lmm"),
        ("[chat]\nport = 99999999", {}, "chat.port"),
        ("top_k = 3", {}, "outside"),
        ("[llm", {}, "TOML"),
        ("[llm]\napi_key = 'secret'", {}, "RAG_LLM__API_KEY"),
        ("", {"RAG_LLM__MODLE": "x"}, "RAG_LLM__MODLE"),
        ("", {"RAG_NOWHERE__KEY": "x"}, "RAG_NOWHERE__KEY"),
        ("", {"RAG_RETRIEVAL__TOP_K": "many"}, "RAG_RETRIEVAL__TOP_K"),
    ],
)
def test_what_is_wrong_is_named(toml, text, environ, words):
    with pytest.raises(SettingsError) as raised:
        Settings.load(toml(text), environ)
    assert words in str(raised.value)
    assert "secret" not in str(raised.value)


def test_a_missing_file_is_an_error_only_when_asked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Settings.load(environ={}) == Settings()
    with pytest.raises(SettingsError, match=r"no\.toml"):
        Settings.load(tmp_path / "no.toml", {})


def test_a_key_never_shows():
    loaded = Settings.load(environ={"RAG_LLM__API_KEY": "canary"})
    assert "canary" not in f"{loaded!r} {loaded} {loaded.model_dump_json()}"


def test_every_setting_is_in_the_docs():
    from pathlib import Path

    text = Path(__file__).parent.parent.joinpath("docs/settings.md").read_text(encoding="utf-8")
    for section, fields in Settings.model_fields.items():
        for key in fields.annotation.model_fields:
            assert f"[{section}]" in text
            assert f"{key} = " in text or f"`RAG_{section.upper()}__{key.upper()}`" in text, key


@pytest.mark.parametrize("given", ['["one", "two, three"]', "one,  two"])
def test_a_list_in_the_environment(given):
    settings = Settings.load(environ={"RAG_FETCH__ALLOW_HOSTS": given})
    assert settings.fetch.allow_hosts[0] == "one"
    assert len(settings.fetch.allow_hosts) == 2


def test_a_broken_list_names_its_setting():
    with pytest.raises(SettingsError, match="allow_hosts"):
        Settings.load(environ={"RAG_FETCH__ALLOW_HOSTS": '["one"'})
