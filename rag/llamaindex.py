"""Newsdesk inside LlamaIndex programs: a retriever and a query engine.

LlamaIndex takes two seconds to import, so only this file and the model's do, when first needed.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.response.schema import Response
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from rag.schema import Answer, Filters, Passage

if TYPE_CHECKING:
    from rag.assistant import Assistant


def as_node(passage: Passage) -> NodeWithScore:
    """A passage as a LlamaIndex node; unknown facts are empty strings, an unknown date None."""
    node = TextNode(
        id_=passage.chunk_id,
        text=passage.text,
        start_char_idx=passage.start,
        end_char_idx=passage.end,
        metadata={
            "article_id": passage.article_id,
            "title": passage.title,
            "publisher": passage.publisher,
            "published": passage.published,
            "url": passage.url,
            "also_in": [copy.article_id for copy in passage.also_in],
        },
    )
    return NodeWithScore(node=node, score=passage.score)


class NewsdeskRetriever(BaseRetriever):
    """Passages of an `Assistant`, best first."""

    def __init__(self, assistant: Assistant, top_k: int, filters: Filters | None = None) -> None:
        super().__init__()
        self._assistant = assistant
        self._top_k = top_k
        self._filters = filters

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return self._assistant.retrieve(query_bundle.query_str, self._top_k, self._filters)

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)


class NewsdeskQueryEngine(BaseQueryEngine):
    """Checked answers of an `Assistant`; `response.metadata["answer"]` is `Answer.to_dict()`."""

    def __init__(self, assistant: Assistant, filters: Filters | None = None) -> None:
        super().__init__(callback_manager=None)
        self._assistant = assistant
        self._filters = filters

    def _query(self, query_bundle: QueryBundle) -> Response:
        return _response(self._assistant.ask(query_bundle.query_str, self._filters))

    async def _aquery(self, query_bundle: QueryBundle) -> Response:
        return _response(await self._assistant.aask(query_bundle.query_str, self._filters))

    def _get_prompt_modules(self) -> dict[str, Any]:
        return {}


def _response(answer: Answer) -> Response:
    return Response(
        response=answer.answer,
        source_nodes=[as_node(passage) for passage in answer.passages],
        metadata={"answer": answer.to_dict()},
    )
