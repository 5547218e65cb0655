"""Takes alerts from the outbox to one channel: in order, again and again until it is there or of no use."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from masquerade.errors import MasqueradeError, OutboxUnusable
from masquerade.live.alerts.outbox import Delivery, Outbox
from masquerade.live.alerts.types import Channel, DeliveryFailed

LOOK_SECONDS = 1.0
"""Time after which the outbox is looked into again; other processes may have written."""
LONGEST_WAIT = 3600.0
"""The longest time for which a receiver is left alone because it asked for it, in seconds."""

logger = logging.getLogger("masquerade.alerts")


@dataclass(frozen=True, slots=True)
class Pace:
    """How a channel is tried again.

    Attributes:
        first: seconds before the second attempt.
        most: seconds between attempts at most; they double up to it.
        at_most_once: whether an alert that may have arrived is not sent again.
    """

    first: float = 1.0
    most: float = 60.0
    at_most_once: bool = False

    def wait(self, attempts: int, chance: float) -> float:
        """Give the seconds to wait after so many attempts; ``chance``, 0 to 1, takes up to half of them off."""
        return min(self.most, self.first * 2.0 ** min(attempts - 1, 60)) * (1 - chance / 2)


AFTER_SURPRISES = Pace()
"""How it goes on after what nobody has foreseen."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a courier needs from outside; tests put their own in place.

    Attributes:
        changed: called when a channel or the outbox fails, and when it works again.
        expired: called with how many alerts were given up, for they are of no use any more.
        clock: Unix time, as the outbox has it.
        chance: gives a number from 0 to 1.
        clean: takes secrets out of a text.
    """

    changed: Callable[[], object] = lambda: None
    expired: Callable[[int], object] = lambda count: None  # noqa: ARG005 - what is told is not used
    clock: Callable[[], float] = time.time
    chance: Callable[[], float] = random.random
    clean: Callable[[str], str] = str


class Courier:
    """Delivers to one channel, in a thread of its own once it is started.

    Attributes:
        name: name of the channel.
        channel: what sends.
        blocked: why the outbox cannot be used; empty when it can.
    """

    def __init__(
        self, name: str, channel: Channel, outbox: Outbox, pace: Pace, around: Surroundings | None = None
    ) -> None:
        """Take what to deliver with.

        Args:
            name: name of the channel in the outbox.
            channel: what sends; closed by the thread at its end.
            outbox: where alerts lie.
            pace: how to try again.
            around: what it needs from outside.
        """
        self.name, self.blocked, self._trouble = name, "", ""
        self.channel = channel
        self._outbox, self._pace, self._around = outbox, pace, around or Surroundings()
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._hurry = False
        self._surprises = 0
        self._note: Callable[[], None] | None = None
        self._thread = threading.Thread(target=self._run, name=f"alerts-{name}", daemon=True)

    @property
    def trouble(self) -> str:
        """Why the last attempt failed, or the channel knows that the next one will; empty where neither is so."""
        return self._trouble or self._around.clean(getattr(self.channel, "trouble", ""))

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def wake(self) -> None:
        """Look into the outbox now."""
        self._wake.set()

    def hurry(self) -> None:
        """Try what waits at once: the channel says that the other side is back."""
        self._hurry = True
        self._wake.set()

    def is_busy(self) -> bool:
        """Tell whether there is an alert that may get out soon."""
        if self.trouble or self.blocked or self._stop.is_set():
            return False
        try:
            return self._note is not None or self._outbox.head(self.name) is not None
        except OutboxUnusable:
            return False

    def end(self) -> None:
        """Send nothing any more; what is being sent may still arrive."""
        self._stop.set()
        self._wake.set()

    def join(self, seconds: float) -> None:
        """Wait for the thread to end, or close the channel where it never began."""
        if self._thread.ident is None:
            self.channel.close()
        else:
            self._thread.join(seconds)

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                wait = self._step_or_wait()
                if wait > 0:
                    self._wake.wait(min(wait, LOOK_SECONDS))
                self._wake.clear()
        finally:
            self.channel.close()

    def _step_or_wait(self) -> float:
        try:
            wait = self.step()
        except Exception as error:  # whatever it is, it ends no channel
            logger.exception("channel %s", self.name)
            self._block(self._around.clean(f"{type(error).__name__}: {error}"))
            self._surprises += 1
            self._stop.wait(AFTER_SURPRISES.wait(self._surprises, 0.0))
            return 0.0
        self._surprises = 0
        return wait

    def step(self) -> float:
        """Do one thing, if there is one to do.

        Returns:
            Seconds until there may be another; 0 where there may be one now.
        """
        try:
            if self._note is not None:  # what was done is not on disk yet; nothing else goes out before it is
                self._note()
                self._note = None
            hurry, self._hurry = self._hurry, False
            delivery = self._outbox.head(self.name)
            self._block("")
            if delivery is None:
                return LOOK_SECONDS
            now = self._around.clock()
            wait = delivery.due - now if delivery.changed <= now else 0.0  # else the clock was put back
            if delivery.state == "pending" and delivery.expires <= now:
                self._around.expired(self._outbox.expire())
            elif wait > 0 and not hurry:
                return wait
            else:
                self._deliver(delivery)
        except OutboxUnusable as error:
            self._block(error.message)
            return LOOK_SECONDS
        return 0.0

    def _deliver(self, delivery: Delivery) -> None:
        if self._pace.at_most_once:
            self._outbox.begin(delivery)
        try:
            self.channel.send(delivery.alert)
        except DeliveryFailed as failure:
            self._keep(delivery, failure)
        except MasqueradeError as error:
            self._keep(delivery, DeliveryFailed(str(error), permanent=True, surely=True))
        except Exception as error:  # noqa: BLE001 - a library's own; the other alerts must go out
            self._keep(delivery, DeliveryFailed(f"{type(error).__name__}: {error}"))
        else:
            self._tell("")
            self._noted(lambda: self._outbox.sent(delivery))

    def _keep(self, delivery: Delivery, failure: DeliveryFailed) -> None:
        """Keep an alert for another attempt, or park it."""
        reason = self._around.clean(failure.message)
        self._tell(reason)
        if failure.permanent:
            self._noted(lambda: self._outbox.failed(delivery, reason))
        elif self._pace.at_most_once and not failure.surely:
            self._noted(lambda: self._outbox.failed(delivery, f"{reason}; it may have arrived and is not sent twice"))
        else:
            wait = self._pace.wait(delivery.attempts + 1, self._around.chance())
            wait = max(wait, min(failure.wait or 0.0, LONGEST_WAIT))
            self._noted(lambda: self._outbox.again(delivery, wait, reason))

    def _noted(self, note: Callable[[], None]) -> None:
        """Put what became of an alert on disk; where that fails, before anything else is sent."""
        self._note = note
        note()
        self._note = None

    def _tell(self, reason: str) -> None:
        changed, self._trouble = bool(reason) != bool(self._trouble), reason
        if changed:
            self._around.changed()

    def _block(self, reason: str) -> None:
        changed, self.blocked = bool(reason) != bool(self.blocked), reason
        if changed:
            self._around.changed()
