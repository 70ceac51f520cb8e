"""Which articles a list shows: search, filters, order and page, read from an address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from operator import attrgetter

from rag.schema import ArticleFacts

ON_PAGE = 50
STATES = ("partial", "copies", "undated", "rejected")
"""`partial`: only a part of it was on its page. `copies`: another article runs the same story.
`undated`: nobody said when it was published. `rejected`: what is not stored."""
SORTS = ("newest", "oldest", "title", "publisher")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader asked to see; empty fields do not restrict."""

    q: str = ""
    publisher: str = ""
    first: str = ""
    last: str = ""
    state: str = ""
    sort: str = "newest"
    page: int = 1

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Wanted:
        """What an address asks for; what it says wrongly is passed over."""
        sort, state = query.get("sort", ""), query.get("state", "")
        number = query.get("page", "")
        return cls(
            q=query.get("q", "").strip()[:200],
            publisher=query.get("publisher", "")[:200],
            first=_day(query.get("first", "")),
            last=_day(query.get("last", "")),
            state=state if state in STATES else "",
            sort=sort if sort in SORTS else SORTS[0],
            page=int(number) if number.isascii() and number.isdigit() and len(number) < 7 else 1,
        )

    @property
    def narrowed(self) -> bool:
        """Whether anything is left out."""
        return any((self.q, self.publisher, self.first, self.last, self.state))

    def query(self, **other: object) -> dict[str, object]:
        """The fields of an address that asks for this, apart from `other`."""
        usual = asdict(Wanted())
        fields = {**asdict(self), "page": 1, **other}
        return {name: value for name, value in fields.items() if value != usual[name]}


@dataclass(frozen=True, slots=True)
class Found:
    """One page of a list."""

    articles: tuple[ArticleFacts, ...]
    total: int
    page: int
    pages: int


def found(articles: Sequence[ArticleFacts], copied: Collection[str], wanted: Wanted) -> Found:
    """The page of the list that was asked for, or the last one where there are fewer.

    Args:
        articles: all, newest first, unknown dates last.
        copied: ids of the articles that have copies.
        wanted: what to show; the state `rejected` shows no article.
    """
    terms = wanted.q.casefold().split()
    kept = [
        article
        for article in articles
        if _fits(article, copied, wanted) and all(term in _searched(article) for term in terms)
    ]
    ordered = _ordered(kept, wanted.sort)
    pages = max(1, -(-len(ordered) // ON_PAGE))
    page = min(max(1, wanted.page), pages)
    rows = tuple(ordered[(page - 1) * ON_PAGE : page * ON_PAGE])
    return Found(articles=rows, total=len(ordered), page=page, pages=pages)


def publishers(articles: Sequence[ArticleFacts]) -> list[tuple[str, int]]:
    """The publishers with how many articles each has, by name."""
    counted = Counter(article.publisher for article in articles if article.publisher)
    return sorted(counted.items(), key=lambda one: (one[0].casefold(), one[0]))


def near(wanted: Wanted, page: int) -> Wanted:
    """The same list at another page."""
    return replace(wanted, page=page)


def _fits(article: ArticleFacts, copied: Collection[str], wanted: Wanted) -> bool:
    day = (article.published or "")[:10]
    states = {
        "partial": article.partial,
        "copies": article.article_id in copied,
        "undated": not article.published,
        "rejected": False,
    }
    return (
        (not wanted.publisher or article.publisher == wanted.publisher)
        and (not wanted.first or day >= wanted.first)
        and (not wanted.last or "" < day <= wanted.last)
        and states.get(wanted.state, True)
    )


def _searched(article: ArticleFacts) -> str:
    facts = (article.title, article.publisher, article.author, article.article_id, article.url)
    return "\n".join((*facts, *article.topics)).casefold()


def _ordered(articles: list[ArticleFacts], sort: str) -> list[ArticleFacts]:
    if sort == "newest":
        return articles
    if sort == "oldest":
        dated = [article for article in articles if article.published]
        return dated[::-1] + [article for article in articles if not article.published]
    name = attrgetter(sort)
    return sorted(articles, key=lambda article: (not name(article), name(article).casefold()))


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return ""
