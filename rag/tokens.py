"""A model's tokenizer, and how many tokens texts have for it, counted at little cost."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import ModelError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_REMEMBERED = 200_000
"""Words that are remembered, some 20 MB; then the memory starts anew."""
_ODD_SPACE = re.compile(r"[\x0b\x0c\x1c-\x1f\x85]")
"""White space for Python that BERT takes for control characters, and takes out."""


def tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer of a model folder, which neither pads nor cuts.

    Raises:
        ModelError: `tokenizer.json` cannot be read.
    """
    from tokenizers import Tokenizer

    path = folder / "tokenizer.json"
    try:
        found = Tokenizer.from_str(path.read_text(encoding="utf-8"))
    except Exception as error:  # noqa: BLE001  # tokenizers raises nothing narrower
        words = " ".join(str(error).split())[:200]
        raise ModelError(f"{path}: not a tokenizer ({words})") from None
    found.no_padding()
    found.no_truncation()
    return found


def encodable(text: str) -> str:
    """The text with lone surrogates, which no tokenizer takes, replaced by question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")


class TokenCounts:
    """Counts tokens, special ones left out; safe to share between threads.

    BERT's tokenizer cuts at white space before anything else, so that a text has the tokens of its
    words. Most words come again and again: each is tokenized once and then remembered. For other
    tokenizers every text is tokenized whole.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        """Take a tokenizer that neither pads nor cuts."""
        from tokenizers.normalizers import BertNormalizer
        from tokenizers.pre_tokenizers import BertPreTokenizer

        self._tokenizer = tokenizer
        self._by_word = isinstance(tokenizer.pre_tokenizer, BertPreTokenizer) and isinstance(
            tokenizer.normalizer, BertNormalizer
        )
        self._known: dict[str, int] = {}
        self._lock = threading.Lock()

    def __call__(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text."""
        if not self._by_word or any(map(_ODD_SPACE.search, texts)):
            return self._whole(texts)
        split = [text.split() for text in texts]
        with self._lock:
            if len(self._known) > _REMEMBERED:
                self._known.clear()
            fresh = list({word for words in split for word in words}.difference(self._known))
            if fresh:
                self._known.update(zip(fresh, self._whole(fresh), strict=True))
            return [sum(map(self._known.__getitem__, words)) for words in split]

    def _whole(self, texts: Sequence[str]) -> list[int]:
        encodings = self._tokenizer.encode_batch_fast(
            [encodable(text) for text in texts], add_special_tokens=False
        )
        return [len(encoding.ids) for encoding in encodings]
