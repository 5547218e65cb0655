"""Reads one source from beginning to end and hands its pictures on."""

from __future__ import annotations

import time
from threading import Event
from typing import TYPE_CHECKING, Any

from masquerade.live.sources import wire
from masquerade.live.sources.addresses import Address, Kind
from masquerade.live.sources.liveliness import Liveliness
from masquerade.live.sources.memory import DAMAGED, GRABBED, Counters
from masquerade.live.sources.reader.clock import FilmClock, Pace
from masquerade.live.sources.reader.kinds import NotOpened, Reader
from masquerade.live.sources.reader.plain import in_plain_words
from masquerade.live.sources.reader.probing import probe, wait

if TYPE_CHECKING:
    from collections.abc import Callable

    from masquerade.live.sources.reader.noise import Noise
    from masquerade.live.sources.reader.ring import Ring

NOT_DECODED = "it sent a picture that cannot be decoded"
MISSING = 0.02
"""Share of a film's frames that its header may promise too many: in some formats the number is an estimate."""


class Reading:
    """One task.

    Args:
        task: what to read.
        ring: takes the pictures.
        counters: shared with the source.
        noise: what ffmpeg says.
        tell: sends a message to the source.
        stop: ends it.
    """

    def __init__(
        self,
        task: wire.Task,
        ring: Ring,
        counters: Counters,
        noise: Noise,
        tell: Callable[[dict[str, Any]], None],
    ) -> None:
        """Begin with nothing open."""
        self._task, self._ring, self._counters, self._noise, self._tell = task, ring, counters, noise, tell
        self._options, self._address = task.options, task.address
        self._problem = ""
        self._tried = False
        self.stop = Event()

    def run(self) -> None:
        """Wait, open, read; the last message tells how it ended."""
        woken = wait(self._address, self._task.delay, self._task.heard, self._options.probe_every, self.stop)
        if self.stop.is_set():
            return
        self._say(wire.OPENING, woken=woken)
        try:
            reader = self._open()
        except NotOpened as error:
            self._fail(str(error))
            return
        self._counters.alive(time.monotonic())
        self._say(wire.OPENED, size=reader.size, fps=reader.fps, remark=reader.remark)
        try:
            reason = self._read_film(reader) if self._is_film() else self._read_live(reader)
        finally:
            reader.close()
        if self.stop.is_set():
            return
        if self._noise.hopeless:
            if self._is_film():
                self._ring.drain()
            self._fail(self._noise.hopeless)
            return
        if reason is None:
            self._fail(reader.problem or self._noise.reason() or reader.gone)
            return
        self._ring.drain()
        self._say(wire.ENDED, reason=reason)

    def _is_film(self) -> bool:
        return self._address.kind is Kind.FILM or (
            self._address.kind is Kind.STDIN and self._options.stdin_fps is not None
        )

    def _open(self) -> Reader:
        reader = open_reader(self._address, self._options, self._noise, self.stop, self._damaged)
        if reader.size and (too_large := self._too_large(*reader.size)):
            reader.close()
            raise NotOpened(too_large)
        return reader

    def _read_live(self, reader: Reader) -> str | None:
        """Read a camera: None when it gave out, else why it ended."""
        lively = Liveliness()
        number = 0
        while self._goes_on() and reader.grab():
            taken = time.monotonic()
            about: dict[str, Any] = {"say": wire.FRAME, "number": number, "time": None, "taken": taken}
            if self._put(reader, about, lively):
                number += 1
                self._counters.add(GRABBED)
                self._counters.alive(taken)
                self._noise.forget()
        if self._address.kind is not Kind.STDIN:
            return None
        return "" if number else f"there was no picture in it: {self._problem or 'nothing came'}"

    def _read_film(self, reader: Reader) -> str:
        """Read a film to its end, or in a loop; give what is to be said of its end."""
        clock, pace = FilmClock(reader.fps), Pace(reader.fps, self.stop)
        number = of_this_round = 0
        while self._goes_on():
            if not reader.grab():
                if not self._options.loop or of_this_round == 0 or self._address.kind is Kind.STDIN:
                    break
                reader = self._again(reader, clock)
                of_this_round = 0
                continue
            of_this_round += 1
            moment = clock.tick(reader.time())
            if self._options.realtime and not pace.keep(moment):
                number += 1
                continue
            about = {"say": wire.FRAME, "number": number, "time": moment, "taken": time.monotonic()}
            if self._put(reader, about, None):
                number += 1
                self._counters.add(GRABBED)
            self._counters.alive(time.monotonic())
        complained = bool(self._noise.reason())
        return _shortfall(of_this_round, reader.frames) if complained or reader.counted else ""

    def _goes_on(self) -> bool:
        return not (self.stop.is_set() or self._noise.hopeless)

    def _again(self, reader: Reader, clock: FilmClock) -> Reader:
        """Begin a film anew."""
        reader.close()
        clock.restart()
        return self._open()

    def _put(self, reader: Reader, about: dict[str, Any], lively: Liveliness | None) -> bool:
        """Hand a grabbed frame on; False when it is damaged."""
        decoded = reader.decode()
        if not self._tried:
            self._tried = True
            self._noise.settle()
        if self._noise.hopeless:
            return False
        if decoded is None:
            self._damaged(NOT_DECODED)
            return False
        height, width = decoded.shape[:2]
        if too_large := self._too_large(width, height):
            self._damaged(too_large)
            return False

        def fill(place: Any) -> None:
            reader.fill(place, decoded)
            about["flat"], about["still"] = lively.see(place, about["taken"]) if lively else (0.0, 0.0)

        return self._ring.put(height, width, fill, about)

    def _too_large(self, width: int, height: int) -> str:
        if width * height <= self._options.max_pixels:
            return ""
        return f"its pictures have {width} x {height} pixels; expected at most {self._options.max_pixels:,}"

    def _damaged(self, reason: str) -> None:
        """Count what cannot be decoded, and say why where that is known."""
        self._counters.add(DAMAGED)
        if reason and reason != self._problem:
            self._problem = reason
            self._say(wire.PROBLEM, reason=reason)

    def _fail(self, reason: str) -> None:
        waited_for = self._address.kind not in {Kind.FILM, Kind.STDIN}
        self._say(wire.FAILED, reason=in_plain_words(reason), heard=probe(self._address) if waited_for else None)

    def _say(self, what: str, **more: Any) -> None:
        if "reason" in more:
            more["reason"] = self._address.scrub(more["reason"])
        self._tell({"say": what, **more})


def _shortfall(given: int, promised: int | None) -> str:
    if promised is None or promised - given <= max(2, MISSING * promised):
        return ""
    return f"ended after {given} of {promised} frames: the film is cut short or damaged"


def open_reader(address: Address, options: Any, noise: Noise, stop: Event, damaged: Callable[[str], None]) -> Reader:
    """Open a source of any kind.

    Raises:
        NotOpened: it cannot be.
    """
    # Each kind imports what it needs alone: a reader is to be there at once.
    if address.kind is Kind.FOLDER:
        from masquerade.image import Limits  # noqa: PLC0415
        from masquerade.live.sources.reader.folder import Folder  # noqa: PLC0415

        limits = Limits(options.max_bytes, options.max_pixels)
        return Folder(address.target, limits, existing=options.existing, stop=stop, damaged=damaged)
    if address.kind is Kind.STDIN:
        from masquerade.live.sources.reader.jpegs import Jpegs, Splitter, read_stdin  # noqa: PLC0415

        return Jpegs(read_stdin, Splitter(options.max_bytes, damaged), options.stdin_fps)
    if address.kind is Kind.NETWORK and address.target.startswith("http"):
        from masquerade.live.sources.reader.http import open_jpegs  # noqa: PLC0415

        jpegs = open_jpegs(address.target, options, stop, damaged)
        if jpegs is not None:
            return jpegs
    from masquerade.live.sources.reader import capture  # noqa: PLC0415

    if address.kind is Kind.WEBCAM:
        return capture.open_webcam(int(address.target), noise)
    if address.kind is Kind.FILM and "://" not in address.target:
        return capture.open_film(address.target, noise)
    return capture.open_network(address.target, options, noise, film=address.kind is Kind.FILM)
