"""WebSockets end with a reason when the service is stopped."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

GOING_AWAY = 1001
REASON = "the service is being stopped"


class Closing:
    """Middleware: closes a WebSocket as soon as the service is being stopped."""

    def __init__(self, app: ASGIApp, closing: asyncio.Event) -> None:
        """Take the app, and what is set when the service is being stopped."""
        self._app, self._closing = app, closing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a connection on."""
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        closed = False

        async def receive_or_close() -> Message:
            nonlocal closed
            message = await _first(receive, self._closing)
            if message is not None:
                return message
            if not closed:
                closed = True
                await send({"type": "websocket.close", "code": GOING_AWAY, "reason": REASON})
            return {"type": "websocket.disconnect", "code": GOING_AWAY, "reason": REASON}

        async def send_while_open(message: Message) -> None:
            if not closed:
                await send(message)

        await self._app(scope, receive_or_close, send_while_open)


async def _first(receive: Receive, closing: asyncio.Event) -> Message | None:
    """Give the next message, or None when the service is being stopped before there is one."""
    next_message = asyncio.ensure_future(receive())
    stopped = asyncio.ensure_future(closing.wait())
    try:
        await asyncio.wait((next_message, stopped), return_when=asyncio.FIRST_COMPLETED)
        return next_message.result() if next_message.done() else None
    finally:
        next_message.cancel()
        stopped.cancel()
