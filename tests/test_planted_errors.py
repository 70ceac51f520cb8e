"""The checks on true sentences of the starter corpus, and on the same with one error planted."""

import importlib
from collections import Counter

import pytest

from rag.paths import shipped


@pytest.fixture
def module(monkeypatch):
    monkeypatch.syspath_prepend(str(shipped("evals")))
    return importlib.import_module("planted_errors")


def test_true_sentences_pass_in_other_words(module):
    pairs = module.pairs()
    assert len(pairs) >= 300
    assert len({pair.made for pair in pairs}) == 8
    assert all(pair.sentence not in pair.evidence for pair in pairs)
    flagged = [pair for pair in pairs if module.flagged(module.judge(pair, pair.sentence))]
    assert len(flagged) <= 0.05 * len(pairs)


def test_planted_errors_are_flagged_for_the_right_reason(module):
    errors = module.planted(module.pairs())
    planted = Counter(error.kind for error in errors)
    caught = Counter(error.kind for error in errors if module.caught(error))
    assert planted.keys() == {"number", "date", "name", "country", "negation", "modal"}
    assert min(planted.values()) >= 100
    for kind, count in planted.items():
        assert caught[kind] >= 0.95 * count, kind


def test_the_same_seed_plants_the_same_errors(module):
    pairs = module.pairs()[:50]
    assert module.planted(pairs) == module.planted(pairs)
