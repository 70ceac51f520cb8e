"""Which articles a list shows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.schema import ArticleFacts
from rag.ui.library import lines_of
from rag.ui.listing import ON_PAGE, SORTS, STATES, Wanted, found, publishers


def facts(name: str, publisher: str = "", published: str | None = None, **more) -> ArticleFacts:
    return ArticleFacts(
        article_id=name, title=name.upper(), publisher=publisher, published=published, **more
    )


ALL = (
    facts("c", "Mill", "2024-03-01T10:00:00Z", author="A. Writer"),
    facts("a", "Harbour", "2023-06-26", partial=True, topics=("chips",)),
    facts("b", "harbour", "2022-01-01", url="https://b.example/x"),
    facts("d", "Mill"),
)


def ids(copied=(), **query: str) -> list[str]:
    return [one.article_id for one in found(ALL, copied, Wanted.of(query)).articles]


def test_words_are_sought_in_title_publisher_author_topic_and_address():
    assert ids(q="mill WRITER") == ["c"]
    assert ids(q="chips") == ["a"]
    assert ids(q="b.example") == ["b"]
    assert ids(q="chips writer") == []


def test_days_and_publishers_restrict_and_unknown_days_are_outside_every_range():
    assert ids(first="2023-06-26") == ["c", "a"]
    assert ids(last="2023-06-26") == ["a", "b"]
    assert ids(first="2022-01-01", last="2024-03-01") == ["c", "a", "b"]
    assert ids(publisher="Mill") == ["c", "d"]


def test_states():
    assert ids(state="partial") == ["a"]
    assert ids(state="undated") == ["d"]
    assert ids(state="copies", copied={"b"}) == ["b"]
    assert ids(state="rejected") == []


def test_orders():
    assert ids() == ["c", "a", "b", "d"]
    assert ids(sort="oldest") == ["b", "a", "c", "d"]
    assert ids(sort="title") == ["a", "b", "c", "d"]
    assert ids(sort="publisher") == ["a", "b", "c", "d"]


def test_what_an_address_says_wrongly_is_passed_over():
    wrong = {"first": "yesterday", "state": "x", "sort": "y", "page": "²"}
    assert Wanted.of(wrong) == Wanted()
    assert ids(page="99999999999999999") == ["c", "a", "b", "d"]


def test_a_page_beyond_the_last_is_the_last():
    many = [facts(f"{n:04}") for n in range(ON_PAGE + 1)]
    last = found(many, (), Wanted.of({"page": "7", "sort": "title"}))
    assert (last.page, last.pages, len(last.articles)) == (2, 2, 1)


def test_publishers_are_counted():
    assert publishers(ALL) == [("Harbour", 1), ("harbour", 1), ("Mill", 2)]


QUERIES = st.fixed_dictionaries(
    {},
    optional={
        "q": st.text(max_size=9),
        "publisher": st.text(max_size=9),
        "state": st.sampled_from([*STATES, "", "?"]),
        "sort": st.sampled_from([*SORTS, "?"]),
        "page": st.text(max_size=9) | st.integers().map(str),
        "first": st.dates().map(str) | st.text(max_size=9),
    },
)


@given(QUERIES)
def test_an_address_made_of_what_was_asked_asks_for_the_same(query):
    wanted = Wanted.of(query)
    assert (
        Wanted.of({name: str(value) for name, value in wanted.query(page=wanted.page).items()})
        == wanted
    )


@given(st.text())
def test_no_word_of_an_article_is_lost_in_its_lines(text):
    shown = "".join("".join(line.split()) for _, line in lines_of(text))
    assert len(shown) >= len("".join(text.replace("#", "").split())) - text.count("#")


@pytest.mark.parametrize("text", ["# Head\n\nBody", "#hash\n# H"])
def test_headings(text):
    assert (True, text.split("# ")[1].split("\n")[0]) in lines_of(text)
