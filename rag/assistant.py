"""The only wiring: settings become an embedder, an index, a model, and the verbs on them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import (
    AsyncGenerator,
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import suppress
from datetime import date
from itertools import chain
from pathlib import Path
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, Self

from rag import models
from rag.addresses import is_address
from rag.answer import Answerer
from rag.calibration import Calibration, store, stored
from rag.catalog import FILE_NAME, Catalog
from rag.cite import Bibliography, Bound
from rag.contents import CleanReport, clean_report, rejected
from rag.doubts import Doubts
from rag.errors import CorpusError, IndexBusy, IndexMissing
from rag.events import PASSAGES, dated
from rag.evidence import scored_by
from rag.index import Index
from rag.notes.article import notes
from rag.remembered import Remembered
from rag.retrieve import Retriever
from rag.rewrite import proposed
from rag.schema import (
    Answer,
    Article,
    ArticleFacts,
    Copy,
    Evidence,
    Filters,
    IngestReport,
    Passage,
    Progress,
    Rejection,
    Turn,
    Verification,
)
from rag.settings import Settings
from rag.understand import SearchRequest, plain, understand
from rag.verify import Grounded, Source, closeness_by, ground

if TYPE_CHECKING:
    from llama_index.core.base.base_query_engine import BaseQueryEngine
    from llama_index.core.base.base_retriever import BaseRetriever
    from llama_index.core.schema import NodeWithScore

    from rag.embed import Embedder
    from rag.evidence import Embed
    from rag.llm import LanguageModel
    from rag.notes.days import Days
    from rag.reader import Reader
    from rag.rerank import Reranker
    from rag.web.visit import Visit

Ingestible = str | Path | Article | Mapping[str, Any]
"""A file or folder, a web address, an `Article`, or a record as a JSONL line has it."""


class Assistant:
    """Answers questions over one collection of articles; every sentence can be checked.

    Safe to use from several threads; asks run side by side, writers take turns.
    """

    def __init__(
        self,
        index: Index,
        embedder: Embedder,
        model: LanguageModel | None,
        settings: Settings,
        reader: Reader | None = None,
        reranker: Reranker | None = None,
    ) -> None:
        self.settings = settings
        self._index = index
        self._embedder = embedder
        self._model = model
        self._embed = Remembered(embedder.embed)
        self._doubts = Doubts(embedder.embed)
        self._reader = reader
        self._reranker = reranker
        self._retriever = Retriever(index, embedder, settings.retrieval, reranker)
        self._answerer = Answerer(
            self._retriever,
            self._understand,
            self._embed,
            model,
            settings.answer,
            top_k=settings.retrieval.top_k,
            prompt_evidence=settings.prompt_evidence,
            abstain_below=lambda: self.abstain_below,
            article=self.article,
            reader=reader,
        )

    @classmethod
    def open(cls, index_dir: str | Path | None = None, settings: Settings | None = None) -> Self:
        """Open the collection in `index_dir`, or in `index.dir` of the settings.

        The folder may be empty or missing: `ingest` makes it. No model is loaded yet.

        Raises:
            IndexDamaged, IndexMismatch, ModelError, SettingsError: see `rag.errors`.
        """
        settings = settings or Settings.load()
        folder = Path(index_dir) if index_dir is not None else settings.index.dir
        embedder = models.embedder(settings, Index.made_with(folder))
        index = Index.open(folder, embedder.fingerprint, settings.index)
        reader, reranker = models.reader(settings), models.reranker(settings)
        return cls(index, embedder, models.language_model(settings), settings, reader, reranker)

    def beside(self, folder: Path) -> Self:
        """Another collection, answered by the same models; close either, not both.

        An index that was made with the embedder in another precision gets one of its own.
        """
        made_with, embedder = Index.made_with(folder), self._embedder
        if made_with not in ("", embedder.fingerprint):
            embedder = models.embedder(self.settings, made_with)
        place = self.settings.index.model_copy(update={"dir": folder})
        settings = self.settings.model_copy(update={"index": place})
        index = Index.open(folder, embedder.fingerprint, settings.index)
        return type(self)(index, embedder, self._model, settings, self._reader, self._reranker)

    def with_settings(self, settings: Settings) -> Self:
        """The same collection with another language model, retrieval and answers.

        Embedder, reader and reranker stay those at hand. Close either, not both.

        Raises:
            ModelError, SettingsError: the model cannot be had as the settings say.
        """
        model = models.language_model(settings)
        place = settings.index.model_copy(update={"dir": self._index.folder})
        whole = settings.model_copy(update={"index": place})
        return type(self)(self._index, self._embedder, model, whole, self._reader, self._reranker)

    def ingest(
        self,
        paths_or_articles: Ingestible | Iterable[Ingestible],
        progress: Callable[[Progress], None] | None = None,
    ) -> IngestReport:
        """Store articles: new ones are added, changed ones replace what they were.

        A folder is kept in step: articles whose file has gone from it are removed. A web address
        is that of a page, a feed or a sitemap; what did not change since is not fetched again,
        and what is stored of it stays when it is gone. One bad file never stops the rest; it is
        listed in `rejected`. Returns when all of it is published.

        Raises:
            CorpusError: a path that does not exist.
            IndexBusy: another process is writing, for longer than `index.lock_timeout`.
        """
        from rag.ingest import ingest

        given = _listed(paths_or_articles)
        urls = [item for item in given if is_address(item)]
        other = [item for item in given if not is_address(item)]
        scopes = [Path(item) for item in other if isinstance(item, str | Path)]
        for path in scopes:
            if not path.exists():
                raise CorpusError(f"{path}: there is no such file or folder")
        visited = self._visited(urls, progress)
        items = chain(self._loaded(other), visited.items if visited else ())
        report = ingest(items, self._index, self._embedder, self.settings, progress, scopes)
        if not visited:
            return report
        with suppress(IndexBusy), self._index.writing() as catalog:  # else it is fetched again
            visited.note(catalog, report)
        return visited.counted(report)

    def _visited(
        self, urls: Sequence[str], progress: Callable[[Progress], None] | None
    ) -> Visit | None:
        """What web addresses hold, read before the index is locked: it may take long."""
        if not urls:
            return None
        from rag.web.visit import visit

        return visit(urls, self._index.folder, self.settings, progress)

    def _loaded(self, given: Iterable[Ingestible]) -> Iterator[Article | Rejection]:
        from rag import older
        from rag.load import from_record, load
        from rag.reading.worker import reading

        with reading(self.settings.ingest):  # one process for all of the files
            for item in given:
                if isinstance(item, Article):
                    yield item
                elif isinstance(item, Mapping):
                    try:
                        yield from_record(item, "record", self.settings.ingest)
                    except CorpusError as error:
                        yield Rejection(path=str(item.get("id", "record")), reason=str(error))
                elif Path(item).suffix == older.SUFFIX:
                    yield from older.articles_of(Path(item))
                else:
                    yield from load(Path(item), self.settings.ingest)

    def rebuild(self, progress: Callable[[Progress], None] | None = None) -> IngestReport:
        """Embed all stored articles anew, with the embedder and chunking at hand.

        Raises:
            IndexMissing: nothing is stored.
        """
        from rag.ingest import rebuild

        return rebuild(self._index, self._embedder, self.settings, progress)

    def remove(self, *article_ids: str) -> IngestReport:
        """Take articles out of the collection.

        Raises:
            IndexMissing: one of them is not there; nothing is removed then.
        """
        from rag.ingest import remove

        return remove(article_ids, self._index)

    def passages(
        self,
        question: str,
        top_k: int | None = None,
        filters: Filters | None = None,
        history: Sequence[Turn] = (),
        without: Collection[str] = (),
    ) -> list[Passage]:
        """The passages that bear on the question, best first, at most `top_k`.

        `without` names labels or kinds of `understand` that are not to be understood.

        Raises:
            SettingsError: the question is empty, or longer than `answer.max_question`.
            IndexMissing, IndexDamaged: see `rag.errors`.
        """
        return self._answerer.passages(question, top_k, filters, _turns(history), without)

    def understand(
        self, question: str, history: Sequence[Turn] = (), without: Collection[str] = ()
    ) -> SearchRequest:
        """What would be searched for: see `rag.understand`. Errors as for `passages`."""
        return self._answerer.understand(question, _turns(history), without)

    def _understand(
        self, question: str, history: Sequence[Turn], without: Collection[str]
    ) -> SearchRequest:
        if not self.settings.retrieval.understand:
            return plain(question, history)
        snapshot, today = self._index.snapshot(), date.today()

        def days(event: str) -> Days | None:
            found = snapshot.rows([key for key, _ in snapshot.lexical(event, PASSAGES)])
            return dated(event, found.values())

        lines = []
        if self._model is not None and self.settings.llm.base_url:
            lines = proposed(question, history, self._model)
        if not lines:
            return understand(question, history, snapshot.holdings, today, without, days)
        whole, more = (lines[0], lines[1:]) if history else (question, lines)
        found = understand(whole, (), snapshot.holdings, today, without, days)
        return found.with_parts(more)

    def retrieve(
        self, question: str, top_k: int = 10, filters: Filters | None = None
    ) -> list[NodeWithScore]:
        """The same as LlamaIndex nodes, their metadata holding the article's facts."""
        return [
            _llamaindex().as_node(passage) for passage in self.passages(question, top_k, filters)
        ]

    def article(self, article_id: str) -> Article:
        """One article, whose `text` is what offsets point into.

        Raises:
            IndexMissing: there is none of that id.
        """
        return self._index.snapshot().article(article_id)

    def has(self, article_id: str) -> bool:
        """Whether there is an article of that id; False too while nothing is stored."""
        try:
            self.article(article_id)
        except IndexMissing:
            return False
        return True

    def articles(self) -> list[Article]:
        """All articles, the newest first, those of unknown date last."""
        return self._index.snapshot().articles()

    def summaries(self) -> list[ArticleFacts]:
        """What is known about each article, in the same order; quick, since no text is read."""
        return self._index.snapshot().summaries()

    @property
    def folder(self) -> Path:
        """The index folder."""
        return self._index.folder

    def dismiss(self, *paths: str) -> None:
        """Forget that these were rejected.

        Raises:
            IndexBusy: another process is writing, for longer than `index.lock_timeout`.
        """
        from rag.changes import forgive

        with self._index.writing() as catalog:
            forgive(catalog, paths)

    def state(self) -> str:
        """Another text whenever what is stored has changed; empty while nothing is."""
        try:
            pointer = self._index.snapshot().pointer
        except IndexMissing:
            return ""
        return f"{self._index.folder}/{pointer.name}"

    def copies(self) -> dict[str, tuple[Copy, ...]]:
        """The articles that have copies, by id, each with those, the earliest first."""
        return self._index.snapshot().all_copies()

    def rejected(self) -> list[Rejection]:
        """What was given and is not stored, by path, with the reasons; empty once it was mended."""
        return rejected(self._index.folder)

    def clean_report(self, article_id: str) -> CleanReport:
        """What cleaning took out of an article.

        Raises:
            IndexMissing: there is none of that id.
        """
        return clean_report(self._index.folder, article_id)

    def ask(
        self,
        question: str,
        filters: Filters | None = None,
        history: Sequence[Turn] = (),
        without: Collection[str] = (),
    ) -> Answer:
        """The whole answer; abstaining is an answer too. Errors as for `stream`."""
        *_, answer = self.stream(question, filters, history, without)
        return answer

    def stream(
        self,
        question: str,
        filters: Filters | None = None,
        history: Sequence[Turn] = (),
        without: Collection[str] = (),
    ) -> Iterator[Answer]:
        """The answer as it grows; see `rag.answer.Answerer.stream`."""
        return self._answerer.stream(question, filters, _turns(history), without=without)

    async def aask(
        self,
        question: str,
        filters: Filters | None = None,
        history: Sequence[Turn] = (),
        without: Collection[str] = (),
    ) -> Answer:
        """`ask` without blocking the event loop; cancelling it stops the model."""
        answer: Answer | None = None
        async for step in self.astream(question, filters, history, without):
            answer = step
        assert answer is not None  # noqa: S101  # a stream ends with a complete answer
        return answer

    async def astream(
        self,
        question: str,
        filters: Filters | None = None,
        history: Sequence[Turn] = (),
        without: Collection[str] = (),
    ) -> AsyncGenerator[Answer, None]:
        """`stream` without blocking the event loop; cancelling it stops the model."""
        stop = threading.Event()
        stream = self._answerer.stream(question, filters, _turns(history), stop, without)
        try:
            while True:
                step = asyncio.create_task(asyncio.to_thread(next, stream, None))
                try:
                    answer = await asyncio.shield(step)
                except asyncio.CancelledError:
                    stop.set()
                    await asyncio.wait([step])
                    raise
                if answer is None:
                    return
                yield answer
        finally:
            stop.set()
            await asyncio.to_thread(stream.close)

    def likelihood(
        self, question: str, filters: Filters | None = None, history: Sequence[Turn] = ()
    ) -> float:
        """0 to 1: how likely the articles answer the question; nothing is written."""
        return self._answerer.likelihood(question, filters, _turns(history))

    @property
    def abstain_below(self) -> float:
        """The likelihood under which questions are declined.

        What `answer.abstain_below` says where it is set; else what was fitted for the collection
        with the models at hand; else the default.
        """
        chosen = self.settings.answer
        if "abstain_below" in chosen.model_fields_set:
            return chosen.abstain_below
        fitted = self.calibration
        usable = fitted is not None and fitted.scored_by == self.scored_by
        return fitted.abstain_below if fitted and usable else chosen.abstain_below

    @property
    def calibration(self) -> Calibration | None:
        """What was fitted for this collection, with whatever models; None for nothing."""
        try:
            with Catalog.open(self._index.folder / FILE_NAME) as catalog:
                return stored(catalog)
        except IndexMissing:
            return None

    def keep_calibration(self, fitted: Calibration | None) -> None:
        """Store a threshold with the collection, in the place of an earlier one; None resets.

        Raises:
            IndexMissing: nothing is stored.
            IndexBusy: another process is writing.
        """
        with self._index.writing() as catalog:
            store(catalog, fitted)

    @property
    def scored_by(self) -> str:
        """What likelihoods come from: embedder, reader and the weights on what they give."""
        return scored_by(self._embedder.fingerprint, self._reader)

    def verify(self, text: str, articles: str | Article | Iterable[str | Article]) -> Verification:
        """The verdicts of somebody's text against articles, given as ids or as plain texts.

        The score is for the whole text beside the articles that its sentences are nearest to.
        """
        given = [articles] if isinstance(articles, str | Article) else list(articles)
        sources = [self._source(item, number) for number, item in enumerate(given, start=1)]
        grounded = ground(text, sources, closeness_by(self._embedder.embed))
        cited = [source for source in sources if any(one.source is source for one in grounded)]
        score = self._doubts.score(text, "\n\n".join(source.text for source in cited))
        bibliography = Bibliography()
        sentences = tuple(bibliography.sentence(_bound(sentence)) for sentence in grounded)
        return Verification(
            sentences=sentences, citations=bibliography.citations, score=round(score, 6)
        )

    @property
    def about(self) -> dict[str, str]:
        """What makes answers: the fingerprints of embedder and reader, and the model's name."""
        model = self._model.name if self._model else "none: quoted evidence"
        reader = self._reader.fingerprint if self._reader else "none"
        return {"embedder": self._embedder.fingerprint, "reader": reader, "model": model}

    @property
    def embed(self) -> Embed:
        """Texts to unit vectors, by the collection's embedder: (n, dimensions)."""
        return self._embedder.embed

    def _source(self, given: str | Article, number: int) -> Source:
        if isinstance(given, str) and not self.has(given):
            return Source(f"text-{number}", given)
        article = given if isinstance(given, Article) else self.article(given)
        return Source(article.article_id, article.text, notes(article))

    def as_retriever(
        self, top_k: int | None = None, filters: Filters | None = None
    ) -> BaseRetriever:
        """A LlamaIndex retriever over this collection."""
        top_k = top_k or self.settings.retrieval.top_k
        return _llamaindex().NewsdeskRetriever(self, top_k, filters)

    def as_query_engine(self, filters: Filters | None = None) -> BaseQueryEngine:
        """A LlamaIndex query engine whose responses carry the checked answer."""
        return _llamaindex().NewsdeskQueryEngine(self, filters)

    def close(self) -> None:
        """Free the index and the model. Answers in flight end with a `ModelError` notice."""
        if self._model is not None:
            self._model.close()
        self._index.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _llamaindex() -> ModuleType:
    """`rag.llamaindex`, which takes two seconds to import the first time."""
    from rag.importing import import_llama_index

    import_llama_index()
    from rag import llamaindex

    return llamaindex


def _listed(given: Ingestible | Iterable[Ingestible]) -> list[Ingestible]:
    if isinstance(given, str | Path | Article | Mapping):
        return [given]
    return list(given)


def _turns(history: Sequence[Turn | Mapping[str, str]]) -> tuple[Turn, ...]:
    return tuple(turn if isinstance(turn, Turn) else Turn(**turn) for turn in history)


def _bound(sentence: Grounded) -> Bound:
    source = sentence.source
    if source is None or sentence.checked.score == 0:
        return Bound(sentence.text, sentence.checked, ())
    quote = source.text[sentence.start : sentence.end]
    evidence = Evidence(
        number=1,
        score=sentence.checked.score,
        article_id=source.article_id,
        start=sentence.start,
        end=sentence.end,
        text=quote,
    )
    return Bound(sentence.text, sentence.checked, (evidence,))
