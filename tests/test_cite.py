"""Drafts become sentences with exact citations; marks are hints, never trusted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.cite import (
    Bibliography,
    Bound,
    Drafted,
    bind,
    in_order,
    leans_on,
    quoted,
    read_draft,
    with_before,
    with_marks,
)
from rag.schema import Evidence, Verdict
from rag.verify import Checked

TEXT = "Rapidus was founded in 2022. It relies on IBM and IMEC. Japan gives it 330 billion yen."


def piece(number, quote, context=""):
    start = TEXT.index(quote)
    return Evidence(
        number=number, score=0.9, article_id="a", start=start, end=start + len(quote), text=quote,
        context=context,
    )  # fmt: skip


FIRST = piece(1, "Rapidus was founded in 2022.")
SECOND = piece(2, "It relies on IBM and IMEC.", context="Rapidus was founded in 2022. ")
THIRD = piece(3, "Japan gives it 330 billion yen.")
ALL = [FIRST, SECOND, THIRD]


@pytest.mark.parametrize(
    ("draft", "sentences"),
    [
        ("It relies on IBM [2].", [("It relies on IBM.", (2,))]),
        ("A is old. [2] B is new. [1][3]", [("A is old.", (2,)), ("B is new.", (1, 3))]),
        ("It relies on IBM [1, 2].", [("It relies on IBM.", (1, 2))]),
        ("Yes. [1] And then it was cut of", [("Yes.", (1,))]),
        ("- It is new. [1]\n- It is big. [2]", [("It is new.", (1,)), ("It is big.", (2,))]),
        ("The evidence is: It is big. [2]", [("It is big.", (2,))]),
        ("The answer is: It is new. [1]", [("It is new.", (1,))]),
        ("1. It is new. [1]\n2) It is big. [2]", [("It is new.", (1,)), ("It is big.", (2,))]),
        ("", []),
        ("[1][2]", []),
    ],
)  # fmt: skip
def test_sentences_and_marks(draft, sentences):
    assert [(d.text, d.marks) for d in read_draft([draft])] == sentences


@given(st.lists(st.integers(1, 7), max_size=30))
def test_pieces_do_not_change_what_is_read(cuts):
    draft = "It relies on IBM. [2] In the U.S. it pays $6.4 billion [1, 3]. Japan agreed. [12]"
    pieces, at = [], 0
    for cut in cuts:
        pieces.append(draft[at : at + cut])
        at += cut
    assert list(read_draft([*pieces, draft[at:]])) == list(read_draft([draft]))


def test_a_sentence_is_yielded_before_the_draft_ends():
    def deltas():
        yield "Rapidus is new. [1] "
        yield "It relies "
        raise AssertionError("read on although a sentence was whole")

    assert next(read_draft(deltas())).text == "Rapidus is new."


def test_a_wrong_mark_is_put_right():
    bound = bind(Drafted("Japan gives it 330 billion yen.", (1,)), ALL, None)
    assert (bound.shown, bound.evidence) == (True, (THIRD,))


def test_a_name_behind_a_pronoun_takes_the_sentence_before_it_along():
    bound = bind(Drafted("Rapidus relies on IBM and IMEC.", (2,)), [SECOND, THIRD], None)
    (evidence,) = bound.evidence
    assert bound.shown
    assert TEXT[evidence.start : evidence.end] == evidence.text
    assert evidence.text == "Rapidus was founded in 2022. It relies on IBM and IMEC."


def test_two_pieces_together_support_a_sentence():
    drafted = Drafted("Rapidus was founded in 2022 and relies on IBM and IMEC.", (1, 2))
    assert bind(drafted, ALL, None).evidence == (FIRST, SECOND)


@pytest.mark.parametrize(
    "text",
    [
        "Rapidus was founded in 2021.",
        "It relies on Samsung and IMEC.",
        "Japan gives it 330 million yen.",
        "It does not rely on IBM and IMEC.",
        "The weather was fine.",
    ],
)
def test_inventions_are_not_shown(text):
    bound = bind(Drafted(text, (1, 2, 3)), ALL, None)
    assert not bound.shown
    assert bound.checked.failed


def test_an_unknown_mark_is_named():
    bound = bind(Drafted("The weather was fine.", (9,)), ALL, None)
    assert ("mark", ("[9]",)) in [(f.check, f.words) for f in bound.checked.failed]


def test_citations_are_numbered_in_order_of_appearance_and_once():
    book = Bibliography()
    sentences = [book.sentence(quoted(item)) for item in (THIRD, FIRST, THIRD)]
    assert [s.citations for s in sentences] == [(1,), (2,), (1,)]
    assert [c.quote for c in book.citations] == [THIRD.text, FIRST.text]
    assert all(TEXT[c.start : c.end] == c.quote for c in book.citations)
    assert all(s.verdict == Verdict.QUOTED for s in sentences)
    assert with_marks(sentences[:2]) == f"{THIRD.text} [1] {FIRST.text} [2]"


PHONE = "The phone holds a processor that was made in China, the research company Techfind found."
BUYERS = "Telvane and Orbin make resist. In 2021 Orbin bought Ruf."
SHARES = "Orbin holds 70% of Ruf. Orbin holds 86% of Telvane."
HEAD = "Its president is Ada Koike of Western."


@pytest.mark.parametrize(
    ("text", "source", "kept"),
    [
        ("The phone holds a processor.", PHONE, True),
        ("The phone holds a processor made in China.", PHONE, True),
        ("The phone holds a processor made by Techfind.", PHONE, False),
        ("In 2021 Orbin bought Telvane.", BUYERS, False),
        ("Orbin holds 70% of Telvane.", SHARES, False),
        ("Ada Koike, president of the Western branch.", HEAD, False),
    ],
)
def test_a_small_model_keeps_the_order_of_one_sentence(text, source, kept):
    item = Evidence(number=1, score=0.9, article_id="a", start=0, end=len(source), text=source)
    bound = Bound(text, Checked(Verdict.SUPPORTED, 1.0, ()), (item,))
    found = in_order(bound)
    assert found.shown is kept
    assert kept or found.checked.failed[-1].check == "order"


def test_a_quote_that_opens_with_a_pronoun_leans_on_the_sentence_before_it():
    first = leans_on(quoted(SECOND))
    assert (first.start, first.end, first.text) == (FIRST.start, FIRST.end, FIRST.text)
    whole = with_before(quoted(SECOND))
    (item,) = whole.evidence
    assert whole.checked.verdict is Verdict.QUOTED
    assert whole.text == TEXT[item.start : item.end]
    assert whole.text == "Rapidus was founded in 2022. It relies on IBM and IMEC."
    assert leans_on(whole) is None


@pytest.mark.parametrize(
    ("text", "context"),
    [
        ("Japan gives it money.", "Rapidus was founded. "),
        ("This week it opened.", "Rapidus was founded. "),
        ("It relies on IBM.", ""),
        ("It relies on IBM.", "Rapidus was founded.\n\n"),
        ("It relies on IBM.", "## Founders\n"),
        ("It relies on IBM.", f"{'Rapidus was founded ' * 30}. "),
    ],
)
def test_other_quotes_stand_by_themselves(text, context):
    item = Evidence(
        number=1, score=0.9, article_id="a", start=900, end=900 + len(text), text=text,
        context=context,
    )  # fmt: skip
    assert leans_on(quoted(item)) is None


def test_what_a_model_wrote_is_never_widened():
    written = Bound(SECOND.text, Checked(Verdict.SUPPORTED, 0.9, ()), (SECOND,))
    assert leans_on(written) is None
