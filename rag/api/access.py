"""Middleware: who may come in. Every route asks, but the one that says that the server runs."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import secrets
from collections import OrderedDict

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from rag.api.admission import Admission
from rag.api.failures import failed, of_error
from rag.errors import ServerBusy
from rag.passwords import Users
from rag.settings import ServerSettings

OPEN = "/healthz"
_REMEMBERED = 1000
"""Credentials that were right lately, and need not be worked out again."""
TOKEN = "token"  # noqa: S105  # a name, not the token
"""What whoever holds the token is called: it may be several people."""
_GUESSES_AT_ONCE, _GUESSES_WAITING, _PATIENCE = 1, 32, 10.0


class Access:
    """Asks for a name and password (HTTP Basic), or for the token (Bearer, or as a password)."""

    def __init__(self, app: ASGIApp, *, settings: ServerSettings) -> None:
        """Wrap an application; without users and token, everybody may come in."""
        self._app = app
        self._users = Users(settings.users)
        self._token = settings.token.get_secret_value() if settings.token else ""
        self._secret = secrets.token_bytes(32)
        self._right: OrderedDict[bytes, str] = OrderedDict()
        self._guesses = Admission(_GUESSES_AT_ONCE, _GUESSES_WAITING, _PATIENCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        asks = self._users or self._token
        if scope["type"] != "http" or not asks or scope["path"] == OPEN:
            await self._app(scope, receive, send)
            return
        try:
            scope["user_name"] = await self._who(Headers(scope=scope).get("authorization", ""))
        except ServerBusy as error:
            await of_error(error)(scope, receive, send)
            return
        app = self._app if scope["user_name"] else failed(401, _ASKED, headers=_CHALLENGE)
        await app(scope, receive, send)

    async def _who(self, header: str) -> str:
        """The name of the one who asks; empty for nobody that is known.

        Only keyed digests of credentials are remembered, and these are what is looked up.
        """
        digest = hmac.digest(self._secret, header.encode("utf-8", "replace"), hashlib.sha256)
        if name := self._right.get(digest, ""):
            self._right.move_to_end(digest)
            return name
        if name := await self._checked(header):
            self._right[digest] = name
            while len(self._right) > _REMEMBERED:
                self._right.popitem(last=False)
        return name

    async def _checked(self, header: str) -> str:
        scheme, _, given = header.partition(" ")
        if scheme.casefold() == "bearer":
            return TOKEN if self._is_token(given.strip()) else ""
        if scheme.casefold() != "basic":
            return ""
        name, password = _pair(given)
        if self._is_token(password):
            return TOKEN
        if not self._users:
            return ""
        async with self._guesses.turn():
            known = await asyncio.to_thread(self._users.match, name, password)
        return name if known else ""

    def _is_token(self, given: str) -> bool:
        same = hmac.compare_digest(given.encode("utf-8", "replace"), self._token.encode())
        return same and bool(self._token)


_ASKED = (
    "This server asks for a name and password (HTTP Basic) or a token (Authorization: Bearer …); "
    "ask whoever runs it."
)
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="Newsdesk", charset="UTF-8"'}


def _pair(given: str) -> tuple[str, str]:
    try:
        decoded = base64.b64decode(given.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return "", ""
    name, _, password = decoded.partition(":")
    return name, password
