"""Web addresses: which there are, which mean the same, and what an article from one is called."""

from __future__ import annotations

import re
from typing import TypeGuard
from urllib.parse import SplitResult, unquote, urlsplit

from rag.ids import digest

_SCHEMES = re.compile(r"https?://", re.IGNORECASE)
_SUBSITES = re.compile(r"^(?:www|m|mobile|amp)\.")
_IN_LINK = re.compile(r"[^\s\x00-\x1f\x7f-\x9f\"'<>\\^`{|}]+")
_SLUG = 80
"""Characters of the readable part of an id."""


def is_address(given: object) -> TypeGuard[str]:
    """Whether something is a text that starts with http:// or https://."""
    return isinstance(given, str) and _SCHEMES.match(given) is not None


def web_address(url: str) -> str | None:
    """The URL if it is a plain http or https address that may become a link, otherwise None."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return None
    plain = parts.scheme in ("http", "https") and host and "@" not in parts.netloc
    return url if plain and _IN_LINK.fullmatch(url) else None


def without_fragment(url: str) -> str:
    """The address of the whole page."""
    return url.strip().partition("#")[0]


def site(url: str) -> str:
    """The host in the form in which sites compare: small letters, without `www.` or `amp.`."""
    return _SUBSITES.sub("", (_split(url).hostname or "").rstrip("."))


def identity(url: str) -> str:
    """What two addresses of one page share: no scheme, no `www.`, no tracking, no last slash.

    >>> identity("https://www.example.org/a/?utm_source=x") == identity("http://example.org/a")
    True
    """
    from courlan import normalize_url

    try:
        parts = urlsplit(normalize_url(url))
        port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    except (ValueError, TypeError):  # an address that can hardly be fetched either
        return url
    rest = f"?{parts.query}" if parts.query else ""
    rest += f"#{parts.fragment}" if parts.fragment else ""
    return f"{site(url)}{port}{parts.path.rstrip('/')}{rest}"


def article_id(url: str) -> str:
    """The id of the article at an address: readable, and the same for all forms of the address.

    >>> article_id("https://example.org/news/Chip-deal.html").startswith("chip-deal-")
    True
    """
    path = unquote(_split(url).path, errors="replace").rstrip("/")
    last = re.sub(r"\.[A-Za-z0-9]{1,6}$", "", path.rpartition("/")[2])
    words = last if re.search(r"[^\W\d_]{3}", last) else f"{site(url)}-{last}"
    slug = re.sub(r"[^\w.]+", "-", words).strip("-._").lower()
    return f"{slug[:_SLUG].strip('-._')}-{digest(identity(url))}"


def canonical(named: str, address: str) -> str:
    """The address that a page goes by: the one it names, where that can be believed, else its own.

    A page may not name the page of another site, as whatever is stored under its address would be
    replaced, nor the front page of its own, which badly set up sites name on every page.
    """
    if not is_address(named) or site(named) != site(address):
        return address
    return without_fragment(named) if _split(named).path.strip("/") else address


def _split(url: str) -> SplitResult:
    """The parts of an address; of one that has none, all in its path."""
    try:
        return urlsplit(url)
    except ValueError:
        return SplitResult("", "", url, "", "")
