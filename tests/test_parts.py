"""The simpler questions that make up a question of several parts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.parts import parts

SEVERAL = [
    ("Is the limit in Japan lower than in Germany?",
     ["Is the limit in Japan?", "Is the limit in Germany?"]),
    ("What did Intel, Samsung and TSMC invest?",
     ["What did Intel invest?", "What did Samsung invest?", "What did TSMC invest?"]),
    ("What did Intel, Samsung, or TSMC invest?",
     ["What did Intel invest?", "What did Samsung invest?", "What did TSMC invest?"]),
    ("Compare Intel, Samsung and TSMC in Arizona.",
     ["Compare Intel in Arizona.", "Compare Samsung in Arizona.", "Compare TSMC in Arizona."]),
    ("Did Apple and Samsung raise prices?",
     ["Did Apple raise prices?", "Did Samsung raise prices?"]),
    ("What did Apple and Google pay Epic and Match respectively?",
     ["What did Apple pay Epic?", "What did Google pay Match?"]),
    ("Who bought JSR and when did the offer close?",
     ["Who bought JSR", "Who bought JSR – when did the offer close"]),
    ("Has Apple raised its prices, and did Samsung follow?",
     ["Has Apple raised its prices", "Has Apple raised its prices – did Samsung follow"]),
    ("Is the limit in the AI Act lower than in Biden's executive order?",
     ["Is the limit in the AI Act?", "Is the limit in Biden's executive order?"]),
    ("What will Dresden make compared with the first one in Kumamoto?",
     ["What will Dresden make", "What will make the first one in Kumamoto"]),
    ("What do the rules of the AI Act say as against the old draft?",
     ["What do the rules of the AI Act say", "What do the rules of the AI Act say the old draft"]),
    ("Does Intel build in Ohio, while TSMC waits?",
     ["Does Intel build in Ohio", "Does Intel build in Ohio – TSMC waits"]),
    ("Compare the shares in Ohio and Texas: what does Intel own in each?",
     ["Compare the shares in Ohio: what does Intel own in Ohio?",
      "Compare the shares in Texas: what does Intel own in Texas?"]),
    ("How do both France and Italy each treat imports?",
     ["How do France treat imports?", "How do Italy treat imports?"]),
    ("How much did Intel and Samsung pay each?",
     ["How much did Intel pay?", "How much did Samsung pay?"]),
    ("How did farmers react, in the courts and with blockades?",
     ["How did farmers react in the courts?", "How did farmers react with blockades?"]),
    ("Which is older, the Dutch press law or the Belgian one? Give both years.",
     ["Which is older, the Dutch press law? Give both years.",
      "Which is older, the Belgian press law? Give both years."]),
    ("Name the mills Poland closed in Oct 2021, and what each was worth.",
     ["Name the mills Poland closed in Oct 2021",
      "Name the mills Poland closed in Oct 2021 – what each was worth."]),
]  # fmt: skip


@pytest.mark.parametrize(("question", "wanted"), SEVERAL)
def test_several_things_are_asked_about_one_by_one(question, wanted):
    assert parts(question) == wanted


@pytest.mark.parametrize(
    "question",
    [
        "Who owns The Verge?",
        "Who bought JSR and is based in Tokyo?",
        "Was it built in Dresden, Germany?",
        "How did sales do compared with 2022?",
        "What did he say and do?",
        "What of A1, B2, C3, D4, E5, F6 and G7 was sold?",
        "",
    ],
)
def test_a_simple_question_and_a_long_list_stay_whole(question):
    assert parts(question) == []


def test_names_set_apart_are_not_asked_about():
    question = "What did Reuters and Bloomberg report?"
    assert parts(question, [(9, 16)]) == []


@settings(deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_borne(question):
    assert all(isinstance(part, str) and part for part in parts(question))
