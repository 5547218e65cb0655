"""``/v1/session``: the kiosk page shows a key once and gets a cookie for it."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from masquerade.errors import KeyRequired, MediaUnsupported, RequestInvalid
from masquerade.service.access.guard import address_of, key_of
from masquerade.service.access.keys import SCOPES
from masquerade.service.access.sessions import COOKIE
from masquerade.service.answers import SessionOpened, problems
from masquerade.service.service import service_of
from masquerade.service.uploads import media_type

router = APIRouter(prefix="/v1/session", tags=["session"])
BODY = {
    "type": "object",
    "required": ["key"],
    "additionalProperties": False,
    "properties": {"key": {"type": "string", "maxLength": 256}},
}


@router.post(
    "",
    response_model=SessionOpened,
    summary="Open a session",
    responses=problems(401, 403, 408, 413, 415, 421, 422, 429, 500),
    openapi_extra={"requestBody": {"content": {"application/json": {"schema": BODY}}}},
)
async def open_session(request: Request) -> JSONResponse:
    """Take a key, in the header or as ``{"key"}``, and set a cookie that scripts cannot read.

    Where no keys are asked for, there is nothing to open, and no cookie is set.
    """
    access = service_of(request).access
    text = await _key_in(request)
    if not access.wanted:
        return JSONResponse({"scopes": list(SCOPES), "seconds": int(access.sessions.life)})
    key = await access.find(text, address_of(request)) if text else None
    if key is None:
        raise KeyRequired("this key is not known here", hint="masquerade keys add makes one")
    answer = JSONResponse({"scopes": list(key.scopes), "seconds": int(access.sessions.life)})
    _set_cookie(request, answer, access.sessions.open(key.number))
    return answer


def renew_session(request: Request, answer: Response) -> None:
    """Let the session of the cookie that came with a request begin anew; do nothing where there is none."""
    token = request.cookies.get(COOKIE, "")
    if token and service_of(request).access.sessions.renew(token):
        _set_cookie(request, answer, token)


def _set_cookie(request: Request, answer: Response, token: str) -> None:
    answer.set_cookie(
        COOKIE,
        token,
        max_age=int(service_of(request).access.sessions.life),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )


@router.delete(
    "", status_code=204, response_class=Response, summary="End the session", responses=problems(403, 421, 500)
)
async def end_session(request: Request) -> Response:
    """Forget the session of the cookie that came with the request."""
    service_of(request).access.sessions.close(request.cookies.get(COOKIE, ""))
    answer = Response(status_code=204)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


async def _key_in(request: Request) -> str:
    body = await request.body()
    if not body:
        return key_of(request)
    kind = media_type(request)
    if kind != "application/json":
        raise MediaUnsupported(f"Content-Type {kind[:100]!r}, expected application/json")
    try:
        content: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RequestInvalid(f"the body is no JSON: {error}") from error
    if not isinstance(content, dict) or content.keys() != {"key"} or not isinstance(content["key"], str):
        raise RequestInvalid('expected a body like {"key": "mq_..."}')
    return content["key"][:256]
