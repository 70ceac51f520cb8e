"""Adding articles in a real Chromium: to a collection in memory, and to a real one."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from chromium import PHONE, opened_browser, served
from fake_assistant import ARTICLES, growing, written_answer
from fake_library import FakeLibrary, Hold
from fakes import HashEmbedder
from test_ui_library import violations

from rag.assistant import Assistant
from rag.errors import IndexBusy
from rag.index import Index
from rag.schema import Progress, Rejection
from rag.settings import Settings

pytestmark = pytest.mark.browser
SETTINGS = Settings.load(environ={}, ingest={"max_bytes": 5000})
STORY = "The harbour office will build a second terminal, it said. Work begins in spring."


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return FakeLibrary(ARTICLES, tmp_path_factory.mktemp("fake") / "index")


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """A real index behind a hash embedder."""
    embedder = HashEmbedder()
    folder = tmp_path_factory.mktemp("real") / "index"
    with Index.open(folder, embedder.fingerprint, SETTINGS.index) as index:
        yield Assistant(index, embedder, None, SETTINGS)


@pytest.fixture(scope="module")
def address(library):
    with served(library, SETTINGS) as address:
        yield address


@pytest.fixture(scope="module")
def real_address(real):
    with served(real, SETTINGS) as address:
        yield address


@pytest.fixture(scope="module")
def browser(address, real_address):
    with opened_browser() as browser:
        yield browser


@pytest.fixture(autouse=True)
def _fresh(library):
    library.stored = {article.article_id: article for article in ARTICLES}
    library.steps, library.given, library.turned_away = [], [], []
    library.scripts = {"JSR": growing(written_answer())}


@pytest.fixture
def visit(browser):
    """Opens a page; at the end, nothing may have failed or called another host."""
    pages, trouble = [], []

    def opened(address, **options):
        def noted(request):
            here = request.url.startswith(address.rpartition("/")[0] + "/")
            if not here and urlsplit(request.url).scheme not in ("data", "blob"):
                trouble.append(f"request to {request.url}")

        page = browser.new_page(**options)
        page.set_default_timeout(15_000)
        pages.append(page)
        page.on("request", noted)
        page.on("pageerror", lambda error: trouble.append(f"script error: {error}"))
        page.goto(address)
        return page

    yield opened
    for page in pages:
        page.close()
    assert trouble == []


def waits(library) -> list[str]:
    folder = library.folder.with_name("index.uploads")
    return [path.name for path in folder.glob("*")] if folder.exists() else []


def test_files_and_a_folder_are_stored_and_what_is_rejected_says_why(
    visit, real, real_address, tmp_path
):
    news = tmp_path / "news"
    (news / "deep").mkdir(parents=True)
    (news / "a.md").write_text(f"---\ntitle: Port\npublished: 2023-07-03\n---\n{STORY}")
    (news / "deep" / "b.txt").write_text(f"{STORY} More of it, and other words.")
    (news / "deep" / "empty.txt").write_text("")
    (news / ".hidden.md").write_text("not this")
    (news / "tool.exe").write_bytes(b"MZ")
    page = visit(f"{real_address}/collection")
    page.get_by_role("heading", name="No articles yet").wait_for()
    page.get_by_role("link", name="Add articles").click()
    page.locator("#folder").set_input_files(news)
    page.locator(".job.done", has_text="2 added").wait_for()
    assert "1 rejected" in page.locator(".job.done").inner_text()
    rejected = page.locator(".job.done .rejected").inner_text()
    assert "news/deep/empty.txt" in rejected
    assert "is empty; remove it or give it text" in rejected
    refused = page.locator("#refused").inner_text()
    assert "news/tool.exe" in refused
    assert "is not of a kind that is read" in refused
    assert {one.title for one in real.summaries()} == {"Port", "b"} or len(real.summaries()) == 2
    assert list(real.folder.with_name("index.uploads").iterdir()) == []

    page.locator("#files").set_input_files([news / "a.md"])
    page.locator(".job.done", has_text="1 unchanged").wait_for()
    page.goto(f"{real_address}/collection?state=rejected")
    assert "news/deep/empty.txt" in page.locator(".rejected .title").inner_text()
    page.get_by_role("button", name="Dismiss these").click()
    page.get_by_text("Nothing was rejected.").wait_for()


def test_a_pasted_text_is_stored_with_what_was_said_of_it(visit, real, real_address):
    page = visit(f"{real_address}/add")
    page.get_by_label("Title").fill("Port: 'the' \"news\"")
    page.get_by_label("Publisher").fill("Mill <b>Street</b>")
    page.get_by_label("Published").fill("2024-05-06")
    page.get_by_label("Text", exact=True).fill(f"--- {STORY}\n\nA second paragraph stands here.")
    page.locator("form[action=add-text] button").click()
    page.locator(".job.done", has_text="1 added").wait_for()
    (stored,) = [one for one in real.articles() if one.publisher == "Mill <b>Street</b>"]
    assert (stored.title, stored.published) == ("Port: 'the' \"news\"", "2024-05-06")
    assert "A second paragraph stands here." in stored.text


def test_dropped_files_are_taken(visit, library, address):
    page = visit(f"{address}/add")
    drop = page.evaluate_handle(
        """() => { const data = new DataTransfer();
        data.items.add(new File(["Ships came."], "ships.txt")); return data; }"""
    )
    page.locator("#drop").dispatch_event("drop", {"dataTransfer": drop})
    page.locator(".job.done", has_text="1 added").wait_for()
    assert [Path(one).parent.name for one in library.given] == ["index.uploads"]
    assert waits(library) == []


def test_progress_is_live_and_asking_goes_on(visit, library, address):
    rejection = Rejection(path="/x/<b>.md", reason="is <i>empty</i>; fill it")
    library.turned_away = [rejection]
    reading = Hold(Progress(stage="load", done=3, total=0))
    embedding = Hold(Progress(stage="embed", done=40, total=80))
    told = Progress(stage="load", done=2, total=0, rejection=rejection)
    library.steps = [told, reading, embedding]
    page = visit(f"{address}/add")
    page.locator("#files").set_input_files(
        [{"name": f"{n}.md", "mimeType": "text/plain", "buffer": b"x"} for n in range(6)]
    )
    page.locator(".job.running", has_text="3 of 6").wait_for()
    page.locator(".job.running", has_text="a second").wait_for()
    page.locator(".job.running", has_text="1 rejected").wait_for()
    reading.open()
    page.locator(".job.running", has_text="40 of 80").wait_for()
    assert page.locator(".job progress").get_attribute("value") == "40"

    other = visit(f"{address}/")
    other.locator("#welcome h2").wait_for()
    other.locator("#box textarea").fill("How much for JSR?")
    other.locator("#box textarea").press("Enter")
    other.locator("#newest .sources").wait_for()
    other.goto(f"{address}/remove?id=note")
    other.get_by_role("button", name="Remove", exact=True).click()
    other.locator(".problem", has_text="Articles are being added").wait_for()

    embedding.open()
    page.locator(".job.done", has_text="0.md +5").wait_for()
    assert "is <i>empty</i>; fill it" in page.locator(".job .reason").inner_text()
    done = page.locator(".job", has_text="0.md +5")
    done.get_by_role("button", name="Dismiss").click()
    done.wait_for(state="detached")


def test_a_stopped_job_can_be_taken_up_or_discarded(visit, library, address):
    library.steps = [Hold(Progress(stage="load", done=1, total=0))]
    page = visit(f"{address}/add")
    page.locator("#files").set_input_files(
        [{"name": "stop.md", "mimeType": "text/plain", "buffer": b"x"}]
    )
    page.locator(".job.running").get_by_role("button", name="Stop").click()
    page.locator(".job.interrupted", has_text="1 file waits").wait_for()
    assert len(waits(library)) == 1
    library.steps = []
    page.get_by_role("button", name="Take it up").click()
    page.locator(".job.done", has_text="stop.md").wait_for()
    assert waits(library) == []


def test_a_failed_ingest_is_told_in_words_and_what_it_was_given_is_kept(visit, library, address):
    library.steps = [IndexBusy("index: process 7 is writing; try again when it is done")]
    page = visit(f"{address}/add")
    page.get_by_label("Web pages and feeds").fill("https://a.example/feed\nhttps://b.example/")
    page.locator("form[action=add-urls] button").click()
    page.locator(".job.failed", has_text="process 7 is writing").wait_for()
    page.locator(".job.interrupted", has_text="2 addresses wait").wait_for()
    page.get_by_role("button", name="Discard").click()
    page.locator(".job.interrupted").wait_for(state="detached")
    assert library.given[-2:] == ["https://a.example/feed", "https://b.example/"]


def test_what_is_no_address_and_a_missing_text_are_told_and_nothing_is_lost(visit, address):
    page = visit(f"{address}/add")
    page.get_by_label("Web pages and feeds").fill("https://a.example/ javascript:alert(1)")
    page.locator("form[action=add-urls] button").click()
    page.locator(".problem", has_text="javascript:alert(1) is no web address").wait_for()
    assert "https://a.example/" in page.get_by_label("Web pages and feeds").input_value()


def test_a_file_that_is_too_large_is_refused_by_name(visit, library, address):
    page = visit(f"{address}/add")
    page.locator("#files").set_input_files(
        [{"name": "a.md", "mimeType": "text/plain", "buffer": b"x" * 6000}]
    )
    page.locator("#refused", has_text="is larger than 5,000 bytes").wait_for()
    page.wait_for_function("() => !document.querySelector('#sending').textContent")
    assert waits(library) == []


@pytest.mark.parametrize("options", [PHONE, {"color_scheme": "dark"}], ids=["phone", "dark"])
def test_axe_finds_nothing(visit, library, address, options):
    library.steps = [Hold(Progress(stage="load", done=1, total=0))]
    page = visit(f"{address}/add", **options)
    page.locator("#files").set_input_files(
        [{"name": "a.md", "mimeType": "text/plain", "buffer": b"x"}]
    )
    page.locator(".job.running progress").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    assert violations(page) == []
    library.steps[0].open()
    page.locator(".job.done").first.wait_for()
