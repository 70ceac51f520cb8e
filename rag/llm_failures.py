"""What can go wrong at an endpoint, in words that say what to do. Never names a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.errors import ModelError
from rag.inert import inert

if TYPE_CHECKING:
    import openai

_SAID = 200
"""Characters of an endpoint's own message that are passed on."""


class RequestFailed(Exception):
    """A failed request. It never leaves `rag.llm`; the error inside it does.

    Attributes:
        error: what to tell the caller.
        passing: whether the same request is worth repeating at once.
        pause: seconds that the endpoint asks to wait before that; 0 where it names none.
    """

    def __init__(self, error: ModelError, *, passing: bool = False, pause: float = 0.0) -> None:
        """Keep the parts."""
        super().__init__(str(error))
        self.error = error
        self.passing = passing
        self.pause = pause


def explain(error: Exception, label: str, model: str, secret: str) -> RequestFailed:
    """A failure in words.

    Args:
        error: as raised by openai, httpx, or by code that met an answer it could not read.
        label: what the endpoint is called in messages.
        model: the model that was asked for.
        secret: the key, blotted out wherever the endpoint repeats it.
    """
    import httpx
    import openai

    match error:
        case openai.APITimeoutError():
            return _failure(f"{label} does not answer in time; try again later.", retryable=True)
        case openai.APIConnectionError():
            return _passing(f"{label} cannot be reached; is it running, and the address right?")
        case openai.APIStatusError():
            return _refused(error, label, model, _said(error, secret))
        case openai.APIError():  # told in the middle of a stream
            return _objection(label, _said(error, secret))
        case httpx.HTTPError():
            return broke_off(label)
        case httpx.InvalidURL():
            return _failure(f"{label} is no address; correct it.")
    return _failure(f"{label} sent an answer that cannot be understood ({type(error).__name__}).")


def broke_off(label: str) -> RequestFailed:
    """The connection ended before the answer did."""
    return _passing(f"{label} broke off in the middle of its answer; try again.")


def wordless(label: str) -> RequestFailed:
    """The answer came to its end and held no text."""
    return _failure(
        f"{label} answered without any text; does its address end in /v1, and is the "
        "model one that chats?"
    )


def _refused(error: openai.APIStatusError, label: str, model: str, said: str) -> RequestFailed:
    match error.status_code:
        case 401 | 403 as status:
            return _failure(f"{label} refused the key ({status}); set RAG_LLM__API_KEY.")
        case 404:
            return _failure(
                f"{label} knows no model {model!r}, or nothing is at that address (404); set "
                "llm.model to one it has, and end llm.base_url where /chat/completions would "
                "follow, often in /v1."
            )
        case 429:
            return _passing(
                f"{label} is busy, or its quota is used up (429); try again later.",
                _retry_after(error),
            )
        case status if status >= 500:
            if _is_overflow(said):
                return _overflow(label)
            return _passing(
                f"{label} failed on its side ({status}); try again later.", _retry_after(error)
            )
    return _objection(label, said)


def _objection(label: str, said: str) -> RequestFailed:
    return _overflow(label) if _is_overflow(said) else _failure(f"{label} objected: {said}")


def _is_overflow(said: str) -> bool:
    return "context" in said.lower()


def _overflow(label: str) -> RequestFailed:
    return _failure(
        f"The question and its evidence do not fit the context window of {label}; lower "
        "llm.context_window to what the model has, or answer.max_evidence."
    )


def _said(error: openai.APIError, secret: str) -> str:
    """The endpoint's own message: one line, no key, no page of HTML."""
    line = " ".join(error.message.split())
    if not line or "<html" in line.lower() or "<!doctype" in line.lower():
        return "no reason given"
    told = inert(line.replace(secret, "…") if secret else line)
    return (told.replace(secret, "…") if secret else told)[:_SAID]


def _retry_after(error: openai.APIStatusError) -> float:
    try:
        return max(0.0, float(error.response.headers.get("retry-after", "0")))
    except ValueError:  # a date: our own pause will do
        return 0.0


def _failure(message: str, *, retryable: bool = False) -> RequestFailed:
    return RequestFailed(ModelError(message, retryable=retryable))


def _passing(message: str, pause: float = 0.0) -> RequestFailed:
    return RequestFailed(ModelError(message, retryable=True), passing=True, pause=pause)
