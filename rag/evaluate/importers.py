"""Data sets in folders -> articles and cases; none of their text belongs in this project.

Each function takes a path and returns `(articles, Dataset)`. The articles carry the set's own ids,
which the evidence of the cases names; ingest them into an index of their own. layouts.py tells
which one fits a path.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rag.errors import CorpusError
from rag.evaluate.cases import Case, Dataset, EvidenceQuote
from rag.schema import Article

Imported = tuple[list[Article], Dataset]

PUBLISHED = "MultiHopRAG.json"
QUESTIONS = ("questions.csv", "questions_df.csv")
_GRADE = re.compile(r"-?\d+")


def multihop_rag(folder: Path) -> Imported:
    """MultiHop-RAG as `corpus.jsonl` and `queries.jsonl`; null questions have no answer.

    The files as published, `corpus.json` and `MultiHopRAG.json`, are read too. Tags
    are the question's type, and `partial` where some of its evidence is not in the corpus: such a
    question may not be answerable, and only its retrieval figures mean something.

    Raises:
        CorpusError: a file or a field is missing; names file and line.
    """
    if (folder / PUBLISHED).is_file():
        return _published(folder)
    articles = [_article(line) for line in lines(folder / "corpus.jsonl", "_id", "text")]
    queries = lines(folder / "queries.jsonl", "_id", "text", "answer", "evidence")
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


def _published(folder: Path) -> Imported:
    """The files of the authors: articles have no ids, and evidence names them by address."""
    ids: dict[str, str] = {}
    articles = []
    for number, line in enumerate(objects(folder / "corpus.json", "title", "body", "url"), start=1):
        ids[line["url"]] = f"mhr-{number}"
        facts = {"publisher": line.get("source"), "published": line.get("published_at")}
        article = {**line, **facts, "_id": f"mhr-{number}", "text": line["body"]}
        articles.append(_article(article))
    cases = []
    for number, line in enumerate(
        objects(folder / PUBLISHED, "query", "answer", "question_type", "evidence_list"), start=1
    ):
        null = line["question_type"] == "null_query"
        here = [item for item in line["evidence_list"] if item["url"] in ids]
        query = {
            "_id": f"mhr-q{number}",
            "text": line["query"],
            "answer": None if null else line["answer"],
            "type": line["question_type"],
            "evidence": [{"article": ids[item["url"]], "fact": item["fact"]} for item in here],
            "evidence_total": len(line["evidence_list"]),
        }
        cases.append(_multihop_case(query))
    return articles, Dataset("multihop-rag", tuple(cases))


def beir(folder: Path, split: str = "test") -> Imported:
    """A BEIR folder, SciFact among them: `corpus.jsonl`, `queries.jsonl` and the judgements.

    Judgements are read from `qrels/<split>.tsv`, or `qrels.tsv` where there is no such file;
    grades above 0 count as relevant, and nDCG weighs them. Queries without one are left out. No
    answers are on record, so run it with `answer=False`.

    Raises:
        CorpusError: a file or a field is missing; names file and line.
    """
    articles = [_article(line) for line in lines(folder / "corpus.jsonl", "_id", "text")]
    relevant = _judgements(folder, split)
    cases = tuple(
        Case(
            id=str(line["_id"]),
            question=line["text"],
            answer=(),
            evidence=tuple(
                EvidenceQuote(name, grade=grade) for name, grade in relevant[str(line["_id"])]
            ),
        )
        for line in lines(folder / "queries.jsonl", "_id", "text")
        if str(line["_id"]) in relevant
    )
    return articles, Dataset(folder.resolve().name, cases)


def _judgements(folder: Path, split: str) -> dict[str, list[tuple[str, int]]]:
    file = folder / "qrels" / f"{split}.tsv"
    file = file if file.is_file() else folder / "qrels.tsv"
    relevant: dict[str, list[tuple[str, int]]] = {}
    for number, row in enumerate(csv.reader(text_of(file).splitlines(), delimiter="\t"), start=1):
        if number == 1 and not _GRADE.fullmatch(row[-1]):
            continue
        if len(row) != 3 or not _GRADE.fullmatch(row[2].strip()):
            raise CorpusError(f"{file}:{number}: not 'query-id, corpus-id, score'")
        if (grade := int(row[2])) > 0:
            relevant.setdefault(row[0], []).append((row[1], grade))
    return relevant


def chunking(folder: Path) -> Imported:
    """Chroma's chunking evaluation: `corpora/*.md` and `questions.csv` with exact ranges.

    Each corpus is one article; the evidence has places, for the metrics of `rag.evaluate.ranges`.
    Ingest the articles as they stand: cleaning would move them.

    Raises:
        CorpusError: a file is missing, or a range lies outside its corpus; names the row.
    """
    texts = {path.stem: text_of(path) for path in sorted((folder / "corpora").glob("*.md"))}
    file = next((folder / name for name in QUESTIONS if (folder / name).is_file()), None)
    if file is None or not texts:
        raise CorpusError(f"{folder}: needs corpora/*.md and questions.csv")
    rows = csv.DictReader(text_of(file).splitlines(keepends=True))
    cases = tuple(_range_case(file, number, row, texts) for number, row in enumerate(rows, start=1))
    articles = [Article(article_id=name, text=text) for name, text in texts.items()]
    return articles, Dataset("chunking", cases)


def _range_case(file: Path, number: int, row: Mapping[str, str], texts: Mapping[str, str]) -> Case:
    try:
        corpus, ranges = row["corpus_id"], json.loads(row["references"])
        places = [(int(item["start_index"]), int(item["end_index"])) for item in ranges]
        quotes = [texts[corpus][start:end] for start, end in places]
    except (KeyError, TypeError, ValueError) as error:
        raise CorpusError(f"{file}: question {number} cannot be read ({error!r})") from None
    if any(len(quote) != end - start for quote, (start, end) in zip(quotes, places, strict=True)):
        raise CorpusError(f"{file}: question {number} has a range outside {corpus!r}")
    evidence = (EvidenceQuote(corpus, q, s) for q, (s, _) in zip(quotes, places, strict=True))
    return Case(
        id=f"{corpus}-{number}",
        question=row["question"],
        answer=(),
        evidence=tuple(evidence),
        tags=(corpus,),
    )


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


def text_of(file: Path) -> str:
    """The text of a file.

    Raises:
        CorpusError: it cannot be read as UTF-8.
    """
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"{file}: cannot be read as UTF-8 text ({error})") from None


def lines(file: Path, *fields: str) -> Iterator[dict[str, Any]]:
    """The objects of a JSONL file, each with all of the fields.

    Raises:
        CorpusError: names the file and the line.
    """
    for number, line in enumerate(text_of(file).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            raise CorpusError(f"{file}:{number}: not valid JSON ({error})") from None
        yield _whole(value, fields, f"{file}:{number}")


def objects(file: Path, *fields: str) -> Iterator[dict[str, Any]]:
    """The same of a JSON file that holds a list, or lists by field."""
    try:
        value = json.loads(text_of(file))
    except json.JSONDecodeError as error:
        raise CorpusError(f"{file}: not valid JSON ({error})") from None
    if isinstance(value, dict) and all(isinstance(column, list) for column in value.values()):
        value = [dict(zip(value, row, strict=False)) for row in zip(*value.values(), strict=False)]
    if not isinstance(value, list):
        raise CorpusError(f"{file}: not a list of objects")
    for number, item in enumerate(value, start=1):
        yield _whole(item, fields, f"{file}: object {number}")


def _whole(value: object, fields: Sequence[str], where: str) -> dict[str, Any]:
    known = value if isinstance(value, dict) else {}
    if missing := [name for name in fields if name not in known]:
        raise CorpusError(f"{where}: lacks {', '.join(missing)}")
    return known
