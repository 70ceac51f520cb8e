"""A generation: the folder of files that one published revision is searched by.

    <index>/CURRENT                        the published generation and its manifest's hash
    <index>/generations/<name>/
        manifest.json                      what made it, and the hash and size of each file
        columns.npz                        see columns.py
        vectors.faiss                      see dense.py
        lexical/                           see lexical.py
        copies.json                        see clusters.py

A folder is built under a temporary name, made durable, and renamed; it never changes after.
"""

from __future__ import annotations

import dataclasses
import fcntl
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256 as sha256_of
from pathlib import Path
from typing import Any, Self

from rag import clusters, columns, dense, disk, lexical
from rag.catalog import Catalog, EmbedderFacts, Meta
from rag.clusters import Clusters
from rag.columns import Columns
from rag.dense import Dense, DenseFacts
from rag.errors import IndexDamaged, IndexMismatch
from rag.lexical import Lexical
from rag.revision import Revision
from rag.rows import ChunkRow

FOLDER, CURRENT = "generations", "CURRENT"
FORMAT = 4
"""Raised with each change of a generation's files; the catalog has its own."""
_MANIFEST, _COPIES, _COLUMNS = "manifest.json", "copies.json", "columns.npz"
_VECTORS, _LEXICAL = "vectors.faiss", "lexical"
_NAME = re.compile(r"(\d{8,})-[0-9a-f]{8}")
_UNFINISHED = ".unfinished-"


@dataclass(frozen=True, slots=True)
class Pointer:
    """What CURRENT says: the name of the published generation and its manifest's SHA-256."""

    name: str
    sha256: str

    @classmethod
    def read(cls, index_folder: Path) -> Self | None:
        """The pointer of an index folder, or None where nothing was published.

        Raises:
            IndexDamaged: CURRENT is not what was written.
        """
        path = index_folder / CURRENT
        try:
            text = path.read_bytes().decode("ascii", "replace")
        except FileNotFoundError:
            return None
        found = re.fullmatch(rf"({_NAME.pattern}) ([0-9a-f]{{64}})\n", text)
        if not found:
            raise _damaged(path, "it does not name a generation")
        return cls(found[1], found[3])

    def write(self, index_folder: Path) -> None:
        """Publish the generation, atomically."""
        disk.replace_text(index_folder / CURRENT, f"{self.name} {self.sha256}\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a generation is made of."""

    format: int
    generation: str
    catalog_id: str
    revision: int
    created: str
    """UTC, ISO 8601."""
    embedder: EmbedderFacts
    chunking: dict[str, Any]
    articles: int
    chunks: int
    dense: DenseFacts
    files: dict[str, dict[str, Any]]
    """By path inside the folder: `sha256` and `size` in bytes."""

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """Read what `to_json` wrote."""
        values = json.loads(text)
        parts = {
            "embedder": EmbedderFacts(**values["embedder"]),
            "dense": DenseFacts(**values["dense"]),
        }
        return cls(**{**values, **parts})

    def to_json(self) -> bytes:
        """As stored."""
        return (json.dumps(dataclasses.asdict(self), indent=1, sort_keys=True) + "\n").encode()


class Generation:
    """An opened generation: checked whole before anything of it is loaded.

    While it is open, its folder is kept (a shared lock on the manifest says so).
    """

    def __init__(self, folder: Path, handle: int, manifest: Manifest) -> None:
        self._handle = handle
        self.manifest = manifest
        self.columns = Columns(folder / _COLUMNS)
        self.dense = Dense(folder / _VECTORS, self.columns.keys, manifest.dense)
        self.lexical = Lexical(folder / _LEXICAL)
        self.clusters = Clusters(folder / _COPIES)

    @classmethod
    def open(cls, index_folder: Path, pointer: Pointer) -> Self:
        """Check every file against its hash, then load.

        Raises:
            IndexDamaged: a file differs from what was written, lacks, or is one too many.
            IndexMismatch: it is in another format.
        """
        folder = index_folder / FOLDER / pointer.name
        try:
            handle = os.open(folder / _MANIFEST, os.O_RDONLY)
        except (FileNotFoundError, NotADirectoryError):
            raise _damaged(folder / _MANIFEST, "it is missing") from None
        try:
            fcntl.flock(handle, fcntl.LOCK_SH)
            with _explained(folder):
                return cls(folder, handle, _checked(folder, pointer))
        except BaseException:
            os.close(handle)
            raise

    def close(self) -> None:
        """Let go of the folder."""
        os.close(self._handle)


def build(index_folder: Path, catalog: Catalog, exact_up_to: int) -> Pointer:
    """Build the generation of a catalog's last revision and make it durable, unpublished.

    Args:
        index_folder: where.
        catalog: what of.
        exact_up_to: the most chunks whose vectors are searched exactly.

    Raises:
        IndexDamaged: the catalog's rows or vectors are not what was written.
        RagError: the disk refuses; nothing is left of it.
    """
    meta = catalog.meta()
    name = f"{meta.revision:08d}-{secrets.token_hex(4)}"
    parent = index_folder / FOLDER
    disk.make_folder(parent)
    folder = parent / f"{_UNFINISHED}{name}"
    try:
        manifest = _written(folder, name, meta, Revision(catalog, meta.revision), exact_up_to)
        disk.sync_tree(folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    folder.rename(parent / name)
    disk.sync(parent)
    return Pointer(name, sha256_of(manifest).hexdigest())


def _written(folder: Path, name: str, meta: Meta, revision: Revision, exact_up_to: int) -> bytes:
    """Write all files of a generation; the manifest's text."""
    (folder / _LEXICAL).mkdir(parents=True)
    clusters.write(folder / _COPIES, revision)
    keys = columns.write(folder / _COLUMNS, revision)
    vectors = dense.Builder(meta.embedder.dimensions, keys, revision.vectors, exact_up_to)
    manifest = Manifest(
        format=FORMAT,
        generation=name,
        catalog_id=meta.catalog_id,
        revision=meta.revision,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        embedder=meta.embedder,
        chunking=meta.chunking,
        articles=revision.counts()[0],
        chunks=len(keys),
        dense=_write_indexes(folder, revision, vectors),
        files={path.relative_to(folder).as_posix(): _facts(path) for path in _files(folder)},
    ).to_json()
    (folder / _MANIFEST).write_bytes(manifest)
    return manifest


def _facts(path: Path) -> dict[str, Any]:
    return {"sha256": disk.sha256(path), "size": path.stat().st_size}


def _write_indexes(folder: Path, revision: Revision, vectors: dense.Builder) -> DenseFacts:
    """Fill both indexes in one reading of the catalog."""

    def rows() -> Iterator[tuple[ChunkRow, int | None]]:
        for row, vector, day in revision.stored():
            vectors.add(vector)
            yield row, day

    with _explained(folder.parent.parent):
        lexical.write(folder / _LEXICAL, rows())
        return vectors.write(folder / _VECTORS)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn how FAISS and tantivy say that the disk refuses into our words."""
    try:
        yield
    except (RuntimeError, ValueError) as error:
        code = disk.code_in(str(error))
        said = os.strerror(code) if code else f"the search index failed ({error})"
        raise disk.refused(path, code, said) from error


def read_manifest(folder: Path, pointer: Pointer) -> Manifest:
    """The manifest of a generation, checked against the pointer's hash.

    Raises:
        IndexDamaged: it is missing or not what was written.
        IndexMismatch: it is in another format.
    """
    path = folder / _MANIFEST
    try:
        text = path.read_bytes()
    except OSError as error:
        raise _damaged(path, error.strerror or "it cannot be read") from None
    if sha256_of(text).hexdigest() != pointer.sha256:
        raise _damaged(path, f"its hash is not the one in {CURRENT}")
    found = json.loads(text).get("format")
    if found != FORMAT:
        raise IndexMismatch(
            f"{path}: format {found}, this Newsdesk reads format {FORMAT}; run "
            "`rag doctor --repair` to write it anew"
        )
    return Manifest.from_json(text)


def _checked(folder: Path, pointer: Pointer) -> Manifest:
    manifest = read_manifest(folder, pointer)
    for path, problem in differences(folder, manifest):
        raise _damaged(path, problem)
    return manifest


def differences(folder: Path, manifest: Manifest) -> Iterator[tuple[Path, str]]:
    """Each file of a generation that differs from its manifest, and how."""
    present = {path.relative_to(folder).as_posix(): path for path in _files(folder)}
    present.pop(_MANIFEST, None)
    for name, facts in manifest.files.items():
        path = present.pop(name, None)
        if path is None:
            yield folder / name, "it is missing"
        elif path.is_symlink() or not path.is_file():
            yield path, "it is not a plain file"
        elif path.stat().st_size != facts["size"]:
            yield path, f"it has {path.stat().st_size} bytes instead of {facts['size']}"
        elif disk.sha256(path) != facts["sha256"]:
            yield path, "its hash is not the one in the manifest"
    for path in present.values():
        yield path, "it is unexpected: the manifest does not list it"


def prune(index_folder: Path, keep: set[str]) -> list[int]:
    """Remove the generations that are neither named in `keep` nor open anywhere.

    The caller holds the write lock.

    Returns:
        The revisions of those that are left.
    """
    left = []
    for folder in sorted((index_folder / FOLDER).iterdir()):
        found = _NAME.fullmatch(folder.name)
        if folder.name.startswith(_UNFINISHED):
            shutil.rmtree(folder)
        elif found and (folder.name in keep or not _removed(folder)):
            left.append(int(found[1]))
    return left


def leftovers(index_folder: Path) -> list[Path]:
    """Folders of generations that were never finished."""
    return sorted((index_folder / FOLDER).glob(f"{_UNFINISHED}*"))


def _removed(folder: Path) -> bool:
    try:
        handle = os.open(folder / _MANIFEST, os.O_RDONLY)
    except FileNotFoundError:  # a removal that was cut short: nobody can open it any more
        shutil.rmtree(folder)
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder)
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    return True


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())


def _damaged(path: Path, what: str) -> IndexDamaged:
    return IndexDamaged(f"{path}: damaged: {what}; run `rag doctor --repair`")
