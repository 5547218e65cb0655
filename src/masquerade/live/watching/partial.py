"""The passing file of a film, and what is left of one whose watch was killed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from masquerade.errors import DestinationUnusable
from masquerade.files import lock_file, make_folder, refuse_existing, unusable
from masquerade.geometry import opencv

MARK = ".masquerade-"
UNPLAYABLE = frozenset({".mp4"})
"""Kinds of file whose index stands at the end, so that one without an end can hardly be played."""


class PartialFilm:
    """A file beside its target, locked while it is written, and put into place when it is whole.

    Attributes:
        path: what is to be written.
    """

    def __init__(self, target: Path) -> None:
        """Make it.

        Raises:
            DestinationUnusable: something is at the target, or nothing can be written there.
        """
        make_folder(target.parent)
        refuse_existing(target)
        self._target = target
        self.path = target.with_name(f"{_stem(target)}{os.getpid()}{_end(target)}")
        try:
            self._file = self.path.open("xb")
        except OSError as error:
            raise unusable(target, error) from error
        lock_file(self._file)

    def count(self, expected: int) -> int:
        """Count the frames that can be played; 0 where there is no film. Nothing is decoded."""
        cv2 = opencv()
        film = cv2.VideoCapture(str(self.path), cv2.CAP_FFMPEG)
        try:
            if not film.isOpened():
                return 0
            if film.get(cv2.CAP_PROP_FRAME_COUNT) == expected:  # what stands in an index was written
                return expected
            film.set(cv2.CAP_PROP_FORMAT, -1)  # packets, as they are
            found = 0
            while found < expected and film.grab():
                found += 1
            return found
        finally:
            film.release()

    def put(self) -> None:
        """Put it into place.

        Raises:
            DestinationUnusable: something is there by now, which stays, and the film is beside it, as the message says;
                or it cannot be put there, and lies under its passing name.
        """
        try:
            if self._target.exists():
                place = _free_name(self._target)
                self.path.rename(place)
                raise DestinationUnusable(f"{self._target} is there by now; the film is in {place}")
            self.path.replace(self._target)
        except OSError as error:
            raise unusable(self._target, error) from error
        finally:
            self._file.close()

    def drop(self) -> None:
        """Take it away."""
        self._file.close()
        self.path.unlink(missing_ok=True)


def rescue(target: Path, say: Callable[[str], object]) -> None:
    """Find the films that other watches began to write for the same target and could not end, being killed.

    Each gets a name that is seen, ``door.cut-off.mkv``, and is told; one without content is removed.

    Args:
        target: where a film is to be written.
        say: told in words.

    Raises:
        DestinationUnusable: the folder cannot be read.
    """
    try:
        for path in sorted(target.parent.iterdir()):
            if path.name.startswith(_stem(target)) and path.name.endswith(_end(target)):
                try:
                    _rescue_one(path, target, say)
                except PermissionError:
                    say(f"{path} was left by a watch of somebody else that was cut off")
    except FileNotFoundError:  # a folder that is yet to be made, or a file that another watch has rescued
        return
    except OSError as error:
        raise unusable(target, error) from error


def _rescue_one(path: Path, target: Path, say: Callable[[str], object]) -> None:
    with path.open("r+b") as file:
        if not lock_file(file):  # another watch writes it
            return
        if path.stat().st_size == 0:
            path.unlink()
            return
        place = _free_name(target)
        path.rename(place)
    plays = "it can be played"
    if target.suffix.lower() in UNPLAYABLE:
        plays = "its index is missing, so that few programs can play it; an .mkv file can be played in any case"
    say(f"a watch before this one was cut off; what it had written is in {place}: {plays}")


def _free_name(target: Path) -> Path:
    place, number = target.with_name(f"{target.stem}.cut-off{target.suffix}"), 2
    while place.exists():
        place, number = target.with_name(f"{target.stem}.cut-off-{number}{target.suffix}"), number + 1
    return place


def _stem(target: Path) -> str:
    return f".{target.stem}{MARK}"


def _end(target: Path) -> str:
    return f".partial{target.suffix.lower()}"  # by which OpenCV chooses the kind of file
