"""Web pages -> records: fixtures in tests/pages, the starter articles among planted clutter."""

import contextlib
import html
import json
import random
import re
import time
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planted import KINDS

from rag.cleaning.clean import clean
from rag.cleaning.plain import normalise
from rag.errors import CorpusError
from rag.reading.front_matter import front_matter
from rag.reading.page import read_page

PAGES = Path(__file__).parent / "pages"
EXPECTED: dict[str, dict[str, Any]] = json.loads((PAGES / "expected.json").read_text("utf-8"))
STORIES = {name: facts for name, facts in EXPECTED.items() if "refused" not in facts}
TODAY = date(2024, 7, 1)
STORY = (PAGES / "jsonld_only.html").read_text("utf-8")
PARAGRAPHS = [html.unescape(found) for found in re.findall(r"<p>([^©]*?)</p>", STORY)]
FACTS = ("title", "author", "publisher", "url", "topics", "captions", "partial")
DATES = ("published", "published_origin", "modified", "modified_origin")
CORPUS = sorted(
    path for path in (PAGES.parents[1] / "corpus").glob("*.md") if path.name != "README.md"
)


def read(name: str) -> dict[str, Any]:
    data = (PAGES / f"{name}.html").read_bytes()
    return read_page(data, EXPECTED[name].get("address", ""), today=TODAY)


def test_there_are_enough_fixtures() -> None:
    assert len(EXPECTED) >= 50
    assert {f"{name}.html" for name in EXPECTED} == {path.name for path in PAGES.glob("*.html")}
    assert len(PARAGRAPHS) == 5


@pytest.mark.parametrize("name", STORIES)
def test_dates_are_exact_or_unknown(name: str) -> None:
    record = read(name)
    assert {key: record.get(key) for key in DATES} == {key: STORIES[name].get(key) for key in DATES}


@pytest.mark.parametrize("name", STORIES)
def test_the_story_is_whole_and_nothing_else(name: str) -> None:
    text = read(name)["text"]
    for piece in STORIES[name].get("holds", PARAGRAPHS):
        assert piece in text
    for piece in (*STORIES[name].get("lacks", ()), "Home", "©", "Subscribe", "Log in", "<"):
        assert piece not in clean(text).text


@pytest.mark.parametrize("name", STORIES)
def test_facts_are_those_of_the_page(name: str) -> None:
    record = read(name)
    for key in FACTS:
        if key in STORIES[name]:
            assert record.get(key, "") == STORIES[name][key]
    assert all(value not in ("", None, [], False) for value in record.values())
    if "rules" in STORIES[name]:
        assert [rule for rule, _ in record["removals"]] == STORIES[name]["rules"]


@pytest.mark.parametrize("name", sorted(EXPECTED.keys() - STORIES.keys()))
def test_pages_without_an_article_are_refused_by_name(name: str) -> None:
    with pytest.raises(CorpusError, match=re.escape(EXPECTED[name]["refused"])) as caught:
        read(name)
    assert ";" in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"  \n", b"\x89PNG" + b"x" * 99, b"\0" * 5000, b"<" * 99])
def test_what_is_no_page_is_refused(data: bytes) -> None:
    with pytest.raises(CorpusError):
        read_page(data)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ('<link rel="canonical" href="/a#top">', "https://n.example.org/a"),
        ('<link rel="canonical" href="https://example.org/">', "https://n.example.org/x?id=1"),
        ('<link rel="canonical" href="javascript:alert(1)">', "https://n.example.org/x?id=1"),
        ('<link rel="canonical" href="file:///etc/passwd">', "https://n.example.org/x?id=1"),
        ('<link rel="canonical" href="https://[">', "https://n.example.org/x?id=1"),
        ('<meta property="og:url" content="https://n.example.org/b">', "https://n.example.org/b"),
        ("", "https://n.example.org/x?id=1"),
    ],
)
def test_addresses_are_absolute_and_of_the_web(given: str, expected: str) -> None:
    page = STORY.replace(re.findall(r'<link rel="canonical"[^>]*>', STORY)[0], given)
    assert read_page(page.encode(), "https://n.example.org/x?id=1")["url"] == expected
    assert "url" not in read_page(page.encode()) or expected.endswith("/b")


def test_a_rule_can_be_switched_off() -> None:
    data = (PAGES / "captions.html").read_bytes()
    record = read_page(data, off=["related", "biography"])
    assert [rule for rule, _ in record["removals"]] == ["caption", "caption", "newsletter"]
    assert "Ines Marlow writes about ships" in record["text"]


@pytest.mark.parametrize(
    "name",
    ["Port grows | Coast Daily", "Port grows - Coast Daily", "Port grows – Coast Daily"],
)
def test_the_title_is_without_the_site(name: str) -> None:
    site = '<meta property="og:site_name" content="Coast Daily">'
    page = f"<html><head><title>{name}</title>{site}</head><body><p>{'<p>'.join(PARAGRAPHS)}</body>"
    assert read_page(page.encode())["title"] == "Port grows"


@pytest.mark.parametrize(
    "markup",
    [
        "<div><p>{0}</p><p>{1}</p></div>",
        "<div>{0}<br><br>{1}</div>",
        "<div><div>{0}</div><div>{1}</div></div>",
        "<table><tr><td>{0}<br><br>{1}</td></tr></table>",
        "<pre>{0}\n\n{1}</pre>",
        "<div><section><p><span>{0}</span></p></section><section><p>{1}</p></section></div>",
        "<article><p>{0}</p><div class='share'>Share</div><p>{1}</p></article>",
        "<div class='story paywall related-enabled'><p>{0}</p><p>{1}</p></div>",
        "{0}<br>{1}",
    ],
)
def test_a_story_in_any_markup(markup: str) -> None:
    page = f"<html><body><h1>Pilots</h1>{markup.format(*PARAGRAPHS[1:3])}</body></html>"
    assert read_page(page.encode())["text"].split("\n") in (
        [PARAGRAPHS[1], "", PARAGRAPHS[2]],
        [PARAGRAPHS[1], PARAGRAPHS[2]],
    )


def planted(blocks: list[str], lines: list[str], chance: random.Random) -> list[str]:
    places = sorted(chance.choices(range(len(blocks) + 1), k=len(lines)))
    mixed = list[str]()
    for number in range(len(blocks) + 1):
        mixed += [line for line, place in zip(lines, places, strict=True) if place == number]
        mixed += blocks[number : number + 1]
    return mixed


def as_markup(block: str, lines: list[str], chance: random.Random) -> str:
    text = html.escape(block)
    if block in lines:
        forms = ("<p>{}</p>", "<div>{}</div>", "<p><a href='/x'>{}</a></p>", "<p><b>{}</b></p>")
        return chance.choice(forms).format(text)
    if block.startswith("## "):
        return f"<h2>{text[3:]}</h2>"
    if block.startswith("- "):
        items = (f"<li>{line[2:]}</li>" for line in text.split("\n"))
        return f"<ul>{''.join(items)}</ul>"
    return f"<p>{text}</p>"


def lost(before: str, after: str) -> int:
    return sum((Counter(before.split()) - Counter(after.split())).values())


def test_the_starter_articles_among_planted_clutter() -> None:
    words, gone, kinds = 0, Counter[str](), Counter[str]()
    for path in CORPUS:
        facts, raw = front_matter(path.read_text("utf-8"))
        text, title, chance = normalise(raw), str(facts["title"]), random.Random(path.name)
        chosen = {kind: chance.choice(lines) for kind, lines in KINDS.items()}
        lines = chance.sample(list(chosen.values()), k=len(chosen))
        mixed = planted(text.split("\n\n"), lines, chance)
        body = "\n".join(as_markup(block, lines, chance) for block in mixed)
        page = (
            f"<html><head><meta charset=utf-8><title>{html.escape(title)} | Courier</title></head>"
            f"<body><nav><a href='/'>Home</a></nav><main><article><h1>{html.escape(title)}</h1>"
            f"{body}</article>"
            "</main><aside><p>From our shop</p></aside><footer>© Courier</footer></body>"
        )
        record = read_page(page.encode())
        wrapped = {
            "plain": clean("\n\n".join([title, *mixed]), title),
            "tight": clean("\n".join([title, *mixed]), title),
            "page": clean(record["text"], record["title"]),
        }
        words += len(text.split())
        for name, cleaned in wrapped.items():
            gone[name] += lost(text, cleaned.text)
            left = set(lines) & set(map(str.strip, cleaned.text.split("\n")))
            assert not left, (path.name, name)
        kinds.update(chosen.keys())
    assert len(kinds) >= 50
    assert words > 10_000
    assert all(count < 0.005 * words for count in gone.values()), gone


HOSTILE = {
    "open tags": b"<a " * 20_000,
    "links": b"<a href=x>" * 6_000,
    "deep": b"<div>" * 20_000 + PARAGRAPHS[0].encode(),
    "deep spans": b"<p>" + b"<span>" * 5_000 + PARAGRAPHS[0].encode(),
    "deep lists": b"<ul><li>" * 3_000 + PARAGRAPHS[0].encode(),
    "attributes": b"<p " + b"a=b " * 30_000 + b">" + PARAGRAPHS[0].encode(),
    "deep JSON": b'<script type="application/ld+json">' + b"[" * 100_000 + b"</script><p>x",
    "labels": b"<h3>Most read</h3><ul><li><a href=/x>one two three four</a></ul>" * 500,
    "times": b"<h1>T</h1>" + b"<time datetime=2023-01-01>x</time>" * 1_000,
    "entities": b"<!DOCTYPE html [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]><p>&b;",
    "forms": b"<form><input type=email>" * 2_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pages_end_in_time(name: str) -> None:
    begun = time.process_time()
    with contextlib.suppress(CorpusError):
        read_page(HOSTILE[name])
    assert time.process_time() - begun < 5


PIECES = [
    *("<p>", "</p>", "<article>", "</article>", "<h1>", "<time datetime='", "'>", "<a href='/x'>"),
    *("<script type='application/ld+json'>", '{"@type":"NewsArticle",', '"datePublished":"', "}"),
    *(
        "</script>",
        "<meta name=date content='",
        "2023-07-05",
        "<div class=share>",
        "</div>",
        "<!--",
    ),
    *("<figure><figcaption>", "<li>", "<table><tr><td>", "<br>", "<pre>", PARAGRAPHS[0], "\x00"),
]


@given(st.binary(max_size=400) | st.lists(st.sampled_from(PIECES)).map("".join).map(str.encode))
@settings(max_examples=80, deadline=None)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        record = read_page(data, "https://example.org/a")
    except CorpusError:
        return
    assert record["text"].strip()
    assert all(len(removal) == 2 for removal in record.get("removals", ()))
    assert record == read_page(data, "https://example.org/a")
