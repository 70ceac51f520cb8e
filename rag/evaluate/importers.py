"""Public data sets -> articles and cases, at run time; none of their text belongs in this project.

Each function takes paths and returns `(articles, Dataset)`. The articles carry the set's own ids,
which the evidence of the cases names; ingest them into an index of their own.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rag.errors import CorpusError
from rag.evaluate.cases import Case, Dataset, EvidenceQuote
from rag.evaluate.metrics import PairFigures, pair_figures
from rag.schema import Article, Filters, Progress, Verification

Imported = tuple[list[Article], Dataset]


def multihop_rag(folder: Path) -> Imported:
    """MultiHop-RAG as `corpus.jsonl` and `queries.jsonl`; null questions have no answer.

    Tags are the question's type, and `partial` where some of its evidence is not in the corpus:
    such a question may not be answerable, and only its retrieval figures mean something.

    Raises:
        CorpusError: a file or a field is missing; names file and line.
    """
    articles = [_article(line) for line in _lines(folder / "corpus.jsonl", "_id", "text")]
    queries = _lines(folder / "queries.jsonl", "_id", "text", "answer", "evidence")
    return articles, Dataset("multihop-rag", tuple(_multihop_case(line) for line in queries))


def _multihop_case(line: Mapping[str, Any]) -> Case:
    facts = [(item.get("article"), item.get("fact")) for item in line["evidence"]]
    if not all(article and fact for article, fact in facts):
        raise CorpusError(f"{line['_id']}: each evidence needs an article and a fact")
    evidence = tuple(EvidenceQuote(article, fact) for article, fact in facts)
    tags = [str(line.get("type") or "question")]
    if len(evidence) < line.get("evidence_total", len(evidence)):
        tags.append("partial")
    answer = line["answer"]
    return Case(
        id=line["_id"], question=line["text"], answer=answer, evidence=evidence, tags=tuple(tags)
    )


def beir(folder: Path, split: str = "test") -> Imported:
    """A BEIR folder, SciFact among them: `corpus.jsonl`, `queries.jsonl` and the judgements.

    Judgements are read from `qrels/<split>.tsv`, or `qrels.tsv` where there is no such file;
    grades above 0 count as relevant, all alike. Queries without one are left out. No answers
    are on record, so run it with `answer=False`.

    Raises:
        CorpusError: a file or a field is missing; names file and line.
    """
    articles = [_article(line) for line in _lines(folder / "corpus.jsonl", "_id", "text")]
    relevant = _judgements(folder, split)
    cases = tuple(
        Case(
            id=str(line["_id"]),
            question=line["text"],
            answer=(),
            evidence=tuple(EvidenceQuote(name) for name in relevant[str(line["_id"])]),
        )
        for line in _lines(folder / "queries.jsonl", "_id", "text")
        if str(line["_id"]) in relevant
    )
    return articles, Dataset(folder.resolve().name, cases)


def _judgements(folder: Path, split: str) -> dict[str, list[str]]:
    file = folder / "qrels" / f"{split}.tsv"
    file = file if file.is_file() else folder / "qrels.tsv"
    relevant: dict[str, list[str]] = {}
    for number, row in enumerate(csv.reader(_open(file).splitlines(), delimiter="\t"), start=1):
        if number == 1 and not row[-1].isdigit():
            continue
        if len(row) != 3 or not row[2].strip().isdigit():
            raise CorpusError(f"{file}:{number}: not 'query-id, corpus-id, score'")
        if int(row[2]) > 0:
            relevant.setdefault(row[0], []).append(row[1])
    return relevant


def squad2(file: Path, *, closed: bool = False) -> Imported:
    """SQuAD 2.0 questions, one a line, each with its paragraph: every paragraph is an article.

    Without `answers` a question has no answer in its paragraph, which does not mean that no other
    paragraph answers it; with `closed` each question may search its own paragraph only.

    Raises:
        CorpusError: the file or a field is missing; names file and line.
    """
    articles: dict[str, Article] = {}
    cases = []
    for line in _lines(file, "_id", "article", "paragraph", "context", "question", "answers"):
        name = f"{line['article']}-{line['paragraph']}"
        title = line["article"].replace("_", " ")
        articles[name] = Article(article_id=name, title=title, text=line["context"])
        answers = tuple(line["answers"])
        cases.append(
            Case(
                id=line["_id"],
                question=line["question"],
                answer=(answers,) if answers else None,
                evidence=(EvidenceQuote(name, max(answers, key=len)),) if answers else (),
                filters=Filters(article_ids=(name,)) if closed else None,
            )
        )
    return list(articles.values()), Dataset("squad2", tuple(cases))


# Pairs of texts for `verify` ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two summaries of one article that differ in one edit, of which one is unfaithful."""

    id: str
    article_id: str
    faithful: str
    unfaithful: str
    error_type: str = ""
    scores: dict[str, float] = field(default_factory=dict)
    """What published metrics gave: `<metric>_reference` to the faithful, `<metric>_edited`."""


def bump(file: Path) -> tuple[list[Article], tuple[Pair, ...]]:
    """BUMP's pairs (Ma et al., ACL 2023), one a line, with their articles.

    Raises:
        CorpusError: the file or a field is missing; names file and line.
    """
    articles: dict[str, Article] = {}
    pairs = []
    for line in _lines(file, "_id", "article_id", "article", "faithful", "unfaithful"):
        name = str(line["article_id"])
        articles[name] = Article(article_id=name, text=line["article"])
        pairs.append(
            Pair(
                id=line["_id"],
                article_id=name,
                faithful=line["faithful"],
                unfaithful=line["unfaithful"],
                error_type=line.get("error_type") or "",
                scores=line.get("scores") or {},
            )
        )
    return list(articles.values()), tuple(pairs)


def judge_pairs(
    articles: list[Article],
    pairs: tuple[Pair, ...],
    verify: Callable[[str, list[str]], Verification],
    progress: Callable[[Progress], None] | None = None,
) -> dict[str, PairFigures]:
    """How well a verifier's score tells the pairs apart: under "all", and by type of error.

    Raises:
        ValueError: there are no pairs.
        RagError: as the verifier does.
    """
    texts = {article.article_id: article.text for article in articles}
    groups: dict[str, list[tuple[float, float]]] = {"all": []}
    for done, pair in enumerate(pairs, start=1):
        source = [texts[pair.article_id]]
        scores = (verify(pair.faithful, source).score, verify(pair.unfaithful, source).score)
        groups["all"].append(scores)
        groups.setdefault(pair.error_type or "unknown", []).append(scores)
        if progress:
            progress(Progress(stage="pairs", done=done, total=len(pairs)))
    return {name: pair_figures(group) for name, group in groups.items()}


# Files -------------------------------------------------------------------------------------------


def _article(line: Mapping[str, Any]) -> Article:
    facts = {**line, **(line.get("metadata") or {})}
    return Article(
        article_id=str(line["_id"]),
        text=line["text"],
        title=facts.get("title") or "",
        publisher=facts.get("publisher") or "",
        author=facts.get("author") or "",
        published=facts.get("published") or None,
        url=facts.get("url") or "",
        topics=(facts["category"],) if facts.get("category") else (),
    )


def _open(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"{file}: cannot be read as UTF-8 text ({error})") from None


def _lines(file: Path, *fields: str) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(_open(file).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            raise CorpusError(f"{file}:{number}: not valid JSON ({error})") from None
        missing = [name for name in fields if not isinstance(value, dict) or name not in value]
        if missing:
            raise CorpusError(f"{file}:{number}: lacks {', '.join(missing)}")
        yield value
