"""What can go wrong on the way to a web address, in words that say what to do."""

from __future__ import annotations

import ssl
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import httpcore

from rag.errors import CorpusError

BUSY = (429, 503)
"""The statuses of a server that wants to be asked later."""


class FetchError(CorpusError):
    """An address cannot be read; `str` names it, and the remedy.

    Attributes:
        reason: the same without the address.
        status: the HTTP status, 0 where it did not come to one.
    """

    def __init__(self, url: str, reason: str, status: int = 0) -> None:
        """Keep the parts."""
        super().__init__(f"{url}: {reason}")
        self.reason = reason
        self.status = status


class Failure(CorpusError):
    """Why an address cannot be read. It never leaves `rag.web.fetch`; a `FetchError` does."""

    def __init__(self, reason: str, status: int = 0) -> None:
        """Keep the parts."""
        super().__init__(reason)
        self.status = status


@contextmanager
def explained(timeout: float) -> Iterator[None]:
    """Turn what a connection raises into words.

    Args:
        timeout: the seconds that were given to it.

    Raises:
        Failure: in place of the errors of httpcore and zlib.
    """
    try:
        yield
    except httpcore.TimeoutException:
        raise Failure(
            f"did not answer within {timeout:g} s; try again later, or raise fetch.timeout"
        ) from None
    except httpcore.ConnectError as error:
        raise Failure(_no_connection(error)) from None
    except (httpcore.NetworkError, httpcore.ProtocolError):
        raise Failure("broke off in the middle of its answer; try again") from None
    except zlib.error:
        raise Failure("sent something that cannot be unpacked; try again later") from None


def refusal(status: int) -> str:
    """What an HTTP status means that brings no page."""
    match status:
        case 404 | 410:
            return f"is not there ({status}); check the address"
        case 401 | 402 | 403 | 451:
            return f"may not be read by everybody ({status}); save the page and ingest the file"
        case 429 | 503:
            return f"is too busy ({status}); try again later, or raise fetch.delay"
    if status >= 500:
        return f"failed on its side ({status}); try again later"
    return f"answers with status {status}, not with a page; check the address"


def too_large(limit: int) -> str:
    """What to say of an answer beyond the limit, in bytes."""
    return f"is larger than {limit:,} bytes; raise fetch.max_bytes if it is worth it"


def _no_connection(error: httpcore.ConnectError) -> str:
    cause = error.args[0] if error.args else None  # what the socket raised
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"has a certificate that cannot be trusted ({cause.verify_message}); check the name"
    if isinstance(cause, ssl.SSLError):
        return "offers no safe connection (TLS); is it an http:// address?"
    if isinstance(cause, ConnectionRefusedError):
        return "refuses connections; check the host and port, or try again later"
    return "cannot be reached; check the address, and that there is a connection"
