"""The pages beside the conversation, as far as what answers can do what they need."""

from __future__ import annotations

from fastapi import FastAPI

from rag.settings import Settings
from rag.ui.adding import Adding, Intake, adding_routes
from rag.ui.jobs import Jobs
from rag.ui.library import Library, library_routes
from rag.ui.pages import Pages


def add_pages(app: FastAPI, backend: object, settings: Settings) -> bool:
    """Add their routes to the application; whether there are any."""
    if not isinstance(backend, Library):
        return False
    pages, adding = Pages(settings.chat.title), None
    if isinstance(backend, Intake):
        intake = backend
        adding = Adding(lambda: intake, settings, Jobs())
        app.include_router(adding_routes(adding, pages), include_in_schema=False)
    app.include_router(library_routes(backend, pages, adding), include_in_schema=False)
    return True
