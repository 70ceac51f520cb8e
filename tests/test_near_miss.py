"""Where no answer is given, the reader is told what came closest and what is lacking."""

import pytest

from rag.near_miss import declined, near_miss
from rag.schema import Answer, Evidence, Passage

TEXTS = {
    "plant": "Orbin builds a plant in Port Ash. The minister welcomed the plant.",
    "tools": "Telvane sells tools to Lyonne. Its chairman said that demand is strong.",
}


def read():
    return [
        Passage(
            rank=rank,
            score=1.0,
            article_id=name,
            chunk_id=name,
            start=0,
            end=len(text),
            text=text,
            title=name.title(),
            publisher="Desk",
            published="2023-05-01",
        )
        for rank, (name, text) in enumerate(TEXTS.items(), start=1)
    ]


def closest(*names):
    return [
        Evidence(
            number=number,
            score=0.3,
            article_id=name,
            start=0,
            end=TEXTS[name].index(".") + 1,
            text=TEXTS[name][: TEXTS[name].index(".") + 1],
            title=name.title(),
            publisher="Desk",
            published="2023-05-01",
        )
        for number, name in enumerate(names, start=1)
    ]


def missed(question, *names):
    return near_miss(question, read(), closest(*(names or ("plant", "tools"))), 0.3, 0.6)


def test_names_that_nothing_holds_are_told_first():
    miss = missed("What did Denning say about the plant's harvest?")
    assert miss.names == ("Denning",)
    assert miss.words == ("harvest",)
    assert miss.lacking == "None of them speaks of “Denning” or “harvest”."


def test_plain_words_that_nothing_holds():
    miss = missed("What is the salary at Orbin?")
    assert (miss.names, miss.words) == ((), ("salary",))
    assert miss.lacking == "None of them holds “salary”."


def test_other_forms_of_a_word_count_as_held():
    assert missed("Who builds plants for the ministers?").words == ()


def test_words_that_stand_apart():
    miss = missed("Does Orbin build a plant in Lyonne?")
    assert (miss.names, miss.words, miss.apart) == ((), (), ("Lyonne",))
    assert miss.lacking == "No article among them has “Lyonne” with the rest."


@pytest.mark.parametrize(
    ("question", "kind", "lacking"),
    [
        ("When does Orbin build the plant?", "date", "No sentence near the question gives a date."),
        (
            "How much does Orbin's plant in Port Ash cost?",
            "",
            "None of them holds “cost”.",
        ),
        (
            "Why does Orbin build the plant?",
            "reason",
            "No sentence near the question gives a reason.",
        ),
    ],
)
def test_the_kind_of_answer_that_is_lacking(question, kind, lacking):
    miss = missed(question)
    assert (miss.kind, miss.lacking) == (kind, lacking)


def test_where_nothing_lacks_the_likelihood_is_told():
    miss = missed("Does Orbin build a plant?")
    assert "0.30; 0.60 is asked for" in miss.lacking


def test_what_the_closest_articles_say_is_quoted_to_the_character():
    miss = missed("What is the salary at Orbin?", "plant", "plant", "tools")
    assert miss.said == (
        "The closest, in “Plant” (Desk, 2023-05-01), says: “Orbin builds a plant in Port Ash.”"
    )
    assert [(c.number, c.article_id) for c in miss.closest] == [(1, "plant"), (2, "tools")]
    assert all(TEXTS[c.article_id][c.start : c.end] == c.quote for c in miss.closest)


def test_a_declined_answer_holds_all_of_it():
    answer = Answer(question="q", answer="", query="What salary does Orbin pay?", likely=0.3)
    whole = declined(answer, [], 0.6)
    assert (whole.abstained, whole.reason, whole.complete) == (True, "No passage was found.", True)
    answer = Answer(
        question="q", answer="", query="What salary?", likely=0.3, passages=tuple(read())
    )
    whole = declined(answer, closest("plant"), 0.6)
    assert whole.reason.startswith(
        "2 passages of 2 articles were read. None of them holds “salary”."
    )
    assert whole.reason.endswith(whole.near_miss.said)
    assert declined(answer, [], 0.6).near_miss.closest == ()
