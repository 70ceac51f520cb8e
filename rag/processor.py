"""What this machine's processor does fast, as far as the system tells."""

from __future__ import annotations

import platform
from pathlib import Path

_BYTES = {"avx512_vnni", "avx_vnni", "amx_int8"}
"""Instructions that multiply bytes and add up the products."""
_HALVES = {"avx512_bf16", "amx_bf16"}
"""The same for 16-bit floats, which OpenVINO uses for floats where they are there."""


def eight_bits_pay(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether a model in eight bits is much faster than in floats.

    Only Linux tells; elsewhere False.
    """
    return multiplies_bytes(cpuinfo) and not _flags(cpuinfo) & _HALVES


def multiplies_bytes(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether it multiplies bytes and adds up the products in one instruction, as far as told."""
    return bool(_flags(cpuinfo) & _BYTES)


def _flags(cpuinfo: Path) -> set[str]:
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return set()
    return set(next((line for line in lines if line.startswith("flags")), "").split())


def is_x86() -> bool:
    """Whether it is of the family on which the vectors were compared (`docs/decisions.md`)."""
    return platform.machine().lower() in ("x86_64", "amd64")
