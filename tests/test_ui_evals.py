"""The evals page: a set is run, stopped and taken up, reported and compared."""

from __future__ import annotations

import threading
import time

import pytest
from chromium import opened_browser, served
from fakes import HashEmbedder
from starlette.testclient import TestClient
from test_ui_library import violations

from rag.assistant import Assistant
from rag.errors import CorpusError, RagError
from rag.evaluate.bench import Bench
from rag.evaluate.saved import save
from rag.index import Index
from rag.schema import Answer, Article, Citation, Progress
from rag.settings import Settings
from rag.ui.server import build_app
from rag.ui.shelf import Shelf

SETTINGS = Settings.load(environ={}, answer={"reader": False})
TEXTS = {
    "port": "The harbour office will build a second terminal in Kiel <b>.",
    "dam": "A dam was built on the river Ems in 2021.",
}


@pytest.fixture
def shelf(tmp_path):
    """A collection with two marked answers, and one that waits for a person."""
    embedder = HashEmbedder()
    with Index.open(tmp_path / "all/index", embedder.fingerprint, SETTINGS.index) as index:
        shelf = Shelf(Assistant(index, embedder, None, SETTINGS))
        shelf.ingest([Article(article_id=name, text=text) for name, text in TEXTS.items()])
        for name, text in TEXTS.items():
            cited = Citation(number=1, article_id=name, start=0, end=len(text), quote=text)
            answer = Answer(question=f"{text[:-1]}?", answer=text, citations=(cited,))
            save(shelf.folder, answer, right=True)
        save(shelf.folder, Answer(question="Who?", answer="x"), right=False)
        yield shelf


def bench_of(shelf) -> Bench:
    return Bench(lambda: shelf.current)


def test_marked_answers_are_a_set_that_is_run_and_kept_beside_the_collection(shelf):
    bench = bench_of(shelf)
    marked = {one.name: one for one in bench.sets()}["index.cases"]
    assert (marked.cases, marked.incomplete) == (2, 1)
    assert bench.runs() == []
    told = []
    names = []
    for sample in (None, 1):
        name, work = bench.begin("index.cases")
        work(told.append, sample, False)
        names.append(name)
        time.sleep(1.1)  # runs are called after the second
    assert [(step.done, step.total) for step in told[:3]] == [(0, 2), (1, 2), (2, 2)]
    newest, oldest = bench.runs()
    assert (oldest.cases, newest.cases, oldest.failed) == (2, 1, 0)
    assert dict(oldest.figures)
    assert (shelf.parent / "index.runs" / names[0] / "index.cases.json").is_file()
    assert "Kiel &lt;b&gt;" in bench.report(names)
    assert bench.comparison(names).cases == 1


def test_a_run_that_was_stopped_goes_on_where_it_was(shelf):
    bench = bench_of(shelf)
    _, work = bench.begin("index.cases")

    def stop(step: Progress) -> None:
        if step.done == 1:
            raise RagError("stopped")

    with pytest.raises(RagError, match="stopped"):
        work(stop, None, False)
    assert bench.runs() == []
    told = []
    work(told.append, None, False)
    assert [step.done for step in told] == [1, 2]
    assert len(bench.runs()) == 1


@pytest.mark.parametrize("names", [[], [".."], ["../index"], ["nowhere"], ["x"] * 9])
def test_only_runs_are_read(shelf, names):
    with pytest.raises(CorpusError):
        bench_of(shelf).report(names)
    with pytest.raises(CorpusError):
        bench_of(shelf).begin("../index")


class SlowBench(Bench):
    """Waits after the first case until the test says go on."""

    gate = threading.Event()

    def begin(self, name):
        run, work = super().begin(name)

        def slow(told, sample, answers):
            def tell(step):
                told(step)
                while step.done == 1 and not self.gate.wait(0.02):
                    told(step)

            work(tell, sample, answers)

        return run, slow


def until(found) -> str:
    end = time.monotonic() + 180
    while not (text := found()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return text


def test_the_page_runs_stops_takes_up_and_reports(shelf):
    bench = SlowBench(lambda: shelf.current)
    bench.gate.clear()
    app = build_app(shelf, SETTINGS, bench=bench)
    with TestClient(app, base_url="http://127.0.0.1:7860") as client:

        def progress(word: str):
            return lambda: word in client.get("/evals-progress").text and word

        assert "1 to be completed" in client.get("/evals").text
        client.post("/evals-run", data={"name": "index.cases", "what": "passages"})
        until(progress("1 of 2"))
        client.post("/evals-stop", data={"job": "1"})
        until(progress("What was asked is kept"))
        bench.gate.set()
        client.post("/evals-again", data={"job": "1"})
        until(progress("See the report"))
        (run,) = bench.runs()
        report = client.get(f"/evals-report?run={run.name}")
        assert "Content-Security-Policy" in report.text
        assert "Kiel" in report.text
        refused = client.get(f"/evals-compare?run={run.name}")
        assert (refused.status_code, "choose two runs" in refused.text) == (409, True)
        assert client.post("/evals-run", data={"name": "nothing"}).status_code == 409
        assert client.get("/evals-report?run=../index").status_code == 404
        time.sleep(1.1)
        client.post("/evals-run", data={"name": "index.cases", "what": "passages"})
        until(lambda: len(bench.runs()) == 2 and "2")
        compared = client.get(
            "/evals-compare?" + "&".join(f"run={one.name}" for one in bench.runs())
        )
        assert "Every question came out the same." in compared.text


@pytest.mark.browser
def test_the_page_in_a_browser(shelf):
    bench = bench_of(shelf)
    for _ in range(2):
        _, work = bench.begin("index.cases")
        work(lambda _: None, None, False)
        time.sleep(1.1)  # runs are called after the second
    with served(shelf, SETTINGS, bench=bench) as address, opened_browser() as browser:
        page = browser.new_page(viewport={"width": 390, "height": 844})
        page.set_default_timeout(30_000)
        page.goto(f"{address}/evals")
        page.get_by_role("heading", name="Runs").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert violations(page) == []
        for box in page.get_by_role("checkbox", name="Choose").all():
            box.check()
        page.get_by_role("button", name="Compare two").click()
        page.get_by_text("Every question came out the same.").wait_for()
        page.goto(f"{address}/evals")
        page.locator(".rows a.title").first.click()
        page.get_by_text("Kiel").first.wait_for()
