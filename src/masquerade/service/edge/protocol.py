"""uvicorn's HTTP protocol with what it lacks: time-outs for heads and answers, a cap on connections, typed errors.

uvicorn waits without end for the head of a first request (its keep-alive time-out begins after an answer), and for a
client that takes its answer, so that a few hundred sockets that send or read a byte a minute take all connections.
"""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

if TYPE_CHECKING:
    from masquerade.service.config import ServiceConfig

MAX_HEAD = 16 * 1024
"""Bytes that the head of a request may take."""


def protocol_for(config: ServiceConfig) -> type[asyncio.Protocol]:
    """Give the protocol class with these limits, for uvicorn's ``http``."""

    class Limited(LimitedProtocol):
        header_timeout, write_timeout, most = config.header_timeout, config.body_timeout, config.connections

    return Limited


def websocket_for(config: ServiceConfig) -> type[asyncio.Protocol]:
    """Give the protocol class with these limits, for uvicorn's ``ws``."""

    class Limited(LimitedWebSocket):
        write_timeout = config.body_timeout

    return Limited


class CutsOff(asyncio.Protocol):
    """Cuts off a client that does not take what was written in time."""

    write_timeout = 60.0
    loop: asyncio.AbstractEventLoop
    transport: Any
    _write_timer: asyncio.TimerHandle | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_write_timer()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Begin to wait for the client to take what was written."""
        super().pause_writing()
        self._stop_write_timer()
        self._write_timer = self.loop.call_later(self.write_timeout, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop waiting."""
        self._stop_write_timer()
        super().resume_writing()

    def _cut_off_later(self) -> None:
        if self._write_timer is None and self.transport.get_write_buffer_size():
            self._write_timer = self.loop.call_later(self.write_timeout, self.transport.abort)

    def _stop_write_timer(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None


class LimitedWebSocket(CutsOff, WebSocketsSansIOProtocol):
    """One connection of a WebSocket."""


class LimitedProtocol(CutsOff, H11Protocol):
    """One connection of HTTP."""

    header_timeout = 10.0
    most = 1024
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first head, or refuse the connection."""
        super().connection_made(transport)
        if len(self.connections) > self.most:
            self._end(HTTPStatus.SERVICE_UNAVAILABLE, "busy", "too many connections, expected fewer")
        else:
            self._watch_head()

    def data_received(self, data: bytes) -> None:
        """Take bytes; a head that has begun must be whole in time."""
        super().data_received(data)
        self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_timer()
        super().connection_lost(exc)

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection; what its client has not taken by then is not waited for without end."""
        super().timeout_keep_alive_handler()
        self._cut_off_later()

    def _watch_head(self) -> None:
        if self.conn.their_state is not h11.IDLE or self.transport.is_closing():
            self._stop_timer()
        elif self._head_timer is None and self.timeout_keep_alive_task is None:
            self._head_timer = self.loop.call_later(self.header_timeout, self._head_too_slow)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_too_slow(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            message = f"the head of the request did not arrive in {self.header_timeout:g} s"
            self._end(HTTPStatus.REQUEST_TIMEOUT, "body_too_slow", message)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP."""
        self._stop_timer()
        self._end(HTTPStatus.BAD_REQUEST, "request_invalid", msg)

    def _end(self, status: HTTPStatus, code: str, message: str) -> None:
        """Answer without an application, and close."""
        body = json.dumps({"error": {"code": code, "message": message}, "request_id": ""}).encode()
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: application/json\r\nconnection: close\r\n"
            f"content-length: {len(body)}\r\ncache-control: no-store\r\nx-content-type-options: nosniff\r\n\r\n"
        )
        self.transport.write(head.encode("ascii") + body)
        self.transport.close()
        self._cut_off_later()
