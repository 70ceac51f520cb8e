"""Several collections side by side."""

from __future__ import annotations

import json

import pytest
from chromium import opened_browser, served
from fakes import HashEmbedder
from test_ui_library import violations

from rag.assistant import Assistant
from rag.errors import CorpusError
from rag.index import Index
from rag.schema import Article
from rag.settings import Settings
from rag.ui import Shelf

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
