"""Lines that a publisher repeats across its articles."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from rag.cleaning.repeats import repeated_lines, without_repeated

WORDS = "harbour pilot storm quay ferry council winter tanker crane dredge tide vote budget".split()


def story(number: int) -> list[str]:
    rng = random.Random(number)
    return [" ".join(rng.choices(WORDS, k=20)).capitalize() + "." for _ in range(4)]


def articles(count: int, *lines: str, every: int = 1, inside: bool = False) -> list[str]:
    texts = []
    for number in range(count):
        paragraphs = story(number)
        place = 2 if inside else len(paragraphs)
        if number % every == 0:
            paragraphs[place:place] = lines
        texts.append("\n\n".join(paragraphs))
    return texts


def test_lines_that_recur_are_found() -> None:
    texts = articles(10, "The Lindhaven Letter", "Ships Index +0.4%")
    assert repeated_lines(texts) == {"The Lindhaven Letter", "Ships Index +0.4%"}
    assert repeated_lines(articles(10, "The Lindhaven Letter", inside=True))


def test_it_takes_five_articles_three_repeats_and_a_fifth() -> None:
    assert not repeated_lines(articles(4, "The Lindhaven Letter"))
    assert not repeated_lines(articles(6, "The Lindhaven Letter", every=3))
    assert repeated_lines(articles(6, "The Lindhaven Letter", every=2))
    assert not repeated_lines(articles(40, "The Lindhaven Letter", every=8))
    assert repeated_lines(articles(40, "The Lindhaven Letter", every=4))


def test_story_text_that_recurs_stays() -> None:
    for line in (
        "## What happens next",
        "- the region: half",
        "> A quotation",
        "“We waited long enough”",
        "The ministry said no more",
        "x" * 201,
        "***",
    ):
        assert not repeated_lines(articles(10, line)), line


def test_a_sentence_goes_only_from_the_edge_of_half_of_the_articles() -> None:
    line = "Read the Courier on paper, too."
    assert repeated_lines(articles(10, line)) == {line}
    assert not repeated_lines(articles(10, line, every=3))
    assert not repeated_lines(articles(10, line, inside=True))


def test_headings_of_plain_text_stay() -> None:
    assert not repeated_lines(articles(10, "Questions and answers", every=3, inside=True))
    assert repeated_lines(articles(10, "The Letter", "Ships Index", every=3, inside=True)) == {
        "The Letter"
    }
    assert repeated_lines(articles(10, "Video of the day", every=2, inside=True))


def test_copies_of_one_article_count_once() -> None:
    copies = ["\n\n".join([*story(1), "Harbour votes", f"Copy {n}"]) for n in range(8)]
    assert not repeated_lines(copies)
    assert not repeated_lines([*copies, *articles(10)[2:]])


def test_the_order_of_arrival_does_not_matter() -> None:
    texts = articles(12, "The Lindhaven Letter", every=2)
    texts += ["\n\n".join([*story(3), "Ships Index +0.4%"])] * 3
    assert repeated_lines(texts) == repeated_lines(texts[::-1]) == {"The Lindhaven Letter"}


def test_what_goes_is_kept_as_removals() -> None:
    text = "One paragraph.\n\nThe Letter\n\nAnother one.\nThe Letter"
    kept, removals = without_repeated(text, {"The Letter"})
    assert kept == "One paragraph.\n\nAnother one."
    assert [(removal.rule, removal.text) for removal in removals] == [
        ("repeated", "The Letter"),
        ("repeated", "The Letter"),
    ]
    assert without_repeated(text, frozenset()) == (text, ())


@given(st.lists(st.lists(st.sampled_from([*"abc", "Letter", *story(1)])).map("\n\n".join)))
@settings(deadline=None)
def test_any_texts(texts: list[str]) -> None:
    lines = repeated_lines(texts)
    for text in texts:
        kept, removals = without_repeated(text, lines)
        assert len(kept.split()) + sum(len(r.text.split()) for r in removals) == len(text.split())
