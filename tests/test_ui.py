"""The chat page without a browser: what is rendered, streamed, served and refused."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.request import urlopen

import pytest
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
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.addresses import web_address
from rag.errors import ModelError, SettingsError
from rag.schema import (
    Answer,
    Article,
    Copy,
    Disagreement,
    Failure,
    NearMiss,
    Note,
    Row,
    Sentence,
    StatedValue,
    Turn,
    Update,
    Verdict,
)
from rag.settings import ChatSettings, Settings
from rag.ui.cards import cards_html, failed_text
from rag.ui.collection import Invitations, describe, facts_text, welcome_html
from rag.ui.conversation import Conversation, Desk, Exchange, Frame
from rag.ui.markup import day, escape, shorten
from rag.ui.render import answer_html, outcome_text, progress_text
from rag.ui.server import build_app, listen
from rag.ui.source import article_link, fingerprint, read_spans, source_html, source_link

HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(1)> \"' & **b** [a](javascript:x) $$x$$"
)
TEXT = st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn")) | st.just("\n"))


class Seen(HTMLParser):
    """The tags, links and texts of some HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.marked = {"cited": "", "also": ""}
        self._open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "mark":
            self._open.append(dict(attrs)["class"])

    def handle_endtag(self, tag):
        if tag == "mark":
            self._open.pop()

    def handle_data(self, data):
        self.text += data
        if self._open:
            self.marked[self._open[-1]] += data

    @property
    def links(self) -> list[str]:
        return [attrs["href"] for tag, attrs in self.tags if tag == "a"]


def body_of(html: str) -> Seen:
    return Seen(html[html.index('<div class="body">') :])


# ---------------------------------------------------------------- strings into HTML


@settings(deadline=None)
@given(TEXT)
def test_escaped_text_reads_as_itself_and_holds_nothing_active(text):
    html = escape(text)
    assert unescape(html) == text
    assert not set("<>\"'`*_[]{}$\\\n\r|~") & set(html)


def test_lone_surrogates_do_not_break_a_page():
    assert escape("a\ud800b") == "a&#63;b"


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JAVASCRIPT:alert(1)",
        "data:text/html,x",
        "//evil.example/x",
        "ftp://a.example/x",
        "https://user:secret@evil.example/",
        "https://",
        "https://a.example/ x",
        'https://a.example/"onload=x',
        "https://a.example/\nx",
        "https://[::1",
        "",
    ],
)
def test_only_plain_web_addresses_become_links(url):
    assert web_address(url) is None
    article = Article(article_id="a", text="Words.", url=url)
    assert Seen(source_html(article, (0, 5), fingerprint("Words"))).links == []


def test_a_web_address_is_kept_as_it_is():
    assert web_address("https://a.example/b?c=d&e=1#f") == "https://a.example/b?c=d&e=1#f"


def test_days_are_written_out_or_said_to_be_unknown():
    assert day("2023-06-26") == day("2023-06-26T08:00:00+09:00") == "26 Jun 2023"
    assert day(None) == day("") == "date unknown"
    assert day("in June") == "in June"


def test_shortening_cuts_at_a_word():
    assert shorten("one two three", 9) == "one two…"
    assert shorten("a" * 20, 10) == "a" * 9 + "…"
    assert shorten("short", 9) == "short"


# ---------------------------------------------------------------- the source of a citation


@settings(deadline=None)
@given(text=TEXT.filter(str.strip), data=st.data())
def test_the_marked_words_are_the_cited_range(text, data):
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    quote = text[start:end]
    article = Article(article_id="a", text=text)
    seen = body_of(source_html(article, (start, end), fingerprint(quote), [(0, 1)]))
    assert seen.text == text
    assert seen.marked["cited"] == quote


def test_other_citations_of_the_article_are_marked_lighter():
    first, second = cite(JSR, 1, "903.9 billion yen"), cite(JSR, 2, "depends 🗾.\n\nJSR wants")
    span = (second.start, second.end)
    others = [(first.start, first.end)]
    seen = body_of(source_html(JSR, span, fingerprint(second.quote), others))
    assert seen.marked == {"cited": second.quote, "also": first.quote}
    assert [attrs.get("id") for tag, attrs in seen.tags if tag == "mark"].count("cited") == 1


def test_changed_words_are_never_highlighted():
    html = source_html(JSR, (0, 5), fingerprint("other"), [(6, 9)])
    assert "changed since it was cited" in unescape(html)
    assert "<mark" not in html


def test_a_range_outside_the_text_is_not_highlighted():
    assert "<mark" not in source_html(JSR, (0, 10**8), fingerprint(JSR.text))


def test_headings_look_like_headings_and_lose_nothing():
    article = Article(article_id="a", text="## Why it matters\n\nBecause. # not one")
    html = source_html(article, (1, 8), fingerprint("# Why i"))
    assert html.count('<p class="heading">') == 1
    assert body_of(html).text == article.text
    assert body_of(html).marked["cited"] == "# Why i"


def test_links_carry_any_id():
    link = source_link("a/b?c=1&d#é", (3, 9), "words", [(3, 9), (10, 12)])
    assert link.startswith("source?article=a%2Fb%3Fc%3D1%26d%23%C3%A9&start=3&end=9&quote=")
    assert link.endswith("&also=10-12#cited")


def test_wrong_spans_are_passed_over():
    assert read_spans(["1-2", "x", "-1-3", "3-", "4-5;6"]) == [(1, 2)]


# ---------------------------------------------------------------- answers

OURS = {
    "a", "bdi", "blockquote", "button", "caption", "dd", "details", "div", "dl", "dt", "h3", "h4",
    "li", "ol", "p", "q", "span", "summary", "table", "tbody", "td", "th", "tr", "ul",
}  # fmt: skip


def hostile_answer() -> Answer:
    article = Article(
        article_id=HOSTILE, text=HOSTILE, title=HOSTILE, publisher=HOSTILE, url=HOSTILE,
        published=HOSTILE,
    )  # fmt: skip
    said = Sentence(text=HOSTILE, verdict=Verdict.SUPPORTED, citations=(1,))
    quoted = Sentence(text=HOSTILE, verdict=Verdict.QUOTED, citations=(1, 99))
    failed = (Failure(check="name", words=(HOSTILE,)),)
    out = Sentence(text=HOSTILE, verdict=Verdict.UNSUPPORTED, failed=failed)
    return Answer(
        question="q", query=HOSTILE, answer=HOSTILE, notice=HOSTILE, reason=HOSTILE, model=HOSTILE,
        sentences=(said, quoted), citations=(cite(article, 1, HOSTILE),), left_out=(out,),
        passages=(passage(article, 1, HOSTILE),), timings={HOSTILE: 1.0},
        disagreements=(
            Disagreement(kind=HOSTILE, values=(StatedValue(value=HOSTILE, citation=1),)),
        ),
    )  # fmt: skip


@pytest.mark.parametrize("declined", [False, True])
def test_nothing_in_an_answer_becomes_a_tag_or_a_foreign_link(declined):
    answer = Answer(**{**fields(hostile_answer()), "abstained": declined})
    seen = Seen(answer_html(answer))
    assert {tag for tag, _ in seen.tags} <= OURS
    assert {name for _, attrs in seen.tags for name in attrs} <= {
        "class", "href", "scope", "style", "type", "value",
    }  # fmt: skip
    assert all(link.startswith("source?article=") for link in seen.links)
    assert seen.text.count(HOSTILE) >= 4


def fields(answer: Answer) -> dict:
    return {name: getattr(answer, name) for name in Answer.__dataclass_fields__}


def test_supported_sentences_run_on_and_are_followed_by_their_numbers():
    html = answer_html(written_answer())
    seen = Seen(html)
    assert html.count('class="sentence supported"') == 2
    cites = [
        attrs for tag, attrs in seen.tags if tag == "a" and attrs["class"].startswith("cite n")
    ]
    assert len(cites) == 3 + 3  # in the text, then in the list of sources
    assert "26 Jun 2023" in seen.text


def test_a_card_tells_the_quote_and_where_it_stands():
    first = written_answer().citations[0]
    html = cards_html(written_answer())
    card = Seen(html[html.index('"card n1"') : html.index('"card n2"')]).text
    for told in (first.quote, JSR.title, JSR.publisher, "26 Jun 2023"):
        assert told in card


def test_a_tick_tells_what_was_checked_and_what_failed():
    failed = (Failure(check="number", words=("12",)), Failure(check="order", words=()))
    partly = Sentence(text="x", verdict=Verdict.PARTLY, citations=(1,), score=0.4, failed=failed)
    answer = replace(written_answer(), sentences=(*written_answer().sentences, partly))
    cards = Seen(cards_html(answer)).text
    assert "Held against sources 2, 3; support 100%" in cards
    assert "No difference found in: numbers · dates" in cards
    assert "Held against source 1; support 40%" in cards
    assert "a number that the cited text does not give (12); words of the cited text" in cards


def test_every_check_is_explained():
    checks = (
        "number date name negation modality quantifier opposite quotation attribution order "
        "meaning mark evidence"
    ).split()
    assert [one for one in checks if failed_text([Failure(check=one, words=())]) == one] == []


def test_copies_and_notes_stand_beside_their_source():
    answer = written_answer()
    first = answer.citations[0]
    start = first.start + first.quote.index("903.9")
    copy = Copy(article_id="b", publisher="Hill <b>Post</b>")
    note = Note(start=start, end=start + 5, meaning="6.4 <i>")
    told = replace(first, also_in=(copy,), notes=(note,))
    html = answer_html(replace(answer, citations=(told, *answer.citations[1:])))
    assert "Also in Hill <b>Post</b>" in Seen(html).text
    assert "903.9 = 6.4 <i>" in Seen(html).text
    assert "<b>" not in html
    assert "<i>" not in html


def test_different_values_stand_in_a_table_with_source_and_date():
    answer = written_answer()
    values = (StatedValue(value="6 <b>", citation=1), StatedValue(value="7", citation=2))
    differ = Disagreement(kind="number", values=values)
    html = answer_html(replace(answer, disagreements=(differ,)))
    table = Seen(html[html.index("<table>") : html.index("</table>")])
    assert "The articles differ on a number" in table.text
    assert table.text.index("6 <b>") < table.text.index("26 Jun 2023") < table.text.index("7")
    assert len(table.links) == 2
    assert "<table>" not in answer_html(answer)


def test_an_answer_says_as_of_when_and_what_is_newer():
    answer = written_answer()
    newer = Update(later=1, earlier=2, words="raised <b>")
    html = answer_html(replace(answer, as_of="2023-06-26", updates=(newer,)))
    lines = [Seen(part).text for part in html.split('<p class="as-of">')[1:]]
    assert lines[0].startswith("As of 26 June 2023")
    assert "Newer: " in lines[1]
    assert "raised <b>" in lines[1]
    assert "As of" not in answer_html(answer)


def test_a_declined_question_links_what_came_closest():
    whole = written_answer()
    miss = NearMiss(said="The closest says: x", lacking="No <b>.", closest=whole.citations[:1])
    answer = replace(abstained("q"), reason="Read. No <b>. The closest says: x", near_miss=miss)
    seen = Seen(answer_html(answer))
    assert "No <b>." in seen.text
    assert "The closest says" not in seen.text
    assert whole.citations[0].quote in seen.text
    assert len(seen.links) == 1


def test_a_comparison_is_a_table_and_an_enumeration_a_list():
    answer = written_answer()
    places = tuple(range(len(answer.sentences)))
    rows = (Row(label="JSR <b>", sentences=places[:1]), Row(label="", sentences=places[1:]))
    table = answer_html(replace(answer, layout="table", rows=rows))
    assert '<table class="compared">' in table
    assert "JSR <b>" in Seen(table).text
    rows = tuple(Row(label="", sentences=(at,)) for at in places)
    listed = answer_html(replace(answer, layout="list", rows=rows))
    for html in (table, listed):
        for sentence in answer.sentences:
            assert Seen(html).text.count(sentence.text) == 1


def test_copies_are_no_independent_sources():
    answer = written_answer()
    other = replace(answer.citations[0], number=4, article_id="copy")
    both = replace(answer, citations=(*answer.citations, other), sources=1)
    assert "Sources, 1 of them independent" in Seen(answer_html(both)).text
    assert "independent" not in Seen(answer_html(replace(answer, sources=1))).text


def test_a_part_of_an_article_says_so():
    article = replace(JSR, partial=True, modified="2023-07-01")
    text = Seen(source_html(article, (0, 1), "")).text
    assert "Only a part of this article was on its page. Modified 1 Jul 2023." in text


def test_left_out_sentences_are_counted_and_can_be_opened():
    seen = Seen(answer_html(written_answer()))
    assert "1 drafted sentence was left out: not supported" in seen.text
    assert "JSR was sold for 12 dollars." in seen.text


def test_quoted_sentences_stand_in_blocks_with_the_notice_above():
    seen = Seen(answer_html(quoted_answer()))
    assert [tag for tag, _ in seen.tags].count("blockquote") == 2
    assert seen.text.startswith("The model at http://127.0.0.1:1 could not be reached")
    assert "Searched for Who supports Rapidus, the chip maker?" in seen.text


def test_an_unchanged_search_is_not_repeated():
    assert "Searched for" not in answer_html(written_answer())


def test_an_abstained_answer_says_why_and_what_came_closest():
    seen = Seen(answer_html(abstained("q", passage(UNDATED, 1, UNDATED.text))))
    assert "Not answered from these articles" in seen.text
    assert "None of the 3 articles" in seen.text
    assert "What came closest" in seen.text
    assert "date unknown" in seen.text
    assert seen.links[0].startswith("source?article=note&")


def test_an_unfinished_answer_shows_sentences_only():
    assert "Sources" not in answer_html(growing(written_answer())[1])


def test_progress_is_told_in_words():
    searching, first, *_ = growing(written_answer())
    assert progress_text(None) == "Searching the articles…"
    assert progress_text(searching) == "Reading 2 passages from 2 articles…"
    assert progress_text(first) == "Writing… 1 sentence checked so far"
    assert outcome_text(written_answer()) == "Answer complete: 2 sentences, 3 citations."


# ---------------------------------------------------------------- the front page


def test_the_collection_in_figures():
    collection = describe(ARTICLES)
    assert facts_text(collection) == "3 articles, 13 Dec 2022 to 26 Jun 2023"
    assert collection.questions == ()
    assert facts_text(describe([UNDATED])) == "1 article"


def test_without_articles_the_command_is_shown_and_no_question():
    collection = describe([], ("Who?",))
    assert collection.questions == ()
    assert "rag ingest PATH" in Seen(welcome_html(collection)).text


def test_questions_are_made_from_the_newest_articles_once_and_anew_when_those_change():
    reader, read = FakeAssistant(ARTICLES), []

    def article(name):
        read.append(name)
        return reader.article(name)

    invitations = Invitations(article)
    made = invitations.questions(reader.summaries())
    assert any("JSR" in question for question in made)
    assert any("Rapidus" in question for question in made)
    assert invitations.questions(reader.summaries()) == made
    assert read == [JSR.article_id, "rapidus-partners", UNDATED.article_id]
    reader.stored["new"] = replace(
        JSR,
        article_id="new",
        title="Umicore",
        published="2024-01-01",
        text="Umicore raised 5 billion euros from the banks of Europe. So Umicore is new.",
    )
    fresh = invitations.questions(reader.summaries())
    assert "How much did Umicore raise from the banks of Europe?" in fresh


def test_the_newest_exchange_says_how_to_go_on_and_earlier_ones_do_not():
    exchange = Exchange(number=1, question="q", answer=written_answer())
    assert "Rapidus" in Seen(exchange.html(newest=True)).text.partition("To go on with")[2]
    assert "To go on with" not in exchange.html()
    growing_one = replace(exchange, answer=growing(written_answer())[1])
    assert "To go on with" not in growing_one.html(newest=True)


# ---------------------------------------------------------------- one question at a time


async def ask(desk: Desk, question: str, earlier: Conversation | None = None) -> list[Frame]:
    return [frame async for frame in desk.ask("page", earlier or Conversation(), question)]


async def test_an_answer_streams_sentence_by_sentence():
    reader = FakeAssistant(ARTICLES)
    reader.scripts["JSR"] = growing(written_answer())
    frames = await ask(Desk(reader, 4000), " How much for JSR? \n")
    assert frames[0].newest.answer is None
    counts = [len(frame.newest.answer.sentences) for frame in frames[1:]]
    assert counts == [0, 1, 2, 2]
    assert [frame.running for frame in frames] == [True] * 4 + [False]
    assert reader.asked == [("How much for JSR?", ())]


async def test_a_follow_up_passes_what_was_answered_before():
    reader = FakeAssistant(ARTICLES)
    reader.scripts["JSR"] = [written_answer()]
    reader.scripts["boom"] = [ModelError("The model is away; start it.")]
    desk = Desk(reader, 4000)
    talk = Conversation()
    for question in ("JSR?", "boom", "And then?"):
        last = (await ask(desk, question, talk))[-1]
        talk = last.earlier.with_next(last.newest)
    assert reader.asked[-1] == ("And then?", (Turn(question="JSR?", answer="…"),))
    assert [item.number for item in talk.exchanges] == [1, 2, 3]


async def test_an_error_is_told_in_its_own_words():
    reader = FakeAssistant()
    reader.scripts["x"] = [growing(written_answer())[1], ModelError("The model is away; start it.")]
    last = (await ask(Desk(reader, 4000), "x"))[-1]
    assert last.newest.problem == "The model is away; start it."
    assert len(last.newest.answer.sentences) == 1


async def test_a_bug_becomes_a_message_without_its_text(caplog):
    reader = FakeAssistant()
    reader.scripts["x"] = [ZeroDivisionError("secret detail")]
    with caplog.at_level(logging.ERROR):
        last = (await ask(Desk(reader, 4000), "x"))[-1]
    assert "ZeroDivisionError" in last.newest.problem
    assert "secret" not in last.newest.html()
    assert "secret detail" in caplog.text


async def test_an_empty_question_does_nothing():
    reader = FakeAssistant()
    assert await ask(Desk(reader, 4000), " \n ") == []
    assert reader.asked == []


async def test_a_question_of_a_million_characters_is_declined_politely():
    reader = FakeAssistant()
    (frame,) = await ask(Desk(reader, 4000), "why " * 250_000)
    assert "999,999 characters; the most is 4,000" in frame.newest.problem
    assert len(frame.newest.html()) < 3000
    assert reader.asked == []


async def test_stop_cancels_a_stalled_model_and_keeps_what_was_checked():
    reader, gate = FakeAssistant(), Gate()
    reader.scripts["x"] = [growing(written_answer())[1], gate]
    desk = Desk(reader, 4000)
    asking = asyncio.create_task(ask(desk, "x"))
    await gate.arrival()
    desk.stop("another page")
    desk.stop("page")
    last = (await asyncio.wait_for(asking, 2))[-1]
    assert last.newest.stopped
    assert not last.running
    assert len(last.newest.answer.sentences) == 1
    assert last.newest.turn() is None
    await asyncio.wait_for(gate.cancellation(), 2)


async def test_closing_the_page_cancels_the_model():
    reader, gate = FakeAssistant(), Gate()
    reader.scripts["x"] = [growing(written_answer())[1], gate]
    frames = Desk(reader, 4000).ask("page", Conversation(), "x")
    await anext(frames)
    await anext(frames)
    await gate.arrival()
    await frames.aclose()
    await asyncio.wait_for(gate.cancellation(), 2)


async def test_one_page_has_one_answer_under_way_and_others_go_on():
    reader, gate = FakeAssistant(), Gate()
    reader.scripts["slow"] = [gate, written_answer()]
    desk = Desk(reader, 4000)
    asking = asyncio.create_task(ask(desk, "slow"))
    await gate.arrival()
    assert await ask(desk, "again") == []
    other = [frame async for frame in desk.ask("other page", Conversation(), "mine")]
    assert other[-1].newest.question == "mine"
    gate.open()
    assert (await asking)[-1].newest.answer == written_answer()
    assert await ask(desk, "again") != []


# ---------------------------------------------------------------- the server


@pytest.fixture(scope="module")
def client():
    from starlette.testclient import TestClient

    app = build_app(FakeAssistant(ARTICLES), Settings())
    with TestClient(app, base_url="http://127.0.0.1:7860") as client:
        yield client


def test_every_response_carries_the_policy(client):
    for path in ("/", "/newsdesk.css", "/theme.css", "/source", "/nowhere"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe-eval" not in policy
        assert "http" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["x-frame-options"] == "DENY"


def test_the_styles_come_with_the_page_and_name_no_other_host(client):
    styles = client.get("/theme.css").text
    assert "--desk-paper" in styles
    assert "@media (max-width: 40rem)" in styles
    assert "http" not in styles.replace("http://www.w3.org", "")


def test_a_source_is_served_with_its_words_marked(client):
    citation = cite(JSR, 1, "it would offer 4,350 yen for each share.")
    link = source_link(JSR.article_id, (citation.start, citation.end), citation.quote)
    response = client.get("/" + link.split("#")[0])
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    seen = Seen(response.text)
    assert seen.marked["cited"] == citation.quote
    assert seen.links == [JSR.url]


def test_the_copies_of_a_source_open_in_its_place(client):
    link = source_link(JSR.article_id, (0, 5), "TOKYO", [(7, 9)], [UNDATED.article_id, "gone"])
    seen = Seen(client.get("/" + link.split("#")[0]).text)
    assert "Also in" in seen.text
    (copy,) = [one for one in seen.links if one.startswith("source?")]
    there = Seen(client.get("/" + copy).text)
    assert there.marked == {"cited": "", "also": ""}
    assert "changed since it was cited" not in there.text
    assert there.links == [article_link(JSR.article_id, [UNDATED.article_id])]


def test_an_unknown_article_is_told_in_words(client):
    response = client.get("/source?article=<b>no&start=0&end=1")
    assert response.status_code == 404
    assert "<b>" not in response.text
    assert "there is no article '<b>no' in the index" in unescape(response.text)


@pytest.mark.parametrize("query", ["", "article=note&start=-1&end=2", "article=note&start=x&end=2"])
def test_a_wrong_link_is_refused(client, query):
    assert client.get(f"/source?{query}").status_code == 422


@pytest.mark.parametrize(
    "path",
    [
        "/docs",
        "/openapi.json",
        "/monitoring",
        "/gradio_api/info",
        "/gradio_api/openapi.json",
        "/gradio_api/runs",
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file/etc/passwd",
        "/gradio_api/proxy=https://evil.example/",
        "/gradio_api/upload",
        "/gradio_api/component_server",
        "/gradio_api/vibe-code/",
        "/gradio_api/call/predict",
        "/assets/../../../../etc/passwd",
        "/assets/..%2f..%2f..%2fetc/passwd",
        "/static/%2e%2e/%2e%2e/etc/passwd",
        "/static//etc/passwd",
        "/newsdesk.js/../page.py",
    ],
)
def test_nothing_but_the_listed_routes_is_served(client, path):
    assert client.get(path).status_code == 404
    assert client.post(path).status_code == 404


def test_a_name_that_points_here_from_elsewhere_is_refused(client):
    assert client.get("/source", headers={"Host": "evil.example"}).status_code == 421
    assert client.get("/healthz", headers={"Host": "localhost:7860"}).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
def test_other_sites_cannot_post(client, origin):
    join = client.post("/gradio_api/queue/join", json={}, headers={"Origin": origin})
    assert join.status_code == 403
    assert "access-control-allow-origin" not in join.headers


def test_a_huge_request_is_refused(client):
    assert client.post("/gradio_api/queue/join", content=b"x" * 8_000_001).status_code == 413


def test_events_cannot_be_called_past_the_queue(client):
    call = {"fn_index": 0, "data": ["q", None], "session_hash": "s"}
    assert client.post("/gradio_api/run/predict", json=call).status_code >= 400


def test_a_free_port_is_found():
    with listen(ChatSettings(port=0)) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"
        assert listener.getsockname()[1] > 0


def test_a_busy_port_is_named_with_the_remedy():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(SettingsError, match=f"chat.port {port} is in use.*0 for any"):
            listen(ChatSettings(port=port))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "news.example", ""])
def test_other_machines_are_let_in_only_when_told(host):
    with pytest.raises(SettingsError, match=r"chat\.allow_remote"):
        listen(ChatSettings(host=host, port=0))


def test_a_host_that_is_not_ours_is_named():
    with pytest.raises(SettingsError, match=r"chat\.host '192\.0\.2\.1' cannot be listened on"):
        listen(ChatSettings(host="192.0.2.1", port=0, allow_remote=True))


SERVE = """
from fake_assistant import ARTICLES, FakeAssistant
from rag.settings import Settings
from rag.ui.server import serve
settings = Settings.load(environ={}, chat={"port": 0})
serve(FakeAssistant(ARTICLES), settings, announce=lambda address: print(address, flush=True))
print("ended")
"""


def test_serving_announces_the_address_and_ends_quietly_when_interrupted():
    here = Path(__file__).parent
    paths = os.pathsep.join([str(here), str(here.parent)])
    with subprocess.Popen(
        [sys.executable, "-c", SERVE],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
    ) as server:
        address = server.stdout.readline().strip()
        assert urlopen(f"{address}/healthz").read() == b'{"status":"ok"}'
        server.send_signal(signal.SIGINT)
        rest, errors = server.communicate(timeout=30)
    assert (rest, errors, server.returncode) == ("ended\n", "", 0)


@pytest.mark.parametrize(
    ("imported", "left_alone"),
    [
        ("rag, rag.cli", ("rag.ui", "gradio", "fastapi")),
        ("rag.ui", ("gradio", "fastapi")),
        ("rag.ui.server, rag.ui.shelf, rag.ui.preferences", ("gradio",)),
    ],
)
def test_what_only_a_server_needs_is_imported_by_it(imported, left_alone):
    code = f"import sys, {imported}; sys.exit(', '.join({set(left_alone)} & set(sys.modules)) or 0)"
    root = Path(__file__).parent.parent
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=root, check=False, capture_output=True, text=True
    )
    assert (run.returncode, run.stderr) == (0, "")
