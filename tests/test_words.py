"""How rare a word is: what wordfreq says, though its list is read without importing it."""

import random

import pytest
import wordfreq

from rag.words import FUNCTION_WORDS, weight

SOME = random.Random(7).sample(sorted(wordfreq.get_frequency_dict("en")), 2_000)


def expected(word: str) -> float:
    return max(0.0, 7.5 - wordfreq.zipf_frequency(word.removesuffix("'s"), "en"))


def test_listed_words_weigh_what_wordfreq_says():
    told = [word for word in SOME if word not in FUNCTION_WORDS]
    assert [weight(word) for word in told] == [expected(word) for word in told]


@pytest.mark.parametrize(
    "word", ["2024", "5nm", "r&d", "3.5", "café", "qwzxkj", "state-of-the-art", "日本", "u.s"]
)
def test_other_words_do_as_well(word):
    assert weight(word) == expected(word)


def test_a_function_word_weighs_nothing_and_an_unknown_one_most():
    assert weight("The") == 0.0
    assert weight("Tsujimura’s") == expected("tsujimura")
    assert weight("qwzxkj") == 7.5
