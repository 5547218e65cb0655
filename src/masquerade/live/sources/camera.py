"""A camera: its newest frame; lost, it is opened again and again until it is back."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from masquerade.live.sources import wire
from masquerade.live.sources.addresses import Kind
from masquerade.live.sources.liveliness import dead_picture
from masquerade.live.sources.source import START, Source

if TYPE_CHECKING:
    from masquerade.live.sources.addresses import Address
    from masquerade.live.sources.options import SourceOptions
    from masquerade.live.sources.source import Clock, Start
    from masquerade.live.types import Frame

NEVER = float("inf")
STALE = 0.2
"""A frame that was sent so many seconds before it is taken was sent to a call that had run out of time."""


class Camera(Source):
    """A camera, a folder that fills, or pictures on standard input.

    The state goes ``opening``, ``online`` with the first picture, ``stalled`` while it is open and sends none (or
    the same, or a flat one, for long; of a folder: gets only what is none), ``offline`` when it is lost; from there
    only a picture leads out.
    """

    def __init__(self, address: Address, options: SourceOptions, start: Start, clock: Clock = time.monotonic) -> None:
        """Begin to open it; this does not wait."""
        super().__init__(address, options, start, clock)
        waits = address.kind not in {Kind.FOLDER, Kind.STDIN}
        self._stall_after = options.stall_after if address.kind is not Kind.FOLDER else NEVER
        self._lost_after = options.read_timeout if waits else NEVER
        self._watches_picture = waits
        self._backoff = options.backoff_first
        self._online_since: float | None = None
        self._supposed = self._disproved = False
        self._damaged_seen = 0
        self._expect(START)

    def _next_frame(self, timeout: float, away: float) -> Frame | None:
        begun = self._clock()
        until = begun + timeout
        while self.state != "ended":
            self._reader.want()
            look_at = min(until, self._next_look())
            message = self._reader.hear(look_at - self._clock())
            if message is None:
                self._look(max(away, self._clock() - max(begun, look_at)))
                if self._clock() >= until:
                    return None
            elif message["say"] == wire.FRAME:
                if message["taken"] < begun - STALE and self._newer_than(message["number"]):
                    continue
                return self._frame_of(message)
            else:
                self._hear(message)
        return None

    def _now(self) -> float:
        return self._clock() - self._begun

    def _newer_than(self, number: int) -> bool:
        """Whether the reader has read on since a frame."""
        return self._address.kind is not Kind.FOLDER and self._reader.counters.grabbed > number + 1

    def _expect(self, seconds: float) -> None:
        """Give the reader so long until the next thing happens."""
        self._due: float = self._clock() + seconds
        self._open = False

    def _silent_since(self) -> float:
        return self._reader.counters.silent_since

    def _next_look(self) -> float:
        """When the state changes if nothing comes."""
        if not self._open:
            return max(self._due, self._spared_until)
        stalled = self._silent_since() + self._stall_after if self.state in {"online", "opening"} else NEVER
        return max(min(stalled, self._silent_since() + self._lost_after), self._spared_until)

    def _look(self, late: float) -> None:
        """See whether time has run out; ``late`` seconds after it was meant to."""
        if self._is_spared(late):
            return
        now = self._clock()
        if not self._open:
            if now >= self._due:
                heard = wire.SILENT if self._may_be_silent() else None
                self._lose(f"it did not open in {self._options.open_timeout:g} seconds", kill=True, heard=heard)
                self._supposed = heard is not None
            return
        silent = now - self._silent_since()
        if silent >= self._lost_after:
            self._lose(self._silence(self._options.read_timeout), kill=True)
        elif silent >= self._stall_after and self.state in {"online", "opening"}:
            self._become("stalled", self._silence(self._options.stall_after))

    def _may_be_silent(self) -> bool:
        """Whether to suppose silence of a host that hung: should it answer the next reader at once, that is news.

        But once alone: one that answers, and hangs again when it is opened, does so all along.
        """
        return self._address.target.startswith(tuple(f"{s}://" for s in wire.MAY_BE_SILENT)) and not self._disproved

    def _silence(self, seconds: float) -> str:
        if self._reader.counters.damaged > self._damaged_seen:
            problem = f": {self.problem}" if self.problem else ""
            return f"for {seconds:g} seconds it sends only what cannot be used{problem}"
        return f"no picture for {seconds:g} seconds"

    def _hear(self, message: dict[str, Any]) -> None:
        self._note(message)
        match message["say"]:
            case wire.OPENING:
                if message["woken"]:
                    self._disproved |= self._supposed
                    if not self._supposed:
                        self._backoff = self._options.backoff_first
                self._expect(self._options.open_timeout + 1)
            case wire.OPENED:
                self._open = True
                self._damaged_seen = 0
                if self._address.kind is Kind.FOLDER:
                    self._become("online", message["remark"])
            case wire.PROBLEM if self._address.kind is Kind.FOLDER:
                if self._clock() - self._silent_since() >= self._options.stall_after:
                    self._become("stalled", self.problem)
            case wire.FAILED:
                self._lose(message["reason"], heard=message["heard"])
            case wire.ENDED:
                self._reader.close()
                self._become("ended", message["reason"])

    def _frame_of(self, message: dict[str, Any]) -> Frame:
        frame = self._take(message, message["taken"] - self._begun)
        self._damaged_seen = self._reader.counters.damaged
        flat, frozen = self._options.flat_after, self._options.frozen_after
        dead = dead_picture(message["flat"], message["still"], flat_after=flat, frozen_after=frozen)
        if self._watches_picture and dead:
            self._become("stalled", dead)
        else:
            if self.state != "online":
                self._online_since = self._clock()
                self._disproved = False
            self._become("online")
        return frame

    def _lose(self, reason: str, *, kill: bool = False, heard: str | None = None) -> None:
        """Note that the source is lost, and let a new reader wait for it."""
        now = self._clock()
        if self._online_since is not None and now - self._online_since >= self._options.backoff_reset:
            self._backoff = self._options.backoff_first
        self._online_since = None
        self._supposed = False
        self._become("offline", reason)
        self._damaged_before += self._reader.counters.damaged
        self._base_number = self._next_number
        self._reader.close(kill=kill)
        self._reader = self._start(wire.Task(self._address, self._options, self._backoff, heard))
        self._expect(self._backoff + START)
        self._backoff = min(self._backoff * 2, self._options.backoff_most)
