"""Several collections side by side."""

from __future__ import annotations

import json
from contextlib import closing

import pytest
from chat_page import asked
from chromium import opened_browser, served
from fakes import HashEmbedder
from test_ui_library import violations

from rag.assistant import Assistant
from rag.errors import CorpusError, IndexBusy, RagError
from rag.index import Index
from rag.schema import Article
from rag.settings import Settings
from rag.ui.archive import Archive
from rag.ui.conversation import Conversation, Exchange
from rag.ui.shelf import Shelf

SETTINGS = Settings.load(environ={})
STORY = Article(article_id="port", title="Port", text="The harbour office builds a terminal.")


@pytest.fixture
def shelf(tmp_path):
    embedder = HashEmbedder()
    with Index.open(tmp_path / "all/index", embedder.fingerprint, SETTINGS.index) as index:
        yield Shelf(Assistant(index, embedder, None, SETTINGS))


def test_an_index_of_before_is_a_collection_and_nothing_is_written_to_choose_it(shelf):
    shelf.ingest([STORY])
    (only,) = shelf.all()
    assert (only.folder, only.name, only.articles, only.open) == ("index", "", 1, True)
    assert not (shelf.parent / "index.about.json").exists()


def test_collections_are_made_chosen_and_described_and_share_nothing(shelf):
    shelf.ingest([STORY])
    shelf.create("Énergie & Klima", "Grids\nand dams")
    assert shelf.folder.name == "énergie-klima"
    assert shelf.state() == ""
    assert [one.articles for one in shelf.all()] == [1, 0]
    shelf.ingest([Article(article_id="dam", title="Dam", text="A dam was built.")])
    assert [one.title for one in shelf.summaries()] == ["Dam"]
    assert shelf.settings.index.dir == shelf.folder
    shelf.choose("index")
    assert [one.title for one in shelf.summaries()] == ["Port"]
    shelf.describe("index", "Ports", "")
    assert [(one.name, one.open) for one in shelf.all()] == [
        ("Ports", True),
        ("Énergie & Klima", False),
    ]
    about = json.loads((shelf.parent / "énergie-klima.about.json").read_text(encoding="utf-8"))
    assert about == {"name": "Énergie & Klima", "description": "Grids\nand dams"}


@pytest.mark.parametrize("name", ["", "  ", "index", "Index", "Ports"])
def test_a_name_that_is_taken_or_empty_is_refused(shelf, name):
    shelf.describe("index", "Ports", "")
    shelf.ingest([STORY])
    with pytest.raises(CorpusError):
        shelf.create(name)
    assert len(shelf.all()) == 1


@pytest.mark.parametrize("name", ["../up", "/etc", ".hidden", "a/../../b", "😀", "CON", "x" * 300])
def test_whatever_it_is_called_it_lies_in_the_parent(shelf, name):
    shelf.create(name)
    assert shelf.folder.parent == shelf.parent
    assert not shelf.folder.name.startswith(".")
    shelf.ingest([STORY])
    assert shelf.folder.is_dir()


@pytest.mark.parametrize("folder", ["..", "", "nowhere", "/etc"])
def test_only_collections_can_be_chosen(shelf, folder):
    with pytest.raises(CorpusError, match="choose another one"):
        shelf.choose(folder)


def test_a_damaged_collection_is_listed_with_what_is_wrong(shelf):
    shelf.ingest([STORY])
    (shelf.parent / "broken").mkdir()
    (shelf.parent / "broken/catalog.sqlite").write_bytes(b"not a database" * 100)
    (shelf.parent / "index.about.json").write_text("[1]")
    broken, index = shelf.all()
    assert broken.problem
    assert (index.name, index.problem) == ("", "")


@pytest.mark.browser
def test_the_page_makes_opens_and_describes(shelf):
    shelf.ingest([STORY])
    with served(shelf, SETTINGS) as address, opened_browser() as browser:
        page = browser.new_page()
        page.set_default_timeout(15_000)
        page.goto(f"{address}/collection")
        page.get_by_role("link", name="Other collections").click()
        page.locator("form[action=collections-create] [name=name]").fill("Energy <b>")
        page.get_by_role("button", name="Create and open").click()
        page.get_by_role("heading", name="Energy <b>").wait_for()
        page.get_by_role("heading", name="No articles yet").wait_for()
        page.get_by_role("link", name="Other collections").click()
        page.get_by_label("What is in it").first.fill("Grids and dams")
        page.get_by_role("button", name="Save").click()
        page.locator(".rows .said", has_text="Grids and dams").wait_for()
        assert violations(page) == []
        page.get_by_role("button", name="Open “index”").click()
        page.get_by_role("link", name="Port").wait_for()
        page.goto(address)
        page.locator("#brand .facts", has_text="1 article").wait_for()


# ---------------------------------------------------------------- deleting


def two_collections(shelf) -> str:
    """`Ports` is open, and `index` the other one, with something of each kind beside it."""
    shelf.ingest([STORY])
    shelf.create("Ports")
    for end in ("cases.jsonl", "uploads/batch/a.md", "runs/1-starter/run.json"):
        path = shelf.parent / f"index.{end}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    return "index"


def test_a_collection_is_deleted_with_what_lies_beside_it_and_nothing_else(shelf):
    other = two_collections(shelf)
    shelf.describe("index-two", "Another", "")
    shelf.delete(other)
    assert [one.folder for one in shelf.all()] == ["index-two", "ports"]
    left = sorted(path.name for path in shelf.parent.iterdir())
    assert left == ["index-two.about.json", "ports.about.json"]
    shelf.create("Index")
    assert shelf.state() == ""


def test_the_open_collection_and_so_the_last_is_not_deleted(shelf):
    shelf.ingest([STORY])
    with pytest.raises(CorpusError, match="open another one first"):
        shelf.delete("index")
    assert [one.title for one in shelf.summaries()] == ["Port"]


@pytest.mark.parametrize("folder", ["..", ".", "", "nowhere", "ports/../index", "/etc"])
def test_only_collections_are_deleted(shelf, folder):
    two_collections(shelf)
    before = sorted(shelf.parent.rglob("*"))
    with pytest.raises(CorpusError):
        shelf.delete(folder)
    assert sorted(shelf.parent.rglob("*")) == before


def test_an_index_that_another_program_has_open_is_not_deleted(shelf):
    other = two_collections(shelf)
    with Index.open(shelf.parent / other, HashEmbedder().fingerprint, SETTINGS.index) as index:
        held = index.snapshot()
        with pytest.raises(IndexBusy, match="has this collection open"):
            shelf.delete(other)
        assert held.counts["articles"] == 1
        del held
    with (
        Index.open(shelf.parent / other, HashEmbedder().fingerprint, SETTINGS.index) as index,
        index.writing(),
        pytest.raises(IndexBusy),
    ):
        shelf.delete(other)
    shelf.choose(other)
    assert [one.title for one in shelf.summaries()] == ["Port"]


def test_links_are_not_followed_and_files_of_others_stay(shelf, tmp_path):
    other = two_collections(shelf)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "mine.txt").write_text("mine")
    (shelf.parent / "index.runs/link").symlink_to(outside)
    (shelf.parent / "index/mine.txt").write_text("mine")
    shelf.delete(other)
    assert (outside / "mine.txt").read_text() == "mine"
    assert [path.name for path in (shelf.parent / "index").iterdir()] == ["mine.txt"]
    (shelf.parent / "linked").symlink_to(outside)
    (outside / "catalog.sqlite").write_text("x")
    with pytest.raises(CorpusError, match="by hand"):
        shelf.delete("linked")
    assert (outside / "catalog.sqlite").exists()


# ---------------------------------------------------------------- conversations


def talk(shelf, question: str) -> Conversation:
    exchange = Exchange(number=1, question=question, problem="away")
    return Conversation((exchange,), collection=shelf.folder.name)


def test_conversations_are_listed_with_the_collection_that_they_were_asked_in(shelf):
    shelf.ingest([STORY])
    archive = Archive(shelf)
    first = archive.save("me", talk(shelf, "Who builds?"))
    shelf.create("Ports")
    assert archive.listed("me") == []
    assert archive.load("me", first.key) is None
    archive.save("me", talk(shelf, "Which ports?"))
    late = archive.save("me", first)  # its answer ended after another one was chosen
    assert [one.title for one in archive.listed("me")] == ["Which ports?"]
    shelf.choose("index")
    assert [one.title for one in archive.listed("me")] == ["Who builds?"]
    again = archive.load("me", late.key)
    assert (again.collection, again.version) == ("index", 2)
    assert archive.rename("me", late.key, "Builders")
    assert archive.delete("me", late.key)
    shelf.delete("ports")
    assert not list(shelf.parent.glob("ports*"))
    with pytest.raises(RagError, match="was deleted"):
        archive.save("me", Conversation(first.exchanges, collection="ports"))
    archive.close()


@pytest.mark.browser
def test_the_page_deletes_after_asking_and_a_conversation_stays_with_its_collection(shelf):
    shelf.ingest([STORY])
    shelf.create("Ports")
    shelf.ingest([STORY])
    archive = Archive(shelf)
    with (
        closing(archive),
        served(shelf, SETTINGS, store=archive) as address,
        opened_browser() as browser,
    ):
        page = browser.new_page()
        page.set_default_timeout(60_000)
        page.goto(address)
        page.locator(".example").first.wait_for()
        asked(page, "What does the harbour office build?")
        page.wait_for_function("() => location.search.startsWith('?c=')")
        kept = page.url
        shelf.choose("index")
        asked(page, "Who builds a terminal?")
        page.locator("#kept", has_text="began a new conversation").wait_for()
        assert page.locator(".turn").count() == 1
        page.goto(kept)
        page.locator("#kept", has_text="not in the open collection").wait_for()
        page.goto(f"{address}/collections")
        page.get_by_role("link", name="Delete “Ports”").click()
        page.get_by_text("“Ports” will be deleted for good").wait_for()
        assert violations(page) == []
        page.get_by_role("link", name="Cancel").click()
        page.get_by_role("link", name="Delete “Ports”").click()
        page.get_by_role("button", name="Delete “Ports”").click()
        page.wait_for_url("**/collections")
        assert page.get_by_role("link", name="Delete “Ports”").count() == 0
        assert [one.folder for one in shelf.all()] == ["index"]
