"""What all sources have in common, for those who watch."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Self

from masquerade.live.sources import wire
from masquerade.live.types import Frame, StateChange

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from masquerade.live.sources.addresses import Address
    from masquerade.live.sources.options import SourceOptions
    from masquerade.live.sources.process import ReaderProcess

    Start = Callable[[wire.Task], ReaderProcess]
    Clock = Callable[[], float]

REASON_LENGTH = 300
START = 60.0
"""Seconds that a reader's process may take to begin; a busy machine takes its time."""

PAUSE = 1.0
"""When nobody looked for so many seconds, the reader has as many to show that it was paused along with this process."""


class Source(ABC):
    """Where frames come from. It has no thread: ``frame`` and ``changes`` move it on, from one thread at a time.

    Attributes:
        label: the address without secrets.
        live: whether only the newest frame counts.
        recorded: whether it was filmed earlier, so that it has no time of day, at whatever pace it is played.
        size: width and height of the latest frame in pixels, or what the film's header says; None before either.
        fps: frames a second by the header, or None.
        state: one of ``STATES``.
        reason: why it is in that state, in words; may be empty.
        problem: what could not be read last, in words; empty while all could.
        skipped: frames of a live source that gave way to newer ones.
    """

    live = True
    recorded = False

    def __init__(self, address: Address, options: SourceOptions, start: Start, clock: Clock = time.monotonic) -> None:
        """Start the reader."""
        self._address, self._options, self._start, self._clock = address, options, start, clock
        self.label = address.label
        self.size: tuple[int, int] | None = None
        self.fps: float | None = None
        self.state, self.reason, self.problem = "opening", "", ""
        self.skipped = 0
        self._begun = clock()
        self._changes = [StateChange(0.0, "opening")]
        self._next_number = 0  # that a frame has if none was skipped
        self._base_number = 0  # of the first frame of this reader
        self._damaged_before = 0  # by earlier readers
        self._left = self._begun  # when ``frame`` was done last
        self._spared_until = self._begun
        self._spared = False
        self._reader = start(wire.Task(address, options))

    @property
    def damaged(self) -> int:
        """Errors of decoding so far: frames, parts of frames or files that could not be used."""
        return self._damaged_before + self._reader.counters.damaged

    @property
    def reader_pid(self) -> int:
        """Number of the process that reads now."""
        return self._reader.pid

    def frame(self, timeout: float) -> Frame | None:
        """Give the newest frame of a live source, the next one of a film.

        Args:
            timeout: seconds to wait at most.

        Returns:
            None when nothing came in time, or the source has ended.
        """
        try:
            return self._next_frame(timeout, self._clock() - self._left)
        finally:
            self._left = self._clock()

    @abstractmethod
    def _next_frame(self, timeout: float, away: float) -> Frame | None:
        """Give it; ``away`` is for how many seconds nobody asked."""

    @abstractmethod
    def _now(self) -> float:
        """Seconds of the source."""

    def changes(self) -> list[StateChange]:
        """Give what has happened to the state since this was last asked."""
        changes, self._changes = self._changes, []
        return changes

    def close(self) -> None:
        """End the reader; there are no more frames."""
        self.state = "ended"
        self._reader.close()

    def __enter__(self) -> Self:
        """Give the source."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def _is_spared(self, late: float) -> bool:
        """Whether silence says nothing yet: both were paused, as by a laptop that sleeps. Once until a frame comes.

        Args:
            late: seconds by which this looks later than it meant to.
        """
        now = self._clock()
        if late > PAUSE and not self._spared:
            self._spared, self._spared_until = True, now + PAUSE
        return now < self._spared_until

    def _become(self, state: str, reason: str = "") -> None:
        self.reason = reason[:REASON_LENGTH]
        if state != self.state:
            self.state = state
            self._changes.append(StateChange(self._now(), state, self.reason))

    def _take(self, message: dict[str, Any], moment: float) -> Frame:
        """Make a frame of a message and count what was skipped before it."""
        image = self._reader.picture(message)
        self._spared = False
        number = self._base_number + message["number"]
        self.skipped += number - self._next_number
        self._next_number = number + 1
        self.size = (message["width"], message["height"])
        return Frame(image, moment, number, message["taken"])

    def _note(self, message: dict[str, Any]) -> None:
        """Take in what a reader says beside frames and its end."""
        if message["say"] == wire.OPENED:
            self.size = tuple(message["size"]) if message["size"] else self.size
            self.fps = message["fps"]
        elif message["say"] == wire.PROBLEM:
            self.problem = message["reason"][:REASON_LENGTH]
