"""Documents made by hand, byte by byte where that is what is tested."""

from __future__ import annotations

import zipfile
from io import BytesIO
from xml.sax.saxutils import escape

PARAGRAPHS = (
    "LINDHAVEN – The harbour office will build a second terminal, it said on Monday.",
    "Work begins in spring and takes four years. The council has voted for the plan twice.",
    "Residents of the old quarter fear noise and trucks; a hearing is due in September.",
)
TITLE = "Port grows: a second terminal"

PrintedLine = tuple[float, float, float, str]
"""Left, base, size in points, and text."""


def pdf(
    *pages: list[PrintedLine], title: str = "", author: str = "", picture: bool = False
) -> bytes:
    """A PDF in Helvetica; with `picture`, an image covers each page."""
    image = b"q 612 0 0 792 0 0 cm /I1 Do Q\n" if picture else b""
    contents = [image + b"BT\n" + b"".join(map(_shown, lines)) + b"ET" for lines in pages]
    kids = b" ".join(b"%d 0 R" % (6 + 2 * place) for place in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(pages), kids),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /BitsPerComponent 8"
        b" /ColorSpace /DeviceGray /Length 1 >>\nstream\nx\nendstream",
    ]
    for place, content in enumerate(contents):
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R"
            b" /Resources << /Font << /F1 3 0 R >> /XObject << /I1 4 0 R >> >> >>" % (5 + 2 * place)
        )
    facts = b"(%s) /Author (%s)" % (_string(title), _string(author))
    objects.append(b"<< /Title %s /CreationDate (D:20200101120000Z) >>" % facts)
    return _file(objects, b"/Root 1 0 R /Info %d 0 R" % len(objects))


def encrypted_pdf() -> bytes:
    """A PDF that asks for a password (the standard handler, with keys that open nothing)."""
    key = b"<" + b"41" * 32 + b">"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count 0 /Kids [] >>",
        b"<< /Filter /Standard /V 1 /R 2 /O %s /U %s /P -4 >>" % (key, key),
    ]
    return _file(objects, b"/Root 1 0 R /Encrypt 3 0 R /ID [<41> <41>]")


def printed(*lines: str, left: float = 60, top: float = 700, size: float = 10) -> list[PrintedLine]:
    """Lines one below the other."""
    return [(left, top - 1.2 * size * place, size, line) for place, line in enumerate(lines)]


def _shown(line: PrintedLine) -> bytes:
    left, base, size, text = line
    return b"/F1 %g Tf 1 0 0 1 %g %g Tm (%s) Tj\n" % (size, left, base, _string(text))


def _string(text: str) -> bytes:
    raw = text.encode("cp1252")
    return raw.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")


def _file(objects: list[bytes], trailer: bytes) -> bytes:
    data, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    end = b"trailer << /Size %d %s >>\nstartxref\n%d\n%%%%EOF" % (size, trailer, len(data))
    return data + b"xref\n0 %d\n0000000000 65535 f \n" % size + table + end


def zipped(**members: bytes) -> bytes:
    """An archive; `__` in a name stands for `/`, `_dot_` for `.`."""
    data = BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return data.getvalue()


def docx(*paragraphs: str, title: str = "", author: str = "") -> bytes:
    """A Word file as python-docx writes it."""
    import docx as word

    document = word.Document()
    document.core_properties.title, document.core_properties.author = title, author
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    data = BytesIO()
    document.save(data)
    return data.getvalue()


PACKAGE = """<?xml version="1.0"?>
<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"
 version="3.0">
<metadata><dc:title>The Courier, week 27</dc:title><dc:publisher>Lindhaven Courier</dc:publisher>
<dc:creator>Jo Marr</dc:creator><dc:date>{date}</dc:date><dc:subject>ports</dc:subject>
<meta property="dcterms:modified">2023-07-09T10:00:00Z</meta></metadata>
<manifest>{manifest}
<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
</manifest><spine>{spine}</spine></package>"""


def epub(*documents: str, date: str = "2023-07-08", titles: tuple[str, ...] = ()) -> bytes:
    """An EPUB of XHTML bodies; `titles` make its table of contents."""
    manifest = "".join(
        f'<item id="d{n}" href="text/d{n}.xhtml" media-type="application/xhtml+xml"/>'
        for n in range(len(documents))
    )
    spine = "".join(f'<itemref idref="d{n}"/>' for n in range(len(documents)))
    links = "".join(
        f'<li><a href="text/d{n}.xhtml#top">{escape(title)}</a></li>'
        for n, title in enumerate(titles)
    )
    members = {
        "mimetype": b"application/epub+zip",
        "META-INF/container.xml": b'<container><rootfiles><rootfile full-path="OEBPS/book.opf"/>'
        b"</rootfiles></container>",
        "OEBPS/book.opf": PACKAGE.format(date=date, manifest=manifest, spine=spine).encode(),
        "OEBPS/nav.xhtml": f"<html><body><nav><ol>{links}</ol></nav></body></html>".encode(),
        **{
            f"OEBPS/text/d{n}.xhtml": f"<html><body>{body}</body></html>".encode()
            for n, body in enumerate(documents)
        },
    }
    return zipped(**members)


def page(title: str = TITLE, *paragraphs: str, head: str = "", body: str = "") -> bytes:
    """A plain news page."""
    text = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs or PARAGRAPHS * 2)
    return (
        f"<!doctype html><html><head><meta charset=utf-8><title>{escape(title)}</title>"
        f"{head}</head>"
        f"<body><article><h1>{escape(title)}</h1>{text}</article>{body}</body></html>"
    ).encode()


def mail(
    text: str = "\n\n".join(PARAGRAPHS),
    subject: str = TITLE,
    kind: str = "text/plain; charset=utf-8",
    identity: str = "<1@courier.example>",
) -> bytes:
    """A message of one part."""
    return (
        f"From: Jo Marr <jo@courier.example>\nTo: desk@courier.example\nSubject: {subject}\n"
        f"Date: Mon, 3 Jul 2023 10:00:00 +0200\nMessage-ID: {identity}\nMIME-Version: 1.0\n"
        f"Content-Type: {kind}\nContent-Transfer-Encoding: 8bit\n\n{text}\n"
    ).encode()
