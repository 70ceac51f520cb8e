"""Ids of articles that come without one: readable, and the same each time."""

from __future__ import annotations

import re
import unicodedata
from hashlib import blake2b

LONGEST = 200
"""Characters."""


def slug(text: str) -> str:
    """Letters of any script, digits, '_', '.' and '-' of a text; empty where it has none."""
    joined = re.sub(r"[^\w.-]+", "-", unicodedata.normalize("NFC", text)).strip("-.")
    return joined[:LONGEST]


def digest(text: str) -> str:
    """Twelve hexadecimal digits that stand for a text."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
