"""The threshold of abstaining: fitted on cases, kept with the collection, set aside when stale."""

import json
from dataclasses import replace

import pytest
from fakes import HashEmbedder
from hypothesis import given
from hypothesis import strategies as st

from rag.assistant import Assistant
from rag.calibration import Calibration
from rag.errors import CorpusError, IndexMissing
from rag.evaluate.calibrate import FEWEST, Judged, best, curve, judged, point, trade_off
from rag.evaluate.cases import Case, Dataset
from rag.index import Index
from rag.schema import Article
from rag.settings import Settings

FITTED = Calibration(
    abstain_below=0.4,
    sets=("mine",),
    answerable=10,
    unanswerable=10,
    precision=0.9,
    recall=0.8,
    scored_by="",
)
CASES = [(0.1, False), (0.2, False), (0.3, True), (0.4, False), (0.8, True), (0.9, True)]
FOUND = [Judged(likely, answerable) for likely, answerable in CASES]


def make(tmp_path, **answer):
    chosen = Settings.load(environ={}, answer=answer)
    embedder = HashEmbedder()
    index = Index.open(tmp_path / "index", embedder.fingerprint, chosen.index)
    return Assistant(index, embedder, None, chosen)


def ingested(tmp_path, **answer):
    assistant = make(tmp_path, **answer)
    assistant.ingest(Article(article_id="a", text="Orbin builds a plant in Port Ash for money."))
    return assistant


def test_the_curve_counts_what_each_threshold_declines():
    at = {one.below: one for one in curve(FOUND)}
    assert (at[0.0].precision, at[0.0].recall, at[0.0].answered) == (1.0, 0.0, 1.0)
    assert at[0.25] == point(FOUND, 0.25)
    assert (at[0.25].precision, at[0.25].recall, at[0.25].answered) == (1.0, 2 / 3, 1.0)
    assert (at[0.6].precision, at[0.6].recall) == (0.75, 1.0)
    assert (at[1.0].precision, at[1.0].answered) == (0.5, 0.0)


def test_the_best_point_is_of_the_best_f1_or_of_the_best_recall_at_a_precision():
    points = curve(FOUND)
    assert best(points).below == 0.6
    assert best(points, precision=0.9).below == 0.25
    with pytest.raises(CorpusError, match="ask for less"):
        best([one for one in points if one.precision < 1], precision=0.99)


def test_the_table_holds_each_tenth_and_what_was_chosen():
    chosen = best(curve(FOUND))
    rows = trade_off(FOUND, replace(chosen, below=0.61))
    assert [row.below for row in rows] == sorted(row.below for row in rows)
    assert len(rows) == 10


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40))
def test_declining_more_never_declines_fewer_of_either_kind(cases):
    points = curve([Judged(*case) for case in cases])
    assert [one.recall for one in points] == sorted(one.recall for one in points)
    assert [one.answered for one in points] == sorted((o.answered for o in points), reverse=True)


def test_both_kinds_of_cases_are_needed():
    cases = tuple(Case(id=str(n), question="Who?", answer="x") for n in range(2 * FEWEST))
    with pytest.raises(CorpusError, match="answer: null"):
        judged([Dataset("mine", cases)], None)


def test_a_fit_is_used_until_it_is_reset_and_survives_reopening(tmp_path):
    assistant = ingested(tmp_path)
    default = assistant.abstain_below
    assert (assistant.calibration, default) == (
        None,
        Settings.load(environ={}).answer.abstain_below,
    )

    assistant.keep_calibration(replace(FITTED, scored_by=assistant.scored_by))
    assistant.close()

    again = make(tmp_path)
    assert again.abstain_below == 0.4
    assert again.calibration.sets == ("mine",)
    again.ingest(Article(article_id="b", text="Another article of some words, and more of them."))
    assert again.abstain_below == 0.4
    again.keep_calibration(None)
    assert (again.calibration, again.abstain_below) == (None, default)


def test_a_setting_that_is_given_wins(tmp_path):
    assistant = ingested(tmp_path, abstain_below=0.7)
    assistant.keep_calibration(replace(FITTED, scored_by=assistant.scored_by))
    assert assistant.abstain_below == 0.7


def test_a_fit_of_other_models_is_not_used(tmp_path):
    assistant = ingested(tmp_path)
    assistant.keep_calibration(replace(FITTED, scored_by="another embedder"))
    assert assistant.abstain_below != 0.4


def test_what_is_fitted_decides_what_is_declined(tmp_path):
    assistant = ingested(tmp_path)
    question = "What does Orbin build in Port Ash?"
    likely = assistant.likelihood(question)
    assert assistant.ask(question).likely == pytest.approx(likely, abs=1e-4)
    for below, declines in ((likely - 0.01, False), (likely + 0.01, True)):
        fitted = replace(FITTED, abstain_below=below, scored_by=assistant.scored_by)
        assistant.keep_calibration(fitted)
        assert assistant.ask(question).abstained is declines


def test_before_anything_is_stored(tmp_path):
    assistant = make(tmp_path)
    assert assistant.calibration is None
    with pytest.raises(IndexMissing, match="rag ingest"):
        assistant.keep_calibration(FITTED)


@pytest.mark.model
def test_the_command_fits_keeps_and_resets(tmp_path, capsys, monkeypatch):
    from typer.testing import CliRunner

    from rag.cli import app

    monkeypatch.chdir(tmp_path)
    article = tmp_path / "plant.md"
    article.write_text("Orbin builds a plant in Port Ash for 4 billion euros. Telvane helps it.")
    lines = [
        {"id": f"{kind}{n}", "question": question, "answer": answer}
        for kind, question, answer in (
            ("a", "What does Orbin build in Port Ash?", []),
            ("n", "Who won the football cup in Marsby?", None),
        )
        for n in range(FEWEST)
    ]
    sets = tmp_path / "mine.jsonl"
    sets.write_text("\n".join(map(json.dumps, lines)))
    runner = CliRunner()

    def run(*arguments):
        return runner.invoke(app, [*arguments, "--index", str(tmp_path / "index")])

    assert run("ingest", str(article)).exit_code == 0
    shown = run("calibrate", str(sets)).output
    assert "<- fitted" in shown
    assert "Kept: questions of this collection are declined under" in shown
    told = json.loads(run("doctor", "--json").stdout)["findings"]
    (held,) = (one["message"] for one in told if one["what"] == "abstaining")
    assert "fitted on mine: refusal precision 1.00, recall 1.00" in held
    assert run("calibrate", "--reset").exit_code == 0
    assert run("calibrate").exit_code == 2
