"""Comparisons become a small table, enumerations a list, and all else stays prose."""

import pytest

from rag.arrange import arranged
from rag.schema import Answer, Citation, Search, Sentence, Verdict

BOTH = "How much aid do Orbin and Telvane get?"
PARTS = ("How much aid do Orbin get?", "How much aid do Telvane get?")


def made(question, *sentences, parts=(), titles=()):
    titles = titles or ("",) * len(sentences)
    return Answer(
        question=question,
        query=question,
        answer="",
        searches=tuple(Search(query=text) for text in (question, *parts)),
        sentences=tuple(
            Sentence(text=text, verdict=Verdict.QUOTED, citations=(number,))
            for number, text in enumerate(sentences, start=1)
        ),
        citations=tuple(
            Citation(number=number, article_id="a", title=title, start=0, end=1, quote="x")
            for number, title in enumerate(titles, start=1)
        ),
    )


def rows(answer):
    return [(row.label, row.sentences) for row in answer.rows]


def test_a_comparison_has_a_row_for_each_thing():
    answer = arranged(
        made(
            BOTH,
            "Orbin gets 4 billion euros.",
            "Telvane gets 2 billion euros.",
            "Orbin builds two plants with it.",
            parts=PARTS,
        )
    )
    assert answer.layout == "table"
    assert rows(answer) == [("Orbin", (0, 2)), ("Telvane", (1,))]


def test_what_is_said_of_both_or_of_none_has_no_label():
    answer = arranged(
        made(
            BOTH,
            "Orbin gets more than Telvane.",
            "Telvane gets 2 billion euros.",
            "The money comes from Lyonne.",
            "It gets 4 billion euros.",
            parts=PARTS,
            titles=("", "", "", "Orbin's plant"),
        )
    )
    assert rows(answer) == [("", (0, 2)), ("Telvane", (1,)), ("Orbin", (3,))]


@pytest.mark.parametrize(
    "question",
    [
        "Which companies own Telvane?",
        "List the plants in Port Ash.",
        "What are the conditions of the aid?",
        "Who are the partners of Orbin?",
        "Which European countries matched the rules?",
    ],
)
def test_an_enumeration_is_a_list(question):
    answer = arranged(made(question, "Orbin owns a half.", "Telvane owns the rest."))
    assert answer.layout == "list"
    assert rows(answer) == [("", (0,)), ("", (1,))]


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("Which company supports Orbin?", ()),
        ("Who runs Orbin?", ()),
        ("How much does the plant cost?", ()),
        ("Which bus goes to Port Ash?", ()),
        (
            "Who bought Telvane and when did it close?",
            ("Who bought Telvane", "Telvane – when did it close"),
        ),
    ],
)
def test_all_else_stays_prose(question, parts):
    answer = arranged(made(question, "Orbin owns a half.", "Telvane owns the rest.", parts=parts))
    assert (answer.layout, answer.rows) == ("prose", ())


def test_one_side_alone_is_no_table_and_one_sentence_no_list():
    one_sided = made(BOTH, "Orbin gets 4 billion euros.", "Nobody knows more.", parts=PARTS)
    assert arranged(one_sided).layout == "prose"
    assert arranged(made("Which companies own it?", "Orbin owns it.")).layout == "prose"
