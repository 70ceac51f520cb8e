"""Questions made from sentences: each keeps the words of what answers it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_assistant import ARTICLES, JSR, RAPIDUS, cite, passage, written_answer
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.schema import Article
from rag.suggest import following, of_articles, of_text

QUESTIONS = {
    "Umicore raised 5 billion euros from the banks of Europe.": (
        "How much did Umicore raise from the banks of Europe?"
    ),
    "Intel, the American chip maker, will invest $20 billion in two plants in Ohio.": (
        "How much will Intel invest in two plants in Ohio?"
    ),
    "Daryl Mitchell scored 130 runs against India.": (
        "How many runs did Daryl Mitchell score against India?"
    ),
    "Pat Gelsinger said that the plant in Magdeburg would open late.": (
        "What did Pat Gelsinger say about the plant in Magdeburg?"
    ),
    "The plant in Magdeburg will open late, Pat Gelsinger said.": (
        "What did Pat Gelsinger say about the plant in Magdeburg?"
    ),
    "Verdane Capital left Fountain Venture because its shares fell.": (
        "Why did Verdane Capital leave Fountain Venture?"
    ),
    "The Dutch Parliament adopted the Chips Act on Monday 3 July 2023.": (
        "When did the Dutch Parliament adopt the Chips Act?"
    ),
    "Hudson Bridge was opened by Mayor Ines Holm in March 2024.": (
        "When was Hudson Bridge opened by Mayor Ines Holm?"
    ),
    "Renata Oyelaran founded Alder Instruments in a shed.": (
        "Who founded Alder Instruments in a shed?"
    ),
}


def made(text: str, title: str = "") -> list[str]:
    """Without those about the title."""
    plain = ("about", "title")
    return [one.question for one in of_text(text, title) if one.kind not in plain]


@pytest.mark.parametrize("sentence", QUESTIONS)
def test_a_part_of_the_sentence_is_asked_for_and_the_rest_kept(sentence):
    assert made(sentence, f"On {sentence.split()[0]}") == [QUESTIONS[sentence]]


@pytest.mark.parametrize(
    "sentence",
    [
        "It raised 5 billion euros from the banks of Europe.",
        "Umicore raised its 5 billion euros.",
        "Holm said that this would end.",
        "Renata Oyelaran opened the gate.",
        "That China took part in the talks of Geneva was disputed.",
        "The company founded Alder Instruments yesterday.",
        "Wages in Leuven and Ghent.",
        "“We won,” Holm said of Leuven | page 3",
    ],
)
def test_what_leans_on_other_words_or_says_too_little_is_passed_over(sentence):
    assert made(sentence) == []


def test_a_word_that_is_capitalised_for_being_first_is_no_name():
    assert made("Analysts accused Umicore of fraud in 2021.") == []
    assert made("Analysts agreed. Here Umicore sued. Umicore acquired Alder of Leuven.") == [
        "Who acquired Alder of Leuven?"
    ]


@pytest.mark.parametrize(
    ("title", "text", "question"),
    [
        ("Port", "The harbour is wide.", "What is reported in “Port”?"),
        ("Hafen", "Der Hafen ist groß und die Stadt nicht.", "Was wird in „Hafen“ berichtet?"),
        ("Port", "Le port est une des joies.", "Que rapporte l’article « Port » ?"),
        ("港", "これは港です。", "「港」には何が書かれていますか。"),
    ],
)
def test_without_such_a_sentence_the_title_is_asked_about_in_the_language_of_the_text(
    title, text, question
):
    assert of_articles([Article(article_id="a", title=title, text=text)], 4) == (question,)


def test_articles_get_one_question_each_of_several_kinds_and_reading_ends_when_there_are_enough():
    texts = list(QUESTIONS)
    read = []

    def articles():
        for number, text in enumerate(texts):
            read.append(number)
            yield Article(article_id=str(number), title=f"On {text.split()[0]}", text=text)

    chosen = of_articles(articles(), 4)
    assert len(chosen) == 4
    assert set(chosen) <= set(QUESTIONS.values())
    assert read == [0, 1, 2, 3]


def test_going_on_asks_for_what_was_found_and_not_used():
    answer = written_answer()
    extra = replace(RAPIDUS, text="IBM founded Albany Labs in 2001. Rapidus is new.")
    found = replace(answer, passages=(*answer.passages, passage(extra, 3, extra.text)))
    asked = following(found)
    assert "When did IBM found Albany Labs?" in asked
    assert 1 <= len(asked) <= 3
    assert following(replace(answer, passages=())) == ()


def test_going_on_never_repeats_the_question_or_what_is_cited():
    quote = "Umicore raised 5 billion euros from the banks of Europe."
    article = replace(JSR, article_id="umicore", text=f"{quote} Now Umicore is new.")
    answer = replace(written_answer(), passages=(passage(article, 1, article.text),))
    assert any("raise" in one for one in following(answer))
    again = replace(answer, question="How much did Umicore raise from the banks of Europe?")
    assert not any("raise" in one for one in following(again))
    first = cite(article, 1, quote)
    assert not any("raise" in one for one in following(replace(answer, citations=(first,))))


@settings(deadline=None, max_examples=60)
@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=300))
def test_any_text_is_fine(text):
    for one in of_text(text, text):
        assert "\n" not in one.question


def test_the_fakes_have_questions():
    assert len(of_articles(ARTICLES, 4)) == 3
