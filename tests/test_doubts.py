"""A word put in raises a doubt about itself and lowers the score of the whole."""

import pytest
from fakes import HashEmbedder
from hypothesis import given
from hypothesis import strategies as st

from rag.doubt_features import ALL
from rag.doubt_weights import WEIGHTS
from rag.doubts import Doubts

ARTICLE = (
    "Ada Berg runs the port of Lindhaven, which had 1,200 workers in May. On Monday she sold its "
    "old crane to Holm, a maker of ships, for 3.5 million euros. Holm will take it apart in Port "
    "Ash. The union of the workers, led by Jo Marr, did not oppose the sale, but it wants a new "
    "crane. Marr said that nobody would lose work. The port lost money in two of three years."
)
TRUE = "Ada Berg sold the old crane of Lindhaven to Holm. Marr said that nobody would lose work."


@pytest.fixture
def doubts():
    return Doubts(HashEmbedder().embed)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Ada Berg", "Jo Marr"),
        ("Ada Berg", "Eva Stone"),
        ("Ada Berg", "He"),
        ("sold", "oppose"),
        ("sold", "painted"),
        ("Lindhaven", "Port Ash"),
        ("crane", "bridge"),
        ("Marr", "Holm"),
    ],
)
def test_a_word_put_in_lowers_the_score(doubts, old, new):
    assert doubts.score(TRUE, ARTICLE) > doubts.score(TRUE.replace(old, new), ARTICLE)


def test_the_word_put_in_is_the_one_doubted(doubts):
    text = TRUE.replace("Ada Berg", "Eva Stone")
    worst = sorted(doubts.words(text, ARTICLE), key=lambda doubt: -doubt.value)[:2]
    assert {text[doubt.start : doubt.end] for doubt in worst} == {"Eva", "Stone"}


def test_nothing_bears_out_nothing(doubts):
    assert (
        doubts.score("", ARTICLE) == doubts.score(TRUE, "") == doubts.score("of the", ARTICLE) == 0
    )


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_text_beside_any_source_has_a_score_and_doubts_of_its_words(text, source):
    doubts = Doubts(HashEmbedder().embed)
    assert 0 <= doubts.score(text, source) <= 1
    for doubt in doubts.words(text, source):
        assert 0 <= doubt.value <= 1
        assert text[doubt.start : doubt.end].strip()


def test_every_feature_has_its_weights():
    assert tuple(name for name, _, _ in WEIGHTS) == ALL
