"""Hostile files among good ones: each is named, none costs much, and all the good ones come in."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from made_documents import PARAGRAPHS, docx, encrypted_pdf, epub, mail, page, pdf, printed, zipped

GOOD = 1000
BODY = "\n\n".join(PARAGRAPHS)
NOISE = random.Random(7).randbytes(5000)


def line_of(size: int, start: bytes = b"", end: bytes = b"") -> bytes:
    return start + b"x" * (size - len(start) - len(end)) + end


def pdf_bomb() -> bytes:
    """A page whose content unpacks from two megabytes to six hundred."""
    packer = zlib.compressobj(1)
    stream = b"".join(packer.compress(bytes(1_000_000)) for _ in range(600)) + packer.flush()
    whole = pdf([])
    start = whole.index(b"<< /Length")
    end = whole.index(b"endstream", start)
    header = b"<< /Filter /FlateDecode /Length %d >>\nstream\n" % len(stream)
    return whole[:start] + header + stream + b"\n" + whole[end:]


def nested_mail(depth: int) -> bytes:
    opened = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(depth)
    )
    return b"Subject: deep\nMIME-Version: 1.0\n" + opened + b"Content-Type: text/plain\n\n"


BOMB = "a0: &a0 [x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 30)
)
LAUGHS = b'<!DOCTYPE w [<!ENTITY a "%s">%s]><w>&j;</w>' % (
    b"ha" * 50,
    b"".join(b'<!ENTITY %c "%s">' % (n, b"&%c;" % (n - 1) * 10) for n in range(98, 107)),
)
CHAPTER = f"<p>{PARAGRAPHS[0]}</p>"
PROTECTED = {
    "META-INF/container.xml": b'<c><rootfile full-path="p.opf"/></c>',
    "META-INF/encryption.xml": b'<e><CipherReference URI="a.xhtml"/></e>',
    "p.opf": b'<p><item id="a" href="a.xhtml" media-type="application/xhtml+xml"/>'
    b'<itemref idref="a"/></p>',
    "a.xhtml": CHAPTER.encode(),
}


def hostile() -> dict[str, tuple[bytes | str, str]]:
    """By file name: the content, and words of the reason."""
    return {
        # nothing
        **{
            f"empty{kind}": (b"", "empty")
            for kind in (
                ".txt",
                ".md",
                ".html",
                ".pdf",
                ".docx",
                ".epub",
                ".json",
                ".jsonl",
                ".csv",
            )
        },
        "empty.eml": (b"", "empty"),
        "empty.mbox": (b"", "empty"),
        "blank.txt": (" \n\t \n", "no words"),
        "marks.txt": ("?! … — *** ---\n", "no words"),
        "unseen.txt": ("\u200b\u2060\u202e\ufeff" * 50, "no words"),
        "mark-of-order.txt": (b"\xef\xbb\xbf", "no words"),
        "blank.html": (b"   \n", "empty"),
        "blank.jsonl": (b"\n\n  \n", "empty"),
        # not what it claims to be
        "noise.txt": (NOISE, "binary data"),
        "noise.md": (NOISE, "binary data"),
        "noise.html": (NOISE, ""),
        "noise.pdf": (NOISE, "broken PDF"),
        "noise.docx": (NOISE, "not a DOCX"),
        "noise.epub": (NOISE, "not an EPUB"),
        "noise.json": (NOISE, "binary data"),
        "noise.jsonl": (NOISE, "binary data"),
        "noise.csv": (NOISE, "binary data"),
        "noise.eml": (NOISE, ""),
        "noise.mbox": (NOISE, "not a mailbox"),
        "nul.txt": (b"\0" * 5000, "binary data"),
        "picture.txt": (b"\x89PNG\r\n\x1a\n" + NOISE, "a PNG image"),
        "program.md": (b"\x7fELF" + NOISE, "a program"),
        "packed.txt": (b"\x1f\x8b\x08" + NOISE, "a gzip archive"),
        "database.txt": (b"SQLite format 3\0" + NOISE, "an SQLite database"),
        "pdf.txt": (pdf(printed(PARAGRAPHS[0])), "a PDF"),
        "office.md": (docx(PARAGRAPHS[0]), "a ZIP archive or Office file"),
        "half-utf16.txt": ("\ufeffHarbour".encode("utf-16-le") + b"\xd8", "begins as utf-16"),
        "spreadsheet.xlsx": (zipped(a_dot_xml=b"x"), "not of a kind that is read"),
        "no-kind": (BODY, "not of a kind that is read"),
        # too large
        "line.txt": (line_of(50_000_000), "too large (50,000,000 bytes"),
        "line.jsonl": (line_of(50_000_000), "too large (50,000,000 bytes"),
        "line.json": (line_of(50_000_000, b'{"text": "', b'"}'), "raise ingest.max_file_bytes"),
        "line.csv": (line_of(50_000_000, b"id,text\na,"), "over 2,000,000 characters"),
        "lines.txt": ("x\n\n" * 600_000, "1,200,000 lines"),
        "line.html": (line_of(50_000_000, b"<p>"), "too large"),
        "line.mbox": (line_of(50_000_000, b"From x\n"), "too large"),
        # made to hurt
        "links.html": ("<a " * 20_000, ""),
        "nested.html": ("<div>" * 100_000, ""),
        "aliases.md": (f"---\n{BOMB}---\nText.", "aliases"),
        "objects.md": ("---\nx: !!python/object/apply:os.system [ls]\n---\nText.", "line 2"),
        "deep.md": ("---\nx: " + "[" * 5_000 + "\n---\nText.", "nested too deeply"),
        "wide.md": ("---\nx: " + "y" * 70_000 + "\n---\nText.", "shorten it"),
        "open.md": ("---\ntitle: x\nText.", "never ends"),
        "list.md": ("---\n- a\n---\nText.", "front matter"),
        "day.md": ("---\npublished: 2023-02-30\n---\nText.", "mend it"),
        "soon.md": ("---\npublished: soon\n---\nText.", "'soon' cannot be read as a date"),
        "deep.json": ("[" * 200_000, "nested too deeply"),
        "deep.jsonl": ('{"text": ' + "[" * 200_000, "nested too deeply"),
        "open.json": ('{"text": "x', "not valid JSON"),
        "number.json": ("5", "holds no articles"),
        "digits.json": ('{"text": ' + "9" * 10_000 + "}", "not valid JSON"),
        "objects.json": ("[" + "[]," * 12_000_000 + "0]", "512 MB"),
        "numbers.jsonl": ("5\n", "not a JSON object"),
        "textless.jsonl": ('{"title": "x"}\n', "no text"),
        "ambiguous.jsonl": ('{"text": "Ships.", "date": "03/04/2023"}\n', "03/04/2023"),
        "nameless.csv": ("a,b\n1,2\n", 'no column "text"'),
        "quote.csv": ('id,text\na,"' + "x\n" * 6_000_000, "not closed"),
        "cells.csv": ("id,text\na,b,c\n", "put quotes"),
        "page-that-is-not-there.html": (
            page("404 Page not found", "Sorry, the page you are looking for could not be found."),
            "",
        ),
        "locked.pdf": (encrypted_pdf(), "encrypted PDF"),
        "half.pdf": (pdf(printed(PARAGRAPHS[0]))[:400], "broken PDF"),
        "scan.pdf": (pdf([], [], picture=True), "is a scan"),
        "bomb.pdf": (pdf_bomb(), "ingest.read_"),
        "locked.docx": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + NOISE, "encrypted or old"),
        "bomb.docx": (zipped(word__document_dot_xml=b" " * 60_000_000), "zip bomb"),
        "parts.docx": (zipped(**{f"p{n}": b"" for n in range(20_001)}), "zip bomb"),
        "half.docx": (docx(PARAGRAPHS[0])[:-500], "not a DOCX"),
        "other.docx": (zipped(a_dot_txt=b"x"), "not a DOCX"),
        "laughs.docx": (zipped(word__document_dot_xml=LAUGHS), "DOCX"),
        "bomb.epub": (zipped(a=b" " * 60_000_000), "zip bomb"),
        "locked.epub": (zipped(**PROTECTED), "DRM"),
        "textless.epub": (epub("<img src='x'/>"), "without text"),
        "other.epub": (zipped(a_dot_txt=b"x"), "not an EPUB"),
        "no-mail.eml": ("only text", "not a mail message"),
        "picture.eml": (mail("xxxx", kind="image/png"), "without text"),
        "deep.eml": (nested_mail(3000), ""),
        "no-box.mbox": ("only text", "not a mailbox"),
    }


KIND_OF_GOOD = {
    ".md": 300,
    ".txt": 620,
    ".html": 30,
    ".pdf": 20,
    ".docx": 10,
    ".epub": 10,
    ".eml": 10,
}
TRICKS = {
    "right-to-left.txt": f"\u202e{BODY}\u202c",
    "zero-width.txt": BODY.replace("a", "a\u200b\u2060"),
    "utf16.txt": BODY.encode("utf-16"),
    "latin.txt": ("“Größe” – naïve café €5. " * 20).encode("cp1252"),
    "bad-byte.txt": BODY.encode() + b" caf\xe9 \xff",
    "one-nul.txt": BODY + "\0",
    "tags.txt": "<a " * 20_000,
}
"""Odd, and to be read all the same."""


def story(number: int) -> str:
    return f"Story {number} of the harbour. " + " ".join(PARAGRAPHS)


def good_file(folder: Path, kind: str, number: int) -> None:
    path, text = folder / f"{kind[1:]}-{number}{kind}", story(number)
    content: bytes = {
        ".md": lambda: f"---\nid: md-{number}\n---\n{text}".encode(),
        ".txt": text.encode,
        ".html": lambda: page(f"Story {number}", text, *PARAGRAPHS),
        ".pdf": lambda: pdf(printed(f"Story {number} of the harbour.", *PARAGRAPHS)),
        ".docx": lambda: docx(text),
        ".epub": lambda: epub(f"<p>{text}</p>"),
        ".eml": lambda: mail(text, identity=f"<{number}@courier.example>"),
    }[kind]()
    path.write_bytes(content)


@contextmanager
def special_files(folder: Path, outside: Path) -> Iterator[dict[str, str]]:
    """What is no file of the folder; by name, words of the reason."""
    secret = outside / "secret.txt"
    outside.mkdir()
    secret.write_text("Nobody may read this.")
    os.mkfifo(folder / "pipe.txt")
    for name, target in {
        "out.txt": secret,
        "out": outside,
        "device.txt": Path("/dev/zero"),
        "circle.txt": folder / "circle.txt",
        "nowhere.txt": folder / "gone.txt",
    }.items():
        (folder / name).symlink_to(target)
    expected = {
        "pipe.txt": "not a regular file",
        "socket.txt": "not a regular file",
        "out.txt": "link out of the folder",
        "out": "link out of the folder",
        "device.txt": "link out of the folder",
        "circle.txt": "",
        "nowhere.txt": "",
    }
    with socket.socket(socket.AF_UNIX) as server:
        place = Path.cwd()
        os.chdir(folder)  # the name of a socket may not be long
        try:
            server.bind("socket.txt")
        finally:
            os.chdir(place)
        yield expected


def ingested(folder: Path, index: Path) -> dict:
    command = [sys.executable, "-W", "error", Path(__file__).with_name("hostile_child.py")]
    done = subprocess.run(
        [*command, folder, index], capture_output=True, text=True, timeout=280, check=False
    )
    assert done.stderr == ""
    assert done.returncode == 0
    return json.loads(done.stdout)


@pytest.mark.timeout(300)
def test_hostile_files_among_good_ones(tmp_path: Path) -> None:
    folder, bad = tmp_path / "news", hostile()
    folder.mkdir()
    for kind, count in KIND_OF_GOOD.items():
        for number in range(count):
            good_file(folder, kind, number)
    for name, content in (*TRICKS.items(), *((n, c) for n, (c, _) in bad.items())):
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    with special_files(folder, tmp_path / "elsewhere") as special:
        found = ingested(folder, tmp_path / "index")
    expected = {name: words for name, (_, words) in bad.items()} | special
    assert len(expected) >= 60
    rejected = {Path(path).name.partition("#")[0]: reason for path, reason in found["rejected"]}
    assert set(rejected) == set(expected)
    for name, words in expected.items():
        assert words in rejected[name], (name, rejected[name])
        assert "\n" not in rejected[name]
        assert len(rejected[name]) < 400
    assert found["added"] == sum(KIND_OF_GOOD.values()) + len(TRICKS) >= GOOD
    assert found["slowest"]["seconds"] < 11, found["slowest"]
    if sys.platform == "linux":
        assert found["reader_kb"] < 512_000
        assert found["own_kb"] < 512_000
