"""Several collections side by side, one of which is open.

    <parent>/<collection>/               an index folder like any other
    <parent>/<collection>.about.json     what it is called, and what is in it, in a person's words
    <parent>/<collection>.uploads/       files that wait
    <parent>/<collection>.cases.jsonl    answers that were marked
    <parent>/<collection>.runs/          runs of evals
    <parent>/<collection>.conversations.sqlite   what was asked and answered

The parent is the folder that the first index lies in: with the usual settings `.newsdesk/`.
"""

from __future__ import annotations

import gc
import json
import threading
from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag import disk
from rag.catalog import FILE_NAME
from rag.contents import CleanReport, articles_in
from rag.erase import erase, erase_beside
from rag.errors import CorpusError, RagError
from rag.ids import digest, slug
from rag.schema import (
    Answer,
    Article,
    ArticleFacts,
    Copy,
    Filters,
    IngestReport,
    Passage,
    Progress,
    Rejection,
    Turn,
    Verification,
)

if TYPE_CHECKING:
    from rag.assistant import Assistant
    from rag.settings import Settings

_LONGEST_NAME, _LONGEST_TEXT = 80, 2000
_BESIDE = (
    *(f"conversations.sqlite{end}" for end in ("", "-wal", "-shm")),
    *("uploads", "cases.jsonl", "runs", "about.json"),
)
"""What lies beside a collection's folder, by what its name ends in; what makes it one goes last."""


@dataclass(frozen=True, slots=True)
class Shelved:
    """One collection."""

    folder: str
    """The name of its folder, which names it in addresses."""
    name: str
    """Empty where nobody gave it one."""
    description: str
    articles: int
    problem: str
    """Why it cannot be read; empty where it can."""
    open: bool


class Shelf:
    """Answers like the `Assistant` of the collection that is open; thread-safe.

    Choosing another one holds for everyone who uses the server, while it runs. Answers that are
    under way go on over the collection that they began with.
    """

    def __init__(self, first: Assistant) -> None:
        """Begin with one collection; what lies beside its folder are the others."""
        self._lock = threading.Lock()
        self._opened = {first.folder: first}
        self._folder = first.folder
        self.parent = first.folder.parent

    @property
    def current(self) -> Assistant:
        """The assistant of the collection that is open."""
        return self._opened[self._folder]

    def all(self) -> list[Shelved]:
        """The collections, by folder; the one that is open is among them even while it is empty."""
        about = {path.name.removesuffix(".about.json") for path in self._glob("*.about.json")}
        found = {path.parent.name for path in self._glob(f"*/{FILE_NAME}")}
        return [self._shelved(name) for name in sorted(about | found | {self._folder.name})]

    def choose(self, folder: str) -> None:
        """Open a collection.

        Raises:
            CorpusError: there is none in that folder.
            ModelError, SettingsError: its embedder cannot be had.
        """
        if folder not in {one.folder for one in self.all()}:
            raise CorpusError(f"there is no collection {folder!r} any more; choose another one")
        place = self.parent / folder
        with self._lock:
            if place not in self._opened:
                self._opened[place] = self.current.beside(place)
            self._folder = place

    def create(self, name: str, description: str = "") -> None:
        """Make an empty collection and open it.

        Raises:
            CorpusError: it has no name, or there is one of that name.
            RagError: the disk refuses.
        """
        wanted = slug(name)[:_LONGEST_NAME].casefold() or digest(name)
        if not name.strip():
            raise CorpusError("a collection needs a name; give it one")
        taken = {one.folder for one in self.all()} | {one.name for one in self.all()}
        if name.strip() in taken or (self.parent / wanted).exists():
            raise CorpusError(
                f"there is something called {name.strip()!r} already; choose another name"
            )
        self.describe(wanted, name, description)
        self.choose(wanted)

    def delete(self, folder: str) -> None:
        """Delete a collection and what lies beside it; the open one cannot be, nor so the last.

        Raises:
            CorpusError: it is the open one, or there is none in that folder.
            IndexBusy: a process writes to it or answers from it.
            RagError: the disk refuses.
        """
        with self._lock:
            if folder == self._folder.name:
                raise CorpusError(f"{folder!r} is the open collection; open another one first")
            if folder not in {one.folder for one in self.all()}:
                raise CorpusError(f"there is no collection {folder!r} any more")
            place = self.parent / folder
            self._opened.pop(place, None)
            gc.collect()  # what was opened here holds the collection as any reader does
            erase(place)
            for end in _BESIDE:
                erase_beside(self.parent / f"{folder}.{end}")

    def describe(self, folder: str, name: str, description: str) -> None:
        """Say what a collection is called and what is in it.

        Raises:
            RagError: the disk refuses.
        """
        about = {"name": name.strip()[:_LONGEST_NAME], "description": description.strip()}
        about["description"] = about["description"][:_LONGEST_TEXT]
        with disk.explained(self.parent):
            disk.make_folder(self.parent)
            disk.replace_text(
                self._about_file(folder), json.dumps(about, ensure_ascii=False, indent=2) + "\n"
            )

    @property
    def about_current(self) -> Shelved:
        """What is known of the collection that is open."""
        return self._shelved(self._folder.name)

    def renew(self, settings: Settings) -> None:
        """Answer as these settings say from now on; what is under way ends as it began.

        Raises:
            ModelError, SettingsError: the model cannot be had; all stays as it was.
        """
        fresh = self.current.with_settings(settings)
        with self._lock:
            self._opened = {self._folder: fresh}

    def _glob(self, pattern: str) -> Iterable[Path]:
        return self.parent.glob(pattern) if self.parent.is_dir() else ()

    def _about_file(self, folder: str) -> Path:
        return self.parent / f"{folder}.about.json"

    def _shelved(self, folder: str) -> Shelved:
        about: Any = {}
        with suppress(OSError, ValueError):
            about = json.loads(self._about_file(folder).read_text(encoding="utf-8"))
        known = about if isinstance(about, dict) else {}
        articles, problem = 0, ""
        try:
            articles = articles_in(self.parent / folder)
        except RagError as error:
            problem = str(error)
        return Shelved(
            folder=folder,
            name=str(known.get("name", "")),
            description=str(known.get("description", "")),
            articles=articles,
            problem=problem,
            open=folder == self._folder.name,
        )

    # What the pages ask of an assistant -----------------------------------------------------------

    def __getattr__(self, name: str) -> Any:
        """Whatever else the assistant of the open collection has."""
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.current, name)

    def astream(
        self,
        question: str,
        filters: Filters | None = None,
        history: Sequence[Turn] = (),
        without: Collection[str] = (),
    ) -> AsyncGenerator[Answer, None]:
        """See `Assistant.astream`."""
        return self.current.astream(question, filters, history, without)

    def passages(
        self,
        question: str,
        top_k: int | None = None,
        filters: Filters | None = None,
        history: Sequence[Turn] = (),
        without: Collection[str] = (),
    ) -> Sequence[Passage]:
        """See `Assistant.passages`."""
        return self.current.passages(question, top_k, filters, history, without)

    def verify(self, text: str, articles: Iterable[str | Article]) -> Verification:
        """See `Assistant.verify`."""
        return self.current.verify(text, articles)

    def article(self, article_id: str) -> Article:
        """See `Assistant.article`."""
        return self.current.article(article_id)

    def summaries(self) -> Sequence[ArticleFacts]:
        """See `Assistant.summaries`."""
        return self.current.summaries()

    def state(self) -> str:
        """See `Assistant.state`."""
        return self.current.state()

    def copies(self) -> Mapping[str, Sequence[Copy]]:
        """See `Assistant.copies`."""
        return self.current.copies()

    def rejected(self) -> Sequence[Rejection]:
        """See `Assistant.rejected`."""
        return self.current.rejected()

    def clean_report(self, article_id: str) -> CleanReport:
        """See `Assistant.clean_report`."""
        return self.current.clean_report(article_id)

    def remove(self, *article_ids: str) -> IngestReport:
        """See `Assistant.remove`."""
        return self.current.remove(*article_ids)

    @property
    def folder(self) -> Path:
        """The index folder of the collection that is open."""
        return self._folder

    def ingest(
        self,
        paths_or_articles: Iterable[Any],
        progress: Callable[[Progress], None] | None = None,
    ) -> IngestReport:
        """See `Assistant.ingest`."""
        return self.current.ingest(paths_or_articles, progress)

    def dismiss(self, *paths: str) -> None:
        """See `Assistant.dismiss`."""
        self.current.dismiss(*paths)
