"""Article -> chunks: whole sentences, exact offsets, deterministic ids, sized in tokens."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import blake2b
from itertools import accumulate, groupby, pairwise
from operator import itemgetter
from typing import NamedTuple

from rag.dates import written_day
from rag.schema import Article, Chunk
from rag.sentences import sentence_spans
from rag.settings import ChunkingSettings

TokenCounter = Callable[[Sequence[str]], list[int]]
"""How many tokens each text has for the embedder, special tokens left out."""

_CHARS_PER_TOKEN = 16
"""No stretch is counted as fewer tokens than one per this many characters: WordPiece calls a word
of any length one unknown token, and a chunk must not grow with it."""
_HEADING = re.compile(r"[ \t]{0,3}(#{1,6})[ \t]+(.*?)[ \t#]*$")
_LIST = re.compile(r"[ \t]{0,8}(?:[-*+•▪◦]|\d{1,3}[.)])[ \t]")
_GAP = "\n\n"
"""Between a header and the text below it."""
_WORD = re.compile(r"\S+")
_JOINER = "\u200d"
_EMOJI_TONES = "🏻🏼🏽🏾🏿"
_TITLE_LIKE = re.compile(r"[^\n]{1,80}(?<![.!?:;,…\"'”’])")


class _Piece(NamedTuple):
    start: int
    end: int
    tokens: int
    slack: int = 0
    """How many more tokens it may have, where `tokens` is the sum of its words'."""


class _Section(NamedTuple):
    """The sentences below one heading, that heading's own line included."""

    header: str
    spans: list[tuple[int, int]]


def split(article: Article, tokens: TokenCounter, settings: ChunkingSettings) -> list[Chunk]:
    """Cut an article into chunks of at most `settings.size` tokens, header included.

    Sentences are packed greedily and never across a Markdown heading; a heading goes with the text
    after it. Lists and block quotes stay whole where they fit. Up to `settings.overlap` tokens of
    whole sentences are repeated at the start of the next chunk of a section. A sentence that is
    too long is cut between words, and a word that is too long between characters.

    Every chunk is `article.text[start:end]` and begins and ends with a character that is not white
    space; each such character of the article is in at least one chunk. Chunks are in order of
    `start`; an empty article has none.

    Args:
        article: a cleaned article.
        tokens: counts tokens the way the embedder does.
        settings: sizes; `size` must not exceed what the embedder reads.
    """
    sections = _sections(article, _fitting_headers(tokens, settings.size // 3))
    spans = [span for section in sections for span in section.spans]
    counts = iter(_weigh(tokens, [article.text[start:end] for start, end in spans]))
    used = tokens([section.header for section in sections])
    return [
        _chunk(article, section.header, span)
        for section, header_tokens in zip(sections, used, strict=True)
        for pieces in [[_Piece(*span, next(counts)) for span in section.spans]]
        for span in _fitting(article.text, section, pieces, tokens, settings, header_tokens)
    ]


def embedded_text(chunk: Chunk) -> str:
    """What is embedded and searched for a chunk: its header above its text."""
    return f"{chunk.header}{_GAP}{chunk.text}" if chunk.header else chunk.text


def _chunk(article: Article, header: str, span: tuple[int, int]) -> Chunk:
    start, end = span
    text = article.text[start:end]
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return Chunk(
        chunk_id=f"{article.article_id}:{start}:{digest}",
        article_id=article.article_id,
        start=start,
        end=end,
        text=text,
        header=header,
    )


def _sections(article: Article, fit: Callable[[str], str]) -> list[_Section]:
    """Runs of sentences between headings; headings without text of their own join the next."""
    sections, path, open_heading = list[_Section](), dict[int, str](), False
    for start, end in sentence_spans(article.text):
        heading = _heading_at(article.text, start, end)
        if heading:
            level, words = heading
            path = {**{above: path[above] for above in path if above < level}, level: words}
        if heading or not sections:
            header = fit(_header(article, list(path.values())))
            earlier = sections.pop().spans if open_heading else []
            sections.append(_Section(header, earlier))
        sections[-1].spans.append((start, end))
        open_heading = heading is not None
    return sections


def _heading_at(text: str, start: int, end: int) -> tuple[int, str] | None:
    match = _HEADING.fullmatch(text[start:end])
    return (len(match[1]), match[2]) if match and _line_start(text, start) else None


def _header(article: Article, path: Sequence[str]) -> str:
    day = article.published_day
    origin = ", ".join(filter(None, (article.publisher, written_day(day) if day else "")))
    heading = " > ".join(words for words in path if words and words != article.title)
    lines = (" ".join(line.split()) for line in (article.title, origin, heading))
    return "\n".join(filter(None, lines))


def _fitting_headers(tokens: TokenCounter, limit: int) -> Callable[[str], str]:
    """A function that drops words from the end of a header until it has at most `limit` tokens."""

    def fit(header: str) -> str:
        if not header or _weigh(tokens, [header])[0] <= limit:
            return header
        words = list(_WORD.finditer(header))
        totals = accumulate(_weigh(tokens, [word[0] for word in words]))
        kept = sum(total <= limit for total in totals)
        return header[: words[kept - 1].end()] if kept else ""

    return fit


def _weigh(tokens: TokenCounter, texts: Sequence[str]) -> list[int]:
    counts = tokens(texts) if texts else []
    return [
        max(1, count, len(text) // _CHARS_PER_TOKEN)
        for count, text in zip(counts, texts, strict=True)
    ]


def _fitting(
    text: str,
    section: _Section,
    pieces: Sequence[_Piece],
    tokens: TokenCounter,
    settings: ChunkingSettings,
    header_tokens: int,
) -> list[tuple[int, int]]:
    """The chunks of a section, checked with their headers as they will be embedded.

    Tokens of sentences add up exactly for WordPiece; for other tokenizers a chunk may have a few
    more, and the section is packed again with that much less room.
    """
    room = settings.size - header_tokens
    above = f"{section.header}{_GAP}" if section.header else ""
    while True:
        small = [part for piece in pieces for part in _parts(text, piece, tokens, room)]
        chunks = list(_pack(_units(text, small, room), room, settings.overlap))
        spans = [(chunk[0].start, chunk[-1].end) for chunk in chunks]
        close = [
            span
            for span, chunk in zip(spans, chunks, strict=True)
            if _total(chunk) + _slack(chunk) + len(_GAP) > room
        ]
        sizes = tokens([above + text[start:end] for start, end in close]) if close else []
        excess = max(sizes, default=0) - settings.size
        if excess <= 0 or room == 1:
            return spans
        room = max(1, room - excess)


def _slack(chunk: Sequence[_Piece]) -> int:
    """How many more tokens pieces have together if each join and space between them is one."""
    between = sum(following.start - piece.end for piece, following in pairwise(chunk))
    return between + len(chunk) + sum(piece.slack for piece in chunk)


def _pack(units: Iterable[Sequence[_Piece]], room: int, overlap: int = 0) -> Iterator[list[_Piece]]:
    current, total = list[_Piece](), 0
    for unit in units:
        needed = _total(unit)
        if current and total + needed > room:
            yield current
            current = _tail(current, min(overlap, room - needed))
            total = _total(current)
        current = [*current, *unit]
        total += needed
    if current:
        yield current


def _tail(pieces: Sequence[_Piece], limit: int) -> list[_Piece]:
    totals = accumulate(piece.tokens for piece in reversed(pieces))
    kept = sum(total <= limit for total in totals)
    return list(pieces[len(pieces) - kept :])


def _total(pieces: Iterable[_Piece]) -> int:
    return sum(piece.tokens for piece in pieces)


def _units(text: str, pieces: Sequence[_Piece], room: int) -> Iterator[list[_Piece]]:
    """Pieces that stay together because they fit: a list, a quote, a title and what it is above."""
    held = list[_Piece]()
    for block in _blocks(text, pieces):
        if _total(held) + _total(block) <= room:
            parts = [held + block]
        elif held and _total(held) + block[0].tokens <= room:
            parts = [[*held, block[0]], *([piece] for piece in block[1:])]
        else:
            parts = [held, *([piece] for piece in block)]
        held = parts.pop() if _is_title(text, parts[-1][-1]) else []
        yield from filter(None, parts)
    if held:
        yield held


def _blocks(text: str, pieces: Sequence[_Piece]) -> Iterator[list[_Piece]]:
    first = pieces[0].start
    starts = _list_and_quote_starts(text[first : pieces[-1].end])
    numbers = [bisect_right(starts, (piece.start - first, True)) for piece in pieces]
    for number, group in groupby(zip(numbers, pieces, strict=True), itemgetter(0)):
        block = [piece for _, piece in group]
        inside = number > 0 and starts[number - 1][1]
        yield from [block] if inside else ([piece] for piece in block)


def _list_and_quote_starts(text: str) -> list[tuple[int, bool]]:
    """Offsets where a list or block quote begins (True) or something else does (False)."""
    marks, offset, current = list[tuple[int, bool]](), 0, ""
    for line in text.splitlines(keepends=True):
        kind = _kind(line, current)
        if kind != current:
            marks.append((offset, kind != ""))
        offset, current = offset + len(line), kind
    return marks


def _kind(line: str, current: str) -> str:
    if _LIST.match(line):
        return "list"
    if line.lstrip().startswith(">"):
        return "quote"
    return "list" if current == "list" and line[:2].isspace() else ""


def _is_title(text: str, piece: _Piece) -> bool:
    """Whether a piece is a short line of its own without a full stop, not in a list or quote."""
    line = text[piece.start : piece.end]
    alone = _line_start(text, piece.start) and text[piece.end : piece.end + 1] in {"\n", "\r"}
    return alone and bool(_TITLE_LIKE.fullmatch(line)) and not _kind(line, "")


def _line_start(text: str, place: int) -> bool:
    """Whether only white space stands before a place on its line."""
    before = text[max(0, place - 80) : place].rstrip(" \t")
    return not before or before[-1] in "\n\r"


def _parts(text: str, piece: _Piece, tokens: TokenCounter, room: int) -> list[_Piece]:
    """The piece itself where it fits, else parts of it that do, cut between words."""
    if piece.tokens <= room:
        return [piece]
    words = [match.span() for match in _WORD.finditer(text, piece.start, piece.end)]
    counts = _weigh(tokens, [text[start:end] for start, end in words])
    small = [
        [part]
        for (start, end), count in zip(words, counts, strict=True)
        for part in _shares(text, _Piece(start, end, count), tokens, room)
    ]
    return [
        _Piece(part[0].start, part[-1].end, _total(part), _slack(part))
        for part in _pack(small, room)
    ]


def _shares(text: str, word: _Piece, tokens: TokenCounter, room: int) -> Iterator[_Piece]:
    """A word in equal shares that fit, cut between characters as a reader sees them."""
    if word.tokens <= room or word.end - word.start == 1:
        yield word
        return
    number = min(word.end - word.start, -(-word.tokens // room))
    even = [word.start + (word.end - word.start) * place // number for place in range(number + 1)]
    edges = sorted({_before_marks(text, word.start, edge) for edge in even[:-1]} | {word.end})
    if len(edges) == 2:  # nothing but marks on one letter
        edges = even
    counts = _weigh(tokens, [text[start:end] for start, end in pairwise(edges)])
    for (start, end), count in zip(pairwise(edges), counts, strict=True):
        yield from _shares(text, _Piece(start, end, count), tokens, room)


def _before_marks(text: str, start: int, place: int) -> int:
    """The nearest place at or before `place` that does not part a letter from its marks."""
    while place > start and (
        unicodedata.category(text[place]).startswith("M")
        or _JOINER in text[place - 1 : place + 1]
        or text[place] in _EMOJI_TONES
    ):
        place -= 1
    return place
