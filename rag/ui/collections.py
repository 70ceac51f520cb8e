"""The page of the collections: choose one, make one, say what is in it, delete one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from rag.errors import IndexBusy, RagError
from rag.ui.pages import Pages, went, words_for
from rag.ui.shelf import Shelf

Name = Annotated[str, Form(max_length=200)]
Text = Annotated[str, Form(max_length=4000)]


def collections_routes(
    shelf: Shelf, pages: Pages, busy: Callable[[str], bool] = lambda _: False
) -> APIRouter:
    """`/collections` and what its forms send to.

    Args:
        shelf: the collections.
        pages: fills the templates.
        busy: whether something waits to be written to the collection in a folder.
    """
    router = APIRouter()

    def shown(request: Request, *, status: int = 200, problem: str = "", **values: str) -> Response:
        return pages.shown(
            request,
            "collections.html",
            status=status,
            problem=problem,
            collections=shelf.all(),
            parent=str(shelf.parent),
            values=values,
        )

    @router.get("/collections")
    def collections(request: Request) -> Response:
        """The page."""
        return shown(request)

    @router.post("/collections-choose")
    def choose(request: Request, folder: Name) -> Response:
        """Open one."""
        try:
            shelf.choose(folder)
        except RagError as error:
            return shown(request, status=409, problem=str(error))
        return went("collection")

    @router.post("/collections-create")
    def create(request: Request, name: Name = "", description: Text = "") -> Response:
        """Make one and open it."""
        try:
            shelf.create(name, description)
        except RagError as error:
            return shown(
                request, status=409, problem=str(error), name=name, description=description
            )
        return went("collection")

    @router.get("/collections-delete")
    def confirm(request: Request, folder: Annotated[str, Query(max_length=200)]) -> Response:
        """Which one would be deleted, to be confirmed."""
        chosen = next((one for one in shelf.all() if one.folder == folder), None)
        status = 200 if chosen else 404
        return pages.shown(request, "delete.html", status=status, problem="", chosen=chosen)

    @router.post("/collections-delete")
    def delete(request: Request, folder: Name) -> Response:
        """Delete what was confirmed."""
        try:
            if busy(str(shelf.parent / folder)):
                raise IndexBusy(
                    words_for(request)._(
                        "Articles are being added; delete the collection when that is done, or "
                        "stop it."
                    )
                )
            shelf.delete(folder)
        except RagError as error:
            return shown(request, status=409, problem=str(error))
        return went("collections")

    @router.post("/collections-describe")
    def describe(request: Request, name: Name = "", description: Text = "") -> Response:
        """Say what the open one is called and what is in it."""
        try:
            shelf.describe(shelf.folder.name, name, description)
        except RagError as error:
            return shown(request, status=409, problem=str(error))
        return went("collections")

    return router
