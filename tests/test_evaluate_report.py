import json

import pytest
from evaluate_fakes import DATASET, FakeAssistant, FakeSearcher

from rag.errors import SettingsError
from rag.evaluate import Record, Run, Score, check_thresholds, markdown, run, table
from rag.evaluate.report import LABELS
from rag.evaluate.summary import METRICS, pooled
from rag.paths import shipped


def summary_of(scores, name="containment", seconds=()):
    """The summary of a run in which each case got one score."""
    records = tuple(
        Record(case=DATASET.cases[0], scores={name: score}, seconds={"answer": took})
        for score, took in zip(scores, seconds or [0.1] * len(scores), strict=True)
    )
    made = Run(dataset="starter", fingerprint="f", records=records, ran=("answer",), top_k=10)
    return made.summary()


def test_pooled_is_a_ratio_of_sums():
    assert pooled([Score(1, 1), Score(1, 3)]) == 0.5
    assert pooled([]) is None


def test_what_cannot_be_judged_is_counted_and_left_out():
    figure = summary_of([Score(1.0), None, Score(0.0), Score(1.0)])["metrics"]["containment"]
    assert figure["value"] == pytest.approx(2 / 3)
    assert (figure["judged"], figure["unjudged"]) == (3, 1)


def test_the_interval_is_that_of_the_share():
    # 60 of 100: the normal interval of a share is .6 +- 1.96 * sqrt(.6 * .4 / 100).
    figure = summary_of([Score(1.0)] * 60 + [Score(0.0)] * 40)["metrics"]["containment"]
    assert figure["low"] == pytest.approx(0.504, abs=0.02)
    assert figure["high"] == pytest.approx(0.696, abs=0.02)


def test_the_interval_is_the_same_each_time_and_closes_on_certainty():
    scores = [Score(1.0)] * 9
    assert summary_of(scores) == summary_of(scores)
    figure = summary_of(scores)["metrics"]["containment"]
    assert (figure["low"], figure["high"]) == (1.0, 1.0)


def test_one_case_has_no_interval():
    figure = summary_of([Score(1.0)])["metrics"]["containment"]
    assert (figure["value"], figure["low"], figure["high"]) == (1.0, None, None)


def test_no_cases_at_all():
    empty = summary_of([])
    assert empty["metrics"]["containment"]["value"] is None
    assert "containment" in table(empty).lower()


def test_latency_percentiles():
    latency = summary_of([Score(1.0)] * 5, seconds=[0.1, 0.2, 0.3, 0.4, 0.5])["latency"]
    assert latency == {
        "answer": {"p50": pytest.approx(0.3), "p95": pytest.approx(0.48), "count": 5}
    }


def test_figures_by_tag():
    by_tag = run(DATASET, FakeAssistant()).summary()["by_tag"]
    assert {tag: group["cases"] for tag, group in by_tag.items()} == {
        "answerable": 3,
        "unanswerable": 1,
        "single": 2,
        "several": 1,
        "none": 1,
    }
    assert by_tag["single"]["metrics"]["containment"]["value"] == 1.0
    assert by_tag["unanswerable"]["metrics"]["recall_at_5"]["value"] is None


def test_a_summary_is_json_and_knows_its_metrics():
    summary = run(DATASET, FakeAssistant()).summary()
    assert json.loads(json.dumps(summary)) == summary
    assert list(summary["metrics"]) == [*METRICS["retrieve"], *METRICS["answer"]] == list(LABELS)
    assert summary["outcomes"] == {"right": 3, "wrong": 1}


def test_the_plain_table():
    text = table(run(DATASET, FakeAssistant()).summary())
    lines = text.splitlines()
    assert lines[0] == "tiny: 4 cases, top 10 passages"
    row = next(line for line in lines if line.startswith("Answer containment"))
    assert row.split()[2:] == ["0.667", "0.000", "to", "1.000", "3", "1"]
    assert "Outcomes: right 3, wrong 1" in lines
    assert not text.endswith("\n")


def test_failures_stand_at_the_top():
    failing = FakeAssistant(fail_on=frozenset({DATASET.cases[0].question}))
    assert "Failed, and not scored: retrieve 1, answer 1" in table(run(DATASET, failing).summary())


def test_the_markdown_table_puts_runs_side_by_side():
    both = run(DATASET, FakeAssistant()).summary()
    half = run(DATASET, FakeSearcher(), answer=False).summary()
    lines = markdown([both, half]).splitlines()
    assert lines[:2] == ["| metric | tiny (4) | tiny (4) |", "|---|---:|---:|"]
    assert all(line.count("|") == 4 for line in lines)
    row = next(line for line in lines if line.startswith("| Answer containment"))
    assert row == "| Answer containment | 0.667 (0.000 to 1.000) | - |"


def thresholds(tmp_path, text):
    (tmp_path / "thresholds.toml").write_text(text)
    return tmp_path / "thresholds.toml"


def test_thresholds_that_hold(tmp_path):
    path = thresholds(
        tmp_path, "[starter]\ncontainment = 0.5\nrecall_at_5 = 1\n[other]\nmrr_at_10 = 1"
    )
    assert check_thresholds(summary_of([Score(1.0), Score(0.0)]), path) == []


def test_thresholds_that_are_missed(tmp_path):
    path = thresholds(tmp_path, "[starter]\ncontainment = 0.85\nrefusal_recall = 0.8")
    assert check_thresholds(summary_of([Score(1.0), Score(0.0)]), path) == [
        "starter: containment is 0.500, must be at least 0.85",
        "starter: refusal_recall could not be judged on any case, must be at least 0.8",
    ]


def test_a_failed_case_misses_every_threshold_file(tmp_path):
    failing = FakeAssistant(fail_on=frozenset({DATASET.cases[0].question}))
    missed = check_thresholds(run(DATASET, failing).summary(), thresholds(tmp_path, ""))
    assert missed == ["tiny: cases that failed: 1 in retrieve, 1 in answer"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[starter]\nrecal = 1", "'recal' is not a metric"),
        ('[starter]\ncontainment = "high"', "must be a number"),
        ("starter = 3", "outside a"),
        ("[starter]\ncontainment = 85", "must be a number from 0 to 1"),
        ("[other]\nrecal = 1", "'recal' is not a metric"),
        ("[", "not valid TOML"),
    ],
)
def test_a_bad_threshold_file_is_told(tmp_path, text, told):
    with pytest.raises(SettingsError, match=told):
        check_thresholds(summary_of([Score(1.0)]), thresholds(tmp_path, text))
    with pytest.raises(SettingsError, match="cannot be read"):
        check_thresholds(summary_of([Score(1.0)]), tmp_path / "none.toml")


def test_the_shipped_thresholds_can_be_read():
    perfect = summary_of([Score(1.0)] * 3)
    missed = check_thresholds(perfect, shipped("evals") / "thresholds.toml")
    assert all("could not be judged" in line for line in missed)
    assert len(missed) == 3
