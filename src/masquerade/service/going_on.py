"""Sinks that outlive a watch: when it breaks off and another begins, counts go on and nobody stays in view."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from masquerade.live import Event
from masquerade.live.watching import Counts, Reporter, Snapshot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from masquerade.live import Frame
    from masquerade.live.watching import Sink

log = logging.getLogger("masquerade.service")


class GoingOn:
    """The one sink of several watches, one after the other; it closes those that it passes on to at the end alone."""

    def __init__(self, sinks: Sequence[Sink]) -> None:
        """Take whom to pass on to."""
        self._sinks = tuple(sinks)
        self._before = Counts()
        self._latest = Snapshot(0.0, (0, 0), (), (), Counts())
        self._over = False

    def take(self, frame: Frame | None, snapshot: Snapshot) -> None:
        """Pass a snapshot on, with what earlier watches counted."""
        if self._over:
            return
        self._latest = replace(snapshot, counts=_sum(self._before, snapshot.counts))
        for sink in self._sinks:
            sink.take(frame, self._latest)

    def news(self, time: float, *, last: bool = False) -> list[Event]:
        """Give what the sinks have to tell of themselves, as a ``Reporter``."""
        return [event for sink in self._sinks if isinstance(sink, Reporter) for event in sink.news(time, last=last)]

    def close(self) -> None:
        """Do nothing: a watch is over, and another may follow."""

    def break_off(self, reason: str) -> None:
        """Tell that the watch is no more: all have left, the source is offline. A sink that fails is passed over."""
        if self._over:
            return
        time, self._before = self._latest.time, self._latest.counts
        left = [Event(time, "left", person.number, person.wearing) for person in self._latest.people]
        self._latest = replace(
            self._latest, people=(), events=(*left, Event(time, "offline", reason=reason)), covers=()
        )
        for sink in self._sinks:
            try:
                sink.take(None, self._latest)
            except Exception:
                log.exception("a sink of the camera failed")

    def mute(self) -> None:
        """Pass nothing on any more, not even the end: what the sinks write to is being closed."""
        self._over = True

    def end(self) -> None:
        """Close all sinks, but for ``mute``."""
        if self._over:
            return
        self._over = True
        with ExitStack() as ending:
            for sink in reversed(self._sinks):
                ending.callback(sink.close)


def _sum(one: Counts, other: Counts) -> Counts:
    more = other.to_dict()
    return Counts(**{name: count + more[name] for name, count in one.to_dict().items()})
