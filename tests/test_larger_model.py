"""A larger model behind an endpoint: fluent prose, the same guarantees, an early first sentence."""

from __future__ import annotations

import re

import pytest
from fakes import HashEmbedder, ScriptedLLM

from rag.assistant import Assistant
from rag.evaluate.citations import strict_judge
from rag.index import Index
from rag.llm import LanguageModel, RemoteEndpoint
from rag.schema import Article, Verdict
from rag.settings import Settings
from tests.fault_server import FaultServer

ARTICLES = [
    Article(
        article_id="jsr",
        title="Japan fund to buy JSR",
        published="2023-06-26",
        text="A Japanese government-backed fund will buy JSR for $6.4 billion. JSR makes light-"
        "sensitive photoresists for chip factories. The offer for JSR starts in December 2023.",
    ),
    Article(
        article_id="rapidus",
        title="Rapidus and its friends",
        published="2022-12-13",
        text="Rapidus relies on support from IBM and Imec. The chip venture Rapidus was founded "
        "in August 2022.",
    ),
]
GOOD = (
    "The government-backed Japanese fund will buy JSR for $6.4 billion [1].",
    "JSR, for its part, makes light-sensitive photoresists for chip factories [2].",
)
FLUENT = f"{GOOD[0]} Remarkably, Samsung will match that offer by May 2024 [1]. {GOOD[1]} [99]"
QUESTION = "How much will the fund pay for JSR, and what does JSR make?"


@pytest.fixture(scope="module", autouse=True)
def _imported():
    """The two seconds of importing LlamaIndex, so that no deadline counts them."""
    from rag.importing import import_openai_like

    import_openai_like()


def assistant_with(tmp_path, model):
    settings = Settings.load(environ={}, answer={"abstain_below": 0.0})
    embedder = HashEmbedder(dimensions=256)
    index = Index.open(tmp_path / "index", embedder.fingerprint, settings.index)
    assistant = Assistant(index, embedder, model, settings)
    assistant.ingest(ARTICLES)
    return assistant


def test_fluent_prose_from_an_endpoint_gets_the_same_guarantees(tmp_path):
    with FaultServer(pieces=re.findall(r"\s*\S+", FLUENT)) as server:
        model = LanguageModel(RemoteEndpoint(server.base_url), name="larger", timeout=60.0)
        with assistant_with(tmp_path, model) as assistant:
            answer = assistant.ask(QUESTION)
            texts = {
                one.article_id: assistant.article(one.article_id).text for one in answer.citations
            }

    assert (answer.model, answer.notice) == ("larger", "")
    assert "will buy JSR for $6.4 billion" in answer.sentences[0].text
    assert any(one.verdict is Verdict.SUPPORTED for one in answer.sentences)
    assert "Samsung" not in answer.answer
    assert any("Samsung" in one.text for one in answer.left_out)
    quotes = {one.number: one.quote for one in answer.citations}
    assert {int(mark) for mark in re.findall(r"\[(\d+)\]", answer.answer)} == set(quotes)
    for one in answer.citations:
        assert texts[one.article_id][one.start : one.end] == one.quote
    for sentence in answer.sentences:
        assert strict_judge(sentence.text, [quotes[number] for number in sentence.citations])
    assert 0 < answer.timings["first_sentence"] <= answer.timings["total"]


def test_the_first_checked_sentence_is_shown_while_the_model_writes_on(tmp_path):
    model = ScriptedLLM(" ".join(GOOD), pause=0.1)
    with assistant_with(tmp_path, model) as assistant:
        steps = list(assistant.stream(QUESTION))

    first = next(step for step in steps if step.sentences)
    assert not first.complete
    assert len(first.sentences) == 1
    whole = steps[-1]
    assert first.timings["first_sentence"] == whole.timings["first_sentence"]
    rest = 0.1 * len(GOOD[1].split())
    assert whole.timings["total"] - whole.timings["first_sentence"] >= 0.9 * rest


def test_quoted_evidence_alone_has_no_first_drafted_sentence(tmp_path):
    with assistant_with(tmp_path, None) as assistant:
        answer = assistant.ask(QUESTION)
    assert answer.sentences
    assert "first_sentence" not in answer.timings
