"""What the page asks: its questions take their turn among those of all interfaces."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from gradio.context import LocalContext

from rag import request_id
from rag.api.admission import Place
from rag.api.service import Backend, Service
from rag.schema import Answer


class Turns:
    """An assistant whose answers are the service's; all else is its own."""

    def __init__(self, assistant: Backend, service: Service) -> None:
        """Take the assistant, and the service that is over it."""
        self._assistant = assistant
        self._service = service

    def __getattr__(self, name: str) -> Any:
        """What the service has no part in, such as the articles."""
        return getattr(self._assistant, name)

    def astream(self, *asked: Any, **also: Any) -> AsyncGenerator[Answer | Place, None]:
        """As `Service.in_line`, under the id of the request by which the page asked.

        Events run outside of their request, in a loop that Gradio keeps for all of them.
        """
        request = LocalContext.request.get(None)
        given = request.headers.get(request_id.HEADER.lower(), "") if request else ""
        request_id.current.set(request_id.chosen(given))
        return self._service.in_line(*asked, **also)
