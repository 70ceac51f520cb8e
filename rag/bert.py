"""BERT encoders as an OpenVINO graph, built straight from their safetensors, without torch.

The layers are those of Devlin et al., "BERT" (2019): learned positions, post-layer-norm, exact
GELU. Pooling (mean or first token) and L2 normalisation are part of the graph, so that it maps
`input_ids` and `attention_mask` (batch, tokens) to unit vectors (batch, dimensions).

In eight bits the dense layers multiply integers; the rest stays in floats. Weights are rounded row
by row. What enters most layers is rounded by one scale, after a part of the spread between its
columns has moved into the weights (Xiao et al., "SmoothQuant", 2023); how far it reaches is
observed on some texts. Behind GELU, OpenVINO gives each token scales of its own while it runs.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from rag import processor
from rag.errors import ModelError

if TYPE_CHECKING:
    from pathlib import Path

    import openvino as ov

    from rag.model_folder import ModelFolder

    Floats = np.ndarray[Any, np.dtype[np.float32]]
    Reach = Mapping[str, Floats]
    """The least and the greatest number in each column of what enters a dense layer, as the two
    rows of a table, by place."""

STEP = 16
"""What the number of tokens should be a multiple of: the first text of each length takes 20 ms
longer, since the code for it is made then."""

_SMOOTHING = 0.7
"""The share of the spread between columns that moves into the weights: SmoothQuant's alpha. Cosines
to the floats were .9973 on average at 0.7, .993 without, .986 at 0.5."""
_MARGIN = 1.25
"""How much further than observed an input may reach before it is cut off: the worst of 100 texts
that were not observed came to cosine .990, against .985 without."""
_GROUP = 384
"""The columns that share a scale where what enters a dense layer is rounded token by token."""
_TINY = 1e-5

_MODULES = (("Transformer", "Pooling", "Normalize"), ("Transformer", "Pooling"))


def fits(folder: ModelFolder) -> bool:
    """Whether `graph` can build the model: a plain BERT with mean or first-token pooling."""
    config = folder.config
    return (
        config.get("model_type") == "bert"
        and config.get("hidden_act") == "gelu"
        and config.get("position_embedding_type", "absolute") == "absolute"
        and not config.get("is_decoder")
        and config.get("max_position_embeddings", 512) % STEP == 0
        and folder.modules in _MODULES
        and folder.pooling in ("mean", "cls")
        and not folder.json("sentence_bert_config.json").get("do_lower_case")
        and not folder.json("config_sentence_transformers.json").get("default_prompt_name")
        and folder.weights.is_file()
        and (folder.path / "tokenizer.json").is_file()
    )


def graph(folder: ModelFolder) -> ov.Model:
    """The model of a folder that `fits`; about 0.1 s for 22 million parameters.

    Raises:
        ModelError: the weights cannot be read, or are not those of such a model.
    """
    return _built(folder, _Layers(tensors(folder.weights), folder.config))


def reading(folder: ModelFolder, weights: Mapping[str, Floats]) -> ov.Model:
    """The encoder with a number for each token of two texts that it reads as one.

    It maps `input_ids`, `attention_mask` and `token_type_ids` (batch, tokens) to (batch, tokens).

    Args:
        folder: one that `fits`.
        weights: all of them by name, and `head.weight` (1, dimensions) and `head.bias` (1), which
            make a token's number.

    Raises:
        ModelError: as `graph`.
    """
    import openvino as ov

    layers = _Layers(weights, folder.config)
    with _explained(folder):
        ids, mask = layers.inputs()
        segments = layers.input("token_type_ids")
        hidden = layers.encoded(ids, mask, segments)
        return ov.Model([layers.head(hidden)], [ids, mask, segments], f"{folder.name} reader")


def eight_bit(folder: ModelFolder, reach: Reach) -> ov.Model:
    """The same with its dense layers in eight bits, to be compiled with `compiling`.

    Twice as fast as floats where the processor multiplies bytes (VNNI), else slow.

    Args:
        folder: one that `fits`.
        reach: how far the numbers between its layers reach, as `observed`.

    Raises:
        ModelError: as `graph`.
    """
    return _built(folder, _EightBit(tensors(folder.weights), folder.config, reach))


def observed(folder: ModelFolder, texts: Iterable[Sequence[int]]) -> Reach:
    """How far the numbers between the layers of a model that `fits` reach; about half a second.

    Args:
        folder: the model's.
        texts: token ids, special ones included; at least one.

    Raises:
        ModelError: as `graph`.
    """
    watched = _Watched(tensors(folder.weights), folder.config)
    return watched.reach(_built(folder, watched), texts)


def compiling(hint: str, threads: int) -> dict[str, Any]:
    """What OpenVINO is told when it compiles a graph.

    Args:
        hint: its performance hint, `LATENCY` for one batch at a time or `THROUGHPUT` for several.
        threads: 0 for one on every core.
    """
    return {
        "PERFORMANCE_HINT": hint,
        "ENABLE_CPU_PINNING": False,
        "INFERENCE_NUM_THREADS": threads,
        "DYNAMIC_QUANTIZATION_GROUP_SIZE": _GROUP if processor.multiplies_bytes() else 0,
    }


_ALONE = threading.Lock()


def infer(compiled: Any, inputs: Sequence[np.ndarray[Any, Any]]) -> Floats:
    """The first output of a model that was compiled for `LATENCY`.

    One at a time, whatever the model: each uses all cores, and dozens at once, of shapes that are
    new to it, have made OpenVINO 2026.4 crash.
    """
    with _ALONE:
        request = compiled.create_infer_request()
        found: Floats = request.infer(inputs)[0]
        return found


def _built(folder: ModelFolder, layers: _Layers) -> ov.Model:
    import openvino as ov

    with _explained(folder):
        ids, mask = layers.inputs()
        hidden = layers.encoded(ids, mask)
        return ov.Model([layers.pool(hidden, mask, folder.pooling)], [ids, mask], folder.name)


@contextmanager
def _explained(folder: ModelFolder) -> Iterator[None]:
    try:
        yield
    except (KeyError, RuntimeError) as error:
        raise ModelError(
            f"{folder.weights}: not the weights of the BERT that config.json describes ({error}); "
            "set embedder.backend to torch, or fetch the model again"
        ) from None


def tensors(file: Path) -> dict[str, Floats]:
    """The numbers of a safetensors file by name, in 32 bits.

    Raises:
        ModelError: the file cannot be read.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        found = load_file(file)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{file}: cannot be read as safetensors ({error})") from None
    return {
        name.removeprefix("bert."): tensor.astype(np.float32, copy=False)
        for name, tensor in found.items()
        if tensor.dtype.kind == "f"
    }


class _Layers:
    """The parts of the encoder; every argument and result is a node of the graph."""

    def __init__(self, tensors: Mapping[str, np.ndarray], config: dict[str, Any]) -> None:
        from openvino import opset13

        self._op = opset13
        self._tensors = tensors
        self._heads: int = config["num_attention_heads"]
        self._width: int = config["hidden_size"]
        self._epsilon: float = config["layer_norm_eps"]
        self._depth: int = config["num_hidden_layers"]

    def inputs(self) -> tuple[Any, Any]:
        """`input_ids` and `attention_mask`, of any batch size and length."""
        return self.input("input_ids"), self.input("attention_mask")

    def input(self, name: str) -> Any:
        """One whole number for each token."""
        return self._op.parameter([-1, -1], np.int64, name)

    def encoded(self, ids: Any, mask: Any, segments: Any = None) -> Any:
        """A vector for each token; without `segments`, all are of the first."""
        hidden = self.embed(ids, segments)
        for number in range(self._depth):
            hidden = self.encode(hidden, mask, f"encoder.layer.{number}")
        return hidden

    def embed(self, ids: Any, segments: Any = None) -> Any:
        """Word, position and segment vectors, summed and normalised."""
        op = self._op
        words = op.gather(self._weight("embeddings.word_embeddings.weight"), ids, self._ints(0))
        positions = op.slice(
            self._weight("embeddings.position_embeddings.weight"),
            self._ints([0]),
            op.gather(op.shape_of(ids), self._ints([1]), self._ints(0)),
            self._ints([1]),
            self._ints([0]),
        )
        kinds = "embeddings.token_type_embeddings.weight"
        if segments is None:
            kind = op.constant(self._tensors[kinds][0])
        else:
            kind = op.gather(self._weight(kinds), segments, self._ints(0))
        return self._norm(op.add(op.add(words, kind), positions), "embeddings.LayerNorm")

    def encode(self, hidden: Any, mask: Any, layer: str) -> Any:
        """One layer: self-attention, then two dense layers, each added to its input."""
        op = self._op
        attended = self._linear(
            self._attend(hidden, mask, layer), f"{layer}.attention.output.dense"
        )
        hidden = self._norm(op.add(attended, hidden), f"{layer}.attention.output.LayerNorm")
        inner = op.gelu(self._linear(hidden, f"{layer}.intermediate.dense"), "erf")
        outer = self._linear(inner, f"{layer}.output.dense")
        return self._norm(op.add(outer, hidden), f"{layer}.output.LayerNorm")

    def pool(self, hidden: Any, mask: Any, pooling: str) -> Any:
        """One unit vector a text: the mean over its tokens, or its first token."""
        op = self._op
        if pooling == "cls":
            pooled = op.gather(hidden, self._ints(0), self._ints(1))
        else:
            weights = op.unsqueeze(op.convert(mask, np.float32), self._ints(2))
            total = op.reduce_sum(op.multiply(hidden, weights), self._ints(1))
            pooled = op.divide(total, op.reduce_sum(weights, self._ints(1)))
        return op.normalize_l2(pooled, self._ints(1), 1e-12, "max")

    def head(self, hidden: Any) -> Any:
        """One number for each token."""
        weighted = self._op.multiply(hidden, self._weight("head.weight"))
        return self._op.add(self._op.reduce_sum(weighted, self._ints(2)), self._weight("head.bias"))

    def _attend(self, hidden: Any, mask: Any, layer: str) -> Any:
        op = self._op
        query, key, value = (
            self._split(self._linear(hidden, f"{layer}.attention.self.{name}"))
            for name in ("query", "key", "value")
        )
        seen = op.convert(op.unsqueeze(mask, self._ints([1, 2])), np.bool_)
        mixed = op.scaled_dot_product_attention(query, key, value, seen)
        back = op.transpose(mixed, self._ints([0, 2, 1, 3]))
        return op.reshape(back, self._ints([0, 0, self._width]), special_zero=True)

    def _split(self, hidden: Any) -> Any:
        shape = self._ints([0, 0, self._heads, self._width // self._heads])
        heads = self._op.reshape(hidden, shape, special_zero=True)
        return self._op.transpose(heads, self._ints([0, 2, 1, 3]))

    def _linear(self, hidden: Any, name: str) -> Any:
        product = self._op.matmul(
            hidden, self._weight(f"{name}.weight"), transpose_a=False, transpose_b=True
        )
        return self._op.add(product, self._weight(f"{name}.bias"))

    def _norm(self, hidden: Any, name: str) -> Any:
        scaled = self._op.mvn(
            hidden,
            self._ints([-1]),
            normalize_variance=True,
            eps=self._epsilon,
            eps_mode="inside_sqrt",
        )
        weighted = self._op.multiply(scaled, self._weight(f"{name}.weight"))
        return self._op.add(weighted, self._weight(f"{name}.bias"))

    def _weight(self, name: str) -> Any:
        return self._op.constant(self._tensors[name], shared_memory=True)

    def _ints(self, values: int | list[int]) -> Any:
        return self._op.constant(np.array(values, dtype=np.int64))


class _Watched(_Layers):
    """Remembers what enters the dense layers while the graph is built."""

    def __init__(self, tensors: dict[str, np.ndarray], config: dict[str, Any]) -> None:
        super().__init__(tensors, config)
        self._entering: dict[str, Any] = {}

    def reach(self, model: ov.Model, texts: Iterable[Sequence[int]]) -> Reach:
        """How far what enters each dense layer of `model`, built of these, reaches over texts."""
        import openvino as ov

        axes = self._ints([0, 1])
        ends = [
            end(hidden, axes).output(0)
            for hidden in self._entering.values()
            for end in (self._op.reduce_min, self._op.reduce_max)
        ]
        exact = {"INFERENCE_PRECISION_HINT": "f32"}
        watched = ov.Model(ends, model.get_parameters(), "watched")
        compiled = ov.Core().compile_model(watched, "CPU", exact)
        runs = []
        for ids in texts:
            found = compiled([np.array([ids]), np.ones((1, len(ids)), dtype=np.int64)])
            runs.append([found[number] for number in range(len(ends))])
        least = [np.min(column, axis=0) for column in zip(*(run[::2] for run in runs), strict=True)]
        most = [np.max(column, axis=0) for column in zip(*(run[1::2] for run in runs), strict=True)]
        return dict(zip(self._entering, map(np.stack, zip(least, most, strict=True)), strict=True))

    def _linear(self, hidden: Any, name: str) -> Any:
        if not _by_token(_place(name)):
            self._entering[_place(name)] = hidden
        return super()._linear(hidden, name)


class _EightBit(_Layers):
    """Rounds the weights of dense layers to eight bits, and what enters them."""

    def __init__(
        self, tensors: dict[str, np.ndarray], config: dict[str, Any], reach: Reach
    ) -> None:
        super().__init__(tensors, config)
        self._reach = reach
        self._rounded: dict[str, tuple[Any, Floats]] = {}

    def _linear(self, hidden: Any, name: str) -> Any:
        op = self._op
        entering, weight = self._entering(hidden, name)
        step = np.maximum(np.abs(weight).max(axis=1, keepdims=True), _TINY) / 127
        whole = op.convert(op.constant(np.round(weight / step).astype(np.int8)), np.float32)
        product = op.matmul(
            entering, op.multiply(whole, op.constant(step)), transpose_a=False, transpose_b=True
        )
        return op.add(product, self._weight(f"{name}.bias"))

    def _entering(self, hidden: Any, name: str) -> tuple[Any, Floats]:
        """What enters a dense layer, rounded unless OpenVINO does it; and the weights for it."""
        place, weight = _place(name), self._tensors[f"{name}.weight"]
        if _by_token(place):
            return hidden, weight
        if place not in self._rounded:  # query, key and value share what enters them
            self._rounded[place] = self._round(hidden, place)
        entering, divided = self._rounded[place]
        return entering, weight * divided

    def _round(self, hidden: Any, place: str) -> tuple[Any, Floats]:
        """What enters a place, divided column by column and rounded; and what by."""
        least, most = self._reach[place]
        divided = self._divisors(place, np.maximum(np.maximum(most, -least), _TINY))
        even = self._op.multiply(hidden, self._op.constant(1 / divided))
        low, high = _ends(
            _MARGIN * float((least / divided).min()), _MARGIN * float((most / divided).max())
        )
        ends = [self._op.constant(np.full((1, 1, 1), end, dtype=np.float32)) for end in (low, high)]
        return self._op.fake_quantize(even, *ends, *ends, 256), divided

    def _divisors(self, place: str, reach: Floats) -> Floats:
        weights = [
            np.abs(tensor).max(axis=0)
            for name, tensor in self._tensors.items()
            if tensor.ndim == 2 and _place(name.removesuffix(".weight")) == place
        ]
        greatest = np.maximum(np.max(weights, axis=0), _TINY)
        divisors = reach**_SMOOTHING / greatest ** (1 - _SMOOTHING)
        return np.asarray(divisors, dtype=np.float32)


def _place(name: str) -> str:
    """Where a dense layer stands: the same for those that one thing enters."""
    return name.rpartition(".")[0]


def _by_token(place: str) -> bool:
    """Whether what enters here is rounded token by token: one scale for all loses most here."""
    return place.endswith(".output") and not place.endswith(".attention.output")


def _ends(least: float, most: float) -> tuple[float, float]:
    """The ends of 256 even steps that reach from `least` to `most` and have 0 among them."""
    least, most = min(least, 0.0), max(most, _TINY)
    if least < -most / 4:
        reach = max(-least, most)
        return -reach * 128 / 127, reach
    step = (most - least) / 255
    below = round(-least / step)
    return -below * step, (255 - below) * step
