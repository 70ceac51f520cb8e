"""Fusion by rank, and passages spread over articles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.retrieve import PER_ARTICLE, fuse, spread


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
