import json

import pytest
from evaluate_fakes import FakeAssistant

from rag.errors import CorpusError
from rag.evaluate import EvidenceQuote, missing_evidence, run
from rag.evaluate.importers import beir, multihop_rag
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
