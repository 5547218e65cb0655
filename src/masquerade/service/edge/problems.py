"""From errors to answers: one table of statuses, one form of body."""

from __future__ import annotations

import logging
import math
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request, WebSocket
from fastapi.exceptions import RequestValidationError, WebSocketRequestValidationError
from fastapi.requests import HTTPConnection
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.websockets import WebSocketState

from masquerade import errors
from masquerade.errors import InternalError, MasqueradeError, MethodRefused, RequestInvalid, RouteUnknown, ServiceError

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

log = logging.getLogger("masquerade.service")

STATUSES: dict[type[MasqueradeError], int] = {
    # the nearest kind counts: a kind that is not named has the status of the one above it
    errors.MasqueradeError: 500,
    errors.RequestInvalid: 422,
    errors.RouteUnknown: 404,
    errors.MethodRefused: 405,
    errors.BodyTooLarge: 413,
    errors.BodyTooSlow: 408,
    errors.MediaUnsupported: 415,
    errors.KeyRequired: 401,
    errors.ScopeMissing: 403,
    errors.OriginRefused: 403,
    errors.HostUnknown: 421,
    errors.TooManyRequests: 429,
    errors.Busy: 503,
    errors.NotReady: 503,
    errors.KeysInvalid: 503,
    errors.WorkerLost: 503,
    errors.ModelError: 503,
    errors.ImageError: 422,
    errors.ImageTooLarge: 413,
    errors.ImageFormatUnknown: 415,
    errors.ExtraMissing: 415,
}


def status_of(error: MasqueradeError) -> int:
    """Give the HTTP status of an error."""
    return next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)


def close_code(error: MasqueradeError) -> int:
    """Give the code with which an error closes a WebSocket (RFC 6455)."""
    return 1011 if status_of(error) >= HTTPStatus.INTERNAL_SERVER_ERROR else 1008


def body_of(error: MasqueradeError, request_id: str) -> dict[str, Any]:
    """Give the body of an answer that is an error."""
    return {"error": error.to_dict(), "request_id": request_id}


def headers_of(error: MasqueradeError) -> dict[str, str]:
    """Give the headers that an error brings with it."""
    if isinstance(error, errors.KeyRequired):
        return {"WWW-Authenticate": 'Bearer realm="masquerade"'}
    if isinstance(error, ServiceError) and error.retry_after is not None:
        return {"Retry-After": str(math.ceil(max(1.0, error.retry_after)))}
    return {}


def answer_of(error: MasqueradeError, request_id: str) -> JSONResponse:
    """Give the answer to a request that ended in an error."""
    return JSONResponse(body_of(error, request_id), status_of(error), headers_of(error))


def unforeseen(request_id: str) -> InternalError:
    """Log the exception that is being handled, and give the error that says no more than its request."""
    log.exception("request %s failed", request_id)
    return InternalError("something went wrong in the service", hint=f"its log tells more under {request_id}")


def install(app: FastAPI) -> None:
    """Let all errors of an app be answered in this form."""
    app.add_exception_handler(MasqueradeError, _masquerade_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(WebSocketRequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    otherwise = app.router.default

    async def unknown(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":  # which would be refused without a word
            raise RouteUnknown(f"there is no WebSocket at {scope['path'][:200]}", hint="see docs/service.md")
        await otherwise(scope, receive, send)

    app.router.default = unknown


def _id(connection: HTTPConnection) -> str:
    return str(getattr(connection.state, "request_id", ""))


async def _masquerade_error(connection: Request | WebSocket, error: Exception) -> Any:
    assert isinstance(error, MasqueradeError)  # noqa: S101 - registered for no other
    if status_of(error) == HTTPStatus.INTERNAL_SERVER_ERROR:
        error = unforeseen(_id(connection))
    answer = answer_of(error, _id(connection))
    if isinstance(connection, WebSocket):
        await _refuse(connection, error, answer)
        return None
    return answer


async def _refuse(connection: WebSocket, error: MasqueradeError, answer: JSONResponse) -> None:
    if connection.application_state is WebSocketState.CONNECTING:
        await connection.send_denial_response(answer)
    elif connection.application_state is WebSocketState.CONNECTED:
        await connection.close(close_code(error), error.code)


PROBES = frozenset({"/health", "/ready"})
"""Paths that HEAD may be asked of, too; what stands twice at a path is not in the description of the API."""


def _methods(connection: Request | WebSocket, given: str) -> str:
    """Give the methods of a path: those of the route that was found, and of others at the same path."""
    path = getattr(connection.scope.get("route"), "path", "")
    others = {method.upper() for method in connection.app.openapi()["paths"].get(path, {})}
    if path in PROBES:
        others.add("HEAD")
    return ", ".join(sorted({*filter(None, given.split(", ")), *others}))


async def _validation_error(connection: Request | WebSocket, error: Exception) -> Any:
    assert isinstance(error, RequestValidationError | WebSocketRequestValidationError)  # noqa: S101
    problems = (f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
    return await _masquerade_error(connection, RequestInvalid("; ".join(problems)[:1000]))


async def _http_error(connection: Request | WebSocket, error: Exception) -> Any:
    assert isinstance(error, HTTPException)  # noqa: S101
    path = connection.url.path[:200]
    if error.status_code == HTTPStatus.NOT_FOUND:
        return await _masquerade_error(
            connection, RouteUnknown(f"there is nothing at {path}", hint="see /openapi.json")
        )
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = _methods(connection, (error.headers or {}).get("Allow", ""))
        kind = MethodRefused(f"{path} does not take {connection.scope['method'][:20]}, expected {allowed}")
        answer = answer_of(kind, _id(connection))
        answer.headers["Allow"] = allowed
        return answer
    answer = answer_of(RequestInvalid(str(error.detail)[:1000]), _id(connection))
    answer.status_code = error.status_code
    return answer
