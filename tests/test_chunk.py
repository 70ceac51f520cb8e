"""Chunks: exact slices, the token limit, and everything in at least one of them."""

import re
import time
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.chunk import embedded_text, split
from rag.schema import Article, Chunk
from rag.settings import ChunkingSettings

_PIECES = """Rapidus said so. |The fund pays $6.4bn. |The fund pays $6.4bn. | |\n|\n\n|\r\n|“Yes,” |
- item|\n- another one here\n|\n## Heading\n\n|\n# Top\n|> quote|1. |e\u0301e\u0301e\u0301|🤯
👩🏽‍🚀|\u00a0|\x00|averyveryverylongword|。東京で会いました。|"""
PIECES = st.sampled_from([*_PIECES.split("|"), "word " * 12])
TEXTS = st.one_of(st.text(), st.lists(PIECES, max_size=60).map("".join))
SIZES = st.builds(
    ChunkingSettings, size=st.integers(32, 80), overlap=st.sampled_from([0, 0, 8, 20, 200])
)


def words(texts: Sequence[str]) -> list[int]:
    """Adds up where texts are cut at white space, as WordPiece does."""
    return [len(re.findall(r"\w+|[^\w\s]", text)) for text in texts]


def letters(texts: Sequence[str]) -> list[int]:
    """Counts white space too, so that sentences do not add up to their chunk."""
    return [len(text) for text in texts]


def article(text: str, **facts: str) -> Article:
    return Article(article_id="a", text=text, **facts)


def sizes(size: int = 32, overlap: int = 0) -> ChunkingSettings:
    return ChunkingSettings(size=size, overlap=overlap)


def sentence(number: int, length: int = 10) -> str:
    return f"Sentence {number} " + "word " * (length - 4) + "end."


def check(source: Article, chunks: Sequence[Chunk]) -> None:
    for chunk in chunks:
        assert source.text[chunk.start : chunk.end] == chunk.text == chunk.text.strip() != ""
    covered = {place for chunk in chunks for place in range(chunk.start, chunk.end)}
    assert {place for place, char in enumerate(source.text) if not char.isspace()} <= covered
    assert [chunk.start for chunk in chunks] == sorted(chunk.start for chunk in chunks)
    assert len({chunk.chunk_id for chunk in chunks}) == len(chunks)


@given(TEXTS, SIZES, st.sampled_from([words, letters]), st.sampled_from(["", "A title of words"]))
@settings(max_examples=300, deadline=None)
def test_slices_limit_coverage_and_determinism(text, sizes, tokens, title) -> None:
    source = article(text, title=title, publisher="Desk", published="2023-07-03")
    chunks = split(source, tokens, sizes)
    check(source, chunks)
    assert max(tokens([embedded_text(chunk) for chunk in chunks]), default=0) <= sizes.size
    assert chunks == split(source, tokens, sizes)


def test_an_empty_article_has_no_chunks() -> None:
    assert split(article(""), words, sizes()) == []
    assert split(article(" \n\n "), words, sizes()) == []


def test_sentences_are_packed_whole() -> None:
    text = " ".join(sentence(number) for number in range(6))
    chunks = split(article(text), words, sizes(32))
    assert [chunk.text.count("Sentence") for chunk in chunks] == [3, 3]
    assert all(chunk.text.endswith("end.") for chunk in chunks)


def test_overlap_repeats_whole_sentences() -> None:
    text = " ".join(sentence(number) for number in range(6))
    chunks = split(article(text), words, sizes(32, overlap=15))
    assert [re.findall(r"Sentence (\d)", chunk.text) for chunk in chunks] == [
        ["0", "1", "2"],
        ["2", "3", "4"],
        ["4", "5"],
    ]


def test_overlap_does_not_cross_a_heading() -> None:
    text = f"{sentence(1)}\n\n## Next\n\n{sentence(2)}"
    first, second = split(article(text), words, sizes(100, overlap=50))
    assert first.text == sentence(1)
    assert second.text == f"## Next\n\n{sentence(2)}"


def test_headings_open_a_chunk_and_name_it() -> None:
    below = f"## Chips\n\n{sentence(1)}\n\n### Tools\n\n{sentence(2)}\n\n## AI\n\n{sentence(3)}"
    text = f"# Trade\n\n{below}"
    chunks = split(article(text, title="Talks"), words, sizes(100))
    assert [chunk.header for chunk in chunks] == [
        "Talks\nTrade > Chips",
        "Talks\nTrade > Chips > Tools",
        "Talks\nTrade > AI",
    ]
    assert chunks[0].text.startswith("# Trade\n\n## Chips\n\nSentence 1")


def test_a_last_heading_without_text_is_kept() -> None:
    source = article(f"{sentence(1)}\n\n## Nothing below")
    check(source, split(source, words, sizes()))


def test_header_holds_what_is_known() -> None:
    facts = {"title": "EU and  Japan\nmeet", "publisher": "Starter Desk", "published": "2023-07-03"}
    (chunk,) = split(article("## Talks\nThey met.", **facts), words, sizes(100))
    assert chunk.header == "EU and Japan meet\nStarter Desk, 3 July 2023\nTalks"
    assert embedded_text(chunk) == f"{chunk.header}\n\n{chunk.text}"


def test_without_facts_there_is_no_header() -> None:
    (chunk,) = split(article("They met."), words, sizes())
    assert chunk.header == ""
    assert embedded_text(chunk) == "They met."


def test_a_long_header_takes_a_third_at_most() -> None:
    (chunk,) = split(article("They met.", title="word " * 100), words, sizes(60))
    assert chunk.header == " ".join(["word"] * 20)


def test_a_list_stays_whole_where_it_fits() -> None:
    items = "\n".join(f"- item {number} with words" for number in range(4))
    text = f"{sentence(1, 20)}\n\n{items}\n\n{sentence(2)}"
    chunks = split(article(text), words, sizes(36))
    assert [chunk.text for chunk in chunks] == [sentence(1, 20), f"{items}\n\n{sentence(2)}"]


def test_a_quote_stays_whole_where_it_fits() -> None:
    quote = f"> {sentence(1)}\n> {sentence(2)}"
    text = f"{sentence(3, 20)}\n\n{quote}"
    assert [chunk.text for chunk in split(article(text), words, sizes(40))][-1] == quote


def test_a_list_that_does_not_fit_is_cut_between_items() -> None:
    items = [f"- item {number} " + "word " * 10 + "end" for number in range(6)]
    chunks = split(article("\n".join(items)), words, sizes(32))
    assert [chunk.text.count("item") for chunk in chunks] == [2, 2, 2]


def test_a_plain_title_goes_with_what_it_is_above() -> None:
    text = f"{sentence(1, 22)}\n\nSofter rules\n\n{sentence(2)}"
    assert [chunk.text for chunk in split(article(text), words, sizes(32))] == [
        sentence(1, 22),
        f"Softer rules\n\n{sentence(2)}",
    ]


def test_a_long_sentence_is_cut_between_words() -> None:
    text = "word " * 100 + "end."
    chunks = split(article(text), words, sizes(40))
    assert " ".join(chunk.text for chunk in chunks) == text
    assert max(words([chunk.text for chunk in chunks])) <= 40


def test_a_long_word_is_cut_and_marks_stay_with_their_letters() -> None:
    text = "👩🏽‍🚀" * 200 + " " + "e\u0301" * 500
    chunks = split(article(text), letters, sizes(33))
    check(article(text), chunks)
    assert not any(chunk.text[0] in "\u0301\u200d🏽" for chunk in chunks)


def test_one_unknown_token_does_not_swallow_a_page() -> None:
    chunks = split(article("a" * 100_000), words, sizes(32))
    assert max(len(chunk.text) for chunk in chunks) <= 32 * 17


def test_repeated_text_has_ids_and_offsets_of_its_own() -> None:
    source = article("\n\n".join([sentence(1)] * 12))
    chunks = split(source, words, sizes(32))
    check(source, chunks)
    assert len(chunks) == 4


def test_ids_follow_the_text() -> None:
    one = split(article(f"{sentence(1)} {sentence(2)}"), words, sizes())
    other = split(article(f"{sentence(1)} {sentence(3)}"), words, sizes())
    assert one[0].chunk_id != other[0].chunk_id
    assert one[0].chunk_id.startswith("a:0:")


def test_the_sentences_are_counted_in_one_call() -> None:
    calls = []

    def counting(texts: Sequence[str]) -> list[int]:
        calls.append(len(texts))
        return words(texts)

    split(article(" ".join(map(sentence, range(100))), title="Talks"), counting, sizes(50))
    assert len(calls) <= 4


@pytest.mark.parametrize("piece", ["word ", "- a\n", "# a\n", "> ", "a", "🤯", "A b.\n\n"])
def test_a_large_article_is_quick(piece: str) -> None:
    begun = time.process_time()
    split(article(piece * (100_000 // len(piece))), words, ChunkingSettings(size=200, overlap=40))
    assert time.process_time() - begun < 10
