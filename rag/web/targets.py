"""What a request is sent to: web addresses in parts, checked, and where redirects lead."""

from __future__ import annotations

import re

import httpcore
import httpx

from rag.web.failures import Failure

_HOST = re.compile(r"[A-Za-z0-9._:-]+")


def checked(url: str) -> httpx.URL:
    """An address without its #fragment.

    Raises:
        Failure: it is none of the web, or holds a user's name.
    """
    try:
        found = httpx.URL(url).copy_with(fragment=None)
    except (httpx.InvalidURL, UnicodeError):
        found = httpx.URL()
    if found.scheme not in ("http", "https") or not _HOST.fullmatch(found.raw_host.decode()):
        raise Failure("is no web address; write it as https://host/path")
    if found.userinfo:
        raise Failure("holds a user name; only pages that are open to everybody are fetched")
    if found.port is not None and not 0 < found.port < 65536:
        raise Failure(f"names a port that does not exist ({found.port}); correct it")
    return found


def redirected(target: httpx.URL, headers: httpx.Headers) -> httpx.URL:
    """Where an answer's Location header leads from an address. Errors as for `checked`."""
    location = headers.get("location", "")
    if not location:
        raise Failure("is redirected to no address; give the address that it stands for")
    try:
        return checked(str(target.join(location)))
    except (Failure, httpx.InvalidURL, UnicodeError):
        raise Failure(
            f"is redirected to {location[:100]!r}, which is no web address; give another one"
        ) from None


def parts(target: httpx.URL) -> httpcore.URL:
    """An address as a connection pool takes it."""
    return httpcore.URL(
        scheme=target.raw_scheme, host=target.raw_host, port=target.port, target=target.raw_path
    )


def origin(target: httpx.URL) -> str:
    """The scheme, host and port of an address."""
    return f"{target.scheme}://{target.netloc.decode('ascii')}"
