"""What a watch calls: its alerts go into the outbox, and it is told when alerts do not go out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from masquerade.live.alerts.outages import OUTBOX
from masquerade.live.alerts.types import Door
from masquerade.live.types import STATES, Event, Frame, Person

if TYPE_CHECKING:
    from masquerade.live.alerts.alerts import Alerts


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


class AlertsSink:
    """What a watch calls with every frame: alerts go into the outbox, and channels see how things are."""

    def __init__(self, alerts: Alerts, source: str, now: Callable[[], datetime]) -> None:
        """Take where alerts go and what the source is called."""
        self._alerts, self._source, self._now = alerts, source, now
        self._state = "opening"
        self._told: Mapping[str, str] = {}

    def take(self, frame: Frame | None, snapshot: Shown) -> None:
        """Take a frame and what came of it."""
        if frame is not None:
            self._state = "online"
        for event in snapshot.events:
            if event.event in STATES:
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

    def news(self, time: float, *, last: bool = False) -> list[Event]:
        """Give an event for each outage of a channel or of the outbox that has begun or is over since the last call.

        Args:
            time: seconds of the source.
            last: whether the watch ends; what is on its way then gets a moment to arrive or to fail.
        """
        if last:
            self._alerts.settle()
        before, self._told = self._told, self._alerts.outages
        began = [_event(time, name, reason) for name, reason in self._told.items() if name not in before]
        over = [_event(time, name, "") for name in before if name not in self._told]
        return over + began

    def close(self) -> None:
        """Say that the source has ended; the alerts stay open for their owner to close."""
        self._alerts.door(Door("ended"))


def _event(time: float, name: str, reason: str) -> Event:
    what, how = "outbox" if name == OUTBOX else "alerts", "failing" if reason else "working"
    return Event(time, f"{what}_{how}", reason=reason, channel=name)
