"""Question and sentence read together: how far the sentence answers the question.

A cross-encoder (Nogueira and Cho, "Passage Re-ranking with BERT", 2019) made of the default
embedder's encoder. What it learnt is a small file of low-rank changes to the encoder's matrices
(Hu et al., "LoRA", 2021) that ships with Newsdesk; `evals/train_reader.py` makes it.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from rag import bert
from rag.errors import ModelError
from rag.tokens import encodable, tokenizer
from rag.weights import require_sha256

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from rag.model_folder import ModelFolder

    Floats = np.ndarray[Any, np.dtype[np.float32]]

QUESTION, TITLE, BEFORE, SENTENCE = 40, 12, 24, 72
"""Tokens that are read at most: the first ones, of what stands before a sentence the last ones."""

TOGETHER = 8
"""Sentences of like length that are read at once, so that little is padding."""

_START, _END = 101, 102
"""The tokens [CLS] and [SEP] of BERT's vocabulary."""


class Told(NamedTuple):
    """A sentence of an article with what helps to understand it; `title` and `before` may be ""."""

    title: str
    before: str
    text: str


class Reader(Protocol):
    """Reads sentences with a question in mind."""

    @property
    def fingerprint(self) -> str:
        """Names the reader and a hash of what it learnt."""

    def warm_up(self) -> None:
        """Start to load what it needs, and return at once."""

    def read(self, question: str, sentences: Sequence[Told]) -> Floats:
        """How far each sentence answers, as log-odds but for a constant; higher is better.

        Raises:
            ModelError: the reader cannot be loaded or run.
        """


class Pair(NamedTuple):
    """What the encoder reads: token ids, segments, and where the sentence's own tokens stand."""

    ids: list[int]
    segments: list[int]
    start: int
    end: int


class PairReader:
    """The reader that Newsdesk brings, on the CPU by OpenVINO.

    The first use verifies and loads it, in about the time that the embedder takes.
    """

    def __init__(
        self, folder: ModelFolder, learnt: Path, published: str, *, threads: int = 0
    ) -> None:
        """Take the encoder's folder, the file of changes to it and the sha256 that it must have."""
        self._folder = folder
        self._learnt = learnt
        self._published = published
        self._threads = threads
        self._lock = threading.Lock()
        self._loaded: tuple[Any, Tokenizer] | None = None

    @property
    def fingerprint(self) -> str:
        """See `Reader`."""
        return f"{self._learnt.stem} sha256:{self._published[:12]}"

    def warm_up(self) -> None:
        """See `Reader`."""
        if self._loaded is None:
            threading.Thread(target=self._warmed, daemon=True).start()

    def read(self, question: str, sentences: Sequence[Told]) -> Floats:
        """See `Reader`."""
        found = np.zeros(len(sentences), dtype=np.float32)
        if not sentences:
            return found
        compiled, tokens = self._model()
        pairs = paired(tokens, question, sentences)
        order = np.argsort([len(pair.ids) for pair in pairs], kind="stable")
        try:
            for at in range(0, len(order), TOGETHER):
                places = order[at : at + TOGETHER]
                found[places] = _numbers(compiled, [pairs[place] for place in places])
        except RuntimeError as error:
            raise ModelError(f"{self._learnt.name}: OpenVINO failed to read ({error})") from None
        return found

    def _warmed(self) -> None:
        with suppress(ModelError):  # it is raised again where the model is needed
            self._model()

    def _model(self) -> tuple[Any, Tokenizer]:
        with self._lock:
            if self._loaded is None:
                self._folder.check()
                self._loaded = self._compiled(), tokenizer(self._folder.path)
            return self._loaded

    def _compiled(self) -> Any:
        import openvino as ov

        require_sha256(self._learnt, self._published)
        weights = merged(bert.tensors(self._folder.weights), bert.tensors(self._learnt))
        graph = bert.reading(self._folder, weights)
        return ov.Core().compile_model(graph, "CPU", bert.compiling("LATENCY", self._threads))


def _numbers(compiled: Any, pairs: Sequence[Pair]) -> list[float]:
    """The log of the sum over a sentence's tokens of how likely an answer begins at each."""
    rows = bert.infer(compiled, _padded(pairs))
    return [
        float(np.logaddexp.reduce(row[pair.start : pair.end]))
        for row, pair in zip(rows, pairs, strict=True)
    ]


def paired(tokens: Tokenizer, question: str, sentences: Sequence[Told]) -> list[Pair]:
    """The question with each sentence, as [CLS] question [SEP] title [SEP] before [SEP] text."""
    texts = [encodable(text) for told in sentences for text in told]
    asked, *found = tokens.encode_batch_fast(
        [encodable(question), *texts], add_special_tokens=False
    )
    first = [_START, *asked.ids[:QUESTION], _END]
    return [_pair(first, *(e.ids for e in found[at : at + 3])) for at in range(0, len(found), 3)]


def _pair(first: list[int], title: list[int], before: list[int], text: list[int]) -> Pair:
    named = [*title[:TITLE], _END] if title else []
    lead = [*named, *before[-BEFORE:], _END]
    own = text[:SENTENCE]
    start = len(first) + len(lead)
    return Pair(
        ids=[*first, *lead, *own, _END],
        segments=[0] * len(first) + [1] * (len(lead) + len(own) + 1),
        start=start,
        end=start + len(own),
    )


def merged(base: Mapping[str, Floats], changes: Mapping[str, Floats]) -> dict[str, Floats]:
    """The encoder's weights with what was learnt.

    A matrix `name.weight` gets `name.up` @ `name.down` added; other tensors replace theirs.
    """
    weights = {**base, **{n: t for n, t in changes.items() if not n.endswith((".up", ".down"))}}
    for up in (name for name in changes if name.endswith(".up")):
        name = up.removesuffix(".up")
        weights[f"{name}.weight"] = base[f"{name}.weight"] + changes[up] @ changes[f"{name}.down"]
    return weights


def _padded(pairs: Sequence[Pair]) -> list[np.ndarray[Any, np.dtype[np.int64]]]:
    """`input_ids`, `attention_mask` and `token_type_ids`; padding is 0 and masked."""
    shape = len(pairs), -(-max(len(pair.ids) for pair in pairs) // bert.STEP) * bert.STEP
    ids, mask, segments = (np.zeros(shape, dtype=np.int64) for _ in range(3))
    for row, pair in enumerate(pairs):
        length = len(pair.ids)
        ids[row, :length], mask[row, :length], segments[row, :length] = pair.ids, 1, pair.segments
    return [ids, mask, segments]
