"""Connections that lead only where they may, and end in time.

A name is looked up here, each of its addresses is checked, and the connection goes to an address
that was checked: there is no second look-up in between that could answer otherwise.
"""

from __future__ import annotations

import math
import socket
import ssl
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

import httpcore

from rag.errors import CorpusError

Resolver = Callable[[str, int], list[str]]
"""A host name and a port to IP addresses; raises OSError where the name is not known."""

_KEPT_APART = tuple(map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "fec0::/10", "3fff::/20")))
"""Special ranges that `ipaddress` takes for public ones: RFC 6890, 7526, 3879, 9637."""
_TRANSLATED = ip_network("64:ff9b::/96")
"""NAT64 (RFC 6052): the last 32 bits are an IPv4 address."""


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host, as the system knows them, in the order to be tried."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet, also where it wraps another one.

    >>> is_public("93.184.215.14"), is_public("::ffff:127.0.0.1"), is_public("169.254.169.254")
    (True, False, False)
    """
    try:
        found = ip_address(address)
    except ValueError:
        return False
    wrapped: list[IPv4Address | IPv6Address] = list(_wrapped(found))
    return all(map(_is_open, wrapped or [found]))


def _is_open(address: IPv4Address | IPv6Address) -> bool:
    closed = address.is_multicast or address.is_reserved or not address.is_global
    return not (closed or any(address in range_ for range_ in _KEPT_APART))


def _wrapped(address: IPv4Address | IPv6Address) -> Iterator[IPv4Address]:
    """The IPv4 addresses that an IPv6 address carries to its network."""
    if isinstance(address, IPv4Address):
        return
    if isinstance(_TRANSLATED, IPv6Network) and address in _TRANSLATED:
        yield IPv4Address(int(address) & 0xFFFFFFFF)
    for one in (address.ipv4_mapped, address.sixtofour, *(address.teredo or ())):
        if one is not None:
            yield one


class Deadline:
    """The moment by which a piece of work has to be done; there is none outside `within`."""

    def __init__(self) -> None:
        self._end = math.inf

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Give the work inside so many seconds."""
        before, self._end = self._end, time.monotonic() + seconds
        try:
            yield
        finally:
            self._end = before

    def left(self) -> float | None:
        """Seconds that are left, None for as many as you like.

        Raises:
            httpcore.TimeoutException: there are none.
        """
        if math.isinf(self._end):
            return None
        if (left := self._end - time.monotonic()) <= 0:
            raise httpcore.TimeoutException("the time is up")
        return left


class Network(httpcore.NetworkBackend):
    """Opens connections for an `httpcore.ConnectionPool`, to checked addresses, until a deadline.

    Args:
        deadline: no call of a connection, alone or with others, outlasts it.
        allow_hosts: the names whose addresses are not checked.
        resolve: how names are looked up.
    """

    def __init__(
        self, deadline: Deadline, allow_hosts: Collection[str] = (), resolve: Resolver = resolve
    ) -> None:
        self._deadline = deadline
        self._trusted = {host.lower().strip("[]") for host in allow_hosts}
        self._resolve = resolve
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002  # the deadline holds instead
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of `host` that answers.

        Raises:
            CorpusError: the name is not known, or leads into a private network.
            httpcore.ConnectError, httpcore.TimeoutException: no address answers.
        """
        failure: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in self._checked(host, port):
            try:
                stream = self._plain.connect_tcp(
                    address, port, self._deadline.left(), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _TimedStream(stream, self._deadline)
        raise failure or httpcore.ConnectError(f"{host} has no address")

    def _checked(self, host: str, port: int) -> list[str]:
        addresses = self._looked_up(host, port)
        private = [address for address in addresses if not is_public(address)]
        if private and host.lower() not in self._trusted:
            where = host if host == private[0] else f"{host} ({private[0]})"
            raise CorpusError(
                f"leads to {where}, which is not on the open internet; if it is a host of your own "
                "that may be read, name it in fetch.allow_hosts"
            )
        return addresses

    def _looked_up(self, host: str, port: int) -> list[str]:
        """The addresses of a name; the look-up itself cannot be given a time-out."""
        answer: Future[list[str]] = Future()

        def ask() -> None:
            try:
                answer.set_result(self._resolve(host, port))
            except (OSError, UnicodeError) as error:
                answer.set_exception(error)

        left = self._deadline.left()
        threading.Thread(target=ask, name="look up a host", daemon=True).start()
        try:
            return answer.result(left)
        except TimeoutError:
            raise httpcore.ConnectTimeout("the name was not looked up in time") from None
        except (OSError, UnicodeError):
            raise CorpusError(
                f"leads to {host}, a name that is not known (DNS); check how it is spelt, and "
                "that there is a connection"
            ) from None


class _TimedStream(httpcore.NetworkStream):
    """A connection whose every call ends at the deadline, however little it is sent at a time."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        return self._stream.read(max_bytes, self._deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        self._stream.write(buffer, self._deadline.left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, self._deadline.left())
        return _TimedStream(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
