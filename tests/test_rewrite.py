"""Searches that a model proposes: sound ones are taken, odd ones leave the rules' own."""

import pytest
from fakes import HashEmbedder, ScriptedLLM

from rag.assistant import Assistant
from rag.errors import ModelError
from rag.index import Index
from rag.rewrite import proposed
from rag.schema import Article, Turn
from rag.settings import Settings

HISTORY = [Turn(question="How much did Intel get for Ohio?", answer="$8.5 billion in 2024.")]


def test_a_follow_up_is_made_whole_by_the_model():
    model = ScriptedLLM("1. How much did Samsung get for Texas?\n- Samsung grant Texas\n")
    lines = proposed("And Samsung for Texas?", HISTORY, model)
    assert lines == ["How much did Samsung get for Texas?", "Samsung grant Texas"]
    said = model.prompts[0][-1][1]
    assert "How much did Intel get for Ohio?" in said
    assert "And Samsung for Texas?" in said


@pytest.mark.parametrize(
    "draft",
    [
        "",
        "\n \n",
        "How much did TSMC get in Arizona?",
        "Samsung got $6.4 billion",
        "Samsung got it in 2031",
        "I cannot help with that.",
        "Samsung " * 60,
        "\n".join(f"Samsung Texas {word}" for word in ("a", "b", "c", "d", "e")),
        ModelError("the model is down", retryable=False),
    ],
)
def test_odd_output_and_failure_leave_it_to_the_rules(draft):
    assert proposed("And Samsung for Texas?", HISTORY, ScriptedLLM(draft)) == []


def test_a_simple_question_is_not_put_to_the_model():
    model = ScriptedLLM("Who supports Rapidus?")
    assert proposed("Who supports Rapidus?", (), model) == []
    assert model.prompts == []


@pytest.mark.parametrize(("endpoint", "asked"), [("", 0), ("http://127.0.0.1:9/v1", 1)])
def test_only_a_configured_endpoint_is_asked(tmp_path, endpoint, asked):
    settings = Settings.load(environ={}, llm={"base_url": endpoint, "model": "m"})
    embedder = HashEmbedder()
    index = Index.open(tmp_path, embedder.fingerprint, settings.index)
    model = ScriptedLLM("How much did Samsung get for Texas?\nSamsung grant")
    with Assistant(index, embedder, model, settings) as assistant:
        assistant.ingest(Article(article_id="a", text="Samsung got a grant for Texas."))
        found = assistant.understand("And Samsung for Texas?", HISTORY)
    assert len(model.prompts) == asked
    if asked:
        assert found.question == "How much did Samsung get for Texas?"
        assert found.parts == ["Samsung grant"]
