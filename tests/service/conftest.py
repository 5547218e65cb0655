"""A service in this process, asked through httpx without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import httpx
import pytest

pytest.importorskip("fastapi", reason="needs the [serve] extra")

from masquerade.service import ServiceConfig, create_app

Result = TypeVar("Result")


@asynccontextmanager
async def served(config: ServiceConfig, ready: bool = True) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a service that is started and, unless told otherwise, ready."""
    app = create_app(config)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=None) as client,
    ):
        client.app = app  # type: ignore[attr-defined]
        while ready and (await client.get("/ready")).status_code != 200:
            await asyncio.sleep(0.05)
        yield client
