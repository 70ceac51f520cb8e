"""Feeds, sitemaps, addresses and kinds: pure functions over bytes that strangers wrote."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag.addresses import article_id, canonical, identity, is_address
from rag.errors import CorpusError
from rag.web.feeds import ENTRIES, announced, entries
from rag.web.kinds import FEED, HTML, SITEMAP, in_utf8, kind_of, unpacked
from rag.web.sitemaps import read_sitemap

HOME = "https://news.example.org/feed.xml"

RSS = b"""<?xml version="1.0" encoding="ISO-8859-1"?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel><title>Quay &amp; Harbour News</title>
<item><title>Fr&eacute;jus &amp;amp; its <![CDATA[<b>quay</b>]]></title>
 <link>/frejus?a=1&amp;b=2#top</link><guid isPermaLink="false">7</guid>
 <dc:creator>Ann Example</dc:creator><author>desk@example.org (Bea Example)</author>
 <pubDate>Wed, 05 Jul 2023 08:30:00 EST</pubDate><category>Ports</category>
 <description>Short.</description></item>
<item><title>Elsewhere</title><link>https://other.example.com/a</link></item>
<item><title>Not of the web</title><link>javascript:alert(1)</link></item>
<item><title>Borrowed</title><link>/borrowed</link>
 <source url="https://wire.example.com/feed">Example Wire</source></item>
</channel></rss>"""

ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://news.example.org/b/">
<title>News</title>
<entry><title type="html">A &lt;i&gt;quay&lt;/i&gt;</title><link rel="self" href="/self"/>
 <link rel="alternate" href="story"/><id>urn:1</id><updated>2023-07-06T10:00:00Z</updated>
 <published>2023-07-05T10:00:00+03:00</published><author><name>Ann</name></author>
 <author><name>Bea</name></author><content type="html">&lt;p&gt;Whole.&lt;/p&gt;</content></entry>
<entry><title>Only updated</title><link href="https://news.example.org/u"/>
 <updated>2023-07-07T10:00:00Z</updated></entry>
<entry><title>Only published</title><link href="https://news.example.org/p"/>
 <published>2023-07-07T10:00:00Z</published></entry></feed>"""

RDF = b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel><title>Old News</title></channel>
<item><title>Old</title><link>https://news.example.org/old</link>
<dc:date>2003-07-05T10:00:00Z</dc:date></item></rdf:RDF>"""

JSON = {
    "version": "https://jsonfeed.org/version/1.1",
    "title": "News",
    "items": [
        {
            "id": 1,
            "url": "/json",
            "title": "A quay",
            "content_text": "One.\nTwo & three.",
            "date_published": "2023-07-05T10:00:00Z",
            "date_modified": "2023-07-06T10:00:00Z",
            "authors": [{"name": "Ann Example"}],
            "tags": ["ports"],
        },
        "not an entry",
    ],
}


def test_rss():
    first, other, no_link, borrowed = entries(RSS, HOME)
    assert first.url == "https://news.example.org/frejus?a=1&b=2"
    assert first.facts == {
        "id": "7",
        "title": "Fréjus & its quay",
        "author": "Ann Example, Bea Example",
        "publisher": "Quay & Harbour News",
        "topics": ["Ports"],
        "published": "2023-07-05T08:30:00-05:00",
        "published_origin": "feed",
    }
    assert (first.content, first.changed) == ("Short.", "")
    assert "publisher" not in other.facts, "the feed is not the publisher of another site's story"
    assert no_link.url == ""
    assert borrowed.facts["publisher"] == "Example Wire"


def test_atom_keeps_publication_and_change_apart():
    whole, updated, published = entries(ATOM, HOME)
    assert whole.url == "https://news.example.org/b/story"
    assert whole.facts["title"] == "A quay"
    assert whole.facts["author"] == "Ann, Bea"
    assert whole.facts["published"] == "2023-07-05T10:00:00+03:00"
    assert whole.facts["modified"] == whole.changed == "2023-07-06T10:00:00+00:00"
    assert whole.content == "<p>Whole.</p>"
    assert "published" not in updated.facts
    assert updated.facts["modified_origin"] == "feed"
    assert (published.changed, published.facts.get("modified")) == ("", None)


def test_the_date_of_an_rdf_feed_is_of_publication():
    (entry,) = entries(RDF, HOME)
    assert entry.facts["published"] == "2003-07-05T10:00:00+00:00"
    assert "modified" not in entry.facts


def test_json():
    (entry,) = entries(json.dumps(JSON).encode(), HOME)
    assert entry.url == "https://news.example.org/json"
    assert entry.content == "<p>One.</p><p>Two &amp; three.</p>"
    assert entry.facts["author"] == "Ann Example"
    assert (entry.facts["published"], entry.changed) == (
        "2023-07-05T10:00:00+00:00",
        "2023-07-06T10:00:00+00:00",
    )


def test_a_broken_feed_gives_what_can_be_read():
    broken = RSS.replace(b"</item>", b"<unclosed></item>", 1).replace(b"Elsewhere", b"A & B")
    assert [entry.url for entry in entries(broken, HOME)][0::3] == [
        "https://news.example.org/frejus?a=1&b=2",
        "https://news.example.org/borrowed",
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "windows-1251", "shift_jis"])
def test_encodings_of_feeds(encoding):
    title = {"windows-1251": "Причал", "shift_jis": "埠頭"}.get(encoding, "Łódź 埠頭")
    feed = f'<?xml version="1.0" encoding="{encoding}"?><rss version="2.0"><channel><item>'
    feed += f"<title>{title}</title><link>/a</link></item></channel></rss>"
    data = feed.encode(encoding)
    assert kind_of(data, "text/xml", "/feed") == FEED
    assert entries(data, HOME)[0].facts["title"] == title


LAUGHS = b'<!DOCTYPE a [<!ENTITY a "ha">' + b"".join(
    b'<!ENTITY %c "%s">' % (letter, b"&%c;" % (letter - 1) * 10) for letter in range(98, 110)
)
ITEM = b"<item><title>%s</title><link>/a</link></item>"
RSS_OF = b"<rss version='2.0'><channel>%s</channel></rss>"


@pytest.mark.parametrize(
    "data",
    [
        RSS_OF % (ITEM * 100_000 % ((b"x",) * 100_000)),
        RSS_OF % (ITEM % (b"&lt;a " * 20_000)),
        RSS_OF % (ITEM % (b"<a " * 20_000)),
        b"<rss version='2.0'><channel>" + b"<item>" * 50_000,
        LAUGHS + b"]>" + RSS_OF % (ITEM % b"&m;"),
        b"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>" + RSS_OF % (ITEM % b"q&x;q"),
        b'{"version": "https://jsonfeed.org/version/1", "items": ' + b"[" * 100_000,
        b'{"items": [{"url": "/a"}], "title": ' + b"9" * 10_000 + b"}",
    ],
    ids="many quoted tags deep laughs outside nested number".split(),
)
def test_hostile_feeds_cost_little(data):
    began = time.process_time()
    try:
        found = entries(data, HOME)
    except CorpusError:
        found = []
    assert len(found) <= ENTRIES
    assert not any(
        "root:" in str(entry.facts) or len(str(entry.facts)) > 100_000 for entry in found
    )
    assert time.process_time() - began < 5


def told(read, *given):
    """What a function says of what it cannot read; empty where it can."""
    try:
        read(*given)
    except CorpusError as error:
        return str(error)
    return ""


@given(st.one_of(st.binary(), st.text().map(lambda text: RSS_OF % text.encode())))
@example(b"{}")
@example(b'{"items": [{"url": 1, "authors": 2, "tags": 3}]}')
@example(b'{"items": [{"url": "http://[", "authors": [1]}]}')
@example(b'{"items": [{"url": "http://\\ud800/", "title": "\\ud800<"}]}')
def test_no_bytes_make_reading_fail_otherwise(data):
    for read in (
        lambda: entries(data, HOME),
        lambda: read_sitemap(data),
        lambda: kind_of(data, "", "/"),
        lambda: announced(data, HOME),
        lambda: in_utf8(data, "latin-1"),
    ):
        assert ";" in (told(read) or ";")


def test_a_page_announces_its_feed():
    head = b"<link rel=alternate hreflang=de href=/de>"
    head += b"<link REL=Alternate type='application/atom+xml' href=/x>"
    assert announced(b"<html><head>" + head, HOME) == "https://news.example.org/x"
    assert announced(b"<html><head><title>None</title>", HOME) == ""


def test_sitemaps_are_newest_first_and_keep_what_news_says():
    sitemap = read_sitemap(
        b"""<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
        xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"
        xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"><!-- made by hand -->
        <url><image:image><image:loc>https://news.example.org/a.png</image:loc></image:image>
        <loc> https://news.example.org/a </loc><lastmod>2023-07-01</lastmod></url>
        <url><loc>https://news.example.org/b</loc></url>
        <url><loc>https://news.example.org/c#d</loc><lastmod>soon</lastmod><news:news>
        <news:publication_date>2023-07-05</news:publication_date><news:title>C</news:title>
        </news:news></url>
        <url><loc>file:///etc/passwd</loc></url><url><lastmod>2023-01-01</lastmod></url></urlset>"""
    )
    assert [entry.url[-1] for entry in sitemap.pages] == ["c", "a", "b"]
    assert [entry.changed for entry in sitemap.pages] == ["", "2023-07-01", ""]
    assert sitemap.pages[0].facts == {
        "title": "C", "published": "2023-07-05", "published_origin": "news sitemap",
    }  # fmt: skip
    assert sitemap.pages[1].facts == {}
    assert sitemap.maps == ()


def test_an_index_of_sitemaps():
    found = read_sitemap(
        b"<sitemapindex><sitemap><loc>http://a.example/1</loc></sitemap><sitemap>"
        b"<loc>http://a.example/2</loc><lastmod>2023-01-01</lastmod></sitemap></sitemapindex>"
    )
    assert [entry.url for entry in found.maps] == ["http://a.example/2", "http://a.example/1"]
    assert found.pages == ()


@pytest.mark.parametrize(
    ("data", "media", "path", "kind"),
    [
        (b"<!doctype html><html>", "text/html", "/", HTML),
        (b"<p>no root", "text/html", "/", HTML),
        (b"<html><body>%PDF-1.4", "text/html", "/", HTML),
        (b"", "text/html", "/", HTML),
        (RSS, "text/html", "/", FEED),
        (b"\xef\xbb\xbf \n" + ATOM, "text/plain", "/", FEED),
        (b"<!-- x --><!DOCTYPE rss [\n]>" + RDF, "", "/", FEED),
        (json.dumps(JSON).encode(), "application/json", "/", FEED),
        (b"<urlset/>", "application/octet-stream", "/", SITEMAP),
        (b"https://a.example/\nhttps://a.example/b", "text/plain", "/sitemap.txt", SITEMAP),
        (b"See https://a.example/", "text/plain", "/a", ".txt"),
        (b"# Title", "text/plain", "/readme.md", ".md"),
        (b"{}", "application/json", "/", ".json"),
        (b"%PDF-1.7", "application/octet-stream", "/a", ".pdf"),
        (b"PK\x03\x04 word/document.xml", "application/zip", "/a.docx", ".docx"),
        (b"PK\x03\x04 mimetypeapplication/epub+zip", "", "/a", ".epub"),
        (b"title,text\n", "text/csv", "/a", ".csv"),
    ],
)
def test_kinds(data, media, path, kind):
    assert kind_of(data, media, path) == kind


def test_a_packed_file_is_unpacked_within_the_limit():
    import gzip

    assert unpacked(gzip.compress(b"hello"), 5) == b"hello"
    assert unpacked(b"hello", 1) == b"hello"
    with pytest.raises(CorpusError, match="more than 4 bytes"):
        unpacked(gzip.compress(b"hello"), 4)
    with pytest.raises(CorpusError, match="breaks off"):
        unpacked(gzip.compress(b"hello")[:-9], 50)


@pytest.mark.parametrize(
    ("data", "charset", "text"),
    [
        ("Łódź".encode("iso8859-2"), "iso-8859-2", "Łódź"),
        ("“quay”".encode("cp1252"), "iso-8859-1", "“quay”"),
        ("Łódź".encode(), "iso-8859-1", "Łódź"),
        ("埠頭".encode("shift_jis"), "shift_jis", "埠頭"),
    ],
)
def test_the_encoding_that_a_server_names(data, charset, text):
    assert in_utf8(data, charset).decode("utf-8-sig") == text


@pytest.mark.parametrize("charset", ["", "no-such-code", "rot13", "zlib", "idna", "utf-8"])
def test_an_encoding_that_says_nothing_changes_nothing(charset):
    assert in_utf8(b"caf\xe9", charset) == b"caf\xe9" or charset == "utf-8"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://www.example.org/a/", "http://example.org/a", True),
        ("https://example.org/a?utm_source=x&id=3&fbclid=9", "https://EXAMPLE.org/a?id=3", True),
        ("https://example.org/a?id=3", "https://example.org/a?id=4", False),
        ("https://example.org/a", "https://example.org/A", False),
        ("https://example.org:8443/a", "https://example.org/a", False),
        ("https://example.org/a", "https://sub.example.org/a", False),
    ],
)
def test_addresses_that_mean_the_same(one, other, same):
    assert (identity(one) == identity(other)) is same
    assert (article_id(one) == article_id(other)) is same


@pytest.mark.parametrize(
    ("url", "start"),
    [
        ("https://example.org/2023/07/Quay-for-Varna.html", "quay-for-varna-"),
        ("https://example.org/news/12345", "example.org-12345-"),
        ("https://example.org/", "example.org-"),
        ("https://example.org/%D0%9F%D1%80%D0%B8%D1%87%D0%B0%D0%BB", "причал-"),
        ("https://example.org/" + "a" * 500, "a" * 80 + "-"),
    ],
)
def test_ids_can_be_read(url, start):
    made = article_id(url)
    assert made.startswith(start)
    assert len(made) == len(start) + 12


@given(st.text())
@example("http://[")
@example("http://a:x/")
@example("//")
def test_no_address_makes_naming_fail(text):
    for url in (text, f"http://{text}", f"http://example.org/{text}"):
        is_address(url)
        assert article_id(url)
        assert canonical(url, "http://example.org/x").startswith("http")


@pytest.mark.parametrize(
    ("named", "kept"),
    [
        ("https://example.org/b", True),
        ("http://www.example.org/b", True),
        ("https://amp.example.org/b", True),
        ("https://evil.example.com/b", False),
        ("https://example.org/", False),
        ("/b", False),
        ("", False),
        ("javascript:alert(1)", False),
    ],
)
def test_whose_name_is_believed(named, kept):
    assert canonical(named, "https://example.org/a") == (named if kept else "https://example.org/a")
