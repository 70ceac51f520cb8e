"""Passwords as they are kept: scrypt of the standard library, each with a salt of its own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import unicodedata
from collections.abc import Sequence

from rag.errors import SettingsError

SHORTEST = 8
"""Characters of a password."""
_COST, _BLOCK, _PARALLEL = 2**14, 8, 5
"""N, r and p of scrypt, as OWASP's Password Storage Cheat Sheet gives them for 16 MiB."""
_MEMORY = 64 * 2**20
_STORED = re.compile(
    r"(?P<name>[^:,$\s][^:,$]*):scrypt\$(?P<cost>\d{1,7})\$(?P<block>\d{1,3})\$(?P<parallel>\d{1,3})"
    r"\$(?P<salt>[\w-]{22})\$(?P<key>[\w-]{43})"
)


def user_line(name: str, password: str) -> str:
    """What `server.users` takes: the name, and what the password can be checked by.

    Raises:
        SettingsError: the name cannot stand there, or the password is too short.
    """
    if len(password) < SHORTEST:
        raise SettingsError(f"the password has fewer than {SHORTEST} characters; take a longer one")
    salt = secrets.token_urlsafe(16)
    key = _key(password, salt, _COST, _BLOCK, _PARALLEL)
    line = f"{name}:scrypt${_COST}${_BLOCK}${_PARALLEL}${salt}${key}"
    if not _STORED.fullmatch(line):
        raise SettingsError(f"the name {name!r} cannot be used; leave out : , $ and leading spaces")
    return line


def is_user_line(line: str) -> bool:
    """Whether `server.users` can use it."""
    return _STORED.fullmatch(line) is not None


class Users:
    """Who may come in."""

    def __init__(self, lines: Sequence[str]) -> None:
        """Take lines that `user_line` made."""
        found = filter(None, map(_STORED.fullmatch, lines))
        self._stored = {_folded(match["name"]): match for match in found}
        self._nobody = next(iter(self._stored.values()), None)

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._stored)

    def match(self, name: str, password: str) -> bool:
        """Whether the password is that of the name; takes as long where there is no such name.

        About a tenth of a second of a processor.
        """
        known = self._stored.get(_folded(name))
        stored = known or self._nobody
        if stored is None:
            return False
        cost, block, parallel = (int(stored[field]) for field in ("cost", "block", "parallel"))
        key = _key(password, stored["salt"], cost, block, parallel)
        return hmac.compare_digest(key, stored["key"]) and known is not None


def _key(password: str, salt: str, cost: int, block: int, parallel: int) -> str:
    key = hashlib.scrypt(
        _folded(password).encode("utf-8", "replace"),
        salt=salt.encode(),
        n=cost,
        r=block,
        p=parallel,
        maxmem=_MEMORY,
        dklen=32,
    )
    return base64.urlsafe_b64encode(key).decode().rstrip("=")


def _folded(text: str) -> str:
    """The same letters however a keyboard puts them together."""
    return unicodedata.normalize("NFC", text)
