"""Files and records to articles; bad ones are rejected by name, with the remedy."""

import json
import os
import socket
import time
from pathlib import Path

import pytest

from rag.errors import CorpusError
from rag.load import from_record, load
from rag.schema import Article, Rejection, Removal
from rag.settings import IngestSettings

SETTINGS = IngestSettings()
BODY = "The harbour office will build a terminal.\n\nWork begins in spring."
ARTICLE = f"""---
id: port-1
title: "Port grows: a terminal"
published: 2023-07-03
modified: 2023-07-04T09:30:00+09:00
publisher: Lindhaven Courier
author: [Jo Marr, Li Wen]
url: https://courier.example/port
topics: [ports, trade]
sources:
  - https://harbour.example
---

# Port grows: a terminal

## Plans

{BODY}
"""


def read(path: Path, **changes: object) -> list[Article | Rejection]:
    return list(load(path, SETTINGS.model_copy(update=changes)))


def only(path: Path, **changes: object) -> Article:
    (article,) = read(path, **changes)
    assert isinstance(article, Article), article
    return article


def reason(path: Path, **changes: object) -> str:
    (rejection,) = read(path, **changes)
    assert isinstance(rejection, Rejection), rejection
    assert rejection.path.startswith(str(path))
    return rejection.reason


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def lines(path: Path, *records: object) -> Path:
    return write(path, "\n".join(json.dumps(record) for record in records))


def test_markdown_with_front_matter(tmp_path: Path) -> None:
    path = write(tmp_path / "a.md", ARTICLE)
    article = only(path)
    assert article == Article(
        article_id="port-1",
        text=f"## Plans\n\n{BODY}",
        title="Port grows: a terminal",
        publisher="Lindhaven Courier",
        author="Jo Marr, Li Wen",
        published="2023-07-03",
        modified="2023-07-04T09:30:00+09:00",
        url="https://courier.example/port",
        topics=("ports", "trade"),
        source=str(path),
        published_origin="front matter",
        modified_origin="front matter",
        original=article.original,
        removals=article.removals,
    )
    assert article.original.strip().startswith("# Port grows")
    assert [removal.rule for removal in article.removals] == ["title"]


def test_markdown_without_front_matter(tmp_path: Path) -> None:
    article = only(write(tmp_path / "port news.md", f"# Port grows\n\n{BODY}"))
    assert (article.article_id, article.title, article.text) == ("port-news", "Port grows", BODY)
    assert article.published is None


def test_plain_text(tmp_path: Path) -> None:
    article = only(write(tmp_path / "000_9fcc110b1304e4f8.txt", f"Type to search\n\n{BODY}"))
    assert (article.article_id, article.text) == ("000_9fcc110b1304e4f8", BODY)
    assert article.original == f"Type to search\n\n{BODY}"
    assert (article.published, article.modified) == (None, None)


def test_cleaning_can_be_switched_off(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", f"Type to search\r\n\r\n{BODY}")
    assert only(path, clean=False).text == f"Type to search\n\n{BODY}"
    assert only(path, cleaning_off=("search", "title")).text == f"Type to search\n\n{BODY}"


def test_json_lines(tmp_path: Path) -> None:
    path = lines(
        tmp_path / "news.jsonl",
        {"id": "a", "title": "Port", "text": BODY, "published": "2023-07-03", "publisher": "LC"},
        {"_id": 7, "body": BODY, "date": "3 July 2023", "source": "LC", "author": None},
        {"text": BODY, "metadata": {"publisher": "LC", "published": "2023-07-03", "title": "T"}},
        {"text": BODY, "url": "https://courier.example/port", "source": "https://x.example"},
    )
    first, second, third, fourth = read(path)
    assert (first.article_id, first.title, first.publisher) == ("a", "Port", "LC")
    assert (second.article_id, second.published, second.publisher) == ("7", "2023-07-03", "LC")
    assert (third.title, third.publisher, third.published) == ("T", "LC", "2023-07-03")
    assert (fourth.publisher, fourth.url) == ("", "https://courier.example/port")
    assert [article.source for article in (first, fourth)] == [f"{path}#1", f"{path}#4"]
    assert third.article_id.startswith("news-")
    assert len(third.article_id) == len("news-") + 12
    assert third.article_id != fourth.article_id


def test_bad_lines_are_named_and_the_rest_is_read(tmp_path: Path) -> None:
    deep = "[" * 100_000
    path = write(
        tmp_path / "news.jsonl",
        "\n".join(
            [
                json.dumps({"text": BODY}),
                "",
                "{broken",
                "[1, 2]",
                '{"title": "no text"}',
                '{"text": 5}',
                json.dumps({"text": BODY, "published": "03/04/2023"}),
                deep,
                '{"text": "' + "x" * 3000 + '"}',
                '{"n": ' + "9" * 2000 + "}",
                json.dumps({"text": BODY, "id": "last"}),
            ]
        ),
    )
    loaded = read(path, max_bytes=2500)
    assert [item.article_id for item in loaded if isinstance(item, Article)][-1] == "last"
    rejected = {item.path: item.reason for item in loaded if isinstance(item, Rejection)}
    assert list(rejected) == [f"{path}#{number}" for number in range(3, 11)]
    for number, words in {
        3: "not valid JSON",
        4: "not a JSON object",
        5: "no text",
        6: "no text",
        7: "03/04/2023",
        8: "too large",
        9: "too large",
        10: "no text",
    }.items():
        assert words in rejected[f"{path}#{number}"]


def test_a_deep_line_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "deep.jsonl", '{"text": ' + "[" * 200_000)
    assert "nested too deeply" in reason(path)


def test_json_lines_larger_than_the_limit_are_read_line_by_line(tmp_path: Path) -> None:
    path = lines(tmp_path / "big.jsonl", *({"id": str(n), "text": BODY} for n in range(100)))
    assert len(read(path, max_bytes=1000)) == 100


@pytest.mark.parametrize("text", [BODY + "\ud800", "\u202e" + BODY, BODY + "\x00"])
def test_what_cannot_be_stored_or_seen_is_gone(text: str, tmp_path: Path) -> None:
    article = only(lines(tmp_path / "a.jsonl", {"text": text, "title": text, "id": text}))
    for value in (article.text, article.title, article.article_id, article.original):
        value.encode()
    assert not set("\u202e\x00") & set(article.text + article.title + article.article_id)


def test_a_folder_is_read_in_order_and_whole(tmp_path: Path) -> None:
    for name in ("b.txt", "a/z.md", "a/b/c.txt", "UPPER.TXT"):
        write(tmp_path / name, BODY)
    for name in (".hidden.txt", ".git/x.txt", "README.md", "a/README.md", "a/.x/y.txt"):
        write(tmp_path / name, BODY)
    write(tmp_path / "a" / "picture.png", b"\x89PNG")
    loaded = read(tmp_path)
    names = [getattr(item, "source", "") or item.path for item in loaded]
    assert [name.removeprefix(f"{tmp_path}/") for name in names] == [
        *("UPPER.TXT", "a/b/c.txt", "a/picture.png", "a/z.md", "b.txt")
    ]
    assert "convert it to one of .md, .markdown, .txt, " in loaded[2].reason


def test_an_empty_folder(tmp_path: Path) -> None:
    assert read(tmp_path) == []


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no such file"):
        load(tmp_path / "missing", SETTINGS)


def test_a_named_readme_is_read(tmp_path: Path) -> None:
    assert only(write(tmp_path / "README.md", BODY)).article_id == "README"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.txt", "", "is empty"),
        ("a.md", "", "is empty"),
        ("a.jsonl", "", "is empty"),
        ("a.jsonl", "\n \n", "is empty"),
        ("a.txt", " \n\t\n", "holds no words"),
        ("a.txt", "— * —", "holds no words"),
        ("a.md", "---\ntitle: x\n---\n", "holds no words"),
        ("a.txt", "Advertisement\n\nSubscribe now", "no text is left after cleaning (adv"),
        ("a.txt", b"%PDF-1.7 text", "a PDF"),
        ("a.txt", b"\x89PNG\r\n\x1a\n", "a PNG"),
        ("a.md", b"PK\x03\x04 docx", "Office"),
        ("a.jsonl", b"\x1f\x8b\x08", "gzip"),
        ("a.txt", bytes(range(256)) * 20, "binary data"),
        ("a.txt", BODY.encode("utf-16-le"), "binary data"),
        ("a.txt", b"\xff\xfea", "save it as UTF-8"),
        ("a.jsonl", '{"text": "Zürich"}'.encode("latin-1"), "not UTF-8"),
        ("a.md", "---\ntitle: [x\n---\nText.", "line 3"),
        ("a.md", "---\ntitle: x\nid: a: b\n---\nText.", "line 3"),
        ("a.md", "---\ntitle: x\n\tid: y\n---\nText.", "line 3"),
        ("a.md", "---\ntitle: x\nText.", "never ends"),
        ("a.md", "---\njust words\n---\nText.", "line 2"),
        ("a.md", "---\n- a\n- b\n---\nText.", 'not "name: value"'),
        ("a.md", "---\na: &x [1]\nb: *x\n---\nText.", "line 3: aliases"),
        ("a.md", "---\npublished: soon\n---\nText.", "'soon' cannot be read as a date"),
        ("a.md", "---\npublished: 2023-02-30\n---\nText.", "mend it"),
        ("a.md", "---\nmodified: 5\n---\nText.", "5 cannot be read as a date"),
        ("a.md", "---\nx: " + "y" * 70_000 + "\n---\nText.", "shorten it"),
        ("a.md", "---\nx: " + "[" * 5_000 + "\n---\nText.", "nested too deeply"),
        ("a.md", "---\nx: !!python/object/apply:os.system [ls]\n---\nText.", "line 2"),
        ("a.docx", BODY, "is not a DOCX"),
        ("a.doc", BODY, "convert it to one of"),
        ("noname", BODY, "convert it to one of"),
    ],
)
def test_bad_files_are_rejected_with_the_remedy(
    name: str, content: str | bytes, words: str, tmp_path: Path
) -> None:
    said = reason(write(tmp_path / name, content))
    assert words in said
    assert len(said) < 400
    assert "\n" not in said


def test_an_alias_bomb_costs_nothing(tmp_path: Path) -> None:
    bomb = "a0: &a0 [x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 30)
    )
    assert "aliases" in reason(write(tmp_path / "bomb.md", f"---\n{bomb}---\nText."))


def test_too_large_is_told_by_size_alone(tmp_path: Path) -> None:
    path = tmp_path / "large.txt"
    with path.open("wb") as file:
        file.truncate(20_000_000)
    begun = time.process_time()
    assert "too large (20,000,000 bytes, the limit is 2,000,000)" in reason(path)
    assert time.process_time() - begun < 0.5


def test_one_endless_line_of_json_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", b"x" * 50_000_000 + b'\n{"text": "Ships."}')
    first, second = read(path)
    assert isinstance(first, Rejection)
    assert "too large (50,000,001 bytes" in first.reason
    assert isinstance(second, Article)


@pytest.mark.parametrize("text", ["<a " * 20_000, "[a](" * 15_000, "a@" * 30_000])
def test_hostile_lines_are_quick(text: str, tmp_path: Path) -> None:
    begun = time.process_time()
    assert only(write(tmp_path / "a.txt", text)).text
    assert time.process_time() - begun < 2


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252", "shift_jis", "koi8-r"]
)
def test_encodings(encoding: str, tmp_path: Path) -> None:
    text = {
        "shift_jis": "欧州連合と日本は半導体の供給網を監視するために協力すると発表した。" * 5,
        "koi8-r": "Порт построит второй терминал, сообщила администрация в понедельник. " * 5,
    }.get(encoding, "“Größe” – the café in Zürich paid €5 for naïve façades, he said. " * 5)
    article = only(write(tmp_path / "a.txt", text.encode(encoding)))
    assert article.text == text.strip()


def test_a_damaged_byte_does_not_change_the_encoding(tmp_path: Path) -> None:
    text = "“Größe” – the café in Zürich paid €5 for naïve façades, he said. " * 5
    article = only(write(tmp_path / "a.txt", text.encode() + b"and \x92 more"))
    assert article.text == text + "and \ufffd more"


def test_links(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    write(inside / "real" / "a.txt", BODY)
    secret = write(outside / "secret.txt", "Nobody may read this.")
    (inside / "leak.txt").symlink_to(secret)
    (inside / "leaks").symlink_to(outside)
    (inside / "twin.txt").symlink_to(inside / "real" / "a.txt")
    (inside / "again").symlink_to(inside / "real")
    (inside / "loop.txt").symlink_to(inside / "loop.txt")
    (inside / "gone.txt").symlink_to(inside / "nowhere.txt")
    loaded = read(inside)
    articles = [item.source for item in loaded if isinstance(item, Article)]
    assert articles == [str(inside / "real" / "a.txt"), str(inside / "twin.txt")]
    rejected = {Path(item.path).name: item.reason for item in loaded if isinstance(item, Rejection)}
    assert sorted(rejected) == ["gone.txt", "leak.txt", "leaks", "loop.txt"]
    assert "link out of the folder" in rejected["leak.txt"]
    assert "link out of the folder" in rejected["leaks"]


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "device.txt").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s.txt"))
        loaded = {Path(item.path).name: item.reason for item in read(tmp_path)}
    assert "not a regular file" in loaded["pipe.txt"]
    assert "not a regular file" in loaded["s.txt"]
    assert "link out of the folder" in loaded["device.txt"]
    assert "not a regular file" in reason(tmp_path / "pipe.txt")
    assert "not a regular file" in reason(tmp_path / "device.txt")


def test_a_name_that_is_not_utf8(tmp_path: Path) -> None:
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.txt")).write_text(BODY)
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    (rejection,) = read(tmp_path)
    assert "rename it" in rejection.reason
    rejection.path.encode()


@pytest.mark.parametrize(
    ("name", "article_id"),
    [
        ("Größe & Preis (2).txt", "Größe-Preis-2"),
        ("東京.txt", "東京"),
        ("a.b.c.txt", "a.b.c"),
        ("x" * 220 + ".txt", "x" * 200),
        ("e\u0301t\u00e9.txt", "été"),
    ],
)
def test_ids_from_file_names(name: str, article_id: str, tmp_path: Path) -> None:
    assert only(write(tmp_path / name, BODY)).article_id == article_id


def test_a_name_without_letters_gets_an_id(tmp_path: Path) -> None:
    assert only(write(tmp_path / "(!).txt", BODY)).article_id.startswith("article-")


def test_ids_are_one_short_visible_line() -> None:
    article = from_record({"id": " a\n\u202eb" + "c" * 300, "text": BODY}, "api", SETTINGS)
    assert article.article_id == "a b" + "c" * 197


def test_records_of_a_program() -> None:
    article = from_record({"text": BODY, "author": {"name": "Jo Marr"}}, "record", SETTINGS)
    assert article.article_id.startswith("record-")
    assert (article.author, article.source) == ("Jo Marr", "record")
    assert from_record({"text": BODY, "tags": "a, b,a"}, "r", SETTINGS).topics == ("a", "b")


@pytest.mark.parametrize(
    "record", [{}, {"text": ""}, {"text": None}, {"text": ["a"]}, {"text": "?"}]
)
def test_records_without_text(record: dict[str, object]) -> None:
    with pytest.raises(CorpusError):
        from_record(record, "record", SETTINGS)


def test_a_record_has_a_size_limit() -> None:
    with pytest.raises(CorpusError, match="too large"):
        from_record({"text": BODY}, "record", IngestSettings(max_bytes=20))


def test_file_times_are_no_dates(tmp_path: Path) -> None:
    path = write(tmp_path / "2023-07-03.txt", BODY)
    os.utime(path, (0, 0))
    assert only(path).published is None


def test_the_same_file_by_two_ways_has_one_source(tmp_path: Path) -> None:
    write(tmp_path / "a" / "x.txt", BODY)
    assert only(tmp_path / "a" / ".." / "a" / "x.txt").source == str(tmp_path / "a" / "x.txt")


def test_a_date_that_the_text_prints_counts_where_the_record_has_none(tmp_path: Path) -> None:
    text = f"Port grows again\n\nPublished: 3 July 2023\n\nUpdated: 6 July 2023\n\n{BODY}"
    article = only(write(tmp_path / "a.txt", text))
    assert (article.published, article.published_origin) == ("2023-07-03", "page")
    assert (article.modified, article.modified_origin) == ("2023-07-06", "page")
    given = {"text": text, "published": "2023-07-02"}
    article = from_record(given, "record", SETTINGS)
    assert (article.published, article.published_origin) == ("2023-07-02", "record")


def test_what_a_record_says_of_itself_is_kept() -> None:
    article = from_record(
        {
            "text": BODY,
            "published": "2023-07-02",
            "published_origin": "feed",
            "partial": True,
            "captions": ["Ships at dusk", "Ships at dusk", 5],
            "removals": [["navigation", "Home"], "nonsense"],
        },
        "record",
        SETTINGS,
    )
    assert (article.published_origin, article.partial) == ("feed", True)
    assert article.captions == ("Ships at dusk", "5")
    assert article.removals == (Removal(rule="navigation", text="Home"),)


@pytest.mark.parametrize("name", ["author", "title", "topics", "metadata", "captions", "id"])
def test_deep_values_are_named(name: str, tmp_path: Path) -> None:
    for opened, closed in (("[", "]"), ('{"name":', "}"), ('{"metadata":', "}")):
        line = f'{{"text": "Ships came.", "{name}": {opened * 400}1{closed * 400}}}'
        for item in read(write(tmp_path / "a.jsonl", line)):
            assert isinstance(item, Article) or "nested too deeply" in item.reason


def test_an_address_names_the_article_whatever_it_came_from(tmp_path: Path) -> None:
    url = "https://courier.example/2023/port-grows.html"
    first = from_record({"text": BODY, "url": url}, "record", SETTINGS)
    second = only(write(tmp_path / "a.md", f"---\nurl: {url}?utm_source=x\n---\n{BODY} More."))
    assert first.article_id == second.article_id
    assert first.article_id.startswith("port-grows-")
    site = from_record({"text": BODY, "url": "https://courier.example/"}, "record", SETTINGS)
    assert site.article_id.startswith("record-"), "a whole site is no article's address"


def test_files_of_one_name_are_called_after_their_folders(tmp_path: Path) -> None:
    for name in ("a/index.txt", "b/index.txt", "c/index.md", "c/other.txt"):
        write(tmp_path / name, BODY)
    ids = [item.article_id for item in read(tmp_path) if isinstance(item, Article)]
    assert ids == ["a-index.txt", "b-index.txt", "c-index.md", "other"]
