"""An article as a page, with the cited words marked; the links that open it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from hashlib import sha256
from itertools import islice, pairwise
from urllib.parse import urlencode

from rag.addresses import web_address
from rag.schema import Article
from rag.ui.markup import day, escape, site
from rag.ui.words import _, spoken

Span = tuple[int, int]
"""Start and end in `Article.text`, in code points."""

_MOST_SPANS = 40
_MOST_COPIES = 12
_LINES = re.compile(r"\n+|(?P<hashes>#{1,6} )?[^\n]+")
"""Lines and the breaks between them; a line that a `#` makes a heading is shown as one."""


def fingerprint(quote: str) -> str:
    """Tells whether the words at a place are still the ones that were cited."""
    return sha256(quote.encode("utf-8", "replace")).hexdigest()[:16]


def source_link(
    article_id: str,
    span: Span,
    quote: str,
    also: Iterable[Span] = (),
    copies: Iterable[str] = (),
) -> str:
    """The address of the article with `span` marked and `also` marked lighter, unescaped.

    It is relative to the chat page, so that it holds below any prefix. `copies` are the ids of
    articles that run the same story, to be named beside it.
    """
    fields = [("article", article_id), ("start", span[0]), ("end", span[1])]
    fields.append(("quote", fingerprint(quote)))
    others = sorted(set(also) - {span})[:_MOST_SPANS]
    fields += [("also", f"{start}-{end}") for start, end in others]
    fields += [("copy", other) for other in islice(copies, _MOST_COPIES)]
    return f"source?{urlencode(fields)}#cited"


def article_link(article_id: str, copies: Iterable[str] = ()) -> str:
    """The address of an article with nothing marked, as `source_link`."""
    fields = [("article", article_id), *(("copy", other) for other in copies)]
    return f"source?{urlencode(fields[: _MOST_COPIES + 1])}"


def read_spans(values: Sequence[str]) -> list[Span]:
    """The `also` fields of a link; what is not `start-end` is passed over."""
    found = (re.fullmatch(r"(\d{1,9})-(\d{1,9})", value) for value in values[:_MOST_SPANS])
    return [(int(match[1]), int(match[2])) for match in found if match]


def source_html(
    article: Article,
    span: Span,
    quote: str,
    also: Iterable[Span] = (),
    copies: Sequence[Article] = (),
) -> str:
    """The article with the words at `span` marked, unless they are no longer the cited ones.

    Args:
        article: what is stored now.
        span: the cited range.
        quote: the `fingerprint` of the words that were cited; empty where nothing was.
        also: other ranges cited in the same answer; those outside the text are passed over.
        copies: articles that run the same story.
    """
    start, end = span
    same = 0 <= start < end <= len(article.text) and quote == fingerprint(article.text[start:end])
    others = [(a, b) for a, b in also if 0 <= a < b <= len(article.text)] if same else []
    body = _body(article.text, span if same else None, others)
    stale = bool(quote) and not same
    told = _problem(_("This article has changed since it was cited. Ask again.")) if stale else ""
    head = _head(article, _also_in(article, copies))
    return f'<article class="source">{head}{told}<div class="body">{body}</div></article>'


def missing_html(message: str) -> str:
    """What is shown when an article cannot be read."""
    return f'<article class="source">{_problem(message)}</article>'


def page_html(title: str, article: str) -> str:
    """A whole document, for a citation that is opened in a tab of its own."""
    return (
        f'<!doctype html><html lang="{spoken().language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)}</title><link rel="stylesheet" href="newsdesk.css"></head>'
        f'<body class="page"><main>{article}</main></body></html>'
    )


def byline(publisher: str, published: str | None, author: str = "") -> str:
    """Publisher, author and date in one line of HTML; what is unknown is left out or said."""
    parts = [f"<bdi>{escape(part)}</bdi>" for part in (publisher, author) if part]
    return " · ".join([*parts, f'<span class="day">{escape(day(published))}</span>'])


def _problem(message: str) -> str:
    return f'<p class="problem" role="status">{escape(message)}</p>'


def _also_in(article: Article, copies: Sequence[Article]) -> str:
    """The copies of the article, each of which opens in its place."""
    several = [article.article_id, *(copy.article_id for copy in copies)]
    rows = []
    for copy in copies:
        others = [other for other in several if other != copy.article_id]
        name = escape(copy.title or copy.article_id)
        rows.append(
            f'<li><a class="cite-title" href="{escape(article_link(copy.article_id, others))}">'
            f"<bdi>{name}</bdi></a> {byline(copy.publisher, copy.published)}</li>"
        )
    return f'<div class="also-in">{_("Also in")}<ul>{"".join(rows)}</ul></div>' if rows else ""


def _head(article: Article, also_in: str) -> str:
    title = escape(article.title or article.article_id)
    url = web_address(article.url)
    original = (
        f'<p><a class="original" href="{escape(url)}" target="_blank" rel="noopener noreferrer">'
        f"{_('Read the original at {site}', site=escape(site(url)))}</a></p>"
        if url
        else ""
    )
    line = byline(article.publisher, article.published, article.author)
    return (
        f'<header><h2><bdi>{title}</bdi></h2><p class="by">{line}</p>{_state(article)}{original}'
        f"{also_in}</header>"
    )


def _state(article: Article) -> str:
    """What a reader should know of the text: a part only, or changed since it was published."""
    modified = article.modified and day(article.modified)
    told = [
        _("Only a part of this article was on its page.") if article.partial else "",
        _("Modified {day}.", day=modified)
        if modified and article.modified != article.published
        else "",
    ]
    text = " ".join(filter(None, told))
    return f'<p class="state">{escape(text)}</p>' if text else ""


def _body(text: str, cited: Span | None, others: Sequence[Span]) -> str:
    """Paragraphs; the text of the result is `text`, that of its `mark.cited` the citation."""
    edges = sorted({edge for span in (*others, *([cited] if cited else [])) for edge in span})
    html, first = [], True
    for line in _LINES.finditer(text):
        hashes = line.start() + len(line["hashes"] or "")
        inside = sorted({e for e in (*edges, hashes) if line.start() < e < line.end()})
        pieces = []
        for start, end in pairwise([line.start(), *inside, line.end()]):
            piece = escape(text[start:end])
            if start < hashes:
                piece = f'<span class="hashes">{piece}</span>'
            if cited and cited[0] <= start < cited[1]:
                anchor, first = (' id="cited"' if first else ""), False
                piece = f'<mark class="cited"{anchor}>{piece}</mark>'
            elif any(a <= start < b for a, b in others):
                piece = f'<mark class="also">{piece}</mark>'
            pieces.append(piece)
        html.append(_paragraph(line, "".join(pieces)))
    return "".join(html)


def _paragraph(line: re.Match[str], inner: str) -> str:
    if line[0].startswith("\n"):
        return inner
    return f'<p class="heading">{inner}</p>' if line["hashes"] else f"<p>{inner}</p>"
