"""Passages in a better order: a reranker reads the question and each passage together.

It is slower than a search by orders of magnitude, so it reads only the best passages of one.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from rag.errors import ModelError
from rag.schema import Passage

if TYPE_CHECKING:
    from rag.model_folder import ModelFolder


class Reranker(Protocol):
    """What orders passages by how well they answer. Safe to share between threads."""

    @property
    def name(self) -> str:
        """What the model is called."""

    def rerank(self, question: str, passages: Sequence[Passage]) -> list[Passage]:
        """The same passages, best first, with new ranks and scores; see `reordered`.

        Raises:
            ModelError: the model cannot be loaded or run.
        """


def reordered(passages: Sequence[Passage], scores: Sequence[float]) -> list[Passage]:
    """Passages in the order of new scores, higher first, ranked from 1; ties keep their order."""
    scored = zip(passages, map(float, scores), strict=True)
    ordered = sorted(scored, key=lambda item: -item[1])
    return [
        replace(passage, rank=rank, score=score)
        for rank, (passage, score) in enumerate(ordered, start=1)
    ]


class CrossEncoderReranker:
    """Any sentence-transformers CrossEncoder of one score, by torch on the CPU, from a folder.

    Loading takes seconds, most of them the import of torch; it happens with the first question.
    Scores are from 0 to 1.
    """

    def __init__(self, folder: ModelFolder, *, batch_size: int = 32) -> None:
        self.name = folder.name
        self._folder = folder
        self._batch_size = batch_size
        self._lock = threading.Lock()
        self._loaded: Any = None

    def rerank(self, question: str, passages: Sequence[Passage]) -> list[Passage]:
        """See `Reranker`. The model reads a passage's title above its text."""
        if not passages:
            return []
        pairs = [(question, _told(passage)) for passage in passages]
        with self._lock:
            scores = self._model().predict(
                pairs, batch_size=self._batch_size, show_progress_bar=False
            )
        return reordered(passages, scores)

    def _model(self) -> Any:
        if self._loaded is None:
            self._folder.check()
            self._loaded = self._load()
        return self._loaded

    def _load(self) -> Any:
        import torch
        from sentence_transformers import CrossEncoder
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()
        try:
            model = CrossEncoder(
                str(self._folder.path),
                device="cpu",
                trust_remote_code=False,
                local_files_only=True,
                model_kwargs={"use_safetensors": True},
                activation_fn=torch.nn.Sigmoid(),
            )
        except (OSError, ValueError, RuntimeError, KeyError, ImportError) as error:
            said = " ".join(str(error).split())[:200]
            raise ModelError(
                f"retrieval.reranker {self.name!r} at {self._folder.path} cannot be loaded by "
                f"sentence-transformers: {said}; fetch it again or choose another"
            ) from None
        if model.num_labels != 1:
            raise ModelError(
                f"retrieval.reranker {self.name!r} gives {model.num_labels} scores for a pair, and "
                "a reranker gives one; choose a cross-encoder made for search"
            )
        return model


def _told(passage: Passage) -> str:
    text = f"{passage.title}\n\n{passage.text}" if passage.title else passage.text
    return text.encode("utf-8", "replace").decode("utf-8")
