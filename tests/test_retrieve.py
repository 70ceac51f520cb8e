"""Fusion by rank, passages spread over articles, and copies that count as one."""

import threading
from dataclasses import replace

import pytest
from fakes import HashEmbedder
from hypothesis import given
from hypothesis import strategies as st
from stories import COPIES, ORIGINAL, STORY, reworded

from rag.copies import independent
from rag.index import Index
from rag.ingest import ingest
from rag.retrieve import PER_ARTICLE, Retriever, fuse, spread, without_copies
from rag.schema import Article, Citation, Filters
from rag.settings import Settings


def test_fusion_adds_the_inverse_of_k_plus_rank():
    fused = dict(fuse([[(1, 0.9), (2, 0.8)], [(2, 7.0), (3, 1.0)]], k=10))
    assert fused == {
        1: pytest.approx(1 / 11),
        2: pytest.approx(1 / 12 + 1 / 11),
        3: pytest.approx(1 / 12),
    }


def test_fusion_puts_the_best_first_and_breaks_ties_by_key():
    assert [key for key, _ in fuse([[(5, 1.0)], [(3, 1.0)]], k=10)] == [3, 5]
    assert fuse([[], []], k=10) == []


def test_an_article_gives_way_after_two_passages():
    found = [(1, "a"), (2, "a"), (3, "a"), (4, "b"), (5, "c")]
    assert spread(found, 4) == [1, 2, 4, 5]


def test_places_that_nobody_else_wants_go_to_the_same_article():
    found = [(1, "a"), (2, "a"), (3, "a"), (4, "b")]
    assert spread(found, 4) == [1, 2, 3, 4]


@given(st.lists(st.sampled_from("abcd"), max_size=40), st.integers(1, 12))
def test_spread_keeps_order_and_fills_every_place(articles, top_k):
    found = list(enumerate(articles))
    kept = spread(found, top_k)
    assert kept == sorted(kept)
    assert len(kept) == min(top_k, len(found))
    crowded = [a for a in set(articles) if sum(articles[k] == a for k in kept) > PER_ARTICLE]
    left = {articles[k] for k, _ in found if k not in kept}
    for article in left - set(crowded):
        waiting = [k for k in range(len(articles)) if articles[k] == article and k not in kept]
        taken = [k for k in kept if articles[k] == article]
        assert not crowded or len(taken) >= PER_ARTICLE or not waiting


def test_more_of_the_same_articles_stands_behind():
    found = [(1, "a"), (2, "a"), (3, "a"), (4, "b"), (5, "a"), (6, "c")]
    assert spread(found, 3) == [1, 2, 4]
    assert spread(found, 3, further=1) == [1, 2, 4, 3]
    assert spread(found, 3, further=9) == [1, 2, 4, 3, 5]


# --- copies -----------------------------------------------------------------------------------


def standing(rankings, **clusters):
    """What is left of rankings of chunk names with scores; `a1`, `a2` are chunks of article a."""
    members = {name: tuple(cluster) for cluster in clusters.values() for name in cluster}
    keys = {chunk: key for key, chunk in enumerate(sorted({c for r in rankings for c in r}))}
    owners = {key: chunk[0] for chunk, key in keys.items()}
    scored = [[(keys[chunk], score) for chunk, score in ranking.items()] for ranking in rankings]
    left = without_copies(scored, owners, lambda name: members.get(name, (name,)))
    named = {key: chunk for chunk, key in keys.items()}
    return [[named[key] for key, _ in ranking] for ranking in left]


def test_rankings_without_copies_stay_as_they_are():
    rankings = [{"a1": 3.0, "b1": 2.0, "a2": 1.0}, {"b1": 0.7, "c1": 0.6}]
    for clusters in ({}, {"one": "cd"}, {"one": "cd", "two": "ae"}):
        assert standing(rankings, **clusters) == [["a1", "b1", "a2"], ["b1", "c1"]]
    assert standing([{}, {}]) == [[], []]


def test_the_earliest_copy_stands_where_it_has_the_passage():
    rankings = [
        {"b1": 0.71, "a1": 0.70, "c1": 0.69, "x1": 0.5},
        {"c1": 14.0, "b1": 13.5, "a1": 13.0, "x1": 2.0},
    ]
    assert standing(rankings, one="abc") == [["a1", "x1"], ["a1", "x1"]]


def test_a_fuller_copy_stands_where_the_earliest_lacks_a_passage():
    rankings = [
        {"b1": 0.71, "b2": 0.66, "a2": 0.65, "x1": 0.6, "a3": 0.3},
        {"b1": 14.0, "b2": 12.0, "a2": 12.0, "x1": 6.0, "a3": 3.0},
    ]
    assert standing(rankings, one="ab") == [["b1", "b2", "x1"], ["b1", "b2", "x1"]]


def test_the_earliest_copy_that_was_found_stands_for_those_that_were_not():
    assert standing([{"c1": 0.5, "b1": 0.5}], one="abc") == [["b1"]]


def test_scores_of_no_worth_stand_for_nothing_more_than_another():
    assert standing([{"b1": 0.0, "a1": -0.2}, {"b1": 1.0}], one="ab") == [["b1"], ["b1"]]


CHUNKS = ["a1", "a2", "b1", "b2", "c1", "d1", "d2"]


@given(st.lists(st.permutations(CHUNKS), max_size=3))
def test_of_each_cluster_one_article_is_left_and_the_rest_is_untouched(orders):
    rankings = [{chunk: 1.0 / n for n, chunk in enumerate(order, 1)} for order in orders]
    left = standing(rankings, one="abc")
    owners = {chunk[0] for ranking in left for chunk in ranking}
    assert len(owners & set("abc")) == bool(rankings)
    for order, kept in zip(orders, left, strict=True):
        assert kept == [chunk for chunk in order if chunk[0] in owners]
        assert {"d1", "d2"} <= set(kept)


@pytest.fixture
def index(tmp_path):
    with Index.open(tmp_path, HashEmbedder().fingerprint, Settings().index) as made:
        yield made


def retriever(index, articles, **settings):
    chosen = Settings.load(retrieval=settings)
    ingest(articles, index, HashEmbedder(), chosen)
    return Retriever(index, HashEmbedder(), chosen.retrieval)


QUESTION = "What did chairwoman Marit Lindqvist say of hydrogen and ammonia?"


def test_copies_take_one_slot_and_are_named_beside_it(index):
    passages = retriever(index, STORY).retrieve(QUESTION)
    shown = {passage.article_id for passage in passages}
    assert len(shown & set(COPIES)) == 1
    assert shown - set(COPIES) == {"harbour", "ledger"}
    for passage in passages:
        others = [copy.article_id for copy in passage.also_in]
        mates = [name for name in COPIES if passage.article_id in COPIES]
        assert others == [name for name in mates if name != passage.article_id]
    citations = [
        Citation(
            number=p.rank, article_id=p.article_id, start=0, end=1, quote="x", also_in=p.also_in
        )
        for p in passages
    ]
    assert independent(citations) == 3


def test_the_copy_that_passes_the_filter_stands_for_the_others(index):
    found = retriever(index, STORY)
    for publisher, name in (("Echo", "echo"), ("Island Mail", "mail")):
        passages = found.retrieve(QUESTION, filters=Filters(publishers=(publisher,)))
        assert {passage.article_id for passage in passages} == {name}
        assert "wire" in {copy.article_id for copy in passages[0].also_in}
    late = found.retrieve(QUESTION, filters=Filters(published_from="2023-10-04"))
    assert len({passage.article_id for passage in late} & set(COPIES)) == 1
    assert "wire" not in {passage.article_id for passage in late}


def test_what_only_a_fuller_copy_holds_is_found(index):
    first, _, rest = ORIGINAL.partition("Unions welcomed")
    short = replace(STORY[0], text=first)
    fuller = replace(STORY[1], text=first + "Unions welcomed" + rest)
    passages = retriever(index, [short, fuller]).retrieve("Who wants to buy the old ships?")
    assert "Two buyers in the Mediterranean" in " ".join(passage.text for passage in passages)


def test_a_crowd_of_copies_leaves_the_other_articles_their_places(index):
    wire = "The harbour of Ellery closes for the summer festival, its master said. " * 6
    copies = [
        Article(article_id=f"copy {n:02}", text=reworded(wire, 0.02, n), title=f"Headline {n}")
        for n in range(60)
    ]
    others = [
        Article(article_id=f"other {n}", text=f"Matter {n}: the harbour master wrote letter {n}.")
        for n in range(9)
    ]
    found = retriever(index, copies + others, dense_depth=20, lexical_depth=20, top_k=10)
    passages = found.retrieve("When does the harbour of Ellery close for the festival?")
    assert len(passages) == 10
    assert sum(passage.article_id.startswith("copy") for passage in passages) == 1
    assert len(passages[0].also_in) == 59


def test_words_are_searched_while_the_question_is_embedded():
    """Each waits for the other to begin, which only ends well when they run at once."""
    embedding, searching = threading.Event(), threading.Event()

    class Waiting(HashEmbedder):
        def embed(self, texts):
            embedding.set()
            assert searching.wait(10), "the words are searched only after the embedding"
            return super().embed(texts)

    class Empty:
        def lexical(self, query, depth, filters):
            searching.set()
            assert embedding.wait(10), "the question is embedded only after the words"
            return []

        def dense(self, vector, depth, allowed):
            return []

        def allowed(self, filters):
            return None

        def owners(self, keys):
            return {}

        def rows(self, keys):
            return {}

        def snapshot(self):
            return self

        def cluster(self, article_id):
            return (article_id,)

    found = Retriever(Empty(), Waiting(), Settings().retrieval)
    assert found.retrieve("a question of three parts") == []
