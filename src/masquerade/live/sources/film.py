"""A film: its frames in order, by its own clock, as fast as they are taken."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from masquerade.errors import SourceUnreadable
from masquerade.live.sources import wire
from masquerade.live.sources.addresses import Kind
from masquerade.live.sources.source import START, Source

if TYPE_CHECKING:
    from masquerade.live.sources.addresses import Address
    from masquerade.live.sources.options import SourceOptions
    from masquerade.live.sources.source import Clock, Start
    from masquerade.live.types import Frame


class Film(Source):
    """A film that could be opened; with ``realtime`` it is played as a camera's picture would come."""

    recorded = True

    def __init__(self, address: Address, options: SourceOptions, start: Start, clock: Clock = time.monotonic) -> None:
        """Open it.

        Raises:
            SourceUnreadable: it is no film, or took too long.
        """
        super().__init__(address, options, start, clock)
        self.live = options.realtime and address.kind is Kind.FILM
        self._moment = 0.0
        try:
            self._await_opening()
        except BaseException:
            self.close()
            raise

    def _next_frame(self, timeout: float, away: float) -> Frame | None:
        begun = self._clock()
        until = begun + timeout
        while self.state != "ended":
            self._reader.want()
            look_at = min(until, self._given_up())
            message = self._reader.hear(look_at - self._clock())
            if message is None:
                late = max(away, self._clock() - max(begun, look_at))
                if not self._is_spared(late) and self._clock() >= self._given_up():
                    self._end(f"nothing could be read for {self._options.film_timeout:g} seconds", kill=True)
                elif self._clock() >= until:
                    return None
            elif message["say"] == wire.FRAME:
                self._moment = message["time"]
                self._become("online")
                return self._take(message, self._moment)
            else:
                self._note(message)
                if message["say"] in {wire.FAILED, wire.ENDED}:
                    self._end(message["reason"])
        return None

    def _now(self) -> float:
        return self._moment

    def _given_up(self) -> float:
        """When the film is given up: what is piped in may take its time."""
        if self._address.kind is Kind.STDIN:
            return float("inf")
        last = max(self._reader.asked_at, self._reader.counters.silent_since)
        return max(last + self._options.film_timeout, self._spared_until)

    def _end(self, reason: str, *, kill: bool = False) -> None:
        self._reader.close(kill=kill)
        if self._next_number == 0 and not reason:
            reason = f"there is no picture in it that can be used{self.problem and ': ' + self.problem}"
        self._become("ended", reason)

    def _await_opening(self) -> None:
        given_up = self._clock() + START + self._options.film_timeout
        while (message := self._reader.hear(given_up - self._clock())) is not None:
            self._note(message)
            if message["say"] == wire.FAILED:
                raise SourceUnreadable(f"{self.label}: {message['reason']}", hint="expected a film that ffmpeg decodes")
            if message["say"] == wire.OPENED:
                return
        raise SourceUnreadable(f"{self.label} could not be opened in {self._options.film_timeout:g} seconds")
