"""The collection page in a real Chromium, over articles in memory."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from chromium import PHONE, opened_browser, served
from fake_assistant import ARTICLES, JSR, RAPIDUS, UNDATED
from fake_library import FakeLibrary

from rag.errors import IndexDamaged
from rag.schema import Article, Copy, Rejection, Removal
from rag.settings import Settings

pytestmark = pytest.mark.browser

EVIL = "\"'><script>alert(1)</script><img src=https://evil.example/x onerror=alert(1)>{{7*7}}"


@pytest.fixture(scope="module")
def library():
    return FakeLibrary(ARTICLES)


@pytest.fixture(scope="module")
def address(library):
    with served(library, Settings.load(environ={})) as address:
        yield address


@pytest.fixture(scope="module")
def browser(address):
    with opened_browser() as browser:
        yield browser


@pytest.fixture(autouse=True)
def _fresh(library):
    library.stored = {article.article_id: article for article in ARTICLES}
    library.changes += 1
    library.copied, library.turned_away, library.broken = {}, [], None


@pytest.fixture
def visit(browser, address):
    """Opens a page; at the end, nothing may have run, failed, or called another host."""
    pages, trouble = [], []

    def noted(request):
        here = request.url.startswith(address + "/")
        if not here and urlsplit(request.url).scheme not in ("data", "blob"):
            trouble.append(f"request to {request.url}")

    def opened(path, **options):
        page = browser.new_page(**options)
        page.set_default_timeout(20_000)
        pages.append(page)
        page.on("request", noted)
        page.on("dialog", lambda dialog: trouble.append(f"dialog: {dialog.message}"))
        page.on("pageerror", lambda error: trouble.append(f"script error: {error}"))
        page.goto(f"{address}/{path}")
        return page

    yield opened
    for page in pages:
        page.close()
    assert trouble == []


def titles(page) -> list[str]:
    return page.locator(".rows a.title").all_inner_texts()


def violations(page) -> list[str]:
    """What axe-core finds wrong."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {[node['html'] for node in one['nodes']][:3]}" for one in found]


def test_the_conversation_leads_to_the_collection_and_back(visit):
    page = visit("")
    page.locator("#nav").get_by_role("link", name="Collection").click()
    page.get_by_role("heading", name="Collection").wait_for()
    assert titles(page) == [JSR.title, RAPIDUS.title, UNDATED.title]
    page.get_by_role("link", name="Ask").click()
    page.locator("#welcome h2").wait_for()


def test_articles_are_found_by_words_publisher_and_day(visit):
    page = visit("collection")
    page.get_by_label("Search").fill("harbour rapidus")
    page.keyboard.press("Enter")
    page.locator(".count", has_text="1 article").wait_for()
    assert titles(page) == [RAPIDUS.title]
    page.get_by_role("link", name="Show all").click()
    page.locator("[name=publisher]").select_option(label="Mill Street Letter (1)")
    page.get_by_role("button", name="Show").click()
    page.locator(".count", has_text="1 article").wait_for()
    assert titles(page) == [UNDATED.title]
    page.get_by_label("Search").fill("nobody")
    page.get_by_role("button", name="Show").click()
    page.get_by_text("No article fits").wait_for()


def test_articles_are_put_in_another_order(visit):
    page = visit("collection")
    page.get_by_label("Order").select_option("oldest")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**/collection?*sort=oldest*")
    assert titles(page)[:2] == [RAPIDUS.title, JSR.title]


def test_states_are_told_and_can_be_filtered(visit, library):
    library.stored[JSR.article_id] = replace(JSR, partial=True)
    library.copied = {JSR.article_id: (Copy(article_id=RAPIDUS.article_id, title="The copy"),)}
    library.turned_away = [Rejection(path="/x/b.bin", reason="is not read; convert it")]
    page = visit("collection")
    assert page.locator(".rows li").first.locator(".mark").all_inner_texts() == [
        "a part only",
        "1 copy",
    ]
    page.locator("[name=state]").select_option("undated")
    page.get_by_role("button", name="Show").click()
    page.locator(".count", has_text="1 article").wait_for()
    assert titles(page) == [UNDATED.title]
    page.get_by_role("link", name="1 rejected").click()
    assert "is not read; convert it" in page.locator(".rejected").inner_text()
    page.get_by_role("link", name="1 in part only").click()
    assert titles(page) == [JSR.title]


def test_an_article_is_read_with_what_cleaning_took_out_and_its_copies(visit, library):
    removals = (Removal(rule="newsletter", text="Sign up <b>now</b>"),)
    library.stored[JSR.article_id] = replace(JSR, removals=removals, original="x" * 2000)
    library.copied = {JSR.article_id: (Copy(article_id=UNDATED.article_id, title="The copy"),)}
    page = visit("collection")
    page.get_by_role("link", name=JSR.title).click()
    page.get_by_role("heading", name=JSR.title).wait_for()
    shown = "\n".join(page.locator("article .body p").all_text_contents())
    assert "".join(shown.split()) == "".join(JSR.text.split())
    assert page.locator("a.original").get_attribute("href") == JSR.url
    assert page.locator(".taken").inner_text() == "Sign up <b>now</b>"
    assert 'ingest.cleaning_off = ["newsletter"]' in page.locator(".cleaned").inner_text()
    page.get_by_role("link", name="The copy").click()
    page.get_by_role("heading", name=UNDATED.title).wait_for()
    assert "Nothing was taken out" in page.locator(".cleaned").text_content()


def test_removing_asks_first(visit, library):
    page = visit("collection")
    page.get_by_label(f"Choose “{JSR.title}”").check()
    page.get_by_label(f"Choose “{UNDATED.title}”").check()
    page.get_by_role("button", name="Remove the chosen").click()
    page.get_by_text("2 articles will be removed").wait_for()
    page.get_by_role("link", name="Cancel").click()
    page.locator(".count", has_text="3 articles").wait_for()
    page.get_by_role("link", name=JSR.title).click()
    page.get_by_role("button", name="Remove this article").click()
    assert JSR.article_id in library.stored
    page.get_by_role("button", name="Remove", exact=True).click()
    page.locator(".done", has_text="1 article was removed").wait_for()
    assert titles(page) == [RAPIDUS.title, UNDATED.title]
    assert JSR.article_id not in library.stored


def test_removing_what_is_gone_is_told(visit, library):
    page = visit(f"remove?id={JSR.article_id}")
    del library.stored[JSR.article_id]
    page.get_by_role("button", name="Remove", exact=True).click()
    page.locator(".problem", has_text="there is no article 'jsr-buyout'").wait_for()


def test_five_thousand_articles_are_paged_and_quick(visit, library):
    library.stored = {
        f"a{n}": Article(article_id=f"a{n}", title=f"Title {n:04}", text="x") for n in range(5000)
    }
    page = visit("collection?sort=title")
    assert page.locator(".rows li").count() == 50
    page.get_by_role("link", name="Next").click()
    page.locator(".count", has_text="page 2 of 100").wait_for()
    assert titles(page)[0] == "Title 0050"
    spent = page.evaluate("performance.getEntriesByType('navigation')[0].duration")
    assert spent < 5000


def test_an_empty_collection_and_one_that_cannot_be_read_say_so(visit, library):
    library.stored = {}
    page = visit("collection")
    page.get_by_role("heading", name="No articles yet").wait_for()
    library.broken = IndexDamaged("index: the file is torn; run `rag doctor --repair`")
    page = visit("collection")
    page.locator(".problem", has_text="run `rag doctor --repair`").wait_for()


def test_an_article_that_is_not_there_is_told(visit):
    page = visit("article?id=<b>no")
    page.locator(".problem", has_text="there is no article '<b>no'").wait_for()


def test_nothing_that_strangers_write_runs_or_calls_out(visit, library):
    article = Article(
        article_id=EVIL, title=EVIL, publisher=EVIL, author=EVIL, published=EVIL, text=EVIL,
        url=f"javascript:alert(1)//{EVIL}", source=EVIL, topics=(EVIL,), published_origin=EVIL,
        removals=(Removal(rule=EVIL, text=EVIL),),
    )  # fmt: skip
    library.stored = {EVIL: article}
    library.copied = {EVIL: (Copy(article_id=EVIL, title=EVIL, publisher=EVIL, published=EVIL),)}
    library.turned_away = [Rejection(path=EVIL, reason=EVIL)]
    page = visit("collection")
    page.get_by_label("Search").fill(EVIL)
    page.keyboard.press("Enter")
    page.get_by_text("No article fits").or_(page.locator(".count")).first.wait_for()
    page = visit("collection")
    page.locator(".rows a.title").click()
    page.locator("h1").wait_for()
    assert page.locator("h1").inner_text() == EVIL
    assert page.locator("article a.original").count() == 0
    page.get_by_role("button", name="Remove this article").click()
    page.get_by_text("1 article will be removed").wait_for()
    visit("collection?state=rejected").locator(".reason").wait_for()


@pytest.mark.parametrize(
    "path",
    [
        "collection",
        f"article?id={JSR.article_id}",
        f"remove?id={JSR.article_id}",
        "collection?state=rejected",
    ],
)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_a_phone_shows_everything(visit, library, path, scheme):
    library.stored[JSR.article_id] = replace(
        JSR, partial=True, removals=(Removal(rule="newsletter", text="Sign up"),)
    )
    library.turned_away = [Rejection(path="/x/" + "long" * 60, reason="is not read; convert it")]
    page = visit(path, color_scheme=scheme, **PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert violations(page) == []
