"""Files of questions with their texts -> articles and cases: SQuAD, RAGAS and their kin.

As in importers.py; the texts that stand beside the questions become the articles.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rag.errors import CorpusError
from rag.evaluate.cases import Case, Dataset, EvidenceQuote, Part
from rag.evaluate.importers import Imported, lines, objects, text_of
from rag.ids import digest, slug
from rag.schema import Article, Filters

QUESTION = ("user_input", "question", "query")
GOLD = ("reference_contexts", "contexts", "context")
RETRIEVED = "retrieved_contexts"
EXPECTED = ("reference", "ground_truth", "ground_truths", "answers", "answer")
"""Where a record may say the expected answer; the first that is there counts."""


def squad2(file: Path, *, closed: bool = False) -> Imported:
    """SQuAD 2.0 questions, one a line, each with its paragraph: every paragraph is an article.

    Without `answers` a question has no answer in its paragraph, which does not mean that no other
    paragraph answers it; with `closed` each question may search its own paragraph only.

    Raises:
        CorpusError: the file or a field is missing; names file and line.
    """
    articles: dict[str, Article] = {}
    cases = []
    for line in lines(file, "_id", "article", "paragraph", "context", "question", "answers"):
        name = f"{line['article']}-{line['paragraph']}"
        title = line["article"].replace("_", " ")
        articles[name] = Article(article_id=name, title=title, text=line["context"])
        answers = tuple(line["answers"])
        cases.append(_extractive(line["_id"], line["question"], answers, name, closed=closed))
    return list(articles.values()), Dataset("squad2", tuple(cases))


def squad(file: Path, *, closed: bool = False) -> Imported:
    """SQuAD 1.1 or 2.0 as published, one JSON file; every paragraph is an article.

    Otherwise as `squad2`: `is_impossible` questions have no answer.

    Raises:
        CorpusError: the file is not laid out so.
    """
    articles: list[Article] = []
    cases: list[Case] = []
    try:
        for entry, title, paragraph in _paragraphs(json.loads(text_of(file))):
            name = f"{slug(title) or entry}-{len(articles)}"
            articles.append(Article(article_id=name, title=title, text=paragraph["context"]))
            cases += [_squad_case(asked, name, closed=closed) for asked in paragraph["qas"]]
    except (KeyError, TypeError, ValueError) as error:
        raise CorpusError(f"{file}: not laid out as SQuAD is ({error!r})") from None
    return articles, Dataset(file.stem, tuple(cases))


def _paragraphs(content: Mapping[str, Any]) -> Iterator[tuple[int, str, Mapping[str, Any]]]:
    for entry, topic in enumerate(content["data"]):
        for paragraph in topic["paragraphs"]:
            yield entry, str(topic.get("title") or "").replace("_", " "), paragraph


def _squad_case(asked: Mapping[str, Any], name: str, *, closed: bool) -> Case:
    given = [] if asked.get("is_impossible") else asked["answers"]
    answers = tuple(dict.fromkeys(answer["text"] for answer in given))
    return _extractive(str(asked["id"]), asked["question"], answers, name, closed=closed)


def _extractive(
    name: str, question: str, answers: tuple[str, ...], article_id: str, *, closed: bool
) -> Case:
    return Case(
        id=name,
        question=question,
        answer=(answers,) if answers else None,
        evidence=(EvidenceQuote(article_id, max(answers, key=len)),) if answers else (),
        filters=Filters(article_ids=(article_id,)) if closed else None,
    )


def records(file: Path, *, closed: bool = False) -> Imported:
    """Questions with contexts and answers, as RAGAS and many sets of the Hugging Face hub lay out.

    JSONL, a JSON list, or a JSON object of columns. The expected answer is `reference`,
    `ground_truth`, `ground_truths`, `answers` or `answer`, whichever is there first: a text, or a
    list of which one is enough. An empty list of `answers`, as in SQuAD 2.0, means that the texts
    do not answer; nothing at all means that no answer is on record. Each context is an article.
    `reference_contexts`, else `contexts` or `context`, are the evidence; `retrieved_contexts` are
    articles only.

    Raises:
        CorpusError: the file cannot be read, or an object holds no question.
    """
    read = lines if file.suffix == ".jsonl" else objects
    articles: dict[str, Article] = {}
    cases = []
    for number, record in enumerate(read(file), start=1):
        gold = [_article(text, record) for text in _texts(record, GOLD)]
        others = [_article(text, {}) for text in _texts(record, (RETRIEVED,))]
        for article in (*gold, *others):
            articles.setdefault(article.article_id, article)
        names = tuple(article.article_id for article in gold)
        cases.append(
            Case(
                id=str(record.get("id") or record.get("_id") or f"q{number}"),
                question=_question(record, f"{file}: record {number}"),
                answer=_answer(record),
                evidence=tuple(map(EvidenceQuote, names)) if _answer(record) is not None else (),
                filters=Filters(article_ids=names) if closed and names else None,
            )
        )
    return list(articles.values()), Dataset(file.stem, tuple(cases))


def _question(record: Mapping[str, Any], where: str) -> str:
    for name in QUESTION:
        if isinstance(record.get(name), str) and record[name].strip():
            return str(record[name])
    raise CorpusError(f"{where}: holds no question; name it one of {', '.join(QUESTION)}")


def _answer(record: Mapping[str, Any]) -> str | tuple[Part, ...] | None:
    name = next((name for name in EXPECTED if record.get(name) is not None), "")
    value = record.get(name)
    if isinstance(value, Mapping):  # SQuAD's {"text": […], "answer_start": […]}
        value = value.get("text")
    if isinstance(value, str):
        return value if value.strip() else ()
    wordings = tuple(dict.fromkeys(str(one) for one in value or () if str(one).strip()))
    if not wordings:
        return None if name == "answers" else ()
    return wordings[0] if len(wordings) == 1 else (wordings,)


def _texts(record: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    value: Any = next((record[name] for name in names if record.get(name)), [])
    given = [value] if isinstance(value, str) else value
    return [text for text in given if isinstance(text, str) and text.strip()]


def _article(text: str, record: Mapping[str, Any]) -> Article:
    title = record.get("title")
    return Article(
        article_id=f"text-{digest(text)}",
        title=title.replace("_", " ") if isinstance(title, str) else "",
        text=text,
    )
