"""The whole way in a real browser: starter articles, embedded models, question, cited words."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from chromium import opened_browser, served

from rag import Assistant
from rag.paths import shipped
from rag.settings import Settings

pytestmark = [pytest.mark.browser, pytest.mark.model]

EXPECTED = {
    "How much will the fund pay for JSR?": "903.9",
    "Who supports Rapidus?": "IBM",
    "What did Breton say about supply chains?": "supply chain",
    "Which countries matched US export controls?": "Netherlands",
}


@pytest.fixture(scope="module")
def assistant(tmp_path_factory):
    folder = tmp_path_factory.mktemp("starter")
    with Assistant.open(folder, Settings.load(environ={})) as assistant:
        assistant.ingest([shipped("corpus")])
        yield assistant


@pytest.fixture(scope="module")
def page(assistant):
    with served(assistant, assistant.settings) as address, opened_browser() as browser:
        page = browser.new_page()
        page.set_default_timeout(120_000)
        page.goto(address)
        page.locator(".example").first.wait_for()
        yield page


def answered(page, question: str) -> None:
    page.locator("#box textarea").fill(question)
    page.locator("#box textarea").press("Enter")
    page.locator("#newest .question", has_text=question).wait_for()
    page.locator("#newest .about, #newest .problem").first.wait_for()


def test_what_is_suggested_is_answered(page):
    suggested = page.locator(".example").all_inner_texts()
    assert len(set(suggested)) == 4
    for question in suggested:
        answered(page, question)
        assert page.locator("#newest .answer a.cite").count() >= 1, question
        assert page.locator("#newest .abstained").count() == 0, question
        assert page.locator("#newest .follow").count() >= 2, question


@pytest.mark.parametrize("question", EXPECTED)
def test_each_citation_opens_at_its_words(assistant, page, question):
    answered(page, question)
    assert EXPECTED[question] in page.locator("#newest .answer").inner_text()
    cites = page.locator("#newest .answer a.cite")
    assert cites.count() >= 1
    for number in range(cites.count()):
        link = parse_qs(urlsplit(cites.nth(number).get_attribute("href")).query)
        text = assistant.article(link["article"][0]).text
        quote = text[int(link["start"][0]) : int(link["end"][0])]
        cites.nth(number).click()
        page.wait_for_function(
            """quote => [...document.querySelectorAll('#source-panel mark.cited')]
                .map(mark => mark.textContent).join('') === quote""",
            arg=quote,
        )
        assert page.locator("#source-panel .body").text_content() == text
    page.keyboard.press("Escape")


def test_what_the_articles_do_not_answer_is_declined(page):
    answered(page, "Who won the 2022 World Cup?")
    assert page.locator("#newest .abstained").is_visible()
    assert page.locator("#newest .passages a").count() >= 1
