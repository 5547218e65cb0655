"""What a service is started with."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from masquerade.image import Limits
from masquerade.settings import Settings, get_settings

MEGABYTE = 10**6


@dataclass(frozen=True, slots=True)
class ServiceConfig:
    """Limits, addresses and files of one service. Times are in seconds.

    Attributes:
        host: address that is listened on.
        port: its port; 0 lets the system choose.
        keys: None: keys are asked for unless ``host`` is loopback; else whether they are.
        keys_file: file of the keys' digests.
        allow_hosts: names that the service answers for, beside addresses, ``localhost`` and the machine's own name.
        proxies: addresses of proxies whose forwarding headers are believed.
        certfile: TLS certificate chain (PEM).
        keyfile: its private key.
        max_bytes: largest photo in bytes.
        max_pixels: largest photo in pixels, by its header.
        batch: most photos of one request.
        queue: most photos and frames that wait for a worker.
        deadline: longest wait for a worker.
        workers: threads that infer, and processes that decode.
        held_bytes: most bytes of bodies that are held at once; further ones wait before they are read.
        rate: requests a minute and client; 0 for as many as they like.
        burst: requests that a client may make at once.
        header_timeout: for the head of a request.
        body_timeout: for a whole body.
        body_pause: longest pause within a body.
        decode_timeout: for decoding one photo.
        stop_timeout: for requests in flight when the service is stopped.
        connections: most connections at once.
        camera: source that is watched, as in ``masquerade watch``; None for none.
        camera_options: for ``open_source``.
        events: file of the camera's events.
        alerts: TOML file of the alerts.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    keys: bool | None = None
    keys_file: Path = Path("keys.json")
    allow_hosts: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()
    certfile: Path | None = None
    keyfile: Path | None = None
    max_bytes: int = 10 * MEGABYTE
    max_pixels: int = 40_000_000
    batch: int = 16
    queue: int = 128
    deadline: float = 30.0
    workers: int = 2
    held_bytes: int = 256 * MEGABYTE
    rate: float = 600.0
    burst: int = 150
    header_timeout: float = 10.0
    body_timeout: float = 60.0
    body_pause: float = 10.0
    decode_timeout: float = 10.0
    stop_timeout: float = 10.0
    connections: int = 1024
    camera: str | None = None
    camera_options: dict[str, Any] = field(default_factory=dict)
    events: Path | None = None
    alerts: Path | None = None

    @classmethod
    def from_settings(cls, settings: Settings | None = None, **given: Any) -> ServiceConfig:
        """Take what the settings say, and over it what is given."""
        settings = settings or get_settings()
        return cls(
            **{
                "keys_file": settings.serve_keys,
                "max_bytes": settings.serve_max_bytes,
                "max_pixels": settings.serve_max_pixels,
                "batch": settings.serve_batch,
                "queue": settings.serve_queue,
                "deadline": settings.serve_deadline,
                "rate": settings.serve_rate,
                "workers": settings.threads,
                **given,
            }
        )

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the service."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return False

    @property
    def keys_wanted(self) -> bool:
        """Whether requests need a key: where others can reach the service, by its own address or through a proxy."""
        return not self.loopback or bool(self.proxies) if self.keys is None else self.keys

    @property
    def limits(self) -> Limits:
        """The largest photo."""
        return Limits(max_bytes=self.max_bytes, max_pixels=self.max_pixels)

    @property
    def max_batch_bytes(self) -> int:
        """The largest body of several photos in bytes."""
        return 4 * self.max_bytes
