import dataclasses
import json

import pytest
from evaluate_fakes import DATASET, FakeAssistant, FakeSearcher, passage

from rag.errors import CorpusError, ModelError, SettingsError
from rag.evaluate import Asks, Case, Dataset, EvidenceQuote, Run, Score, Searches, run
from rag.evaluate.command import run_sets
from rag.evaluate.runner import outcome
from rag.schema import Answer, Citation, Filters, Turn


def shape(finished):
    """What must be the same whenever the same is asked: all but the times."""
    return [dataclasses.replace(record, seconds={}) for record in finished.records]


def test_the_fakes_fit_the_protocols():
    assert isinstance(FakeSearcher(), Searches)
    assert not isinstance(FakeSearcher(), Asks)
    assert isinstance(FakeAssistant(), Asks)


def test_a_run_of_both_halves():
    finished = run(DATASET, FakeAssistant())
    cost, act, both, cup = finished.records
    assert cost.scores["recall_at_5"] == Score(1.0)
    assert cost.scores["containment"] == Score(1.0)
    assert cost.scores["offsets_exact"] == Score(1, 1)
    assert cost.scores["citation_recall"] == Score(1, 1)
    assert set(cost.seconds) == {"retrieve", "answer"}
    assert act.scores["token_f1"].value == pytest.approx(2 / 6)
    assert both.scores["containment"] == Score(0.0)
    assert both.scores["all_at_8"] == Score(1.0)
    assert cup.answer["abstained"]
    assert [record.outcome for record in finished.records] == ["right", "right", "wrong", "right"]
    assert finished.ran == ("retrieve", "answer")


def test_retrieval_alone_needs_passages_alone():
    finished = run(DATASET, FakeSearcher(), answer=False)
    assert finished.records[0].outcome is None
    assert finished.records[0].answer is None
    assert "containment" not in finished.records[0].scores


def test_answers_alone_keep_the_passages_they_were_written_from():
    finished = run(DATASET, FakeAssistant(), retrieve=False)
    assert "recall_at_5" not in finished.records[0].scores
    assert finished.records[0].passages[0].article_id == "fab"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"retrieve": False, "answer": False}, "nothing to run"),
        ({"top_k": 0}, "at least one passage"),
        ({}, "FakeSearcher finds passages but does not answer; pass answer=False"),
    ],
)
def test_wrong_arguments_are_told(options, told):
    with pytest.raises(SettingsError, match=told):
        run(DATASET, FakeSearcher(), **options)


def test_progress_goes_from_none_to_all():
    seen = []
    run(DATASET, FakeSearcher(), answer=False, progress=seen.append)
    assert [(one.stage, one.done, one.total) for one in seen] == [
        ("tiny", done, 4) for done in range(5)
    ]


def test_filters_and_history_are_handed_on():
    class Searcher(FakeSearcher):
        def passages(self, question, top_k=10, filters=None, history=()):
            self.calls.append((top_k, filters, history))
            return []

    filters, history = Filters(article_ids=("fab",)), (Turn(question="Who?"),)
    case = Case(id="a", question="q", answer="x", filters=filters, history=history)
    searcher, assistant = Searcher(), FakeAssistant()
    run(Dataset("d", (case,)), searcher, answer=False, top_k=3)
    assert searcher.calls == [(3, filters, history)]
    run(Dataset("d", (case,)), assistant)
    assert assistant.histories == [history]


def test_a_failure_is_recorded_and_not_scored():
    failing = FakeAssistant(fail_on=frozenset({DATASET.cases[0].question}))
    finished = run(DATASET, failing)
    assert finished.records[0].scores == {}
    assert finished.records[0].outcome == "failed"
    assert finished.records[0].errors == {
        "retrieve": "ModelError: the endpoint did not answer; try again",
        "answer": "ModelError: the endpoint did not answer; try again",
    }
    summary = finished.summary()
    assert summary["errors"] == {"retrieve": 1, "answer": 1}
    assert summary["metrics"]["containment"]["judged"] == 2


def test_a_failing_verifier_leaves_the_answer_scored():
    class Unverified(FakeAssistant):
        def verify(self, text, articles):
            raise ModelError("no verifier")

    record = run(DATASET, Unverified()).records[0]
    assert record.errors == {"verify": "ModelError: no verifier"}
    assert record.scores["containment"] == Score(1.0)
    assert "citation_precision" not in record.scores


def test_an_error_that_is_not_ours_is_not_hidden():
    class Broken(FakeSearcher):
        def passages(self, question, top_k=10, filters=None):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(DATASET, Broken(), answer=False)


class StopError(Exception):
    pass


def stop_after(count):
    def progress(now):
        if now.done == count:
            raise StopError

    return progress


def test_a_stopped_run_goes_on_where_it_was(tmp_path):
    with pytest.raises(StopError):
        run(DATASET, FakeAssistant(), out=tmp_path, progress=stop_after(2), about={"k": 1})
    partial = tmp_path / "tiny.partial.jsonl"
    partial.write_text(partial.read_text() + '{"fingerprint": "cut in the mid')
    assistant = FakeAssistant()
    finished = run(DATASET, assistant, out=tmp_path, about={"k": 1})
    assert not any(DATASET.cases[0].question in call for call in assistant.calls)
    assert any(DATASET.cases[2].question in call for call in assistant.calls)
    assert shape(finished) == shape(run(DATASET, FakeAssistant()))
    assert not partial.exists()
    assert Run.load(tmp_path / "tiny.json") == finished


@pytest.mark.parametrize("change", [{"about": {"k": 2}}, {"top_k": 5}, {"retrieve": False}])
def test_a_run_of_something_else_is_not_taken_up(tmp_path, change):
    with pytest.raises(StopError):
        run(DATASET, FakeAssistant(), out=tmp_path, progress=stop_after(2), about={"k": 1})
    assistant = FakeAssistant()
    run(DATASET, assistant, out=tmp_path, **{"about": {"k": 1}, **change})
    assert any(DATASET.cases[0].question in call for call in assistant.calls)


def test_failed_cases_are_asked_again_and_others_are_not(tmp_path):
    failing = FakeAssistant(fail_on=frozenset({DATASET.cases[1].question}))
    run(DATASET, failing, out=tmp_path)
    mended = FakeAssistant()
    finished = run(DATASET, mended, out=tmp_path)
    assert {call.removeprefix("passages ") for call in mended.calls} == {DATASET.cases[1].question}
    assert not finished.summary()["errors"]


def test_a_finished_run_is_run_afresh(tmp_path):
    run(DATASET, FakeAssistant(), out=tmp_path)
    again = FakeAssistant()
    run(DATASET, again, out=tmp_path)
    assert len(again.calls) == 2 * len(DATASET.cases)


def test_a_saved_run_is_json_with_its_summary(tmp_path):
    finished = run(DATASET, FakeAssistant(), about={"embedder": "fake"})
    finished.save(tmp_path / "deep" / "run.json")
    content = json.loads((tmp_path / "deep" / "run.json").read_text())
    assert content["summary"]["about"] == {"embedder": "fake"}
    assert content["records"][0]["scores"]["containment"] == 1.0
    assert Run.load(tmp_path / "deep" / "run.json") == finished


def test_what_is_no_run_is_told(tmp_path):
    with pytest.raises(CorpusError, match="cannot be read"):
        Run.load(tmp_path / "none.json")
    for text in ("{", "[]", "{}", '{"format": 1}'):
        (tmp_path / "x.json").write_text(text)
        with pytest.raises(CorpusError, match="not a saved eval run"):
            Run.load(tmp_path / "x.json")
    (tmp_path / "x.json").write_text('{"format": 99}')
    with pytest.raises(CorpusError, match="another version"):
        Run.load(tmp_path / "x.json")


def test_an_out_that_cannot_be_written_is_told_before_the_first_question(tmp_path):
    (tmp_path / "file").write_text("")
    searcher = FakeSearcher()
    with pytest.raises(CorpusError, match="cannot be written"):
        run(DATASET, searcher, answer=False, out=tmp_path / "file")
    assert searcher.calls == []


def test_several_sets_are_read_before_the_first_question(tmp_path):
    DATASET.save(tmp_path / "one.jsonl")
    searcher = FakeSearcher()
    with pytest.raises(CorpusError, match="nosuch"):
        run_sets([tmp_path / "one.jsonl", "nosuch"], searcher, answer=False)
    assert searcher.calls == []
    runs = run_sets([tmp_path / "one.jsonl"], searcher, answer=False, out=tmp_path / "out").runs
    assert [one.dataset for one in runs] == ["one"]
    assert (tmp_path / "out" / "one.json").is_file()


CITED = (Citation(number=1, article_id="fab", start=0, end=1, quote="N"),)
RIGHT, WRONG, STRICT = Score(1.0), Score(0.0), Score(0, 1)
KNOWN = Case(id="c", question="q", answer="x", evidence=(EvidenceQuote("fab"),))


@pytest.mark.parametrize(
    ("case", "found", "answer", "scores", "expected"),
    [
        (KNOWN, ["fab"], None, {}, "failed"),
        (KNOWN, ["fab"], {"citations": CITED}, {"containment": RIGHT}, "right"),
        (
            KNOWN,
            ["fab"],
            {"citations": CITED},
            {"containment": RIGHT, "citation_recall_strict": STRICT},
            "unsupported",
        ),
        (KNOWN, ["tea"], {}, {"containment": WRONG}, "not retrieved"),
        (KNOWN, ["fab"], {"abstained": True}, {"containment": WRONG}, "retrieved but not used"),
        (KNOWN, ["fab"], {"citations": CITED}, {"containment": WRONG}, "wrong"),
        (dataclasses.replace(KNOWN, answer=None), [], {}, {}, "should have abstained"),
        (dataclasses.replace(KNOWN, answer=None), [], {"abstained": True}, {}, "right"),
        (dataclasses.replace(KNOWN, answer=()), ["fab"], {}, {"containment": None}, "not judged"),
        (
            dataclasses.replace(KNOWN, answer=()),
            ["tea"],
            {"abstained": True},
            {"containment": None},
            "not retrieved",
        ),
    ],
)
def test_outcomes(case, found, answer, scores, expected):
    passages = [passage(name) for name in found]
    given = None if answer is None else Answer(question="q", answer="a", **answer)
    assert outcome(case, passages, given, scores) == expected
