"""All parts of one running service, as routes find them."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, cast

from masquerade.errors import MasqueradeError, NotReady
from masquerade.service.access.guard import Access
from masquerade.service.access.keys import KeyFile
from masquerade.service.access.rates import Rates
from masquerade.service.alerting import Alerting
from masquerade.service.hub import Hub
from masquerade.service.metrics import Metrics
from masquerade.service.uploads import Room
from masquerade.service.warming import warm_up
from masquerade.service.work.decoder import Decoders
from masquerade.service.work.limiter import Limiter

if TYPE_CHECKING:
    from fastapi.requests import HTTPConnection

    from masquerade.service.access.guard import Caller
    from masquerade.service.camera import Camera
    from masquerade.service.config import ServiceConfig

log = logging.getLogger("masquerade.service")


class Service:
    """What routes share. Made before the event loop runs, started and stopped by the app's lifespan.

    Attributes:
        config: what it was started with.
        access: who may ask.
        limiter: runs inference off the event loop.
        decoders: decode pictures in processes of their own; to be called inside the limiter's jobs.
        room: for bodies.
        metrics: figures.
        alerting: sends the alerts of all cameras.
        hub: newest snapshot of the camera.
        camera: the server's camera; None where there is none.
        closing: set when the service is being stopped.
    """

    def __init__(self, config: ServiceConfig) -> None:
        """Make all parts; nothing runs yet."""
        self.config = config
        self.metrics = Metrics()
        rates = Rates(config.rate, config.burst)
        self.access = Access(config.keys_wanted, KeyFile(config.keys_file), rates)
        self.limiter = Limiter(config.workers, config.queue, config.deadline)
        self.decoders = Decoders(config.workers, config.limits, config.decode_timeout)
        self.room = Room(config.held_bytes)
        self.hub = Hub()
        self.alerting = Alerting(config.alerts)
        self.camera = _camera(config, self.hub, self.alerting)
        self.closing = asyncio.Event()
        self._models: tuple[str, ...] = ()
        self._trouble: MasqueradeError | None = NotReady("the models are being loaded", retry_after=1)
        self._warming: asyncio.Task[None] | None = None
        self._measure(rates)

    def _measure(self, rates: Rates) -> None:
        gauge, count = self.metrics.gauge, self.metrics.count
        gauge("queue", "Photos and frames that wait for a worker.", lambda: self.limiter.waiting)
        gauge("workers_busy", "Workers that are at work.", lambda: self.limiter.busy)
        count("rejected", "Photos and frames sent away because of too much work.", lambda: self.limiter.refused)
        count("rate_limited", "Requests sent away because one client made too many.", lambda: rates.refused)
        gauge("held_bytes", "Bytes of photos in memory.", lambda: self.room.held)
        gauge("onlookers", "Pages that look at the camera's state.", lambda: self.hub.onlookers)
        if self.camera is not None:
            self.camera.measure(self.metrics)
        self.alerting.measure(self.metrics)
        gauge("ready", "1 when photos are taken.", lambda: float(self._trouble is None))

    def open(self) -> None:
        """Open the alerts and the camera, or nothing; a second time does nothing.

        Raises:
            MasqueradeError: the camera, a file of it, or the alerts cannot be used.
        """
        self.alerting.open()
        try:
            if self.camera is not None:
                self.camera.open()
        except BaseException:
            self.alerting.close()
            raise

    def close(self) -> None:
        """Stop the camera, then give alerts some seconds to get out; a second time does nothing."""
        if self.camera is not None:
            self.camera.stop(self.config.stop_timeout)
        self.alerting.close()

    async def start(self) -> None:
        """Begin to load the models; photos are taken and the camera is watched when they are there.

        Raises:
            MasqueradeError: see ``open``.
        """
        await asyncio.to_thread(self.open)
        self._warming = asyncio.create_task(self._warm_up())

    async def _warm_up(self) -> None:
        try:
            self._models = await asyncio.to_thread(warm_up, self.decoders)
            self._trouble = None
        except MasqueradeError as error:
            self._trouble = error
            log.error("not ready: %s [%s]", error, error.code)
        except Exception:  # told by /ready and in the log, and the service can still be stopped
            self._trouble = NotReady("the models could not be loaded; the log of the service has the reason")
            log.exception("not ready")
        else:
            log.info("ready")
        if self.camera is not None and self._trouble is None and not self.closing.is_set():
            self.camera.start()

    def stopping(self) -> None:
        """Let what never ends by itself end: pages that look on."""
        self.closing.set()
        self.hub.end()

    async def stop(self) -> None:
        """Let what is in work end, stop the camera, let alerts get out, end the decoders."""
        self.stopping()
        self._trouble = NotReady("the service is being stopped")
        if self._warming is not None:
            await self._warming
        await self.limiter.close()
        await asyncio.to_thread(self.close)
        await asyncio.to_thread(self.decoders.close)

    def confirm(self, caller: Caller) -> None:
        """Do nothing while a caller may stay; see ``Access.confirm``."""
        self.access.confirm(caller)

    def check_ready(self) -> None:
        """Do nothing when photos are taken.

        Raises:
            NotReady: they are not yet, or not any more.
            ModelError: they never will be: a model is damaged.
        """
        if self._trouble is not None:
            raise self._trouble

    def readiness(self, *, reasons: bool = True) -> dict[str, Any]:
        """Give the body of ``/ready``; without reasons, only the states of camera and alerts."""
        camera, alerts = None if self.camera is None else self.camera.to_dict(), self.alerting.to_dict()
        hidden = {} if reasons else {"reason": ""}
        return {
            "ready": self._trouble is None,
            "reason": "" if self._trouble is None else str(self._trouble),
            "models": list(self._models),
            "camera": camera and camera | hidden,
            "alerts": alerts and alerts | hidden,
        }


def _camera(config: ServiceConfig, hub: Hub, alerting: Alerting) -> Camera | None:
    if config.camera is None:
        return None
    from masquerade.service.camera import Camera  # noqa: PLC0415 - most services have none

    return Camera(config.camera, hub, events=config.events, alerting=alerting, **config.camera_options)


def service_of(connection: HTTPConnection) -> Service:
    """Give the service that a request came to."""
    return cast("Service", connection.app.state.service)
