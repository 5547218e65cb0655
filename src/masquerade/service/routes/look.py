"""``POST /v1/look`` and ``/v1/look/batch``: photos in, faces and wearing out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Security
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from masquerade.errors import ExtraMissing, ImageError
from masquerade.looking import Seen, look
from masquerade.service.access.guard import Caller, needs_look
from masquerade.service.answers import GUARDED, Looked, LookedAtAll, problems
from masquerade.service.service import Service, service_of
from masquerade.service.uploads import Upload, many_photos, one_photo, while_there

router = APIRouter(prefix="/v1/look", tags=["look"])
BINARY = {"type": "string", "format": "binary"}
RAW_KINDS = (
    *(f"image/{kind}" for kind in ("jpeg", "png", "webp", "bmp", "tiff", "heic")),
    "application/octet-stream",
)
"""Media types of raw bodies, as OpenAPI tells them; any other ``image/...`` is taken too, as the bytes decide."""


class How(BaseModel):
    """How to look."""

    model_config = ConfigDict(extra="forbid")

    effort: Literal["photo", "frame"] = Field(
        default="photo", description="photo searches at several scales; frame makes one quick pass, as for video."
    )
    confidence: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = Field(
        default=None, description="A face is undecided where no label is this likely; by default the setting's."
    )


def _form(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    properties = {name: schema}
    return {"schema": {"type": "object", "required": [name], "additionalProperties": False, "properties": properties}}


@router.post(
    "",
    response_model=Looked,
    summary="Look at a photo",
    responses=GUARDED | problems(408, 413, 415, 422, 503),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                **{kind: {"schema": BINARY} for kind in RAW_KINDS},
                "multipart/form-data": _form("photo", BINARY),
            },
        }
    },
)
async def look_at_one(
    request: Request, how: Annotated[How, Query()], _caller: Annotated[Caller, Security(needs_look)]
) -> JSONResponse:
    """Find every face in a photo and tell how its mask is worn. Nothing is kept and nobody identified."""
    service = service_of(request)
    service.check_ready()
    async with service.room.hold(_announced(request, service.config.max_bytes), service.config.deadline):
        upload = await one_photo(request)
        async with while_there(request):
            seen = await _look(service, upload, how)
    return JSONResponse({**seen.to_dict(), "request_id": request.state.request_id})


@router.post(
    "/batch",
    response_model=LookedAtAll,
    summary="Look at several photos",
    responses=GUARDED | problems(408, 413, 415, 422, 503),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"multipart/form-data": _form("photos", {"type": "array", "minItems": 1, "items": BINARY})},
        }
    },
)
async def look_at_many(
    request: Request, how: Annotated[How, Query()], caller: Annotated[Caller, Security(needs_look)]
) -> JSONResponse:
    """Do the same with several photos. One that cannot be read has an error in its place; the others are answered."""
    service = service_of(request)
    service.check_ready()
    async with service.room.hold(_announced(request, service.config.max_batch_bytes), service.config.deadline):
        uploads = await many_photos(request, service.config.batch)
        service.access.rates.take(caller.name, len(uploads) - 1)
        at_once = asyncio.Semaphore(service.limiter.workers)  # the rest of the line is for others
        async with while_there(request):
            results = await _together([_result_of(service, upload, how, at_once) for upload in uploads])
    return JSONResponse({"results": results, "request_id": request.state.request_id})


async def _together(jobs: list[Any]) -> list[dict[str, Any]]:
    """Await all; the first that fails cancels the others and passes its error."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(job) for job in jobs]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]


async def _result_of(service: Service, upload: Upload, how: How, at_once: asyncio.Semaphore) -> dict[str, Any]:
    async with at_once:
        try:
            seen = await _look(service, upload, how)
        except (ImageError, ExtraMissing) as error:
            return {"photo": upload.name, "error": error.to_dict()}
    return {"photo": upload.name, **seen.to_dict()}


async def _look(service: Service, upload: Upload, how: How) -> Seen:
    try:
        seen, took = await service.limiter.run(_job(service, upload, how))
    except (ImageError, ExtraMissing) as error:
        service.metrics.refused(error.code)
        raise
    service.metrics.photo(seen, took)
    return seen


def _job(service: Service, upload: Upload, how: How) -> Callable[[], tuple[Seen, float]]:
    def job() -> tuple[Seen, float]:
        started = time.perf_counter()
        seen = look(service.decoders.read(upload.data), effort=how.effort, confidence=how.confidence)
        return seen, time.perf_counter() - started

    return job


def _announced(request: Request, most: int) -> int:
    """Bytes that the body takes; the most that it may where it does not say."""
    return min(most, int(request.headers.get("content-length", most)))
