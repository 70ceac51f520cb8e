"""A fake assistant with all that the server asks of one, and the application over it."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from contextlib import contextmanager

from fake_assistant import ARTICLES, FakeAssistant, Step, growing, passage, written_answer
from starlette.testclient import TestClient

from rag import request_id
from rag.api.service import Service
from rag.schema import Article, Filters, Sentence, Turn, Verdict, Verification
from rag.settings import Settings
from rag.ui.server import api

ADDRESS = "http://127.0.0.1:7860"


class ServedAssistant(FakeAssistant):
    """Records with what it was asked, and under which request id."""

    def __init__(self, articles: Sequence[Article] = ARTICLES, **scripts: list[Step]) -> None:
        super().__init__(articles)
        self.scripts = {"JSR": growing(written_answer()), **scripts}
        self.filters: list[Filters | None] = []
        self.without: list[tuple[str, ...]] = []
        self.request_ids: list[str] = []
        self.lock = threading.Lock()

    def astream(
        self,
        question: str,
        filters: Filters | None = None,
        history: Sequence[Turn] = (),
        without: Collection[str] = (),
    ):
        with self.lock:
            self.filters.append(filters)
            self.without.append(tuple(without))
        return self._named(super().astream(question, filters, history))

    async def _named(self, stream):
        self.request_ids.append(request_id.current.get())
        async for snapshot in stream:
            yield snapshot

    def passages(self, question, top_k=None, filters=None, history=(), without=()):
        self.filters.append(filters)
        found = [passage(item, 1, item.text[:40]) for item in self.stored.values()]
        return found[:top_k]

    def verify(self, text, articles):
        given = list(articles)
        sentence = Sentence(text=text, verdict=Verdict.UNSUPPORTED, score=0.1 * len(given))
        return Verification(sentences=(sentence,), citations=(), score=0.1)


@contextmanager
def client_of(assistant: ServedAssistant, **sections):
    """A client of the HTTP interfaces over an assistant."""
    settings = Settings.load(environ={}, **sections)
    app = api(Service(assistant, settings), settings)
    with TestClient(app, base_url=ADDRESS, raise_server_exceptions=False) as client:
        yield client
