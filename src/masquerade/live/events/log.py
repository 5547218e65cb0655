"""The log of events on disk."""

from __future__ import annotations

import errno
import logging
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from time import monotonic
from typing import Protocol

from masquerade.errors import DestinationUnusable, MasqueradeError
from masquerade.files import lock_file, make_folder, refuse_folder, unusable, write_parts
from masquerade.live.events.lines import any_older, kept, line_of, mend
from masquerade.live.types import Event, Frame

SWEEP_SECONDS = 3600.0
"""Time after which old lines are looked for again."""

logger = logging.getLogger("masquerade.events")


def utc_now() -> datetime:
    """Give the time of day, in UTC."""
    return datetime.now(UTC)


class HasEvents(Protocol):
    """What a watch makes of one frame, as far as the log needs it."""

    @property
    def events(self) -> tuple[Event, ...]:
        """What is new with this frame."""
        ...


class EventLog:
    """Writes events as JSON lines, each whole and at once. One process writes a log.

    A disk that is full is said once and the lines that are lost are counted; writing goes on as soon as there is room,
    with a line ``events_lost`` where others are missing.

    Attributes:
        path: the file.
        written: lines that were written.
        lost: lines that could not be.
        trouble: why the last line was lost; empty when it was not.
    """

    def __init__(
        self,
        path: Path,
        *,
        live: bool,
        keep_days: float | None = None,
        say: Callable[[str], object] = logger.warning,
        now: Callable[[], datetime] = utc_now,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Open a log, or begin one; mend its last line and take out what is too old.

        Args:
            path: where it is; its folder is made.
            live: whether what is watched happens now; its lines have the time of day, ``at``, and are kept for
                ``keep_days``.
            keep_days: days after which lines with a time of day are taken out; None keeps them.
            say: told in words when something goes wrong, and when it goes on.
            now: the time of day, with a zone.
            clock: seconds that never go back.

        Raises:
            DestinationUnusable: it cannot be written, or another process writes it.
            EventLogInvalid: the file holds something else.
        """
        self.path = path
        self.written = 0
        self.lost = 0
        self.trouble = ""
        self._gap: Event | None = None  # tells in the log itself of what was lost since its last line
        self._missing = 0
        self._live, self._keep, self._say, self._now, self._clock = live, keep_days, say, now, clock
        refuse_folder(path)
        make_folder(path.parent)
        try:
            self._file: FileIO | None = self._opened()
        except OSError as error:
            raise unusable(path, error) from error
        self._swept = clock()
        self._sweep()

    def take(self, frame: Frame | None, snapshot: HasEvents) -> None:  # noqa: ARG002 - no picture goes into a log
        """Write what is new with a frame, as a sink of a watch."""
        self.write(*snapshot.events)

    def write(self, *events: Event) -> None:
        """Write events; what cannot be written is counted, and nothing is raised."""
        if self._clock() - self._swept >= SWEEP_SECONDS:
            self._sweep()
        at = self._now() if self._live and events else None
        for event in events:
            line = line_of(event, at)
            if self._gap is not None:
                line = line_of(self._gap, at) + line
            try:
                self._put(line)
            except (OSError, MasqueradeError) as error:
                self._lose(event, error)
            else:
                self._won()

    def close(self) -> None:
        """Close the file, and say in it what was lost, if there is room now; closing twice is no mistake."""
        if self._gap is not None:
            with suppress(OSError, MasqueradeError):
                self._put(line_of(self._gap, self._now() if self._live else None))
                self._gap = None
        self._let_go()

    def _let_go(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _opened(self) -> FileIO:
        """Open the file behind its last line, locked against other processes; the system's own errors pass."""
        file = self.path.open("a+b", buffering=0)
        try:
            if not lock_file(file):
                raise DestinationUnusable(
                    f"{self.path}: another watch is writing there", hint="name another file for this one"
                )
            cut = mend(file, str(self.path))
        except BaseException:
            file.close()
            raise
        if cut:
            self._say(f"{self.path}: the last line was torn and is taken out ({cut} bytes)")
        return file

    def _put(self, lines: bytes) -> None:
        """Write all of it or nothing."""
        file = self._there()
        done = file.write(lines)
        if done < len(lines):
            file.truncate(os.fstat(file.fileno()).st_size - done)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _won(self) -> None:
        self.written += 1
        self._gap, self._missing = None, 0
        if self.trouble:
            self._say(f"{self.path}: events are written again; {self.lost} were lost so far")
            self.trouble = ""

    def _there(self) -> FileIO:
        """Give the open file; opened anew where somebody moved or removed it."""
        if self._file is not None:
            here = os.fstat(self._file.fileno())
            with suppress(FileNotFoundError):
                there = self.path.stat()
                if (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino):
                    return self._file
            self._let_go()
        self._file = self._opened()
        return self._file

    def _lose(self, event: Event, error: OSError | MasqueradeError) -> None:
        self.lost += 1
        self._missing += 1
        reason = error.strerror or str(error) if isinstance(error, OSError) else str(error)
        missing = "1 event" if self._missing == 1 else f"{self._missing} events"
        self._gap = Event(event.time, "events_lost", reason=f"{missing} could not be written: {reason}")
        if not self.trouble:
            self.trouble = reason
            self._say(f"{self.path}: events cannot be written and are lost: {reason}")

    def _sweep(self) -> None:
        """Take out the lines that are too old, the rest written whole beside them before it takes their place."""
        self._swept = self._clock()
        if self._keep is None or not self._live:
            return
        try:
            if not any_older(self.path, self._keep, self._now()):
                return
            mode = self.path.stat().st_mode
            write_parts(self.path, kept(self.path, self._keep, self._now()))
            self.path.chmod(stat.S_IMODE(mode))
            self._there()
        except FileNotFoundError:
            return
        except (OSError, MasqueradeError) as error:
            self._say(f"{self.path}: lines older than {self._keep:g} days could not be taken out: {error}")
