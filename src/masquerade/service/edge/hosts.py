"""Against pages of other sites: a name that was pointed at this machine, and requests that such pages send."""

from __future__ import annotations

import ipaddress
import re
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from masquerade.errors import HostUnknown, MasqueradeError, OriginRefused
from masquerade.service.edge.problems import answer_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Receive, Scope, Send

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
SAME = frozenset({"same-origin", "none"})
"""What ``Sec-Fetch-Site`` is of requests from the service's own pages, and of those that somebody typed."""
HOST = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+(?:%[A-Za-z0-9._~-]+)?)\]|(?P<name>[A-Za-z0-9._-]+))(?::[0-9]{0,5})?")
"""A ``Host`` header as browsers and clients send it; what else RFC 3986 allows in its place has no business there."""


class Hosts:
    """Middleware: checks ``Host``, and ``Origin`` of what could change or cost something."""

    def __init__(self, app: ASGIApp, names: Iterable[str], any_name: bool) -> None:
        """Take the app, and the names it answers for.

        Args:
            app: what stands behind.
            names: beside addresses, ``localhost`` and this machine's own name.
            any_name: answer for every name; safe where each request needs a key.
        """
        own = socket.gethostname().lower()
        self._app, self._any = app, any_name
        self._names = {"localhost", own, f"{own}.local", *(name.lower() for name in names)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] in {"http", "websocket"}:
            try:
                self._check(Headers(scope=scope), scope)
            except MasqueradeError as error:
                await answer_of(error, scope["state"]["request_id"])(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _check(self, headers: Headers, scope: Scope) -> None:
        host = headers.get("host", "")
        if not self._any and not self._known(_name(host)):
            raise HostUnknown(
                f"this service does not answer for {_name(host)[:100]!r}", hint="--allow-host NAME adds a name"
            )
        if scope["type"] == "http" and scope["method"] in SAFE:
            return
        for origin in headers.getlist("origin"):
            if _site(origin) != host.lower():
                raise OriginRefused(
                    f"the request comes from a page of {origin[:100]!r}, expected one of {host[:100]!r}"
                )
        if set(headers.getlist("sec-fetch-site")) - SAME:
            raise OriginRefused("the request comes from a page of another site")

    def _known(self, name: str) -> bool:
        if name in self._names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True  # an address cannot be pointed elsewhere


def _site(origin: str) -> str:
    """Give host and port in an ``Origin`` header; nothing where it is none."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _name(host: str) -> str:
    """Give the name in a ``Host`` header, without port and brackets; nothing where it is no such header."""
    found = HOST.fullmatch(host)
    return (found["six"] or found["name"]).lower().removesuffix(".") if found else ""
