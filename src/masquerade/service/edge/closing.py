"""WebSockets end with a reason when the service is stopped, or when the key that opened them holds no more."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from masquerade.errors import MasqueradeError
from masquerade.service.edge.problems import close_code

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from masquerade.service.access.guard import Caller

GOING_AWAY = 1001
REASON = "the service is being stopped"
CONFIRM = 2.0
"""Seconds after which it is asked again whether the caller may still be here."""


class Closing:
    """Middleware: closes a WebSocket as soon as the service is being stopped, or its caller may not stay."""

    def __init__(self, app: ASGIApp, closing: asyncio.Event, confirm: Callable[[Caller], None]) -> None:
        """Take the app, what is set when the service is being stopped, and what refuses a caller."""
        self._app, self._closing, self._confirm = app, closing, confirm

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a connection on."""
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return

        def confirm() -> None:
            caller = scope["state"].get("caller")  # there is none before the guard has let it in
            if caller is not None:
                self._confirm(caller)

        link = _Link(receive, send, self._closing, confirm)
        await self._app(scope, link.receive, link.send)


class _Link:
    """One WebSocket, as the app sees it."""

    def __init__(self, receive: Receive, send: Send, closing: asyncio.Event, confirm: Callable[[], None]) -> None:
        self._receive, self._send, self._closing, self._confirm = receive, send, closing, confirm
        self._due = time.monotonic() + CONFIRM
        self._begun = False
        self._ended: tuple[int, str] | None = None

    async def receive(self) -> Message:
        """Give the next message; that of the end when the connection is closed from this side."""
        if not self._begun:
            self._begun = True
            return await self._receive()  # that somebody connects: the app has to answer it in any case
        if self._ended is None:
            message = await self._next()
            if message is not None:
                return message
        code, reason = self._ended or (GOING_AWAY, REASON)
        return {"type": "websocket.disconnect", "code": code, "reason": reason}

    async def send(self, message: Message) -> None:
        """Send a message, unless the connection is closed."""
        if self._ended is None:
            await self._send(message)

    async def _next(self) -> Message | None:
        """Wait for a message; None when the connection was closed instead."""
        message = asyncio.ensure_future(self._receive())
        stopped = asyncio.ensure_future(self._closing.wait())
        try:
            while True:
                wait = max(0.0, self._due - time.monotonic())
                await asyncio.wait((message, stopped), timeout=wait, return_when=asyncio.FIRST_COMPLETED)
                if (ended := self._end()) is not None:
                    await self._send({"type": "websocket.close", "code": ended[0], "reason": ended[1]})
                    self._ended = ended
                    return None
                if message.done():
                    return message.result()
        finally:
            message.cancel()
            stopped.cancel()

    def _end(self) -> tuple[int, str] | None:
        """Tell with which code and reason the connection has to end now, if it has to."""
        if self._closing.is_set():
            return GOING_AWAY, REASON
        if time.monotonic() < self._due:
            return None
        self._due = time.monotonic() + CONFIRM
        try:
            self._confirm()
        except MasqueradeError as error:
            return close_code(error), error.code
        return None
