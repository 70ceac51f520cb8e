"""The index: a catalog with one published generation, read through snapshots.

    <index>/catalog.sqlite   the source of truth          (catalog.py)
    <index>/generations/     what is searched             (generation.py)
    <index>/CURRENT          which one is published
    <index>/write.lock       held by the one writer

A reader holds a `Snapshot`, which goes on answering from the revision that it opened while newer
ones are published. Whatever is derived can be built again from the catalog, and is when it is
found damaged.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from rag import changes, disk, generation
from rag.catalog import FILE_NAME, Catalog, EmbedderFacts, Meta, damaged
from rag.errors import IndexBusy, IndexDamaged, IndexMismatch, IndexMissing, RagError
from rag.generation import Pointer
from rag.snapshot import Snapshot, check_fingerprint

if TYPE_CHECKING:
    from rag.settings import IndexSettings

__all__ = ["LOCK", "Index", "Snapshot", "check_embedder"]

LOCK = "write.lock"
_log = logging.getLogger(__name__)
_TRIES = 20
"""How often opening starts over because another generation was published meanwhile."""


class Index:
    """An index folder; thread-safe. `close()` it, or use it as a context manager."""

    def __init__(self, folder: Path, fingerprint: str, settings: IndexSettings) -> None:
        self.folder = folder
        self.fingerprint = fingerprint
        self._settings = settings
        self._opening = threading.Lock()
        self._snapshot: Snapshot | None = None

    @classmethod
    def open(cls, folder: Path, embedder_fingerprint: str, settings: IndexSettings) -> Self:
        """The index of a folder, which need not exist before the first ingest.

        Nothing is read yet: `snapshot` says what is wrong, if anything is.

        Args:
            folder: the index folder.
            embedder_fingerprint: of the embedder at hand; an index made with another is refused.
            settings: for `lock_timeout` and `exact_up_to`.
        """
        return cls(folder.absolute(), embedder_fingerprint, settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the snapshot; those still held elsewhere stay open until they are dropped."""
        with self._opening:
            self._snapshot = None

    def snapshot(self) -> Snapshot:
        """What is published now; cheap while nothing new is.

        A generation that is damaged, or was never published, is built again from the catalog
        where no writer is at work and the folder can be written.

        Raises:
            IndexMissing: nothing was ingested yet.
            IndexDamaged: it cannot be mended now; names the file and the remedy.
            IndexMismatch: it was made with another embedder or in another format.
            RagError: a file cannot be read for lack of rights.
        """
        with self._opening, disk.explained(self.folder):
            held = self._snapshot
            with suppress(IndexDamaged):
                if held and held.pointer == Pointer.read(self.folder):
                    return held
            self._snapshot = self._opened()
            return self._snapshot

    def exists(self) -> bool:
        """Whether anything was ever stored here."""
        meta = self.meta()
        return meta is not None and meta.revision > 0

    def meta(self) -> Meta | None:
        """What the catalog says of itself, or None where there is none yet."""
        return _meta(self.folder)

    @staticmethod
    def made_with(folder: Path) -> str:
        """The fingerprint of the embedder that made the index in a folder.

        Empty while nothing is stored there, and where it cannot be read: `snapshot` says why.
        """
        with suppress(RagError):
            meta = _meta(folder)
            return meta.embedder.fingerprint if meta and meta.revision else ""
        return ""

    @contextmanager
    def writing(
        self, embedder: EmbedderFacts | None = None, chunking: dict[str, Any] | None = None
    ) -> Iterator[Catalog]:
        """Hold the write lock and the catalog; with both arguments, a new one is made if need be.

        Raises:
            IndexBusy: another writer kept the lock for `lock_timeout` seconds.
            IndexMissing: there is no catalog, and it may not be made.
            IndexDamaged: the catalog cannot be read.
            RagError: the folder cannot be written.
        """
        make = embedder is not None and chunking is not None
        if not make and not self.folder.is_dir():
            raise IndexMissing(f"{self.folder}: nothing is stored yet; run `rag ingest PATH`")
        with self._locked(self._settings.lock_timeout):
            path = self.folder / FILE_NAME
            try:
                catalog = Catalog.open(path, writable=True)
            except IndexMissing:
                if (self.folder / generation.CURRENT).exists():
                    raise damaged(path, "it is gone") from None
                if embedder is None or chunking is None:
                    raise
                with disk.explained(self.folder):
                    catalog = Catalog.create(path, embedder, chunking)
            with catalog:
                yield catalog

    def publish(self, catalog: Catalog) -> None:
        """Publish the catalog's last revision, then remove what no reader needs any more.

        The caller holds the write lock.

        Raises:
            IndexDamaged: rows or vectors are not what was written.
            RagError: the disk refuses; what was published before stays so.
        """
        with disk.explained(self.folder):
            try:
                previous = Pointer.read(self.folder)
            except IndexDamaged:
                previous = None
            current = generation.build(self.folder, catalog, self._settings.exact_up_to)
            current.write(self.folder)
        self._tidy(catalog, {pointer.name for pointer in (previous, current) if pointer})

    def published(self, catalog: Catalog) -> bool:
        """Whether the catalog's last revision is what is published, and undamaged.

        Raises:
            RagError: a file cannot be read.
        """
        meta = catalog.meta()
        with disk.explained(self.folder):
            try:
                pointer = Pointer.read(self.folder)
                if pointer is None:
                    return meta.revision == 0
                folder = self.folder / generation.FOLDER / pointer.name
                manifest = generation.read_manifest(folder, pointer)
            except (IndexDamaged, IndexMismatch):
                return False
            made_of = (manifest.catalog_id, manifest.revision, manifest.embedder)
            return made_of == (meta.catalog_id, meta.revision, meta.embedder) and not any(
                generation.differences(folder, manifest)
            )

    def _tidy(self, catalog: Catalog, keep: set[str]) -> None:
        """Remove what nobody needs; what the disk refuses is left to the next publication."""
        try:
            with disk.explained(self.folder):
                changes.prune(catalog, min(generation.prune(self.folder, keep)))
        except (IndexBusy, IndexDamaged):
            raise
        except RagError as error:
            _log.warning("published, but what is out of date could not be removed: %s", error)

    @contextmanager
    def _locked(self, timeout: float) -> Iterator[None]:
        with disk.explained(self.folder):
            disk.make_folder(self.folder)
        lock = disk.WriteLock(self.folder / LOCK)
        with disk.explained(self.folder):
            lock.acquire(timeout)
        try:
            yield
        finally:
            lock.release()

    def _opened(self) -> Snapshot:
        mended = False
        for _ in range(_TRIES):
            pointer = None
            try:
                pointer = Pointer.read(self.folder)
                return Snapshot.open(self.folder, pointer, self.fingerprint)
            except IndexDamaged as error:
                with suppress(IndexDamaged):
                    if Pointer.read(self.folder) != pointer:
                        continue
                if mended:
                    raise
                self._mend(error)
                mended = True
        raise IndexBusy(f"{self.folder}: new revisions are published faster than they can be read")

    def _mend(self, cause: IndexDamaged) -> None:
        """Publish anew from the catalog; what is wrong with the catalog itself is raised as it is.

        Raises:
            IndexDamaged: `cause`, where that cannot be done.
        """
        try:
            lock = disk.WriteLock(self.folder / LOCK)
            lock.acquire(0)
        except IndexBusy as busy:
            raise IndexDamaged(f"{cause} when the present writer is done ({busy})") from None
        except OSError:
            raise cause from None
        try:
            with Catalog.open(self.folder / FILE_NAME, writable=True) as catalog:
                check_fingerprint(self.folder, catalog.meta().embedder, self.fingerprint)
                if not self.published(catalog):
                    _log.warning("%s; building it again from the catalog", cause)
                    self.publish(catalog)
        except IndexMissing:
            raise cause from None
        finally:
            lock.release()


def _meta(folder: Path) -> Meta | None:
    try:
        with Catalog.open(folder / FILE_NAME) as catalog:
            return catalog.meta()
    except IndexMissing:
        return None


def check_embedder(index: Index, catalog: Catalog) -> None:
    """See that an index may be written by the embedder at hand; an empty one takes any.

    Raises:
        IndexMismatch: it was made with another one; names both, and the remedy.
    """
    meta = catalog.meta()
    if meta.revision:
        check_fingerprint(index.folder, meta.embedder, index.fingerprint)
