"""A folder that fills: its pictures in the order in which they come."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from masquerade.errors import ImageError, MasqueradeError
from masquerade.live.sources.reader.kinds import NotOpened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from threading import Event

    from numpy.typing import NDArray

    from masquerade.image import Limits

POLL = 0.2
"""Seconds from one look to the next; a folder that takes long to list is looked at less often."""
SETTLED = 0.3
"""A file that has not changed for so long is tried."""
GIVEN_UP = 10.0
"""And one that is then no whole picture is tried again when it changes, and said to be damaged after so long."""


@dataclass(slots=True)
class Arrival:
    """A file that is new or was written anew.

    Attributes:
        version: modification time and size, by which a change is told.
        since: ``time.monotonic()`` at which this version was first seen.
        tried: whether reading this version was tried, in vain.
    """

    version: tuple[int, int]
    since: float
    tried: bool = False


class Folder:
    """Gives each picture once; one that is written anew again.

    Args:
        path: the folder; folders in it are looked into, hidden files are not.
        limits: of the pictures.
        existing: whether pictures that are there already are given.
        stop: ends the waiting.
        damaged: called with what is wrong with a file that cannot be used.
    """

    size: tuple[int, int] | None = None
    fps: float | None = None
    frames: int | None = None
    counted = False
    gone = "the folder is gone"
    problem = ""

    def __init__(
        self, path: str, limits: Limits, *, existing: bool, stop: Event, damaged: Callable[[str], None]
    ) -> None:
        """List the folder; raise NotOpened when it is not there."""
        self._path, self._limits, self._stop, self._damaged = Path(path), limits, stop, damaged
        self._done: dict[str, tuple[int, int]] = {}
        self._coming: dict[str, Arrival] = {}
        self._look_at = 0.0
        self._picture: NDArray[np.uint8] | None = None
        if not self._path.is_dir():
            raise NotOpened("the folder is not there")
        self.remark = ""
        if not existing:
            self._done = dict(self._list())
            self.remark = f"{len(self._done)} pictures that lie there already are passed over" if self._done else ""

    def grab(self) -> bool:
        """Wait for the next picture; False when the folder is gone."""
        while not self._stop.is_set():
            begun = time.monotonic()
            if begun >= self._look_at:
                if not self._path.is_dir():
                    return False
                self._look(begun)
                took = time.monotonic() - begun
                self._look_at = begun + took + max(POLL, 10 * took)
            if self._take():
                return True
            self._stop.wait(POLL)
        return False

    def time(self) -> float | None:
        """None: the folder has no clock of its own."""
        return None

    def decode(self) -> NDArray[np.uint8] | None:
        """Give the picture."""
        return self._picture

    def fill(self, place: NDArray[np.uint8], decoded: NDArray[np.uint8]) -> None:
        """Write the picture into ``place``."""
        np.copyto(place, decoded)

    def close(self) -> None:
        """Nothing is open."""

    def _list(self) -> Iterator[tuple[str, tuple[int, int]]]:
        from masquerade.image import PICTURE_SUFFIXES  # noqa: PLC0415 - heavy, and only folders need it

        for folder, folders, files in os.walk(self._path):
            folders[:] = [name for name in folders if not name.startswith(".")]
            for name in files:
                path = os.path.join(folder, name)  # noqa: PTH118 - many files, many times
                if name.startswith(".") or os.path.splitext(name)[1].lower() not in PICTURE_SUFFIXES:  # noqa: PTH122
                    continue
                try:
                    status = os.stat(path)  # noqa: PTH116
                except OSError:  # gone since it was listed
                    continue
                yield path, _version(status)

    def _look(self, now: float) -> None:
        """Note what came, what changed and what went."""
        there = dict(self._list())
        for path in self._coming.keys() - there.keys():
            del self._coming[path]
        self._done = {path: version for path, version in self._done.items() if path in there}
        new = [item for item in there.items() if self._done.get(item[0]) != item[1]]
        for path, version in sorted(new, key=lambda item: (item[1][0], item[0])):
            arrival = self._coming.get(path)
            if arrival is None:
                self._coming[path] = Arrival(version, now)
            elif arrival.version != version:
                arrival.version, arrival.since, arrival.tried = version, now, False

    def _take(self) -> bool:
        """Read the first picture that is whole; one that is still being written does not hold up the others."""
        while (ready := self._ready()) is not None:
            path, arrival, final = ready
            if self._read(path, arrival, final=final):
                return True
        return False

    def _ready(self) -> tuple[str, Arrival, bool] | None:
        """The first file to be tried, and whether for the last time."""
        now = time.monotonic()
        for path, arrival in self._coming.items():
            age = now - arrival.since
            if age < SETTLED or (arrival.tried and age < GIVEN_UP) or self._has_changed(path, arrival):
                continue
            return path, arrival, age >= GIVEN_UP
        return None

    def _has_changed(self, path: str, arrival: Arrival) -> bool:
        """Whether a file is another one than when the folder was listed; the next listing tells."""
        try:
            return _version(os.stat(path)) != arrival.version  # noqa: PTH116
        except OSError:
            return True

    def _read(self, path: str, arrival: Arrival, *, final: bool) -> bool:
        from masquerade.image import read_image  # noqa: PLC0415 - heavy, and only folders need it

        try:
            self._picture = read_image(path, self._limits)
        except MasqueradeError as error:
            arrival.tried = True
            if not isinstance(error, ImageError) or final:
                self._give_up(path, arrival, str(error))
            return False
        self._done[path] = arrival.version
        del self._coming[path]
        return True

    def _give_up(self, path: str, arrival: Arrival, reason: str) -> None:
        self._done[path] = arrival.version
        del self._coming[path]
        self._damaged(reason)


def _version(status: os.stat_result) -> tuple[int, int]:
    return status.st_mtime_ns, status.st_size
