"""The notes of an article, and which of its chunks they stand beside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rag.notes.speakers import speaker_notes
from rag.notes.when import time_notes
from rag.schema import Article, Chunk, Note

_LONGEST = 100_000
"""Characters of an article that is looked at; longer texts are no news stories, and take long."""


def notes(article: Article) -> tuple[Note, ...]:
    """What the times that lean on the publication date mean, and who speaks, by place."""
    text = article.text[:_LONGEST]
    times = [
        Note(start=note.start, end=note.end, meaning=note.meaning)
        for note in (time_notes(text, article.published) if article.published else ())
        if note.relative  # without a day of publication, none is
    ]
    speakers = [
        Note(start=n.start, end=n.end, meaning=n.who if n.sure else f"perhaps {n.who}")
        for n in speaker_notes(text)
    ]
    return tuple(sorted((*times, *speakers), key=lambda note: (note.start, note.end)))


def noted(article: Article, chunks: Sequence[Chunk]) -> list[Chunk]:
    """The chunks, each with the notes on its words."""
    found = notes(article)
    return [
        replace(
            chunk,
            notes=tuple(n for n in found if chunk.start <= n.start and n.end <= chunk.end),
        )
        for chunk in chunks
    ]
