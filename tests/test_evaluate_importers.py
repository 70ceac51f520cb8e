import csv
import json
import math

import pytest
from evaluate_fakes import FakeAssistant

from rag.errors import CorpusError
from rag.evaluate import EvidenceQuote, missing_evidence, run
from rag.evaluate.importers import beir, multihop_rag
from rag.evaluate.layouts import detect, imported
from rag.evaluate.metrics import PairFigures
from rag.evaluate.pairs import bump, judge_pairs
from rag.evaluate.question_files import squad2
from rag.schema import Filters


def lines(path, *objects):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(one) + "\n" for one in objects))
    return path


CORPUS = (
    {
        "_id": "fab",
        "title": "A fab",
        "text": "Norland built a fab in Port Ash.",
        "metadata": {
            "publisher": "Desk",
            "author": None,
            "published": "2031-05-02",
            "category": "tech",
        },
    },
    {"_id": "tea", "title": "Tea", "text": "Tea prices fell."},
)


def by_id(articles):
    return {article.article_id: article for article in articles}.__getitem__


def test_multihop_rag(tmp_path):
    lines(tmp_path / "corpus.jsonl", *CORPUS)
    lines(
        tmp_path / "queries.jsonl",
        {
            "_id": "q1",
            "text": "Who built a fab?",
            "answer": "Norland",
            "type": "inference_query",
            "evidence": [{"article": "fab", "fact": "Norland built a fab"}],
            "evidence_total": 2,
        },
        {"_id": "q2", "text": "Who?", "answer": None, "type": "null_query", "evidence": []},
    )
    articles, dataset = multihop_rag(tmp_path)
    assert articles[0].publisher == "Desk"
    assert articles[0].published == "2031-05-02"
    assert articles[0].topics == ("tech",)
    assert articles[0].author == ""
    first, null = dataset.cases
    assert first.evidence == (EvidenceQuote("fab", "Norland built a fab"),)
    assert first.tags == ("inference_query", "partial")
    assert not null.answerable
    assert missing_evidence(dataset, by_id(articles)) == []


@pytest.mark.parametrize("place", ["qrels.tsv", "qrels/test.tsv"])
def test_beir(tmp_path, place):
    folder = tmp_path / "myset"
    lines(folder / "corpus.jsonl", *CORPUS)
    lines(folder / "queries.jsonl", {"_id": "1", "text": "a fab"}, {"_id": "2", "text": "tea"})
    (folder / place).parent.mkdir(exist_ok=True)
    (folder / place).write_text("query-id\tcorpus-id\tscore\n1\tfab\t2\n1\ttea\t0\n")
    articles, dataset = beir(folder)
    assert len(articles) == 2
    assert dataset.name == "myset"
    (case,) = dataset.cases
    assert case.evidence == (EvidenceQuote("fab", grade=2),)
    assert case.answerable
    assert case.answer == ()
    summary = run(dataset, FakeAssistant(), answer=False).summary()
    assert summary["metrics"]["ndcg_at_10"]["value"] == 1.0


def test_beir_with_bad_judgements(tmp_path):
    lines(tmp_path / "corpus.jsonl", *CORPUS)
    lines(tmp_path / "queries.jsonl", {"_id": "1", "text": "a fab"})
    (tmp_path / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n1\tfab\n")
    with pytest.raises(CorpusError, match=r"qrels\.tsv:2: not 'query-id"):
        beir(tmp_path)
    (tmp_path / "qrels.tsv").unlink()
    with pytest.raises(CorpusError, match="cannot be read"):
        beir(tmp_path)


def squad_line(name, answers, paragraph=0):
    return {
        "_id": name,
        "article": "Port_Ash",
        "paragraph": paragraph,
        "context": "Port Ash has 40 quays.",
        "question": "How many quays?",
        "answers": answers,
    }


def test_squad2(tmp_path):
    file = lines(
        tmp_path / "q.jsonl", squad_line("a", ["40", "40 quays"]), squad_line("b", [], paragraph=1)
    )
    articles, dataset = squad2(file)
    assert [(one.article_id, one.title) for one in articles] == [
        ("Port_Ash-0", "Port Ash"),
        ("Port_Ash-1", "Port Ash"),
    ]
    first, null = dataset.cases
    assert first.parts == (("40", "40 quays"),)
    assert first.evidence == (EvidenceQuote("Port_Ash-0", "40 quays"),)
    assert first.filters is None
    assert not null.answerable
    assert missing_evidence(dataset, by_id(articles)) == []
    assert squad2(file, closed=True)[1].cases[1].filters == Filters(article_ids=("Port_Ash-1",))


def test_bump_and_its_judgement(tmp_path):
    pair = {
        "_id": "p1",
        "article_id": "7",
        "article": "Norland built a fab.",
        "faithful": "Norland built a fab",
        "unfaithful": "Sudmark built a fab",
        "error_type": "Entity",
        "scores": {"X_reference": 0.5, "X_edited": 0.4},
    }
    articles, pairs = bump(lines(tmp_path / "pairs.jsonl", pair, {**pair, "_id": "p2"}))
    assert len(articles) == 1
    assert pairs[0].scores["X_edited"] == 0.4
    seen = []
    figures = judge_pairs(articles, pairs, FakeAssistant().verify, seen.append)
    assert figures == {"all": PairFigures(1.0, 1.0), "Entity": PairFigures(1.0, 1.0)}
    assert [(one.done, one.total) for one in seen] == [(1, 2), (2, 2)]


def test_a_broken_line_is_told_by_file_and_number(tmp_path):
    file = lines(tmp_path / "q.jsonl", squad_line("a", []), {"_id": "b"})
    with pytest.raises(CorpusError, match=r"q\.jsonl:2: lacks article"):
        squad2(file)
    file.write_text("{")
    with pytest.raises(CorpusError, match=r"q\.jsonl:1: not valid JSON"):
        squad2(file)
    file.write_text("3")
    with pytest.raises(CorpusError, match=r"q\.jsonl:1: lacks _id"):
        squad2(file)
    lines(tmp_path / "corpus.jsonl", *CORPUS)
    query = {"_id": "q1", "text": "Who?", "answer": "x", "evidence": [{"article": "fab"}]}
    lines(tmp_path / "queries.jsonl", query)
    with pytest.raises(CorpusError, match="q1: each evidence needs an article and a fact"):
        multihop_rag(tmp_path)


# --- layouts as published ---------------------------------------------------------------------


def written(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_multihop_rag_as_its_authors_lay_it_out(tmp_path):
    article = {
        "title": "A fab", "author": "A", "source": "Desk", "published_at": "2023-05-02T08:00:00",
        "category": "tech", "url": "https://a.example/fab", "body": "Norland built a fab.",
    }  # fmt: skip
    here = {"url": "https://a.example/fab", "fact": "Norland built a fab", "title": "A fab"}
    gone = {**here, "url": "https://a.example/gone"}
    query = {"query": "Who?", "answer": "Norland", "question_type": "inference_query"}
    null = {"query": "When?", "answer": "Insufficient information.", "question_type": "null_query"}
    written(tmp_path / "corpus.json", [article])
    written(
        tmp_path / "MultiHopRAG.json",
        [{**query, "evidence_list": [here, gone]}, {**null, "evidence_list": []}],
    )
    assert detect(tmp_path) == "multihop-rag"
    articles, dataset = imported(tmp_path)
    assert (articles[0].publisher, articles[0].published) == ("Desk", "2023-05-02T08:00:00")
    first, unanswerable = dataset.cases
    assert first.evidence == (EvidenceQuote(articles[0].article_id, "Norland built a fab"),)
    assert first.tags == ("inference_query", "partial")
    assert unanswerable.answer is None


def test_beir_grades_weigh_in_ndcg(tmp_path):
    lines(tmp_path / "corpus.jsonl", *CORPUS)
    lines(tmp_path / "queries.jsonl", {"_id": "1", "text": "tea built in Port Ash"})
    (tmp_path / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n1\tfab\t1\n1\ttea\t3\n")
    assert detect(tmp_path) == "beir"
    dataset = imported(tmp_path)[1]
    (record,) = run(dataset, FakeAssistant(), answer=False).records  # finds fab before tea
    assert [one.article_id for one in record.passages][:2] == ["fab", "tea"]
    ideal = 3 / math.log2(2) + 1 / math.log2(3)
    expected = (1 / math.log2(2) + 3 / math.log2(3)) / ideal
    assert record.scores["ndcg_at_10"].value == pytest.approx(expected)


def test_chunking_ranges_become_places(tmp_path):
    text = "Naïve. Norland built a fab.\nIt cost much."
    (tmp_path / "corpora").mkdir()
    (tmp_path / "corpora" / "news.md").write_text(text, encoding="utf-8")
    references = json.dumps([{"content": "Norland", "start_index": 7, "end_index": 14}])

    def rows(references):
        with (tmp_path / "questions.csv").open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerows([("question", "references", "corpus_id"), ("Who?", references, "news")])

    rows(references)
    assert detect(tmp_path) == "chunking"
    (article,), dataset = imported(tmp_path)
    assert article.text == text
    assert dataset.cases[0].evidence == (EvidenceQuote("news", "Norland", 7),)
    assert missing_evidence(dataset, by_id([article])) == []
    for bad in (references.replace("14", "99"), "[]x"):
        rows(bad)
        with pytest.raises(CorpusError, match="question 1 "):
            imported(tmp_path)


def test_squad_as_published(tmp_path):
    answers = [{"text": "40", "answer_start": 13}, {"text": "40 quays", "answer_start": 13}]
    asked = [
        {"id": "a", "question": "How many quays?", "answers": answers, "is_impossible": False},
        {"id": "b", "question": "Who?", "answers": [], "is_impossible": True},
    ]
    topic = {
        "title": "Port_Ash",
        "paragraphs": [{"context": "Port Ash has 40 quays.", "qas": asked}],
    }
    file = written(tmp_path / "dev-v2.0.json", {"version": "v2.0", "data": [topic]})
    assert detect(tmp_path / "dev-v2.0.json") == "squad"
    (article,), dataset = imported(tmp_path)  # the only file of its folder
    assert (article.title, article.text) == ("Port Ash", "Port Ash has 40 quays.")
    assert dataset.cases[0].parts == (("40", "40 quays"),)
    assert dataset.cases[0].evidence == (EvidenceQuote(article.article_id, "40 quays"),)
    assert dataset.cases[1].answer is None
    closed = imported(file, closed=True)[1]
    assert closed.cases[1].filters == Filters(article_ids=(article.article_id,))
    written(file, {"data": [{"paragraphs": [{}]}]})
    with pytest.raises(CorpusError, match="not laid out as SQuAD is"):
        imported(file)


RECORDS = (
    ({"user_input": "Who?", "reference": "Norland", "response": "I guess"}, "Norland"),
    ({"question": "Who?", "ground_truth": "Norland", "answer": "a system's"}, "Norland"),
    ({"question": "Who?", "ground_truths": ["Norland", "N."]}, (("Norland", "N."),)),
    ({"question": "Who?", "answers": {"text": ["Norland"], "answer_start": [0]}}, "Norland"),
    ({"question": "Who?", "answers": {"text": [], "answer_start": []}}, None),
    ({"question": "Who?", "answers": []}, None),
    ({"query": "Who?", "answer": "Norland"}, "Norland"),
    ({"question": "Who?", "ground_truth": " "}, ()),
    ({"question": "Who?", "response": "a system's"}, ()),
)


@pytest.mark.parametrize(("record", "answer"), RECORDS)
def test_what_records_expect(tmp_path, record, answer):
    file = lines(tmp_path / "qa.jsonl", {**record, "contexts": ["Norland did."]})
    assert detect(file) == "ragas"
    (article,), dataset = imported(file)
    assert article.text == "Norland did."
    assert dataset.cases[0].answer == answer
    gold = () if answer is None else (EvidenceQuote(article.article_id),)
    assert dataset.cases[0].evidence == gold


def test_retrieved_contexts_are_articles_and_no_evidence(tmp_path):
    record = {
        "user_input": "Who?",
        "reference": "Norland",
        "retrieved_contexts": ["Tea fell.", "Norland did."],
        "reference_contexts": ["Norland did."],
    }
    articles, dataset = imported(lines(tmp_path / "qa.jsonl", record, {**record, "id": "mine"}))
    assert sorted(article.text for article in articles) == ["Norland did.", "Tea fell."]
    assert [case.id for case in dataset.cases] == ["q1", "mine"]
    (evidence,) = dataset.cases[0].evidence
    assert by_id(articles)(evidence.article_id).text == "Norland did."


def test_columns_of_a_json_file_are_records(tmp_path):
    columns = {"question": ["Who?", "What?"], "context": ["One.", "Two."], "answer": ["1", "2"]}
    articles, dataset = imported(written(tmp_path / "qa.json", columns))
    assert [(case.question, case.answer) for case in dataset.cases] == [
        ("Who?", "1"),
        ("What?", "2"),
    ]
    assert [article.text for article in articles] == ["One.", "Two."]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"faithful": "a", "unfaithful": "b"}, "these are pairs of texts"),
        ({"id": "a", "question": "q", "answer": None, "evidence": []}, "these are cases already"),
        ({"text": "a"}, "laid out as none of multihop-rag, beir, chunking, squad2, squad, ragas"),
    ],
)
def test_what_is_no_layout_is_told(tmp_path, content, told):
    with pytest.raises(CorpusError, match=told):
        imported(lines(tmp_path / "x.jsonl", content))


def test_a_layout_that_does_not_fit_is_told(tmp_path):
    file = lines(tmp_path / "x.jsonl", {"text": "a"})
    with pytest.raises(CorpusError, match="record 1: holds no question"):
        imported(file, "ragas")
    with pytest.raises(CorpusError, match="no such file"):
        imported(tmp_path / "gone")
