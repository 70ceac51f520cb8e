"""The articles that the cases of a set ask about: their file, their index, what they lack."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rag.errors import CorpusError, IndexMissing
from rag.evaluate.cases import Dataset, EvidenceQuote
from rag.schema import Article
from rag.settings import Settings


def save_articles(articles: Iterable[Article], path: Path) -> None:
    """Write articles as JSONL, one `Article.to_dict()` a line; `ingestible` reads them back."""
    with path.open("w", encoding="utf-8") as file:
        for article in articles:
            file.write(json.dumps(article.to_dict(), ensure_ascii=False) + "\n")


def ingestible(corpus: Path) -> Iterator[Article] | Path:
    """What to ingest of a corpus: articles as they stand, or the path for files of other kinds.

    The articles of a file by `save_articles` keep their text to the character, so that quotes and
    places of cases hold in it; anything else is read and cleaned as by `rag ingest`.

    Raises:
        CorpusError: there is nothing at the path.
    """
    return _articles(corpus) if _is_ours(corpus) else corpus


def index_folder(corpus: Path, beside: Path, settings: Settings) -> Path:
    """Where the index of a corpus is kept: another folder for other articles or settings."""
    made_of = [settings.embedder, settings.chunking, settings.ingest]
    content = _digest(corpus) if corpus.is_file() else str(corpus.resolve())
    said = json.dumps([content, *(part.model_dump(mode="json") for part in made_of)])
    return beside / f"corpus-{corpus.stem}-{hashlib.sha256(said.encode()).hexdigest()[:8]}"


def missing_evidence(dataset: Dataset, article: Callable[[str], Article]) -> list[str]:
    """What is wrong with the evidence of a set: unknown articles, and quotes not in their text.

    Args:
        dataset: the set to look over.
        article: gives the stored article of an id, and raises IndexMissing where there is none.

    Returns:
        One line a problem, naming the case; empty when every quote stands in its article.
    """
    problems = []
    for case in dataset.cases:
        for item in case.evidence:
            try:
                text = article(item.article_id).text
            except IndexMissing:
                problems.append(f"{case.id}: there is no article {item.article_id!r}")
                continue
            if not _stands(item, text):
                problems.append(f"{case.id}: {item.article_id!r} does not hold {item.quote!r}")
    return problems


def _stands(item: EvidenceQuote, text: str) -> bool:
    return item.quote in text if item.start is None else text.startswith(item.quote, item.start)


def _is_ours(corpus: Path) -> bool:
    if not corpus.exists():
        raise CorpusError(f"{corpus}: there is no such file or folder")
    if corpus.is_dir() or corpus.suffix != ".jsonl":
        return False
    with corpus.open("rb") as file:
        return b'"article_id"' in file.readline()


def _articles(corpus: Path) -> Iterator[Article]:
    with corpus.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            try:
                yield _article(json.loads(line))
            except (ValueError, TypeError, KeyError) as error:
                raise CorpusError(
                    f"{corpus}:{number}: not an article as `rag eval import` writes them ({error})"
                ) from None


def _article(line: Mapping[str, Any]) -> Article:
    several = {name: tuple(line[name]) for name in ("topics", "captions") if name in line}
    return Article(**{**line, **several})


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
