"""Filters that a reader sets, and sentences by date."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace

import pytest
from fake_assistant import JSR, RAPIDUS, UNDATED, FakeAssistant, cite, written_answer
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.errors import SettingsError
from rag.schema import Answer, Filters, Sentence, Verdict
from rag.ui.conversation import Conversation, Desk, Exchange
from rag.ui.conversations import Conversations
from rag.ui.filters import form_html, read_limits, resolved
from rag.ui.render import answer_html
from rag.ui.timeline import dated
from rag.ui.why import Limits, limits_text, why_html

FILED = (
    replace(JSR, topics=("Chips", "Deals")),
    replace(RAPIDUS, topics=("chips",)),
    replace(UNDATED, publisher='"><script>', topics=("<b>",)),
)
QUERY = "from=2023-05-01&to=2023-06-30&publisher=Harbour+Desk&topic=Deals&topic=chips"


def test_a_query_says_what_is_let_through():
    limits = read_limits(QUERY)
    assert limits.filters == Filters(
        published_from="2023-05-01", published_to="2023-06-30", publishers=("Harbour Desk",)
    )
    assert limits_text(limits) == (
        "by Harbour Desk; published from 1 May 2023 to 30 Jun 2023; on Deals or chips"
    )
    assert read_limits("") == Limits()


@pytest.mark.parametrize("query", ["from=2023-05-01&to=2022-01-01", "from=May", "a=1&" * 600])
def test_what_cannot_be_read_is_told_and_stays_in_the_form(query):
    with pytest.raises(SettingsError):
        read_limits(query)
    assert 'class="problem"' in form_html(query, FILED)


@settings(deadline=None)
@given(st.text())
def test_any_query_is_read_or_refused_in_words(query):
    with suppress(SettingsError):
        read_limits(query)
    assert form_html(query, FILED).startswith("<form")


def test_a_topic_stands_for_its_articles_in_any_case():
    filters = resolved(Limits(topics=("CHIPS",)), FILED)
    assert filters.article_ids == (JSR.article_id, RAPIDUS.article_id)
    assert resolved(Limits(), FILED) is None
    with pytest.raises(SettingsError, match="filed under gone any more"):
        resolved(Limits(topics=("gone",)), FILED)


def test_the_form_lists_what_there_is_with_its_choices_and_no_tags():
    html = form_html(QUERY, FILED)
    assert 'value="Harbour Desk" checked' in html
    assert html.count(" checked") == 4  # the publisher, and each topic as it is written
    assert "<script" not in html
    assert "<b>" not in html
    assert "2022" in html  # the first day of the collection bounds the days


async def test_a_question_is_asked_within_the_limits():
    reader = FakeAssistant(FILED)
    limits = Limits(filters=Filters(publishers=("A",)), without=("x",), topics=("Deals",))
    desk = Desk(reader, 4000)
    frames = [frame async for frame in desk.ask("page", Conversation(), "q", limits)]
    assert frames[-1].newest.limits == limits
    ((filters, without),) = reader.calls
    assert (filters.publishers, filters.article_ids) == (("A",), (JSR.article_id,))
    assert without == ("x",)
    gone = [f async for f in desk.ask("page", Conversation(), "q", Limits(topics=("gone",)))]
    assert "clear that filter" in gone[-1].newest.problem
    assert not gone[-1].running
    assert not desk.busy("page")


def test_limits_are_kept_and_told(tmp_path):
    limits = Limits(filters=Filters(published_to="2023-06-30"), topics=("Chips",))
    exchange = Exchange(number=1, question="q", answer=written_answer(), limits=limits)
    store = Conversations(tmp_path / "c.sqlite")
    kept = store.save("", Conversation((exchange,)))
    assert store.load("", kept.key).last.limits == limits
    store.close()
    html = why_html(written_answer(), limits)
    assert html.count("published to 30 Jun 2023; on Chips".replace(";", "&#59;")) == 2
    assert json.dumps(limits_text(limits))


# ---------------------------------------------------------------- sentences by date


def changing(question: str) -> Answer:
    late, early = cite(JSR, 1, "4,350 yen"), cite(RAPIDUS, 2, "70 billion yen")
    said = [
        Sentence(text="Later it was 4,350.", verdict=Verdict.SUPPORTED, citations=(1,)),
        Sentence(text="First it was 70.", verdict=Verdict.SUPPORTED, citations=(2,)),
        Sentence(text="Of no day.", verdict=Verdict.SUPPORTED, citations=()),
    ]
    return Answer(
        question=question, query=question, answer="", sentences=tuple(said), citations=(late, early)
    )


@pytest.mark.parametrize(
    "question",
    [
        "How did the price change?",
        "How has Japan's support for Rapidus developed since 2022?",
        "Give me a timeline of the purchase",
        "What happened to JSR since June?",
        "Have subsidies grown over the years?",
    ],
)
def test_a_question_about_change_gets_a_timeline(question):
    rows = dated(changing(question))
    assert [day for day, *_ in rows] == ["2022-12-13", "2023-06-26"]
    html = answer_html(changing(question))
    assert html.index(
        "First&#32;it" if "First&#32;it" in html else "First it", html.index("timeline")
    )


@pytest.mark.parametrize(
    "question", ["How much is it?", "Who has changed jobs?", "What is change?"]
)
def test_other_questions_get_none(question):
    assert dated(changing(question)) == []
    assert "timeline" not in answer_html(changing(question))


def test_one_day_is_no_timeline():
    answer = changing("How did it change?")
    one = replace(answer, sentences=answer.sentences[:1])
    assert dated(one) == []
