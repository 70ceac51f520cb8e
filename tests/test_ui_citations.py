"""Numbers, ticks and copies in a real Chromium."""

from __future__ import annotations

from dataclasses import replace

import pytest
from chat_page import asked, chatting
from chromium import PHONE
from fake_assistant import JSR, growing, written_answer

from rag.schema import Copy

pytestmark = pytest.mark.browser

COPY = replace(
    JSR,
    article_id="jsr-copy",
    title="Fund in deal for JSR",
    publisher="Mill Street Letter",
    published="2023-06-27",
    url="javascript:alert(1)",
)


@pytest.fixture(scope="module")
def running():
    with chatting() as chat:
        yield chat


@pytest.fixture
def chat(running):
    running.begin()
    yield running
    running.end()


def card(page):
    shown = page.locator("#card")
    shown.wait_for()
    return shown.inner_text()


def test_a_number_shows_its_source_while_it_is_pointed_at(chat):
    page = chat.visit()
    asked(page)
    quote = written_answer().citations[1].quote
    page.locator("#newest .answer a.cite").nth(1).hover()
    for told in (quote, JSR.title, JSR.publisher, "26 Jun 2023"):
        assert told in card(page)
    page.locator("#card").hover()
    page.wait_for_timeout(400)
    assert page.locator("#card").is_visible()
    page.mouse.move(2, 400)
    page.locator("#card").wait_for(state="hidden")
    assert page.locator("#source-panel").is_hidden()


def test_the_keyboard_shows_cards_walks_the_numbers_and_opens_one(chat):
    page = chat.visit()
    asked(page)
    page.locator("#newest .question").click()
    page.keyboard.press("Tab")
    page.wait_for_function("() => document.activeElement.textContent === 'Source 1'")
    assert written_answer().citations[0].quote[:20] in card(page)
    assert page.locator("a.cite:focus").get_attribute("aria-describedby") == "card"
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.activeElement.textContent === 'Source 2'")
    assert "4,350 yen" in card(page)
    page.keyboard.press("Escape")
    page.locator("#card").wait_for(state="hidden")
    page.wait_for_function("() => document.activeElement.textContent === 'Source 2'")
    page.keyboard.press("Enter")
    page.locator("#source-panel .place", has_text="2 of 3").wait_for()


def test_a_tick_says_what_was_checked(chat):
    page = chat.visit()
    asked(page)
    page.get_by_role("button", name="Checked: the cited text supports").nth(1).click()
    assert "Held against sources 2, 3" in card(page)
    assert "numbers · dates · names" in card(page)
    page.mouse.click(2, 400)
    page.locator("#card").wait_for(state="hidden")


def test_a_tap_shows_the_card_within_the_phone_and_a_second_one_opens_the_source(chat):
    page = chat.visit(**PHONE)
    asked(page)
    number = page.locator("#newest .answer a.cite").nth(1)
    number.tap()
    assert "4,350 yen" in card(page)
    box = page.locator("#card").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert page.locator("#source-panel").is_hidden()
    number.tap()
    page.locator("#source-panel mark.cited").first.wait_for()
    assert page.locator("#card").is_hidden()


def test_the_sentence_of_the_open_source_is_marked(chat):
    page = chat.visit()
    asked(page)
    page.locator("#newest .answer a.cite").nth(2).click()
    page.locator("#source-panel mark.cited").first.wait_for()
    colours = page.locator("#newest .said").evaluate_all(
        "all => all.map(each => getComputedStyle(each).backgroundColor)"
    )
    assert colours[0] == "rgba(0, 0, 0, 0)"
    assert colours[1] != colours[0]


def test_the_panel_names_the_copies_and_opens_them(chat):
    chat.reader.stored[COPY.article_id] = COPY
    first, *rest = written_answer().citations
    first = replace(first, also_in=(Copy(article_id=COPY.article_id, publisher=COPY.publisher),))
    chat.reader.scripts["JSR"] = growing(replace(written_answer(), citations=(first, *rest)))
    page = chat.visit()
    asked(page)
    assert "Also in Mill Street Letter" in page.locator("#newest .sources").inner_text()
    page.locator("#newest .answer a.cite").first.click()
    panel = page.locator("#source-panel")
    assert "Mill Street Letter · 27 Jun 2023" in panel.locator(".also-in").inner_text()
    panel.get_by_role("link", name=COPY.title).click()
    panel.locator("h2", has_text=COPY.title).wait_for()
    assert panel.locator("a.original").count() == 0  # its address is no web address
    panel.get_by_role("link", name=JSR.title).click()
    panel.locator("h2", has_text=JSR.title).wait_for()
    assert panel.locator("a.original").get_attribute("href") == JSR.url
