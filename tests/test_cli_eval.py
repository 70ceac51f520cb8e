"""`rag eval` as people and CI use it: a corpus of its own, a kill, data in and out."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fakes import HashEmbedder, ScriptedLLM

from rag import cli
from rag.assistant import Assistant
from rag.errors import ModelError
from rag.evaluate import Case, Dataset, EvidenceQuote, Run, run
from rag.evaluate.corpus import save_articles
from rag.evaluate.report import Report
from rag.evaluate.saved import save
from rag.index import Index
from rag.schema import Answer, Article
from rag.settings import Settings

ARTICLES = [
    Article(
        article_id="fab", title="A fab", text="Norland  built a fab in Port Ash.\nIt is *big*."
    ),
    Article(article_id="law", title="A law", text="The Tin Act bars sales to Sudmark."),
]
DATASET = Dataset(
    "tiny",
    (
        Case(
            id="who",
            question="Who built a fab in Port Ash?",
            answer="Norland",
            evidence=(EvidenceQuote("fab", "Norland  built a fab", 0),),
        ),
        Case(
            id="law",
            question="What does the Tin Act bar?",
            answer="sales",
            evidence=(EvidenceQuote("law", "bars sales", 12),),
        ),
    ),
)


@pytest.fixture
def files(tmp_path):
    """A case file and the articles that it asks about."""
    DATASET.save(tmp_path / "tiny.jsonl")
    save_articles(ARTICLES, tmp_path / "tiny.articles.jsonl")
    return tmp_path


@pytest.fixture
def rag(monkeypatch, capsys, tmp_path):
    """Run the command; gives (exit status, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAG_INDEX__DIR", "none")
    monkeypatch.setenv("RAG_LLM__ENABLED", "false")

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["rag", "eval", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        printed = capsys.readouterr()
        return stopped.value.code or 0, printed.out, printed.err

    return run


# --- run --------------------------------------------------------------------------------------


@pytest.mark.model
def test_a_corpus_has_an_index_of_its_own_and_keeps_its_text(rag, files):
    given = ("run", "tiny.jsonl", "--corpus", "tiny.articles.jsonl", "--out", "runs")
    status, out, err = rag(*given, "--json")
    assert status == 0, err
    (one,) = json.loads(out)["sets"]
    assert one["ran"] == ["retrieve", "answer"]
    assert one["metrics"]["range_recall_at_5"]["value"] == 1.0
    assert "evidence is not in" not in err  # places hold to the character
    assert err.count("tiny ") == 3  # 0, 1 and 2 of 2, in plain lines
    (index,) = files.glob("runs/corpus-*")
    assert Run.load(files / "runs" / "tiny.json").dataset == "tiny"
    status, out, err = rag(*given, "--retrieve-only", "--sample", "1", "-k", "3")
    assert (status, "tiny-1: 1 cases, top 3 passages" in out) == (0, True)
    assert [index] == list(files.glob("runs/corpus-*"))
    save_articles(ARTICLES[:1], files / "tiny.articles.jsonl")
    status, out, err = rag(*given[:4], "--retrieve-only")
    assert "law: there is no article 'law'" in err
    assert len(list(files.glob("**/corpus-*"))) == 1  # without --out, nothing stays


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["run", "nosuch", "--index", "none"], 1, "rag ingest"),
        (["run", "tiny.jsonl", "--corpus", "gone.jsonl"], 1, "gone.jsonl: there is no such file"),
        (["run", "tiny.jsonl", "--retrieve-only", "--answer-only"], 2, "nothing to run"),
        (["run", "tiny.jsonl", "--corpus", "a", "--index", "b"], 2, "an index of its own"),
        (["run", "tiny.jsonl", "-k", "0"], 2, "-k"),
        (["compare", "tiny.jsonl", "tiny.jsonl"], 1, "not a saved eval run"),
        (["export", "tiny.jsonl", "--format", "trec", "--out", "x"], 1, "not a saved eval run"),
        (["import", "tiny.jsonl", "--out", "x.jsonl"], 1, "these are cases already"),
    ],
)
def test_wrong_usage_is_told_in_words(rag, files, arguments, status, told):
    found, _, err = rag(*arguments)
    assert (found, told in " ".join(err.replace("│", " ").split())) == (status, True)


@pytest.mark.model
def test_an_unknown_set_is_told_with_those_that_ship(rag, files):
    given = ("run", "nosuch", "--corpus", "tiny.articles.jsonl")
    status, _, err = rag(*given)
    assert status == 1
    assert "nosuch: neither a file nor an eval set that ships here (starter)" in err
    status, _, err = rag(*given[:1], "tiny.jsonl", "tiny.jsonl", *given[2:])
    assert (status, "2 sets are called 'tiny'" in err) == (1, True)


@pytest.mark.model
def test_a_killed_run_goes_on_where_it_was(rag, files):
    asked = [
        Case(id=str(n), question=f"Who built fab {n}?", answer=(), evidence=(EvidenceQuote("fab"),))
        for n in range(150)
    ]
    Dataset("many", tuple(asked)).save(files / "many.jsonl")
    given = ("run", "many.jsonl", "--corpus", "tiny.articles.jsonl", "--out", "runs")
    rag("run", "tiny.jsonl", *given[2:], "--retrieve-only")  # makes the index
    journal = files / "runs" / "many.partial.jsonl"
    environ = {**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[1])}
    command = [sys.executable, "-m", "rag.cli", "eval", *given, "--retrieve-only"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=environ, cwd=files) as stopped:
        deadline = time.monotonic() + 120
        while lines_of(journal) < 5 and time.monotonic() < deadline:
            time.sleep(0.002)
        stopped.send_signal(signal.SIGKILL)
        stopped.wait()
    before = journal.read_text().splitlines(keepends=True)
    whole = [json.loads(line)["record"] for line in before if line.endswith("\n")]
    assert 5 <= len(whole) < 150
    assert not (files / "runs" / "many.json").exists()
    status, out, err = rag(*given, "--retrieve-only")
    assert status == 0, err
    assert f"many {len(whole)} of 150" in err  # it begins there
    assert "many: 150 cases" in out
    records = Run.load(files / "runs" / "many.json").records
    assert [record.case.id for record in records] == [case.id for case in asked]
    assert [r.seconds for r in records[: len(whole)]] == [one["seconds"] for one in whole]
    assert not journal.exists()


def lines_of(file):
    return file.read_bytes().count(b"\n") if file.exists() else 0


# --- an endpoint that fails -------------------------------------------------------------------


def test_an_answer_in_a_failed_models_stead_is_not_scored(tmp_path):
    """The reader is shown quotes and told why; the model is not judged by them."""
    down = ModelError("the endpoint cannot be reached; is it running?", retryable=True)
    settings, embedder = Settings.load(environ={}), HashEmbedder()
    index = Index.open(tmp_path / "index", embedder.fingerprint, settings.index)
    with Assistant(index, embedder, ScriptedLLM(down, "Norland built it. [1]"), settings) as it:
        it.ingest(ARTICLES)
        answer = it.ask(DATASET.cases[0].question)
        assert answer.citations
        assert answer.model_error == str(down)
        assert answer.notice.startswith(str(down))
    with Assistant(index, embedder, ScriptedLLM(down), settings) as it:
        finished = run(DATASET, it, out=tmp_path / "runs")
    asked = [record for record in finished.records if record.errors]
    assert asked
    for record in asked:
        assert record.errors == {"answer": f"ModelError: {down}"}
        assert record.outcome == "failed"
        assert record.answer is None
        assert "recall_at_5" in record.scores
        assert "containment" not in record.scores
    told = str(Report.of(finished))
    assert f"Failed, and not scored: answer {len(asked)}" in told
    with Assistant(index, embedder, ScriptedLLM("Norland built a fab. [1]"), settings) as it:
        again = run(DATASET, it, out=tmp_path / "runs")
    assert not any(record.errors for record in again.records)


# --- in, out, saved ---------------------------------------------------------------------------


def test_import_writes_cases_and_articles_and_says_how_to_run_them(rag, files):
    line = {"question": "Who?", "contexts": ["Norland did."], "ground_truth": "Norland"}
    (files / "qa.jsonl").write_text(json.dumps(line) + "\n")
    status, out, err = rag("import", "qa.jsonl", "--out", "made/qa.jsonl")
    assert status == 0, err
    assert out.splitlines() == [
        "1 cases in made/qa.jsonl, 1 articles in made/qa.articles.jsonl",
        "rag eval run made/qa.jsonl --corpus made/qa.articles.jsonl --out made/runs",
    ]
    assert Dataset.load(files / "made" / "qa.jsonl").cases[0].answer == "Norland"
    assert rag("import", "ragas", "qa.jsonl", "--out", "made/qa.jsonl")[0] == 0
    status, _, err = rag("import", "rags", "qa.jsonl", "--out", "made/qa.jsonl")
    assert (status, "'rags' is no layout; use one of multihop-rag, beir" in err) == (1, True)


def test_saved_cases_are_found_and_counted(rag, files, monkeypatch):
    monkeypatch.setenv("RAG_INDEX__DIR", str(files / "index"))
    status, out, _ = rag("cases")
    assert (status, "index.cases.jsonl: 0 cases to run" in out) == (0, True)
    for number, right in enumerate((True, True, False)):
        save(files / "index", Answer(question=f"q{number}", answer="a"), right=right)
    status, out, _ = rag("cases")
    assert "2 cases to run, 1 to be completed by hand" in out
    assert f"rag eval run {files / 'index.cases.jsonl'}" in out


def test_export_names_the_files(rag, files):
    class Nothing:
        def passages(self, question, top_k=10, filters=None):
            return []

    run(DATASET, Nothing(), answer=False, out=files)
    status, out, err = rag("export", "tiny.json", "--format", "trec", "--out", "trec")
    assert (status, out.split()) == (0, ["trec/tiny.run", "trec/tiny.qrels"]), err
    assert (files / "trec" / "tiny.qrels").read_text() == "who 0 fab 1\nlaw 0 law 1\n"
