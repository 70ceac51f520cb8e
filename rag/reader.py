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
    from tokenizers import Encoding, Tokenizer

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


class Reading(NamedTuple):
    """What reading a sentence gives."""

    odds: float
    """How far it answers the question, as log-odds but for a constant; higher is better."""
    at: int
    """The character of the sentence at which the answer most likely begins."""
    sure: float
    """0 to 1: how likely it begins there, if the sentence answers."""


class Reader(Protocol):
    """Reads sentences with a question in mind."""

    @property
    def fingerprint(self) -> str:
        """Names the reader and a hash of what it learnt."""

    def warm_up(self) -> None:
        """Start to load what it needs, and return at once."""

    def read(self, question: str, sentences: Sequence[Told]) -> list[Reading]:
        """How far each sentence answers, and where.

        Raises:
            ModelError: the reader cannot be loaded or run.
        """


class Pair(NamedTuple):
    """What the encoder reads: token ids, segments, and where the sentence's own tokens stand."""

    ids: list[int]
    segments: list[int]
    start: int
    end: int
    places: list[int]
    """The characters of the sentence at which these begin."""


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

    def read(self, question: str, sentences: Sequence[Told]) -> list[Reading]:
        """See `Reader`."""
        if not sentences:
            return []
        compiled, tokens = self._model()
        pairs = paired(tokens, question, sentences)
        order = sorted(range(len(pairs)), key=lambda place: len(pairs[place].ids))
        found: dict[int, Reading] = {}
        try:
            for at in range(0, len(order), TOGETHER):
                places = order[at : at + TOGETHER]
                readings = _readings(compiled, [pairs[place] for place in places])
                found |= zip(places, readings, strict=True)
        except RuntimeError as error:
            raise ModelError(f"{self._learnt.name}: OpenVINO failed to read ({error})") from None
        return [found[place] for place in range(len(pairs))]

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


def _readings(compiled: Any, pairs: Sequence[Pair]) -> list[Reading]:
    rows = bert.infer(compiled, _padded(pairs))
    return [
        _reading(row[pair.start : pair.end], pair.places)
        for row, pair in zip(rows, pairs, strict=True)
    ]


def _reading(row: Floats, places: Sequence[int]) -> Reading:
    """Of a number for each token of a sentence: how likely an answer begins there, in log-odds."""
    odds = float(np.logaddexp.reduce(row))
    if not places:
        return Reading(odds, 0, 0.0)
    best = int(row.argmax())
    return Reading(odds, places[best], float(np.exp(row[best] - odds)))


def paired(tokens: Tokenizer, question: str, sentences: Sequence[Told]) -> list[Pair]:
    """The question with each sentence, as [CLS] question [SEP] title [SEP] before [SEP] text."""
    texts = [encodable(text) for told in sentences for text in told]
    asked, *found = tokens.encode_batch([encodable(question), *texts], add_special_tokens=False)
    first = [_START, *asked.ids[:QUESTION], _END]
    return [_pair(first, *found[at : at + 3]) for at in range(0, len(found), 3)]


def _pair(first: list[int], title: Encoding, before: Encoding, text: Encoding) -> Pair:
    named = [*title.ids[:TITLE], _END] if title.ids else []
    lead = [*named, *before.ids[-BEFORE:], _END]
    own = text.ids[:SENTENCE]
    start = len(first) + len(lead)
    return Pair(
        ids=[*first, *lead, *own, _END],
        segments=[0] * len(first) + [1] * (len(lead) + len(own) + 1),
        start=start,
        end=start + len(own),
        places=[place for place, _ in text.offsets[:SENTENCE]],
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
