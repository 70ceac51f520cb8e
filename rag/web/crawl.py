"""Web addresses -> articles: pages, documents, feeds and sitemaps.

What is stored and has not changed is not read again, only counted. What cannot be read is a
`Rejection`; an article that is stored stays so when its page is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from html import escape
from typing import Any
from urllib.parse import urlsplit

from rag import addresses
from rag.errors import CorpusError
from rag.schema import Article, Progress, Rejection
from rag.settings import Settings
from rag.web.feeds import Entry, announced, entries
from rag.web.fetch import Fetcher, Page
from rag.web.fetches import Fetch, Shelf
from rag.web.kinds import FEED, HTML, SITEMAP, in_utf8, kind_of, unpacked
from rag.web.sitemaps import Sitemap, newest, read_sitemap

Parse = Callable[..., Iterable[Article | Rejection]]
"""`rag.load.from_bytes`."""
Found = list[Article | Rejection]

WORDS = 120
"""An entry of a feed with fewer is an extract of its story, not the story."""
_STORIES = (HTML, ".htm", ".xhtml", ".pdf", ".txt", ".md")
"""Kinds that hold one story each. Others are read only from an address that was given itself."""
_TEXTUAL = (HTML, ".htm", ".xhtml", ".txt", ".md", ".csv", ".json", ".jsonl")
_MAPS = 50
"""Sitemaps below a sitemap that are read in one ingest."""
_DEPTH = 3
_WIDEST_ZONE = timedelta(hours=12)
_DUE, _LATER, _CURRENT = range(3)


class Web:
    """Reads addresses, once; then `unchanged`, `fetches` and `read` say what else there was.

    Args:
        fetcher: gets pages.
        shelf: what is stored.
        settings: for `fetch` and `ingest`.
        parse: makes articles of bytes.
        told: told how far the work is.
    """

    def __init__(
        self,
        fetcher: Fetcher,
        shelf: Shelf,
        settings: Settings,
        parse: Parse,
        told: Callable[[Progress], None] | None = None,
    ) -> None:
        self.unchanged = 0
        """Stored articles whose page was looked at, or known, not to have changed."""
        self.fetches: list[Fetch] = []
        """The pages that gave an article, to be recorded once it is stored."""
        self.read: list[str] = []
        """The feeds and sitemaps that were read."""
        self._fetcher = fetcher
        self._shelf = shelf
        self._settings = settings
        self._parse = parse
        self._told = told
        self._taken: dict[str, Article] = {}
        """By id: the articles of this call."""
        self._seen: set[str] = set()
        self._done = self._total = 0

    def articles(self, urls: Sequence[str]) -> Iterator[Article | Rejection]:
        """The new and changed articles that addresses hold, each address read once.

        Args:
            urls: of pages, documents, feeds and sitemaps.
        """
        self._total = len(urls)
        for url in map(addresses.without_fragment, urls):
            if self._is_new(url):
                yield from self._given(url)

    def _given(self, url: str) -> Iterator[Article | Rejection]:
        try:
            page = self._get(url)
            kind, data = self._opened(page)
            if kind == FEED:
                found = self._listed(url, entries(data, page.address))
            elif kind == SITEMAP:
                found = self._mapped(url, read_sitemap(data))
            else:
                found = iter(self._page(page, kind, data, {}))
        except CorpusError as error:
            found = iter([self._lost(url, error)])
        yield from found

    def _listed(
        self, url: str, found: Sequence[Entry], more: str = ""
    ) -> Iterator[Article | Rejection]:
        """The articles of a feed or sitemap; what is known to be as it is stored is not fetched.

        Args:
            url: of the feed or sitemap.
            found: its entries, in the order in which they are wanted.
            more: what of it was not looked at.
        """
        self.read.append(url)
        limit = self._settings.fetch.max_pages
        fresh = [entry for entry in found if not entry.url or self._is_new(entry.url)]
        due = sorted((one for one in fresh if self._rank(one) != _CURRENT), key=self._turn)
        current = (entry for entry in fresh if self._rank(entry) == _CURRENT)
        self.unchanged += sum(len(self._shelf.ids(entry.url)) for entry in current)
        self._total += len(due[:limit])
        for entry in due[:limit]:
            yield from self._entry(url, entry)
        left = f"{len(due) - limit:,} pages" if len(due) > limit else ""
        if left or more:
            what = " and ".join(filter(None, (left, more)))
            rest = f"{what} of it are left for the next time; ingest it again, or raise "
            yield Rejection(path=url, reason=f"{rest}fetch.max_pages ({limit})")

    def _mapped(self, url: str, top: Sitemap) -> Iterator[Article | Rejection]:
        """The articles of a sitemap and of those below it, newest first."""
        pages, maps = list(top.pages), [(entry.url, 1) for entry in top.maps]
        for _ in range(_MAPS):
            due = sum(self._rank(page) == _DUE for page in pages)
            if not maps or due >= self._settings.fetch.max_pages:
                break
            below, depth = maps.pop(0)
            try:
                found = self._map(below)
            except CorpusError as error:
                yield self._lost(below, error)
                continue
            self.read.append(below)
            pages += found.pages
            maps += [(inner.url, depth + 1) for inner in found.maps if depth < _DEPTH]
        more = f"{len(maps):,} sitemaps" if maps else ""
        yield from self._listed(url, sorted(pages, key=newest, reverse=True), more)

    def _map(self, url: str) -> Sitemap:
        kind, data = self._opened(self._get(url, crawl=True))
        if kind != SITEMAP:
            raise CorpusError("is named as a sitemap and is none; leave it out")
        return read_sitemap(data)

    def _entry(self, listed_in: str, entry: Entry) -> Found:
        """The story of an entry: of its page, else of the feed where that holds it whole."""
        if not entry.url:
            return self._of_feed(listed_in, entry)
        try:
            found = self._linked(entry)
        except CorpusError as error:
            found = [self._lost(entry.url, error)]
        lost = bool(found) and all(isinstance(item, Rejection) for item in found)
        if lost and not self._shelf.fetch(entry.url):
            return self._of_feed(listed_in, entry) or found
        return found  # what a page gave before is not replaced by what the feed says

    def _linked(self, entry: Entry) -> Found:
        page = self._get(entry.url, crawl=True)
        kind, data = self._opened(page)
        if kind not in _STORIES:
            raise CorpusError("is no page with a story; give its own address to have it read")
        return self._page(page, kind, data, entry.facts)

    def _of_feed(self, listed_in: str, entry: Entry) -> Found:
        """The story as the feed itself holds it; nothing where it holds an extract."""
        if len(entry.content.split()) < WORDS:
            return []
        source = entry.url or f"{listed_in}#{entry.facts.get('id') or entry.facts.get('title')}"
        title = escape(str(entry.facts.get("title", "")))
        page = (
            f"<html><head><meta charset='utf-8'><title>{title}</title></head><body><article>"
            f"<h1>{title}</h1>{entry.content}</article></body></html>"
        )
        return self._parsed(page.encode("utf-8", "replace"), HTML, source, source, entry.facts)

    def _page(self, page: Page, kind: str, data: bytes, facts: Mapping[str, Any]) -> Found:
        """The articles of a page or document, to be noted as fetched where there are any."""
        before, found = self._shelf.fetch(page.url), Found()
        if page.unchanged:
            self.unchanged += len(self._shelf.ids(page.url))
        else:
            found = self._parsed(data, kind, page.url, page.address, facts)
        if page.unchanged or any(isinstance(item, Article) for item in found):
            self.fetches.append(
                Fetch(
                    url=page.url,
                    etag=page.etag or (before.etag if before and page.unchanged else ""),
                    last_modified=page.last_modified
                    or (before.last_modified if before and page.unchanged else ""),
                    fetched_at=page.asked_at,
                )
            )
        return found

    def _parsed(
        self, data: bytes, kind: str, source: str, address: str, facts: Mapping[str, Any]
    ) -> Found:
        known = {"publisher": addresses.site(address), **facts}
        known.pop("id", None)
        found = Found()
        for item in self._parse(data, kind, source, self._settings.ingest, known, address):
            if isinstance(item, Rejection):
                found.append(self._rejected(item.path, item.reason, announced(data, address)))
            elif article := self._named(item, source, address, one=kind in _STORIES):
                self._taken[article.article_id] = article
                found.append(article)
        return found

    def _named(self, article: Article, source: str, address: str, *, one: bool) -> Article | None:
        """The article under its id and address; None where it is one that came already."""
        url = addresses.canonical(article.url, address)
        if not one:
            return replace(article, url=url)
        stored = self._shelf.ids(source)
        names = [addresses.article_id(url), addresses.article_id(source)]
        for name in (*stored, *names) if len(stored) == 1 else names:
            other = self._other(name, source)
            if other is None or _same_story(other, article):
                if other and addresses.identity(other.url) == addresses.identity(url):
                    url = other.url
                came = name in self._taken
                return None if came else replace(article, article_id=name, url=url)
        return None

    def _other(self, article_id: str, source: str) -> Article | None:
        """What has the id already, if it was read from another address."""
        taken = self._taken.get(article_id)
        if taken is None and self._shelf.source(article_id) not in ("", source):
            taken = self._shelf.article(article_id)
        return taken

    def _get(self, url: str, *, crawl: bool = False) -> Page:
        try:
            return self._fetcher.fetch(url, self._shelf.fetch(url), crawl=crawl)
        finally:
            self._tell()

    def _opened(self, page: Page) -> tuple[str, bytes]:
        """The kind of an answer, and its bytes as they are read."""
        if page.unchanged:
            return HTML, b""
        data = unpacked(page.data, self._settings.fetch.max_bytes)
        kind = kind_of(data, page.media, urlsplit(page.address).path)
        return kind, in_utf8(data, page.charset) if kind in _TEXTUAL else data

    def _is_new(self, url: str) -> bool:
        """Whether an address was not met yet in this call; it is from now on."""
        known = (name := addresses.identity(url)) in self._seen
        self._seen.add(name)
        return not known

    def _rank(self, entry: Entry) -> int:
        """Whether a page is to be fetched, may be if there is room, or is stored as it is now."""
        fetch, latest = self._shelf.fetch(entry.url), _latest(entry.changed)
        if fetch and latest:
            known = latest <= datetime.fromisoformat(fetch.fetched_at)
            return _CURRENT if known else _DUE
        return _LATER if fetch or self._shelf.was_rejected(entry.url) else _DUE

    def _turn(self, entry: Entry) -> tuple[int, str]:
        """What is sorted by: of pages that may have changed, the one looked at longest ago."""
        rank, fetch = self._rank(entry), self._shelf.fetch(entry.url)
        return rank, "" if rank == _DUE else fetch.fetched_at if fetch else "~"

    def _lost(self, url: str, error: CorpusError) -> Rejection:
        return self._rejected(url, getattr(error, "reason", "") or str(error))

    def _rejected(self, path: str, reason: str, feed: str = "") -> Rejection:
        if ids := self._shelf.ids(path):
            reason += f"; what is stored of it stays ({', '.join(ids)})"
        elif feed:
            reason += f"; its feed is at {feed}"
        return Rejection(path=path.encode("utf-8", "replace").decode(), reason=reason)

    def _tell(self) -> None:
        self._done += 1
        if self._told:
            total = max(self._total, self._done)
            self._told(Progress(stage="fetch", done=self._done, total=total))


def _latest(moment: str) -> datetime | None:
    """The last instant that an ISO date or time can mean, as days and zones go; None for none."""
    if not moment:
        return None
    try:
        if len(moment) == len("YYYY-MM-DD"):
            end = datetime.combine(date.fromisoformat(moment) + timedelta(days=1), time(), UTC)
            return end + _WIDEST_ZONE
        found = datetime.fromisoformat(moment)
        return found if found.tzinfo else found.replace(tzinfo=UTC) + _WIDEST_ZONE
    except OverflowError:  # the last days of the year 9999
        return None


def _same_story(one: Article, other: Article) -> bool:
    return one.text == other.text or (one.title.casefold() == other.title.casefold() != "")
