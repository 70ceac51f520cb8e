"""A text is embedded once while it is remembered, and its vector is the same."""

import numpy as np
from fakes import HashEmbedder

from rag.remembered import LONGEST, Remembered


def test_vectors_are_those_of_the_embedder_in_the_order_asked():
    embedder = HashEmbedder()
    embed = Remembered(embedder.embed)
    embed(["a b", "c d"])
    texts = ["c d", "e f", "a b", "e f"]
    np.testing.assert_array_equal(embed(texts), HashEmbedder().embed(texts))
    assert embedder.embedded == 3
    assert embed([]).shape == (0, embedder.dimensions)


def test_what_was_used_last_is_kept():
    embedder = HashEmbedder()
    embed = Remembered(embedder.embed, most=2)
    for text in ("a", "b", "a", "c", "a"):
        embed([text])
    assert embedder.embedded == 3
    embed(["b"])
    assert embedder.embedded == 4


def test_a_long_text_is_not_kept_nor_is_a_batch_held_by_one_of_its_rows():
    embedder = HashEmbedder()
    embed = Remembered(embedder.embed)
    long = "x " * LONGEST
    embed([long, "a"])
    embed([long])
    assert embedder.embedded == 3
    assert embed._known["a"].base is None
