"""The loop of a watch: the newest frame, a look at it, and the result to whoever wants it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol, runtime_checkable

from masquerade.live.types import Event, Frame, StateChange
from masquerade.live.watching.observer import Observer
from masquerade.live.watching.rates import Pace, Rates
from masquerade.live.watching.snapshot import Counts, Snapshot

PATIENCE = 0.2
"""Seconds to wait for a frame before it is asked whether to stop."""


class FrameSource(Protocol):
    """What a watch needs of a source; ``live.sources.Source`` is one."""

    live: bool
    state: str
    reason: str
    skipped: int

    @property
    def damaged(self) -> int:
        """What could not be decoded so far."""

    def frame(self, timeout: float) -> Frame | None:
        """Give the newest frame, of a film the next one; None when none came in time."""

    def changes(self) -> list[StateChange]:
        """Give what happened to the state since this was last asked."""


class Sink(Protocol):
    """Takes what a watch finds. It must be quick and must not fail: it is called between two frames."""

    def take(self, frame: Frame | None, snapshot: Snapshot) -> None:
        """Take a frame and what is known after it; None where the state of the source changed."""

    def close(self) -> None:
        """There is no more."""


@runtime_checkable
class Reporter(Protocol):
    """A sink that has something to tell of itself, such as that it does not work."""

    def news(self, time: float, *, last: bool = False) -> list[Event]:
        """Give events since this was last asked; ``last`` when the watch ends, just before all sinks are closed."""


@dataclass(frozen=True, slots=True)
class Summary:
    """A watch that is over.

    Attributes:
        seconds: of the source, from its first frame to its last.
        took: seconds by the clock on the wall.
        rates: frames, skipped, damaged; frames a second over the whole watch; lag over its last frames.
        counts: people, each once.
        states: how often the source came into each state.
        ended: why the source has ended, in words; empty where it ended well, or was stopped.
    """

    seconds: float
    took: float
    rates: Rates
    counts: Counts
    states: dict[str, int] = field(default_factory=dict)
    ended: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Give the form of a JSON object."""
        return {
            "seconds": round(self.seconds, 3),
            "took": round(self.took, 3),
            **self.rates.to_dict(),
            "counts": asdict(self.counts),
            "states": self.states,
            "ended": self.ended,
        }


class Watch:
    """Watches a source until it ends, or until it is told to stop.

    No frame waits: of a live source the next look is at the newest one, whatever came in between.
    """

    def __init__(
        self,
        source: FrameSource,
        observer: Observer,
        sinks: Sequence[Sink] = (),
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take what to watch, who looks, and who is told; ``clock`` is the one that ``Frame.taken`` goes by."""
        self._source, self._observer, self._sinks, self._clock = source, observer, tuple(sinks), clock
        self._reporters = [sink for sink in self._sinks if isinstance(sink, Reporter)]
        self._pace = Pace(clock)
        self._states: Counter[str] = Counter()
        self._first: float | None = None
        self._latest = 0.0
        self._latest_at = clock()
        self._counts = Counts()
        self._finished = False

    @property
    def rates(self) -> Rates:
        """Running figures; any thread may ask."""
        return self._pace.rates(self._source.skipped, self._source.damaged)

    def run(self, stop: threading.Event, *, seconds: float | None = None) -> Summary:
        """Watch. The sinks are closed at the end, whatever happens; the source is its owner's to close.

        Args:
            stop: set by another thread, or by a signal, to end it within ``PATIENCE``.
            seconds: end after so many seconds of the source; of a live one after so many on the wall at the latest.
        """
        began = self._clock()
        with ExitStack() as ending:
            for sink in reversed(self._sinks):
                ending.callback(sink.close)
            while not (stop.is_set() or self._is_over(began, seconds)):
                frame = self._source.frame(PATIENCE)
                self._tell_changes()
                self._tell_news()
                if frame is not None:
                    self._see(frame)
                elif self._source.state == "ended":
                    break
            self._tell_changes()
            if not self._finished:
                self._change(StateChange(self._latest, "ended"))
            self._tell_news(last=True)
        took = self._clock() - began
        return self._summary(took)

    def _is_over(self, began: float, seconds: float | None) -> bool:
        if seconds is None:
            return False
        seen = self._first is not None and self._latest - self._first >= seconds
        return seen or (self._source.live and self._clock() - began >= seconds)

    def _see(self, frame: Frame) -> None:
        if self._first is None:
            self._first = frame.time
        self._latest, self._latest_at = max(self._latest, frame.time), self._clock()
        snapshot = self._observer.see(frame)
        self._pace.add(frame.taken)
        self._tell(frame, snapshot)

    def _tell_changes(self) -> None:
        for change in self._source.changes():
            self._change(change)

    def _change(self, change: StateChange) -> None:
        self._states[change.state] += 1
        self._finished = change.state == "ended"
        self._tell(None, self._observer.state_changed(change))

    def _tell_news(self, *, last: bool = False) -> None:
        silent = self._clock() - self._latest_at
        time = self._latest + (silent if self._source.live and silent > 1 else 0.0)
        news = [event for reporter in self._reporters for event in reporter.news(time, last=last)]
        if news:
            self._tell(None, self._observer.reported(time, news))

    def _tell(self, frame: Frame | None, snapshot: Snapshot) -> None:
        self._counts = snapshot.counts
        for sink in self._sinks:
            sink.take(frame, snapshot)

    def _summary(self, took: float) -> Summary:
        rates = self.rates
        overall = rates.frames / took if took > 0 else 0.0
        whole = Rates(rates.frames, overall, rates.lag_p50, rates.lag_p95, rates.skipped, rates.damaged)
        reason = self._source.reason if self._source.state == "ended" else ""
        span = 0.0 if self._first is None else self._latest - self._first
        return Summary(span, took, whole, self._counts, dict(self._states), reason)
