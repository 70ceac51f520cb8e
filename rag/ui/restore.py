"""What `Record.to_dict` made, read back as what it was."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Hashable, Mapping
from datetime import date
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")


def restored(kind: type[T], value: Mapping[str, Any]) -> T:
    """The record of type `kind` that `value` was made of.

    Fields that `kind` does not know are passed over, those that are missing take their defaults:
    what another version wrote is read as far as it can be.

    Raises:
        TypeError, ValueError: it lacks a field without default, or holds something of another kind.
    """
    hints = _hints(typing.cast("Hashable", kind))
    known = {name: _read(hints[name], value[name]) for name in hints if name in value}
    return kind(**known)


@cache
def _hints(kind: Any) -> dict[str, Any]:
    names = {item.name for item in dataclasses.fields(kind)}
    return {name: hint for name, hint in typing.get_type_hints(kind).items() if name in names}


def _read(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        wanted = [one for one in typing.get_args(hint) if one is not type(None)]
        return value if str in wanted else _read(wanted[0], value)
    if typing.get_origin(hint) is tuple:
        item = typing.get_args(hint)[0]
        return tuple(_read(item, one) for one in value)
    if dataclasses.is_dataclass(hint):
        return restored(typing.cast("type", hint), value)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return hint(value)
    return date.fromisoformat(value) if hint is date else value
