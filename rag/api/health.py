"""Whether the server is there, whether it can answer, and what it has done so far."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from rag.api.bodies import Health
from rag.api.failures import ERRORS, failed
from rag.api.service import Service
from rag.errors import RagError

_FRESH = {"Cache-Control": "no-store"}


def routes(service: Service) -> APIRouter:
    """`/healthz`, `/readyz` and `/metrics`."""
    router = APIRouter(tags=["Operation"], responses={401: ERRORS[401], 421: ERRORS[421]})

    @router.get("/healthz", responses={200: {"model": Health}}, response_model=None)
    async def healthz() -> Response:
        """That the server runs; needs no password."""
        return JSONResponse({"status": "ok"}, headers=_FRESH)

    @router.get(
        "/readyz", responses={200: {"model": Health}, 503: ERRORS[503]}, response_model=None
    )
    async def readyz() -> Response:
        """That the collection can be read; 503 with the reason where it cannot."""
        try:
            await service.ready()
        except RagError as error:
            return failed(503, str(error), "not_ready", headers=_FRESH)
        return JSONResponse({"status": "ready"}, headers=_FRESH)

    @router.get(
        "/metrics",
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
        response_model=None,
    )
    async def metrics() -> Response:
        """Figures for Prometheus."""
        return Response(
            service.metrics.text(),
            media_type="text/plain; version=0.0.4; charset=utf-8",
            headers=_FRESH,
        )

    return router
