"""The chat page in a real Chromium, with answers by script."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from chromium import PHONE, opened_browser, served
from fake_assistant import (
    ARTICLES,
    JSR,
    UNDATED,
    FakeAssistant,
    Gate,
    abstained,
    cite,
    growing,
    passage,
    quoted_answer,
    written_answer,
)

from rag.errors import ModelError, RagError
from rag.schema import Answer, Article, Sentence, Turn, Verdict
from rag.settings import Settings

pytestmark = pytest.mark.browser

QUESTION = "How much will the fund pay for JSR?"
BOX = "#box textarea"


@pytest.fixture(scope="module")
def reader():
    return FakeAssistant(ARTICLES)


@pytest.fixture(scope="module")
def kept():
    """The answers that readers marked."""
    return []


@pytest.fixture(scope="module")
def address(reader, kept):
    def keep(answer, history, right):
        if "Rapidus" in answer.question and not right:
            raise RagError("the disk is full; make room")
        kept.append((answer.question, tuple(turn.question for turn in history), right))

    with served(reader, Settings.load(environ={}), keep) as address:
        yield address


@pytest.fixture(scope="module")
def narrow(reader):
    """The address of a server that gives one answer at once, and lets nobody wait."""
    limits = {"max_answers": 1, "max_waiting": 0}
    with served(reader, Settings.load(environ={}, server=limits)) as address:
        yield address


@pytest.fixture(scope="module")
def browser(address, narrow):
    with opened_browser() as browser:
        yield browser


@pytest.fixture(autouse=True)
def _fresh(reader):
    reader.stored = {article.article_id: article for article in ARTICLES}
    reader.scripts = {"JSR": growing(written_answer()), "Rapidus": growing(quoted_answer())}
    reader.asked = []


@pytest.fixture(scope="module")
def context(browser):
    """The pages of most tests share one cache, so that they load fast."""
    return browser.new_context()


@pytest.fixture
def visit(browser, context, address):
    """Opens the page; at the end, nothing may have run, failed, or called another host."""
    pages, trouble = [], []

    def noted(request):
        here = request.url.startswith(address + "/")
        if not here and urlsplit(request.url).scheme not in ("data", "blob"):
            trouble.append(f"request to {request.url}")

    def opened(**options):
        page = browser.new_page(**options) if options else context.new_page()
        page.set_default_timeout(60_000)
        pages.append(page)
        page.on("request", noted)
        page.on("dialog", lambda dialog: trouble.append(f"dialog: {dialog.message}"))
        page.on("pageerror", lambda error: trouble.append(f"script error: {error}"))
        page.on("popup", lambda popup: trouble.append(f"popup: {popup.url}"))
        page.goto(address)
        page.locator("#welcome h2, #welcome .problem").wait_for()
        return page

    yield opened
    for page in pages:
        page.close()
    assert trouble == []


def ask(page, question: str) -> None:
    page.locator(BOX).fill(question)
    page.locator(BOX).press("Enter")
    page.locator("#newest .question", has_text=question).wait_for()


def ended(page) -> None:
    """Wait until the newest answer has come to its end."""
    ends = (".sources", ".abstained", ".problem", ".stopped")
    page.locator(", ".join(f"#newest {end}" for end in ends)).first.wait_for()
    page.locator("#halt").wait_for(state="detached")
    page.locator("#send").wait_for()


def marked(page) -> str:
    page.locator("#source-panel mark.cited").first.wait_for()
    return "".join(page.locator("#source-panel mark.cited").all_text_contents())


# ---------------------------------------------------------------- asking


def test_sentences_appear_one_by_one_and_the_status_says_what_goes_on(visit, reader):
    passages, first, *rest = growing(written_answer())
    read, write = Gate(), Gate()
    reader.scripts["JSR"] = [passages, read, first, write, *rest]
    page = visit()
    ask(page, QUESTION)
    page.locator("#status", has_text="Reading 2 passages from 2 articles").wait_for()
    assert page.locator("#status").get_attribute("role") == "status"
    read.open()
    page.locator("#status", has_text="1 sentence checked so far").wait_for()
    assert page.locator("#newest .sentence").count() == 1
    assert page.locator("#newest .sources").count() == 0
    assert page.locator(BOX).input_value() == ""
    write.open()
    ended(page)
    assert page.locator("#newest .sentence").count() == 2
    assert page.locator("#newest .sources li").count() == 1
    assert "Answer complete" in page.locator("#status").text_content()


def test_an_example_asks_itself_and_the_front_page_leaves(visit, reader):
    page = visit()
    assert page.locator("#brand .facts").inner_text() == "3 articles, 13 Dec 2022 to 26 Jun 2023"
    suggested = page.locator(".example").first
    question = suggested.inner_text()
    suggested.focus()
    page.keyboard.press("Enter")
    ended(page)
    assert reader.asked[0][0] == question
    page.locator("#welcome").wait_for(state="hidden")
    assert page.locator(".example").count() == 0


def test_an_answer_suggests_how_to_go_on(visit, reader):
    page = visit()
    ask(page, QUESTION)
    ended(page)
    follow = page.locator("#newest .follow")
    question = follow.first.inner_text()
    assert "Rapidus" in question
    follow.first.focus()
    page.keyboard.press("Enter")
    page.locator("#newest .question", has_text=question).wait_for()
    ended(page)
    assert [asked for asked, _ in reader.asked] == [QUESTION, question]
    assert [turn.question for turn in reader.asked[-1][1]] == [QUESTION]
    assert page.locator("#earlier .follow").count() == 0


def test_what_cannot_be_answered_looks_calm_and_shows_what_came_closest(visit, reader):
    reader.scripts["World Cup"] = [abstained("q", passage(UNDATED, 1, UNDATED.text))]
    page = visit()
    ask(page, "Who won the 2022 World Cup?")
    page.locator("#newest .abstained", has_text="None of the 3 articles").wait_for()
    page.locator("#newest .abstained a", has_text=UNDATED.title).click()
    assert marked(page) == UNDATED.text


def test_quotes_are_shown_with_the_notice_and_the_rewritten_search(visit):
    page = visit()
    ask(page, "Who supports Rapidus?")
    ended(page)
    assert page.locator("#newest blockquote").count() == 2
    assert "could not be reached" in page.locator("#newest .notice").inner_text()
    assert "the chip maker?" in page.locator("#newest .searched").inner_text()


def test_left_out_sentences_unfold(visit):
    page = visit()
    ask(page, QUESTION)
    page.locator("#newest summary", has_text="1 drafted sentence was left out").click()
    assert page.locator("#newest .left-out li").is_visible()


def test_an_error_is_a_message_and_the_page_goes_on(visit, reader):
    reader.scripts["away"] = [ModelError("The model at X is away; start it.")]
    page = visit()
    ask(page, "away")
    page.locator("#newest .problem", has_text="The model at X is away; start it.").wait_for()
    ask(page, QUESTION)
    ended(page)
    assert page.locator("#newest .sentence").count() == 2


def test_an_empty_question_does_nothing(visit, reader):
    page = visit()
    page.locator(BOX).fill("  ")
    page.locator("#send").click()
    ask(page, QUESTION)
    ended(page)
    assert [question for question, _ in reader.asked] == [QUESTION]
    assert page.locator(".turn").count() == 1


def test_a_question_of_a_million_characters_is_declined_and_kept_in_the_box(visit, reader):
    page = visit()
    page.locator(BOX).evaluate(
        "box => { box.value = 'why '.repeat(250000); box.dispatchEvent(new Event('input')) }"
    )
    page.locator("#send").click()
    page.locator("#newest .problem", has_text="the most is 4,000").wait_for()
    assert len(page.locator(BOX).input_value()) == 1_000_000
    assert reader.asked == []


def test_a_full_server_says_so_and_the_question_stays_in_the_box(browser, reader, narrow):
    gate = Gate()
    reader.scripts["slow"] = [gate, abstained("slow")]
    with browser.new_context() as context:
        first, second = context.new_page(), context.new_page()
        for page in (first, second):
            page.goto(narrow)
            page.locator("#welcome h2").wait_for()
        ask(first, "slow")
        second.locator(BOX).fill(QUESTION)
        second.locator(BOX).press("Enter")
        second.get_by_text("currently busy").first.wait_for()
        assert second.locator(BOX).input_value() == QUESTION
        gate.open()
        ended(first)
        second.locator(BOX).press("Enter")
        ended(second)
        assert second.locator("#newest .sentence").count() == 2


# ---------------------------------------------------------------- stop, retry, follow up


@pytest.mark.parametrize("way", ["button", "escape"])
def test_stop_ends_a_stalled_answer_and_keeps_what_was_checked(visit, reader, way):
    stall = Gate()
    reader.scripts["stall"] = [*growing(written_answer())[:2], stall]
    page = visit()
    ask(page, "stall")
    page.locator("#newest .sentence").wait_for()
    page.locator("#halt").click() if way == "button" else page.keyboard.press("Escape")
    page.locator("#newest .stopped").wait_for()
    ended(page)
    assert stall.cancelled.wait(2)
    assert page.locator("#newest .sentence").count() == 1
    ask(page, QUESTION)
    ended(page)
    assert reader.asked[-1] == (QUESTION, ())


def test_closing_the_page_stops_a_stalled_answer(visit, reader):
    stall = Gate()
    reader.scripts["stall"] = [stall]
    page = visit()
    ask(page, "stall")
    assert stall.reached.wait(10)
    page.close()
    assert stall.cancelled.wait(10)


def test_retry_asks_the_same_again_without_its_own_answer(visit, reader):
    page = visit()
    ask(page, QUESTION)
    ended(page)
    again = Gate()
    reader.scripts["JSR"] = [again, quoted_answer()]
    page.locator("#retry").click()
    page.locator("#status", has_text="Searching").wait_for()
    assert page.locator("#newest .sentence").count() == 0
    again.open()
    ended(page)
    assert page.locator("#newest blockquote").count() == 2
    assert page.locator(".turn").count() == 1
    assert reader.asked == [(QUESTION, ()), (QUESTION, ())]


def test_an_answer_is_marked_right_or_wrong_and_kept_with_its_conversation(visit, kept):
    page = visit()
    assert page.locator("#right, #wrong").count() == 0
    ask(page, QUESTION)
    ended(page)
    page.locator("#right").click()
    page.locator(".kept", has_text="citations as evidence").wait_for()
    assert page.locator("#right, #wrong").count() == 0
    ask(page, "And Rapidus?")
    ended(page)
    assert page.locator(".kept").count() == 0
    page.locator("#wrong").click()
    page.locator("#kept", has_text="the disk is full").wait_for()
    page.locator("#right").click()
    page.locator(".kept").wait_for()
    assert kept == [(QUESTION, (), True), ("Who supports Rapidus?", (QUESTION,), True)]


def test_a_follow_up_passes_the_conversation_and_a_new_one_does_not(visit, reader):
    page = visit()
    ask(page, QUESTION)
    ended(page)
    ask(page, "And when does it close?")
    ended(page)
    assert reader.asked[-1][1] == (Turn(question=QUESTION, answer=written_answer().answer),)
    assert page.locator("#earlier .turn").count() == 1
    page.locator("#new").click()
    page.locator(".example").first.wait_for()
    assert page.locator(".turn").count() == 0
    ask(page, "Who supports Rapidus?")
    ended(page)
    assert reader.asked[-1][1] == ()


def test_two_readers_share_nothing(visit, reader):
    one, two = visit(), visit()
    ask(one, QUESTION)
    ended(one)
    ask(two, "Who supports Rapidus?")
    ended(two)
    assert reader.asked[-1][1] == ()
    assert two.locator(".turn").count() == 1
    assert one.locator(".turn .question").all_inner_texts() == [QUESTION]


# ---------------------------------------------------------------- citations


def test_a_citation_opens_its_article_at_the_cited_words(visit):
    page = visit()
    ask(page, QUESTION)
    ended(page)
    citations = written_answer().citations
    page.locator("#newest .answer a.cite").nth(2).click()
    assert marked(page) == citations[2].quote
    assert "".join(page.locator("#source-panel .body").all_text_contents()) == JSR.text
    panel = page.locator("#source-panel")
    assert JSR.title in panel.inner_text()
    assert "Harbour Desk · A. Writer · 26 Jun 2023" in panel.inner_text()
    assert panel.locator("a.original").get_attribute("href") == JSR.url
    assert panel.locator("a.original").get_attribute("rel") == "noopener noreferrer"
    assert panel.locator("mark.cited").first.is_visible()
    also = panel.locator("mark.also").all_text_contents()
    assert also == [citations[0].quote, citations[1].quote]


def test_citations_are_walked_with_buttons_and_arrows_and_the_focus_returns(visit):
    page = visit()
    ask(page, QUESTION)
    ended(page)
    place = page.locator("#source-panel .place")
    page.locator("#newest .answer a.cite").first.focus()
    page.keyboard.press("Enter")
    page.locator("#source-panel .place", has_text="1 of 3").wait_for()
    assert page.get_by_role("button", name="Previous citation").is_disabled()
    page.get_by_role("button", name="Next citation").click()
    page.locator("#source-panel .place", has_text="2 of 3").wait_for()
    assert marked(page) == written_answer().citations[1].quote
    page.keyboard.press("ArrowRight")
    page.locator("#source-panel .place", has_text="3 of 3").wait_for()
    assert place.inner_text() == "3 of 3"
    page.keyboard.press("Escape")
    page.locator("#source-panel").wait_for(state="hidden")
    page.wait_for_function("() => document.activeElement.textContent === 'Source 3'")


def test_a_passage_that_two_answers_cite_is_placed_in_the_one_it_was_opened_from(visit, reader):
    whole = written_answer()
    _, second, third = whole.citations
    less = replace(
        whole,
        sentences=(replace(whole.sentences[1], citations=(1, 2)),),
        citations=(replace(second, number=1), replace(third, number=2)),
    )
    reader.scripts["again"] = growing(less)
    page = visit()
    ask(page, QUESTION)
    ended(page)
    ask(page, "And again?")
    ended(page)
    place = page.locator("#source-panel .place")
    page.locator("#newest a.cite").first.click()
    place.filter(has_text="1 of 2").wait_for()
    page.keyboard.press("Escape")
    page.locator("#earlier a.cite").nth(1).click()
    place.filter(has_text="2 of 3").wait_for()


def test_a_citation_can_be_opened_while_the_answer_is_written(visit, reader):
    write = Gate()
    passages, first, *rest = growing(written_answer())
    reader.scripts["JSR"] = [passages, first, write, *rest]
    page = visit()
    ask(page, QUESTION)
    page.locator("#newest a.cite").click()
    assert marked(page) == written_answer().citations[0].quote
    write.open()
    ended(page)
    assert page.locator("#newest .answer a.cite[aria-current=true]").text_content() == "Source 1"
    assert page.locator("#source-panel").is_visible()


def test_an_article_that_is_gone_is_told_in_the_panel(visit, reader):
    page = visit()
    ask(page, QUESTION)
    ended(page)
    reader.stored.clear()
    page.locator("#newest .answer a.cite").first.click()
    page.locator("#source-panel .problem", has_text="there is no article 'jsr-buyout'").wait_for()


def test_a_source_opens_in_a_page_of_its_own(visit, address):
    page = visit()
    ask(page, QUESTION)
    ended(page)
    link = page.locator("#newest .answer a.cite").first.get_attribute("href")
    page.goto(f"{address}/{link}")
    assert page.locator("mark#cited").inner_text() == written_answer().citations[0].quote
    assert page.locator("h2").inner_text() == JSR.title


def test_awkward_text_is_highlighted_to_the_character(visit, reader):
    text = "\tA\r\nB\x85C\u2028D\u202eE <b>&amp; 🗾👩\u200d🔬\n\n\n  two  spaces\x01 end."
    article = Article(article_id="a/b?c#d&e", text=text, title="<i>Awkward</i>")
    quote = "B\x85C\u2028D\u202eE <b>&amp; 🗾👩\u200d🔬\n\n\n  two  spaces\x01 en"
    said = Sentence(text=quote, verdict=Verdict.QUOTED, citations=(1,))
    reader.stored = {article.article_id: article}
    reader.scripts["awkward"] = [
        Answer(question="", answer="", sentences=(said,), citations=(cite(article, 1, quote),))
    ]
    page = visit()
    ask(page, "awkward")
    assert page.locator("#newest .said").text_content() == quote
    page.locator("#newest .answer a.cite").click()
    assert marked(page) == quote
    assert page.locator("#source-panel .body").text_content() == text


# ---------------------------------------------------------------- what strangers write

EVIL = "https://evil.example"
PAYLOADS = [
    f"<script src={EVIL}/a.js></script><script>alert(1)</script>",
    f'<img src="{EVIL}/b.png" onerror="alert(1)">',
    f'<img srcset="{EVIL}/c.png 1x"><picture><source srcset="{EVIL}/d.png"></picture>',
    f"![x]({EVIL}/e.png) [a](javascript:alert(1)) ![r][1]\n\n[1]: {EVIL}/f.png",
    f'<svg onload="alert(1)"><image href="{EVIL}/g.png"/><use href="{EVIL}/h.svg#x"/></svg>',
    f'<style>@import "{EVIL}/i.css"; * {{background: url({EVIL}/j.png)}}</style>',
    f'<div style="background:url({EVIL}/k.png)">x</div><table background="{EVIL}/l.png"><td>',
    f'<video src="{EVIL}/m.mp4" poster="{EVIL}/n.png" autoplay></video><audio src="{EVIL}/o">',
    f'<iframe src="{EVIL}/p"></iframe><object data="{EVIL}/q"></object><embed src="{EVIL}/r">',
    f'<meta http-equiv="refresh" content="0;url={EVIL}/s"><base href="{EVIL}/">',
    f'<form action="{EVIL}/t"><input autofocus onfocus="alert(1)"></form>',
    f'<link rel="stylesheet" href="{EVIL}/u.css"><link rel="preload" as="image" href="{EVIL}/v">',
    "{{constructor.constructor('alert(1)')()}} ${alert(1)} <%= alert(1) %>",
    "$$\\href{javascript:alert(1)}{x}$$ $\\includegraphics{https://evil.example/w.png}$",
    f'```mermaid\ngraph TD; A-->B; click A href "{EVIL}/x"\n```',
    "</span></section></template></textarea></title><script>alert(1)</script>",
    "\"'><a href=javascript:alert(1) id=halt class=cite>x</a>",
    f"<a class='cite' href='{EVIL}/y'>9</a><gradio-app src='{EVIL}'></gradio-app>",
    f"<details open ontoggle=alert(1)><math><mtext><img src={EVIL}/z>",
    "\u202e\u200b\U000e0041<b>x</b>\x00\x0b<dialog open>",
    f"<a href='{EVIL}' ping='{EVIL}/ping'>x</a> {EVIL}/auto www.evil.example a@evil.example",
]


@pytest.mark.parametrize("csp", [True, False], ids=["policy on", "policy off"])
def test_nothing_that_strangers_write_runs_or_calls_out(visit, reader, csp):
    everything = "\n".join(PAYLOADS)
    article = Article(
        article_id=everything, text=everything, title=everything, publisher=everything,
        author=everything, published=everything, url=f'javascript:alert(1)//{EVIL}" onclick="x',
    )  # fmt: skip
    said = Sentence(text=everything, verdict=Verdict.SUPPORTED, citations=(1,))
    quoted = Sentence(text=everything, verdict=Verdict.QUOTED, citations=(1,))
    answer = Answer(
        question=everything, query=everything, answer=everything, notice=everything,
        sentences=(said, quoted), citations=(cite(article, 1, everything),), left_out=(said,),
        passages=(passage(article, 1, everything),), model=everything,
        timings={everything: 1.0},
    )  # fmt: skip
    reader.stored = {everything: article}
    reader.scripts = {
        "fail": [ModelError(everything)],
        "decline": [abstained(everything, passage(article, 1, everything))],
        "": [*growing(answer)],
    }
    page = visit(bypass_csp=not csp)
    assert page.locator(".example").count() >= 1
    for number, question in enumerate(("fail", "decline", everything[:3999])):
        page.locator(BOX).fill(question)
        page.locator(BOX).press("Enter")
        page.wait_for_function(
            "n => document.querySelectorAll('#earlier .turn').length === n", arg=number
        )
        page.locator("#newest .question").wait_for()
        ended(page)
    page.locator("#newest .answer a.cite").first.click()
    assert marked(page).replace("\ufffd", "\x00") == everything
    page.wait_for_timeout(300)
    links = page.locator(".turn a, #source-panel a").evaluate_all(
        "links => links.map(link => link.getAttribute('href'))"
    )
    assert links
    assert all(link.startswith("source?article=") for link in links)
    forbidden = "script, img, iframe, svg, form, input, style, video, object, meta, base, link"
    assert page.locator(", ".join(f".turn {tag}" for tag in forbidden.split(", "))).count() == 0
    assert page.locator(", ".join(f".source {tag}" for tag in forbidden.split(", "))).count() == 0


# ---------------------------------------------------------------- keys, sizes, colours


def test_the_keys(visit, reader):
    page = visit()
    page.locator("#brand").click()
    page.keyboard.press("/")
    page.wait_for_function("() => document.activeElement.tagName === 'TEXTAREA'")
    page.keyboard.type("either/or")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("line two about JSR")
    assert page.locator(BOX).input_value() == "either/or\nline two about JSR"
    assert reader.asked == []
    page.keyboard.press("Enter")
    ended(page)
    assert reader.asked[0][0] == "either/or\nline two about JSR"


def test_a_phone_shows_everything_in_its_width_and_the_source_as_a_sheet(visit):
    page = visit(**PHONE)
    ask(page, QUESTION)
    ended(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator("#newest .answer a.cite").nth(1).tap()
    page.locator("#card", has_text=written_answer().citations[1].quote).tap()
    assert marked(page) == written_answer().citations[1].quote
    box = page.locator("#source-panel").bounding_box()
    assert (box["x"], box["width"]) == (0, 390)
    assert box["y"] + box["height"] == pytest.approx(844, abs=1)
    mark = page.locator("#source-panel mark.cited").first.bounding_box()
    assert box["y"] < mark["y"] < 844
    page.get_by_role("button", name="Close the source").tap()
    page.locator("#source-panel").wait_for(state="hidden")


def test_beside_the_source_the_conversation_stays_in_reach(visit):
    page = visit(viewport={"width": 1280, "height": 800})
    ask(page, QUESTION)
    ended(page)
    page.locator("#newest .answer a.cite").first.click()
    marked(page)
    panel = page.locator("#source-panel").bounding_box()
    bar = page.locator("#bar").bounding_box()
    assert bar["x"] + bar["width"] <= panel["x"]
    assert bar["y"] + bar["height"] <= 800
    ask(page, "Who supports Rapidus?")
    ended(page)


@pytest.mark.parametrize(("scheme", "paper"), [("light", 200), ("dark", 60)])
def test_the_page_follows_the_colours_of_the_system(visit, scheme, paper):
    page = visit(color_scheme=scheme)
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    red = int(colour.split("(")[1].split(",")[0])
    assert red > paper if scheme == "light" else red < paper


def test_without_articles_the_page_says_what_to_do(visit, reader):
    reader.stored.clear()
    page = visit()
    assert page.locator("#welcome code").inner_text() == "rag ingest PATH"
    assert page.locator(".example").count() == 0
