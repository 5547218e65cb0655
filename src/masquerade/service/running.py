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

from masquerade.errors import AddressUnusable, ServeUnsafe, SettingsInvalid
from masquerade.service.access.keys import KeyFile
from masquerade.service.app import create_app
from masquerade.service.edge.protocol import MAX_HEAD, protocol_for

if TYPE_CHECKING:
    from masquerade.service.config import ServiceConfig
    from masquerade.service.service import Service

MESSAGE = 4 * 2**20
"""Bytes that one message of a WebSocket may have."""
BACKLOG = 1024


def check(config: ServiceConfig) -> None:
    """Do nothing unless a service with this configuration would be open to others, or could not be reached.

    Raises:
        ServeUnsafe: beyond loopback, keys are asked for and there is none: nobody could come in.
        SettingsInvalid: one of certificate and private key is missing.
        KeysInvalid: the file of keys is damaged.
    """
    for path, what in ((config.certfile, "certificate"), (config.keyfile, "private key")):
        if path is not None and not path.is_file():
            raise SettingsInvalid(f"{path}: there is no {what}", hint="name a PEM file")
    if (config.certfile is None) != (config.keyfile is None):
        raise SettingsInvalid("expected a certificate and its private key, got one of the two")
    if config.keys_wanted and not KeyFile(config.keys_file).keys():
        raise ServeUnsafe(
            f"{config.host} can be reached by others, and {config.keys_file} holds no key",
            hint="masquerade keys add NAME makes one; --no-keys lets everybody in",
        )


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
    """Serve until SIGTERM or Ctrl-C.

    Args:
        config: of the service.
        started: is called with the port as soon as it is listened on.

    Raises:
        ServeUnsafe, SettingsInvalid, KeysInvalid: see ``check``.
        AddressUnusable: the port is taken, or the address is not this machine's.
        MasqueradeError: the camera, a file of it, or the alerts cannot be used; see ``Service.open``.
    """
    check(config)
    app = create_app(config)
    service: Service = app.state.service
    service.open()  # what cannot be used is told before anything is served
    server = _Server(_uvicorn_config(config, app), service, started)
    try:
        with _signals_survived(), _listening(config) as listener:
            server.run([listener])
    finally:
        service.close()


def _listening(config: ServiceConfig) -> socket.socket:
    """Bind before anything is loaded, so that a port that is taken is told at once."""
    try:
        family, _, _, _, address = socket.getaddrinfo(config.host, config.port, type=socket.SOCK_STREAM)[0]
        both = family == socket.AF_INET6 and config.host == "::" and socket.has_dualstack_ipv6()
        return socket.create_server(address[:2], family=family, backlog=BACKLOG, dualstack_ipv6=both)
    except OSError as error:
        raise AddressUnusable(
            f"{config.host}, port {config.port}: {error.strerror or error}", hint="--host and --port name another"
        ) from error


def _uvicorn_config(config: ServiceConfig, app: object) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        host=config.host,
        port=config.port,
        http=protocol_for(config),
        ws="websockets-sansio",
        ws_max_size=MESSAGE,
        ws_per_message_deflate=False,
        h11_max_incomplete_event_size=MAX_HEAD,
        timeout_keep_alive=10,
        timeout_graceful_shutdown=max(1, round(config.stop_timeout)),
        proxy_headers=bool(config.proxies),
        forwarded_allow_ips=list(config.proxies),
        ssl_certfile=None if config.certfile is None else str(config.certfile),
        ssl_keyfile=None if config.keyfile is None else str(config.keyfile),
        server_header=False,
        access_log=False,
        log_config=None,
        log_level=logging.WARNING,
    )


@contextmanager
def _signals_survived() -> Iterator[None]:
    """Let SIGTERM and SIGINT end the server and no more: uvicorn raises them again when it is done."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def nothing(_number: int, _frame: FrameType | None) -> None:
        return

    earlier = {number: signal.signal(number, nothing) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
