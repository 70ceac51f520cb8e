"""The pages beside the conversation, as far as what answers can do what they need."""

from __future__ import annotations

from fastapi import FastAPI

from rag.settings import Settings
from rag.ui.adding import Adding, Intake, adding_routes
from rag.ui.collections import collections_routes
from rag.ui.jobs import Jobs
from rag.ui.library import Library, library_routes
from rag.ui.pages import Pages
from rag.ui.shelf import Shelf


def add_pages(app: FastAPI, backend: object, settings: Settings) -> bool:
    """Add their routes to the application; whether there are any."""
    if not isinstance(backend, Library):
        return False
    pages, adding = Pages(settings.chat.title), None
    shelf = backend if isinstance(backend, Shelf) else None
    routers = []
    if isinstance(backend, Intake):
        intake = backend
        adding = Adding(lambda: shelf.current if shelf else intake, settings, Jobs())
        routers.append(adding_routes(adding, pages))
    if shelf:
        routers.append(collections_routes(shelf, pages))
    about = (lambda: shelf.about_current) if shelf else (lambda: None)
    routers.append(library_routes(backend, pages, adding, about))
    for router in routers:
        app.include_router(router, include_in_schema=False)
    return True
