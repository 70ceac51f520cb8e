"""Answers that readers marked, as cases: kept once, and never over a person's own words."""

import json
import threading
from dataclasses import replace

import pytest
from evaluate_fakes import DATASET, FakeAssistant

from rag.errors import CorpusError
from rag.evaluate import Dataset, EvidenceQuote, missing_evidence, run
from rag.evaluate.saved import case_of, cases_file, save
from rag.schema import Turn

ASSISTANT = FakeAssistant()
ANSWER = ASSISTANT.ask(DATASET.cases[0].question)
DECLINED = ASSISTANT.ask(DATASET.cases[3].question)


@pytest.fixture
def index(tmp_path):
    return tmp_path / "index"


def kept(index):
    return Dataset.load(cases_file(index))


def test_a_right_answer_makes_its_citations_the_evidence(index):
    assert save(index, ANSWER, right=True)
    (case,) = kept(index).cases
    assert case.question == ANSWER.question
    assert case.evidence == (EvidenceQuote("fab", "It cost 12 billion crowns."),)
    assert case.answer == ()
    assert missing_evidence(kept(index), ASSISTANT.article) == []
    figures = run(kept(index), ASSISTANT).summary()["metrics"]
    assert figures["passage_mrr_at_10"]["value"] == 1.0
    assert figures["containment"]["judged"] == 0


def test_a_right_abstention_says_that_there_is_no_answer(index):
    save(index, DECLINED, right=True)
    assert kept(index).cases[0].answer is None
    assert run(kept(index), ASSISTANT).summary()["metrics"]["refusal_recall"]["value"] == 1.0


def test_a_wrong_answer_waits_for_a_person(index):
    save(index, ANSWER, right=False)
    save(index, DECLINED, right=True)
    wrong, _ = kept(index).cases
    assert (wrong.evidence, wrong.complete) == ((), False)
    assert [record.case.id for record in run(kept(index), ASSISTANT).records] == [
        case_of(DECLINED, right=True).id
    ]
    shown = json.loads(cases_file(index).read_text().splitlines()[0])["shown"]
    assert shown == {"text": ANSWER.answer, "citations": ["It cost 12 billion crowns."]}


def test_a_set_with_nothing_to_ask_says_so(index):
    save(index, ANSWER, right=False)
    with pytest.raises(CorpusError, match="no case is complete"):
        run(kept(index), ASSISTANT)


def test_the_last_verdict_counts_and_stands_once(index):
    assert save(index, ANSWER, right=True)
    assert not save(index, ANSWER, right=True)
    assert save(index, ANSWER, right=False)
    assert [case.complete for case in kept(index).cases] == [False]
    assert save(index, ANSWER, right=True)
    assert [case.complete for case in kept(index).cases] == [True]


@pytest.mark.parametrize("change", [{"answer": "12 billion"}, {"tags": ["marked wrong"]}])
def test_what_a_person_completed_is_never_written_over(index, change):
    save(index, ANSWER, right=False)
    file = cases_file(index)
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}) + "\n")
    edited = file.read_text()
    assert not save(index, ANSWER, right=True)
    assert file.read_text() == edited


def test_other_lines_stay_as_they_are(index):
    file = cases_file(index)
    file.write_text('{"id": "mine", "question": "q",   "answer": "x"}\n{half a line\n')
    save(index, ANSWER, right=True)
    assert file.read_text().splitlines()[:2] == [
        '{"id": "mine", "question": "q",   "answer": "x"}',
        "{half a line",
    ]
    file.write_bytes(b"\xff")
    with pytest.raises(CorpusError, match=r"index\.cases\.jsonl: cannot be read as UTF-8"):
        save(index, ANSWER, right=True)


def test_the_conversation_is_kept_only_where_the_question_leaned_on_it():
    turns = (Turn(question="Who built a fab?"),)
    assert case_of(replace(ANSWER, query=ANSWER.question), right=True, history=turns).history == ()
    whole = replace(ANSWER, query="What did Norland's fab cost in crowns?")
    assert case_of(whole, right=True, history=turns).history == turns
    assert case_of(whole, right=True).id != case_of(ANSWER, right=True).id


def test_readers_who_mark_at_once_lose_nothing(index):
    answers = [replace(ANSWER, question=f"What did fab {number} cost?") for number in range(12)]
    threads = [
        threading.Thread(target=save, args=(index, answer), kwargs={"right": True})
        for answer in answers
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {case.question for case in kept(index).cases} == {one.question for one in answers}
