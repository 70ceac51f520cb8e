"""Two runs compared: the statistics against scipy and by hand, and what people are told."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest
from evaluate_fakes import DATASET, FakeAssistant, FakeSearcher
from fakes import HashEmbedder

from rag import cli, lexical
from rag.assistant import Assistant
from rag.errors import CorpusError
from rag.evaluate import Case, Dataset, Record, Run, Score, run
from rag.evaluate.compare import compare, paired_runs
from rag.evaluate.compare_table import comparison_text
from rag.evaluate.resampling import bootstrap, holm, randomisation
from rag.index import Index
from rag.paths import shipped
from rag.settings import Settings


def table(*columns):
    """(cases, metrics, 2) of columns of scores; None where a metric does not judge."""
    pairs = [[(0, 0) if s is None else s for s in column] for column in columns]
    return np.array(pairs, dtype=float).transpose(1, 0, 2)


def ones(*values):
    return [None if value is None else (value, 1) for value in values]


def made(scores, name="mrr_at_10", dataset="made", ids=None, **fields):
    """A run with one score a case."""
    records = tuple(
        Record(
            case=Case(id=str(number), question=f"q{number}", answer="x"),
            scores={name: score if score is None else Score(score)},
        )
        for number, score in zip(ids or range(len(scores)), scores, strict=True)
    )
    return Run(
        dataset=dataset, fingerprint="f", records=records, ran=("retrieve",), top_k=10, **fields
    )


# --- statistics -------------------------------------------------------------------------------


def test_few_cases_are_tested_exactly():
    # All five lose one: of 32 ways to swap, all and none are as extreme.
    p = randomisation(table(ones(1, 1, 1, 1, 1)), table(ones(0, 0, 0, 0, 0)))
    assert p[0] == pytest.approx(2 / 32)
    same = table(ones(1, 0.5))
    assert randomisation(same, same)[0] == 1


def test_many_cases_agree_with_scipy():
    from scipy.stats import permutation_test

    rng = np.random.default_rng(3)
    old = rng.random(60)
    new = np.clip(old - 0.06 + 0.2 * rng.standard_normal(60), 0, 1)
    wanted = permutation_test(
        (old, new),
        lambda x, y, axis: np.mean(y, axis=axis) - np.mean(x, axis=axis),
        permutation_type="samples",
        n_resamples=9999,
        rng=np.random.default_rng(1),
    ).pvalue
    assert 0.005 < wanted < 0.5
    (found,) = randomisation(table(ones(*old)), table(ones(*new)))
    assert found == pytest.approx(wanted, abs=0.02)


def test_intervals_agree_with_scipy():
    from scipy.stats import bootstrap as reference

    rng = np.random.default_rng(5)
    old = rng.random(80)
    new = np.clip(old + 0.1 * rng.standard_normal(80) + 0.05, 0, 1)
    wanted = reference(
        (new - old,), np.mean, method="percentile", n_resamples=5000, rng=np.random.default_rng(1)
    ).confidence_interval
    low, high = bootstrap(table(ones(*new)), against=table(ones(*old)))
    assert (low[0], high[0]) == pytest.approx((wanted.low, wanted.high), abs=0.005)


def test_chance_is_seldom_taken_for_a_difference():
    rng = np.random.default_rng(11)
    scores = rng.random((40, 200, 2))  # 200 metrics of 40 cases, both runs alike
    full = np.stack([scores, np.ones_like(scores)], axis=-1)
    p = randomisation(full[:, :, 0], full[:, :, 1])
    assert 0.01 <= (p < 0.05).mean() <= 0.1


def test_pooled_shares_count_the_cases_that_only_one_run_judges():
    # Old: 1 of 2 and 3 of 4 spans; new: the first case has no spans, the second 4 of 4.
    found = compare(
        spans((1, 2), (3, 4)), spans(None, (4, 4))
    ).differences[0]  # fmt: skip
    assert (found.old, found.new) == (4 / 6, 1.0)
    assert (found.won, found.lost, found.tied, found.alone) == (1, 0, 0, 1)


def spans(*scores):
    run = made([0.0] * len(scores))
    records = [
        replace(record, scores={"citation_recall": None if score is None else Score(*score)})
        for record, score in zip(run.records, scores, strict=True)
    ]
    return replace(run, records=tuple(records), ran=("answer",))


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.2, 0.9]) == pytest.approx([0.4, 0.9])
    assert holm([]) == []


# --- runs -------------------------------------------------------------------------------------


def test_a_run_differs_in_nothing_from_itself():
    both = run(DATASET, FakeAssistant())
    found = compare(both, run(DATASET, FakeAssistant()))
    assert found.changes == found.losses == ()
    assert found.left_out == found.settings == {}
    assert {(d.change, d.low, d.high, d.p, d.won, d.lost) for d in found.differences} == {
        (0, 0, 0, 1, 0, 0)
    }


def test_a_loss_is_told_case_by_case():
    old = made([1.0] * 20, about={"settings": {"k": 10}})
    new = made([0.0] * 10 + [1.0] * 9 + [0.5], about={"settings": {"k": 60}})
    found = compare(old, new)
    (loss,) = found.losses
    assert (loss.won, loss.lost, loss.tied) == (0, 11, 9)
    assert loss.change == pytest.approx(-10.5 / 20)
    assert loss.low < loss.change < loss.high < 0
    assert loss.p == pytest.approx(2 / 2**11, abs=0.001)
    assert [change.case_id for change in found.changes] == [*map(str, range(10)), "19"]
    assert found.changes[0].scores == {"mrr_at_10": (1.0, 0.0)}
    assert found.settings == {"settings.k": (10, 60)}
    text = comparison_text(found)
    assert "Differs: settings.k: 10 -> 60" in text
    assert "-1.000  0  q0" in text
    assert json.loads(json.dumps(found.to_dict()))["differences"][0]["significant"] is True


def test_a_gain_is_no_loss():
    found = compare(made([0.0] * 20), made([1.0] * 20))
    assert found.differences[0].significant
    assert found.losses == ()


def test_only_shared_cases_are_compared():
    old, new = made([1.0, 1.0, 0.0], ids="abc"), made([1.0, 0.0, 0.5], ids="bcd")
    other = replace(new.records[1], case=Case(id="c", question="another", answer="x"))
    new = replace(new, records=(new.records[0], other, new.records[2]))
    found = compare(old, new)
    assert found.cases == 1
    assert found.left_out == {
        "only in the old run": 1,
        "only in the new run": 1,
        "not the same question, answer or evidence": 1,
    }
    with pytest.raises(CorpusError, match="no case in common"):
        compare(made([1.0], ids="a"), made([1.0], ids="b"))


def test_cases_that_failed_are_left_out_and_counted():
    failing = FakeAssistant(fail_on=frozenset({DATASET.cases[0].question}))
    found = compare(run(DATASET, FakeAssistant()), run(DATASET, failing))
    assert found.left_out == {"failed in the new run": 1}
    assert {d.change for d in found.differences} == {0}
    all_of_them = FakeSearcher(fail_on=frozenset(case.question for case in DATASET.cases))
    with pytest.raises(CorpusError, match="no metric was measured in both"):
        compare(run(DATASET, FakeSearcher(), answer=False), run(DATASET, all_of_them, answer=False))


def test_folders_are_compared_by_set(tmp_path):
    for folder in ("old", "new"):
        made([1.0], dataset=f"only-{folder}").save(tmp_path / folder / "a.json")
        made([1.0], dataset="both").save(tmp_path / folder / "b.json")
        (tmp_path / folder / "notes.json").write_text("{}")
    pairs = paired_runs(tmp_path / "old", tmp_path / "new")
    assert [(old.dataset, new.dataset) for old, new in pairs] == [("both", "both")]
    made([1.0], dataset="third").save(tmp_path / "c.json")
    with pytest.raises(CorpusError, match="nothing to compare"):
        paired_runs(tmp_path / "old", tmp_path / "c.json")


# --- the command ------------------------------------------------------------------------------


@pytest.fixture
def rag(monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["rag", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        printed = capsys.readouterr()
        return stopped.value.code or 0, printed.out, printed.err

    return run


def test_the_exit_status_holds_the_line(rag, tmp_path):
    made([1.0] * 20, dataset="starter").save(tmp_path / "old.json")
    made([0.0] * 10 + [1.0] * 10, dataset="starter").save(tmp_path / "new.json")
    status, out, err = rag("eval", "compare", tmp_path / "old.json", tmp_path / "new.json")
    assert status == 1
    assert "MRR@10  1.000  0.500" in out
    assert err.startswith("lost: starter: MRR@10 fell from 1.000 to 0.500 (p = 0.00")
    assert rag("eval", "compare", tmp_path / "new.json", tmp_path / "old.json")[0] == 0
    status, out, err = rag("eval", "compare", tmp_path / "old.json", tmp_path / "old.json")
    assert (status, err) == (0, "")
    (tmp_path / "t.toml").write_text("[starter]\nmrr_at_10 = 0.6\n")
    both = (tmp_path / "new.json", tmp_path / "new.json", "--thresholds", tmp_path / "t.toml")
    status, out, err = rag("eval", "compare", *both, "--json")
    assert status == 1
    assert err == "missed: starter: mrr_at_10 is 0.500, must be at least 0.6\n"
    assert json.loads(out)["lost"] == []
    status, _, err = rag("eval", "compare", tmp_path / "old.json", tmp_path / "none.json")
    assert (status, "none.json: there is no such run" in err) == (1, True)


# --- regressions seeded in the real retriever, on the starter set -----------------------------


@pytest.fixture(scope="module")
def starter(tmp_path_factory):
    """Opens an assistant over the starter articles; the lexical index is made once, and right."""
    folder = tmp_path_factory.mktemp("starter") / "index"
    settings = Settings.load(llm={"enabled": False}, environ={})

    def opened():
        embedder = HashEmbedder()
        index = Index.open(folder, embedder.fingerprint, settings.index)
        return Assistant(index, embedder, None, settings)

    with opened() as assistant:
        assistant.ingest(shipped("corpus"))
    return opened


@pytest.fixture(scope="module")
def runs(starter, tmp_path_factory):
    """Run the starter set's retrieval and keep it under a name; gives its file."""
    folder = tmp_path_factory.mktemp("runs")

    def kept(name, searcher=None):
        with starter() as assistant:
            done = run(Dataset.load("starter"), searcher or assistant, answer=False)
        done.save(folder / name)
        return folder / name

    return kept


class WorstFirst:
    """Its scores are distances, taken for similarities."""

    def __init__(self, assistant):
        self.assistant = assistant

    def passages(self, question, top_k=10, filters=None):
        return self.assistant.passages(question, 100, filters)[::-1][:top_k]


def whole_lines():
    """An analyser that has lost its tokenizer: every text is one word."""
    from tantivy import TextAnalyzerBuilder, Tokenizer

    return TextAnalyzerBuilder(Tokenizer.raw()).build()


def test_seeded_regressions_are_found_and_equal_runs_are_not(rag, runs, starter, monkeypatch):
    good, again = runs("good.json"), runs("again.json")
    status, out, err = rag("eval", "compare", good, again)
    assert (status, err) == (0, "")
    assert "120 cases compared, 0 came out otherwise" in out
    with starter() as assistant:
        reversed_ = runs("reversed.json", WorstFirst(assistant))
    monkeypatch.setattr(lexical, "_query_analyzer", whole_lines)
    broken = runs("broken.json")
    for worse in (reversed_, broken):
        status, _, err = rag("eval", "compare", good, worse)
        assert status == 1
        assert "lost: starter: nDCG@10 fell" in err
        assert rag("eval", "compare", worse, good)[0] == 0
