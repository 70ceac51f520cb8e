"""What docs/operations.md promises: back-up and restore, old formats, nothing unpickled."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import old_catalogs
import pytest
from fakes import HashEmbedder
from lengths import tell, times
from typer.testing import CliRunner

from rag import health, older
from rag.assistant import Assistant
from rag.catalog import FORMAT
from rag.cli import app as rag
from rag.errors import IndexDamaged, IndexMismatch
from rag.index import Index
from rag.ingest import ingest
from rag.schema import Article
from rag.settings import Settings

SETTINGS = Settings.load(environ={})
DOCS = Path(__file__).parents[1] / "docs" / "operations.md"


def opened(folder: Path) -> Index:
    return Index.open(folder, HashEmbedder().fingerprint, SETTINGS.index)


def store(index: Index, *names: str) -> None:
    articles = [Article(article_id=name, text=f"Common words of {name}.") for name in names]
    ingest(articles, index, HashEmbedder(), SETTINGS)


def documented(start: str) -> list[str]:
    """The command of docs/operations.md that starts so, as the shell would split it."""
    (line,) = re.findall(rf"^    ({re.escape(start)}.*)$", DOCS.read_text(encoding="utf-8"), re.M)
    return shlex.split(line)


def test_a_back_up_during_an_ingest_restores_all_that_was_acknowledged(tmp_path):
    live, copy = tmp_path / "live", tmp_path / "copy"
    acknowledged: list[str] = []
    stop = threading.Event()

    def write():
        with opened(live) as index:
            while not stop.is_set():
                names = [f"a{len(acknowledged) + n}" for n in range(5)]
                store(index, *names)
                acknowledged.extend(names)

    with opened(live) as index:
        store(index, "first")
    writer = threading.Thread(target=write)
    writer.start()
    try:
        command = documented("python -c")
        assert command[-2:] == ["INDEX/catalog.sqlite", "COPY/catalog.sqlite"]
        lost = 0
        for turn in range(times(3, 40)):
            while len(acknowledged) < 5 * (turn + 1):
                stop.wait(0.01)
            before = set(acknowledged)
            folder = copy / str(turn)
            folder.mkdir(parents=True)
            paths = [str(live / "catalog.sqlite"), str(folder / "catalog.sqlite")]
            subprocess.run([sys.executable, *command[1:-2], *paths], check=True, timeout=60)
            with opened(folder) as restored:
                names = {article.article_id for article in restored.snapshot().articles()}
                lost += len((before | {"first"}) - names)
                assert all(finding.ok for finding in health.check(folder))
                store(restored, "later")
        assert lost == 0
    finally:
        stop.set()
        writer.join(60)
    tell(f"{turn + 1} back-ups during an ingest", "0 acknowledged articles lost", f"{lost} lost")


@pytest.mark.model
def test_both_commands_restore_a_collection_of_the_real_models(tmp_path, monkeypatch):
    live, copy = tmp_path / "live", tmp_path / "copy"
    quoting = Settings.load(environ={}, llm={"enabled": False})
    monkeypatch.setenv("RAG_LLM__ENABLED", "false")
    with Assistant.open(live, quoting) as assistant:
        assistant.ingest(Article(article_id="a", text="Rapidus relies on support from IBM."))
    copy.mkdir()
    paths = [str(live / "catalog.sqlite"), str(copy / "catalog.sqlite")]
    subprocess.run([sys.executable, *documented("python -c")[1:-2], *paths], check=True, timeout=60)
    command = documented("rag doctor")
    assert command[-1] == "COPY"
    done = CliRunner().invoke(rag, [*command[1:-1], str(copy)])
    assert done.exit_code == 0, done.output
    with Assistant.open(copy, quoting) as restored:
        assert restored.ask("Who supports Rapidus?").citations[0].article_id == "a"


def aged(folder: Path, number: int = 1) -> None:
    """Make a published generation one of another format."""
    name, _ = (folder / "CURRENT").read_text().split()
    manifest = folder / "generations" / name / "manifest.json"
    facts = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(facts | {"format": number}))
    digest = hashlib.sha256(manifest.read_bytes()).hexdigest()
    (folder / "CURRENT").write_text(f"{name} {digest}\n")


def test_a_generation_of_an_older_format_is_mended_or_names_the_command(tmp_path):
    with opened(tmp_path) as index:
        store(index, "a", "b")
    aged(tmp_path)
    (bad,) = [finding for finding in health.check(tmp_path) if not finding.ok]
    assert "rag doctor --repair" in f"{bad.detail} {bad.remedy}"
    with opened(tmp_path) as index:
        health.repair(index)
        assert all(finding.ok for finding in health.check(tmp_path))
        assert {one.article_id for one in index.snapshot().articles()} == {"a", "b"}


@pytest.mark.parametrize("number", [1, 2, 3, 99])
def test_a_generation_of_any_other_format_is_refused_until_it_is_written_anew(tmp_path, number):
    with opened(tmp_path) as index:
        store(index, "a", "b")
    aged(tmp_path, number)
    with opened(tmp_path) as index:
        with pytest.raises(IndexMismatch, match="rag doctor --repair"):
            index.snapshot()
        store(index, "c")
        assert {one.article_id for one in index.snapshot().articles()} == {"a", "b", "c"}
    assert all(finding.ok for finding in health.check(tmp_path))


def command_in(message: str) -> list[str]:
    (command,) = re.findall(r"`rag (ingest [^`]+)`", message)
    return shlex.split(command)


@pytest.mark.parametrize("layout", old_catalogs.LAYOUTS)
def test_each_past_catalog_names_the_command_by_which_nothing_is_lost(tmp_path, layout):
    old = tmp_path / "my index" / "catalog.sqlite"
    stored = [("a", "Ports were built.", 1, None), ("b", "Dams were built.", 2, None)]
    others = [("gone", "Removed.", 1, 2), ("ahead", "Never acknowledged.", 3, None)]
    old_catalogs.write(old, layout, [*stored, *others])
    with pytest.raises((IndexMismatch, IndexDamaged)) as refused, opened(old.parent) as index:
        index.snapshot()
    command = ["ingest", str(old), "--index", f"{old.parent}-format-2"]
    if old_catalogs.LAYOUTS[layout][0] != FORMAT:
        assert command_in(str(refused.value)) == command
        (bad, *_) = [finding for finding in health.check(old.parent) if not finding.ok]
        assert command_in(f"{bad.detail} {bad.remedy}") == command
    embedder, new = HashEmbedder(), Path(command[3])
    index = Index.open(new, embedder.fingerprint, SETTINGS.index)
    with Assistant(index, embedder, None, SETTINGS) as assistant:
        report = assistant.ingest(Path(command[1]))
        texts = {one.article_id: one.text for one in assistant.articles()}
        assert assistant.article("a").source == "/news/a.md"
    assert (report.added, report.rejected) == (2, ())
    assert texts == {"a": "Ports were built.", "b": "Dams were built."}


def test_a_changed_row_of_a_past_catalog_is_rejected_by_name_and_so_is_another_file(tmp_path):
    old = tmp_path / "catalog.sqlite"
    old_catalogs.write(old, "1, text last", [("a", "One.", 1, None), ("b", "Two.", 1, None)])
    with closing(sqlite3.connect(old)) as connection:
        connection.execute("UPDATE articles SET text = 'Won.' WHERE article_id = 'a'")
        connection.commit()
    bad, good = older.articles_of(old)
    assert (bad.path, good.text) == (f"{old}#a", "Two.")
    assert "is not what was written" in bad.reason
    other = tmp_path / "other.sqlite"
    other.write_bytes(b"no database at all" * 99)
    (bad,) = older.articles_of(other)
    assert "no catalog of Newsdesk" in bad.reason


WATCHED = """
import os, sys, traceback
def hook(event, arguments):
    if event == "pickle.find_class":
        where = traceback.extract_stack(limit=12)
        told = [*map(str, arguments), *(f"{one.filename}:{one.name}" for one in where)]
        with open(os.environ["UNPICKLED"], "a") as file:
            print(*told, file=file)
sys.addaudithook(hook)
"""
"""Run by every Python process that starts, those that read documents included."""

DONE = """
import os, sys
from pathlib import Path
from starlette.testclient import TestClient
from rag.assistant import Assistant
from rag.settings import Settings
from rag.ui.server import build_app
from rag.ui.shelf import Shelf
folder = Path(sys.argv[1])
settings = Settings.load(environ={})
with Assistant.open(folder / "index", settings) as assistant:
    report = assistant.ingest(folder / "news")
    assert report.added == 2, report
    assert assistant.passages("Who supports Rapidus?")
    assert assistant.ask("Who supports Rapidus?").sentences
    assert assistant.verify("IBM supports Rapidus.", "a").sentences
    app = build_app(Shelf(assistant), settings)
    with TestClient(app, base_url="http://127.0.0.1:7860") as client:
        assert client.get("/").status_code == 200
        assert client.post("/api/ask", json={"question": "Who supports Rapidus?"}).json()["answer"]
assert "torch" not in sys.modules
import pickle
pickle.loads(pickle.dumps(Path("x")))  # the hook sees what there is to see
os._exit(0)  # nothing of what follows is of interest
"""


@pytest.mark.model
def test_nothing_is_unpickled_by_ingest_retrieve_ask_and_the_chat(tmp_path):
    news, seen = tmp_path / "news", tmp_path / "unpickled"
    news.mkdir()
    (news / "a.md").write_text("Rapidus relies on support from IMEC and from IBM.")
    (news / "b.html").write_text(
        "<html><body><p>The council of the town met on Monday and spoke of the harbour for an "
        "hour.</p><p>It will meet again in May, said the mayor of the town.</p></body></html>"
    )
    (tmp_path / "sitecustomize.py").write_text(WATCHED)
    paths = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    child = subprocess.run(
        [sys.executable, "-c", DONE, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": paths, "UNPICKLED": str(seen)},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert child.returncode == 0, child.stderr[-2000:]
    *others, last = seen.read_text().splitlines()
    assert last.startswith("pathlib")
    assert others == []
    tell("unpickling by ingest, retrieve, ask and chat", "0", str(len(others)))
