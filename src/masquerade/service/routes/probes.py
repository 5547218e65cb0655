"""``/health``, ``/ready`` and ``/metrics``: for what watches the service itself."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Request, Response, Security
from fastapi.responses import JSONResponse

import masquerade
from masquerade.service.access.guard import Caller, needs_metrics
from masquerade.service.answers import GUARDED, Alive, Readiness, problems
from masquerade.service.service import service_of

router = APIRouter(tags=["probes"])


@router.head("/health", include_in_schema=False)
@router.get("/health", response_model=Alive, summary="Is the process alive?", responses=problems(421))
async def health() -> JSONResponse:
    """Answer as long as the event loop turns; says nothing of models or camera."""
    return JSONResponse({"status": "ok", "version": masquerade.__version__})


@router.head("/ready", include_in_schema=False)
@router.get(
    "/ready",
    response_model=Readiness,
    summary="Are photos taken?",
    responses=problems(421) | {503: {"model": Readiness, "description": "Not ready; the reason says why."}},
)
async def ready(request: Request) -> JSONResponse:
    """Tell whether the models are loaded and checked, and the state of the camera and of alerts.

    Where keys are asked for, why something is out of order is told to callers with a key alone.
    A camera that is offline does not make the service unready: photos are still looked at.
    """
    service = service_of(request)
    state = service.readiness(reasons=await service.access.may_know(request))
    return JSONResponse(state, 200 if state["ready"] else 503)


@router.get(
    "/metrics",
    response_class=Response,
    summary="Figures for Prometheus",
    responses=GUARDED | {200: {"content": {"text/plain": {}, "application/openmetrics-text": {}}}},
)
async def metrics(request: Request, _caller: Annotated[Caller, Security(needs_metrics)]) -> Response:
    """Give requests, times, faces by wearing, the line of photos, the camera's state and speed."""
    # Counting the alerts that wait asks their file, which may be slow.
    text, kind = await asyncio.to_thread(service_of(request).metrics.text, request.headers.get("accept", ""))
    return Response(text, media_type=kind)
