"""Looks at every file and row of an index and says what is wrong and how to mend it."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rag import generation
from rag.catalog import FILE_NAME, Catalog
from rag.errors import IndexMismatch, IndexMissing, RagError
from rag.generation import Manifest, Pointer
from rag.index import Index
from rag.revision import Revision

_KEPT = frozenset({FILE_NAME, f"{FILE_NAME}-wal", f"{FILE_NAME}-shm", "write.lock", "CURRENT"})
_REPAIR = "run `rag doctor --repair`"
_RESTORE = "restore the index folder from a back-up, or remove it and ingest again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is to be said of one file of an index."""

    path: Path
    state: str
    """One of ok, damaged, missing, stale, unexpected."""
    detail: str
    remedy: str = ""
    """Empty where nothing is to be done."""

    @property
    def ok(self) -> bool:
        """Whether the index can be relied on as far as this goes."""
        return self.state in ("ok", "unexpected")


def check(folder: Path) -> list[Finding]:
    """Check every file of an index folder, each row of its catalog, and that they agree.

    It reads everything, changes nothing and needs no embedder.

    Raises:
        IndexMissing: there is no index in the folder.
    """
    folder = folder.absolute()
    if not (folder / FILE_NAME).exists() and not (folder / generation.CURRENT).exists():
        raise IndexMissing(f"{folder}: nothing is stored here; run `rag ingest PATH`")
    return [*_catalog(folder), *_published(folder), *_strangers(folder)]


def repair(index: Index) -> list[Finding]:
    """Build what is searched anew from the catalog where it is damaged or stale, and check again.

    Raises:
        IndexMissing: there is no index in the folder.
        IndexBusy: another writer is at work.
        IndexDamaged: the catalog itself is damaged; says how to go on.
    """
    with index.writing() as catalog:
        if not index.published(catalog):
            index.publish(catalog)
    return check(index.folder)


def _catalog(folder: Path) -> Iterator[Finding]:
    path = folder / FILE_NAME
    try:
        with Catalog.open(path) as catalog:
            problems = list(_problems(catalog))
            articles, chunks = Revision(catalog, catalog.meta().revision).counts()
    except IndexMissing:
        yield Finding(path=path, state="missing", detail="there is none", remedy=_RESTORE)
    except IndexMismatch as error:  # which names its own remedy
        yield Finding(path=path, state="stale", detail=str(error))
    except RagError as error:
        yield Finding(path=path, state="damaged", detail=str(error), remedy=_RESTORE)
    else:
        for detail, remedy in problems:
            yield Finding(path=path, state="damaged", detail=detail, remedy=remedy)
        if not problems:
            detail = f"{articles} articles in {chunks} chunks"
            yield Finding(path=path, state="ok", detail=detail)


def _problems(catalog: Catalog) -> Iterator[tuple[str, str]]:
    """What is wrong in a catalog that can be opened, with the remedies."""
    with catalog.connection() as connection:
        for pragma in ("quick_check", "foreign_key_check"):
            for row in connection.execute(f"PRAGMA {pragma}").fetchall():
                if row != ("ok",):
                    yield f"{pragma}: {row}", _RESTORE
        bad = sum(
            zlib.crc32(vector) != crc
            for vector, crc in connection.execute("SELECT vector, crc FROM vectors")
        )
        if bad:
            yield f"{bad} vectors are not what was written", "run `rag ingest --rebuild`"
    revision = Revision(catalog, catalog.meta().revision)
    for article_id in revision.damaged_articles():
        remedy = f"run `rag remove {article_id}` and ingest it again"
        yield f"the article {article_id!r} is not what was written", remedy
    if not bad:
        try:
            for _ in revision.stored():
                pass
        except RagError as error:
            yield str(error), ""


def _published(folder: Path) -> Iterator[Finding]:
    current = folder / generation.CURRENT
    try:
        pointer = Pointer.read(folder)
    except RagError as error:
        yield Finding(path=current, state="damaged", detail=str(error), remedy=_REPAIR)
        return
    if pointer is None:
        yield Finding(path=current, state="missing", detail="nothing published", remedy=_REPAIR)
        return
    home = folder / generation.FOLDER / pointer.name
    try:
        manifest = generation.read_manifest(home, pointer)
    except RagError as error:
        yield Finding(path=home, state="damaged", detail=str(error), remedy=_REPAIR)
        return
    yield _agreement(folder, manifest)
    problems = dict(generation.differences(home, manifest))
    for path in sorted({home / name for name in manifest.files} | set(problems)):
        if path in problems:
            state = "damaged" if path.exists() else "missing"
            yield Finding(path=path, state=state, detail=problems[path], remedy=_REPAIR)
        else:
            yield Finding(path=path, state="ok", detail=f"{path.stat().st_size} bytes")


def _agreement(folder: Path, manifest: Manifest) -> Finding:
    """Whether what is published is the catalog's last revision."""
    path = folder / generation.CURRENT
    try:
        with Catalog.open(folder / FILE_NAME) as catalog:
            meta = catalog.meta()
            counts = Revision(catalog, manifest.revision).counts()
    except IndexMismatch as error:
        return Finding(path=path, state="stale", detail=str(error))
    except RagError as error:
        return Finding(path=path, state="stale", detail=str(error), remedy=_RESTORE)
    stored = (meta.catalog_id, meta.revision, meta.embedder)
    if (manifest.catalog_id, manifest.revision, manifest.embedder) != stored:
        detail = f"revision {manifest.revision} is published, {meta.revision} is stored"
        return Finding(path=path, state="stale", detail=detail, remedy=_REPAIR)
    if counts != (manifest.articles, manifest.chunks):
        detail = f"published {manifest.articles, manifest.chunks} articles and chunks, not {counts}"
        return Finding(path=path, state="damaged", detail=detail, remedy=_RESTORE)
    return Finding(path=path, state="ok", detail=f"revision {manifest.revision} is published")


def _strangers(folder: Path) -> Iterator[Finding]:
    """What lies in the folder that an index does not have."""
    for path in sorted(folder.iterdir()):
        if path.name not in _KEPT and path.name != generation.FOLDER:
            remedy = "remove it if you do not know it"
            yield Finding(path=path, state="unexpected", detail="not of an index", remedy=remedy)
    for path in generation.leftovers(folder):
        detail = "left by a write that was cut short"
        remedy = "nothing: the next write removes it"
        yield Finding(path=path, state="unexpected", detail=detail, remedy=remedy)
