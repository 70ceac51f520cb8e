import pytest
from evaluate_fakes import ARTICLES, FakeAssistant, citation

from rag.evaluate import Score, strict_judge, verifier_judge
from rag.evaluate.citations import (
    citation_scores,
    lacking,
    offsets_exact,
    support_scores,
    unsupported,
)
from rag.schema import Answer, Citation, Sentence, Verdict

FAB, LAW = ARTICLES[0], ARTICLES[1]


def span(number, quote):
    return Citation(number=number, article_id="fab", start=0, end=len(quote), quote=quote)


def answer(sentences, quotes, **more):
    return Answer(
        question="q",
        answer=" ".join(text for text, _ in sentences),
        sentences=tuple(
            Sentence(text=text, verdict=Verdict.SUPPORTED, citations=tuple(numbers))
            for text, numbers in sentences
        ),
        citations=tuple(span(number, quote) for number, quote in enumerate(quotes, 1)),
        **more,
    )


def all_words(sentence, quotes):
    """A judge for the tests: every word of the sentence is among the quotes' words."""
    return set(sentence.split()) <= set(" ".join(quotes).split())


def test_one_citation_that_supports():
    assert support_scores(answer([("a b [1]", [1])], ["a b c"]), all_words) == (
        Score(1, 1),
        Score(1, 1),
    )


def test_a_needed_and_an_idle_citation():
    # "a b c" needs both of the first two; the third adds nothing.
    given = answer([("a b c [1][2][3]", [1, 2, 3])], ["a b", "c", "z"])
    assert support_scores(given, all_words) == (Score(2, 3), Score(1, 1))


def test_two_citations_that_each_support_alone_both_count():
    given = answer([("a [1][2]", [1, 2])], ["a", "a"])
    assert support_scores(given, all_words) == (Score(2, 2), Score(1, 1))


def test_citations_of_an_unsupported_sentence_do_not_count():
    given = answer([("a b [1]", [1]), ("c [2]", [2]), ("d", [])], ["a", "c"])
    assert support_scores(given, all_words) == (Score(1, 2), Score(1, 3))


def test_a_mark_that_leads_nowhere_supports_nothing():
    assert support_scores(answer([("a [7]", [7])], ["a"]), all_words) == (Score(0, 1), Score(0, 1))


def test_a_citation_given_twice_in_a_sentence_is_one():
    given = answer([("a [1] b [1]", [1, 1])], ["a b"])
    assert support_scores(given, all_words) == (Score(1, 1), Score(1, 1))


def test_nothing_to_judge():
    assert support_scores(answer([], []), all_words) == (None, None)
    assert support_scores(answer([], [], abstained=True), all_words) == (None, None)
    assert support_scores(answer([("a", [])], []), all_words) == (None, Score(0, 1))


@pytest.mark.parametrize(
    ("sentence", "quotes", "missing"),
    [
        ("Norland built it in Port Ash.", ["Norland's fab is in Port Ash"], ()),
        ("Norland built it in Sudmark.", ["Norland built it"], ("Sudmark",)),
        ("However, the U.S. agreed.", ["The US agreed"], ()),
        ("In 2031 it cost 1,200 crowns.", ["1200 crowns", "in 2031"], ()),
        ("It cost 1.2 billion.", ["It cost 12 billion"], ("1.2",)),
        ("It cost 12 billion.", ["It cost 112 billion"], ("12",)),
        ("The Port-Ash fab opened.", ["the fab in Port Ash"], ()),
        ("Micron said so.", ["Microsoft said so"], ("Micron",)),
        ("EU rules apply.", ["EU’s rules"], ()),
        ("A 2nm line and the AI6 chip.", ["2nm"], ("AI6", "6")),
        ("Nobody at IBM spoke.", [], ("Nobody", "IBM")),
        ("It fell.", [], ()),
    ],
)
def test_lacking(sentence, quotes, missing):
    assert lacking(sentence, quotes) == missing


def test_strict_judge_wants_a_quote():
    assert not strict_judge("It fell.", [])
    assert strict_judge("It fell.", ["It fell."])


def test_verifier_judge_reads_the_verdicts():
    judge = verifier_judge(FakeAssistant().verify)
    assert judge("tea fell", ["Tea fell."])
    assert not judge("tea rose", ["Tea fell."])


def test_offsets():
    good, wrong = citation(1, FAB, "12 billion"), span(2, "Tin Act")
    gone = Citation(number=3, article_id="gone", start=0, end=1, quote="x")
    blank = Citation(number=4, article_id="fab", start=3, end=3, quote="")
    given = Answer(question="q", answer="a", citations=(good, wrong, gone, blank))
    assert offsets_exact(given, FakeAssistant().article) == Score(1, 4)
    assert offsets_exact(Answer(question="q", answer="a"), FakeAssistant().article) is None


def test_offsets_are_code_points():
    class Emoji:
        def article(self, _):
            return type(FAB)(article_id="e", text="😀 é one")

    given = Answer(
        question="q",
        answer="a",
        citations=(Citation(number=1, article_id="e", start=4, end=7, quote="one"),),
    )
    assert offsets_exact(given, Emoji().article) == Score(1, 1)


def test_both_judges_are_reported_side_by_side():
    assistant = FakeAssistant()
    given = Answer(
        question="q",
        answer="The act barred Norland [1]",
        sentences=(
            Sentence(text="The act barred Norland [1]", verdict=Verdict.SUPPORTED, citations=(1,)),
        ),
        citations=(citation(1, LAW, "It bars sales to Sudmark."),),
    )
    assert citation_scores(given, lambda *_: True, assistant.article) == {
        "citation_precision": Score(1, 1),
        "citation_recall": Score(1, 1),
        "citation_precision_strict": Score(0, 1),
        "citation_recall_strict": Score(0, 1),
        "offsets_exact": Score(1, 1),
    }
    assert unsupported(given) == [{"text": "The act barred Norland", "words": ["Norland"]}]
