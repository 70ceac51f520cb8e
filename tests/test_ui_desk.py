"""What a reader does with answers and conversations, in a real Chromium; and axe-core's opinion."""

from __future__ import annotations

from dataclasses import replace

import pytest
from axe_playwright_python.sync_playwright import Axe
from chat_page import BOX, QUESTION, ask, asked, chatting, ended
from chromium import PHONE
from fake_assistant import JSR, RAPIDUS, cite, growing, written_answer

from rag.errors import ModelError
from rag.schema import Disagreement, Failure, Search, Sentence, StatedValue, Understood, Verdict
from rag.ui.conversations import Conversations

pytestmark = pytest.mark.browser

LABEL = "by Harbour Desk"


def rich_answer():
    """An answer with everything that a page can show of one."""
    answer = written_answer()
    other = cite(RAPIDUS, 4, "Eight companies put money into it")
    failed = (Failure(check="number", words=("40%",)),)
    out = Sentence(text="It was 40% more.", verdict=Verdict.UNSUPPORTED, failed=failed)
    said = Understood(kind="publisher", words="How", start=0, end=3, label=LABEL)
    values = (StatedValue(value="903.9 billion", citation=1), StatedValue(value="8", citation=4))
    return replace(
        answer,
        citations=(*answer.citations, other),
        disagreements=(Disagreement(kind="number", values=values),),
        left_out=(out,),
        understood=(said,),
        searches=(Search(query=answer.query), Search(query="JSR price")),
        notice="The model was away for a moment.",
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    opened = Conversations(tmp_path_factory.mktemp("kept") / "c.sqlite")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def judged():
    """The answers that readers marked: the numbers of their citations, and whether right."""
    return []


@pytest.fixture(scope="module")
def running(store, judged):
    def keep(answer, _history, right):
        judged.append(([one.number for one in answer.citations], right))

    with chatting(store=store, keep=keep) as chat:
        yield chat


@pytest.fixture
def chat(running, store):
    for one in store.listed(""):
        store.delete("", one.key)
    running.begin()
    running.reader.scripts["JSR"] = growing(rich_answer())
    yield running
    running.end()


def kept(page) -> None:
    page.wait_for_function("() => location.search.startsWith('?c=')")


# ---------------------------------------------------------------- why this answer


def test_why_tells_searches_passages_time_and_model(chat):
    page = chat.visit()
    asked(page)
    page.locator("#newest .about summary").click()
    told = page.locator("#newest .about").inner_text()
    for part in ("JSR price", "score 1.000 · cited as 1", "not cited", "scripted", "Search 0.02 s"):
        assert part in told


def test_different_values_and_the_course_of_things_are_told_with_dates(chat):
    chat.reader.scripts["changed"] = growing(
        replace(rich_answer(), query="How has the price changed?", sentences=(
            *written_answer().sentences,
            Sentence(text="Eight firms paid.", verdict=Verdict.SUPPORTED, citations=(4,)),
        ))
    )  # fmt: skip
    page = chat.visit()
    asked(page, "How has it changed?")
    table = page.locator("#newest .differ table")
    assert "The articles differ on a number" in table.inner_text()
    assert table.locator("tr").nth(1).inner_text().startswith("8")
    assert "13 Dec 2022" in table.inner_text()
    days = page.locator("#newest .timeline .day").all_inner_texts()
    assert days == ["13 Dec 2022", "26 Jun 2023", "26 Jun 2023"]
    table.locator("a.cite").first.click()
    page.locator("#source-panel mark.cited").first.wait_for()


def test_a_chip_asks_again_without_what_was_understood_and_with_it(chat):
    page = chat.visit()
    asked(page)
    page.get_by_role("button", name=f"Ask again without: {LABEL}").click()
    page.get_by_role("button", name=f"Ask again with: {LABEL}").wait_for()
    ended(page)
    assert page.locator(".turn").count() == 1
    page.get_by_role("button", name=f"Ask again with: {LABEL}").click()
    page.locator("#newest .chip.restore").wait_for(state="detached")
    ended(page)
    assert [without for _, without in chat.reader.calls] == [(), (LABEL,), ()]
    assert [question for question, _ in chat.reader.asked] == [QUESTION] * 3


# ---------------------------------------------------------------- copy, edit


def test_an_answer_is_copied_as_text_and_as_markdown(chat):
    page = chat.visit(permissions=["clipboard-read", "clipboard-write"])
    asked(page)
    page.locator("#newest").get_by_role("button", name="Copy", exact=True).click()
    page.locator("#told", has_text="Copied.").wait_for()
    text = page.evaluate("navigator.clipboard.readText()")
    assert "903.9 billion yen. [1]" in text
    assert f"[2] {JSR.title}, Harbour Desk, 26 Jun 2023: “it would offer 4,350 yen" in text
    page.get_by_role("button", name="Copy as Markdown").click()
    page.locator("#told", has_text="Markdown").wait_for()
    assert f"<{JSR.url}>" in page.evaluate("navigator.clipboard.readText()")


@pytest.mark.parametrize("way", ["button", "arrow"])
def test_the_last_question_is_edited_and_asked_in_its_place(chat, way):
    page = chat.visit()
    asked(page, "Who supports Rapidus?")
    asked(page)
    if way == "button":
        page.locator("#newest").get_by_role("button", name="Edit").click()
    else:
        page.locator(BOX).press("ArrowUp")
    assert page.locator(BOX).input_value() == QUESTION
    page.locator(BOX).fill("What is JSR?")
    page.locator(BOX).press("Enter")
    page.locator("#newest .question", has_text="What is JSR?").wait_for()
    ended(page)
    assert page.locator(".question").all_inner_texts() == ["Who supports Rapidus?", "What is JSR?"]
    assert len(chat.reader.asked[-1][1]) == 1


# ---------------------------------------------------------------- kept conversations


def test_a_conversation_survives_a_reload_and_goes_on(chat):
    page = chat.visit()
    asked(page)
    asked(page, "Who supports Rapidus?")
    kept(page)
    page.reload()
    page.locator("#newest .question", has_text="Rapidus").wait_for()
    assert page.locator(".question").all_inner_texts() == [QUESTION, "Who supports Rapidus?"]
    asked(page, "And JSR?")
    assert [turn.question for turn in chat.reader.asked[-1][1]] == [
        QUESTION,
        "Who supports Rapidus?",
    ]


def test_conversations_are_searched_opened_renamed_saved_and_deleted(chat):
    page = chat.visit()
    asked(page)
    kept(page)
    page.locator("#new").click()
    page.locator(".example").first.wait_for()
    page.wait_for_function("() => !location.search")
    asked(page, "Who supports Rapidus?")
    kept(page)
    page.locator("#talks").click()
    rows = page.locator("#history .talk")
    rows.nth(1).wait_for()
    page.get_by_label("Search the conversations").fill("photoresist")
    page.wait_for_function("() => document.querySelectorAll('#history .talk').length === 1")
    rows.first.click()
    page.locator("#newest .question", has_text=QUESTION).wait_for()
    page.locator("#talks").click()
    page.locator("#history .talk", has_text=QUESTION).wait_for()
    row = page.locator("#history li", has_text=QUESTION)
    row.locator("summary").click()
    row.get_by_role("button", name="Rename").click()
    page.get_by_label("New title").fill("Chip deals")
    page.get_by_label("New title").press("Enter")
    row = page.locator("#history li", has_text="Chip deals")
    row.locator("summary").click()
    with page.expect_download() as saved:
        row.get_by_role("link", name="Page to share").click()
    assert saved.value.suggested_filename.endswith(".html")
    row.get_by_role("button", name="Delete").click()
    row.get_by_role("button", name="Delete for good?").click()
    row.wait_for(state="detached")
    assert rows.all_inner_texts()[0].startswith("Who supports Rapidus?")


# ---------------------------------------------------------------- everybody can use it


def problems(page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:200]}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("window", [{"viewport": {"width": 1280, "height": 800}}, PHONE])
def test_axe_finds_nothing_serious(chat, window, scheme):
    chat.reader.scripts["away"] = [ModelError("The model is away; start it.")]
    page = chat.visit(**window, color_scheme=scheme, bypass_csp=True)
    found = problems(page)
    asked(page, "nothing known")
    asked(page, "away")
    asked(page)
    page.locator("#newest .about summary").click()
    page.locator("#newest .left-out summary").click()
    found += problems(page)
    page.locator("#newest .answer a.cite").first.focus()
    page.keyboard.press("Enter")
    page.locator("#source-panel mark.cited").first.wait_for()
    found += problems(page)
    page.keyboard.press("Escape")
    page.locator("#source-panel").wait_for(state="hidden")
    page.locator("#talks").click()
    page.locator("#history .talk").first.wait_for()
    page.locator("#history summary").first.click()
    found += problems(page)
    assert found == []


def test_the_server_that_is_gone_is_told(chat):
    page = chat.visit()
    asked(page)
    page.route("**/conversations?**", lambda route: route.abort())
    page.locator("#talks").click()
    page.locator("#history .list", has_text="The server cannot be reached").wait_for()
    page.keyboard.press("Escape")
    page.route("**/source?**", lambda route: route.abort())
    page.locator("#newest .answer a.cite").first.click()
    page.locator("#source-panel .problem", has_text="cannot be reached").wait_for()
    ask(page, "go on")


def test_filters_are_set_told_and_cleared(chat):
    page = chat.visit()
    page.get_by_role("button", name="Filters").click()
    page.get_by_label("From", exact=True).fill("2023-06-20")
    page.get_by_label("To", exact=True).fill("2023-06-01")
    page.get_by_role("button", name="Apply").click()
    page.locator("#filters .problem", has_text="the date range is empty").wait_for()
    page.get_by_label("From", exact=True).fill("2023-06-01")
    page.get_by_role("checkbox", name="Harbour Desk").check()
    page.get_by_role("button", name="Apply").click()
    page.get_by_role("button", name="Filters: only by Harbour Desk; published from 1").wait_for()
    asked(page)
    ((filters, _),) = chat.reader.calls
    assert (filters.publishers, str(filters.first_day)) == (("Harbour Desk",), "2023-06-01")
    assert "by Harbour Desk" in page.locator("#newest .chip.set").inner_text()
    page.get_by_role("button", name="Filters").click()
    assert page.get_by_role("checkbox", name="Harbour Desk").is_checked()
    assert problems(page) == []
    page.get_by_role("button", name="Clear").click()
    page.locator("#filter.set").wait_for(state="detached")
    asked(page, "Who supports Rapidus?")
    assert chat.reader.calls[-1][0] is None


def test_single_citations_are_marked_right_and_wrong(chat, judged):
    page = chat.visit()
    asked(page)
    page.locator("#newest .answer a.cite").nth(1).click()
    panel = page.locator("#source-panel")
    panel.get_by_role("button", name="This source is wrong").click()
    page.locator("#kept", has_text="1 citation marked wrong").wait_for()
    panel.get_by_role("button", name="Next citation").click()
    panel.locator(".place", has_text="3 of 3").wait_for()
    panel.get_by_role("button", name="This source is right").click()
    page.locator("#kept", has_text="1 citation marked right, the evidence").wait_for()
    assert judged == [([2], False), ([3], True)]
