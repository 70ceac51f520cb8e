"""Addresses into a collection: pages, feeds, sitemaps, and what a second visit costs."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes import HashEmbedder
from web_site import Reply, Site

from rag import cli, health
from rag.assistant import Assistant
from rag.errors import IndexBusy, ModelError
from rag.index import Index
from rag.reading.worker import reading
from rag.schema import IngestReport, Progress
from rag.settings import Settings

SENTENCES = (
    "The harbour board of {place} voted on Tuesday to build a second quay for grain ships.",
    "It expects the work to take four years and to cost about ninety million crowns.",
    "Two members voted against the plan, saying that the railway had to be widened first.",
    "The chair of the board answered that both could be done at once if the state helped.",
    "Farmers around {place} have asked for more berths since the dry summer three years ago.",
    "A study that the board paid for found that ships wait eleven hours on average.",
)


def story(place: str, head: str = "", extra: str = "") -> bytes:
    """A page with a story of its own."""
    body = "".join(f"<p>{line.format(place=place)}</p>" for line in SENTENCES)
    return (
        f"<!doctype html><html><head><title>{place} builds a quay</title>{head}</head><body>"
        f"<article><h1>{place} builds a quay</h1>{body}<p>{extra}</p></article></body></html>"
    ).encode()


WALL = b"""<html><head><title>Before you continue</title></head><body><h1>Before you continue</h1>
<p>We and our partners use cookies. Accept all cookies or manage your choices to continue.</p>
<button>Accept all</button><button>Reject all</button></body></html>"""


class Desk:
    """An assistant over an empty index, a site beside it, and the verbs in short."""

    def __init__(self, folder: Path, site: Site) -> None:
        self.site = site
        self.folder = folder
        self.embedder = HashEmbedder()
        self.open()

    def open(self, **fetch: object) -> None:
        given = {"delay": 0, "timeout": 5, "allow_hosts": ("127.0.0.1",), **fetch}
        settings = Settings.load(environ={}, fetch=given)
        index = Index.open(self.folder, self.embedder.fingerprint, settings.index)
        self.assistant = Assistant(index, self.embedder, None, settings)

    def ingest(self, *paths: str) -> IngestReport:
        self.site.forget()
        return self.assistant.ingest([self.site.url(path) for path in paths])

    def places(self) -> set[str]:
        """The first word of each title."""
        return {article.title.split()[0] for article in self.assistant.articles()}


@pytest.fixture(scope="module", autouse=True)
def _one_reader() -> Iterator[None]:
    """The process that reads pages takes a second to start: once is enough."""
    with reading(Settings.load(environ={}).ingest):
        yield


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


@pytest.fixture
def desk(site: Site, tmp_path: Path) -> Desk:
    return Desk(tmp_path / "index", site)


def outcome(report: IngestReport) -> tuple[int, int, int, int]:
    return report.added, report.updated, report.unchanged, len(report.rejected)


def reasons(report: IngestReport) -> dict[str, str]:
    """The reasons by the path of the address."""
    return {item.path.split("/", 3)[3]: item.reason for item in report.rejected}


def test_a_page_becomes_an_article_with_a_readable_and_steady_id(desk, site):
    for query in ("", "?utm_source=mail"):
        site.pages[f"/news/varna-quay.html{query}"] = Reply(story("Varna"))
    assert outcome(desk.ingest("/news/varna-quay.html?utm_source=mail#top")) == (1, 0, 0, 0)
    (article,) = desk.assistant.articles()
    assert article.article_id.startswith("varna-quay-")
    assert article.source == site.url("/news/varna-quay.html?utm_source=mail")
    assert article.publisher == "127.0.0.1"
    assert article.published is None
    assert "second quay for grain ships" in article.text
    assert outcome(desk.ingest("/news/varna-quay.html")) == (0, 0, 1, 0)


def test_the_second_time_nothing_is_sent_and_nothing_embedded(desk, site):
    site.pages["/a"] = Reply(story("Varna"), etag='"1"')
    desk.ingest("/a")
    embedded, pointer = desk.embedder.embedded, desk.assistant._index.snapshot().pointer
    assert outcome(desk.ingest("/a")) == (0, 0, 1, 0)
    assert (site.asked, site.full) == (["/a"], [])
    assert desk.embedder.embedded == embedded
    assert desk.assistant._index.snapshot().pointer == pointer
    assert outcome(desk.ingest("/a")) == (0, 0, 1, 0)
    assert site.full == [], "a 304 without an ETag does not lose it"


def test_without_an_etag_the_same_content_embeds_nothing(desk, site):
    site.pages["/a"] = Reply(story("Varna"))
    desk.ingest("/a")
    embedded = desk.embedder.embedded
    assert outcome(desk.ingest("/a")) == (0, 0, 1, 0)
    assert site.full == ["/a"]
    assert desk.embedder.embedded == embedded


def test_a_page_that_changed_replaces_its_article(desk, site):
    site.pages["/a"] = Reply(story("Varna"), etag='"1"')
    desk.ingest("/a")
    site.pages["/a"] = Reply(story("Varna", extra="The vote was repeated."), etag='"2"')
    assert outcome(desk.ingest("/a")) == (0, 1, 0, 0)
    (article,) = desk.assistant.articles()
    assert "vote was repeated" in article.text
    assert outcome(desk.ingest("/a")) == (0, 0, 1, 0)


@pytest.mark.parametrize("status", [404, 410])
def test_an_article_whose_page_is_gone_stays_and_is_told(desk, site, status):
    site.pages["/a"] = Reply(story("Varna"), etag='"1"')
    desk.ingest("/a")
    kept = site.pages["/a"]
    site.pages["/a"] = Reply(b"gone", status)
    report = desk.ingest("/a")
    assert outcome(report) == (0, 0, 0, 1)
    (article,) = desk.assistant.articles()
    assert f"is not there ({status})" in reasons(report)["a"]
    assert f"what is stored of it stays ({article.article_id})" in reasons(report)["a"]
    site.pages["/a"] = kept
    assert outcome(desk.ingest("/a")) == (0, 0, 1, 0)
    assert rejected_before(desk) == set(), "it is there again"


def rejected_before(desk: Desk) -> set[str]:
    """The paths whose rejection is kept."""
    from rag import changes
    from rag.catalog import FILE_NAME, Catalog

    with Catalog.open(desk.folder / FILE_NAME) as catalog:
        return {rejection.path for rejection in changes.rejections(catalog)}


def test_an_article_that_was_removed_is_fetched_again(desk, site):
    site.pages["/a"] = Reply(story("Varna"), etag='"1"')
    desk.ingest("/a")
    (article,) = desk.assistant.articles()
    desk.assistant.remove(article.article_id)
    assert outcome(desk.ingest("/a")) == (1, 0, 0, 0)
    assert site.full == ["/a"]


def test_an_ingest_that_fails_fetches_again(desk, site):
    site.pages["/a"] = Reply(story("Varna"), etag='"1"')
    working = desk.embedder.embed
    desk.embedder.embed = lambda texts: (_ for _ in ()).throw(ModelError("out of order; wait"))
    with pytest.raises(ModelError):
        desk.ingest("/a")
    desk.embedder.embed = working
    assert outcome(desk.ingest("/a")) == (1, 0, 0, 0)
    assert site.full == ["/a"]


def test_nothing_is_locked_while_addresses_are_read(desk, site):
    tried: list[str] = []

    def slow(handler) -> None:
        with desk.assistant._index.writing(*blank(desk)):
            tried.append("wrote")
        handler._reply(Reply(story("Varna")))

    site.pages["/a"] = slow
    assert outcome(desk.ingest("/a")) == (1, 0, 0, 0)
    assert tried == ["wrote"]


def blank(desk: Desk):
    from rag.ingest import facts_of

    return facts_of(desk.embedder), desk.assistant.settings.chunking.model_dump()


@pytest.mark.parametrize(
    ("path", "media", "body", "words"),
    [
        ("/a.zip", "application/zip", b"PK\x03\x04 and so on", "packed archive"),
        ("/a.png", "image/png", b"\x89PNG\r\n\x1a\n\0\0\0", "holds image/png, which is not read"),
        ("/a", "", b"\0\1\2\3\4\5", "something of no known kind"),
        ("/a", "video/mp4", b"\0\0\0\x18ftypmp42", "holds video/mp4"),
        ("/a.xml", "text/xml", b"<?xml version='1.0'?><svg/>", "holds text/xml"),
        ("/feed", "text/xml", b"<rss version='2.0'><channel/></rss>", "without entries"),
        ("/map", "text/xml", b"<urlset/>", "names no page"),
        ("/map.xml.gz", "application/gzip", b"\x1f\x8b damaged", "damaged gzip"),
    ],
)
def test_what_is_no_text_is_rejected_by_name(desk, site, path, media, body, words):
    site.pages[path] = Reply(body, media=media)
    report = desk.ingest(path)
    assert outcome(report) == (0, 0, 0, 1)
    assert words in reasons(report)[path[1:]]
    assert ";" in reasons(report)[path[1:]], "there is a remedy"


def test_a_bad_address_does_not_stop_the_others(desk, site):
    site.pages["/a"] = Reply(story("Varna"))
    report = desk.assistant.ingest(
        ["http://", "http://127.0.0.1:1/x", "http://127.0.0.2/x", site.url("/a"), site.url("/no")]
    )
    assert outcome(report) == (1, 0, 0, 4)


def test_files_and_addresses_go_in_together(desk, site, tmp_path):
    site.pages["/a"] = Reply(story("Varna"))
    (tmp_path / "note.txt").write_text("Constanta has two quays for grain, and wants no third.")
    report = desk.assistant.ingest([tmp_path / "note.txt", site.url("/a")])
    assert outcome(report) == (2, 0, 0, 0)
    again = desk.assistant.ingest([tmp_path / "note.txt"])
    assert again.articles == 2, "an article of the web is not of the file's folder"


def test_encodings_that_the_server_names(desk, site):
    text = story("Łódź").decode().replace("utf-8", "")
    site.pages["/a"] = Reply(text.encode("iso8859-2"), media="text/html; charset=ISO-8859-2")
    site.pages["/b"] = Reply(story("Würzburg"), media="text/html; charset=iso-8859-1")
    desk.ingest("/a", "/b")
    assert desk.places() == {"Łódź", "Würzburg"}


def test_a_plain_text_and_a_redirect(desk, site):
    site.pages["/old"] = Reply(status=301, headers={"Location": "/new.txt"})
    site.pages["/new.txt"] = Reply(
        b"Varna builds a quay\n\nThe board of the harbour voted on it.", media="text/plain"
    )
    assert outcome(desk.ingest("/old")) == (1, 0, 0, 0)
    (article,) = desk.assistant.articles()
    assert (article.source, article.url) == (site.url("/old"), site.url("/new.txt"))


# --- names ------------------------------------------------------------------------------------


def linked(address: str) -> str:
    return f'<link rel="canonical" href="{address}">'


def test_two_addresses_of_one_page_are_one_article(desk, site):
    head = linked("/news/varna")
    site.pages |= {path: Reply(story("Varna", head)) for path in ("/news/varna", "/amp/varna")}
    assert outcome(desk.ingest("/news/varna", "/amp/varna")) == (1, 0, 0, 0)
    (article,) = desk.assistant.articles()
    assert article.url == site.url("/news/varna")
    assert outcome(desk.ingest("/amp/varna")) == (0, 0, 1, 0)


@pytest.mark.parametrize("named", ["/", "/everything", "https://news.example.org/varna"])
def test_a_badly_named_page_takes_no_other_articles_place(desk, site, named):
    site.pages["/a/varna"] = Reply(story("Varna", linked(named)))
    site.pages["/a/burgas"] = Reply(story("Burgas", linked(named)))
    assert outcome(desk.ingest("/a/varna", "/a/burgas")) == (2, 0, 0, 0)
    assert outcome(desk.ingest("/a/burgas", "/a/varna")) == (0, 0, 2, 0)
    assert desk.places() == {"Varna", "Burgas"}
    if named.startswith("https"):
        assert {item.url for item in desk.assistant.articles()} == {
            site.url("/a/varna"), site.url("/a/burgas"),
        }  # fmt: skip


def test_a_page_that_takes_another_name_stays_the_same_article(desk, site):
    site.pages["/a"] = Reply(story("Varna"))
    desk.ingest("/a")
    site.pages["/a"] = Reply(story("Varna", linked("/news/varna"), "More of it."))
    assert outcome(desk.ingest("/a")) == (0, 1, 0, 0)
    assert len(desk.assistant.articles()) == 1


# --- feeds ------------------------------------------------------------------------------------


def rss(site: Site, items: str) -> Reply:
    feed = f"<rss version='2.0'><channel><title>Quay News</title>{items}</channel></rss>"
    return Reply(feed.encode(), media="application/rss+xml")


def item(site: Site, path: str, more: str = "") -> str:
    return f"<item><title>About {path[1:]}</title><link>{site.url(path)}</link>{more}</item>"


DATE = "<pubDate>Wed, 05 Jul 2023 08:30:00 +0200</pubDate>"
WHOLE = " ".join(line.format(place="Burgas") for line in SENTENCES) + " It was a long evening." * 8


@pytest.fixture
def feed(site: Site) -> Site:
    """Five entries: two good, one gone, one behind a cookie wall, one of another date."""
    dated = '<meta property="article:published_time" content="2023-07-01T06:00:00Z">'
    site.pages |= {
        "/varna": Reply(story("Varna"), etag='"v"'),
        "/burgas": Reply(story("Burgas"), etag='"b"'),
        "/wall": Reply(WALL),
        "/ruse": Reply(story("Ruse", dated), etag='"r"'),
    }
    paths = ("/varna", "/burgas", "/gone", "/wall", "/ruse")
    site.pages["/feed"] = rss(site, "".join(item(site, path, DATE) for path in paths))
    return site


def test_a_feed_brings_its_stories_and_names_what_it_cannot_read(desk, feed):
    report = desk.ingest("/feed")
    assert outcome(report) == (3, 0, 0, 2)
    assert desk.places() == {"Varna", "Burgas", "Ruse"}
    assert "is not there (404)" in reasons(report)["gone"]
    assert "wall" in reasons(report)
    by_place = {article.title.split()[0]: article for article in desk.assistant.articles()}
    varna, ruse = by_place["Varna"], by_place["Ruse"]
    assert (varna.published, varna.published_origin) == ("2023-07-05T08:30:00+02:00", "feed")
    assert varna.publisher == "Quay News"
    assert (ruse.published[:10], ruse.published_origin) == ("2023-07-01", "Open Graph")


def test_a_feed_costs_little_the_second_time(desk, feed):
    desk.ingest("/feed")
    embedded = desk.embedder.embedded
    assert outcome(desk.ingest("/feed")) == (0, 0, 3, 2)
    assert set(feed.full) == {"/feed", "/wall"}
    assert desk.embedder.embedded == embedded


def test_a_new_entry_is_added(desk, feed):
    desk.ingest("/feed")
    feed.pages["/pleven"] = Reply(story("Pleven"))
    feed.pages["/feed"] = rss(feed, item(feed, "/pleven") + item(feed, "/varna"))
    assert outcome(desk.ingest("/feed")) == (1, 0, 1, 0)
    assert len(desk.assistant.articles()) == 4


def test_a_story_that_the_feed_holds_whole_stands_in_for_its_page(desk, site):
    content = f"<content:encoded><![CDATA[<p>{WHOLE}</p>]]></content:encoded>"
    entry = item(site, "/gone", DATE + content).replace(
        "About gone", "Burgas votes &amp;amp; builds"
    )
    site.pages["/feed"] = rss(site, entry)
    site.pages["/feed"] = Reply(
        site.pages["/feed"].body.replace(
            b"<rss ", b"<rss xmlns:content='http://purl.org/rss/1.0/modules/content/' "
        ),
        media="text/xml",
    )
    assert outcome(desk.ingest("/feed")) == (1, 0, 0, 0)
    (article,) = desk.assistant.articles()
    assert (article.title, article.url) == ("Burgas votes & builds", site.url("/gone"))
    assert (article.published, article.published_origin) == ("2023-07-05T08:30:00+02:00", "feed")
    assert "ships wait eleven hours" in article.text
    assert outcome(desk.ingest("/feed")) == (0, 0, 1, 0)
    site.pages["/gone"] = Reply(story("Burgas", extra="Found again."))
    assert outcome(desk.ingest("/feed")) == (0, 1, 0, 0)
    del site.pages["/gone"]
    assert outcome(desk.ingest("/feed")) == (0, 0, 0, 1), "the feed does not replace the page"
    assert "Found again" in desk.assistant.articles()[0].text


def test_entries_without_a_link_are_told_apart(desk, site):
    entries = "".join(
        f"<entry><id>urn:{n}</id><title>Note {n}</title><updated>2023-07-05T10:00:00Z</updated>"
        f"<content type='html'>&lt;p&gt;{n} {WHOLE}&lt;/p&gt;</content></entry>"
        for n in ("one", "two")
    )
    feed = f"<feed xmlns='http://www.w3.org/2005/Atom'><title>N</title>{entries}</feed>"
    site.pages["/feed"] = Reply(feed.encode(), media="application/atom+xml")
    assert outcome(desk.ingest("/feed")) == (2, 0, 0, 0)
    assert outcome(desk.ingest("/feed")) == (0, 0, 2, 0)


def test_halves_of_characters_in_a_feed_do_no_harm(desk, site):
    site.pages["/varna"] = Reply(story("Varna"))
    site.pages["/feed"] = Reply(
        b'{"version": "https://jsonfeed.org/version/1", "title": "\\ud800", "items": ['
        b'{"id": "\\ud800", "url": "/varna", "title": "\\ud800"},'
        b'{"id": "2", "url": "/\\ud800", "title": "\\ud800", "content_text": "\\ud800"}]}',
        media="application/feed+json",
    )
    report = desk.ingest("/feed")
    assert outcome(report) == (1, 0, 0, 1)
    assert rejected_before(desk) == {report.rejected[0].path}


def test_robots_txt_closes_pages_of_a_feed_not_the_feed_itself(desk, feed):
    feed.pages["/robots.txt"] = Reply(b"User-agent: *\nDisallow: /feed\nDisallow: /varna\n")
    report = desk.ingest("/feed")
    assert "closed to programs by its robots.txt" in reasons(report)["varna"]
    assert report.added == 2
    assert outcome(desk.ingest("/varna")) == (1, 0, 0, 0), "asked for by hand"


def test_a_feed_cannot_lead_into_the_network_of_its_reader(desk, site):
    site.pages["/feed"] = rss(site, "<item><link>http://127.0.0.2:1/secret</link></item>")
    report = desk.ingest("/feed")
    assert "not on the open internet" in report.rejected[0].reason


def test_a_feed_cannot_bring_data_files(desk, site):
    site.pages["/a.jsonl"] = Reply(
        b'{"id": "varna", "text": "A quay."}\n', media="application/jsonl"
    )
    site.pages["/feed"] = rss(site, item(site, "/a.jsonl"))
    assert "is no page with a story" in reasons(desk.ingest("/feed"))["a.jsonl"]
    assert outcome(desk.ingest("/a.jsonl")) == (1, 0, 0, 0)


def test_what_is_left_for_the_next_time_is_told_and_comes_then(desk, feed):
    desk.open(max_pages=2)
    report = desk.ingest("/feed")
    assert report.added == 2
    assert "3 pages of it are left for the next time; ingest it again" in reasons(report)["feed"]
    for _ in range(2):
        report = desk.ingest("/feed")
    assert desk.places() == {"Varna", "Burgas", "Ruse"}


def test_a_section_page_names_its_feed(desk, site):
    links = "".join(
        f"<li><a href='/story-{n}'>Story number {n} of today</a></li>" for n in range(40)
    )
    head = "<link rel='alternate' type='application/rss+xml' href='/all.xml'>"
    site.pages["/"] = Reply(
        f"<html><head><title>News</title>{head}</head><body><ul>{links}</ul></body></html>".encode()
    )
    report = desk.ingest("/")
    assert outcome(report) == (0, 0, 0, 1)
    assert f"its feed is at {site.url('/all.xml')}" in report.rejected[0].reason


# --- sitemaps ---------------------------------------------------------------------------------


def urlset(site: Site, pages: dict[str, str], root: str = "urlset", name: str = "url") -> Reply:
    entries = "".join(
        f"<{name}><loc>{site.url(path)}</loc>{day and f'<lastmod>{day}</lastmod>'}</{name}>"
        for path, day in pages.items()
    )
    namespace = "http://www.sitemaps.org/schemas/sitemap/0.9"
    return Reply(f"<{root} xmlns='{namespace}'>{entries}</{root}>".encode(), media="text/xml")


@pytest.fixture
def stories(site: Site) -> Site:
    for place in ("Varna", "Burgas", "Ruse", "Pleven"):
        site.pages[f"/{place}"] = Reply(story(place), etag=f'"{place}"')
    return site


def test_a_packed_sitemap_newest_first_and_no_lastmod_is_a_date_of_publication(desk, stories):
    days = {"/Varna": "2023-07-01", "/Burgas": "2023-07-03T10:00:00Z", "/Ruse": ""}
    plain = urlset(stories, days)
    stories.pages["/map.xml.gz"] = Reply(gzip.compress(plain.body), media="application/x-gzip")
    assert outcome(desk.ingest("/map.xml.gz")) == (3, 0, 0, 0)
    pages = [path for path in stories.full if path not in ("/map.xml.gz", "/robots.txt")]
    assert pages == ["/Burgas", "/Varna", "/Ruse"]
    assert {article.published for article in desk.assistant.articles()} == {None}


def test_pages_that_a_sitemap_calls_unchanged_are_not_asked_for(desk, stories):
    days = {"/Varna": "2023-07-01", "/Burgas": "2023-07-03T10:00:00Z", "/Ruse": "2999-01-01"}
    stories.pages["/map"] = urlset(stories, days)
    desk.ingest("/map")
    embedded = desk.embedder.embedded
    assert outcome(desk.ingest("/map")) == (0, 0, 3, 0)
    assert set(stories.asked) == {"/map", "/robots.txt", "/Ruse"}
    assert "/Ruse" not in stories.full
    assert desk.embedder.embedded == embedded


def test_an_index_of_sitemaps(desk, stories):
    stories.pages |= {
        "/index": urlset(
            stories, {"/map1": "2023-01-01", "/map2": "2023-07-01", "/no": ""},
            root="sitemapindex", name="sitemap",
        ),
        "/map1": urlset(stories, {"/Varna": "2022-12-31", "/Burgas": "2022-12-30"}),
        "/map2": urlset(stories, {"/Ruse": "2023-07-01", "/index": ""}),
    }  # fmt: skip
    report = desk.ingest("/index")
    assert outcome(report) == (3, 0, 0, 1)
    assert "is not there (404)" in reasons(report)["no"]
    stories.pages["/no"] = urlset(stories, {"/Pleven": ""})
    assert outcome(desk.ingest("/index")) == (1, 0, 3, 0)
    assert rejected_before(desk) == set()


def test_a_large_sitemap_is_taken_up_where_it_was_left(desk, stories):
    desk.open(max_pages=1)
    stories.pages["/map"] = urlset(stories, {"/no": "", **{f"/{p}": "" for p in ("Varna", "Ruse")}})
    stories.pages["/index"] = urlset(
        stories, {"/map": "", "/map2": ""}, root="sitemapindex", name="sitemap"
    )
    stories.pages["/map2"] = urlset(stories, {"/Pleven": ""})
    report = desk.ingest("/index")
    assert "2 pages and 1 sitemaps of it are left" in reasons(report)["index"]
    for _ in range(3):
        report = desk.ingest("/index")
    assert desk.places() == {"Varna", "Ruse", "Pleven"}


def test_stored_pages_of_unknown_age_are_looked_at_in_turn(desk, stories):
    stories.pages["/map"] = urlset(stories, {f"/{p}": "" for p in ("Varna", "Ruse", "Burgas")})
    desk.ingest("/map")
    desk.open(max_pages=1)
    looked_at = set()
    for _ in range(3):
        desk.ingest("/map")
        looked_at |= set(stories.asked) - {"/map", "/robots.txt"}
    assert looked_at == {"/Varna", "/Ruse", "/Burgas"}


def test_a_news_sitemap_says_when_a_story_was_published(desk, stories):
    stories.pages["/map"] = Reply(
        f"""<urlset xmlns:n="http://www.google.com/schemas/sitemap-news/0.9">
        <url><loc>{stories.url("/Varna")}</loc><n:news><n:publication><n:name>Quay News</n:name>
        </n:publication><n:publication_date>2023-07-05T10:00:00+03:00</n:publication_date>
        </n:news></url></urlset>""".encode(),
        media="application/xml",
    )
    desk.ingest("/map")
    (article,) = desk.assistant.articles()
    assert (article.published, article.published_origin) == (
        "2023-07-05T10:00:00+03:00",
        "news sitemap",
    )
    assert article.publisher == "Quay News"


def test_a_list_of_addresses_is_a_sitemap(desk, stories):
    lines = "\n".join(stories.url(path) for path in ("/Varna", "/Ruse"))
    stories.pages["/sitemap.txt"] = Reply(lines.encode(), media="text/plain")
    assert outcome(desk.ingest("/sitemap.txt")) == (2, 0, 0, 0)


@pytest.mark.model
def test_the_command_takes_addresses(feed, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAG_FETCH__ALLOW_HOSTS", "127.0.0.1, localhost")
    monkeypatch.setenv("RAG_FETCH__DELAY", "0")
    monkeypatch.setattr(sys, "argv", ["rag", "ingest", feed.url("/feed"), "--json"])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    printed = capsys.readouterr()
    assert stopped.value.code in (None, 0)
    assert json.loads(printed.out)["added"] == 3
    assert "fetch 6 of 6" in printed.err


def test_progress_is_told(desk, feed):
    told: list[Progress] = []
    desk.assistant.ingest([feed.url("/feed")], told.append)
    fetched = [step for step in told if step.stage == "fetch"]
    assert [step.done for step in fetched] == list(range(1, 7))
    assert (fetched[-1].done, fetched[-1].total) == (6, 6)


def test_the_index_is_sound_after_all_this(desk, feed):
    for _ in range(2):
        desk.ingest("/feed")
    assert all(finding.ok for finding in health.check(desk.folder))


def test_a_busy_index_only_costs_another_fetch(desk, site, monkeypatch):
    site.pages["/a"] = Reply(story("Varna"), etag='"1"')
    index = desk.assistant._index
    writing, calls = index.writing, []

    def once(*given):
        calls.append(given)
        if len(calls) == 2:
            raise IndexBusy("another process is writing; try again")
        return writing(*given)

    index.writing = once
    assert outcome(desk.ingest("/a")) == (1, 0, 0, 0)
    index.writing = writing
    assert outcome(desk.ingest("/a")) == (0, 0, 1, 0)
    assert site.full == ["/a"]
