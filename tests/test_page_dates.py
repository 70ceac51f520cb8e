"""When a page says that it was published: order of trust, soundness, and nothing guessed."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.reading.page import read_page

TODAY = date(2024, 7, 1)
TITLE = "Pilots get a new station"
BODY = (
    "<p>The harbour office will move its pilots to a new station on the outer mole, its director "
    "told the council. In winter the old one cannot be reached by road for up to nine days.</p>"
)


def dates(
    head: str = "", *, above: str = "", below: str = "", article: Any = None, url: str = ""
) -> tuple[str | None, str | None]:
    if article is not None:
        head += f'<script type="application/ld+json">{json.dumps(article)}</script>'
    page = (
        f"<html><head><title>{TITLE}</title>{head}</head><body><article><h1>{TITLE}</h1>{above}"
        f"{BODY}{below}</article></body></html>"
    )
    record = read_page(page.encode(), url, today=TODAY)
    return record.get("published"), record.get("modified")


def published(head: str = "", **page: Any) -> str | None:
    return dates(head, **page)[0]


def news(**facts: Any) -> dict[str, Any]:
    return {"@type": "NewsArticle", "headline": TITLE, **facts}


def test_the_order_of_trust() -> None:
    sources: list[tuple[dict[str, Any], str]] = [
        ({"url": "https://example.org/2023/07/01/a"}, "2023-07-01"),
        ({"above": "<p>Published: 2 July 2023</p>"}, "2023-07-02"),
        ({"above": "<time datetime='2023-07-03'>x</time>"}, "2023-07-03"),
        ({"head": "<meta name='pubdate' content='2023-07-04'>"}, "2023-07-04"),
        ({"head": "<meta property='article:published_time' content='2023-07-05'>"}, "2023-07-05"),
        ({"article": news(datePublished="2023-07-06")}, "2023-07-06"),
    ]
    page: dict[str, Any] = {}
    for source, expected in sources:
        for key, value in source.items():
            page[key] = page.get(key, "") + value if isinstance(value, str) else value
        assert published(**page) == expected


@pytest.mark.parametrize(
    "kind", ["Article", "NewsArticle", "BlogPosting", "Report", "ReportageNewsArticle"]
)
def test_articles_of_all_kinds(kind: str) -> None:
    node = {"@type": kind, "headline": TITLE, "datePublished": "2023-07-05"}
    for given_as in (node, [node], {"@graph": [{"@type": "Person"}, node]}, {"mainEntity": node}):
        assert published(article=given_as) == "2023-07-05"
    assert published(article={**node, "@type": ["Thing", f"https://schema.org/{kind}"]})


@pytest.mark.parametrize(
    "node",
    [
        {"@type": "VideoObject", "name": TITLE, "datePublished": "2023-07-05"},
        {"@type": "JobPosting", "title": TITLE, "datePosted": "2023-07-05"},
        {"@type": "Product", "name": TITLE, "datePublished": "2023-07-05"},
        {"@type": "ItemList", "itemListElement": [news(datePublished="2023-07-05")]},
        news(hasPart=news(datePublished="2023-07-05")),
        [
            news(headline="Ferry fares", datePublished="2023-07-05"),
            news(headline="Fish", datePublished="2021-07-05"),
        ],
    ],
)
def test_dates_of_other_things_do_not_count(node: Any) -> None:
    assert published(article=node) is None


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2023-07-05T10:14:00-04:00", "2023-07-05T10:14:00-04:00"),
        ("2023-07-05T10:14:00.000Z", "2023-07-05T10:14:00+00:00"),
        ("2023-07-05T10:14:00-0400", "2023-07-05T10:14:00-04:00"),
        ("2023-07-05 10:14:00", "2023-07-05T10:14:00"),
        ("2023-07-05T10:14", "2023-07-05T10:14:00"),
        ("Wed, 05 Jul 2023 10:14:00 +0900", "2023-07-05T10:14:00+09:00"),
        ("Wed Jul 05 2023 10:14:00 GMT+0200 (CEST)", "2023-07-05T10:14:00+02:00"),
        ("July 5, 2023 10:14 AM EDT", "2023-07-05"),
        ("20230705", "2023-07-05"),
        ("25/12/2023", "2023-12-25"),
        ("2023年7月5日", "2023-07-05"),
        ("1688552040", "2023-07-05T10:14:00+00:00"),
        ("1688552040000", "2023-07-05T10:14:00+00:00"),
        *((text, None) for text in ("03/04/2023", "2023-07", "2023", "today", "0000-00-00")),
        *(
            (text, None)
            for text in ("1970-01-01T00:00:00Z", "0001-01-01", "2000-01-01", "1899-12-30")
        ),
        *(
            (text, None)
            for text in ("2024-07-04", "2099-01-01", "9999-12-31", "-1", "1", "{{date}}")
        ),
    ],
)
def test_what_pages_write(written: str, read: str | None) -> None:
    for head in (
        "<meta name='date' content='{}'>",
        "<meta property='og:published_time' content='{}'>",
    ):
        assert published(head.format(written)) == read
    assert published(article=news(datePublished=written)) == read


def test_an_unsound_date_gives_way_to_the_next() -> None:
    meta = "<meta name='date' content='2023-07-05'>"
    for unsound in ("1970-01-01", "03/04/2023", "2031-01-01", "", None, [], {}, 5, True):
        assert published(meta, article=news(datePublished=unsound)) == "2023-07-05"


def test_a_publication_after_the_change() -> None:
    swapped = news(datePublished="2023-07-09", dateModified="2023-07-05")
    assert dates(article=swapped) == ("2023-07-09", None)
    meta = "<meta property='article:published_time' content='2023-07-03'>"
    assert dates(meta, article=swapped) == ("2023-07-03", "2023-07-05")
    same = news(datePublished="2023-07-05T10:00:00Z", dateModified="2023-07-05T10:00:00Z")
    assert dates(article=same) == ("2023-07-05T10:00:00+00:00",) * 2
    zones = news(datePublished="2023-07-06T01:00:00+09:00", dateModified="2023-07-05T16:30:00Z")
    assert dates(article=zones) == ("2023-07-06T01:00:00+09:00", "2023-07-05T16:30:00+00:00")


def test_a_change_alone_is_not_a_publication() -> None:
    assert dates(article=news(dateModified="2023-07-05")) == (None, "2023-07-05")
    assert dates("<meta property='og:updated_time' content='2023-07-05'>") == (None, "2023-07-05")
    assert dates(above="<p>Updated: 5 July 2023</p>") == (None, "2023-07-05")
    assert dates(above="<time class='updated' datetime='2023-07-05'>x</time>") == (
        None,
        "2023-07-05",
    )


@pytest.mark.parametrize(
    ("path", "day"),
    [
        ("2023/07/05/pilots", "2023-07-05"),
        ("news/2023/jul/05/pilots", "2023-07-05"),
        ("2023-07-05-pilots.html", "2023-07-05"),
        ("pilots-2023-07-05/", "2023-07-05"),
        ("20230705/pilots", "2023-07-05"),
        ("2023/0705/pilots", "2023-07-05"),
        ("2023/7/5/pilots", "2023-07-05"),
        ("2023/07/pilots", None),
        ("2023/pilots", None),
        ("pilots-20230705123", None),
        ("2023/13/45/pilots", None),
        ("05/07/2023/pilots", None),
        ("2023/07/05/as-on-2021-01-02", None),
        ("id/2031/07/05/pilots", None),
        ("a/1923/07/05/pilots", None),
    ],
)
def test_days_in_addresses(path: str, day: str | None) -> None:
    assert published(url=f"https://example.org/{path}") == day
    assert published(url=f"https://example.org/pilots?from={path}") is None


@pytest.mark.parametrize(
    ("above", "expected"),
    [
        ("<time datetime='2023-07-05'>x</time>", ("2023-07-05", None)),
        ("<p>Wednesday, 5 July 2023</p>", ("2023-07-05", None)),
        ("<div>By Jo Marr</div><div>July 5, 2023 10:14 AM EDT</div>", ("2023-07-05", None)),
        ("<div><b>Published</b><i>5 Jul 2023</i></div>", ("2023-07-05", None)),
        (
            "<p>Published July 5, 2023 | Updated July 6, 2023</p>",
            ("2023-07-05", "2023-07-06"),
        ),
        (
            "<span>Last updated <time datetime='2023-07-06'>x</time></span>"
            "<span>First published <time datetime='2023-07-05'>y</time></span>",
            ("2023-07-05", "2023-07-06"),
        ),
        ("<time datetime='2023-07-05'>x</time><time datetime='2023-06-01'>y</time>", (None, None)),
        ("<p>5 July 2023</p><p>6 July 2023</p>", (None, None)),
        ("<p>The meeting is on 5 July 2023</p>", (None, None)),
        ("<p>03/04/2023</p>", (None, None)),
        ("<p>© 2023</p>", (None, None)),
        ("<p>2 hours ago</p>", (None, None)),
    ],
)
def test_what_is_printed_near_the_title(above: str, expected: tuple[str | None, ...]) -> None:
    assert dates(above=above) == expected


@pytest.mark.parametrize(
    "below",
    [
        "<footer>© 2023 Example. Last build 5 July 2023</footer>",
        "<p>5 July 2023</p>",
        "<div class='comments'><time datetime='2023-07-05'>x</time></div>",
        "<ul><li><a href='/x'>Other</a><time datetime='2023-07-05'>x</time></li></ul>",
        "<aside><time class='published' datetime='2023-07-05'>x</time></aside>",
        "<div class='related'><time itemprop='datePublished' datetime='2023-07-05'>x</time></div>",
        "<article><time datetime='2023-07-05'>x</time></article>",
    ],
)
def test_what_stands_below_the_story_says_nothing(below: str) -> None:
    assert dates("<meta http-equiv='last-modified' content='2023-07-05'>", below=below) == (
        None,
        None,
    )


@given(
    st.datetimes(datetime(1991, 1, 1), datetime(2024, 6, 1)),
    st.integers(-12 * 4, 14 * 4),
    st.sampled_from(["JSON-LD", "Open Graph", "meta tag", "time element"]),
)
@settings(max_examples=50, deadline=None)
def test_a_moment_comes_out_as_it_was_given(moment: datetime, quarters: int, origin: str) -> None:
    value = moment.replace(tzinfo=timezone(timedelta(minutes=15 * quarters))).isoformat()
    if (moment.month, moment.day, moment.year) == (1, 1, 2000):
        return
    page: dict[str, Any] = {
        "JSON-LD": {"article": news(datePublished=value)},
        "Open Graph": {"head": f"<meta property='article:published_time' content='{value}'>"},
        "meta tag": {"head": f"<meta name='dc.date' content='{value}'>"},
        "time element": {"above": f"<time datetime='{value}'>then</time>"},
    }[origin]
    assert published(**page) == value


@given(st.text(max_size=40))
@settings(max_examples=50, deadline=None)
def test_no_text_is_taken_for_a_date_of_the_future(text: str) -> None:
    day = published(article=news(datePublished=text))
    assert day is None or date(1990, 1, 1) <= date.fromisoformat(day[:10]) <= TODAY + timedelta(2)


def test_the_clock_decides_where_no_day_is_given() -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    page = f"<html><head><meta name='date' content='{{}}'></head><body>{BODY}</body></html>"
    assert read_page(page.format(tomorrow.isoformat()).encode())["published"]
    later = tomorrow + timedelta(days=9)
    assert "published" not in read_page(page.format(later.isoformat()).encode())
