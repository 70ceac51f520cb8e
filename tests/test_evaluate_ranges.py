"""Character ranges: by hand, and against the definition written out over intervals."""

import json

import pytest
from evaluate_fakes import passage
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.errors import CorpusError
from rag.evaluate import Case, EvidenceQuote
from rag.evaluate.metrics import Score
from rag.evaluate.ranges import RANGE, range_figures, range_scores


def test_by_hand():
    # Gold 0-10 and 20-30 of a: 5 covered by a 5-25 (5 + 5), nothing by b.
    gold = [("a", 0, 10), ("a", 20, 30)]
    assert range_figures(gold, [("a", 5, 25), ("b", 0, 20)]) == (10 / 20, 10 / 40, 10 / (40 + 10))
    assert range_figures(gold, []) == (0, 0, 0)
    assert range_figures(gold, gold) == (1, 1, 1)


def reference(gold, found):
    """The published loop: intersections are joined into ranges, what is left of gold shrinks."""

    def joined(ranges):
        out = []
        for name, start, end in sorted(ranges):
            if out and out[-1][0] == name and start <= out[-1][2]:
                out[-1] = (name, out[-1][1], max(end, out[-1][2]))
            else:
                out.append((name, start, end))
        return out

    def size(ranges):
        return sum(end - start for _, start, end in ranges)

    gold = joined(gold)
    hits = [
        (name, max(start, low), min(end, high))
        for name, start, end in gold
        for where, low, high in found
        if where == name and max(start, low) < min(end, high)
    ]
    covered = size(joined(hits))
    retrieved = size(found)
    precision = covered / retrieved if retrieved else 0
    return covered / size(gold), precision, covered / (retrieved + size(gold) - covered)


RANGES = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(0, 40), st.integers(1, 20)).map(
        lambda one: (one[0], one[1], one[1] + one[2])
    ),
    max_size=5,
)


@settings(deadline=None)
@given(RANGES.filter(bool), RANGES)
def test_agrees_with_the_published_definition(gold, found):
    assert range_figures(gold, found) == pytest.approx(reference(gold, found))


def test_only_cases_whose_evidence_has_places_are_judged():
    placed, bare = EvidenceQuote("a", "text", start=2), EvidenceQuote("a", "text")
    found = [passage("b"), passage("a")]  # each stands at 0 to 4 of its article

    def scores(*evidence):
        return range_scores(Case(id="c", question="q", answer=(), evidence=evidence), found)

    assert scores(placed) == {
        "range_recall_at_5": Score(0.5),
        "range_precision_at_5": Score(2 / 8),
        "range_iou_at_5": Score(2 / 10),
    }
    assert scores(placed, bare) == scores(bare) == scores() == dict.fromkeys(RANGE)


def test_only_the_first_five_passages_count():
    case = Case(id="c", question="q", answer=(), evidence=(EvidenceQuote("a", "text", start=0),))
    late = [*(passage(name) for name in "bcdef"), passage("a")]
    assert range_scores(case, late)["range_recall_at_5"] == Score(0.0)


def test_a_place_survives_the_file_and_must_be_one():
    case = Case(id="c", question="q", answer=(), evidence=(EvidenceQuote("a", "x", 7, grade=2),))
    assert Case.from_dict(json.loads(json.dumps(case.to_dict()))) == case
    line = case.to_dict()
    for key, value in (("start", -1), ("start", "7"), ("grade", 0)):
        line["evidence"] = [{"article_id": "a", "quote": "x", key: value}]
        with pytest.raises(CorpusError, match=f"'{key}' must be"):
            Case.from_dict(line)
