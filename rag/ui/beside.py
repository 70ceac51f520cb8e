"""The pages beside the conversation, as far as what answers can do what they need."""

from __future__ import annotations

from fastapi import FastAPI

from rag.settings import Settings
from rag.ui.adding import Adding, Intake, adding_routes
from rag.ui.collections import collections_routes
from rag.ui.evals import Bench, Evals, evals_routes
from rag.ui.jobs import Jobs
from rag.ui.library import Library, library_routes
from rag.ui.pages import Pages
from rag.ui.preferences import Preferences, settings_routes
from rag.ui.shelf import Shelf


def add_pages(
    app: FastAPI,
    backend: object,
    settings: Settings,
    preferences: Preferences | None = None,
    bench: Bench | None = None,
) -> Pages | None:
    """Add their routes to the application; None where there are no such pages.

    Where other machines can reach the server and nobody is asked who they are, `preferences` are
    left out: they could send the key of the endpoint, and every question, elsewhere.
    """
    if not isinstance(backend, Library):
        return None
    pages, adding = Pages(settings.chat.title, evals=bench is not None), None
    shelf = backend if isinstance(backend, Shelf) else None
    open_to_all = settings.chat.allow_remote and not settings.server.protected
    held = None if open_to_all else preferences
    routers = [settings_routes(pages, held)]
    if isinstance(backend, Intake):
        intake = backend
        adding = Adding(lambda: shelf.current if shelf else intake, settings, Jobs())
        routers.append(adding_routes(adding, pages))
    if bench:
        routers.append(evals_routes(Evals(bench), pages))
    if shelf:
        busy = adding.jobs.busy if adding else (lambda _: False)
        routers.append(collections_routes(shelf, pages, busy))
    about = (lambda: shelf.about_current) if shelf else (lambda: None)
    routers.append(library_routes(backend, pages, adding, about))
    for router in routers:
        app.include_router(router, include_in_schema=False)
    return pages
