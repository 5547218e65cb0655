"""From the events of a watch to the outbox, and from the outbox to every channel."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from types import TracebackType
from typing import Any, Protocol, Self

from masquerade.errors import OutboxUnusable
from masquerade.live.alerts.channels import make_channel
from masquerade.live.alerts.config import AlertsConfig
from masquerade.live.alerts.courier import Courier, Surroundings
from masquerade.live.alerts.outbox import Outbox
from masquerade.live.alerts.types import Alert, Channel, Door
from masquerade.live.types import Event, Frame, Person

MOST_UNWRITTEN = 1000
"""Alerts that are kept in memory while the disk is full."""
TICK_SECONDS = 1.0
EXPIRE_SECONDS = 30.0
SWEEP_SECONDS = 3600.0
KEEP_DAYS = 30.0
LONGEST_JOIN = 30.0
"""Seconds for which the end waits for a disk that hangs."""

logger = logging.getLogger("masquerade.alerts")


@dataclass(frozen=True, slots=True)
class ChannelReport:
    """How a channel is doing.

    Attributes:
        name: its name.
        kind: its kind.
        pending: alerts on their way.
        failed: alerts that are not tried any more.
        delivers: whether this process is the one that delivers to it.
        trouble: why the last attempt failed; empty when it did not.
    """

    name: str
    kind: str
    pending: int
    failed: int
    delivers: bool
    trouble: str


@dataclass(frozen=True, slots=True)
class Report:
    """How alerts are doing.

    Attributes:
        channels: each channel.
        unwritten: alerts that are kept in memory, for the outbox cannot be written.
        lost: alerts that were given up for want of memory to keep them in.
        trouble: why the outbox cannot be written; empty when it can.
    """

    channels: tuple[ChannelReport, ...]
    unwritten: int
    lost: int
    trouble: str


class Shown(Protocol):
    """What a watch makes of one frame, as far as alerts need it."""

    @property
    def events(self) -> tuple[Event, ...]:
        """What is new with this frame."""
        ...

    @property
    def people(self) -> tuple[Person, ...]:
        """Who is in view."""
        ...

    @property
    def counts(self) -> Any:
        """How many came so far: ``entered`` and ``alerts``."""
        ...


class Alerts:
    """Writes alerts into the outbox and delivers them, one thread a channel. It owns the outbox.

    An alert that ``take`` wrote gets out even when the process is killed: the next one goes on where it ended.
    """

    def __init__(
        self,
        config: AlertsConfig,
        outbox: Outbox,
        *,
        keep_days: float = KEEP_DAYS,
        say: Callable[[str], object] = logger.warning,
        channels: dict[str, Channel] | None = None,
    ) -> None:
        """Make the channels and begin to deliver what lies in the outbox.

        Args:
            config: where alerts go.
            outbox: where they lie meanwhile; closed by ``close``.
            keep_days: days after which alerts that are done are removed.
            say: told in words when something goes wrong, and when it goes on.
            channels: take the place of those of ``config``, by name.

        Raises:
            ExtraMissing: a channel needs a package that is not installed.
            AlertsInvalid: a channel cannot be made as it is described.
        """
        self._config, self._outbox, self._keep, self._say = config, outbox, keep_days, say
        self._redactor = config.redactor()
        self._redactor.guard()
        self._unwritten: deque[Alert] = deque()
        self._lost = 0
        self._trouble = ""
        self._mutex = threading.Lock()
        self._starting = threading.Lock()
        self._stop = threading.Event()
        self._couriers: dict[str, Courier] = {}
        around = Surroundings(say=say, clean=self._redactor.clean)
        made: dict[str, Channel] = dict(channels or {})
        try:
            for name, kind in config.channels.items():
                if name not in made:
                    made[name] = make_channel(name, kind, config.language, partial(self._hurry, name))
                self._couriers[name] = Courier(name, made[name], outbox, kind.pace, around)
        except BaseException:
            for channel in made.values():
                channel.close()
            raise
        self._delivers: set[str] = set()
        for channel in made.values():
            begin = getattr(channel, "start", None)
            if begin is not None:
                begin()
        with suppress(OutboxUnusable):  # tried again every second
            self._begin()
        self._keeper = threading.Thread(target=self._keep_house, name="alerts", daemon=True)
        self._keeper.start()

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def take(self, event: Event, *, at: datetime, source: str) -> None:
        """Write an alert durably, before any of it is sent; never fails and never waits for a channel.

        Where the outbox cannot be written, the alert is kept in memory and written as soon as it can be.

        Args:
            event: an event; all but alerts are passed over.
            at: time of day, with a zone.
            source: what the source is called, without secrets.
        """
        if event.event != "alert":
            return
        with self._mutex:
            self._unwritten.append(Alert.of(event, at=at, source=source))
            if len(self._unwritten) > MOST_UNWRITTEN:
                self._unwritten.popleft()
                self._lost += 1
        self._write()

    def door(self, door: Door) -> None:
        """Tell channels that show it how things are now."""
        for courier in self._couriers.values():
            show = getattr(courier.channel, "door", None)
            if show is not None:
                show(door)

    def sink(self, source: str, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> AlertsSink:
        """Give what a watch can call with every frame.

        Args:
            source: what the source is called, without secrets.
            now: the time of day, with a zone.
        """
        return AlertsSink(self, source, now)

    def report(self) -> Report:
        """Tell how things are; counts are 0 where the outbox cannot be read."""
        try:
            counts = self._outbox.counts()
        except OutboxUnusable:
            counts = {}
        rows = []
        for name, courier in self._couriers.items():
            states = counts.get(name, {})
            pending = states.get("pending", 0) + states.get("sending", 0)
            kind = self._config.channels[name].kind
            failed, delivers = states.get("failed", 0), name in self._delivers
            rows.append(ChannelReport(name, kind, pending, failed, delivers, courier.trouble))
        return Report(tuple(rows), len(self._unwritten), self._lost, self._trouble)

    def close(self, seconds: float = 5.0) -> None:
        """Give what is on its way ``seconds`` to get out, then end; the rest goes out at the next start."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self._is_busy():
            time.sleep(0.02)
        with self._starting:
            if self._stop.is_set():
                return
            self._stop.set()
        self._keeper.join(LONGEST_JOIN)
        self._write()
        for courier in self._couriers.values():
            courier.end()
        end = time.monotonic() + seconds
        for courier in self._couriers.values():
            courier.join(max(0.0, end - time.monotonic()))
        self._outbox.close()
        self._redactor.release()

    def _is_busy(self) -> bool:
        if self._stop.is_set():
            return False
        with self._mutex:
            unwritten = bool(self._unwritten) and not self._trouble
        return unwritten or any(self._couriers[name].is_busy() for name in tuple(self._delivers))

    def _hurry(self, name: str) -> None:
        courier = self._couriers.get(name)
        if courier is not None:
            courier.hurry()

    def _write(self) -> None:
        """Write what is not written yet; where that fails, say so once."""
        done = 0
        expiries = {name: channel.expire_after for name, channel in self._config.channels.items()}
        with self._mutex:
            try:
                while self._unwritten:
                    self._outbox.add(self._unwritten[0], expiries)
                    self._unwritten.popleft()
                    done += 1
            except OutboxUnusable as error:
                if not self._trouble:
                    self._say(f"alerts are kept in memory, for the outbox cannot be written: {error.message}")
                self._trouble = error.message
            else:
                if done and self._trouble:
                    self._say("alerts are written into the outbox again")
                    self._trouble = ""
        if done:
            for courier in self._couriers.values():
                courier.wake()

    def _keep_house(self) -> None:
        """Begin to deliver as soon as no other process does; write, expire and remove what is due."""
        expire = sweep = 0.0
        while True:
            self._write()
            now = time.monotonic()
            try:
                self._begin()
                if now >= expire:
                    self._outbox.expire()
                    expire = now + EXPIRE_SECONDS
                if now >= sweep:
                    self._outbox.sweep(self._keep)
                    sweep = now + SWEEP_SECONDS
            except OutboxUnusable as error:
                logger.info("%s", error)  # the next alert says it aloud
            if self._stop.wait(TICK_SECONDS):
                return

    def _begin(self) -> None:
        """Deliver to every channel to which no other process does."""
        for name, courier in self._couriers.items():
            if name in self._delivers or not self._outbox.may_deliver(name):
                continue
            self._outbox.recover(name)
            with self._starting:
                if not self._stop.is_set():
                    self._delivers.add(name)
                    courier.start()


class AlertsSink:
    """What a watch calls with every frame: alerts go into the outbox, and channels see how things are."""

    def __init__(self, alerts: Alerts, source: str, now: Callable[[], datetime]) -> None:
        """Take where alerts go and what the source is called."""
        self._alerts, self._source, self._now = alerts, source, now
        self._state = "opening"

    def take(self, frame: Frame | None, snapshot: Shown) -> None:
        """Take a frame and what came of it."""
        if frame is not None:
            self._state = "online"
        for event in snapshot.events:
            if event.person is None:
                self._state = event.event
            self._alerts.take(event, at=self._now(), source=self._source)
        worn = [person.wearing for person in snapshot.people]
        counts = snapshot.counts
        self._alerts.door(
            Door(
                self._state,
                len(worn),
                worn.count("with_mask"),
                worn.count("without_mask"),
                worn.count("incorrect"),
                counts.entered,
                counts.alerts,
            )
        )

    def close(self) -> None:
        """Say that the source has ended; the alerts stay open for their owner to close."""
        self._alerts.door(Door("ended"))
