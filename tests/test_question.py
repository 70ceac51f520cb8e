"""What a question asks for, and follow-ups made whole."""

import pytest

from rag.question import asks_several, kind, make_whole
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
