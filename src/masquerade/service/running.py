"""Serve: uvicorn with our limits, refused where it would be unsafe, stopped without losing what is in work."""

from __future__ import annotations

import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn

from masquerade.service.app import create_app
from masquerade.service.checking import check, listening, trusted
from masquerade.service.edge.protocol import MAX_HEAD, protocol_for, websocket_for

if TYPE_CHECKING:
    from masquerade.service.config import ServiceConfig
    from masquerade.service.service import Service

MESSAGE = 4 * 2**20
"""Bytes that one message of a WebSocket may have."""
BACKLOG = 1024


class _Server(uvicorn.Server):
    """uvicorn's server, which tells the service first that it is being stopped."""

    def __init__(self, config: uvicorn.Config, service: Service, started: Callable[[int], None]) -> None:
        super().__init__(config)
        self._service, self._tell = service, started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer, and say at which port."""
        await super().startup(sockets)
        if self.started and sockets:
            self._tell(sockets[0].getsockname()[1])

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let pages that look on go, then wait for what is in work."""
        self._service.stopping()
        await super().shutdown(sockets)


def run(config: ServiceConfig, started: Callable[[int], None] = lambda _port: None) -> None:
    """Serve until SIGTERM, Ctrl-C, or the end of the terminal (SIGHUP, unless that is ignored as under nohup).

    Args:
        config: of the service.
        started: is called with the port as soon as it is listened on.

    Raises:
        SettingsInvalid, AddressUnusable, ServeUnsafe, KeysInvalid: see ``check``; also where the port is taken.
        MasqueradeError: the camera, a file of it, or the alerts cannot be used; see ``Service.open``.
    """
    check(config)
    app = create_app(config)
    service: Service = app.state.service
    service.open()  # what cannot be used is told before anything is served
    server = _Server(_uvicorn_config(config, app), service, started)
    try:
        with _signals_survived(server), listening(config.host, config.port, BACKLOG) as listener:
            server.run([listener])
    finally:
        service.close()


def _uvicorn_config(config: ServiceConfig, app: object) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        host=config.host,
        port=config.port,
        http=protocol_for(config),
        ws=websocket_for(config),
        ws_max_size=MESSAGE,
        ws_per_message_deflate=False,
        h11_max_incomplete_event_size=MAX_HEAD,
        timeout_keep_alive=10,
        timeout_graceful_shutdown=max(1, round(config.stop_timeout)),
        proxy_headers=bool(config.proxies),
        forwarded_allow_ips=trusted(config.proxies),
        ssl_certfile=None if config.certfile is None else str(config.certfile),
        ssl_keyfile=None if config.keyfile is None else str(config.keyfile),
        server_header=False,
        access_log=False,
        log_config=None,
        log_level=logging.WARNING,
    )


@contextmanager
def _signals_survived(server: uvicorn.Server) -> Iterator[None]:
    """Let signals end the server and no more: uvicorn raises those that it knows again when it is done."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(_number: int, _frame: FrameType | None) -> None:
        server.should_exit = True

    earlier = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    hang_up = getattr(signal, "SIGHUP", None)
    if hang_up is not None and signal.getsignal(hang_up) is signal.SIG_DFL:
        earlier[hang_up] = signal.signal(hang_up, end)
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
