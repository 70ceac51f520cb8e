"""How fast the chat is in a browser: loading, passages, first checked sentence.

    python evals/chat_speed.py [--questions 12]

Ingests the starter articles into a temporary index, serves them with the default settings and
drives a real Chromium. The first load and the first question warm everything up and do not count.
Times run in the browser, from the Enter key to the frame in which the thing stands on the page.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from chromium import opened_browser, served

from rag import Assistant
from rag.evaluate import Dataset
from rag.paths import shipped
from rag.settings import Settings
from rag.ui.shelf import Shelf

WANTED = {"load": 2.0, "passages": 0.5, "first sentence": 2.5}
"""Seconds, as medians."""
_WATCH = """() => {
  window.times = {};
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') window.times = { begun: performance.now() };
  }, true);
  const look = () => {
    const turn = document.querySelector('#newest .turn')?.id;
    const fresh = turn && turn !== window.before;
    const status = document.querySelector('#status')?.textContent.trim() || '';
    if (fresh && window.times.begun) {
      const now = performance.now();
      if (/^Reading |^Writing/.test(status)) window.times.passages ??= now;
      if (document.querySelector('#newest .sentence')) {
        window.times.passages ??= now;
        window.times.sentence ??= now;
      }
      if (document.querySelector('#newest .about, #newest .problem')) {
        window.times.passages ??= now;
        window.times.ended ??= now;
      }
    }
    requestAnimationFrame(look);
  };
  look();
}"""


@contextmanager
def started():
    """The address of a chat over the starter articles."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Assistant.open(folder, Settings.load(environ={})) as assistant,
    ):
        assistant.ingest([shipped("corpus")])
        with served(Shelf(assistant), assistant.settings) as address:
            yield address


def loaded(page, address: str) -> float:
    """Seconds until a question can be typed and one is suggested."""
    page.goto(address)
    page.locator(".example").first.wait_for()
    page.locator("#box textarea").wait_for()
    return page.evaluate("performance.now()") / 1000


def asked(page, question: str) -> dict[str, float]:
    """Seconds from Enter to passages and first sentence; what did not come is left out."""
    page.evaluate("window.before = document.querySelector('#newest .turn')?.id")
    page.locator("#box textarea").fill(question)
    page.locator("#box textarea").press("Enter")
    page.wait_for_function("() => window.times.ended")
    page.locator("#send").wait_for()
    times = page.evaluate("window.times")
    names = {"passages": "passages", "first sentence": "sentence"}
    return {
        name: (times[key] - times["begun"]) / 1000 for name, key in names.items() if key in times
    }


def main() -> None:
    """Measure and print the medians."""
    parser = argparse.ArgumentParser(description="How fast the chat is in a browser.")
    parser.add_argument("--questions", type=int, default=12, help="how many are asked")
    number = parser.parse_args().questions
    cases = [case for case in Dataset.load("starter").cases if not case.history]
    questions = [case.question for case in cases if case.answerable][: number + 1]
    with started() as address, opened_browser() as browser:
        page = browser.new_page()
        page.set_default_timeout(300_000)
        loads = [loaded(page, address) for _ in range(11)][1:]
        page.evaluate(_WATCH)
        measured = [asked(page, question) for question in questions][1:]
    times = {"load": loads}
    for name in ("passages", "first sentence"):
        times[name] = [one[name] for one in measured if name in one]
    for name, found in times.items():
        middle = statistics.median(found)
        told = "yes" if middle <= WANTED[name] else "NO"
        print(
            f"{name:<15} median {middle:5.2f} s  of {len(found):2}  from {min(found):.2f} to "
            f"{max(found):.2f}  wanted {WANTED[name]:.1f}: {told}"
        )


if __name__ == "__main__":
    main()
