"""Around every answer: an id, security headers, a line in the log, figures for the metrics; never a stack trace."""

from __future__ import annotations

import asyncio
import logging
import re
import time
import uuid
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect

from masquerade.errors import NotReady
from masquerade.service.edge.problems import answer_of, unforeseen

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from masquerade.service.metrics import Metrics

log = logging.getLogger("masquerade.service.access")

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": (
        "camera=(self), screen-wake-lock=(self), fullscreen=(self), microphone=(), geolocation=(), "
        "payment=(), usb=(), display-capture=()"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}
"""Set where an answer does not set them itself."""


class Envelope:
    """Middleware: the outermost."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        """Take the app and where the figures go."""
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer back."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        request_id = _id_for(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        started, status = time.perf_counter(), 0

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] in {"http.response.start", "websocket.http.response.start"}:
                status = message["status"]
                _complete(message, request_id)
            elif message["type"] == "websocket.accept":
                status = 101
            await send(message)

        try:
            await self._app(scope, receive, send_on)
        except asyncio.CancelledError:  # it was not done when the time for stopping was over
            if not status:
                stopped = NotReady("the service was stopped before this was done", retry_after=10)
                await answer_of(stopped, request_id)(scope, receive, send_on)
        except ClientDisconnect:  # nobody is left to answer
            pass
        except Exception:  # noqa: BLE001 - logged, and answered without a word of it
            error = unforeseen(request_id)
            if not status:
                await answer_of(error, request_id)(scope, receive, send_on)
        finally:
            took = time.perf_counter() - started
            self._metrics.request(_route(scope), status, took)
            log.info("%s", _line(scope, status, took, request_id))


def _id_for(scope: Scope) -> str:
    given = Headers(scope=scope).get("x-request-id", "")
    return given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _complete(message: Message, request_id: str) -> None:
    headers = MutableHeaders(scope=message)
    headers["X-Request-ID"] = request_id
    for name, value in HEADERS.items():
        headers.setdefault(name, value)


def _route(scope: Scope) -> str:
    """Name the route by its pattern: a path may be anything, and there must not be endless metrics."""
    return str(getattr(scope.get("route"), "path", "unknown"))


def _line(scope: Scope, status: int, took: float, request_id: str) -> str:
    """Say what was asked, without the query, and without a character that could forge a line."""
    path = (scope.get("raw_path") or b"").decode("ascii", "replace")[:200]
    client = scope.get("client") or ("-", 0)
    method = scope.get("method", "WEBSOCKET")[:20]
    return f"{client[0]} {method} {path!r} {status} {1000 * took:.0f}ms {request_id}"
