"""Whatever goes wrong, in one shape, which clients of OpenAI read as well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException

from rag import request_id
from rag.errors import (
    IndexBusy,
    IndexDamaged,
    IndexMismatch,
    IndexMissing,
    ModelError,
    PromptError,
    RagError,
    ServerBusy,
    SettingsError,
)

_RETRY_AFTER = "5"
"""Seconds after which it makes sense to ask again."""

_KINDS: dict[type[RagError], tuple[int, str]] = {
    SettingsError: (422, "invalid"),
    IndexMissing: (404, "not_found"),
    IndexBusy: (409, "index_busy"),
    IndexDamaged: (503, "index_damaged"),
    IndexMismatch: (503, "index_mismatch"),
    ServerBusy: (429, "busy"),
    ModelError: (503, "model"),
    PromptError: (503, "prompt"),
}
_CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "too_large",
    421: "wrong_host",
    422: "invalid",
    429: "busy",
    503: "unavailable",
}
_SAID: dict[int, str] = {
    404: "There is nothing here; docs/api.md lists what there is.",
    405: "This address is asked in another way; docs/api.md says how.",
}


class Problem(BaseModel):
    """What went wrong."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    message: str
    """What happened, to which thing, and the remedy, in one line."""
    type: str
    """`invalid_request_error` where the request has to change, else `server_error`."""
    code: str
    """For programs: such as `invalid`, `not_found`, `busy`, `too_large`."""
    param: str | None = None
    """The field of the request that is at fault."""
    request_id: str = ""
    """What the request is called in the server's log; also in the header X-Request-ID."""


class Failure(BaseModel):
    """The body of every response that is not a success."""

    error: Problem


ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": Failure, "description": "The body is not JSON."},
    401: {"model": Failure, "description": "A name and password, or a token, is missing or wrong."},
    403: {"model": Failure, "description": "The request comes from a page of another site."},
    404: {"model": Failure, "description": "There is no such thing."},
    405: {"model": Failure, "description": "The address is asked in another way."},
    409: {"model": Failure, "description": "The collection is not in the state that this needs."},
    413: {"model": Failure, "description": "The body is larger than 1 MB."},
    421: {"model": Failure, "description": "The host name is not one of this server."},
    422: {"model": Failure, "description": "A field is missing, unknown or out of its range."},
    429: {"model": Failure, "description": "Too many are waiting; ask again in a moment."},
    503: {"model": Failure, "description": "The collection or the model cannot be used now."},
}
"""For the OpenAPI document: every route may answer with these."""


def failed(
    status: int,
    message: str,
    code: str = "",
    param: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """A response that says what went wrong."""
    problem = Problem(
        message=message,
        type="invalid_request_error" if status < 500 else "server_error",
        code=code or _CODES.get(status, "failed"),
        param=param,
        request_id=request_id.current.get(),
    )
    again = {"Retry-After": _RETRY_AFTER} if status in (429, 503) else {}
    content = Failure(error=problem).model_dump()
    return JSONResponse(content, status_code=status, headers={**again, **(headers or {})})


def unexpected(error: Exception) -> JSONResponse:
    """A defect, told without what it says: that may hold anything. The log has it."""
    message = (
        f"Something went wrong inside Newsdesk ({type(error).__name__}); the server's log has the "
        "details under this request_id."
    )
    return failed(500, message, "unexpected")


def of_error(error: RagError) -> JSONResponse:
    """The response to one of our errors."""
    status, code = _KINDS.get(type(error), (503, "unavailable"))
    return failed(status, str(error), code)


def told(response: JSONResponse) -> str:
    """The JSON of a failure, for a stream whose status is out already."""
    return bytes(response.body).decode()


def told_in_words(app: FastAPI) -> None:
    """Have an application answer every failure in this shape."""
    app.add_exception_handler(RagError, _ours)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)


def _ours(_: Request, error: Exception) -> Response:
    assert isinstance(error, RagError)  # noqa: S101  # what it is registered for
    return of_error(error)


def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  # what it is registered for
    message = _SAID.get(error.status_code, str(error.detail))
    return failed(error.status_code, message, headers=error.headers)


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  # what it is registered for
    problems: Sequence[Mapping[str, Any]] = error.errors()
    declared = "json" in request.headers.get("content-type", "")
    if any(_no_json(problem, declared=declared) for problem in problems):
        message = "The body is not JSON; send an object in UTF-8, as Content-Type application/json."
        return failed(400, message, param="body")
    lines = [f"{_place(p)}: {p['msg'].removeprefix('Value error, ')}" for p in problems[:5]]
    return failed(422, "; ".join(lines), param=_place(problems[0]))


def _no_json(problem: Mapping[str, Any], *, declared: bool) -> bool:
    return problem["type"] == "json_invalid" or (problem["loc"] == ("body",) and not declared)


def _place(problem: Mapping[str, Any]) -> str:
    """Where in the request, such as `filters.published_from`."""
    place = problem["loc"]
    names = place[1:] if len(place) > 1 and place[0] in ("body", "query", "path") else place
    return ".".join(str(name) for name in names)[:100]
