"""The model that writes: any OpenAI-compatible endpoint, through LlamaIndex's `OpenAILike`.

Every call ends in time. The request runs on an event loop in a thread of its own, where it can be
cancelled at any moment; the caller waits on a queue until the deadline and no longer, whatever the
endpoint does.
"""

from __future__ import annotations

import asyncio
import atexit
import queue
import threading
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol, cast
from urllib.parse import urlsplit

from rag import request_id
from rag.errors import ModelError
from rag.importing import has_openai_like, import_openai_like
from rag.llm_failures import RequestFailed, broke_off, explain, wordless

if TYPE_CHECKING:
    from ssl import SSLContext

    import httpx
    from llama_index.core.base.llms.types import ChatResponse

RETRIES = 2
"""Further tries of a request that failed for a passing reason before its first word."""

_FIRST_PAUSE = 0.2
"""Seconds before the first retry where the endpoint names none; doubled each time."""

_POLL = 0.05
"""Seconds between two looks at `stop`."""

_CONNECT_WITHIN = 5.0
"""Seconds for the connection alone."""

_CLOSE_WITHIN = 2.0
"""Seconds for what runs to notice that it is cancelled."""

_CHARACTERS_PER_TOKEN = 16
"""More than any token of common models spells on average; what is longer has no end."""

_BYTES_PER_TOKEN = 4096
"""More than any endpoint wraps around one token."""

_BYTES_AROUND = 1_000_000
"""Bytes of an answer besides; a page of HTML that says what is wrong, say."""

_Pieces = queue.SimpleQueue["str | BaseException | None"]
"""Pieces of text; then what went wrong, or None."""


class Endpoint(Protocol):
    """Where a model answers."""

    @property
    def ours(self) -> bool:
        """Whether it runs in this process."""

    @property
    def label(self) -> str:
        """What it is called in messages; holds no secret."""

    def connect(self) -> tuple[str, str]:
        """Its base URL and key; may take a second. Raises ModelError."""

    def warm_up(self, prefix: Sequence[tuple[str, str]] = ()) -> None:
        """Get ready, and read the first messages of prompts to come. Raises ModelError."""

    def count_tokens(self, text: str) -> int:
        """The tokens of a text, or a little more. Raises ModelError."""


@dataclass(frozen=True)
class RemoteEndpoint:
    """An endpoint that somebody else runs. An `Endpoint`."""

    base_url: str
    key: str = field(default="", repr=False)
    section: str = "llm"
    """The settings that it comes from."""
    ours: ClassVar[bool] = False

    @property
    def label(self) -> str:
        """The setting and the address, without a password or key that may stand in it."""
        parts = urlsplit(self.base_url)
        host = parts.netloc.rpartition("@")[2]
        return (
            f"{self.section}.base_url {parts._replace(netloc=host, query='', fragment='').geturl()}"
        )

    def connect(self) -> tuple[str, str]:
        """See `Endpoint`. Without a key of ours, none that lies about is sent in its place."""
        return self.base_url, self.key or "none"

    def warm_up(self, prefix: Sequence[tuple[str, str]] = ()) -> None:
        """Nothing: requests to others cost something, so none is made ahead of need."""

    def count_tokens(self, text: str) -> int:
        """An upper bound for prose, without asking: one token per 3 bytes of UTF-8.

        English runs at 4 to 5 bytes a token, Chinese and Japanese at 3 or more. Long runs of
        digits can take up to three times the bound in models that spell them out.
        """
        return -(-len(text.encode("utf-8", "replace")) // 3)


class LanguageModel:
    """Writes text from messages. Safe to share between threads; requests run side by side."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        name: str,
        context_window: int = 8192,
        max_tokens: int = 512,
        timeout: float = 60.0,
        temperature: float = 0.0,
    ) -> None:
        """Take where it answers and how it is asked; nothing is loaded or contacted yet.

        Args:
            endpoint: where it answers.
            name: the model's name there.
            context_window: tokens of a prompt and its answer together.
            max_tokens: of one answer.
            timeout: seconds for one whole call, retries and loading included.
            temperature: 0 writes the likeliest words.
        """
        self.name = name
        self.context_window = context_window
        self.max_tokens = max_tokens
        self._endpoint = endpoint
        self._timeout = timeout
        self._temperature = temperature
        self._lock = threading.Lock()
        self._certificates: SSLContext | None = None
        self._known: _Address | None = None
        self._warming: threading.Thread | None = None
        self._background = _Background()

    @property
    def endpoint(self) -> str:
        """What its endpoint is called in messages; holds no secret."""
        return self._endpoint.label

    @property
    def embedded(self) -> bool:
        """Whether it is the small model inside this process."""
        return self._endpoint.ours

    def count_tokens(self, text: str) -> int:
        """The tokens of a text, or a little more; see the endpoint's own.

        Raises:
            ModelError: the embedded model cannot be started.
        """
        return self._endpoint.count_tokens(text)

    def warm_up(self, prefix: Sequence[tuple[str, str]] = ()) -> None:
        """Start loading in the background; never raises, and does so only once.

        Args:
            prefix: the first messages of prompts to come, such as the instructions; the embedded
                model reads them ahead.
        """
        with self._lock:
            if self._warming is None:
                self._warming = threading.Thread(target=self._warm_up, args=(prefix,), daemon=True)
                self._warming.start()

    def stream(
        self,
        messages: Sequence[tuple[str, str]],
        *,
        max_tokens: int | None = None,
        stop: threading.Event | None = None,
    ) -> Generator[str, None, None]:
        """The answer to (role, content) pairs, as the pieces of text come in; none is empty.

        The call ends within `timeout` seconds of the first `next`, whatever the endpoint does.
        Closing the iterator closes the request, and so does setting `stop`, after which the
        iterator just ends.

        Raises:
            ModelError: in words, with the endpoint's name; `retryable` where it may pass.
        """
        deadline = time.monotonic() + self._timeout
        pieces: _Pieces = queue.SimpleQueue()
        request = self._request(messages, max_tokens or self.max_tokens, deadline, pieces.put)
        reading = self._background.run(request)
        reading.add_done_callback(lambda done: pieces.put(_ending(done)))
        try:
            while isinstance(piece := self._next(pieces, deadline, stop), str):
                yield piece
        finally:
            reading.cancel()
        if piece is not None:
            raise piece

    def close(self) -> None:
        """Cancel what is running; iterators then just end. A later call starts anew."""
        self._background.close()

    def _warm_up(self, prefix: Sequence[tuple[str, str]]) -> None:
        importing = threading.Thread(target=import_openai_like, daemon=True)
        try:
            self._endpoint.connect()
            importing.start()
            self._endpoint.warm_up(prefix)
        except ModelError:
            return  # the call that needs the model says so

    def _next(
        self, pieces: _Pieces, deadline: float, stop: threading.Event | None
    ) -> str | BaseException | None:
        while not (stop and stop.is_set()):
            left = deadline - time.monotonic()
            if left <= 0:
                return self._late()
            try:
                return pieces.get(timeout=min(left, _POLL) if stop else left)
            except queue.Empty:
                continue
        return None

    def _late(self) -> ModelError:
        return ModelError(
            f"{self._endpoint.label} did not finish within {self._timeout:g} seconds "
            "(llm.timeout); try again, or allow it more time.",
            retryable=True,
        )

    async def _request(
        self,
        messages: Sequence[tuple[str, str]],
        max_tokens: int,
        deadline: float,
        put: Callable[[str], None],
    ) -> None:
        """Put each piece of text; try again after passing failures before the first."""
        address = self._known
        if address is None:
            address = await asyncio.to_thread(self._address, messages)
        for attempt in range(RETRIES + 1):
            begun = False
            try:
                async for piece in self._pieces(address, messages, max_tokens):
                    begun = True
                    put(piece)
            except RequestFailed as failure:
                pause = failure.pause or _FIRST_PAUSE * 2**attempt
                late = time.monotonic() + pause >= deadline
                if begun or late or attempt == RETRIES or not failure.passing:
                    raise failure.error from None
                await asyncio.sleep(pause)
            else:
                return

    async def _pieces(
        self, address: _Address, messages: Sequence[tuple[str, str]], max_tokens: int
    ) -> AsyncGenerator[str]:
        """One request's pieces of text. Its connection is its own and ends with it.

        Raises:
            RequestFailed: whatever went wrong, in words.
        """
        import httpx
        import openai

        label = self._endpoint.label
        most = room = max_tokens * _CHARACTERS_PER_TOKEN
        finished = False
        nonsense = (ValueError, LookupError, TypeError, AttributeError)
        try:
            async with address.open(max_tokens * _BYTES_PER_TOKEN + _BYTES_AROUND) as http:
                async for response in await self._asked(address, http, messages, max_tokens):
                    finished = finished or _is_last(response)
                    if piece := (response.delta or "")[:room]:
                        room -= len(piece)
                        yield piece
                    if not room:
                        return
        except (openai.OpenAIError, httpx.HTTPError, httpx.InvalidURL, *nonsense) as error:
            raise explain(error, label, self.name, address.key) from None
        if room == most:
            raise wordless(label)
        if not finished:
            raise broke_off(label)

    async def _asked(
        self,
        address: _Address,
        http: httpx.AsyncClient,
        messages: Sequence[tuple[str, str]],
        max_tokens: int,
    ) -> AsyncGenerator[ChatResponse]:
        from httpx import Timeout
        from llama_index.core.base.llms.types import ChatMessage
        from llama_index.llms.openai_like import OpenAILike

        client = OpenAILike(
            model=self.name,
            api_base=address.url,
            api_key=address.key,
            is_chat_model=True,
            context_window=self.context_window,
            temperature=self._temperature,
            max_retries=0,
            async_http_client=http,
            default_headers=_named(),
        )
        chat = [ChatMessage(role=role, content=content) for role, content in messages]
        patience = Timeout(None, connect=_CONNECT_WITHIN)  # the caller minds the deadline
        responses = await client.astream_chat(chat, max_tokens=max_tokens, timeout=patience)
        return cast("AsyncGenerator[ChatResponse]", responses)

    def _address(self, messages: Sequence[tuple[str, str]]) -> _Address:
        """Where to ask; imports the client and starts the endpoint, where that is still to do.

        The embedded model reads the messages while the client is imported, which takes seconds.

        Raises:
            ModelError: the embedded model cannot be started.
        """
        if not has_openai_like():
            with ThreadPoolExecutor(1) as beside:
                reading = beside.submit(self._endpoint.warm_up, messages)
                import_openai_like()
                reading.result()
        from httpx import create_ssl_context

        url, key = self._endpoint.connect()
        with self._lock:
            if self._certificates is None and url.startswith("https:"):
                self._certificates = create_ssl_context()
        address = _Address(url, key, self._certificates, self._endpoint.ours)
        if not address.ours:  # a server of ours has another one when it is started anew
            self._known = address
        return address


class _Address(NamedTuple):
    """What a connection needs to know."""

    url: str
    key: str
    certificates: SSLContext | None
    ours: bool

    def open(self, most_bytes: int) -> httpx.AsyncClient:
        """A client for one request, whose answer may have so many bytes."""
        import httpx

        from rag.llm_bound import bounded

        return httpx.AsyncClient(
            verify=self.certificates or False,  # none are needed for http, and loading them is slow
            trust_env=not self.ours,  # a proxy has no business between us and a server of our own
            event_hooks={"response": [bounded(most_bytes)]},
        )


class _Background:
    """An event loop in a thread of its own, which starts when first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def run(self, request: Coroutine[Any, Any, None]) -> Future[None]:
        """Start a coroutine; cancelling the future cancels it."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=_run, args=(self._loop,), daemon=True)
                self._thread.start()
                atexit.register(self.close)
            return asyncio.run_coroutine_threadsafe(request, self._loop)

    def close(self) -> None:
        """Cancel all that runs and end the thread; `run` starts another one."""
        with self._lock:
            loop, thread, self._loop = self._loop, self._thread, None
        if loop and thread:
            atexit.unregister(self.close)
            loop.call_soon_threadsafe(loop.stop)
            thread.join(_CLOSE_WITHIN)  # an import may hold the loop; it ends after that


def _run(loop: asyncio.AbstractEventLoop) -> None:
    """Run until the loop is stopped, and end what is under way then."""
    loop.run_forever()
    loop.run_until_complete(_cancel_all())
    loop.close()


async def _cancel_all() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()
    await asyncio.sleep(0)  # a closed connection lets go of its socket one turn later


def _ending(reading: Future[None]) -> BaseException | None:
    return None if reading.cancelled() else reading.exception()


def _named() -> dict[str, str] | None:
    """The request that this is for, so that both logs can be laid side by side."""
    name = request_id.current.get()
    return {request_id.HEADER: name} if name else None


def _is_last(response: ChatResponse) -> bool:
    choices = getattr(response.raw, "choices", None) or ()
    return any(getattr(choice, "finish_reason", None) for choice in choices)
