"""Bytes -> text."""

from __future__ import annotations

from rag.errors import CorpusError

SAMPLE = 64 * 1024
"""Bytes that are enough to tell an encoding, or a binary from a text."""
_MAGIC = {
    b"%PDF-": "a PDF",
    b"PK\x03\x04": "a ZIP archive or Office file",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"\x1f\x8b": "a gzip archive",
    b"\x7fELF": "a program",
    b"SQLite format 3": "an SQLite database",
}
_BOMS = {
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
_CONTROLS = bytes(sorted({*range(32), 127} - set(b"\t\n\f\r")))


def decode(data: bytes) -> str:
    """Text from bytes: by byte order mark, else UTF-8, else what the bytes look like.

    Raises:
        CorpusError: the bytes are not text, or their encoding cannot be told.
    """
    encoding = _marked(data)
    if not encoding:
        refuse_binary(data[:SAMPLE])
    try:
        return data.decode(encoding or "utf-8")
    except UnicodeDecodeError:
        if encoding:
            raise CorpusError(f"begins as {encoding} and is not; save it as UTF-8") from None
        return _decode_guessed(data)


def encoding_of(sample: bytes) -> str:
    """The encoding of a text by its first bytes, for reading it piece by piece.

    Raises:
        CorpusError: they are not of a text, or their encoding cannot be told.
    """
    if encoding := _marked(sample):
        return encoding
    refuse_binary(sample)
    for cut in range(4):  # the sample may end inside a character
        try:
            sample[: len(sample) - cut].decode()
        except UnicodeDecodeError:
            continue
        return "utf-8"
    return _guessed(sample)


def _marked(data: bytes) -> str:
    return next((name for bom, name in _BOMS.items() if data.startswith(bom)), "")


def _decode_guessed(data: bytes) -> str:
    encoding = _guessed(data)
    try:
        return data.decode(encoding, "replace" if encoding == "utf-8" else "strict")
    except (UnicodeDecodeError, LookupError):
        raise CorpusError("its encoding cannot be told; save it as UTF-8") from None


def _guessed(data: bytes) -> str:
    """What bytes that are not UTF-8 look like; "utf-8" where a few of them are damaged."""
    from charset_normalizer import from_bytes  # 40 ms, and hardly ever needed

    mended = data.decode("utf-8", "replace")
    beyond_ascii = sum(char > "\x7f" for char in mended)
    if mended.count("\ufffd") * 10 <= beyond_ascii:
        return "utf-8"
    guesses = list(from_bytes(data[:SAMPLE]))
    likeliest = [
        guess.encoding
        for guess in guesses
        if (guess.chaos, guess.coherence) == (guesses[0].chaos, guesses[0].coherence)
    ]
    return "cp1252" if "cp1252" in likeliest else next(iter(likeliest), "utf-8")


def refuse_binary(sample: bytes) -> None:
    """Tell text from the first bytes of a file.

    Raises:
        CorpusError: they are not of a text; the message says of what, where that is known.
    """
    kind = next((name for magic, name in _MAGIC.items() if sample.startswith(magic)), "")
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    if kind or controls * 50 > len(sample) + 50:  # one stray NUL does not make a binary
        raise CorpusError(f"is not text but {kind or 'binary data'}; convert it to text")
