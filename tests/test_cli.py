"""The command line as people and programs use it: JSON shapes, exit statuses, one clear line."""

import io
import json
import subprocess
import sys

import pytest

from rag import cli

pytestmark = pytest.mark.model

FUND = "A Japanese government-backed fund agreed to buy JSR Corp for $6.4 billion."
RAPIDUS = "Rapidus relies on support from the research company IMEC and from IBM."


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli")
    articles = folder / "articles"
    articles.mkdir()
    (articles / "jsr.md").write_text(
        "---\nid: jsr\ntitle: Fund buys JSR\npublisher: Desk\npublished: 2023-06-26\n"
        f"url: https://example.com/jsr\n---\n{FUND} The offer starts in late December.\n",
        encoding="utf-8",
    )
    (articles / "more.jsonl").write_text(
        json.dumps(
            {"_id": "rapidus", "title": "Rapidus", "body": RAPIDUS, "published": "2022-12-13"}
        )
        + "\n{broken\n",
        encoding="utf-8",
    )
    (articles / "empty.txt").write_text("", encoding="utf-8")
    return folder / "index"


@pytest.fixture
def rag(monkeypatch, capsys, index, tmp_path):
    """Run the command; gives (exit status, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAG_INDEX__DIR", str(index))
    monkeypatch.setenv("RAG_LLM__ENABLED", "false")

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["rag", *arguments])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        printed = capsys.readouterr()
        return stopped.value.code or 0, printed.out, printed.err

    return run


def ok(result):
    status, out, err = result
    assert status == 0, err
    return json.loads(out)


def test_ingest_reports_and_is_idempotent(rag, index):
    first = ok(rag("ingest", str(index.parent / "articles"), "--json"))
    assert first.keys() == {
        "added", "updated", "unchanged", "removed", "rejected", "articles", "chunks",
    }  # fmt: skip
    assert (first["added"], first["articles"]) == (2, 2)
    assert {rejected.keys() >= {"path", "reason"} for rejected in first["rejected"]} == {True}
    assert len(first["rejected"]) == 2
    again = ok(rag("ingest", str(index.parent / "articles"), "--json"))
    assert (again["added"], again["unchanged"], again["articles"]) == (0, 2, 2)


def test_retrieve(rag):
    found = ok(rag("retrieve", "Who supports Rapidus?", "-k", "1", "--json"))
    (passage,) = found["passages"]
    assert passage["article_id"] == "rapidus"
    assert passage.keys() == {
        "rank", "score", "article_id", "chunk_id", "start", "end", "text", "title", "publisher",
        "published", "url", "also_in", "notes", "earlier",
    }  # fmt: skip
    filtered = ok(rag("retrieve", "Rapidus", "--from", "2023-01-01", "--json"))
    assert {p["article_id"] for p in filtered["passages"]} == {"jsr"}
    none = ok(rag("retrieve", "Rapidus", "--publisher", "desk", "--article", "rapidus", "--json"))
    assert none["passages"] == []


def test_ask_and_article_agree_on_offsets(rag):
    answer = ok(rag("ask", "How much will the fund pay for JSR?", "--json"))
    assert "$6.4 billion" in answer["answer"]
    assert answer.keys() >= {
        "question", "answer", "abstained", "reason", "sentences", "citations", "model", "timings",
    }  # fmt: skip
    assert answer["sentences"][0]["verdict"] == "quoted"
    citation = answer["citations"][0]
    article = ok(rag("article", citation["article_id"], "--json"))
    assert article["text"][citation["start"] : citation["end"]] == citation["quote"]
    _, plain, _ = rag("article", "jsr")
    assert plain == article["text"] + "\n"


def test_ask_declines(rag):
    answer = ok(rag("ask", "Who won the 2022 World Cup?", "--json"))
    assert answer["abstained"]
    assert answer["citations"] == []
    assert answer["reason"]


def test_verify(rag, tmp_path):
    found = ok(
        rag("verify", "--against", "jsr", "The fund agreed to buy JSR for $7 billion.", "--json")
    )
    (sentence,) = found["sentences"]
    assert sentence["verdict"] == "unsupported"
    assert sentence["failed"] == [{"check": "number", "words": ["$7 billion"]}]
    assert 0 <= found["score"] < 0.6
    (tmp_path / "own.txt").write_text(RAPIDUS, encoding="utf-8")
    status, out, _ = rag("verify", "--against", "own.txt", RAPIDUS)
    assert status == 0
    assert "quoted" in out


def test_people_get_text(rag):
    assert "[1]" in rag("ask", "Who supports Rapidus?")[1]
    assert "rapidus" in rag("articles")[1]
    assert "Desk" in rag("retrieve", "JSR")[1]


def test_articles_say_what_is_known_and_what_was_rejected(rag):
    found = ok(rag("articles", "--json"))
    jsr, rapidus = found["articles"]
    assert (jsr["article_id"], jsr["published"], jsr["partial"]) == ("jsr", "2023-06-26", False)
    assert (jsr["published_origin"], rapidus["published_origin"]) == ("front matter", "record")
    assert "text" not in jsr
    assert sorted(rejected["reason"].split(" ")[1] for rejected in found["rejected"]) == [
        "empty;", "not",
    ]  # fmt: skip
    out = rag("articles")[1]
    assert "jsr  Fund buys JSR · Desk · 2023-06-26" in out
    assert "empty.txt: is empty" in out


def test_a_text_on_standard_input_and_its_clean_report(rag, monkeypatch):
    text = b"---\nid: pasted\ntitle: Oslo\n---\nShips came to Oslo.\n\nShare on Facebook\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert ok(rag("ingest", "-", "--json"))["added"] == 1
    report = ok(rag("clean-report", "pasted", "--json"))
    assert report["rules"] == [
        {
            "rule": "share",
            "switch": 'ingest.cleaning_off = ["share"]',
            "texts": ["Share on Facebook"],
        }
    ]
    assert (report["title"], report["stored"]) == ("Oslo", len("Ships came to Oslo."))
    assert "Share on Facebook" in rag("clean-report", "pasted")[1]
    assert rag("remove", "pasted")[0] == 0
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b" \n")))
    status, _, err = rag("ingest", "-")
    assert status == 1
    assert "standard input: holds no words" in err


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["ask", ""], 1, "empty"),
        (["ask", "x" * 1_000_000], 1, "1,000,000"),
        (["ask", "Who?", "--from", "soon"], 1, "YYYY-MM-DD"),
        (["ask", "Who?", "--from", "2024-01-01", "--to", "2023-01-01"], 1, "swap"),
        (["article", "jsrr"], 1, "jsr"),
        (["clean-report", "jsrr"], 1, "jsr"),
        (["remove", "nothing"], 1, "nothing"),
        (["ingest", "no/such/place"], 1, "no/such/place"),
        (["ask", "Who?", "--index", "no/such/index"], 1, "rag ingest"),
        (["verify", "--against", "nobody", "It rains."], 1, "nobody"),
        (["ask"], 2, "Missing argument"),
        (["retrieve", "Who?", "-k", "0"], 2, "-k"),
        (["nonsense"], 2, "No such command"),
    ],
)
def test_errors_are_one_clear_line(rag, arguments, status, words):
    got, _, err = rag(*arguments)
    assert got == status
    assert words in err
    assert "Traceback" not in err
    if status == 1:
        assert err.count("\n") == 1


def test_an_unknown_setting_is_named(rag, monkeypatch):
    monkeypatch.setenv("RAG_LLM__MODLE", "x")
    status, _, err = rag("articles")
    assert status == 1
    assert "llm.modle (RAG_LLM__MODLE)" in err


def test_remove(rag, index):
    (index.parent / "extra.txt").write_text(
        "A line about ships and harbours in Oslo.", encoding="utf-8"
    )
    ok(rag("ingest", str(index.parent / "extra.txt"), "--json"))
    assert ok(rag("remove", "extra", "--json"))["articles"] == 2


def test_doctor_finds_a_flipped_byte_and_repairs_it(rag, index):
    assert rag("doctor")[0] == 0
    current = (index / "CURRENT").read_text().split()[0]
    vectors = index / "generations" / current / "vectors.faiss"
    content = bytearray(vectors.read_bytes())
    content[len(content) // 2] ^= 1
    vectors.write_bytes(content)
    status, out, _ = rag("doctor")
    assert status == 1
    assert "vectors.faiss" in out
    assert rag("doctor", "--repair")[0] == 0
    assert ok(rag("retrieve", "JSR", "--json"))["passages"]


def test_import_is_light():
    code = (
        "import sys, time; t = time.perf_counter(); import rag; print(time.perf_counter() - t);"
        "heavy = {'torch', 'gradio', 'faiss', 'llama_index', 'pydantic'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    took = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(took.stdout) < 0.3


@pytest.mark.parametrize(("arguments", "status"), [(["--help"], 0), (["articles"], 1), (["x"], 2)])
def test_the_command_ends_with_its_status_and_all_of_its_output(tmp_path, arguments, status):
    command = [sys.executable, "-m", "rag.cli", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert ended.returncode == status
    assert ended.stdout or ended.stderr
    assert "Traceback" not in ended.stderr
