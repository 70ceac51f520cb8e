"""Imports that must not race: LlamaIndex, whose circular imports fail in two threads at once."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

_LOCK = threading.RLock()
_openai_like = threading.Event()


def import_llama_index() -> None:
    """Import `llama_index.core` once (2 s); call this before any `from llama_index… import`.

    Python locks each module apart while it imports. Where one thread imports `llama_index.core`
    and another one of its submodules, they wait for each other, and Python breaks the tie with an
    ImportError in both. Once the package is whole, its submodules can be imported freely.

    wordfreq goes first: asked for the first time it looks through all modules that there are, and
    would wait for those that are just being imported.
    """
    with _LOCK, _uncollected():
        import_module("wordfreq").zipf_frequency("10", "en")
        import_module("llama_index.core")


def import_openai_like() -> None:
    """Import LlamaIndex's client of OpenAI-compatible endpoints (another second), once.

    Also what that client imports when it is first asked, in the event loop that all requests share.
    """
    with _LOCK, _uncollected():
        import_llama_index()
        import_module("llama_index.llms.openai_like")
        import_module("openai.resources.chat.completions")
        _openai_like.set()


def has_openai_like() -> bool:
    """Whether `import_openai_like` has come to its end."""
    return _openai_like.is_set()


@contextmanager
def _uncollected() -> Iterator[None]:
    """No search for garbage: an import makes none, and looking through it is a third of its time.

    What is there in the end is never looked through again.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()
