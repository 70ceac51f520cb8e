"""The languages of the interface: no message is missing, and each keeps its place-holders."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from chat_page import QUESTION, ask, chatting, ended
from chromium import PHONE, opened_browser, served
from fake_assistant import ARTICLES, Gate, growing, written_answer
from fake_library import FakeLibrary

import rag.ui.words
from rag.settings import Settings
from rag.ui.conversations import Conversations
from rag.ui.routes import SCRIPTS, shipped_file
from rag.ui.script_words import MESSAGES
from rag.ui.words import LANGUAGES, chosen, words

UI = Path(rag.ui.words.__file__).parent.parent
OTHERS = [code for code in LANGUAGES if code != "en"]


@cache
def messages() -> frozenset[str | tuple[str, ...]]:
    """Every message of the code and the templates."""
    found = extract_from_dir(
        UI,
        [("templates/**.html", "jinja2.ext:babel_extract")],
        keywords={"_": None, "n_": (1, 2)},
        options_map={"templates/**.html": {"extensions": ""}},
    )
    coded = (message for file in UI.rglob("*.py") for message in messages_of(file))
    return frozenset({message for _, _, message, _, _ in found} | {*coded})


def messages_of(file: Path) -> Iterator[str | tuple[str, ...]]:
    """What `_`, `N_` and `n_` are called with, in f-strings too, which Babel does not read."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        texts = [one.value for one in node.args if isinstance(one, ast.Constant)]
        if name in ("_", "N_") and texts:
            yield texts[0]
        elif name == "n_" and len(texts) > 1:
            yield tuple(texts[:2])


def catalog(language: str):
    with (UI / "words" / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


def names(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_there_are_messages():
    assert len(messages()) > 250


def test_what_the_scripts_say_is_sent_to_them():
    said = {
        message
        for script in SCRIPTS
        for message in re.findall(r'\b_\(\s*"([^"]+)"', shipped_file(script))
    }
    assert said == set(MESSAGES)


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


TOLD = {
    "de": ("Fragen", "Die Artikel befragen", "Lese 2 Textstellen (2 Artikel)…", "26.06.2023"),
    "fr": ("Demander", "Interrogez les articles", "Lecture de 2 passages (2 articles)…", "26 juin"),
    "ja": ("質問", "記事に聞く", "記事 2 件から抜粋 2 件を読んでいます…", "2023/06/26"),
}


@pytest.mark.browser
def test_the_conversation_speaks_the_language_of_the_browser_or_the_one_chosen(tmp_path):
    with chatting(store=Conversations(tmp_path / "c.sqlite"), keep=lambda *_: True) as chat:
        chat.begin()
        for language, (asks, heading, status, day) in TOLD.items():
            reading = Gate()
            passages, *rest = growing(written_answer())
            chat.reader.scripts["JSR"] = [passages, reading, *rest]
            page = chat.visit(locale=language, viewport={"width": 390, "height": 844})
            own = words(language)
            page.locator("#send", has_text=own._("Ask")).wait_for()
            assert page.locator("#send").inner_text() == asks
            assert page.locator("#welcome h2").inner_text() == heading
            placeholder = page.get_by_placeholder(own._("Ask about these articles"))
            placeholder.wait_for()
            assert page.evaluate("document.documentElement.lang") == language
            ask(page)
            page.locator("#status", has_text=status).wait_for()
            reading.open()
            ended(page)
            turn = page.locator("#newest").inner_text()
            for told in ("Sources", "Why this answer", "Copy as Markdown", "To go on with"):
                assert own._(told) in turn, told
            assert day in turn
            page.get_by_role("button", name=own._("Right answer")).wait_for()
            assert page.evaluate("document.documentElement.scrollWidth") <= 390
            page.locator("#newest .answer a.cite").first.click()
            page.get_by_role("button", name=own._("Next citation")).wait_for()
            page.locator("#source-panel a", has_text="harbour.example").wait_for()
            page.get_by_role("button", name=own._("Close the source")).click()
            page.locator("#talks").click()
            page.get_by_placeholder(own._("Search"), exact=True).wait_for()
            page.locator("#history .talk", has_text=QUESTION).first.wait_for()
        page = chat.visit(locale="de")
        page.context.add_cookies(
            [{"name": "newsdesk_language", "value": "fr", "url": chat.address}]
        )
        page.reload()
        page.locator("#send", has_text="Demander").wait_for()
        chat.end()
