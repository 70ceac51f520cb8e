"""The languages of the interface: no message is missing, and each keeps its place-holders."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from chromium import PHONE, opened_browser, served
from fake_assistant import ARTICLES
from fake_library import FakeLibrary

import rag.ui.words
from rag.settings import Settings
from rag.ui.words import LANGUAGES, chosen, words

UI = Path(rag.ui.words.__file__).parent.parent
OTHERS = [code for code in LANGUAGES if code != "en"]


def messages() -> set[str | tuple[str, ...]]:
    """Every message of the code and the templates."""
    readers = [("**.py", "python"), ("templates/**.html", "jinja2.ext:babel_extract")]
    found = extract_from_dir(
        UI,
        readers,
        keywords={"_": None, "n_": (1, 2)},
        options_map={"templates/**.html": {"extensions": ""}},
    )
    return {message for _, _, message, _, _ in found}


def catalog(language: str):
    with (UI / "words" / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


def names(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_there_are_messages():
    assert len(messages()) > 150


@pytest.mark.parametrize("language", OTHERS)
def test_no_message_is_missing_and_none_is_left_over(language):
    known = {message.id for message in catalog(language) if message.id}
    assert known == messages()
    for message in catalog(language):
        if not message.id:
            continue
        forms = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(forms), message.id
        originals = message.id if isinstance(message.id, tuple) else (message.id,)
        for form in forms:
            assert names(form) == names(originals[-1]), message.id
        assert not message.fuzzy


def test_numbers_days_and_plurals_are_those_of_the_language():
    german, french, japanese = words("de"), words("fr"), words("ja")
    assert german.n_("{n} copy", "{n} copies", 1) == "1 Kopie"
    assert german.n_("{n} article", "{n} articles", 2000) == "2.000 Artikel"
    assert french.n_("{n} copy", "{n} copies", 0) == "0 copie"
    assert japanese.n_("{n} copy", "{n} copies", 3) == "重複 3 件"
    assert words("en").day("2023-06-26T10:00:00Z") == "26 Jun 2023"
    assert german.day("2023-06-26") == "26.06.2023"
    assert japanese.day(None) == "日付不明"
    assert words("en").day("in spring") == "in spring"
    assert words("tlh").language == "en"


@pytest.mark.parametrize(
    ("wanted", "accepted", "language"),
    [
        ("ja", "de", "ja"),
        ("", "de-AT,de;q=0.9,en;q=0.8", "de"),
        ("", "es, fr;q=0.3, en;q=0.2", "fr"),
        ("", "es", "en"),
        ("", "", "en"),
        ("xx", "ja;q=0", "en"),
        ("", "deutsch", "en"),
        ("", "de;q=x,fr", "fr"),
        ("../../etc", "fr", "fr"),
    ],
)
def test_the_reader_chooses_else_the_browser(wanted, accepted, language):
    assert chosen(wanted, accepted) == language


@pytest.mark.browser
def test_pages_speak_the_language_of_the_browser_or_the_one_chosen_and_hold_on_a_phone(tmp_path):
    library = FakeLibrary(ARTICLES, tmp_path / "index")
    with served(library, Settings.load(environ={})) as address, opened_browser() as browser:
        page = browser.new_page(locale="de-DE", **PHONE)
        page.set_default_timeout(30_000)
        for path in ("collection", "add", "settings", "article?id=note", "remove?id=note"):
            page.goto(f"{address}/{path}")
            assert page.locator("html").get_attribute("lang") == "de"
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
            for button in page.locator("button:visible, a.button:visible").all():
                box = button.bounding_box()
                assert box["x"] >= 0, path
                assert box["x"] + box["width"] <= 390, path
        page.goto(f"{address}/settings")
        page.get_by_label("Sprache").select_option("ja")
        page.locator("form[action=settings-look] button").click()
        page.get_by_role("heading", name="設定").wait_for()
        assert re.search(r"記事 3 件", page.goto(f"{address}/collection").text())
