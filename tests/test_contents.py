"""What an index holds and what cleaning took out, read from the catalog alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes import HashEmbedder

from rag.assistant import Assistant
from rag.catalog import FILE_NAME, Catalog
from rag.contents import CleanReport, RuleReport, clean_report, contents
from rag.errors import IndexDamaged, IndexMissing
from rag.index import Index
from rag.ingest import ingest
from rag.load import load
from rag.schema import IngestReport
from rag.settings import Settings

SETTINGS = Settings.load(environ={})
STORY = "The harbour office will build a second terminal, it said. Work begins in spring."


@pytest.fixture
def news(tmp_path: Path) -> Path:
    folder = tmp_path / "news"
    folder.mkdir()
    (folder / "a.md").write_text(f"---\ntitle: Port\npublished: 2023-07-03\n---\n{STORY}")
    (folder / "b.txt").write_text(
        f"{STORY}\n\nSign up for our newsletter\n\nMore of it.\n\nShare on Facebook\n\n"
        "Subscribe to continue reading\n"
    )
    (folder / "c.txt").write_text("")
    return folder


def take(folder: Path, index_folder: Path) -> IngestReport:
    embedder = HashEmbedder()
    with Index.open(index_folder, embedder.fingerprint, SETTINGS.index) as index:
        items = load(folder, SETTINGS.ingest)
        return ingest(items, index, embedder, SETTINGS, scopes=[folder])


def test_articles_and_rejections_are_listed(news: Path, tmp_path: Path) -> None:
    take(news, tmp_path / "index")
    found = contents(tmp_path / "index")
    first, second = found.articles
    assert (first.article_id, first.title, first.published) == ("a", "Port", "2023-07-03")
    assert (first.published_origin, first.partial) == ("front matter", False)
    assert (second.article_id, second.published, second.published_origin) == ("b", None, "")
    assert second.partial, "the rest of it is behind a paywall"
    assert [(Path(item.path).name, item.reason) for item in found.rejected] == [
        ("c.txt", "is empty; remove it or give it text")
    ]
    (news / "c.txt").write_text("Ships came.")
    take(news, tmp_path / "index")
    found = contents(tmp_path / "index")
    assert [item.article_id for item in found.articles] == ["a", "b", "c"]
    assert found.rejected == ()


def test_rejections_are_listed_where_nothing_else_is(tmp_path: Path) -> None:
    folder = tmp_path / "news"
    folder.mkdir()
    (folder / "c.txt").write_text("")
    take(folder, tmp_path / "index")
    assert [Path(item.path).name for item in contents(tmp_path / "index").rejected] == ["c.txt"]


def test_what_cleaning_took_out_is_told_by_rule(news: Path, tmp_path: Path) -> None:
    take(news, tmp_path / "index")
    report = clean_report(tmp_path / "index", "b")
    assert isinstance(report, CleanReport)
    assert report.read > report.stored > 0
    by_rule = {rule.rule: rule for rule in report.rules}
    assert by_rule["newsletter"] == RuleReport(
        rule="newsletter",
        switch='ingest.cleaning_off = ["newsletter"]',
        texts=("Sign up for our newsletter",),
    )
    assert set(by_rule) == {"newsletter", "share", "paywall"}
    assert clean_report(tmp_path / "index", "a").rules == ()


def test_a_rule_that_is_switched_off_takes_nothing_out(news: Path, tmp_path: Path) -> None:
    off = Settings.load(environ={}, ingest={"cleaning_off": ["newsletter"]}).ingest
    (article,) = load(news / "b.txt", off)
    assert "Sign up for our newsletter" in article.text
    assert "newsletter" not in {removal.rule for removal in article.removals}


def test_what_is_not_there_is_named(news: Path, tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match="rag ingest PATH"):
        contents(tmp_path / "index")
    take(news, tmp_path / "index")
    with pytest.raises(IndexMissing, match="no article 'bb'"):
        clean_report(tmp_path / "index", "bb")
    with (
        Catalog.open(tmp_path / "index" / FILE_NAME, writable=True) as catalog,
        catalog.transaction() as connection,
    ):
        connection.execute("UPDATE articles SET removals = '[]' WHERE article_id = 'b'")
    with pytest.raises(IndexDamaged, match="'b' is damaged"):
        clean_report(tmp_path / "index", "b")


def test_a_listing_does_not_read_the_texts(news: Path, tmp_path: Path) -> None:
    """They may be large: the query names no column that holds one."""
    take(news, tmp_path / "index")
    asked = list[str]()
    with Catalog.open(tmp_path / "index" / FILE_NAME) as catalog:
        from rag.revision import Revision

        with catalog.connection() as connection:
            connection.set_trace_callback(asked.append)
        Revision(catalog, catalog.meta().revision).summaries()
        with catalog.connection() as connection:
            connection.set_trace_callback(None)
    assert asked
    assert not [sql for sql in asked if "text" in sql or "original" in sql]


def test_an_assistant_lists_what_its_collection_page_shows(news: Path, tmp_path: Path) -> None:
    (news / "copy.md").write_text(f"---\ntitle: Port again\n---\n{STORY * 6}")
    (news / "first.md").write_text(f"---\ntitle: Port first\n---\n{STORY * 6}")
    embedder = HashEmbedder()
    with Index.open(tmp_path / "index", embedder.fingerprint, SETTINGS.index) as index:
        assistant = Assistant(index, embedder, None, SETTINGS)
        assert (assistant.state(), assistant.rejected()) == ("", [])
        assistant.ingest(news)
        before = assistant.state()
        assert {
            name: [one.article_id for one in some] for name, some in assistant.copies().items()
        } == {
            "copy": ["first"],
            "first": ["copy"],
        }
        assert [Path(one.path).name for one in assistant.rejected()] == ["c.txt"]
        assert assistant.clean_report("b").rules
        assistant.remove("copy")
        assert assistant.state() not in ("", before)
        assert assistant.copies() == {}
