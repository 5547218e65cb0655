"""Bodies, limited while they arrive: nothing over the cap is ever read into memory, nobody may dawdle."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders

from masquerade.errors import BodyTooLarge, BodyTooSlow, MasqueradeError, RequestInvalid
from masquerade.service.edge.problems import answer_of

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

SMALL = 64 * 1024
"""Most bytes of a body where a path has no cap of its own."""
OVERHEAD = 16 * 1024
"""Bytes that the frame of a multipart body may take beside its photos."""
LINGER = 2.0
"""Seconds for which a body that is not wanted is still taken and thrown away, so that the client reads the answer."""


class BodyLimits:
    """Middleware: caps and time-outs of bodies."""

    def __init__(self, app: ASGIApp, caps: Mapping[str, int], timeout: float, pause: float) -> None:
        """Take the app, the most bytes of photos by path, and the seconds for a whole body and a pause within one."""
        self._app, self._caps, self._timeout, self._pause = app, caps, timeout, pause

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, its body counted and timed."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        photos = self._caps.get(scope["path"])
        headers = Headers(scope=scope)
        body = _Body(headers, receive, send, photos, self._timeout, self._pause)
        try:
            _check_framing(headers, scope["http_version"])
            body.check()
        except MasqueradeError as error:
            await answer_of(error, scope["state"]["request_id"])(scope, body.receive, body.send)
            return
        await self._app(scope, body.receive, body.send)


def _check_framing(headers: Headers, version: str) -> None:
    """Refuse what two programs in a row may take to end in two places: request smuggling (RFC 9112, section 6.1)."""
    if "transfer-encoding" in headers and ("content-length" in headers or version == "1.0"):
        raise RequestInvalid("Transfer-Encoding beside Content-Length or in HTTP/1.0, expected one length of the body")


class _Body:
    """One request's body and the answer to it."""

    def __init__(
        self, headers: Headers, receive: Receive, send: Send, photos: int | None, timeout: float, pause: float
    ) -> None:
        self._length, self._receive, self._send = headers.get("content-length"), receive, send
        self._photos, self._timeout, self._pause = photos, timeout, pause
        self._cap = SMALL if photos is None else photos + OVERHEAD
        self._open = "transfer-encoding" in headers or self._length not in {None, "0"}
        self._count = 0
        self._until: float | None = None

    def check(self) -> None:
        """Refuse by the announced length alone."""
        if self._length is None:
            return
        if not (self._length.isascii() and self._length.isdigit()):
            raise RequestInvalid(f"Content-Length {self._length[:20]!r}: expected a number")
        if len(self._length) > 15 or int(self._length) > self._cap:
            raise self._too_large()

    def _too_large(self) -> BodyTooLarge:
        most = f"{SMALL:,} bytes" if self._photos is None else f"{self._photos:,} bytes of photos"
        return BodyTooLarge(f"the body is too large, expected at most {most}")

    async def receive(self) -> Message:
        """Give the next part of the body."""
        if not self._open:
            return await self._receive()
        now = time.monotonic()
        self._until = self._until or now + self._timeout
        try:
            async with asyncio.timeout(min(self._pause, self._until - now)):
                message = await self._receive()
        except TimeoutError:
            raise BodyTooSlow(
                f"the body did not arrive in time, expected all of it in {self._timeout:g} s "
                f"and no pause over {self._pause:g} s"
            ) from None
        self._note(message)
        if self._count > self._cap:
            raise self._too_large()
        return message

    def _note(self, message: Message) -> None:
        self._count += len(message.get("body", b""))
        self._open = message["type"] == "http.request" and message.get("more_body", False)

    async def send(self, message: Message) -> None:
        """Send the answer on; where the body was not read to its end the connection is closed behind it."""
        if not self._open:
            await self._send(message)
            return
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)["Connection"] = "close"
        if message["type"] != "http.response.body" or message.get("more_body", False):
            await self._send(message)
            return
        await self._send({**message, "more_body": True})
        await self._drain()
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _drain(self) -> None:
        """Throw away what is still on its way: a socket closed over unread bytes takes the answer with it."""
        self._count = 0
        try:
            async with asyncio.timeout(LINGER):
                while self._open and self._count <= 4 * self._cap:
                    self._note(await self._receive())
        except TimeoutError:
            pass
