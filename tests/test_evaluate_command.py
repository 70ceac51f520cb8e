import json

import pytest
from evaluate_fakes import DATASET, FakeAssistant, FakeSearcher

import rag
from rag.errors import CorpusError, SettingsError
from rag.evaluate.command import run_sets, what_runs
from rag.settings import Settings


@pytest.fixture
def tiny(tmp_path):
    DATASET.save(tmp_path / "tiny.jsonl")
    return tmp_path / "tiny.jsonl"


def test_sets_become_tables_and_json(tiny, tmp_path):
    thresholds = tmp_path / "thresholds.toml"
    thresholds.write_text("[tiny]\ncontainment = 0.9\nrecall_at_5 = 0.9\n")
    seen = []
    found = run_sets([tiny], FakeAssistant(), thresholds=thresholds, progress=seen.append)
    assert found.missed == ("tiny: containment is 0.667, must be at least 0.9",)
    assert str(found).startswith("tiny: 4 cases")
    assert len(seen) == 5
    content = json.loads(json.dumps(found.to_dict()))
    assert content["missed"] == list(found.missed)
    (one,) = content["sets"]
    assert one["metrics"]["recall_at_5"]["value"] == 1.0
    assert one["records"][0]["case"]["id"] == "cost"
    assert one["records"][0]["answer"]["citations"][0]["quote"] == "It cost 12 billion crowns."
    assert "passages" not in one["records"][0]


def test_without_thresholds_nothing_is_missed(tiny):
    assert run_sets([tiny], FakeSearcher(), answer=False).missed == ()


def test_bad_thresholds_and_sets_are_told_before_the_first_question(tiny, tmp_path):
    searcher = FakeSearcher()
    with pytest.raises(SettingsError, match="cannot be read"):
        run_sets([tiny], searcher, answer=False, thresholds=tmp_path / "none.toml")
    with pytest.raises(CorpusError, match="nosuch"):
        run_sets([tiny, "nosuch"], searcher, answer=False)
    assert searcher.calls == []


def test_what_ran_is_kept_and_keys_are_not(tiny):
    assistant = FakeAssistant()
    assistant.settings = Settings.load(environ={"RAG_LLM__API_KEY": "hush", "RAG_LLM__MODEL": "m"})
    facts = what_runs(assistant)
    assert facts["newsdesk"] == rag.__version__
    assert facts["settings"]["llm"]["model"] == "m"
    assert "api_key" not in facts["settings"]["llm"]
    about = run_sets([tiny], assistant, about={"embedder": "fake"}).summaries[0]["about"]
    assert about["embedder"] == "fake"
    assert about["settings"] == facts["settings"]
