"""The name of the request being worked on, from its arrival to the model's endpoint."""

from __future__ import annotations

import re
import secrets
from contextvars import ContextVar

HEADER = "X-Request-ID"

current: ContextVar[str] = ContextVar("request_id", default="")
"""Empty where nothing that came over a network is being worked on."""

_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{8,64}")


def chosen(given: str) -> str:
    """The name that a caller gave, where it can be passed on and logged; else a new one."""
    return given if _ACCEPTED.fullmatch(given) else secrets.token_hex(8)
