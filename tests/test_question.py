"""What a question asks for, and follow-ups made whole."""

import pytest

from rag.question import answers_exactly, asks_several, exact_kind, kind, make_whole, matter
from rag.schema import Turn


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("How much will the fund pay for JSR?", "number"),
        ("What share of chips does the EU aim for?", "number"),
        ("When did the rules come into force?", "date"),
        ("In which year was Rapidus founded?", "date"),
        ("Who supports Rapidus?", "name"),
        ("Which countries matched US export controls?", "name"),
        ("What did Breton say about supply chains?", "other"),
        ("Which is bigger, the Dutch fund or the Belgian one? Give both amounts.", "number"),
        ("Compare the stakes that Sony and Denso hold.", "number"),
        ("Is the limit in Japan lower than in Germany?", "number"),
        ("What was the population of Chitose in 2020?", "number"),
        ("Who bought a stake in JASM?", "name"),
        ("Which Dutch authority grants the licences?", "name"),
        ("What is the name of the plant's owner?", "name"),
        ("Name the two laws. Give both years.", "date"),
        ("Why is the price higher?", "other"),
    ],
)
def test_kinds(question, wanted):
    assert kind(question) == wanted


def test_comparisons_and_lists_ask_for_several_things():
    assert asks_several("How do the EU and Japan differ on AI rules?")
    assert not asks_several("When was Rapidus founded?")


@pytest.mark.parametrize(
    ("question", "earlier", "whole"),
    [
        ("And the EU?", "What does Japan plan for AI?", "What does the EU plan for AI?"),
        ("What about Intel?", "When did TSMC get its grant?", "When did Intel get its grant?"),
        ("When was that?", "Who bought JSR?", "Who bought JSR – When was that?"),
        ("Who supports Rapidus?", "Who bought JSR?", "Who supports Rapidus?"),
    ],
)
def test_follow_ups(question, earlier, whole):
    assert make_whole(question, [Turn(question=earlier)]) == whole


def test_a_chain_of_follow_ups_keeps_its_subject():
    history = [Turn(question="What does Japan plan for AI?"), Turn(question="And the EU?")]
    assert make_whole("Why?", history) == "What does the EU plan for AI – Why?"


def test_no_history_changes_nothing():
    assert make_whole("And the EU?", []) == "And the EU?"


@pytest.mark.parametrize(
    ("question", "kind", "answering", "other"),
    [
        ("How much will it pay?", "money", "It pays $5 million.", "It pays for two plants."),
        ("How many jobs will it bring?", "count", "It brings 2,000 new jobs.", "It has 2 plants."),
        ("What share does TSMC hold?", "percent", "It holds 70%.", "It holds 70 shares."),
        ("Who chairs Rapidus?", "person", "Its chair is Ada Berg.", "Rapidus has a chair."),
        ("Who supports it?", "person", "It relies on help from IMEC.", "Rapidus needs help."),
        ("Where do they build?", "place", "They build in Dresden.", "They build in a hurry."),
        ("Where is it?", "place", "It stands in\nDresden.", "It stands."),
        ("Which countries agreed?", "country", "Tokyo did, as the Netherlands had.", "All agreed."),
        ("Why was it late?", "reason", "It lacked people, the reason given.", "It was late."),
        ("When does it open?", "date", "It opens in May 2027.", "It opens soon."),
        ("What stake does Sony hold?", "percent", "It holds 6%.", "It holds 6 shares."),
        ("Which is bigger? Give both amounts.", "money", "It has $5 million.", "It has 5 plants."),
        (
            "Compare the deals: what was each worth?",
            "money",
            "It cost $5 million.",
            "It cost much.",
        ),
        ("Which minister signed?", "person", "It was signed by Ada Berg.", "A minister signed."),
        ("Who bought it – How many jobs are there?", "count", "It has 90 jobs.", "Ada Berg did."),
    ],
)
def test_exactly_what_is_asked_for(question, kind, answering, other):
    assert exact_kind(question) == kind
    assert answers_exactly(question, answering)
    assert not answers_exactly(question, other)


def test_what_the_question_says_itself_is_no_answer():
    assert not answers_exactly("How much of the $5 million is left?", "Of $5 million some is left.")


@pytest.mark.parametrize(
    "question", ["How has the aid grown over time?", "What has happened to it since then?"]
)
def test_a_change_asks_for_several_things(question):
    assert asks_several(question)


@pytest.mark.parametrize(
    ("question", "several"),
    [
        ("On what days did the rules start to apply?", True),
        ("What new plants did Intel announce?", True),
        ("Which companies own it?", True),
        ("What was his name?", False),
        ("Which process is used?", False),
        ("What does Intel's chief say?", False),
    ],
)
def test_the_plural_asks_for_several_things(question, several):
    assert asks_several(question) == several


@pytest.mark.parametrize(
    ("question", "left"),
    [
        ("Compare Dresden and Kumamoto.", "Dresden and Kumamoto."),
        ("Which law is bigger? Give both amounts.", "Which law is ? ."),
        ("Give both firms a chance to reply.", "both firms a chance to reply."),
        ("Is Intel older than AMD?", "Is Intel than AMD?"),
        ("Please list the plants.", "the plants."),
        ("When did Apple list its shares?", "When did Apple list its shares?"),
        ("How did the later rules work?", "How did the later rules work?"),
    ],
)
def test_what_is_to_be_done_with_what_is_found_is_not_looked_for(question, left):
    assert " ".join(matter(question).split()) == left
