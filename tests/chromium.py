"""A Chromium to drive, and a chat server for it to open."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from rag.settings import Settings
from rag.ui.conversation import Keep, Reader
from rag.ui.conversations import Conversations
from rag.ui.server import build_app, listen, server

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


def chromium() -> str:
    """The path of an installed Chromium; skips the test where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = next(filter(None, map(shutil.which, names)), None)
    if not found:
        pytest.skip(f"no browser: none of {', '.join(names)} is on the PATH")
    return found


@contextmanager
def opened_browser() -> Iterator:
    """A Playwright browser. While it is open, an event loop counts as running."""
    from playwright.sync_api import sync_playwright

    path = chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


@contextmanager
def served(
    reader: Reader,
    settings: Settings,
    keep: Keep | None = None,
    store: Conversations | None = None,
    **more,
) -> Iterator[str]:
    """Serve in a thread, on a free port, and give the address."""
    app, started = build_app(reader, settings, keep, store, **more), threading.Event()
    with listen(settings.chat.model_copy(update={"port": 0})) as listener:
        running = server(app, started.set)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
        thread.start()
        assert started.wait(30)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:  # a failed test too lets the process end
            running.should_exit = True
            thread.join(timeout=20)
