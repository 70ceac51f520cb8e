"""The trained reader: what it is given, that its file is the published one, that it can read."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from fakes import HashEmbedder, WordReader
from hypothesis import given
from hypothesis import strategies as st

from rag import evidence, models
from rag.errors import ModelError
from rag.evidence import READ, select, tables
from rag.features import FEATURES, READING
from rag.model_folder import ModelFolder
from rag.paths import shipped
from rag.reader import (
    BEFORE,
    QUESTION,
    SENTENCE,
    TITLE,
    PairReader,
    Told,
    merged,
    paired,
)
from rag.schema import Passage
from rag.settings import Settings
from rag.tokens import tokenizer as read_tokenizer

ASKED = "How much will the fund pay for JSR?"
TOLD = [
    Told("Chips in Japan", "The fund made its offer on Monday.", "JSR makes photoresists."),
    Told("Chips in Japan", "JSR makes photoresists.", "It will pay $6.4 billion for the maker."),
    Told("", "", "Dresden gets a plant in 2027, which the state supports."),
]


TOKENS = read_tokenizer(models._default_embedder().path)


@pytest.fixture(scope="module")
def reader() -> PairReader:
    found = models.reader(Settings.load(environ={}))
    assert isinstance(found, PairReader)
    return found


def test_the_sentence_stands_where_it_is_said_to() -> None:
    for pair, told in zip(paired(TOKENS, ASKED, TOLD), TOLD, strict=True):
        read = TOKENS.decode(pair.ids[pair.start : pair.end], skip_special_tokens=False)
        assert read.split()[0] == told.text.split()[0].lower()
        assert "[SEP]" not in read
        whole = TOKENS.decode(pair.ids, skip_special_tokens=False)
        assert whole.startswith("[CLS] how much will the fund pay for jsr? [SEP]")
        assert whole.endswith("[SEP]")
        assert told.title.lower() in whole
        assert len(pair.segments) == len(pair.ids)
        assert pair.segments == sorted(pair.segments)
        assert pair.segments[pair.start] == 1


@given(st.lists(st.tuples(*[st.text(max_size=400)] * 3), min_size=1, max_size=3), st.text())
def test_no_text_is_too_long_or_too_odd_to_be_read(texts: list[tuple[str, ...]], asked) -> None:
    for pair in paired(TOKENS, asked * 50, [Told(*text) for text in texts]):
        assert len(pair.ids) <= QUESTION + TITLE + BEFORE + SENTENCE + 5
        assert pair.end == len(pair.ids) - 1 >= pair.start


def test_changes_of_low_rank_are_added_and_others_replace() -> None:
    rows = {"a.weight": np.ones((3, 2)), "b.bias": np.zeros(2), "c.weight": np.ones((1, 1))}
    changes = {"a.up": np.full((3, 1), 2.0), "a.down": np.full((1, 2), 5.0), "b.bias": np.ones(2)}
    found = merged(rows, changes)
    assert set(found) == set(rows)
    np.testing.assert_array_equal(found["a.weight"], np.full((3, 2), 11.0))
    np.testing.assert_array_equal(found["b.bias"], np.ones(2))


@pytest.mark.model
def test_a_changed_or_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    learnt = tmp_path / models._READER_FILE
    content = bytearray((shipped("models") / models._READER_FILE).read_bytes())
    content[-1] ^= 1
    learnt.write_bytes(content)
    folder = models._default_embedder()
    for words in (r"reader\.safetensors: sha256 is .* as published", "cannot be read"):
        with pytest.raises(ModelError, match=words):
            PairReader(folder, learnt, models._READER_SHA256).read(ASKED, TOLD)
        learnt.unlink(missing_ok=True)


@pytest.mark.model
def test_another_encoder_is_refused(tmp_path: Path) -> None:
    folder = models._default_embedder()
    copy = Path(shutil.copytree(folder.path, tmp_path / "copy"))
    with (copy / "model.safetensors").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x01")
    learnt = shipped("models") / models._READER_FILE
    with pytest.raises(ModelError, match=r"model\.safetensors: sha256 is"):
        PairReader(
            ModelFolder(folder.name, copy, folder.published), learnt, models._READER_SHA256
        ).read(ASKED, TOLD)


@pytest.mark.model
def test_a_sentence_is_read_the_same_alone_and_among_others(reader: PairReader) -> None:
    together = reader.read(ASKED, TOLD * 5)
    alone = [reader.read(ASKED, [told])[0] for told in TOLD]
    np.testing.assert_allclose(
        [one.odds for one in together], [one.odds for one in alone * 5], atol=0.05
    )
    assert [one.at for one in together] == [one.at for one in alone * 5]
    assert reader.read(ASKED, []) == []


@pytest.mark.model
def test_the_answer_begins_where_it_is_said_to(reader: PairReader) -> None:
    best = max(zip(reader.read(ASKED, TOLD), TOLD, strict=True))
    (_, at, sure), told = best
    assert told.text[at:].startswith(("$6.4 billion", "6.4 billion"))
    assert 0.5 < sure <= 1.0


PASSAGE = Passage(
    rank=1, score=1.0, article_id="a", chunk_id="a:1", start=0, end=200, title="Chips in Japan",
    text="The fund is owned by the state. Rapidus will pay for a plant. JSR is a maker in Japan. "
    "That came to a sum of 6.4 billion dollars.",
)  # fmt: skip


def test_the_reader_sees_what_the_sentence_leans_on() -> None:
    reader = WordReader("sum")
    select(ASKED, (), [PASSAGE], HashEmbedder().embed, 3, reader)
    ((question, told),) = reader.read_of
    assert question == ASKED
    before = {text: before for title, before, text in told if title == "Chips in Japan"}
    assert before["That came to a sum of 6.4 billion dollars."] == "JSR is a maker in Japan. "
    assert before["The fund is owned by the state."] == ""


def test_what_the_reader_finds_comes_first() -> None:
    embed = HashEmbedder().embed
    for word in ("owned", "Rapidus", "maker", "sum"):
        best = select(ASKED, (), [PASSAGE], embed, 3, WordReader(word))[0]
        assert word in best.text
    assert select(ASKED, (), [PASSAGE], embed, 3, WordReader("nowhere"))


def test_the_surer_the_reader_the_likelier_an_answer() -> None:
    embed = HashEmbedder().embed
    likely = [
        select(ASKED, (), [PASSAGE], embed, 1, WordReader("maker", found=found))[0].score
        for found in (8.0, 16.0)
    ]
    assert likely[0] < likely[1]


def test_only_the_best_sentences_are_read_however_many_parts() -> None:
    text = " ".join(f"The fund number {n} will pay {n} yen for JSR." for n in range(40))
    passages = [
        Passage(
            rank=1, score=1.0, article_id="a", chunk_id="a:1", start=0, end=len(text), text=text,
            title="",
        )
    ]  # fmt: skip
    for asked in ([ASKED], [ASKED, "Who pays?", "What is JSR?"]):
        reader = WordReader("40")
        sentences = evidence.sentences_of(passages)
        found = tables(asked, sentences, passages, HashEmbedder().embed, reader)
        assert sum(len(told) for _, told in reader.read_of) <= READ
        assert [len(table) for _, table in found] == [len(told) for _, told in reader.read_of]
        for _, table in found:
            assert table.shape[1] == len(FEATURES)
            assert table[:, READING].all()


def test_the_reader_can_be_switched_off() -> None:
    assert models.reader(Settings.load(environ={}, answer={"reader": False})) is None
