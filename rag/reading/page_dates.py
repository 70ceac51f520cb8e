"""When a page says that it was published and modified, and where it says so. Nothing is guessed.

Order of trust, for publication and modification alike: the JSON-LD of the article that the page is
about, Open Graph, meta tags, microdata and time elements, a printed line near the title, the
address (for publication only). The first of these that gives a sound date is taken: readable in
one way only, not a placeholder, not in the future. A publication date after the page's own
modification date gives way to the next source that is not; if there is none, it stays and the
modification date, which then says nothing, is left out (articles are edited before they appear).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from rag.dates import is_sound, parse_published, printed_dates
from rag.errors import CorpusError
from rag.reading.page_tree import names_of, shown

if TYPE_CHECKING:
    from lxml.html import HtmlElement


@dataclass(frozen=True, slots=True)
class PageDate:
    """A date as ISO 8601 with the zone as given, and the part of the page that gives it."""

    value: str
    origin: str


@dataclass(frozen=True, slots=True)
class PageDates:
    """When a page was published and last modified; None where it does not say."""

    published: PageDate | None = None
    modified: PageDate | None = None


_OPEN_GRAPH = {
    "published": ("article:published_time", "og:article:published_time", "og:published_time"),
    "modified": ("article:modified_time", "og:article:modified_time", "og:updated_time"),
}
_META = {
    "published": (
        *("datepublished", "date.published", "publication_date", "publication-date", "pubdate"),
        *("publishdate", "publish-date", "publish_date", "published_date", "published-date"),
        *("published_time", "published_at", "publishtime", "originalpublicationdate", "pub_date"),
        *(
            "article.published",
            "article_date_original",
            "article:publication_date",
            "rnews:datepublished",
        ),
        *("parsely-pub-date", "sailthru.date", "cxenseparse:recs:publishtime", "bt:pubdate"),
        *("cxenseparse:publishtime", "cxenseparse:pub-publishtime", "displaydate", "ptime"),
        *("iso-8601-publish-date", "analyticsattributes.articledate", "article.created"),
        *(
            "citation_online_date",
            "citation_publication_date",
            "citation_date",
            "prism.publicationdate",
        ),
        *("dcterms.issued", "dc.date.issued", "dcterms.available", "dc.date.published"),
        *("dc.date", "dcterms.date", "dc.date.created", "dcterms.created", "dc.created", "date"),
    ),
    "modified": (
        *("datemodified", "date.modified", "modified_time", "modified_date", "modified-date"),
        *("lastmod", "last-modified", "last_modified", "lastmodified", "dcterms.modified"),
        *("dc.date.modified", "dc.modified", "article.updated", "updated_time", "revised"),
        *("cxenseparse:recs:modifiedtime", "prism.modificationdate"),
    ),
}
_JSON = {"published": ("datePublished",), "modified": ("dateModified",)}
_PUBLISHED = re.compile(
    r"\b(?:date-?published|pub-?date|publi(?:shed|cation|sh)(?:[-_]?(?:date|time|on|at))?|posted"
    r"(?:[-_]?on)?"
    r"|dt-published|entry-date|post-date|article[-_]?(?:date|time)|first-published)\b",
    re.IGNORECASE,
)
_MODIFIED = re.compile(
    r"\b(?:date-?modified|(?:last[-_ ]?)?(?:modified|updated|edited|revised)|update|dt-updated)\b",
    re.IGNORECASE,
)
_OTHERS = re.compile(
    r"comment|reply|related|recommend|sidebar|widget|teaser|promo|most-read|latest|trending|event"
    r"|live",
    re.IGNORECASE,
)
_SCRIPT_DATE = re.compile(
    r"\w{3} (\w{3} \d{1,2} \d{4}) (\d{2}:\d{2}:\d{2}) (?:GMT|UTC)([+-]\d{4})(?: \(.{0,60}\))?"
)
_EPOCH = re.compile(r"1\d{9}(?:\d{3})?")
_DAY = r"(?P<year>(?:19|20)\d{2})[-/_](?P<month>\d{1,2}|[a-z]{3,9})[-/_](?P<day>\d{1,2})"
_URL_DATES = (
    re.compile(rf"(?:^|[/_-]){_DAY}(?=$|[/_.-])", re.IGNORECASE),
    re.compile(r"(?:^|/)(?P<year>20\d{2})(?P<month>[01]\d)(?P<day>[0-3]\d)(?=$|[/_.-])"),
    re.compile(r"(?:^|/)(?P<year>20\d{2})/(?P<month>[01]\d)(?P<day>[0-3]\d)(?=/)"),
)


def page_dates(
    tree: HtmlElement,
    article: Mapping[str, Any] | None,
    meta: Mapping[str, Sequence[str]],
    urls: Iterable[str],
    head: Sequence[str],
    today: date | None = None,
) -> PageDates:
    """The dates of a page.

    Args:
        tree: the page without what no reader sees.
        article: the JSON-LD node of the article that the page is about.
        meta: the contents of the meta tags by lower-case name.
        urls: the page's addresses, the canonical one first.
        head: the lines printed between the title and the story.
        today: the day on which the page is read, by the clock unless given: a page that claims to
            appear more than two days later does not know.
    """
    latest = (today or datetime.now(UTC).date()) + timedelta(days=2)
    found = {
        "published": list(_sound(_claims("published", tree, article, meta, urls, head), latest)),
        "modified": list(_sound(_claims("modified", tree, article, meta, (), head), latest)),
    }
    return _agreed(found["published"], next(iter(found["modified"]), None))


def _agreed(published: Sequence[PageDate], modified: PageDate | None) -> PageDates:
    if not published or not modified:
        return PageDates(next(iter(published), None), modified)
    for claim in published:
        if not _after(claim.value, modified.value):
            return PageDates(claim, modified)
    return PageDates(published[0], None)


def _after(one: str, other: str) -> bool:
    """Whether one moment is surely later: by the clock if both have zones, else by a whole day."""
    first, second = datetime.fromisoformat(one), datetime.fromisoformat(other)
    if first.tzinfo and second.tzinfo:
        return first > second
    return first.date() > second.date()


def _sound(claims: Iterable[tuple[object, str]], latest: date) -> Iterator[PageDate]:
    for given, origin in claims:
        value = _read(given)
        if value and is_sound(value, latest):
            yield PageDate(value, origin)


def _read(given: object) -> str | None:
    """A date as pages write it: also JavaScript's, and seconds or milliseconds since 1970."""
    if isinstance(given, (int, float)) and not isinstance(given, bool):
        given = str(int(given))
    if not isinstance(given, str):
        return None
    text = " ".join(given.split())
    if _EPOCH.fullmatch(text):
        return datetime.fromtimestamp(int(text[:10]), UTC).isoformat()
    try:
        if script := _SCRIPT_DATE.fullmatch(text):
            moment = datetime.strptime(" ".join(script.groups()), "%b %d %Y %H:%M:%S %z")
            return moment.isoformat()
        return parse_published(text)
    except (CorpusError, ValueError):
        return None


def _claims(
    kind: str,
    tree: HtmlElement,
    article: Mapping[str, Any] | None,
    meta: Mapping[str, Sequence[str]],
    urls: Iterable[str],
    head: Sequence[str],
) -> Iterator[tuple[object, str]]:
    for key in _JSON[kind]:
        yield (article or {}).get(key), "JSON-LD"
    yield from ((meta.get(name, [""])[0], "Open Graph") for name in _OPEN_GRAPH[kind])
    yield from ((meta.get(name, [""])[0], "meta tag") for name in _META[kind])
    yield from _marked(kind, tree)
    printed = printed_dates(head)
    yield (printed.published if kind == "published" else printed.modified), "page"
    yield from ((_in_url(url), "URL") for url in urls)


def _marked(kind: str, tree: HtmlElement) -> Iterator[tuple[object, str]]:
    """Microdata, then time elements that say which date they are, then one that stands alone."""
    wanted = "datepublished" if kind == "published" else "datemodified"
    for element in tree.iter():
        if (element.get("itemprop") or "").lower().split()[:1] == [wanted] and _own(element):
            yield _value(element), "time element" if element.tag == "time" else "microdata"
    times = [
        (element, _kind_of(element))
        for element in tree.iter("time", "abbr")
        if _value(element) and _own(element) and not element.get("itemprop")
    ]
    yield from _unless_several(_value(item) for item, known in times if known == kind)
    if kind == "published" and not any(known == kind for _, known in times):
        near = _before_story(tree)
        yield from _unless_several(
            _value(item) for item, known in times if not known and item in near
        )


def _unless_several(values: Iterable[str]) -> Iterator[tuple[object, str]]:
    """One value, or several that name one day; of several days nobody knows which is meant."""
    read = [value for value in map(_read, values) if value]
    if len({value[:10] for value in read}) == 1:
        yield max(read, key=len), "time element"


def _value(element: HtmlElement) -> str:
    given = (element.get(key) for key in ("datetime", "content", "title"))
    return next(filter(None, given), "") or shown(element)[:100]


def _kind_of(time: HtmlElement) -> str:
    """Whether a time element says that it is of publication or modification; else empty."""
    if time.get("pubdate") is not None:
        return "published"
    parent = time.getparent()
    before = " ".join(filter(None, (_label(time), names_of(time))))
    around = names_of(parent) if parent is not None else ""
    for text in (before, around):
        is_modified, is_published = _MODIFIED.search(text), _PUBLISHED.search(text)
        if is_modified and not (is_published and is_published.end() == len(text)):
            return "modified"
        if is_published:
            return "published"
    return ""


def _label(element: HtmlElement) -> str:
    """The words just before an element within its line."""
    previous, parent = element.getprevious(), element.getparent()
    if previous is not None:
        text = (previous.tail or "").strip() or (shown(previous) if previous.tag != "time" else "")
    else:
        text = (parent.text or "") if parent is not None else ""
    return text.strip()[-40:]


def _own(element: HtmlElement) -> bool:
    """Whether an element stands in the article itself, not in a comment, a teaser or an aside."""
    scopes = 0
    for parent in element.iterancestors():
        if parent.tag in {"aside", "footer", "nav", "li"} and parent.find(".//h1") is None:
            return (
                parent.tag == "footer" and next(parent.iterancestors("article"), None) is not None
            )
        if parent.get("itemscope") is not None:
            scopes += 1
            article = re.search(r"Article|Posting|Report|WebPage", parent.get("itemtype") or "")
            if scopes == 1 and not article:
                return False
        if _OTHERS.search(parent.get("class") or "") and parent.find(".//h1") is None:
            return False
        if parent.tag == "article":
            return _is_main(parent)
    return True


def _is_main(article: HtmlElement) -> bool:
    """Whether an `<article>` is the page's own: the outermost one, with the title or alone."""
    if next(article.iterancestors("article"), None) is not None:
        return False
    if article.find(".//h1") is not None:
        return True
    body = article.getroottree().getroot()
    others = [other for other in body.iter("article") if not any(other.iterancestors("article"))]
    return len(others) == 1


def _before_story(tree: HtmlElement) -> set[HtmlElement]:
    """The time elements between the title and the first paragraph of the story."""
    found, after_title = set[Any](), tree.find(".//h1") is None
    for element in tree.iter("h1", "p", "time", "abbr"):
        after_title = after_title or element.tag == "h1"
        if element.tag == "p" and after_title and len(shown(element)) > 140:
            break
        if element.tag in {"time", "abbr"}:
            found.add(element)
    return found if after_title else set()


def _in_url(url: str) -> str | None:
    """The day in an address, such as /2023/07/05/; a month alone is not a date."""
    try:
        path = unquote(urlsplit(url).path)
    except ValueError:
        return None
    found = [match for pattern in _URL_DATES for match in pattern.finditer(path)]
    days = {_read(f"{match['day']} {match['month']} {match['year']}") for match in found}
    days |= {_read("-".join((m["year"], m["month"], m["day"]))) for m in found}
    known = days - {None}
    return known.pop() if len(known) == 1 else None
