"""Runs in other tools' layouts, read back by those tools or by their field names."""

import json

import ir_measures
import pytest
from evaluate_fakes import DATASET, FakeAssistant, FakeSearcher, passage
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.errors import SettingsError
from rag.evaluate import Case, Dataset, EvidenceQuote, Run, run
from rag.evaluate.export import _id, export

NDCG = ir_measures.parse_measure("nDCG@10")
MRR = ir_measures.parse_measure("RR@10")


class Scripted:
    """Finds what the question says, in its order: articles by name, some twice."""

    def passages(self, question, top_k=10, filters=None):
        return [passage(name, rank) for rank, name in enumerate(question.split(), start=1)][:top_k]


def measured(folder, name):
    """What ir-measures makes of the exported files."""
    qrels = list(ir_measures.read_trec_qrels(str(folder / f"{name}.qrels")))
    found = list(ir_measures.read_trec_run(str(folder / f"{name}.run")))
    return ir_measures.calc_aggregate([NDCG, MRR], qrels, found)


def test_ir_measures_reads_back_the_same_figures(tmp_path):
    dataset = Dataset(
        "my set",
        (
            Case(id="both found", question="x b b a y", answer=(), evidence=quotes("a", "b")),
            Case(id="graded", question="b a", answer=(), evidence=quotes("b", a=3)),
            Case(id="late", question="p q r s t a", answer=(), evidence=quotes("a")),
            Case(id="missed", question="x y", answer=(), evidence=quotes("a")),
            Case(id="not judged", question="a", answer=None),
        ),
    )
    finished = run(dataset, Scripted(), answer=False)
    assert [path.name for path in export(finished, "trec", tmp_path / "out")] == [
        "my_set.run",
        "my_set.qrels",
    ]
    figures = finished.summary()["metrics"]
    found = measured(tmp_path / "out", "my_set")
    assert found[NDCG] == pytest.approx(figures["ndcg_at_10"]["value"])
    assert found[MRR] == pytest.approx(figures["mrr_at_10"]["value"])
    assert "both%20found Q0 b 2 0.500000 my%20set\n" in (tmp_path / "out/my_set.run").read_text()


def quotes(*names, **grades):
    plain = [EvidenceQuote(name) for name in names]
    return (*plain, *(EvidenceQuote(name, grade=grade) for name, grade in grades.items()))


@settings(max_examples=30, deadline=None)  # each example measures several runs
@given(st.lists(st.lists(st.sampled_from("abcdefghijklmn"), max_size=14), min_size=1, max_size=6))
def test_any_ranking_reads_back_the_same(tmp_path_factory, rankings):
    folder = tmp_path_factory.mktemp("trec")
    cases = tuple(
        Case(id=f"c{number}", question=" ".join(names) or " ", answer=(), evidence=quotes("a", "k"))
        for number, names in enumerate(rankings)
    )
    finished = run(Dataset("d", cases), Scripted(), answer=False, top_k=20)
    export(finished, "trec", folder)
    value = finished.summary()["metrics"]["ndcg_at_10"]["value"]
    assert measured(folder, "d")[NDCG] == pytest.approx(value)


@settings(max_examples=50, deadline=None)
@given(st.text(min_size=1))
def test_ids_keep_lines_whole_and_stay_apart(text):
    assert len(f"{_id(text)} Q0".split()) == 2
    if "%" not in text:
        assert _id(text + " ") != _id(text + "%20")


def test_ragas_samples(tmp_path):
    failing = FakeAssistant(fail_on=frozenset({DATASET.cases[1].question}))
    finished = run(DATASET, failing)
    finished.save(tmp_path / "run.json")
    (path,) = export(Run.load(tmp_path / "run.json"), "ragas", tmp_path)
    samples = [json.loads(line) for line in path.read_text().splitlines()]
    assert [sample["user_input"] for sample in samples] == [
        case.question for case in DATASET.cases if case.id != "act"
    ]
    contexts = samples[0].pop("retrieved_contexts")
    assert contexts[0] == "Norland built a fab in Port Ash. It cost 12 billion crowns."
    assert samples[0] == {
        "user_input": "What did it cost in crowns?",
        "reference_contexts": ["It cost 12 billion crowns."],
        "response": "It cost 12 billion crowns.",
        "reference": "12 billion crowns",
    }
    assert samples[-1].keys() == {"user_input", "retrieved_contexts", "response"}
    bare = run(DATASET, FakeSearcher(), answer=False)
    (path,) = export(bare, "ragas", tmp_path)
    assert "response" not in json.loads(path.read_text().splitlines()[0])


def test_an_unknown_layout_is_told(tmp_path):
    with pytest.raises(SettingsError, match="'csv' is no layout; use one of trec, ragas"):
        export(run(DATASET, FakeSearcher(), answer=False), "csv", tmp_path)
