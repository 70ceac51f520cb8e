"""A language model inside this process: llama.cpp's server on a loopback port, behind a random key.

It speaks the same protocol as any other endpoint, so `rag.llm` treats it like one. The server
listens on 127.0.0.1 only, refuses requests without the key, offers no web page and writes no log.
"""

from __future__ import annotations

import atexit
import json
import os
import secrets
import threading
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from rag.errors import ModelError
from rag.weights import require_sha256

SLOTS = 2
"""Requests that are worked on at once; more wait. More slots did not raise the throughput."""

_ANSWER_WITHIN = 30.0
"""Seconds for one of the server's small requests."""


class LocalServer:
    """One GGUF model, served in this process. Loading starts with the first use.

    Safe to share between threads. An `rag.llm.Endpoint`.
    """

    label = "the embedded language model"
    ours = True

    def __init__(
        self,
        gguf: Path,
        *,
        published: str = "",
        context_window: int = 2048,
        threads: int = 0,
    ) -> None:
        """Name the model; nothing is read yet.

        Args:
            gguf: the model file.
            published: the sha256 that it must have, or "" for a file that nobody vouches for.
            context_window: tokens of one request, its answer included.
            threads: processor threads, both to read a prompt and to write. 0 chooses: one that
                writes on machines with up to 4 cores, because two that wait for each other fall
                to a tenth of their speed when anything else runs, and up to 8 that read.
        """
        self._gguf = gguf
        self._published = published
        self._context_window = context_window
        self._threads = threads
        self._lock = threading.Lock()
        self._key = secrets.token_urlsafe(32)
        self._server: Any = None
        atexit.register(self.close)  # before any stream registers its own end, so it runs after it

    def connect(self) -> tuple[str, str]:
        """The base URL and the key; starts the server if it is not running (about 1 s).

        Raises:
            ModelError: the file is missing, damaged or no GGUF model, or cannot be served.
        """
        with self._lock:
            if self._server is None:
                self._check()
                self._server = self._start()
            return f"{self._server.listening_address}/v1", self._key

    def warm_up(self, prefix: Sequence[tuple[str, str]] = ()) -> None:
        """Start, and read a prompt's first messages, so that a prompt with them is read faster.

        Raises:
            ModelError: see `connect`.
        """
        self.connect()
        if prefix:
            messages = [{"role": role, "content": content} for role, content in prefix]
            self._post("/v1/chat/completions", {"messages": messages, "max_tokens": 1})

    def count_tokens(self, text: str) -> int:
        """The exact number of tokens, in about 3 ms once the server runs.

        Raises:
            ModelError: the server cannot be started or does not answer.
        """
        return len(self._post("/tokenize", {"content": text})["tokens"])

    def close(self) -> None:
        """Stop the server and free its memory; a later use starts it again."""
        with self._lock:
            self._server = None

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        url, key = self.connect()
        address = url.removeprefix("http://").removesuffix("/v1")
        connection = HTTPConnection(address, timeout=_ANSWER_WITHIN)
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        try:
            connection.request("POST", path, json.dumps(body), headers)
            response = connection.getresponse()
            answer: dict[str, Any] = json.loads(response.read())
        except (OSError, HTTPException, ValueError) as error:
            raise ModelError(
                f"{self.label} does not answer ({type(error).__name__}); try again",
                retryable=True,
            ) from None
        finally:
            connection.close()
        if response.status != 200:
            raise ModelError(f"{self.label} refused {path} ({response.status})")
        return answer

    def _check(self) -> None:
        try:
            with self._gguf.open("rb") as file:
                magic = file.read(4)
        except OSError as error:
            raise ModelError(
                f"llm.gguf {self._gguf}: cannot be read ({error.strerror}); name a GGUF file"
            ) from None
        if magic != b"GGUF":
            raise ModelError(f"llm.gguf {self._gguf}: is no GGUF file; name one that is")
        if self._published:
            require_sha256(self._gguf, self._published)

    def _start(self) -> Any:
        # Read by libgomp when it loads: threads that wait sleep instead of spinning, which is
        # what lets two of them work beside other programs.
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")
        import xllamacpp

        try:
            return xllamacpp.Server(self._parameters(xllamacpp.CommonParams()))
        except RuntimeError as error:
            raise ModelError(
                f"llm.gguf {self._gguf}: cannot be served ({error}); the file is damaged, or of a "
                "kind that this version of xllamacpp does not know"
            ) from None

    def _parameters(self, params: Any) -> Any:
        reading, writing = _threads(self._threads)
        params.model.path = str(self._gguf)
        params.model_alias = {self._gguf.stem}
        params.n_parallel = SLOTS
        params.n_ctx = self._context_window * SLOTS  # it is divided among the slots
        params.cpuparams.n_threads = writing
        params.cpuparams_batch.n_threads = reading
        params.sampling.temp = 0.0
        params.cache_ram_mib = 0  # the slots keep their last prompt, which is the cache we use
        params.warmup = False  # a run with nothing in it, which costs more than it saves here
        params.fit_params = False
        params.offline = True
        params.hostnames = ["127.0.0.1"]
        params.port = 0
        params.api_keys = [self._key]
        params.cors_origins = ""
        params.cors_credentials = False
        params.sse_ping_interval = 1  # seconds until it sees that a client has gone
        params.ui = False
        params.endpoint_slots = False
        params.verbosity = -1
        return params


def _threads(wanted: int) -> tuple[int, int]:
    """Threads that read a prompt, and threads that write."""
    if wanted:
        return wanted, wanted
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    cores = cores or 1
    return min(cores, 8), 1 if cores <= 4 else min(cores // 2, 8)
