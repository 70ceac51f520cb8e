"""A sentence-transformers model on disk: what its files say, and whether it is safe to load."""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from rag.errors import ModelError
from rag.weights import require_sha256, sha256

_PICKLES = (".bin", ".pt", ".pth", ".pkl", ".ckpt")
_ADAPTER = "adapter_"
"""What the names of files begin with that are read beside a model's own weights."""
_READ = (".json", ".safetensors", ".txt", ".model")
"""The endings of the files that decide which vectors a model gives."""


@dataclass(frozen=True)
class ModelFolder:
    """A model folder.

    Attributes:
        name: what the model is called in messages and in the fingerprint.
        path: the folder that holds `config.json`.
        published: the sha256 that `model.safetensors` must have, or "" where nobody knows one.
        setting: what chose it, for messages.
    """

    name: str
    path: Path
    published: str = ""
    setting: str = "embedder.model"
    _checking: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def check(self) -> None:
        """Refuse what is not a model, would run code of its own, or is not what was published.

        Raises:
            ModelError: says which file, and the remedy.
        """
        if not self.config:
            raise ModelError(
                f"{self.path}: holds no config.json, so it is no model; set {self.setting}"
            )
        self._refuse_code()
        self._refuse_pickles()
        if self.published:
            with self._checking:  # two models may be made of one folder, at the same time
                _ = self._unchanged

    @cached_property
    def _unchanged(self) -> bool:
        require_sha256(self.weights, self.published)
        return True

    @property
    def weights(self) -> Path:
        """Where the encoder's weights lie in the usual layout."""
        return self.path / "model.safetensors"

    @cached_property
    def config(self) -> dict[str, Any]:
        """The encoder's architecture; empty where there is none."""
        return self.json("config.json")

    @cached_property
    def modules(self) -> tuple[str, ...]:
        """The class names of its modules in order, such as Transformer, Pooling, Normalize."""
        return tuple(_class(entry).rpartition(".")[2] for entry in self._entries)

    @cached_property
    def pooling(self) -> str:
        """How tokens become one vector: "mean", "cls", or "own" for whatever else it does."""
        paths = [e.get("path", "") for e in self._entries if _class(e).endswith(".Pooling")]
        if len(paths) != 1:
            return "own"
        stated = self.json(f"{paths[0]}/config.json")
        modes = [key for key, on in stated.items() if key.startswith("pooling_mode_") and on]
        mode = stated.get("pooling_mode") or "".join(modes).removeprefix("pooling_mode_")
        known = {"mean": "mean", "mean_tokens": "mean", "cls": "cls", "cls_token": "cls"}
        return known.get(mode, "own")

    @cached_property
    def sequence_length(self) -> int:
        """The tokens of the longest text that it reads whole, its special tokens included."""
        stated = self.json("sentence_bert_config.json").get("max_seq_length")
        limits = (
            self.json("tokenizer_config.json").get("model_max_length"),
            self.config.get("max_position_embeddings"),
        )
        return int(stated or min((n for n in limits if isinstance(n, int)), default=512))

    @cached_property
    def fingerprint(self) -> str:
        """Names the model and the hash of what it is made of, in words for people.

        The hash is that of the published weights, or else of all files that the vectors depend
        on, which is read from the disk.
        """
        digest = f"sha256:{self.published[:12]}" if self.published else f"files:{self.digest[:12]}"
        return f"{self.name} {digest} {self.pooling}-pool norm {self.sequence_length} tokens"

    @cached_property
    def digest(self) -> str:
        """One sha256 over the names and contents of the files that the vectors depend on."""
        files = sorted(path for path in self._files() if path.suffix in _READ)
        lines = [f"{sha256(path)}  {path.relative_to(self.path).as_posix()}\n" for path in files]
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def json(self, name: str) -> dict[str, Any]:
        """A JSON object of the folder; empty where the file is missing.

        Raises:
            ModelError: the file is there and holds no JSON object.
        """
        content = self._load(name)
        if content is not None and not isinstance(content, dict):
            raise ModelError(f"{self.path / name}: no JSON object; the model folder is damaged")
        return content or {}

    @cached_property
    def _entries(self) -> list[dict[str, Any]]:
        entries = self._load("modules.json") or []
        if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
            raise ModelError(f"{self.path / 'modules.json'}: no list of modules; it is damaged")
        return entries

    def _files(self) -> set[Path]:
        """The files that loading the model may read: those of its modules' folders."""
        folders = {self.path, *(self.path / str(e.get("path", "")) for e in self._entries)}
        if outside := [one for one in folders if not _is_within(one, self.path)]:
            raise ModelError(
                f"{self.path / 'modules.json'}: names {outside[0]}, which is outside of the "
                "model's folder; choose a model whose files lie in one folder"
            )
        return {path for folder in folders for path in folder.glob("*") if path.is_file()}

    def _load(self, name: str) -> Any:
        path = self.path / name
        if not path.is_file():
            return None
        try:
            return json.loads(path.read_bytes())
        except ValueError as error:
            raise ModelError(f"{path}: not valid JSON ({error})") from None

    def _refuse_code(self) -> None:
        foreign = [_class(entry) for entry in self._entries]
        foreign = [name for name in foreign if not name.startswith("sentence_transformers.")]
        for path in sorted(self._files()):
            name = path.relative_to(self.path).as_posix()
            content = self._load(name) if path.match("*config*.json") else None
            if isinstance(content, dict) and "auto_map" in content:
                foreign.append(f"auto_map in {name}")
        if foreign:
            raise ModelError(
                f"{self.setting} {self.name!r} wants to run code of its own ({foreign[0]}), which "
                "Newsdesk never does; choose a model without custom code"
            )

    def _refuse_pickles(self) -> None:
        for path in sorted(self._files()):
            safe = f"{_ADAPTER}*.safetensors" if path.name.startswith(_ADAPTER) else "*.safetensors"
            if path.suffix in _PICKLES and not any(path.parent.glob(safe)):
                raise ModelError(
                    f"{path}: weights in a pickle, which could run any code, are never loaded; "
                    "convert the model to safetensors or choose one that has them"
                )


def _is_within(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())


def _class(entry: dict[str, Any]) -> str:
    return str(entry.get("type", ""))
