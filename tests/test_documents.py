"""Documents to records: PDF, DOCX, EPUB, mail, JSON and CSV."""

from __future__ import annotations

import io
import json
import textwrap
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_documents import (
    PARAGRAPHS,
    TITLE,
    docx,
    encrypted_pdf,
    epub,
    mail,
    page,
    pdf,
    printed,
    zipped,
)

from rag.errors import CorpusError
from rag.load import from_bytes
from rag.reading.blocks import blocks, tree
from rag.reading.documents import read
from rag.reading.layout import Line, ordered, paragraphs, without_running
from rag.reading.tables import json_lines, messages, rows
from rag.schema import Article, Rejection
from rag.settings import IngestSettings

SETTINGS = IngestSettings()
LONG = (
    "The harbour office will build a second container terminal, it said on Monday. Work begins in "
    "spring and takes four years, and well-known firms take part in the long-term plan."
)


def only(kind: str, data: bytes) -> dict:
    (record,) = read(kind, data)
    return record


def why(kind: str, data: bytes) -> str:
    with pytest.raises(CorpusError) as refused:
        read(kind, data)
    assert "\n" not in str(refused.value)
    return str(refused.value)


# PDF


def wrapped(text: str, width: int = 80, **where: float) -> list:
    return printed(*textwrap.wrap(text, width), **where)


def test_lines_of_a_pdf_become_paragraphs() -> None:
    data = pdf(
        [(60, 740, 22, TITLE), *wrapped(LONG, top=700), *wrapped("A new one. " + LONG, top=640)]
    )
    record = only(".pdf", data)
    assert record["title"] == TITLE
    assert record["text"].split("\n\n") == [f"## {TITLE}", LONG, f"A new one. {LONG}"]
    assert "published" not in record, "the day on which the file was made is not one"


def test_words_cut_at_the_end_of_a_line_are_whole_again() -> None:
    lines = printed(
        "The authority will expand the semicon-",
        "ductor plant, a long-",
        "term plan by a well-",
        "known firm, and the net-",
        "zero goal stays, as a net-zero goal must.",
    )
    text = only(".pdf", pdf(lines))["text"]
    assert text == (
        "The authority will expand the semiconductor plant, a long-term plan by a well-known firm, "
        "and the net-zero goal stays, as a net-zero goal must."
    )


def three_pages(text: str = LONG) -> list[list]:
    return [
        [
            (60, 760, 8, "LINDHAVEN COURIER"),
            (450, 760, 8, "3 July 2023"),
            *wrapped(f"Part {number} opens. {text} Part {number} ends here.", top=700),
            (300, 30, 8, f"Page {number} of 3"),
        ]
        for number in (1, 2, 3)
    ]


def test_running_heads_and_page_numbers_go_and_are_kept_as_removals() -> None:
    record = only(".pdf", pdf(*three_pages()))
    assert [f"Part {n} opens. {LONG} Part {n} ends here." for n in (1, 2, 3)] == (
        record["text"].split("\n\n")
    )
    assert record["removals"] == [
        ["running head", text]
        for text in (
            *("LINDHAVEN COURIER", "3 July 2023"),
            *("Page 1 of 3", "Page 2 of 3", "Page 3 of 3"),
        )
    ]
    (kept,) = read(".pdf", pdf(*three_pages()), off=["running head"])
    assert "LINDHAVEN COURIER" in kept["text"]
    assert not kept.get("removals")


def test_lines_that_do_not_repeat_stay() -> None:
    first = wrapped("First page. " + LONG, top=760)
    second = wrapped("Second page, another story. " + LONG.replace("harbour", "airport"), top=760)
    text = only(".pdf", pdf(first, second))["text"]
    assert text.startswith("First page.")
    assert "Second page, another story." in text


@pytest.mark.parametrize("interleaved", [False, True])
def test_columns_are_read_one_after_the_other(interleaved: bool) -> None:
    left = wrapped("Left begins. " + LONG + " Left ends.", 40, left=60, top=680)
    right = wrapped("Right begins. " + LONG + " Right ends.", 40, left=320, top=680)
    lines = [line for pair in zip(left, right, strict=True) for line in pair]
    columns = lines if interleaved else [*left, *right]
    text = only(".pdf", pdf([(60, 730, 20, TITLE), *columns]))["text"]
    assert text.replace("\n\n", " ") == (
        f"## {TITLE} Left begins. {LONG} Left ends. Right begins. {LONG} Right ends."
    )


def test_a_paragraph_goes_on_over_the_page() -> None:
    first = printed(LONG[:80], "and the sentence goes on to the")
    second = printed("next page, where it ends.")
    assert "goes on to the next page, where it ends." in only(".pdf", pdf(first, second))["text"]


def test_rows_of_a_table_stay_rows() -> None:
    cells = [("Year", "Ships"), ("2021", "410"), ("2022", "455"), ("2023", "501"), ("2024", "530")]
    lines = [
        (left, 700 - 12 * row, 10, cell)
        for row, pair in enumerate(cells)
        for left, cell in zip((60, 320), pair, strict=True)
    ]
    text = only(".pdf", pdf(lines))["text"]
    assert "2021 410" in text
    assert "2024 530" in text


@pytest.mark.parametrize(
    ("title", "author", "expected"),
    [
        ("Port report", "Jo Marr", ("Port report", "Jo Marr")),
        ("Microsoft Word - report7.doc", "root", (TITLE, "")),
        ("report_final.indd", "Microsoft Office User", (TITLE, "")),
        ("untitled", "", (TITLE, "")),
    ],
)
def test_made_up_properties_of_a_pdf_do_not_count(title: str, author: str, expected) -> None:
    data = pdf([(60, 740, 22, TITLE), *wrapped(LONG)], title=title, author=author)
    record = only(".pdf", data)
    assert (record["title"], record.get("author", "")) == expected


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (encrypted_pdf(), "encrypted"),
        (pdf([], [], picture=True), "is a scan: 2 pages"),
        (b"%PDF-1.7 and nothing more", "broken PDF"),
        (pdf(printed(LONG))[:300], "broken PDF"),
        (b"", "broken PDF"),
    ],
)
def test_pdfs_that_cannot_be_read_are_named(data: bytes, words: str) -> None:
    assert words in why(".pdf", data)


# DOCX


def test_a_docx_with_headings_lists_and_tables() -> None:
    import docx as word

    document = word.Document()
    document.core_properties.author = "Jo Marr"
    document.add_heading(TITLE, 0)
    document.add_paragraph(PARAGRAPHS[0])
    document.add_heading("What comes next", 2)
    document.add_paragraph("A hearing", style="List Bullet")
    document.add_paragraph("A vote", style="List Number")
    table = document.add_table(2, 2)
    for cell, text in zip(table._cells, ("Year", "Ships", "2023", "501"), strict=True):
        cell.text = text
    document.add_paragraph(PARAGRAPHS[1])
    data = io.BytesIO()
    document.save(data)
    record = only(".docx", data.getvalue())
    assert (record["title"], record["author"]) == (TITLE, "Jo Marr")
    assert record["text"].split("\n\n") == [
        *(f"## {TITLE}", PARAGRAPHS[0], "## What comes next", "- A hearing", "- A vote"),
        *("Year | Ships\n2023 | 501", PARAGRAPHS[1]),
    ]
    assert "published" not in record


W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def test_insertions_and_links_are_text_and_deletions_are_not() -> None:
    body = (
        "<w:p><w:r><w:t>The port </w:t></w:r><w:ins><w:r><w:t>will </w:t></w:r></w:ins>"
        "<w:del><w:r><w:delText>may </w:delText></w:r></w:del>"
        "<w:hyperlink><w:r><w:t>grow</w:t></w:r></w:hyperlink></w:p>"
        "<w:sdt><w:sdtContent><w:p><w:r><w:t>In a control.</w:t></w:r></w:p></w:sdtContent></w:sdt>"
    )
    plain = docx("x")
    from zipfile import ZipFile

    with ZipFile(io.BytesIO(plain)) as opened:
        members = {name: opened.read(name) for name in opened.namelist()}
    members["word/document.xml"] = f"<w:document {W}><w:body>{body}</w:body></w:document>".encode()
    assert only(".docx", zipped(**members))["text"] == "The port will grow\n\nIn a control."


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600, "encrypted or old Office file"),
        (b"PK\x03\x04 and nothing more", "damaged"),
        (zipped(a_dot_txt=b"x"), "not a DOCX"),
        (zipped(word__document_dot_xml=b"<broken"), "broken DOCX"),
        (zipped(word__document_dot_xml=b" " * 300_000_000), "as a zip bomb does"),
        (zipped(**{f"p{n}": b"" for n in range(20_001)}), "20,001 parts"),
        (docx(PARAGRAPHS[0])[:-200], "damaged"),
    ],
)
def test_docx_files_that_cannot_be_read_are_named(data: bytes, words: str) -> None:
    assert words in why(".docx", data)


# EPUB


def chapter(number: int, title: str = "") -> str:
    heading = f"<h1>{title}</h1>" if title else ""
    return (
        f"{heading}<p>Story {number}. {PARAGRAPHS[0]}</p><ul><li><p>{PARAGRAPHS[1]}</p></li></ul>"
    )


def test_each_document_of_an_epub_is_an_article() -> None:
    cover = "<img src='x.png' alt='cover'/>"
    data = epub(
        cover, chapter(1, "Port grows"), chapter(2), titles=("Cover", "One", "Ships & docks")
    )
    first, second = read(".epub", data)
    assert first == {
        "title": "Port grows",
        "text": f"## Port grows\n\nStory 1. {PARAGRAPHS[0]}\n\n- {PARAGRAPHS[1]}",
        "publisher": "Lindhaven Courier",
        "author": ["Jo Marr"],
        "topics": ["ports"],
        "published": "2023-07-08",
        "published_origin": "EPUB",
        "modified": "2023-07-09T10:00:00+00:00",
        "modified_origin": "EPUB",
    }
    assert second["title"] == "Ships & docks"


def test_a_year_alone_and_a_placeholder_are_no_dates() -> None:
    for date in ("2023", "0101-01-01T00:00:00+00:00", "soon"):
        (record,) = read(".epub", epub(chapter(1), date=date))
        assert "published" not in record


def test_entities_of_an_epub_are_not_expanded() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><package>&b;</package>'
    container = b'<container><rootfile full-path="p.opf"/></container>'
    data = zipped(**{"META-INF/container.xml": container, "p.opf": bomb})
    assert "without text" in why(".epub", data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (zipped(a_dot_txt=b"x"), "lacks META-INF/container.xml"),
        (zipped(**{"META-INF/container.xml": b"<container/>"}), "names no package"),
        (zipped(**{"META-INF/container.xml": b'<c><rootfile full-path="x"/></c>'}), "it lacks x"),
        (zipped(**{"META-INF/container.xml": b"not xml"}), "broken EPUB"),
        (epub("<img src='x.png'/>"), "without text"),
        (b"PK\x03\x04", "damaged"),
    ],
)
def test_epubs_that_cannot_be_read_are_named(data: bytes, words: str) -> None:
    assert words in why(".epub", data)


def test_a_protected_epub_is_named() -> None:
    from zipfile import ZipFile

    data = io.BytesIO(epub(chapter(1)))
    with ZipFile(data, "a") as opened:
        opened.writestr(
            "META-INF/encryption.xml",
            '<encryption><CipherReference URI="OEBPS/text/d0.xhtml"/></encryption>',
        )
    assert "DRM" in why(".epub", data.getvalue())


def test_blocks_of_html() -> None:
    html = b"""<div>Loose <b>words</b><p>One<br>two &amp; three</p><script>no()</script>
    <h2>Head<i>ing</i></h2><ul><li>a</li><li></li></ul><p>after</p><td>x</td><td>y</td></div>"""
    assert blocks(tree(html)) == [
        *("Loose words", "One two & three", "## Heading", "- a", "after", "x", "y")
    ]


# Mail


def test_a_message() -> None:
    assert only(".eml", mail()) == {
        "title": TITLE,
        "author": "Jo Marr",
        "id": only(".eml", mail())["id"],
        "published": "2023-07-03T10:00:00+02:00",
        "published_origin": "mail",
        "text": "\n\n".join(PARAGRAPHS) + "\n",
    }


def test_encoded_words_parts_and_attachments() -> None:
    data = (
        b"From: =?iso-8859-1?q?J=F6?= <jo@courier.example>\nSubject: =?utf-8?b?R3LDtsOfZQ==?=\n"
        b"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n"
        b"--x\nContent-Type: text/plain; name=a.txt\n"
        b"Content-Disposition: attachment; filename=a.txt\n\nNot this.\n"
        b"--x\nContent-Type: text/plain; charset=iso-8859-1\n"
        b"Content-Transfer-Encoding: quoted-printable\n\nDie Gr=F6=DFe des Hafens.\n--x--\n"
    )
    record = only(".eml", data)
    assert (record["title"], record["author"]) == ("Größe", "Jö")
    assert record["text"].strip() == "Die Größe des Hafens."
    assert "published" not in record


def test_a_message_of_html_alone_is_read_as_a_page() -> None:
    data = mail(page().decode(), kind="text/html; charset=utf-8")
    (article,) = from_bytes(data, ".eml", "/a.eml", SETTINGS)
    assert isinstance(article, Article)
    assert PARAGRAPHS[1] in article.text
    assert (article.title, article.published_origin) == (TITLE, "mail")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a mail message"),
        (b"just text\nin lines", "not a mail message"),
        (b"Subject: x\n\n", "without text"),
        (b"Subject: x\nContent-Type: image/png\n\nxxxx", "without text"),
    ],
)
def test_messages_that_cannot_be_read_are_named(data: bytes, words: str) -> None:
    assert words in why(".eml", data)


def test_a_mailbox() -> None:
    box = b"From jo Mon Jul  3 10:00:00 2023\n" + mail("One.\n\n>From here on.", identity="<1@x>")
    box += b"\nFrom jo Mon Jul  3 10:00:00 2023\n" + mail("Two.", identity="<2@x>") + b"\n"
    found = list(messages(io.BytesIO(box), 1000))
    assert [number for number, _ in found] == [1, 2]
    assert b"\nFrom here on." in found[0][1]
    (_, first), (_, second) = messages(io.BytesIO(box), len(found[1][1]))
    assert "too large" in str(first)
    assert second == found[1][1]
    loaded = list(from_bytes(box, ".mbox", "/box.mbox", SETTINGS))
    assert [(item.source, item.text) for item in loaded if isinstance(item, Article)] == [
        ("/box.mbox#1", "One.\n\nFrom here on."),
        ("/box.mbox#2", "Two."),
    ]
    assert len({item.article_id for item in loaded if isinstance(item, Article)}) == 2


# JSON and CSV


@pytest.mark.parametrize(
    "content",
    [
        {"text": LONG},
        [{"body": LONG}],
        {"articles": [{"content": LONG}]},
        {"status": "ok", "items": [{"content_html": f"<p>{LONG}</p>"}]},
        {"data": [{"Article Text": LONG}]},
    ],
)
def test_shapes_of_json(content: object) -> None:
    assert only(".json", json.dumps(content).encode())["text"] == LONG


def test_names_of_facts_in_others_json() -> None:
    entry = {
        "source": {"id": "lc", "name": "Lindhaven Courier"},
        "author": "Jo Marr",
        "title": TITLE,
        "url": "https://courier.example/port",
        "publishedAt": "2023-07-03T10:00:00Z",
        "dateModified": "2023-07-04",
        "content": LONG,
        "urlToImage": "https://courier.example/x.png",
    }
    (article,) = from_bytes(json.dumps({"articles": [entry]}).encode(), ".json", "x", SETTINGS)
    assert isinstance(article, Article)
    assert (article.publisher, article.author) == ("Lindhaven Courier", "Jo Marr")
    assert (article.published, article.modified) == ("2023-07-03T10:00:00+00:00", "2023-07-04")
    assert (article.published_origin, article.source) == ("record", "x#1")
    assert article.article_id.startswith("port-")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (b"5", "holds no articles"),
        (b"[]", "holds no articles"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"text": ' + b"[" * 100_000, "nested too deeply"),
        (b"\x00\x01\x02\x03" * 50, "binary"),
        (b'{"n": ' + b"9" * 5000 + b"}", "not valid JSON"),
    ],
)
def test_json_that_cannot_be_read_is_named(data: bytes, words: str) -> None:
    assert words in why(".json", data)


def table(data: bytes | str, limit: int = 10_000) -> list:
    return list(rows(io.BytesIO(data.encode() if isinstance(data, str) else data), limit))


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(mark: str) -> None:
    data = f'id{mark}Title{mark}body\na{mark}"Port{mark} grows"{mark}"Two ""lines""\nof text"\n\n'
    expected = {"id": "a", "Title": f"Port{mark} grows", "body": 'Two "lines"\nof text'}
    assert table(data) == [(2, expected)]
    assert table(f"sep={mark}\n{data}") == [(2, expected)]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encodings_of_csv(encoding: str) -> None:
    lines = "title,text\n" + "Größe,“Die Größe” – der Hafen zahlt naïve 5 €\n" * 30
    found = table(lines.encode(encoding))
    assert len(found) == 30
    assert found[0][1] == {"title": "Größe", "text": "“Die Größe” – der Hafen zahlt naïve 5 €"}


def test_bad_rows_are_named_and_the_rest_is_read() -> None:
    data = "id,text\na,one\nb,two,three\n\nc\nd," + "x" * 200 + "\ne,last\n"
    loaded = list(from_bytes(data.encode(), ".csv", "/n.csv", IngestSettings(max_bytes=100)))
    assert [
        (getattr(item, "article_id", ""), getattr(item, "path", "")) for item in loaded[:3]
    ] == [
        ("a", ""),
        ("", "/n.csv#3"),
        ("", "/n.csv#5"),
    ]
    assert isinstance(loaded[3], Rejection)
    assert "over 100 characters" in loaded[3].reason
    wide = IngestSettings(max_bytes=1000)
    last = list(from_bytes(data.encode(), ".csv", "/n.csv", wide))[-1]
    assert isinstance(last, Article)
    assert (last.article_id, last.text, last.source) == ("e", "last", "/n.csv#7")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("a,b\n1,2\n", 'names no column "text"'),
        ("", 'names no column "text"'),
        ('id,text\na,one\nb,"' + "open quote\n" * 200_000, "not closed"),
        ("id,text\na," + "x" * 2_000_000, "over 1,000,000 characters"),
        (b"id,text\n" + b"\x00\x01\x02" * 100, "binary"),
    ],
)
def test_csv_that_cannot_be_read_is_named(data: bytes | str, words: str) -> None:
    with pytest.raises(CorpusError, match=words):
        table(data, limit=1_000_000)


# Anything at all

JSONISH = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.sampled_from(
        ["text", "content_html", "title", "date", "author", "removals", "captions", "metadata"]
    ), inner, max_size=5),
    max_leaves=12,
)  # fmt: skip
LINES = st.lists(
    st.sampled_from(
        [
            *(b"From: a", b"Subject: =?x?q?=ff?=", b"Date: Mon, 99", b"--x", b"--x--", b"From "),
            *(b"Content-Type: multipart/mixed;", b" boundary=x", b"", b"text", b"\xff\xfe", b"["),
            *(b"Content-Transfer-Encoding: base64", b'id,text,"', b'"', b"a;b;text", b"{"),
            b'{"text":"a"}',
        ]
    )
    | st.binary(max_size=20),
    max_size=12,
).map(b"\n".join)


def drained(items: Iterator) -> None:
    with suppress(CorpusError):
        for _ in items:
            pass


@settings(max_examples=150, deadline=None)
@given(data=LINES | st.binary(max_size=300) | JSONISH.map(lambda value: json.dumps(value).encode()))
def test_no_bytes_raise_anything_but_ours(data: bytes) -> None:
    for kind in (".json", ".eml"):
        drained(iter(_read(kind, data)))
    for pieces in (rows, json_lines, messages):
        drained(pieces(io.BytesIO(data), 100))


def _read(kind: str, data: bytes) -> list:
    try:
        return read(kind, data)
    except CorpusError:
        return []


@settings(max_examples=100, deadline=None)
@given(record=JSONISH)
def test_any_json_makes_articles_or_rejections(record: object) -> None:
    data = json.dumps(record).encode()
    for item in from_bytes(data, ".jsonl", "x", SETTINGS):
        assert isinstance(item, Article | Rejection)
        json.dumps(item.to_dict()).encode()


@settings(max_examples=30, deadline=None)
@given(data=st.binary(max_size=400))
def test_bytes_after_the_mark_of_a_kind_never_crash_a_reader(data: bytes) -> None:
    whole = {
        ".pdf": pdf(printed(LONG)),
        ".docx": zipped(word__document_dot_xml=b"<w/>"),
        ".epub": epub(chapter(1)),
    }
    for kind, good in whole.items():
        cut = int.from_bytes(data[:4].ljust(4, b"\0"), "big") % len(good)
        _read(kind, good[:cut] + data + good[cut + len(data) :])


# Layout

WORDS = st.text(st.sampled_from("abcdefgh.,-0123456789 "), min_size=1, max_size=30)
PRINTED = st.builds(
    Line,
    text=WORDS.filter(str.strip).map(str.strip),
    left=st.integers(0, 600).map(float),
    right=st.integers(0, 600).map(float),
    base=st.integers(0, 800).map(float),
    size=st.sampled_from([8.0, 10.0, 24.0]),
)


@settings(max_examples=200, deadline=None)
@given(pages=st.lists(st.lists(PRINTED, max_size=20), max_size=4))
def test_layout_loses_and_invents_no_letter(pages: list[list[Line]]) -> None:
    kept, gone = without_running(pages)
    in_order = [ordered(page) for page in kept]
    text = "".join(paragraphs(in_order, lambda first, second: False))
    assert letters(in_order) == letters(kept)
    assert Counter(filter(str.isalnum, text)) == letters(kept)
    assert not letters(pages) - letters(kept) or gone


def letters(pages: list[list[Line]]) -> Counter[str]:
    return Counter(char for page in pages for line in page for char in line.text if char.isalnum())
