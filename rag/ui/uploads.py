"""Where files from browsers wait until they are ingested: one folder a batch, beside the index.

    <index>.uploads/<batch>/.batch.json     what it is, and the web addresses that belong to it
    <index>.uploads/<batch>/folder/file.md  as the browser named it

A batch goes when it is ingested; one that is still there was interrupted, and can be taken up.
"""

from __future__ import annotations

import json
import re
import shutil
import unicodedata
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from rag import disk
from rag.errors import CorpusError
from rag.load import SUFFIXES, largest
from rag.settings import IngestSettings

_NAME = re.compile(r"\d{8}-\d{6}-\d{6}")
_FACTS = ".batch.json"
_DEEPEST, _LONGEST = 20, 200
"""Parts of a path, and bytes of one part."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What was given at one time."""

    folder: Path
    label: str
    """What a person calls it."""
    urls: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Names it in addresses."""
        return self.folder.name

    def files(self) -> int:
        """How many files it holds."""
        return sum(1 for _ in _files(self.folder))


class Uploads:
    """The batches of one collection."""

    def __init__(self, index: Path, ingest: IngestSettings, limit: int) -> None:
        """Take the index folder, what is accepted, and the bytes that may wait in all."""
        self.folder = index.with_name(f"{index.name}.uploads")
        self._ingest = ingest
        self._limit = limit
        self._waits = sum(file.stat().st_size for file in _files(self.folder))

    def begin(self, label: str, urls: tuple[str, ...] = ()) -> Batch:
        """A new batch.

        Raises:
            RagError: the disk refuses.
        """
        name = f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"
        batch = Batch(self.folder / name, label, urls)
        with disk.explained(self.folder):
            batch.folder.mkdir(parents=True)
            facts = {"label": label, "urls": list(urls)}
            disk.replace_text(batch.folder / _FACTS, json.dumps(facts, ensure_ascii=False))
        return batch

    def find(self, name: str) -> Batch:
        """A batch that waits.

        Raises:
            CorpusError: there is none of that name.
        """
        folder = self.folder / name
        if not _NAME.fullmatch(name) or not folder.is_dir():
            raise CorpusError("these files are not here any more; add them again")
        facts = {}
        with suppress(OSError, ValueError):
            facts = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
        label, urls = facts.get("label"), facts.get("urls")
        known = tuple(map(str, urls)) if isinstance(urls, list) else ()
        return Batch(folder, label if isinstance(label, str) else "", known)

    def waiting(self) -> list[Batch]:
        """The batches that were not ingested to their end, oldest first."""
        if not self.folder.is_dir():
            return []
        names = sorted(path.name for path in self.folder.iterdir() if _NAME.fullmatch(path.name))
        found = []
        for name in names:
            with suppress(CorpusError):  # it may have been ingested, and be gone, this moment
                found.append(self.find(name))
        return found

    async def receive(self, batch: Batch, path: str, chunks: AsyncIterator[bytes]) -> None:
        """Store a file; it is there whole or not at all.

        Args:
            batch: where it belongs.
            path: its name, with the folders above it, as the browser says.
            chunks: its bytes.

        Raises:
            CorpusError: its name, kind or size is refused; nothing of it is kept.
            RagError: the disk refuses.
        """
        place = self._place(batch, path)
        limit = largest(place.suffix.lower(), self._ingest)
        room = self._limit - self._waits
        unfinished = place.with_name(f".{place.name[-_LONGEST // 2 :]}.part")
        with disk.explained(place.parent):
            place.parent.mkdir(parents=True, exist_ok=True)
            try:
                with unfinished.open("wb") as file:
                    async for chunk in chunks:
                        file.write(chunk)
                        self._check(file.tell(), limit, room)
                self._waits += unfinished.stat().st_size
                unfinished.replace(place)
            finally:
                unfinished.unlink(missing_ok=True)

    def discard(self, batch: Batch) -> None:
        """Remove a batch with its files."""
        self._waits -= sum(file.stat().st_size for file in _files(batch.folder))
        shutil.rmtree(batch.folder, ignore_errors=True)

    def own(self, path: str) -> str:
        """The name that a person knows for a file of any batch; other paths as they are."""
        with suppress(ValueError):
            parts = Path(path).relative_to(self.folder).parts
            return "/".join(parts[1:]) or path
        return path

    def _place(self, batch: Batch, path: str) -> Path:
        parts = PurePosixPath(path).parts
        wrong = not parts or len(parts) > _DEEPEST or any(map(_is_odd, parts))
        if wrong or path.startswith("/"):
            raise CorpusError("has a name that cannot be kept; rename it")
        if PurePosixPath(path).suffix.lower() not in SUFFIXES:
            kinds = ", ".join(SUFFIXES)
            raise CorpusError(f"is not of a kind that is read; convert it to one of {kinds}")
        return batch.folder.joinpath(*parts)

    def _check(self, size: int, limit: int | None, room: int) -> None:
        if limit is not None and size > limit:
            raise CorpusError(f"is larger than {limit:,} bytes; see [ingest] in docs/settings.md")
        if size > room:
            raise CorpusError(
                f"more than {self._limit:,} bytes would wait; let what waits be ingested, or raise "
                "chat.max_upload"
            )


def _is_odd(part: str) -> bool:
    """Whether a part of a path is hidden, leads elsewhere, or is no plain name."""
    controls = any(unicodedata.category(sign) in ("Cc", "Cs") for sign in part)
    return (
        part.startswith(".")
        or controls
        or "\\" in part
        or len(part.encode("utf-8", "replace")) > _LONGEST
    )


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
