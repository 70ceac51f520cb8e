"""One change to a true sentence, one failed check, and the words that failed it."""

import pytest

from rag.schema import Verdict
from rag.verify import Source, check, ground

FUND = (
    "Last week, a Japanese government-backed fund agreed to buy photoresist maker JSR Corp for "
    "$6.4 billion to drive consolidation in the industry."
)
RULES = "The Netherlands published its licence rules on 30 June 2023, and they may cover service."
GRANT = "The United States will give Intel up to $8.5 billion, but no loan was agreed."


@pytest.mark.parametrize(
    ("sentence", "evidence"),
    [
        ("A Japanese government-backed fund agreed to buy JSR Corp for $6.4 billion.", FUND),
        ("The government-backed fund agreed to buy the photoresist maker for $6.4bn.", FUND),
        ("The Netherlands published its rules on 30 June 2023.", RULES),
        ("The US will give Intel up to 8.5 billion dollars.", GRANT),
    ],
)
def test_true_paraphrases_are_supported(sentence, evidence):
    assert check(sentence, evidence).verdict == Verdict.SUPPORTED


@pytest.mark.parametrize(
    ("failed", "words", "sentence", "evidence"),
    [
        ("number", "$64 billion", "The fund agreed to buy JSR Corp for $64 billion.", FUND),
        ("number", "6.4 billion yen", "The fund agreed to buy JSR for 6.4 billion yen.", FUND),
        ("name", "Chinese", "A Chinese government-backed fund agreed to buy JSR Corp.", FUND),
        ("name", "Tokyo Electron", "The fund agreed to buy Tokyo Electron for $6.4bn.", FUND),
        ("negation", "agree", "The fund did not agree to buy JSR Corp for $6.4 billion.", FUND),
        ("modality", "may", "The fund may buy photoresist maker JSR for $6.4 billion.", FUND),
        ("date", "30 July 2023", "The Netherlands published its rules on 30 July 2023.", RULES),
        ("date", "2022", "The Netherlands published its licence rules in 2022.", RULES),
        ("modality", "cover", "The rules of the Netherlands cover service.", RULES),
        ("quantifier", "up to", "The US will give Intel $8.5 billion.", GRANT),
        ("negation", "loan", "A loan was agreed with Intel.", GRANT),
    ],
)
def test_a_changed_word_is_named(failed, words, sentence, evidence):
    checked = check(sentence, evidence)
    assert checked.verdict == Verdict.UNSUPPORTED
    assert (failed, words) in [(f.check, word) for f in checked.failed for word in f.words]


def test_names_said_again_do_not_make_up_for_invented_words():
    evidence = "The new rules stop the sale to China of two Nvidia chips, the A800 and the H800."
    sentence = (
        "The A800 and the H800 are connected to Nvidia's A800 and H800, to the A800 and H800."
    )
    checked = check(sentence, evidence)
    assert checked.verdict == Verdict.UNSUPPORTED
    assert ("meaning", ("connected",)) in [(f.check, f.words) for f in checked.failed]


def test_who_did_what_to_whom():
    checked = check("JSR acquired Intel for cash.", "Intel acquired JSR for cash.")
    assert [failure.check for failure in checked.failed] == ["name"]
    assert check("JSR was acquired by Intel.", "Intel acquired JSR.").verdict == Verdict.SUPPORTED


def test_word_for_word_is_quoted_and_a_cut_is_not():
    denial = "Nobody believes that the fund bought JSR."
    assert check(denial, f"It rained. {denial}").verdict == Verdict.QUOTED
    assert check("The fund bought JSR.", denial).verdict == Verdict.UNSUPPORTED


@pytest.mark.parametrize("evidence", ["", "   \n"])
def test_no_evidence_supports_nothing(evidence):
    checked = check("It rains.", evidence)
    assert (checked.verdict, checked.score) == (Verdict.UNSUPPORTED, 0.0)


def test_each_sentence_finds_its_source():
    sources = [Source("a", f"Something else happened. {FUND}"), Source("b", RULES)]
    true, false = ground(f"{FUND} The rules came on 30 July 2023.", sources, None)
    assert (true.checked.verdict, true.source.article_id) == (Verdict.QUOTED, "a")
    assert sources[0].text[true.start : true.end] == FUND
    assert false.checked.verdict == Verdict.UNSUPPORTED


def test_an_office_does_not_move_to_another_house():
    evidence = "The chairman of Port Ash is Ada Berg, a former president of the crane maker Holm."
    moved = check("Ada Berg, the chairman of the crane maker Holm.", evidence)
    assert moved.verdict is Verdict.UNSUPPORTED
    assert ("name", ("chairman of the crane maker Holm",)) in [
        (f.check, f.words) for f in moved.failed
    ]
    assert check("Ada Berg is the chairman of Port Ash.", evidence).verdict is Verdict.SUPPORTED


@pytest.mark.parametrize(
    ("failed", "words", "sentence", "evidence"),
    [
        ("opposite", "fell", "Sales fell by 5%.", "Sales rose by 5% in March."),
        ("opposite", "after", "He spoke after the vote.", "He spoke before the vote."),
        ("negation", "same", "The rules are the same.", "The three rules are not the same."),
        ("negation", "ready", "The plant is not ready.", "It is late. No. The plant is ready."),
        ("modality", "could", "The plant could open.", "Rivals could sue. The plant is open."),
        ("modality", "may", "The review may be opened.", "Nobody may enter. The review is opened."),
    ],
)
def test_what_only_another_clause_says_does_not_count(failed, words, sentence, evidence):
    checked = check(sentence, evidence)
    assert (failed, words) in [(f.check, word) for f in checked.failed for word in f.words]


@pytest.mark.parametrize(
    ("sentence", "evidence"),
    [
        (
            "The leaders are TSMC and Samsung.",
            "Nobody sells them. The leaders are now TSMC and Samsung.",
        ),
        ("The council met on 2 May 2023.", "The council met on 2 May 2023 in Rome."),
        ("The ban covers phones.", "The ban covers not only phones but tablets."),
        ("It is the first law of the US.", "It is the first law of the United States on chips."),
        ("Ada Berg praised Holm in Port Ash.", "In Port Ash, Ada Berg praised Holm."),
    ],
)
def test_what_another_clause_denies_or_wants_is_no_failure(sentence, evidence):
    assert check(sentence, evidence).verdict == Verdict.SUPPORTED


def test_a_day_is_what_the_notes_say_it_is():
    sentence, evidence = "Holm opened the dock on 3 April 2023.", "Holm opened the dock on Monday."
    assert check(sentence, evidence).verdict == Verdict.UNSUPPORTED
    assert check(sentence, evidence, meanings=["3 April 2023"]).verdict == Verdict.SUPPORTED
    for other in ("4 April 2023", "the week of 3 April 2023"):
        failed = check(sentence, evidence, meanings=[other]).failed
        assert [(f.check, f.words) for f in failed] == [("date", ("3 April 2023",))]


@pytest.mark.parametrize(
    ("true", "false"),
    [
        ("The firm is owned by eight banks.", "The firm owns eight banks."),
        ("Eight banks own the firm.", "The firm owns eight banks."),
        ("Eight banks own the firm.", "Eight banks are owned by the firm."),
        ("The firm has sued its banks.", "Banks sued the firm."),
    ],
)
def test_subject_and_object_may_not_change_places(true, false):
    assert check(f"{true[:-1]}, they say.", true).verdict == Verdict.SUPPORTED
    assert "name" in [failure.check for failure in check(false, true).failed]


def test_quotation_marks_hold_what_was_said():
    evidence = "Berg said that the dock was “far too small for Holm”, and that Holm would leave."
    assert check("The dock was “far too small”, Berg said.", evidence).verdict == Verdict.SUPPORTED
    failed = check("Berg said that “Holm would leave the dock”.", evidence).failed
    assert ("quotation", ("Holm would leave the dock",)) in [(f.check, f.words) for f in failed]
