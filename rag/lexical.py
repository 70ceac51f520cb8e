"""The lexical index of a generation: BM25 over stemmed words, by tantivy.

A chunk's header and text are one field: as fields of their own, short headers made every word in
them weigh several times what it does in the text. The words of a query are analysed as the text was
and become term queries; query text is never parsed, so that its quotes, colons and stars mean
nothing. Words such as "what" and "of" are searched for only where a query has no others.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rag.notes.months import month_number, months
from rag.rows import ChunkRow, Keys, day_number, publisher_key
from rag.schema import Filters
from rag.words import FUNCTION_WORDS

if TYPE_CHECKING:
    from tantivy import Query, Schema, TextAnalyzer

NOTE_BOOST = 0.3
"""A word of a note on what "Monday" or "he" means: a reading of the text, and not the text."""
MAX_WORDS = 256
"""Distinct words of a query that are searched. A question has far fewer; a pasted page has more,
and each one costs time."""
_HEAP = 64_000_000
"""Bytes that the writer collects before it writes a segment."""
_ANALYZER = "newsdesk"
_WORD = re.compile(r"[^\W_]+")
_GRAMMAR = frozenset(_WORD.findall(" ".join(FUNCTION_WORDS))) | {"s"}
_NAMES = frozenset({"May", "Will"})
_LONGEST_WORD = 40
"""Characters; longer ones are addresses and encodings, as in tantivy's own default."""


def write(folder: Path, rows: Iterable[tuple[ChunkRow, int | None]]) -> None:
    """Write a lexical index into an empty folder.

    Args:
        folder: where; it must exist.
        rows: chunks, each with the day number of its article, None when unknown.
    """
    import tantivy

    index = tantivy.Index(_schema(), path=str(folder))
    index.register_tokenizer(_ANALYZER, _analyzer())
    # One thread, one commit: the same rows always give the same order of equal scores.
    writer = index.writer(_HEAP, 1)
    for row, day in rows:
        document = tantivy.Document()
        document.add_integer("key", row.chunk_key)
        document.add_text("text", f"{row.header}\n\n{row.text}")
        document.add_text("notes", "; ".join(dict.fromkeys(note.meaning for note in row.notes)))
        document.add_text("publisher", publisher_key(row.publisher))
        document.add_text("article_id", row.article_id)
        for month in months([row.text, *(note.meaning for note in row.notes)]):
            document.add_integer("month", month)
        if day is not None:  # without a day, a document is outside every range
            document.add_integer("day", day)
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()


class Lexical:
    """A lexical index opened for searching; immutable and thread-safe."""

    def __init__(self, folder: Path) -> None:
        import tantivy

        # tantivy maps its files into memory and writes lock files beside them. Of a private copy,
        # which is gone as soon as it is mapped, nobody can change a byte under a running reader
        # (a file that shrinks would kill it), and the index folder may be read-only.
        private = Path(tempfile.mkdtemp(prefix="newsdesk-"))
        try:
            for path in folder.iterdir():
                shutil.copyfile(path, private / path.name)
            self._index = tantivy.Index.open(str(private))
            self._index.register_tokenizer(_ANALYZER, _analyzer())
            self._searcher = self._index.searcher()
        finally:
            _remove(private)

    @property
    def chunks(self) -> int:
        """How many chunks are indexed."""
        return int(self._searcher.num_docs)

    def search(self, query: str, depth: int, filters: Filters | None) -> list[tuple[int, float]]:
        """The best `depth` chunks that share a word with the query, best first.

        Args:
            query: any text.
            depth: how many at most.
            filters: applied inside the search.

        Returns:
            Chunk keys with BM25 scores above 0; equal scores in the order of their keys.
        """
        words = query_words(query)
        if not words or depth < 1:
            return []
        found = self._searcher.search(self._query(words, filters), depth, count=False).hits
        addresses = [address for _, address in found]
        keys = self._searcher.fast_field_values("key", addresses)
        hits = [
            (int(key), float(score))
            for key, (score, _) in zip(keys, found, strict=True)
            if key is not None and score > 0
        ]
        return sorted(hits, key=lambda hit: (-hit[1], hit[0]))

    def passing(self, filters: Filters) -> Keys:
        """The keys of all chunks that filters let through, ascending."""
        from tantivy import Occur, Query

        barred = [(Occur.Must, one) for one in _restrictions(self._index.schema, filters)]
        found = self._searcher.search(Query.boolean_query(barred), max(1, self.chunks), count=False)
        keys = self._searcher.fast_field_values("key", [address for _, address in found.hits])
        return np.sort(np.array(keys, dtype=np.int64))

    def _query(self, words: list[str], filters: Filters | None) -> Query:
        from tantivy import Occur, Query

        schema = self._index.schema
        boosts = {"text": 1.0, "notes": NOTE_BOOST}
        asked = Query.boolean_query(
            [
                (Occur.Should, Query.boost_query(Query.term_query(schema, field, word), boost))
                for word in words
                for field, boost in boosts.items()
            ]
        )
        if not filters:
            return asked
        barred = [Query.const_score_query(one, 0.0) for one in _restrictions(schema, filters)]
        return Query.boolean_query([(Occur.Must, query) for query in (asked, *barred)])


def query_words(query: str) -> list[str]:
    """The stems that a query is searched for, each once, at most `MAX_WORDS`.

    Function words are among them only where it has no others.
    """
    words = _WORD.findall(query)
    telling = [word for place, word in enumerate(words) if _tells(word, place)]
    stems: list[str] = _query_analyzer().analyze(" ".join(telling or words))
    return list(dict.fromkeys(stems))[:MAX_WORDS]


def _tells(word: str, place: int) -> bool:
    """Whether a word is more than grammar: "US", "WHO" and "in May" are, "us", "who", "may" not."""
    shouted = len(word) > 1 and word.isupper()
    return word.lower() not in _GRAMMAR or shouted or (place > 0 and word in _NAMES)


@cache
def _query_analyzer() -> TextAnalyzer:
    return _analyzer()


def _remove(folder: Path) -> None:
    # A thread of tantivy's looks at a new index once and may put its lock file back meanwhile.
    for _ in range(50):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.01)


def _schema() -> Schema:
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("key", stored=True, indexed=True, fast=True)
    builder.add_integer_field("day", indexed=True, fast=True)
    builder.add_integer_field("month", indexed=True, fast=True)
    for name in ("text", "notes"):
        builder.add_text_field(name, tokenizer_name=_ANALYZER, index_option="freq")
    for name in ("publisher", "article_id"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    return builder.build()


def _analyzer() -> TextAnalyzer:
    from tantivy import Filter, TextAnalyzerBuilder, Tokenizer

    return (
        TextAnalyzerBuilder(Tokenizer.simple())
        .filter(Filter.remove_long(_LONGEST_WORD))
        .filter(Filter.lowercase())
        .filter(Filter.ascii_fold())
        .filter(Filter.stemmer("english"))
        .build()
    )


def _restrictions(schema: Schema, filters: Filters) -> list[Query]:
    from tantivy import FieldType, Query

    found: list[Any] = []
    first_month, last_month = (day and month_number(day) for day in filters.about)
    ranges = {
        "day": (day_number(filters.first_day), day_number(filters.last_day)),
        "month": (first_month, last_month),
    }
    for field, ends in ranges.items():
        if any(end is not None for end in ends):
            found.append(Query.range_query(schema, field, FieldType.Integer, *ends))
    if filters.publishers:
        names = [publisher_key(name) for name in filters.publishers]
        found.append(Query.term_set_query(schema, "publisher", names))
    if filters.article_ids:
        found.append(Query.term_set_query(schema, "article_id", list(filters.article_ids)))
    return found
