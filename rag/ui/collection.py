"""What the front page says of the collection: how much there is, and what one might ask."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.errors import CorpusError
from rag.paths import shipped
from rag.schema import ArticleFacts
from rag.ui.markup import count, day, escape, shorten

EXAMPLES = 4
STARTER_QUESTIONS = (
    "How much will the fund pay for JSR?",
    "Who supports Rapidus?",
    "What did Breton say about supply chains?",
    "Which countries matched US export controls?",
)


@dataclass(frozen=True, slots=True)
class Collection:
    """The articles in figures, with questions that they may answer."""

    articles: int
    first: str | None
    last: str | None
    questions: tuple[str, ...]


def describe(articles: Sequence[ArticleFacts], examples: Sequence[str] = ()) -> Collection:
    """Count, first and last day, and up to four questions.

    Args:
        articles: all that are stored.
        examples: the questions of the settings; empty chooses by what is stored.
    """
    days = sorted(article.published[:10] for article in articles if article.published)
    questions = tuple(examples) or _questions(articles)
    return Collection(
        articles=len(articles),
        first=days[0] if days else None,
        last=days[-1] if days else None,
        questions=questions[:EXAMPLES] if articles else (),
    )


def facts_text(collection: Collection) -> str:
    """`32 articles, 4 May 2022 to 21 Dec 2024`."""
    total = count(collection.articles, "article")
    if not collection.first:
        return total
    first, last = day(collection.first), day(collection.last)
    return f"{total}, {first}" if first == last else f"{total}, {first} to {last}"


def brand_html(title: str, collection: Collection) -> str:
    """The name of the product and the facts beside it."""
    facts = f'<p class="facts">{escape(facts_text(collection))}</p>' if collection.articles else ""
    return f'<div class="brand"><h1>{escape(title)}</h1>{facts}</div>'


def welcome_html(collection: Collection) -> str:
    """The page before the first question."""
    if not collection.articles:
        return (
            '<div class="welcome"><h2>No articles yet</h2><p>Newsdesk answers from articles that '
            "you give it. Add files, folders, web pages or feeds, then reload this page:"
            "</p><p><code>rag ingest PATH</code></p></div>"
        )
    return (
        '<div class="welcome"><h2>Ask the articles</h2><p>Each sentence of an answer is checked '
        "against the text it cites. Open a number to read the words in their article.</p></div>"
    )


def _questions(articles: Sequence[ArticleFacts]) -> tuple[str, ...]:
    ids = {article.article_id for article in articles}
    starter = _starter_ids()
    if starter and starter <= ids:
        return STARTER_QUESTIONS
    newest = sorted(articles, key=lambda article: article.published or "", reverse=True)
    titles = dict.fromkeys(" ".join(article.title.split()) for article in newest if article.title)
    return tuple(f"What is reported in “{shorten(title, 70)}”?" for title in titles)


def _starter_ids() -> set[str]:
    """The ids of the articles that ship with Newsdesk, from their front matter."""
    try:
        files = [path for path in shipped("corpus").glob("*.md") if path.name != "README.md"]
    except CorpusError:
        return set()
    heads = (path.read_text(encoding="utf-8")[:2000] for path in files)
    found = (re.search(r"^id:\s*[\"']?([^\"'\s]+)", head, re.MULTILINE) for head in heads)
    return {match[1] for match in found if match}
