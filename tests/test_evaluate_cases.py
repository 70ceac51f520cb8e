import json

import pytest
from evaluate_fakes import DATASET, FakeAssistant

from rag.errors import CorpusError
from rag.evaluate import Case, Dataset, EvidenceQuote, missing_evidence
from rag.schema import Filters, Turn

FULL = Case(
    id="c1",
    question="And in May?",
    answer=("Port Ash", ("2 billion", "two billion")),
    history=(Turn(question="What was built?", answer="A fab."),),
    evidence=(EvidenceQuote("fab", "It cost"), EvidenceQuote("law"), EvidenceQuote("fab")),
    tags=("follow-up",),
    filters=Filters(published_from="2031-05-01", publishers=("Desk",)),
)


def write(path, *lines):
    path.write_text("\n".join(x if isinstance(x, str) else json.dumps(x) for x in lines))
    return path


def test_a_case_survives_json():
    assert Case.from_dict(json.loads(json.dumps(FULL.to_dict()))) == FULL


def test_a_data_set_survives_its_file(tmp_path):
    DATASET.save(tmp_path / "tiny.jsonl")
    loaded = Dataset.load(tmp_path / "tiny.jsonl")
    assert loaded == DATASET
    assert loaded.fingerprint == DATASET.fingerprint


def test_parts_are_wordings():
    assert FULL.parts == (("Port Ash",), ("2 billion", "two billion"))
    assert Case(id="a", question="q", answer="x").parts == (("x",),)
    assert Case(id="a", question="q", answer=None).parts == ()


def test_article_ids_stand_once_in_order():
    assert FULL.article_ids == ("fab", "law")


def test_history_may_be_plain_questions():
    line = {"id": "a", "question": "q", "answer": "x", "history": ["Who?"]}
    assert Case.from_dict(line).history == (Turn(question="Who?"),)


def test_foreign_keys_are_passed_over():
    line = {"id": "a", "question": "q", "answer": None, "difficulty": 3}
    assert Case.from_dict(line) == Case(id="a", question="q", answer=None)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "not valid JSON"),
        ("[]", "not a JSON object"),
        ({"id": "a", "question": "q"}, "'answer' is missing; write null"),
        ({"question": "q", "answer": "x"}, "'id' is missing"),
        ({"id": "a", "question": " ", "answer": "x"}, "'question' must be text"),
        ({"id": 3, "question": "q", "answer": "x"}, "'id' must be text"),
        ({"id": "a", "question": "q", "answer": 7}, "'answer' must be text"),
        ({"id": "a", "question": "q", "answer": [""]}, "'answer' must be text"),
        ({"id": "a", "question": "q", "answer": "x", "evidnce": []}, "did you mean 'evidence'"),
        ({"id": "a", "question": "q", "answer": "x", "evidence": ["fab"]}, "'evidence' must hold"),
        ({"id": "a", "question": "q", "answer": "x", "evidence": {}}, "'evidence' must be a list"),
        ({"id": "a", "question": "q", "answer": "x", "history": [3]}, "'history' must hold"),
        ({"id": "a", "question": "q", "answer": "x", "filters": {"day": 1}}, "'filters' takes"),
        ({"id": "a", "question": "q", "answer": "x", "filters": []}, None),
        ({"id": "a", "question": "q", "answer": "x", "filters": [1]}, "must be an object"),
        (
            {"id": "a", "question": "q", "answer": "x", "filters": {"published_from": "May"}},
            "not a date",
        ),
    ],
)
def test_a_bad_line_is_told_by_file_and_number(tmp_path, line, told):
    good = {"id": "first", "question": "q", "answer": "x"}
    path = write(tmp_path / "set.jsonl", good, "", line)
    if told is None:
        assert len(Dataset.load(path).cases) == 2
        return
    with pytest.raises(CorpusError, match=told) as caught:
        Dataset.load(path)
    assert f"{path}:3: " in str(caught.value)


def test_ids_must_differ(tmp_path):
    case = {"id": "a", "question": "q", "answer": "x"}
    with pytest.raises(CorpusError, match="two cases have the id 'a'"):
        Dataset.load(write(tmp_path / "set.jsonl", case, case))


def test_an_empty_or_binary_file_is_told(tmp_path):
    with pytest.raises(CorpusError, match="no case in this file"):
        Dataset.load(write(tmp_path / "set.jsonl", ""))
    (tmp_path / "b.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CorpusError, match="cannot be read as UTF-8"):
        Dataset.load(tmp_path / "b.jsonl")


def test_an_unknown_set_is_told():
    with pytest.raises(CorpusError, match="nosuch: neither a file nor an eval set"):
        Dataset.load("nosuch")


def test_line_separators_inside_text_do_not_split_lines(tmp_path):
    line = json.dumps({"id": "a", "question": "one\u2028two", "answer": "x"}, ensure_ascii=False)
    assert Dataset.load(write(tmp_path / "set.jsonl", line)).cases[0].question == "one\u2028two"


def test_a_sample_is_the_same_for_a_seed_and_keeps_order():
    sample = DATASET.sample(2, seed=1)
    assert sample == DATASET.sample(2, seed=1)
    assert [case for case in DATASET.cases if case in sample.cases] == list(sample.cases)
    assert DATASET.sample(99) is DATASET


def test_missing_evidence_names_case_and_article():
    assistant = FakeAssistant()
    assert missing_evidence(DATASET, assistant.article) == []
    wrong = Dataset(
        "wrong",
        (
            Case(id="x", question="q", answer="a", evidence=(EvidenceQuote("fab", "Nowhere"),)),
            Case(id="y", question="q", answer="a", evidence=(EvidenceQuote("gone", "It"),)),
        ),
    )
    assert missing_evidence(wrong, assistant.article) == [
        "x: 'fab' does not hold 'Nowhere'",
        "y: there is no article 'gone'",
    ]
