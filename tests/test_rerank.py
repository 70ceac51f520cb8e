"""Passages put into a better order by a reranker, and which rerankers are refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import HashEmbedder

from rag import models
from rag.errors import ModelError
from rag.index import Index
from rag.ingest import ingest
from rag.rerank import CrossEncoderReranker, reordered
from rag.retrieve import Retriever
from rag.schema import Article, Passage
from rag.settings import Settings

TEXTS = ["Rain fell on Foo.", "The mayor of Foo won the vote by far.", "Foo has a new harbour."]


class LongestFirst:
    """A reranker that likes long passages, and notes what it was given."""

    name = "longest first"

    def __init__(self) -> None:
        self.read: list[int] = []

    def rerank(self, question, passages):
        self.read.append(len(passages))
        return reordered(passages, [len(passage.text) for passage in passages])


def settings(**sections) -> Settings:
    return Settings.load(environ={}, llm={"enabled": False}, **sections)


def passages(*texts: str) -> list[Passage]:
    return [
        Passage(rank=n, score=1 / n, article_id=f"a{n}", chunk_id=f"c{n}", start=0, end=len(text),
                text=text)
        for n, text in enumerate(texts, start=1)
    ]  # fmt: skip


def collection(folder: Path, reranker=None, **retrieval) -> Retriever:
    embedder, wanted = HashEmbedder(), settings(retrieval=retrieval)
    index = Index.open(folder, embedder.fingerprint, wanted.index)
    articles = [Article(article_id=f"a{n}", text=text) for n, text in enumerate(TEXTS)]
    ingest(articles, index, embedder, wanted)
    return Retriever(index, embedder, wanted.retrieval, reranker)


def test_new_scores_give_new_ranks_and_ties_keep_their_order():
    found = reordered(passages("x", "y", "z"), [0.5, 0.9, 0.5])
    assert [(one.text, one.rank, one.score) for one in found] == [
        ("y", 1, 0.9), ("x", 2, 0.5), ("z", 3, 0.5)
    ]  # fmt: skip
    assert reordered([], []) == []


def test_retrieval_takes_the_order_and_the_scores_of_the_reranker(tmp_path: Path):
    found = collection(tmp_path, LongestFirst()).retrieve("What is new in Foo?")
    assert [one.text for one in found] == sorted(TEXTS, key=len, reverse=True)
    assert [one.score for one in found] == [len(one.text) for one in found]
    assert [one.rank for one in found] == [1, 2, 3]


def test_the_reranker_reads_no_more_than_it_is_set_to(tmp_path: Path):
    reader = LongestFirst()
    retriever = collection(tmp_path, reader, rerank_depth=2)
    assert len(retriever.retrieve("Foo", top_k=1)) == 1
    assert len(retriever.retrieve("Foo", top_k=3)) == 3  # never less than is asked for
    assert reader.read == [2, 3]


def test_no_reranker_unless_one_is_asked_for():
    assert models.reranker(settings()) is None


def test_a_name_that_is_not_here_is_told_with_the_remedy():
    with pytest.raises(ModelError, match=r"retrieval\.allow_download is off; switch it on once"):
        models.reranker(settings(retrieval={"reranker": "no-such/cross-encoder"}))


def folder_with(path: Path, config: dict, *files: str) -> Path:
    path.mkdir()
    (path / "config.json").write_text(json.dumps(config))
    for name in files:
        (path / name).write_bytes(b"")
    return path


@pytest.mark.parametrize(
    ("config", "files", "words"),
    [
        ({}, (), "holds no config.json, so it is no model; set retrieval.reranker"),
        ({"model_type": "bert"}, ("pytorch_model.bin",), "weights in a pickle"),
        ({"model_type": "bert", "auto_map": {"AutoModel": "x.Y"}}, (), "code of its own"),
    ],
)
def test_what_is_not_safe_to_load_is_refused(tmp_path: Path, config, files, words):
    folder = folder_with(tmp_path / "model", config, *files)
    with pytest.raises(ModelError, match=words):
        models.reranker(settings(retrieval={"reranker": str(folder)}))


def cross_encoder(path: Path, labels: int = 1) -> Path:
    """A BERT of one small layer and random weights, with a tokenizer of a few words."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    path.mkdir()
    words = sorted({word.strip(".?").lower() for text in TEXTS for word in text.split()})
    vocabulary = path / "vocab.txt"
    vocabulary.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]))
    BertTokenizerFast(str(vocabulary)).save_pretrained(path)
    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=len(words) + 5, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=16, max_position_embeddings=64, num_labels=labels,
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(path)
    return path


@pytest.mark.model
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_cross_encoder_of_a_folder_orders_passages_by_its_own_scores(tmp_path: Path):
    folder = cross_encoder(tmp_path / "tiny")
    reader = models.reranker(settings(retrieval={"reranker": str(folder)}))
    assert isinstance(reader, CrossEncoderReranker)
    assert reader.name == "tiny"
    found = reader.rerank("What is new in Foo?", passages(*TEXTS))
    assert {one.text for one in found} == set(TEXTS)
    assert [one.rank for one in found] == [1, 2, 3]
    assert all(0 < one.score < 1 for one in found)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    turned = reader.rerank("What is new in Foo?", passages(*reversed(TEXTS)))
    assert [one.text for one in turned] == [one.text for one in found]
    titled = [replace(one, title="Vote won by far") for one in passages(TEXTS[0])]
    assert (
        reader.rerank("Foo", titled)[0].score != reader.rerank("Foo", passages(TEXTS[0]))[0].score
    )
    assert reader.rerank("Foo", []) == []


@pytest.mark.model
def test_a_model_of_several_scores_is_no_reranker(tmp_path: Path):
    folder = cross_encoder(tmp_path / "classes", labels=3)
    reader = models.reranker(settings(retrieval={"reranker": str(folder)}))
    with pytest.raises(ModelError, match="gives 3 scores for a pair"):
        reader.rerank("Foo", passages(*TEXTS))
