"""A `FakeAssistant` whose collection can be looked through and changed."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from fake_assistant import FakeAssistant

from rag.contents import CleanReport, RuleReport
from rag.errors import IndexMissing, RagError
from rag.schema import Article, Copy, IngestReport, Progress, Rejection

NOWHERE = Path("/nowhere/index")


class Hold:
    """A place where an ingest tells the same step again and again until the test says go on."""

    def __init__(self, step: Progress) -> None:
        self.step = step
        self._open = threading.Event()

    def open(self) -> None:
        self._open.set()

    def wait(self, progress) -> None:
        while not self._open.wait(0.02):
            progress(self.step)


class FakeLibrary(FakeAssistant):
    """Keeps what it is given in memory."""

    def __init__(self, articles: Sequence[Article] = (), folder: Path = NOWHERE) -> None:
        super().__init__(articles)
        self.changes = 0
        self.copied: dict[str, tuple[Copy, ...]] = {}
        self.turned_away: list[Rejection] = []
        self.broken: RagError | None = None
        self.folder = folder
        self.steps: list[Progress | Exception | Hold] = []
        self.given: list[object] = []

    def ingest(self, paths_or_articles, progress=None) -> IngestReport:
        """Goes through `steps`: tells, waits or fails; stores one article for each thing given."""
        given = list(paths_or_articles)
        self.given += given
        for step in self.steps:
            if isinstance(step, Hold):
                step.wait(progress)
            elif isinstance(step, Exception):
                raise step
            else:
                progress(step)
        for item in given:
            name = f"new-{len(self.stored)}"
            self.stored[name] = Article(article_id=name, title=str(item), text="x")
        self.changes += 1
        return IngestReport(
            added=len(given), rejected=tuple(self.turned_away), articles=len(self.stored)
        )

    def dismiss(self, *paths: str) -> None:
        self.turned_away = [one for one in self.turned_away if one.path not in paths]

    def state(self) -> str:
        if self.broken:
            raise self.broken
        return f"{self.changes}" if self.stored else ""

    def copies(self) -> dict[str, tuple[Copy, ...]]:
        return self.copied

    def rejected(self) -> list[Rejection]:
        return self.turned_away

    def clean_report(self, article_id: str) -> CleanReport:
        article = self.article(article_id)
        texts: dict[str, list[str]] = {}
        for removal in article.removals:
            texts.setdefault(removal.rule, []).append(removal.text)
        return CleanReport(
            article_id=article.article_id,
            title=article.title,
            source=article.source,
            read=len(article.original),
            stored=len(article.text),
            rules=tuple(
                RuleReport(rule=rule, switch=f'ingest.cleaning_off = ["{rule}"]', texts=tuple(of))
                for rule, of in texts.items()
            ),
        )

    def remove(self, *article_ids: str) -> IngestReport:
        for name in article_ids:
            if name not in self.stored:
                raise IndexMissing(f"there is no article {name!r} in the index")
        for name in article_ids:
            del self.stored[name]
        self.changes += 1
        return IngestReport(removed=len(article_ids), articles=len(self.stored))
