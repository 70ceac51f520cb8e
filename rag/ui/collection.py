"""What the front page says of the collection: how much there is, and what one might ask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from heapq import nlargest

from rag.schema import Article, ArticleFacts
from rag.suggest import of_articles
from rag.ui.markup import day, escape
from rag.ui.words import _, n_

EXAMPLES = 4
_READ = 24
"""Of the newest articles, those that questions are made from."""


@dataclass(frozen=True, slots=True)
class Collection:
    """The articles in figures, with questions that they may answer."""

    articles: int
    first: str | None
    last: str | None
    questions: tuple[str, ...]


def describe(articles: Sequence[ArticleFacts], questions: Sequence[str] = ()) -> Collection:
    """Count, first and last day, and up to four questions.

    Args:
        articles: all that are stored.
        questions: those to offer; without articles, none are.
    """
    days = sorted(article.published[:10] for article in articles if article.published)
    return Collection(
        articles=len(articles),
        first=days[0] if days else None,
        last=days[-1] if days else None,
        questions=tuple(questions)[:EXAMPLES] if articles else (),
    )


class Invitations:
    """Questions that the collection answers; thread-safe.

    They are made from its newest articles, and anew once those are others.
    """

    def __init__(self, article: Callable[[str], Article]) -> None:
        """Take what reads an article by its id."""
        self._article = article
        self._made: tuple[Sequence[tuple[str, ...]], tuple[str, ...]] = ((), ())

    def questions(self, articles: Sequence[ArticleFacts]) -> tuple[str, ...]:
        """Up to four, about different articles of `articles`.

        Raises:
            RagError: an article cannot be read.
        """
        newest = nlargest(_READ, articles, key=lambda one: one.published or "")
        state = [(one.article_id, one.title, one.modified or "") for one in newest]
        made = self._made
        if made[0] != state:
            read = (self._article(one.article_id) for one in newest)
            made = self._made = (state, of_articles(read, EXAMPLES))
        return made[1]


def facts_text(collection: Collection) -> str:
    """`32 articles, 4 May 2022 to 21 Dec 2024`."""
    total = n_("{n} article", "{n} articles", collection.articles)
    if not collection.first:
        return total
    first, last = day(collection.first), day(collection.last)
    if first == last:
        return f"{total}, {first}"
    return _("{total}, {first} to {last}", total=total, first=first, last=last)


def brand_html(title: str, collection: Collection) -> str:
    """The name of the product and the facts beside it."""
    facts = f'<p class="facts">{escape(facts_text(collection))}</p>' if collection.articles else ""
    return f'<div class="brand"><h1>{escape(title)}</h1>{facts}</div>'


def welcome_html(collection: Collection) -> str:
    """The page before the first question."""
    if not collection.articles:
        heading = _("No articles yet")
        told = _(
            "Newsdesk answers from articles that you give it. Add files, folders, web pages or "
            "feeds, then reload this page:"
        )
        command = "<p><code>rag ingest PATH</code></p>"
    else:
        heading, command = _("Ask the articles"), ""
        told = _(
            "Each sentence of an answer is checked against the text it cites. Open a number to "
            "read the words in their article."
        )
    return f'<div class="welcome"><h2>{heading}</h2><p>{told}</p>{command}</div>'
