"""How the searches of one request become one list, and that a wrong reading hides nothing."""

from datetime import date

import pytest
from fakes import HashEmbedder
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.index import Index
from rag.ingest import ingest
from rag.retrieve import Retriever
from rag.schema import Article, Filters, Search
from rag.searches import Look, looks, merged, narrowed, with_the_sure
from rag.settings import Settings
from rag.understand import SearchRequest, plain

SETTINGS = Settings(chunking={"size": 40})


def test_the_question_as_it_stands_is_part_of_every_search():
    searches = (Search(query="q"), Search(query="a", prefer=Filters(publishers=("Desk",))))
    desk = Filters(publishers=("Desk",))
    assert looks(searches, None) == [(Look("q"),), (Look("q"), Look("a", desk))]


def test_a_publisher_is_looked_through_with_and_without_the_days():
    prefer = Filters(publishers=("Desk",), published_from="2023-05-01")
    ((_, *own),) = looks([Search(query="q", prefer=prefer)], None)
    assert [look.filters for look in own] == [Filters(publishers=("Desk",)), prefer]


def test_a_preference_never_widens_a_filter():
    held = Filters(publishers=("Desk", "Post"), published_from="2023-05-10")
    both = narrowed(held, Filters(publishers=("desk",), published_to="2023-05-20"))
    assert both == Filters(
        publishers=("desk",), published_from="2023-05-10", published_to="2023-05-20"
    )
    assert narrowed(held, Filters(publishers=("Other",))) is None
    assert narrowed(held, Filters(published_to="2023-05-01")) is None
    assert looks([Search(query="q", prefer=Filters(publishers=("Other",)))], held) == [
        (Look("q", held),)
    ]


def test_a_key_scores_what_it_does_in_the_best_list():
    assert merged([[(1, 0.5), (2, 0.1)], [(2, 0.4)], []]) == [(1, 0.5), (2, 0.4)]


@given(st.lists(st.integers(0, 30), unique=True), st.lists(st.integers(0, 30)), st.integers(1, 12))
def test_the_sure_have_their_places(keys, sure, top_k):
    kept = with_the_sure(keys, sure, top_k)
    wanted = list(dict.fromkeys(sure))[:top_k]
    assert set(wanted) <= set(kept)
    assert len(kept) == len(set(kept)) == min(top_k, len({*keys[:top_k], *wanted}))
    assert [key for key in kept if key in keys[:top_k]] == [k for k in keys[:top_k] if k in kept]


TOPICS = "harbour ferry tunnel library orchestra glacier vineyard observatory".split()


def _article(number, publisher, day, text):
    return Article(
        article_id=f"a{number:02}",
        title=f"Report {number}",
        publisher=publisher,
        published=day,
        text=text,
    )


@pytest.fixture(scope="module")
def retriever(tmp_path_factory):
    articles = [
        _article(
            number,
            ("Desk", "Post", "Wire")[number % 3],
            None if number % 7 == 6 else f"2023-{1 + number % 12:02}-10",
            f"The {topic} of Ellery opened with speech number {number}. "
            + ("It goes back to May 2021. " if number % 5 == 0 else "")
            + f"The mayor praised the {topic} and its {number} workers.",
        )
        for number, topic in enumerate(TOPICS * 5)
    ]
    embedder = HashEmbedder()
    index = Index.open(tmp_path_factory.mktemp("index"), embedder.fingerprint, SETTINGS.index)
    ingest(articles, index, embedder, SETTINGS)
    return Retriever(index, embedder, SETTINGS.retrieval)


def _request(query, *searches, newest=False):
    return SearchRequest(question=query, searches=(Search(query=query), *searches), newest=newest)


def test_a_preferred_publisher_comes_first_and_the_others_stay(retriever):
    question = "Who opened the ferry of Ellery?"
    search = Search(query=question, prefer=Filters(publishers=("Post",)))
    found = retriever.retrieve(SearchRequest(question=question, searches=(search,)), 5)
    assert found[0].publisher == "Post"
    before = {p.article_id for p in retriever.retrieve(question, 3)}
    assert before <= {p.article_id for p in found}


def test_each_part_is_represented(retriever):
    topics = ("glacier", "vineyard", "tunnel")
    parts = [Search(query=f"{topic} workers") for topic in topics]
    alone = retriever.retrieve("Who praised what?", 6)
    found = retriever.retrieve(_request("Who praised what?", *parts), 6)
    assert not all(any(topic in passage.text for passage in alone) for topic in topics)
    for topic in topics:
        assert any(topic in passage.text for passage in found)


def test_a_passage_that_names_the_time_comes_first(retriever):
    plainly = retriever.retrieve("The harbour of Ellery", 5)
    search = Search(
        query="The harbour of Ellery", about_from=date(2021, 5, 1), about_to=date(2021, 5, 31)
    )
    found = retriever.retrieve(SearchRequest(question=search.query, searches=(search,)), 5)
    assert "May 2021" in found[0].text
    assert {p.chunk_id for p in plainly[:3]} <= {p.chunk_id for p in found}


def test_the_newest_comes_first_only_where_it_is_asked_for(retriever):
    question = "Who praised the library?"
    days = [p.published for p in retriever.retrieve(_request(question, newest=True), 5)]
    assert days[0] == max(day for day in days if day)
    plainly = [p.published for p in retriever.retrieve(question, 5)]
    assert days != plainly


def test_filters_hold_whatever_is_preferred(retriever):
    search = Search(query="ferry", prefer=Filters(publishers=("Post",)))
    request = SearchRequest(question="ferry", searches=(search,))
    found = retriever.retrieve(request, 10, Filters(publishers=("Desk",)))
    assert {p.publisher for p in found} == {"Desk"}


_PREFERENCES = st.builds(
    lambda topic, publisher, day, about: Search(
        query=f"{topic} speech",
        prefer=Filters(publishers=publisher, published_from=day),
        about_from=about,
    ),
    st.sampled_from(TOPICS),
    st.sampled_from([(), ("Desk",), ("Wire", "Post"), ("Nobody",)]),
    st.sampled_from([None, "2023-06-01", "2030-01-01"]),
    st.sampled_from([None, date(2021, 5, 1), date(2030, 1, 1)]),
)


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(TOPICS), st.lists(_PREFERENCES, max_size=4), st.booleans())
def test_no_reading_hides_the_best_of_the_question_as_it_stands(retriever, topic, parts, newest):
    question = f"Who praised the {topic} and its 12 workers?"
    best = [p.chunk_id for p in retriever.retrieve(plain(question), 3)]
    found = retriever.retrieve(_request(question, *parts, newest=newest), 8)
    assert set(best) <= {p.chunk_id for p in found}
    assert len(found) == 8
    assert [p.score for p in found] == sorted((p.score for p in found), reverse=True)
