"""LlamaIndex both ways: its retriever inside our eval runs, ours inside its query engine."""

import pytest
from fakes import HashEmbedder

from rag.assistant import Assistant
from rag.errors import SettingsError
from rag.evaluate import Case, Dataset, EvidenceQuote, run
from rag.index import Index
from rag.schema import Article, Filters
from rag.settings import Settings

ARTICLES = (
    Article(article_id="fab", title="A fab", text="Norland built a fab in Port Ash."),
    Article(article_id="law", title="A law", text="The Tin Act bars sales to Sudmark."),
    Article(article_id="tea", title="Tea", text="Tea prices fell by four percent."),
)
DATASET = Dataset(
    "tiny",
    (
        Case(
            id="who",
            question="Who built a fab?",
            answer="Norland",
            evidence=(EvidenceQuote("fab", "Norland built a fab"),),
        ),
        Case(
            id="law",
            question="What does the Tin Act bar?",
            answer="sales",
            evidence=(EvidenceQuote("law", "bars sales"),),
        ),
    ),
)


def embedding():
    """Our hashed embedder as LlamaIndex wants one."""
    from llama_index.core.base.embeddings.base import BaseEmbedding

    hashed = HashEmbedder(256)

    class Hashed(BaseEmbedding):
        def _get_text_embedding(self, text):
            return hashed.embed([text])[0].tolist()

        _get_query_embedding = _get_text_embedding

        async def _aget_query_embedding(self, query):
            return self._get_query_embedding(query)

    return Hashed(model_name="hashed")


@pytest.fixture(scope="module")
def vectors():
    """LlamaIndex's own index in memory, over chunks that know their source documents."""
    from llama_index.core import VectorStoreIndex
    from llama_index.core.schema import NodeRelationship, RelatedNodeInfo, TextNode

    nodes = [
        TextNode(
            id_=f"{article.article_id}-0",
            text=article.text,
            metadata={"title": article.title},
            relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=article.article_id)},
        )
        for article in ARTICLES
    ]
    return VectorStoreIndex(nodes, embed_model=embedding(), transformations=[embedding()])


@pytest.fixture
def assistant(tmp_path):
    settings, embedder = Settings.load(llm={"enabled": False}, environ={}), HashEmbedder()
    index = Index.open(tmp_path / "index", embedder.fingerprint, settings.index)
    with Assistant(index, embedder, None, settings) as assistant:
        assistant.ingest(ARTICLES)
        yield assistant


def test_their_vector_retriever_runs_inside_our_evals(vectors):
    from llama_index.core.retrievers import VectorIndexRetriever

    retriever = vectors.as_retriever(similarity_top_k=3)
    assert isinstance(retriever, VectorIndexRetriever)
    finished = run(DATASET, retriever, answer=False, top_k=3)
    figures = finished.summary()["metrics"]
    assert figures["mrr_at_10"]["value"] == 1.0
    assert figures["passage_map_at_10"]["value"] == 1.0
    best = finished.records[0].passages[0]
    assert (best.article_id, best.chunk_id, best.title) == ("fab", "fab-0", "A fab")
    assert best.text == ARTICLES[0].text
    assert 0 < best.score <= 1
    assert [passage.rank for passage in finished.records[0].passages] == [1, 2, 3]


def test_a_retriever_that_finds_too_few_or_is_given_filters_is_not_scored(vectors):
    finished = run(DATASET, vectors.as_retriever(similarity_top_k=2), answer=False)
    assert (
        "make it with similarity_top_k=10, or ask for top_k=2"
        in (finished.records[0].errors["retrieve"])
    )
    filtered = Case(id="f", question="q", answer=(), filters=Filters(article_ids=("fab",)))
    (record,) = run(
        Dataset("f", (filtered,)), vectors.as_retriever(similarity_top_k=3), answer=False, top_k=3
    ).records
    assert "cannot be given the filters" in record.errors["retrieve"]


def test_what_cannot_be_asked_is_told():
    with pytest.raises(SettingsError, match="str cannot be asked"):
        run(DATASET, "a retriever", answer=False)


def test_our_retriever_runs_inside_their_query_engine(assistant):
    from llama_index.core.llms import MockLLM
    from llama_index.core.query_engine import RetrieverQueryEngine

    engine = RetrieverQueryEngine.from_args(assistant.as_retriever(top_k=2), llm=MockLLM())
    response = engine.query("Who built a fab?")
    assert response.source_nodes[0].node.metadata["article_id"] == "fab"
    assert len(response.source_nodes) == 2
    assert ARTICLES[0].text in response.response  # the mock repeats the prompt it was given


async def test_and_without_blocking(assistant):
    from llama_index.core.llms import MockLLM
    from llama_index.core.query_engine import RetrieverQueryEngine

    engine = RetrieverQueryEngine.from_args(assistant.as_retriever(top_k=1), llm=MockLLM())
    response = await engine.aquery("What does the Tin Act bar?")
    assert response.source_nodes[0].node.metadata["article_id"] == "law"


def test_both_can_be_held_against_each_other(vectors, assistant):
    from rag.evaluate.compare import compare

    theirs = run(DATASET, vectors.as_retriever(similarity_top_k=3), answer=False, top_k=3)
    ours = run(DATASET, assistant.as_retriever(top_k=3), answer=False, top_k=3)
    assert compare(theirs, ours).cases == 2
    assert compare(ours, run(DATASET, assistant, answer=False, top_k=3)).losses == ()
