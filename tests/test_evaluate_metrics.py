import random
import subprocess
import sys
from math import log2

import pytest
from evaluate_fakes import passage
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.evaluate import Case, EvidenceQuote, Score
from rag.evaluate.metrics import (
    PASSAGE,
    RANKING,
    answer_scores,
    article_ranking,
    contains,
    exact_match,
    normalise,
    pair_figures,
    passage_scores,
    ranking_scores,
    token_f1,
    without_marks,
    wordings,
)
from rag.evaluate.ranges import RANGE
from rag.evaluate.runner import retrieval_scores
from rag.schema import Answer


def values(scores):
    return {
        name: score if score is None else pytest.approx(score.value)
        for name, score in scores.items()
    }


def test_importing_the_package_loads_no_library():
    code = "import sys, rag.evaluate; print({'numpy', 'scipy', 'ir_measures'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_an_article_stands_where_its_best_passage_does():
    assert article_ranking([passage("b"), passage("a"), passage("b")]) == ["b", "a"]


def test_ranking_by_hand():
    # Relevant a and b; b is second, a is sixth.
    scores = ranking_scores({"a": 1, "b": 1}, ["x", "b", "y", "z", "w", "a"])
    ideal = 1 / log2(2) + 1 / log2(3)
    assert values(scores) == {
        "recall_at_5": 0.5,
        "recall_at_10": 1.0,
        "mrr_at_10": 0.5,
        "ndcg_at_10": (1 / log2(3) + 1 / log2(7)) / ideal,
        "hit_at_1": 0.0,
        "hit_at_5": 1.0,
        "hit_at_10": 1.0,
        "all_at_8": 1.0,
    }


def test_nothing_counts_after_rank_ten():
    scores = ranking_scores({"a": 1}, [*"bcdefghijk", "a"])
    assert {name: score and score.value for name, score in scores.items()} == {
        **dict.fromkeys(RANKING, 0.0),
        "all_at_8": None,
    }


def test_an_empty_retrieval_scores_nought():
    assert set(ranking_scores({"a": 1, "b": 1}, []).values()) == {Score(0.0)}
    assert set(passage_scores(["fact"], []).values()) == {Score(0.0)}


def test_no_evidence_cannot_be_judged():
    case = Case(id="c", question="q", answer=None)
    assert retrieval_scores(case, [passage("a")]) == dict.fromkeys((*RANKING, *PASSAGE, *RANGE))


def test_an_article_without_a_quote_is_judged_by_rank_only():
    case = Case(id="c", question="q", answer=(), evidence=(EvidenceQuote("a"),))
    scores = retrieval_scores(case, [passage("b"), passage("a")])
    assert scores["mrr_at_10"] == Score(0.5)
    assert scores["passage_mrr_at_10"] is None


def test_rank_order_is_kept_whatever_the_ids():
    names = [f"{number}" for number in range(30)]
    random.Random(4).shuffle(names)
    for rank in range(1, 11):
        assert ranking_scores({names[rank - 1]: 1}, names)["mrr_at_10"].value == pytest.approx(
            1 / rank
        )


def test_multihop_by_hand():
    # Facts F and G: the second passage holds F, the fifth F and G; white space does not matter.
    passages = ["nothing", "so  the\nfact F here", "no", "no", "the fact F and the fact G"]
    scores = passage_scores(["the fact F", "the fact  G"], passages)
    assert values(scores) == {
        "passage_hit_at_4": 1.0,
        "passage_hit_at_10": 1.0,
        "passage_mrr_at_10": 0.5,
        "passage_map_at_10": (1 / 2 + 1 / 5) / 2,
    }


def test_multihop_hit_after_four():
    scores = passage_scores(["F"], [*"abcd", "F"])
    assert values(scores) == {
        "passage_hit_at_4": 0.0,
        "passage_hit_at_10": 1.0,
        "passage_mrr_at_10": 0.2,
        "passage_map_at_10": 0.2,
    }


def reference_multihop(facts, passages):
    """MultiHop-RAG's own loop, from its definition: it walks the ranks, and strikes facts out."""
    facts = ["".join(fact.split()) for fact in facts]
    left, first, average, hits = list(facts), 0, 0.0, set()
    for rank, text in enumerate(["".join(text.split()) for text in passages[:10]], start=1):
        if any(fact in text for fact in facts):
            first = first or rank
            hits |= {k for k in (4, 10) if rank <= k}
        new = {fact for fact in left if fact in text}
        left = [fact for fact in left if fact not in new]
        average += len(new) / rank
    return {
        "passage_hit_at_4": float(4 in hits),
        "passage_hit_at_10": float(10 in hits),
        "passage_mrr_at_10": 1 / first if first else 0.0,
        "passage_map_at_10": average / min(len(facts), 10),
    }


WORDS = st.text("abc ", min_size=1, max_size=3).filter(str.strip)


@settings(deadline=None)
@given(
    st.lists(WORDS, min_size=1, max_size=12), st.lists(st.text("abc \n", max_size=4), max_size=13)
)
def test_multihop_agrees_with_its_definition(facts, passages):
    assert values(passage_scores(facts, passages)) == reference_multihop(facts, passages)


def test_normalise_is_that_of_squad():
    assert normalise("The  U.S. Chips-Act, an A!") == "us chipsact"
    assert normalise("naïve – A’s") == "naïve – ’s"


def test_marks_go_with_the_space_before_them():
    assert without_marks("It fell [1]. It rose [2, 3][4].") == "It fell. It rose."
    assert without_marks("the [sic] year") == "the [sic] year"


@pytest.mark.parametrize(
    ("text", "wording", "expected"),
    [
        ("It cost US$6.4 billion.", "$6.4 billion", True),
        ("It cost 15 billion.", "5 billion", False),
        ("It cost 5 billion.", "5 billion", True),
        ("from 2031 on", "203", False),
        ("Japan’s plan", "Japan", True),
        ("Japan's plan", "Japan", True),
        ("the chips", "chip", True),
        ("Japanese", "Japan", False),
        ("Nothing was said", "no", False),
        ("“economic   coercion”", "Economic coercion", True),
        ("a 2\u00a0nm line", "2 nm", True),
        ("anything", "?!", False),
        ("", "x", False),
    ],
)
def test_contains(text, wording, expected):
    assert contains(text, wording) is expected


def test_token_f1_by_hand():
    # gold: cat sat; text: cat sat on mat -> precision 2/4, recall 2/2.
    assert token_f1("The cat sat", "the cat sat on a mat") == pytest.approx(2 / 3)
    assert token_f1("x x y", "x") == pytest.approx(2 * (1 / 1) * (1 / 3) / (1 / 1 + 1 / 3))
    assert token_f1("cat", "dog") == 0
    assert token_f1("", "") == 1
    assert token_f1("cat", "") == 0


def test_exact_match_ignores_case_articles_and_punctuation():
    assert exact_match("the Tin Act", "Tin act.") == 1
    assert exact_match("Tin Act", "Tin Acts") == 0


def ask(text, *, abstained=False):
    return Answer(question="q", answer=text, abstained=abstained)


def test_scores_of_a_right_answer():
    case = Case(id="c", question="q", answer=(("2 billion", "two billion"), "Port Ash"))
    scores = answer_scores(case, ask("Port Ash got two billion [1]."))
    # Best wording: {two, billion, port, ash} of {port, ash, got, two, billion}: 4/5 and 4/4.
    assert values(scores) == {
        "containment": 1.0,
        "token_f1": 2 * 4 / 9,
        "exact_match": 0.0,
        "refusal_precision": None,
        "refusal_recall": None,
    }
    assert wordings(case) == ["2 billion Port Ash", "two billion Port Ash"]


def test_every_part_must_be_there():
    case = Case(id="c", question="q", answer=("Port Ash", "Sudmark"))
    assert answer_scores(case, ask("Port Ash."))["containment"] == Score(0.0)


def test_scores_of_refusals():
    known, unknown = (Case(id="c", question="q", answer=answer) for answer in ("x", None))
    declined = ask("I found no x.", abstained=True)
    assert answer_scores(known, declined) == {
        "containment": Score(0.0),
        "token_f1": Score(0.0),
        "exact_match": Score(0.0),
        "refusal_precision": Score(0.0),
        "refusal_recall": None,
    }
    assert answer_scores(unknown, declined) == {
        "containment": None,
        "token_f1": Score(1.0),
        "exact_match": Score(1.0),
        "refusal_precision": Score(1.0),
        "refusal_recall": Score(1.0),
    }
    assert answer_scores(unknown, ask("x [1]")) == {
        "containment": None,
        "token_f1": Score(0.0),
        "exact_match": Score(0.0),
        "refusal_precision": None,
        "refusal_recall": Score(0.0),
    }


def test_an_answer_that_is_not_on_record_judges_refusal_only():
    case = Case(id="c", question="q", answer=())
    assert set(answer_scores(case, ask("x [1]")).values()) == {None}
    declined = answer_scores(case, ask("", abstained=True))
    assert {name for name, score in declined.items() if score} == {"refusal_precision"}


def test_pair_figures_by_hand():
    # Pairs won: 2 of 3 (a tie is lost).
    figures = pair_figures([(0.9, 0.1), (0.5, 0.5), (0.8, 0.5)])
    assert figures.accuracy == pytest.approx(2 / 3)
    good, bad = [0.9, 0.5, 0.8], [0.1, 0.5, 0.5]
    won = sum((g > b) + 0.5 * (g == b) for g in good for b in bad)
    assert figures.auc == pytest.approx(won / 9)
    with pytest.raises(ValueError, match="no pairs"):
        pair_figures([])
