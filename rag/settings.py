"""Settings: one frozen, typed object. The only reader of the environment and of `rag.toml`.

Order, later wins: the defaults below, `rag.toml` in the working folder (or the file given), what
was chosen on the settings page of the chat (`chat.toml`, read by `rag chat` alone),
`RAG_SECTION__KEY` environment variables, keyword arguments. An unknown key is an error.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import platformdirs
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from rag.errors import SettingsError
from rag.passwords import is_user_line

PREFIX = "RAG_"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    @model_validator(mode="before")
    @classmethod
    def _listed(cls, values: Any) -> Any:
        """Lists may be given as text, as the environment has them: a JSON list, or `one, two`."""
        if not isinstance(values, Mapping):
            return values
        several = {
            n for n, field in cls.model_fields.items() if field.annotation == tuple[str, ...]
        }
        return {
            name: _split(name, value) if name in several and isinstance(value, str) else value
            for name, value in values.items()
        }


def _split(name: str, text: str) -> list[Any]:
    if text.lstrip().startswith("["):
        try:
            return list(json.loads(text))
        except ValueError:
            raise ValueError(f"{name}: {text!r} is not a JSON list") from None
    return [part.strip() for part in text.split(",") if part.strip()]


class IndexSettings(_Section):
    """Where the collection is stored."""

    dir: Path = Path(".newsdesk/index")
    lock_timeout: float = Field(default=60.0, ge=0)
    """Seconds that a writer waits for another one."""
    exact_up_to: int = Field(default=50_000, ge=0)
    """Chunks. In a larger collection the vectors to score are chosen by one bit a dimension."""


class EmbedderSettings(_Section):
    """The model that turns text into vectors."""

    model: str = "all-MiniLM-L6-v2"
    """`all-MiniLM-L6-v2` is the one that the install brings; otherwise the folder of a
    sentence-transformers model, or a hub name where `allow_download` is on."""
    allow_download: bool = False
    backend: str = Field(default="auto", pattern="^(auto|openvino|torch)$")
    precision: str = Field(default="auto", pattern="^(auto|float|int8)$")
    """int8 embeds about twice as fast by OpenVINO on processors with VNNI, questions too. An index
    keeps its precision: auto is that of the index at hand; a new one is made in int8 where that is
    faster, with the model that the install brings."""
    batch_size: int = Field(default=128, ge=1, le=1024)
    """Texts that are embedded and stored together; fewer need less memory."""
    threads: int = Field(default=0, ge=0, le=256)
    """0 leaves the choice to the backend."""
    cache_dir: Path = Field(default_factory=lambda: platformdirs.user_cache_path("newsdesk"))


class LLMSettings(_Section):
    """The model that writes. With `base_url` empty, the embedded one is used."""

    base_url: str = ""
    """An OpenAI-compatible endpoint, such as http://127.0.0.1:11434/v1 for Ollama."""
    model: str = ""
    """The model's name at the endpoint; required with `base_url`."""
    api_key: SecretStr | None = None
    """Only from the environment: RAG_LLM__API_KEY."""
    gguf: Path | None = None
    """Another GGUF file for the embedded server."""
    enabled: bool = True
    """Off: every answer is quoted evidence, and no model is loaded."""
    threads: int = Field(default=0, ge=0, le=256)
    """Of the embedded server; 0 chooses: one on machines with up to 4 cores."""
    timeout: float = Field(default=60.0, gt=0, le=3600)
    """Seconds for one whole call."""
    max_tokens: int = Field(default=0, ge=0, le=32_768)
    """Of one draft; 0 chooses: 48 for the embedded model, 512 for others."""
    context_window: int = Field(default=0, ge=0)
    """Tokens; 0 chooses: 2,048 for the embedded model, 8,192 for others."""
    max_evidence: int = Field(default=0, ge=0, le=50)
    """Evidence sentences in the prompt; 0 chooses: 2 for the embedded model, which reads slowly,
    `answer.max_evidence` for others."""
    temperature: float = Field(default=0.0, ge=0, le=2)


class JudgeSettings(_Section):
    """The model that judges saved eval runs; nothing is judged without one."""

    base_url: str = ""
    """An OpenAI-compatible endpoint."""
    model: str = ""
    """The model's name there."""
    api_key: SecretStr | None = None
    """Only from the environment: RAG_JUDGE__API_KEY."""
    timeout: float = Field(default=120.0, gt=0, le=3600)
    """Seconds for one whole call."""
    max_tokens: int = Field(default=1024, ge=1, le=32_768)
    context_window: int = Field(default=16_384, ge=1)
    temperature: float = Field(default=0.0, ge=0, le=2)
    parallel: int = Field(default=4, ge=1, le=64)
    """Answers that are judged at once."""


class ChunkingSettings(_Section):
    """How articles are split, in the embedder's own tokens, its header included."""

    size: int = Field(default=200, ge=32, le=8192)
    overlap: int = Field(default=0, ge=0, le=4096)


class RetrievalSettings(_Section):
    """How passages are found."""

    top_k: int = Field(default=10, ge=1, le=1000)
    dense_depth: int = Field(default=100, ge=1, le=10_000)
    lexical_depth: int = Field(default=100, ge=1, le=10_000)
    rrf_k: int = Field(default=10, ge=1, le=1000)
    """The k of reciprocal rank fusion of the searches for a question's parts, 1 / (k + rank);
    Cormack et al., SIGIR 2009."""
    understand: bool = True
    """Whether publishers, times and recency that a question names move passages up."""
    narrow: bool = True
    """Whether passages are cut to the sentences that bear on the question; answers read them whole
    in any case."""
    reranker: str = ""
    """The folder or hub name of a sentence-transformers CrossEncoder; empty for none."""
    rerank_depth: int = Field(default=30, ge=1, le=1000)
    """How many passages the reranker reads, or more where more are asked for."""
    allow_download: bool = False
    """Whether a reranker named as on the hub may be fetched."""


class AnswerSettings(_Section):
    """How answers are written and when none is given."""

    max_evidence: int = Field(default=6, ge=1, le=50)
    max_sentences: int = Field(default=8, ge=1, le=50)
    """Of an answer, drafted and quoted together."""
    abstain_below: float = Field(default=0.57, ge=0, le=1)
    """The evidence score under which a question is declined."""
    max_question: int = Field(default=4000, ge=1)
    """Characters."""
    reader: bool = True
    """Whether a trained reader helps to choose the sentences that answer."""


class IngestSettings(_Section):
    """What is accepted."""

    max_bytes: int = Field(default=2_000_000, ge=1)
    """The largest text, JSONL line or CSV row that is read as one article."""
    max_file_bytes: int = Field(default=40_000_000, ge=1)
    """The largest HTML, PDF, DOCX, EPUB or JSON file, or mail message."""
    read_timeout: float = Field(default=10.0, gt=0, le=3600)
    """Seconds for reading one document; then it is given up."""
    read_memory: int = Field(default=512_000_000, ge=128_000_000)
    """Bytes that reading one document may take; kept on Linux."""
    clean: bool = True
    cleaning_off: tuple[str, ...] = ()
    """Names of cleaning rules that are switched off."""


class FetchSettings(_Section):
    """How web addresses are fetched."""

    timeout: float = Field(default=30.0, gt=0, le=600)
    """Seconds for one address, from its name's look-up to its last byte, redirects included."""
    max_bytes: int = Field(default=10_000_000, ge=1)
    """The largest answer, as sent and unpacked."""
    max_pages: int = Field(default=100, ge=1, le=100_000)
    """Pages that one ingest asks for out of one feed or sitemap; the next takes up the rest."""
    delay: float = Field(default=0.5, ge=0, le=60)
    """Seconds between two requests to one host."""
    robots: bool = True
    """Whether pages that a feed or sitemap names are left out where robots.txt says so."""
    user_agent: str = Field(default="Newsdesk/0.1 (article reader)", pattern="^[!-~][ -~]*$")
    allow_hosts: tuple[str, ...] = ()
    """Host names that may lead into a private network."""


class ChatSettings(_Section):
    """The chat server."""

    host: str = "127.0.0.1"
    port: int = Field(default=7860, ge=0, le=65535)
    """0 takes any free port."""
    title: str = "Newsdesk"
    examples: tuple[str, ...] = ()
    """Example questions of the empty page; empty makes them from the collection."""
    max_upload: int = Field(default=1_000_000_000, ge=1)
    """Bytes of files from browsers that may wait to be ingested, and so the largest of them."""
    allow_remote: bool = False
    """Lets `host` be an address that other machines reach though nobody is asked for a password."""


class ServerSettings(_Section):
    """What the chat and the HTTP interfaces share: who may come in, and how many at once."""

    users: tuple[str, ...] = Field(default=(), repr=False)
    """Names with what their passwords are checked by: lines of `rag password`."""
    token: SecretStr | None = Field(default=None, min_length=16)
    """For programs. Only from the environment: RAG_SERVER__TOKEN; 16 characters at least."""
    hosts: tuple[str, ...] = ()
    """Further names by which the server is reached, such as that of a proxy before it."""
    max_answers: int = Field(default=0, ge=0, le=1000)
    """Answers under way at once; 0 chooses: 4 with the embedded model, 32 with others."""
    max_waiting: int = Field(default=80, ge=0, le=100_000)
    """Questions that wait for their turn; those beyond are told that the server is busy."""
    max_wait: float = Field(default=60.0, gt=0, le=3600)
    """Seconds that a question waits for its turn."""
    log_json: bool = False
    """Whether each request and each answer is logged on standard error, as a line of JSON."""
    traces: bool = False
    """Whether OpenTelemetry spans are sent by OTLP, as OTEL_* variables say; needs the extra
    `traces`."""

    @field_validator("users")
    @classmethod
    def _lines(cls, users: tuple[str, ...]) -> tuple[str, ...]:
        if not all(map(is_user_line, users)):
            raise ValueError("holds something that is no line of `rag password`; make one with it")
        return users

    @property
    def protected(self) -> bool:
        """Whether anybody is asked for a password or token."""
        return bool(self.users or self.token)


class Settings(_Section):
    """Every setting, by section."""

    index: IndexSettings = IndexSettings()
    embedder: EmbedderSettings = EmbedderSettings()
    llm: LLMSettings = LLMSettings()
    judge: JudgeSettings = JudgeSettings()
    chunking: ChunkingSettings = ChunkingSettings()
    retrieval: RetrievalSettings = RetrievalSettings()
    answer: AnswerSettings = AnswerSettings()
    ingest: IngestSettings = IngestSettings()
    fetch: FetchSettings = FetchSettings()
    chat: ChatSettings = ChatSettings()
    server: ServerSettings = ServerSettings()

    @property
    def answers_at_once(self) -> int:
        """Answers that the server has under way at once."""
        return self.server.max_answers or (32 if self.llm.base_url else 4)

    @property
    def prompt_evidence(self) -> int:
        """Evidence sentences that the model is shown."""
        chosen = self.answer.max_evidence if self.llm.base_url else 2
        return self.llm.max_evidence or chosen

    @classmethod
    def load(
        cls,
        file: Path | None = None,
        environ: Mapping[str, str] | None = None,
        chosen: Mapping[str, Mapping[str, Any]] | None = None,
        **sections: Mapping[str, Any],
    ) -> Settings:
        """Read `rag.toml`, the environment and overrides such as `llm={"model": "…"}`.

        `chosen` stands between the file and the environment: see `read_choices`.

        Raises:
            SettingsError: names the unknown key or the wrong value, and where it was given.
        """
        merged: dict[str, dict[str, Any]] = {}
        origin: dict[tuple[str, ...], str] = {}
        for where, layer in (
            *_toml(file),
            ("chat.toml", {name: dict(keys) for name, keys in (chosen or {}).items()}),
            *_environment(os.environ if environ is None else environ),
            *(("arguments", {name: dict(keys)}) for name, keys in sections.items()),
        ):
            for section, keys in layer.items():
                for key, value in keys.items():
                    merged.setdefault(section, {})[key] = value
                    origin[section, key] = where
        try:
            return cls.model_validate(merged)
        except ValidationError as error:
            raise SettingsError(_explain(error, origin)) from None


def read_choices(file: Path) -> dict[str, dict[str, Any]]:
    """What was chosen on the settings page, by section; empty where nothing was.

    Raises:
        SettingsError: the file is not what the page writes.
    """
    return dict(_toml(file)[0][1]) if file.is_file() else {}


def in_environment(environ: Mapping[str, str] | None = None) -> dict[tuple[str, str], str]:
    """Section and key of each setting that the environment holds, and its variable."""
    found = _environment(os.environ if environ is None else environ)
    return {
        (section, key): name
        for name, layer in found
        for section, keys in layer.items()
        for key in keys
    }


def _toml(file: Path | None) -> list[tuple[str, dict[str, dict[str, Any]]]]:
    path = file or Path("rag.toml")
    if not path.is_file():
        if file is not None:
            raise SettingsError(f"{path}: there is no such settings file")
        return []
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not valid TOML ({error})") from None
    for section, keys in content.items():
        if not isinstance(keys, dict):
            raise SettingsError(f"{path}: {section!r} stands outside a [section]")
    for section, key in (("llm", "api_key"), ("judge", "api_key"), ("server", "token")):
        if key in content.get(section, {}):
            name = f"{PREFIX}{section.upper()}__{key.upper()}"
            raise SettingsError(f"{path}: a key does not belong in a file; set {name}")
    return [(str(path), content)]


def _environment(environ: Mapping[str, str]) -> list[tuple[str, dict[str, dict[str, Any]]]]:
    return [
        (name, {section.lower(): {key.lower(): value}})
        for name, value in environ.items()
        if name.startswith(PREFIX) and "__" in name
        for section, _, key in [name.removeprefix(PREFIX).partition("__")]
    ]


def _explain(error: ValidationError, origin: Mapping[tuple[str, ...], str]) -> str:
    lines = []
    for problem in error.errors():
        path = tuple(str(part) for part in problem["loc"])
        where = origin.get(path[:2]) or next(
            (place for known, place in origin.items() if known[0] == path[0]), "settings"
        )
        unknown = problem["type"] == "extra_forbidden"
        what = "is not a setting; see docs/settings.md" if unknown else problem["msg"]
        lines.append(f"{'.'.join(path[:2])} ({where}): {what}")
    return "; ".join(lines)
