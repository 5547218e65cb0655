"""From the events of a watch to the outbox, and from the outbox to every channel."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Self

from masquerade.errors import OutboxUnusable
from masquerade.live.alerts.channels import make_channel
from masquerade.live.alerts.config import AlertsConfig
from masquerade.live.alerts.courier import AFTER_SURPRISES, Courier, Surroundings
from masquerade.live.alerts.outages import CALM_SECONDS, OUTBOX, Outages, in_words
from masquerade.live.alerts.outbox import Outbox
from masquerade.live.alerts.report import ChannelReport, Report
from masquerade.live.alerts.sink import AlertsSink
from masquerade.live.alerts.types import Alert, Channel, Door
from masquerade.live.alerts.writing import MOST_UNWRITTEN, Writer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from masquerade.live.types import Event

TICK_SECONDS = 1.0
EXPIRE_SECONDS = 30.0
SWEEP_SECONDS = 3600.0
KEEP_DAYS = 30.0
LONGEST_JOIN = 30.0
"""Seconds for which the end waits for a disk that hangs."""

logger = logging.getLogger("masquerade.alerts")


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
        calm: float = CALM_SECONDS,
    ) -> None:
        """Make the channels and begin to deliver what lies in the outbox.

        Args:
            config: where alerts go.
            outbox: where they lie meanwhile; closed by ``close``.
            keep_days: days after which alerts that are done are removed.
            say: told in words when something goes wrong, and when it goes on.
            channels: take the place of those of ``config``, by name.
            calm: seconds without trouble after which an outage is over.

        Raises:
            ExtraMissing: a channel needs a package that is not installed.
            AlertsInvalid: a channel cannot be made as it is described.
        """
        self._config, self._outbox, self._keep, self._say = config, outbox, keep_days, say
        self._redactor = config.redactor()
        self._redactor.guard()
        expiries = {name: kind.expire_after for name, kind in config.channels.items()}
        self._writer = Writer(outbox, expiries, self._redactor.clean)
        self._house_trouble = ""
        self._outages = Outages(calm)
        self._noticing = threading.Lock()
        self._starting = threading.Lock()
        self._stop = threading.Event()
        self._nudge = threading.Event()
        self._settled = self._orphans_told = self._lost_told = False
        self._expire_at = self._sweep_at = 0.0
        self._couriers: dict[str, Courier] = {}
        around = Surroundings(changed=self._nudge.set, clock=outbox.clock, clean=self._redactor.clean)
        made: dict[str, Channel] = dict(channels or {})
        try:
            for name, kind in config.channels.items():
                if name not in made:
                    made[name] = make_channel(name, kind, config.language, partial(self._hurry, name))
                self._couriers[name] = Courier(name, made[name], outbox, kind.pace, around)
        except BaseException:
            for channel in made.values():
                channel.close()
            outbox.close()
            self._redactor.release()
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

        Where the outbox cannot be written, the alert is kept in memory and written as soon as it can be; from then on
        nobody waits for the disk either.

        Args:
            event: an event; all but alerts are passed over.
            at: time of day, with a zone.
            source: what the source is called, without secrets.
        """
        if event.event != "alert":
            return
        self._settled = False
        self._writer.add(Alert.of(event, at=at, source=source))
        if not self._writer.trouble:
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

    @property
    def outages(self) -> Mapping[str, str]:
        """What is out of order now and why, by name of the channel; ``""`` is the outbox."""
        return self._outages.reasons

    def report(self) -> Report:
        """Tell how things are; counts are 0 where the outbox cannot be read."""
        try:
            counts = self._outbox.counts()
        except OutboxUnusable:
            counts = {}
        rows, outages = [], self.outages
        for name, courier in self._couriers.items():
            states = counts.get(name, {})
            pending = states.get("pending", 0) + states.get("sending", 0)
            kind = self._config.channels[name].kind
            failed, delivers = states.get("failed", 0), name in self._delivers
            rows.append(ChannelReport(name, kind, pending, failed, delivers, courier.trouble, name not in outages))
        return Report(tuple(rows), len(self._writer), self._writer.lost, self._outbox_trouble())

    def settle(self, seconds: float = 5.0) -> None:
        """Give what is on its way ``seconds`` to get out or to fail; once, until there is another alert."""
        end = time.monotonic() + seconds
        while not self._settled and time.monotonic() < end and self._is_busy():
            time.sleep(0.02)
        self._settled = True
        self._notice()

    def close(self, seconds: float = 5.0) -> None:
        """Give what is on its way ``seconds`` to get out, then end; the rest goes out at the next start."""
        self.settle(seconds)
        with self._starting:
            if self._stop.is_set():
                return
            self._stop.set()
        self._nudge.set()
        self._keeper.join(LONGEST_JOIN)
        self._write()
        for courier in self._couriers.values():
            courier.end()
        end = time.monotonic() + seconds
        for courier in self._couriers.values():
            courier.join(max(0.0, end - time.monotonic()))
        self._tell_what_is_left()
        self._outbox.close()
        self._redactor.release()

    def _is_busy(self) -> bool:
        if self._stop.is_set():
            return False
        unwritten = len(self._writer) > 0 and not self._writer.trouble
        return unwritten or any(self._couriers[name].is_busy() for name in tuple(self._delivers))

    def _hurry(self, name: str) -> None:
        courier = self._couriers.get(name)
        if courier is not None:
            courier.hurry()

    def _write(self) -> None:
        before = bool(self._writer.trouble)
        if self._writer.write():
            for courier in self._couriers.values():
                courier.wake()
        if before != bool(self._writer.trouble):
            self._nudge.set()

    def _words_of(self, error: Exception) -> str:
        return self._redactor.clean(f"{type(error).__name__}: {error}")

    def _keep_house(self) -> None:
        """Begin to deliver as soon as no other process does; write, expire and remove what is due; tell of outages."""
        surprises = 0
        while not self._stop.is_set():
            try:
                self._tick(time.monotonic())
            except Exception as error:  # whatever it is, it may pass
                logger.exception("the keeper of the alerts")
                self._house_trouble = self._words_of(error)
                surprises += 1
                self._stop.wait(AFTER_SURPRISES.wait(surprises, 0.0))
            else:
                surprises = 0
                self._nudge.wait(TICK_SECONDS)
            self._nudge.clear()

    def _tick(self, now: float) -> None:
        self._notice()
        self._write()
        try:
            self._begin()
            self._tell_of_orphans()
            if now >= self._expire_at:
                self._outbox.expire()
                self._expire_at = now + EXPIRE_SECONDS
            if now >= self._sweep_at:
                self._outbox.sweep(self._keep)
                self._sweep_at = now + SWEEP_SECONDS
        except OutboxUnusable as error:
            self._house_trouble = error.message
        else:
            self._house_trouble = ""

    def _tell_of_orphans(self) -> None:
        """Say once what waits for channels that were renamed or removed."""
        if not self._orphans_told:
            for name, count in self._outbox.orphans(self._couriers).items():
                self._tell(f"{_alerts(count)} for {name} will expire: no channel is called so any more")
            self._orphans_told = True

    def _outbox_trouble(self) -> str:
        blocked = (courier.blocked for courier in self._couriers.values())
        return self._writer.trouble or self._house_trouble or next(filter(None, blocked), "")

    def _notice(self) -> None:
        """Tell of outages that have begun or are over, and of alerts that were lost."""
        with self._noticing:
            delivered = tuple(self._delivers)
            troubles = {name: self._couriers[name].trouble for name in delivered}
            troubles[OUTBOX] = self._outbox_trouble()
            words = [in_words(*change) for change in self._outages.update(time.monotonic(), troubles)]
            if self._writer.lost and not self._lost_told:
                words.append(f"alerts are lost, for more than {MOST_UNWRITTEN} wait in memory")
                self._lost_told = True
        self._tell(*words)

    def _tell(self, *words: str) -> None:
        try:
            for line in words:
                self._say(line)
        except Exception:  # the screen may be gone; alerts go out all the same
            logger.exception("what could not be said: %s", words)

    def _tell_what_is_left(self) -> None:
        """Say what was lost, and what goes out at the next start."""
        with suppress(OutboxUnusable):
            counts = self._outbox.counts()
            for name in sorted(self._delivers):
                waiting = counts.get(name, {}).get("pending", 0)
                if waiting:
                    self._tell(f"{_alerts(waiting)} to {name} left for the next start, in {self._outbox.path}")
        lost = self._writer.lost + len(self._writer)
        if lost:
            self._tell(f"{_alerts(lost)} lost: the outbox could not be written")

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


def _alerts(count: int) -> str:
    return "1 alert" if count == 1 else f"{count} alerts"
