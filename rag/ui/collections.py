"""The page of the collections: choose one, make one, say what is in it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from rag.errors import RagError
from rag.ui.pages import Pages, went
from rag.ui.shelf import Shelf

Name = Annotated[str, Form(max_length=200)]
Text = Annotated[str, Form(max_length=4000)]


def collections_routes(shelf: Shelf, pages: Pages) -> APIRouter:
    """`/collections` and what its forms send to."""
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

    @router.post("/collections-describe")
    def describe(request: Request, name: Name = "", description: Text = "") -> Response:
        """Say what the open one is called and what is in it."""
        try:
            shelf.describe(shelf.folder.name, name, description)
        except RagError as error:
            return shown(request, status=409, problem=str(error))
        return went("collections")

    return router
