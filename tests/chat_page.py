"""A served chat and the pages that tests open of it; see `chatting`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from chromium import opened_browser, served
from fake_assistant import ARTICLES, FakeAssistant, growing, quoted_answer, written_answer

from rag.settings import Settings

QUESTION = "How much will the fund pay for JSR?"
BOX = "#box textarea"
_PATIENCE = 60_000
"""Milliseconds that anything may take on a busy machine."""


class Chat:
    """What tests of the page share: the assistant behind it, a browser, and its open pages."""

    def __init__(self, reader: FakeAssistant, address: str, browser) -> None:
        self.reader, self.address, self.browser = reader, address, browser
        self._shared = browser.new_context()
        self._pages, self._trouble = [], []

    def begin(self) -> None:
        """The same start for each test."""
        self.reader.stored = {article.article_id: article for article in ARTICLES}
        scripts = {"JSR": growing(written_answer()), "Rapidus": growing(quoted_answer())}
        self.reader.scripts, self.reader.asked, self.reader.calls = scripts, [], []

    def visit(self, path: str = "", **options):
        """Open a page; with options, in a window of its own, as of another reader."""
        page = self.browser.new_page(**options) if options else self._shared.new_page()
        page.set_default_timeout(_PATIENCE)
        self._pages.append(page)
        note = self._trouble.append
        page.on("request", self._noted)
        page.on("dialog", lambda dialog: note(f"dialog: {dialog.message}"))
        page.on("pageerror", lambda error: note(f"script error: {error}"))
        page.goto(f"{self.address}/{path}")
        page.locator("#welcome h2, #welcome .problem, .turn").first.wait_for()
        return page

    def end(self) -> None:
        """Close the pages; nothing may have failed, or called another host."""
        for page in self._pages:
            page.close()
        trouble, self._pages, self._trouble = self._trouble, [], []
        assert trouble == []

    def _noted(self, request) -> None:
        here = request.url.startswith(self.address + "/")
        if not here and urlsplit(request.url).scheme not in ("data", "blob"):
            self._trouble.append(f"request to {request.url}")


@contextmanager
def chatting(settings: Settings | None = None, **parts) -> Iterator[Chat]:
    """Serve a scripted assistant and open a browser; `parts` are as of `build_app`."""
    reader = FakeAssistant(ARTICLES)
    with (
        served(reader, settings or Settings.load(environ={}), **parts) as address,
        opened_browser() as browser,
    ):
        yield Chat(reader, address, browser)


def ask(page, question: str = QUESTION) -> None:
    """Type a question, send it, and wait until it stands on the page."""
    page.locator(BOX).fill(question)
    page.locator(BOX).press("Enter")
    page.locator("#newest .question", has_text=question).wait_for()


def ended(page) -> None:
    """Wait until the newest answer has come to its end."""
    ends = (".sources", ".abstained", ".problem", ".stopped")
    page.locator(", ".join(f"#newest {end}" for end in ends)).first.wait_for()
    page.locator("#halt").wait_for(state="detached")
    page.locator("#send").wait_for()


def asked(page, question: str = QUESTION) -> None:
    """`ask`, and wait for the end of the answer."""
    ask(page, question)
    ended(page)
