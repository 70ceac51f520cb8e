"""Passages cut to the sentences that bear on a query, and still exact ranges."""

from dataclasses import replace

import pytest
from fakes import HashEmbedder
from hypothesis import given
from hypothesis import strategies as st

from rag.index import Index
from rag.narrow import LEAST, WHOLE, narrow, run
from rag.retrieve import Retriever
from rag.schema import Note, Passage
from rag.settings import Settings

FILLER = "The town lies on a river that few visitors know, and its market opens early each day."
ANSWER = "The harbour bridge will cost 40 million crowns, the council said."
QUESTION = "How much will the harbour bridge cost?"
TEXT = f"{FILLER} {FILLER} {ANSWER} {FILLER} {FILLER} {FILLER}"


def passage(text=TEXT, rank=4, start=100):
    return Passage(
        rank=rank, score=1.0, article_id="a", chunk_id="c", start=start, end=start + len(text),
        text=text,
    )  # fmt: skip


def test_the_answering_sentence_is_kept_and_most_of_the_rest_is_not():
    cut = narrow(QUESTION, passage())
    assert ANSWER in cut.text
    assert len(cut.text) < len(TEXT) / 2
    article = "." * 100 + TEXT
    assert article[cut.start : cut.end] == cut.text


@pytest.mark.parametrize("rank", range(1, WHOLE + 1))
def test_the_best_passages_stay_whole(rank):
    assert narrow(QUESTION, passage(rank=rank)) == passage(rank=rank)


@pytest.mark.parametrize(
    ("question", "text"),
    [("What is it?", TEXT), ("Who won the chess final?", TEXT), (QUESTION, ANSWER), (QUESTION, "")],
    ids=["no telling word", "no word in common", "one sentence", "empty"],
)
def test_what_cannot_be_told_apart_stays_whole(question, text):
    assert run(question, text, 5) == (0, len(text))


def test_sentences_that_hold_different_words_of_the_query_stay_together():
    text = f"{FILLER} The bridge was built by Foo. It cost 3 million. {FILLER} {FILLER} {FILLER}"
    first, last = run("Who built the bridge and what did it cost?", text, 3)
    assert "built by Foo. It cost 3 million." in text[first:last]


def test_notes_go_with_their_words():
    said = TEXT.index(ANSWER)
    inside = Note(start=100 + said + 4, end=100 + said + 11, meaning="Port Ash")
    outside = Note(start=100, end=103, meaning="Anton Berg")
    cut = narrow(QUESTION, replace(passage(), notes=(outside, inside)))
    assert cut.notes == (inside,)


@pytest.mark.parametrize(("on", "length"), [(True, len(ANSWER)), (False, len(TEXT))])
def test_narrowing_can_be_switched_off(tmp_path, on, length):
    settings = Settings.load(environ={}, retrieval={"narrow": on})
    index = Index.open(tmp_path, "any", settings.index)
    retriever = Retriever(index, HashEmbedder(), settings.retrieval)
    (cut,) = retriever.narrowed(QUESTION, [passage()])
    assert length <= len(cut.text) <= max(length, len(TEXT) / 2 if on else 0)


WORDS = st.sampled_from("harbour bridge cost river market council early day town .".split())


@given(st.lists(WORDS, max_size=80).map(" ".join), st.integers(1, 12))
def test_a_run_is_a_range_no_shorter_than_its_rank_allows(text, rank):
    first, last = run(QUESTION, text, rank)
    assert 0 <= first <= last <= len(text)
    least = 1.0 if rank <= WHOLE else LEAST[min(rank - WHOLE, len(LEAST)) - 1]
    stripped = text.strip()
    assert last - first >= min(len(stripped), least * len(text))
