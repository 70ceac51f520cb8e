"""Where sentences begin and end."""

import itertools
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.sentences import has_verb, sentence_spans

_PIECES = """Rapidus said so.| |\n|\n\n|\r\n|“|”|"|No.| Jan.| 5|U.S.|)|- item|## Heading|> quote
e\u0301|🤯|\u00a0|\x00|bn. yen|?|。"""
PIECES = st.sampled_from(_PIECES.split("|"))
TEXTS = st.one_of(st.text(), st.lists(PIECES, max_size=30).map("".join))


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@given(TEXTS)
@settings(max_examples=300, deadline=None)
def test_spans_are_ordered_disjoint_trimmed_and_cover_everything(text: str) -> None:
    spans = sentence_spans(text)
    assert all(start < end for start, end in spans)
    assert all(left[1] <= right[0] for left, right in itertools.pairwise(spans))
    assert all(text[start:end].strip() == text[start:end] for start, end in spans)
    covered = {place for start, end in spans for place in range(start, end)}
    assert {place for place, char in enumerate(text) if not char.isspace()} <= covered
    assert spans == sentence_spans(text)


@pytest.mark.parametrize(
    "sentences",
    [
        ["It cost 3 bn. yen in all.", "The fund paid $6.4bn.", "Shares rose."],
        ["J. K. Rowling met Mr. Ota on Jan. 5.", "No. 3 was out."],
        ["He joined Inc. said so.", "Sen. Mark Warner agreed."],
        ["“We won,” he said.", "“Really?” she asked.", "Nobody knew."],
        ["The U.S. Senator came.", "He lives in the U.S.", "The law is old."],
        [
            "It talked to the central bank.",
            "Rapidus makes one chip.",
            "It was so.",
            "Then it left.",
        ],
        ["They met at 5 p.m. Monday.", "It was 6 p.m.", "Police came."],
        ["He called for “calm. ”", "Then he left."],
        ["The bill (passed on Dec. 12) is law.", "George W. Bush signed it."],
        ["The Rangers vs. Kraken game ended.", "Malcolm X. is a film."],
        ["He told the house no.", "Nobody spoke."],
        ["Was it late?", "Yes!", "It was (truly!!), they said."],
        ["iPhone sales fell.", "iPhone prices rose.", "It ended."],
    ],
)
def test_ends_of_sentences_on_one_line(sentences: list[str]) -> None:
    assert cut(" ".join(sentences)) == sentences


def test_a_lone_closing_quote_stays_with_its_sentence() -> None:
    assert cut("It said “ownership. ”Then it left.") == ["It said “ownership. ”", "Then it left."]


def test_sentences_without_spaces_between_them() -> None:
    assert cut("東京で会いました。次の文です。") == ["東京で会いました。", "次の文です。"]


def test_a_blank_line_ends_a_sentence() -> None:
    assert cut("A headline without a stop\n \nThe story") == [
        "A headline without a stop",
        "The story",
    ]


def test_wrapped_lines_are_one_sentence() -> None:
    text = "The fund agreed to buy the maker of\nphotoresist for a sum nobody has\nnamed. It paid."
    assert len(cut(text)) == 2


def test_wrapped_text_keeps_capitalised_names_together() -> None:
    text = "Talks were held between the\nEuropean Union and the state of\nJapan on Monday."
    assert len(cut(text)) == 1


def test_a_short_line_above_a_paragraph_is_a_heading() -> None:
    text = "Softer rules\nJapan is leaning toward softer rules.\nWhat comes next\nTalks."
    assert cut(text) == text.split("\n")


def test_long_lines_are_paragraphs() -> None:
    line = "word " * 40 + "end"
    assert cut(f"{line}\n{line}") == [line, line]


def test_list_items_headings_and_table_rows_stand_alone() -> None:
    text = "## Who takes part\n- the EU\n- Japan\n1. one thing\n2) another\n| a | b |\n| c | d |"
    assert cut(text) == text.split("\n")


def test_a_list_number_is_not_a_sentence() -> None:
    assert cut("12. Apples are red. Pears are not.") == ["12. Apples are red.", "Pears are not."]


@pytest.mark.parametrize("text", ["", " \n\t\n"])
def test_nothing_has_no_sentences(text: str) -> None:
    assert sentence_spans(text) == []


@pytest.mark.parametrize("piece", ["<a ", "a. ", ". ", '"', " ", "\n", "A.B.", "- ", "”", "(\n"])
def test_half_a_megabyte_of_anything_is_quick(piece: str) -> None:
    begun = time.process_time()
    sentence_spans(piece * (500_000 // len(piece)))
    assert time.process_time() - begun < 15


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Japan and the Japanese government.", False),
        ("IBM, Imec and the Dutch firm.", False),
        ("Japan supports Rapidus.", True),
        ("IBM was a partner.", True),
        ("The fund paid.", True),
    ],
)
def test_a_fragment_has_no_verb(text, told):
    assert has_verb(text) is told
