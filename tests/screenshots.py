"""Makes the pictures of the README: `python tests/screenshots.py [NAME…]` writes docs/images/*.png.

Ingests the starter articles into a temporary index, serves them, and asks in a real Chromium; then
runs the starter set for the picture of its report.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Container, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from chromium import PHONE, opened_browser, served

from rag import Assistant
from rag.evaluate import Dataset, run
from rag.evaluate.command import what_runs
from rag.evaluate.html_report import save_report
from rag.paths import shipped
from rag.settings import Settings
from rag.ui.conversations import Conversations
from rag.ui.shelf import Shelf

IMAGES = Path(__file__).parent.parent / "docs" / "images"
DESKTOP = {"viewport": {"width": 1280, "height": 800}}
PICTURES = (
    ("desktop-light", DESKTOP, "light", "Who supports Rapidus?", True),
    ("desktop-dark", DESKTOP, "dark", "Who supports Rapidus?", True),
    ("front", DESKTOP, "light", "", False),
    ("phone-light", PHONE, "light", "How much will the fund pay for JSR?", False),
    ("phone-dark", PHONE, "dark", "How much will the fund pay for JSR?", True),
    ("declined", DESKTOP, "light", "Who won the 2022 World Cup?", False),
)
"""Name, window, colours, question (none for the front page), and whether a source is opened."""
PAGES = (("collection", DESKTOP, "light"), ("collection-phone", PHONE, "dark"))
"""Name, window and colours of the collection's page."""
_PATIENCE = 600_000
"""Milliseconds: the embedded model answers, on whatever machine this is."""


@contextmanager
def starter() -> Iterator[tuple[Assistant, str]]:
    """An assistant over the starter articles, and the address of its chat."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Assistant.open(folder, Settings.load(environ={})) as assistant,
    ):
        assistant.ingest([shipped("corpus")])
        with (
            closing(Conversations(Path(folder) / "conversations.sqlite")) as store,
            served(Shelf(assistant), assistant.settings, lambda *_, **__: True, store) as address,
        ):
            yield assistant, address


def report(browser, assistant: Assistant, cases: int = 120) -> None:
    """Run the starter set, which takes minutes, and take the top of its report."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "report.html"
        dataset = Dataset.load("starter").sample(cases)
        found = run(dataset, assistant, about={**what_runs(assistant), **assistant.about})
        save_report(file, [found])
        page = browser.new_page(viewport={"width": 1280, "height": 1000}, color_scheme="light")
        page.goto(file.as_uri())
        page.screenshot(path=IMAGES / "report.png")
        page.close()


def ask(page, question: str) -> None:
    """Type a question and wait for the end of its answer."""
    page.locator("#box textarea").fill(question)
    page.locator("#box textarea").press("Enter")
    page.locator("#newest .question", has_text=question).wait_for()
    page.locator("#newest .about").wait_for()


def conversation(browser, address: str, names: Container[str]) -> None:
    """Take the pictures of answers, and of the page before the first one."""
    for name, window, scheme, question, opened in PICTURES:
        if name not in names:
            continue
        page = browser.new_page(**window, color_scheme=scheme)
        page.set_default_timeout(_PATIENCE)
        page.goto(address)
        page.locator(".example").first.wait_for()
        if question:
            ask(page, question)
        if opened:
            page.locator("#newest .answer a.cite").first.click()
            page.locator("#source-panel mark.cited").first.wait_for()
        page.wait_for_timeout(500)  # until scrolling has come to rest
        page.screenshot(path=IMAGES / f"{name}.png")
        page.close()


def collection(browser, address: str, names: Container[str]) -> None:
    """Take the pictures of the collection's page."""
    for name, window, scheme in PAGES:
        if name in names:
            page = browser.new_page(**window, color_scheme=scheme)
            page.set_default_timeout(_PATIENCE)
            page.goto(f"{address}/collection")
            page.screenshot(path=IMAGES / f"{name}.png")
            page.close()


def main() -> None:
    """Make all pictures, or those that are named."""
    every = [*(one[0] for one in PAGES), *(one[0] for one in PICTURES), "report"]
    names = sys.argv[1:] or every
    if unknown := set(names) - set(every):
        sys.exit(f"There is no picture {', '.join(sorted(unknown))}; there are {', '.join(every)}")
    IMAGES.mkdir(parents=True, exist_ok=True)
    with starter() as (assistant, address), opened_browser() as browser:
        collection(browser, address, names)
        conversation(browser, address, names)
        if "report" in names:
            report(browser, assistant)


if __name__ == "__main__":
    main()
