"""Texts to unit vectors: by OpenVINO without torch where the model is a plain BERT, else by torch.

Both give the same vectors but for rounding (cosine above .999), so an index made by one is searched
by the other. A model in eight bits is another one (cosine .99), and its fingerprint says so.
Importing this module loads neither backend; each loads when the first text is embedded.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from rag import bert
from rag.errors import ModelError
from rag.tokens import TokenCounts, encodable, tokenizer

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from rag.model_folder import ModelFolder

    Vectors = np.ndarray[tuple[int, int], np.dtype[np.float32]]

BATCH_TOKENS = 2048
"""Tokens of one padded batch; more per batch was no faster, and fell out of the caches."""

FEW_TOKENS = 8192
"""Up to so many, as the sentences for a question have, no batches are run side by side."""

_EXAMPLES = (
    "Who supports the new chip factory?",
    "The commission said on Monday, 3 April 2023, that it would pay $1.5bn (€1.4bn) by 2027.",
    'Harbour Works\nPort Ash Courier, 2 May 2024\n\n"We did not expect it," the mayor told '
    "reporters. Shares fell 4.2% to 31.07 after the bank's U.S. arm had warned of lower profit; "
    "rain, floods and a strike closed the line between the two towns for a week.",
    "In mice, loss of the receptor lowered insulin levels (p < 0.001) and raised the expression of "
    "genes in liver cells; a randomised trial of 1,204 patients found no such effect.",
    "# Results\n- The home side won 3-1.\n- 18:45 kick-off\n\nPhones, laptops & games: the best "
    "deals of Black Friday, reviewed by our editors. The film, which opens next week, is long.",
    "貿易政策と半導体。 Ünïcödé, naïve café, emoji 🙂 and a-b_c/d.e <b>tags</b> https://example.org/a",
)
"""What shows how far numbers reach inside a model that is to run in eight bits."""

EIGHT_BIT = " int8.2"
"""What the fingerprint of a model in eight bits ends in; another way of rounding needs another."""

SPECIALS = 2
"""The tokens that a BERT tokenizer adds to each text: [CLS] before it, [SEP] behind."""


class Embedder(Protocol):
    """What turns texts into unit vectors. Safe to share between threads."""

    @property
    def name(self) -> str:
        """What the model is called."""

    @property
    def dimensions(self) -> int:
        """The length of each vector."""

    @property
    def fingerprint(self) -> str:
        """Names the model and a hash of its files; vectors of two fingerprints do not compare."""

    @property
    def max_tokens(self) -> int:
        """The tokens of a text that count; what follows them is ignored."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One unit row per text, in order; no texts give an array of shape (0, dimensions).

        Raises:
            ModelError: the model cannot be loaded or run.
        """

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text, whole and without special tokens."""


class OpenVinoEmbedder:
    """A BERT model on the CPU by OpenVINO, in bfloat16 where the processor has it.

    The first use verifies and loads the model in about half a second; a question then takes
    milliseconds. One batch runs on all cores; more than one run side by side, a core each.
    """

    def __init__(
        self,
        folder: ModelFolder,
        *,
        batch_size: int = 32,
        threads: int = 0,
        eight_bit: bool = False,
        observed: Callable[[], bert.Reach] | None = None,
    ) -> None:
        """Take a folder that `bert.fits`; `threads` 0 uses every core.

        `eight_bit` is about twice as fast on a processor with instructions for such products
        (VNNI), and gives vectors a little beside the exact ones: see `fingerprint`. It needs to
        know how far numbers reach inside the model, which `observed` tells (see `observe`), or
        else takes half a second to observe it when it loads.
        """
        self.name = folder.name
        self.dimensions: int = folder.config["hidden_size"]
        self.max_tokens = folder.sequence_length - SPECIALS
        self._folder = folder
        self._batch_size = batch_size
        self._threads = threads
        self._eight_bit = eight_bit
        self._observed = observed or partial(observe, folder)
        self._lock = threading.Lock()
        self._many = threading.Lock()
        self._cutting: Tokenizer | None = None
        self._graph: Any = None
        self._compiled: dict[str, Any] = {}
        self._requests: SimpleQueue[Any] = SimpleQueue()  # of THROUGHPUT: a new one takes long
        self._counts: TokenCounts | None = None

    @property
    def fingerprint(self) -> str:
        """See `Embedder`."""
        return self._folder.fingerprint + (EIGHT_BIT if self._eight_bit else "")

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder`."""
        rows = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        if not texts:
            return rows
        encodings = self._tokens().encode_batch_fast([encodable(text) for text in texts])
        try:
            self._run([encoding.ids for encoding in encodings], rows)
        except RuntimeError as error:
            raise ModelError(f"{self.name}: OpenVINO failed to embed ({error})") from None
        return rows

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """See `Embedder`."""
        with self._lock:
            if self._counts is None:
                self._counts = TokenCounts(tokenizer(self._folder.path))
        return self._counts(texts)

    def _run(self, ids: Sequence[list[int]], rows: Vectors) -> None:
        lengths = [len(one) for one in ids]
        if sum(lengths) <= FEW_TOKENS:
            compiled = self._model("LATENCY")
            for places in _alike(lengths):
                rows[places] = bert.infer(compiled, _padded([ids[place] for place in places]))
            return
        compiled = self._model("THROUGHPUT")
        side_by_side = compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")

        def infer(places: list[int]) -> None:
            request = self._requests.get()
            try:
                request.infer(_padded([ids[place] for place in places]))
                rows[places] = request.get_output_tensor().data
            finally:
                self._requests.put(request)

        # Threads of ours, not AsyncInferQueue: its callbacks need the interpreter's lock, which
        # its destructor holds while it waits for them.
        with self._many, ThreadPoolExecutor(side_by_side) as pool:
            if self._requests.empty():
                for _ in range(side_by_side):
                    self._requests.put(compiled.create_infer_request())
            batches = _batches(lengths, self._batch_size, side_by_side)
            for done in [pool.submit(infer, places) for places in batches]:
                done.result()

    def _tokens(self) -> Tokenizer:
        with self._lock:
            if self._cutting is None:
                self._cutting = cutting(self._folder)
            return self._cutting

    def _model(self, hint: str) -> Any:
        """The model made ready for one batch at a time, or for several."""
        with self._lock:
            if hint not in self._compiled:
                self._compiled[hint] = self._compile(hint)
            return self._compiled[hint]

    def _compile(self, hint: str) -> Any:
        with ThreadPoolExecutor(1) as beside:
            checking = beside.submit(self._folder.check)  # hashing takes as long as the import
            import openvino as ov

            if self._graph is None:
                self._graph = self._built()
            compiled = ov.Core().compile_model(
                self._graph, "CPU", bert.compiling(hint, self._threads)
            )
            checking.result()
            return compiled

    def _built(self) -> Any:
        if self._eight_bit:
            return bert.eight_bit(self._folder, self._observed())
        return bert.graph(self._folder)


def observe(folder: ModelFolder) -> bert.Reach:
    """How far numbers reach inside a model that `bert.fits`, over texts of many kinds.

    Raises:
        ModelError: the model cannot be read.
    """
    encodings = cutting(folder).encode_batch_fast(list(_EXAMPLES))
    return bert.observed(folder, [encoding.ids for encoding in encodings])


def cutting(folder: ModelFolder) -> Tokenizer:
    """The tokenizer of a model, which cuts texts to what the model reads."""
    found = tokenizer(folder.path)
    found.enable_truncation(folder.sequence_length)
    return found


class TorchEmbedder:
    """Any sentence-transformers model by torch on the CPU, from a local folder.

    Loading takes seconds, most of them the import of torch.
    """

    def __init__(self, folder: ModelFolder, *, batch_size: int = 32, threads: int = 0) -> None:
        """Take a model folder; `threads` 0 leaves the number to torch."""
        self.name = folder.name
        self._folder = folder
        self._batch_size = batch_size
        self._threads = threads
        self._lock = threading.Lock()
        self._loaded: Any = None

    @property
    def fingerprint(self) -> str:
        """See `Embedder`."""
        return self._folder.fingerprint

    @property
    def dimensions(self) -> int:
        """See `Embedder`; loads the model."""
        return int(self._model().get_embedding_dimension())

    @property
    def max_tokens(self) -> int:
        """See `Embedder`; loads the model."""
        return int(self._model().max_seq_length or self._folder.sequence_length) - SPECIALS

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder`."""
        model = self._model()
        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        with self._lock:
            rows = model.encode(
                [encodable(text) for text in texts],
                batch_size=self._batch_size,
                normalize_embeddings=True,
                show_progress_bar=False,
            )
        return np.asarray(rows, dtype=np.float32)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """See `Embedder`."""
        if not texts:
            return []
        tokenize = self._model().tokenizer
        ids = tokenize([encodable(text) for text in texts], add_special_tokens=False, verbose=False)
        return [len(each) for each in ids["input_ids"]]

    def _model(self) -> Any:
        with self._lock:
            if self._loaded is None:
                self._folder.check()
                self._loaded = self._load()
            return self._loaded

    def _load(self) -> Any:
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar

        if self._threads:
            torch.set_num_threads(self._threads)
        disable_progress_bar()
        try:
            return SentenceTransformer(
                str(self._folder.path),
                device="cpu",
                trust_remote_code=False,
                local_files_only=True,
                model_kwargs={"use_safetensors": True},
            )
        except (OSError, ValueError, RuntimeError, KeyError, ImportError) as error:
            raise ModelError(
                f"embedder.model {self.name!r} at {self._folder.path} cannot be loaded by "
                f"sentence-transformers: {_one_line(error)}; fetch it again or choose another"
            ) from None


def _batches(lengths: Sequence[int], batch_size: int, side_by_side: int = 1) -> Iterator[list[int]]:
    """Places of `lengths` in batches of like length, so that little is padding.

    Each holds up to `batch_size` places and up to `BATCH_TOKENS` tokens once padded, or else one
    place. A few batches are made smaller, so that `side_by_side` of them always run.
    """
    longest_first = sorted(range(len(lengths)), key=lambda place: -lengths[place])
    few = -(-sum(lengths) // BATCH_TOKENS)
    if 1 < few <= 4 * side_by_side:
        rounds = -(-few // side_by_side)
        batch_size = min(batch_size, -(-len(lengths) // (rounds * side_by_side)))
    start = 0
    while start < len(longest_first):
        most = max(1, BATCH_TOKENS // max(1, lengths[longest_first[start]]))
        end = start + min(batch_size, most)
        yield longest_first[start:end]
        start = end


def _alike(lengths: Sequence[int]) -> list[list[int]]:
    """Places of `lengths` in batches of one, two, four, … texts of nearly the same length.

    A shape that the model has not met costs it as much as 100 tokens; so there are few.
    """
    alike: dict[int, list[int]] = {}
    for place, length in enumerate(lengths):
        alike.setdefault(-(-length // bert.STEP), []).append(place)
    return [batch for places in alike.values() for batch in _halved(places)]


def _halved(places: list[int]) -> Iterator[list[int]]:
    """The places in runs whose sizes are powers of two, the largest first."""
    while places:
        size = 1 << (len(places).bit_length() - 1)
        yield places[:size]
        places = places[size:]


def _padded(ids: Sequence[Sequence[int]]) -> list[np.ndarray[Any, np.dtype[np.int64]]]:
    """`input_ids` and `attention_mask`, shaped (texts, tokens); padding is 0 and masked.

    There are as many tokens as the longest text has, rounded up to a multiple of `bert.STEP`.
    """
    shape = len(ids), -(-max(map(len, ids)) // bert.STEP) * bert.STEP
    tokens, mask = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    for row, one in enumerate(ids):
        tokens[row, : len(one)] = one
        mask[row, : len(one)] = 1
    return [tokens, mask]


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
