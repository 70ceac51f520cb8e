"""What can be asked: an assistant, anybody's searcher, a LlamaIndex retriever."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from rag.errors import SettingsError
from rag.schema import Answer, Article, Filters, Passage, Turn, Verification

if TYPE_CHECKING:
    from llama_index.core.base.base_retriever import BaseRetriever


@runtime_checkable
class Searches(Protocol):
    """Anything that finds passages; enough for `run(…, answer=False)`.

    Where `passages` also takes `history`, the earlier turns of a follow-up are given to it.
    """

    def passages(
        self, question: str, top_k: int = 10, filters: Filters | None = None
    ) -> Sequence[Passage]:
        """At most `top_k` passages, best first."""
        ...


@runtime_checkable
class Asks(Searches, Protocol):
    """Anything that answers with citations too; `rag.Assistant` is one."""

    def ask(
        self, question: str, filters: Filters | None = None, history: Sequence[Turn] = ()
    ) -> Answer:
        """The answer to a question."""
        ...

    def article(self, article_id: str) -> Article:
        """The stored article; raises IndexMissing."""
        ...

    def verify(self, text: str, articles: Sequence[str]) -> Verification:
        """The verdicts of a text against articles, given as plain texts here."""
        ...


def searcher(given: Searches | BaseRetriever) -> Searches:
    """The same thing if it finds passages already, else a LlamaIndex retriever made to.

    Raises:
        SettingsError: it is neither.
    """
    if isinstance(given, Searches):
        return given
    if callable(getattr(given, "retrieve", None)):
        return LlamaIndexSearcher(given)
    raise SettingsError(
        f"{type(given).__name__} cannot be asked: it needs `passages(question, top_k, filters)`, "
        "or to be a LlamaIndex retriever"
    )


class LlamaIndexSearcher:
    """A LlamaIndex retriever as a searcher: nodes become passages, in the order it gives them."""

    def __init__(self, retriever: BaseRetriever) -> None:
        self._retriever = retriever

    def passages(
        self, question: str, top_k: int = 10, filters: Filters | None = None
    ) -> list[Passage]:
        """The first `top_k` nodes; fewer where the retriever finds fewer.

        Raises:
            SettingsError: it is set to find fewer than `top_k`, or the case has filters, which
                a LlamaIndex retriever cannot be given with a question.
        """
        most = getattr(self._retriever, "similarity_top_k", None)
        if isinstance(most, int) and most < top_k:
            raise SettingsError(
                f"the retriever finds {most} nodes and {top_k} are measured; make it with "
                f"similarity_top_k={top_k}, or ask for top_k={most}"
            )
        if filters:
            raise SettingsError("a LlamaIndex retriever cannot be given the filters of a case")
        found = self._retriever.retrieve(question)[:top_k]
        return [as_passage(node, rank) for rank, node in enumerate(found, start=1)]


def as_passage(found: Any, rank: int) -> Passage:
    """A LlamaIndex `NodeWithScore` as a passage.

    Its article is named by `article_id` in its metadata, else by its source document, else by
    itself; a place that it does not know is that of its text alone.
    """
    node, facts = found.node, found.node.metadata
    text = node.get_content()
    start = getattr(node, "start_char_idx", None) or 0
    return Passage(
        rank=rank,
        score=float(found.score or 0.0),
        article_id=str(facts.get("article_id") or node.ref_doc_id or node.node_id),
        chunk_id=node.node_id,
        start=start,
        end=start + len(text),
        text=text,
        title=str(facts.get("title") or ""),
        publisher=str(facts.get("publisher") or ""),
        published=facts.get("published") or None,
        url=str(facts.get("url") or ""),
    )
