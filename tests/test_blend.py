"""Two rankings of one query become one, by score."""

from hypothesis import given
from hypothesis import strategies as st

from rag.blend import PER_COSINE, POWER, blend

SCORES = st.dictionaries(st.integers(0, 30), st.floats(0.01, 40), max_size=20)


def worth(bm25):
    return bm25**POWER / PER_COSINE


def ranked(scores):
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))


def test_a_chunk_scores_its_cosine_and_its_share_of_bm25():
    blended = dict(blend([(1, 0.6), (2, 0.4)], [(2, 30.0), (1, 15.0)], 100, 5))
    assert blended == {1: 0.6 + worth(15), 2: 0.4 + worth(30)}


def test_the_words_of_a_long_question_outweigh_its_vector():
    near = [(1, 0.55), (2, 0.45)]
    assert [key for key, _ in blend(near, [(2, 8.0), (1, 6.0)], 100, 5)] == [1, 2]
    assert [key for key, _ in blend(near, [(2, 40.0), (1, 30.0)], 100, 5)] == [2, 1]


def test_what_one_search_missed_is_as_far_as_the_last_that_it_found():
    blended = dict(blend([(1, 0.6), (2, 0.4)], [(3, 12.0), (1, 6.0)], 2, 5))
    assert blended[3] == 0.4 + worth(12)
    assert blended[2] == 0.4 + worth(6)


def test_where_few_chunks_share_a_word_the_others_share_none():
    assert dict(blend([(1, 0.6), (2, 0.4)], [(1, 6.0)], 100, 5))[2] == 0.4


def test_a_vector_is_trusted_less_the_more_words_it_stands_for():
    scores = [dict(blend([(1, 0.6)], [], 100, words))[1] for words in (1, 12, 24)]
    assert scores == [0.6, 0.6, 0.15]


def test_one_search_alone_keeps_its_order():
    assert [key for key, _ in blend([], [(4, 9.0), (2, 3.0)], 100, 5)] == [4, 2]
    assert [key for key, _ in blend([(4, 0.2), (2, -0.1)], [], 100, 5)] == [4, 2]
    assert blend([], [], 100, 5) == []


@given(SCORES, SCORES)
def test_all_chunks_are_there_once_and_the_best_of_both_is_first(near, words):
    blended = blend(ranked(near), ranked(words), 10, 5)
    assert {key for key, _ in blended} == near.keys() | words.keys()
    assert blended == sorted(blended, key=lambda item: (-item[1], item[0]))
    for key in near.keys() & words.keys():
        if near[key] == max(near.values()) and words[key] == max(words.values()):
            assert dict(blended)[key] == blended[0][1]
