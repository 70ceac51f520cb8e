"""What the evidence only reports somebody to have said keeps its speaker."""

import pytest

from rag.attribution import told_plainly
from rag.schema import Verdict
from rag.verify import check

OFFICIAL = "Export controls were not discussed in the talks, a Korean official said on Friday."
HOLM = "The shipyard Holm said that its sales had fallen by a tenth in March."
HOUSE = "According to the harbour, ships waited nine hours for a berth."
TRUST = "The trust, which Berg leads, bought the crane, and Berg said that it would be painted."


@pytest.mark.parametrize(
    ("sentence", "evidence"),
    [
        ("Export controls were not discussed in the talks.", OFFICIAL),
        ("Sales had fallen by a tenth in March.", HOLM),
        ("Ships waited nine hours for a berth.", HOUSE),
        ("The crane would be painted.", "Berg claimed that the crane would be painted."),
    ],
)
def test_a_claim_without_its_speaker_is_not_supported(sentence, evidence):
    checked = check(sentence, evidence)
    assert checked.verdict == Verdict.UNSUPPORTED
    assert [failure.check for failure in checked.failed] == ["attribution"]


@pytest.mark.parametrize(
    ("sentence", "evidence"),
    [
        ("An official said export controls were not discussed.", OFFICIAL),
        ("Holm says that sales had fallen in March.", HOLM),
        ("Ships waited nine hours, according to the harbour.", HOUSE),
        ("The trust bought the crane.", TRUST),
        ("The trust that Berg leads bought the crane.", TRUST),
        ("Sales fell by a tenth.", f"{HOLM} Sales fell by a tenth in all yards."),
        ("The mayor spoke on Friday.", "The mayor spoke on Friday, but said nothing of cranes."),
    ],
)
def test_what_keeps_its_speaker_or_has_none_is_supported(sentence, evidence):
    assert check(sentence, evidence).verdict == Verdict.SUPPORTED


@pytest.mark.parametrize(
    ("sentence", "plain"),
    [
        ("Sales fell, Holm said.", ", Holm said."),
        ("Holm told the paper that sales fell.", "Holm told the paper that"),
        ("Sales fell, according to Holm.", ""),
        ("Sales fell.", "Sales fell."),
    ],
)
def test_what_is_told_plainly(sentence, plain):
    assert told_plainly(sentence) == plain
