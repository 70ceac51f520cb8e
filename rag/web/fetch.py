"""One web address -> its bytes, politely, within limits, and never out of a private network.

A request says what was got before, so that a server can answer that nothing changed. Redirects
are followed one by one, each checked like the first address. No cookies are kept, no proxy of the
environment is used: what is connected to is what `rag.web.network` checked.
"""

from __future__ import annotations

import ssl
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Protocol, Self
from urllib.robotparser import RobotFileParser

import httpcore
import httpx

from rag.errors import CorpusError
from rag.settings import FetchSettings
from rag.web.failures import BUSY, Failure, FetchError, explained, refusal, too_large
from rag.web.network import Deadline, Network, Resolver, resolve
from rag.web.targets import checked, origin, parts, redirected

REDIRECTS = 5
"""How many are followed, one after the other."""
_MOVED = (301, 302, 303, 307, 308)
_RETRIES = 2
_PATIENCE = 10.0
"""Seconds: a server that asks for a longer pause is left alone for this time."""
_SLOWEST = 5.0
"""Seconds between two requests that robots.txt can ask for."""
_SILENT = 3
_ROBOTS_LIMIT = 512_000
"""Bytes of robots.txt that are read (RFC 9309)."""


class Validators(Protocol):
    """What a server gave with an earlier answer, to know it by again."""

    @property
    def etag(self) -> str:
        """As given; empty where none was."""

    @property
    def last_modified(self) -> str:
        """As given; empty where none was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What an address answered."""

    url: str
    """The address that was asked for."""
    address: str
    """The one that answered, after all redirects."""
    asked_at: str
    """When, as ISO 8601 in UTC."""
    data: bytes = b""
    """Unpacked; empty where `unchanged`."""
    media: str = ""
    """The kind that the server names, such as "text/html", in small letters."""
    charset: str = ""
    """The encoding that the server names, in small letters."""
    etag: str = ""
    last_modified: str = ""
    unchanged: bool = False
    """Whether it is as it was when the validators were given."""


class Fetcher:
    """Fetches addresses one at a time, over one connection a host; not for several threads.

    `close()` it, or use it as a context manager.

    Args:
        settings: limits, manners, and the hosts that may be private.
        resolve: how host names are looked up.
        pause: waits so many seconds.
        trust: whose certificates are believed; certifi's, or those of SSL_CERT_FILE, by default.
    """

    def __init__(
        self,
        settings: FetchSettings,
        resolve: Resolver = resolve,
        pause: Callable[[float], None] = time.sleep,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._settings = settings
        self._pause = pause
        self._deadline = Deadline()
        self._pool = httpcore.ConnectionPool(
            ssl_context=trust or _trust(),
            network_backend=Network(self._deadline, settings.allow_hosts, resolve),
        )
        self._last: dict[str, float] = {}
        """By host: when the last answer came, on the monotonic clock."""
        self._silent: dict[str, int] = {}
        """By host: how often in a row it did not answer."""
        self._rules: dict[str, RobotFileParser | str] = {}
        """By origin: robots.txt, or why it cannot be read."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()

    def fetch(self, url: str, known: Validators | None = None, *, crawl: bool = False) -> Page:
        """What an address holds now.

        Args:
            url: starts with http:// or https://.
            known: of an earlier answer; a `Page` that is `unchanged` may come back then.
            crawl: nobody asked for this very page, so robots.txt is heeded.

        Raises:
            FetchError: there is nothing that can be read; says why and what to do.
        """
        try:
            with explained(self._settings.timeout):
                target = checked(url)
                self._wait(target)
                with self._deadline.within(self._settings.timeout):
                    return self._follow(url, target, known, crawl=crawl)
        except CorpusError as error:
            status = error.status if isinstance(error, Failure) else 0
            raise FetchError(url, str(error), status) from None

    def _follow(
        self, url: str, target: httpx.URL, known: Validators | None, *, crawl: bool
    ) -> Page:
        seen: set[httpx.URL] = set()
        while len(seen) <= REDIRECTS:
            if crawl:
                self._check_answering(target)
                self._check_robots(target)
            seen.add(target)
            answer = self._ask(target, known)
            if answer.status not in _MOVED:
                return _page(url, target, answer)
            target = redirected(target, answer.headers)
            if target in seen:
                raise Failure("sends its reader round in a circle; save the page and ingest that")
        raise Failure(f"is redirected more than {REDIRECTS} times; give the address it ends at")

    def _ask(self, target: httpx.URL, known: Validators | None) -> _Answer:
        """One answer, asked for again where the server is busy and names a short pause."""
        for tries_left in reversed(range(_RETRIES + 1)):
            answer = self._exchange(target, known)
            pause = _asked_pause(answer.headers)
            if answer.status not in BUSY or not tries_left or pause is None:
                break
            if pause > min(_PATIENCE, self._deadline.left() or 0):
                break
            self._pause(pause)
        if answer.status not in (200, 304, *_MOVED):
            raise Failure(refusal(answer.status), answer.status)
        return answer

    def _exchange(self, target: httpx.URL, known: Validators | None) -> _Answer:
        asked_at = datetime.now(UTC).isoformat(timespec="milliseconds")
        headers: dict[bytes | str, bytes | str] = {
            "Host": target.netloc.decode("ascii"),
            "User-Agent": self._settings.user_agent,
            "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "Accept-Encoding": "gzip",
        }
        if known and known.etag:
            headers["If-None-Match"] = known.etag
        if known and known.last_modified:
            headers["If-Modified-Since"] = known.last_modified
        try:
            with self._pool.stream("GET", parts(target), headers=headers) as response:
                found = httpx.Headers(response.headers)
                data = b"".join(self._body(response, found)) if response.status == 200 else b""
                self._silent.pop(target.host, None)
                return _Answer(response.status, found, data, asked_at)
        except (httpcore.TimeoutException, httpcore.ConnectError):
            self._silent[target.host] = self._silent.get(target.host, 0) + 1
            raise
        finally:
            self._last[target.host] = time.monotonic()

    def _body(self, response: httpcore.Response, headers: httpx.Headers) -> Iterator[bytes]:
        """The unpacked body in pieces: no piece is unpacked beyond the limit."""
        limit = left = self._settings.max_bytes
        length = headers.get("content-length", "")
        packed = headers.get("content-encoding", "identity").strip().lower()
        if packed not in ("identity", "gzip", "x-gzip", ""):
            raise Failure(f"answers packed as {packed}, which was not asked for; save the page")
        if length.isdigit() and int(length) > limit:
            raise Failure(too_large(limit))
        unpack = zlib.decompressobj(wbits=31) if packed.endswith("gzip") else None
        for sent in response.iter_stream():
            self._deadline.left()
            piece = unpack.decompress(sent, left + 1) if unpack else sent
            if len(piece) > left:
                raise Failure(too_large(limit))
            left -= len(piece)
            yield piece
        if unpack and not unpack.eof and left < limit:
            raise Failure("broke off in the middle of its answer; try again")

    def _wait(self, target: httpx.URL) -> None:
        """Let the host rest between two requests."""
        rules, rest = self._rules.get(origin(target)), self._settings.delay
        if isinstance(rules, RobotFileParser):
            asked = float(rules.crawl_delay(self._settings.user_agent) or 0)
            rest = max(rest, min(asked, _SLOWEST))
        passed = time.monotonic() - self._last.get(target.host, -rest)
        if passed < rest:
            self._pause(rest - passed)

    def _check_answering(self, target: httpx.URL) -> None:
        """Spare the rest of a feed the wait for a host that is down."""
        if self._silent.get(target.host, 0) >= _SILENT:
            raise Failure(f"{target.host} did not answer {_SILENT} times in a row; try again later")

    def _check_robots(self, target: httpx.URL) -> None:
        if not self._settings.robots:
            return
        site = origin(target)
        if site not in self._rules:
            self._rules[site] = self._robots(site)
        rules = self._rules[site]
        if isinstance(rules, str):
            raise Failure(f"may not be fetched, as {site}/robots.txt cannot be read: {rules}")
        if not rules.can_fetch(self._settings.user_agent, str(target)):
            raise Failure(
                "is closed to programs by its robots.txt; give the address of the page itself "
                "to have it read all the same"
            )

    def _robots(self, site: str) -> RobotFileParser | str:
        """The rules of a site; one without robots.txt has none (RFC 9309)."""
        rules = RobotFileParser()
        try:
            data = self.fetch(f"{site}/robots.txt").data[:_ROBOTS_LIMIT]
        except FetchError as error:
            if not 400 <= error.status < 500 or error.status in BUSY:
                return error.reason
            data = b""
        rules.parse(data.decode("utf-8", "replace").splitlines())
        return rules


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: httpx.Headers
    data: bytes
    asked_at: str


@cache
def _trust() -> ssl.SSLContext:
    """Made once: reading the certificates takes a tenth of a second."""
    return httpx.create_ssl_context()


def _page(url: str, target: httpx.URL, answer: _Answer) -> Page:
    kind = Message()
    kind["content-type"] = answer.headers.get("content-type", "")
    named = "content-type" in answer.headers
    return Page(
        url=url,
        address=str(target),
        asked_at=answer.asked_at,
        data=answer.data,
        media=kind.get_content_type().lower() if named else "",
        charset=str(kind.get_param("charset") or "").strip().lower(),
        etag=answer.headers.get("etag", ""),
        last_modified=answer.headers.get("last-modified", ""),
        unchanged=answer.status == 304,
    )


def _asked_pause(headers: httpx.Headers) -> float | None:
    """The seconds of a Retry-After header, given as a number or as a date; None without one."""
    value = headers.get("retry-after", "").strip()
    if value.isdigit():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None
