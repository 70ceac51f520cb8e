"""The sentences that answer come first, with exact ranges, each said once."""

from dataclasses import replace

from fakes import HashEmbedder

from rag.evidence import select
from rag.features import FEATURES, READ_TOO, READING, UNREAD
from rag.schema import Passage

TEXT = (
    "Rapidus was founded in August 2022. Its chairman is Tetsuro Higashi. The fund will buy JSR "
    "for $6.4 billion. JSR makes photoresists for plants in Japan. Dresden gets a plant in 2027."
)
PASSAGE = Passage(
    rank=1, score=1.0, article_id="a", chunk_id="a:1", start=100, end=100 + len(TEXT), text=TEXT,
    title="Chips in Japan", published="2023-06-26",
)  # fmt: skip
STORED = " " * 100 + TEXT


def pick(question, *parts, most=3):
    embed = HashEmbedder(dimensions=256).embed
    return select(question, parts, [PASSAGE], embed, most)


def test_the_answering_sentence_is_first():
    assert "$6.4 billion" in pick("How much will the fund pay for JSR?")[0].text
    assert "August 2022" in pick("When was Rapidus founded?")[0].text
    assert "Higashi" in pick("Who chairs Rapidus?")[0].text


def test_ranges_are_exact_with_their_context():
    for item in pick("What does JSR make?", most=5):
        assert STORED[item.start : item.end] == item.text
        wide = item.context + item.text
        assert STORED[item.end - len(wide) : item.end] == wide
        assert 0 <= item.score <= 1
        assert 0 <= item.share <= 1


def test_each_part_has_its_sentence_among_the_first():
    question = "When was Rapidus founded and what does Dresden get?"
    first, second, *_ = pick(question, "When was Rapidus founded", "what does Dresden get")
    assert "August 2022" in first.text
    assert "Dresden" in second.text


def test_the_same_news_is_taken_once():
    twice = [PASSAGE, replace(PASSAGE, article_id="b", rank=2)]
    found = select("Who chairs Rapidus?", (), twice, HashEmbedder(dimensions=256).embed, 5)
    assert len({item.text for item in found}) == len(found)


def test_nothing_found_is_nothing():
    assert select("Who?", (), [], HashEmbedder().embed, 3) == []


def test_there_is_a_weight_for_every_feature():
    for fit in (UNREAD, READ_TOO):
        assert len(fit.select) == len(fit.answers) == len(FEATURES)
    assert UNREAD.select[READING] == UNREAD.answers[READING] == 0
    assert READ_TOO.select[READING] > 0
