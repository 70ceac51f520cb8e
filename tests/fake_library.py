"""A `FakeAssistant` whose collection can be looked through and changed."""

from __future__ import annotations

from collections.abc import Sequence

from fake_assistant import FakeAssistant

from rag.contents import CleanReport, RuleReport
from rag.errors import IndexMissing, RagError
from rag.schema import Article, Copy, IngestReport, Rejection


class FakeLibrary(FakeAssistant):
    """Keeps what it is given in memory."""

    def __init__(self, articles: Sequence[Article] = ()) -> None:
        super().__init__(articles)
        self.changes = 0
        self.copied: dict[str, tuple[Copy, ...]] = {}
        self.turned_away: list[Rejection] = []
        self.broken: RagError | None = None

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
