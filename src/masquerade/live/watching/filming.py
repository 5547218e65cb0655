"""The film of a watch: what was seen, with faces blurred and how each person wears a mask."""

from __future__ import annotations

import logging
import shutil
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masquerade.errors import DestinationUnusable
from masquerade.geometry import opencv
from masquerade.live.types import Frame, Person
from masquerade.live.watching.blurring import blur_heads
from masquerade.live.watching.partial import UNPLAYABLE, PartialFilm, rescue
from masquerade.live.watching.snapshot import Box, Snapshot
from masquerade.looking.annotate import draw_labels

CODECS = {".mp4": "mp4v", ".mkv": "mp4v", ".avi": "MJPG"}
"""What is written into each kind of file."""
USUAL_FPS = 25.0
LOOK_BACK = 0.5
"""Seconds for which frames wait: a face that is found now was there a moment ago, and is blurred there as well."""
MOST_BYTES = 256 * 2**20
"""Memory for frames that wait. Where it does not hold all of half a second, some of them are left out of the film."""
FEWEST_WAITING = 2
LONGEST_HOLD = 2.0
"""Seconds for which a picture stands still where the source gave none; longer gaps are cut."""
SHOWN = 0.2
"""Seconds for which somebody who is not found any more is still framed."""
RESERVE = 64 * 2**20
"""Bytes that stay free on the disk."""
FULL = "the disk is full"

logger = logging.getLogger("masquerade.watch")


class FilmWriter:
    """Writes a film, as a sink of a watch. It is put into place whole when the watch is over.

    Where the disk fills up, the film ends there; that is said once, and the watch goes on. What is put into place can
    be played: the file is read again when it is ended, for the encoder does not say what it could not write.

    Attributes:
        path: the file.
        frames: frames in the film.
        left_out: frames that were not, for want of memory; the next one stands in their place.
        trouble: why the film ends early, or why there is none; empty when all is well.
    """

    def __init__(
        self,
        path: Path,
        *,
        fps: float | None = None,
        show_faces: bool = False,
        say: Callable[[str], object] = logger.warning,
        free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    ) -> None:
        """Refuse a place that cannot be used, before any work.

        Args:
            path: an .mp4, .mkv or .avi file that is not there yet.
            fps: frames a second, by the source's header.
            show_faces: leave the faces as they are.
            say: told in words when the film ends early, and of films that were cut off before.
            free: gives the bytes that are free in a folder.

        Raises:
            DestinationUnusable: the name is none of a film, something is there, or nothing can be written there.
        """
        if path.suffix.lower() not in CODECS:
            raise DestinationUnusable(f"{path}: expected a film's name, one of {' '.join(CODECS)}")
        rescue(path, say)
        self.path, self.frames, self.left_out, self.trouble = path, 0, 0, ""
        self._partial = PartialFilm(path)
        self._fps = fps if fps is not None and 1 <= fps <= 240 else USUAL_FPS
        self._show_faces, self._say, self._free = show_faces, say, free
        self._waiting: deque[tuple[Frame, tuple[Box, ...], tuple[Person, ...]]] = deque()
        self._writer: Any = None
        self._size = (0, 0)
        self._began = 0.0
        self._closed = False

    def take(self, frame: Frame | None, snapshot: Snapshot) -> None:
        """Take a frame; it is written a moment later."""
        if frame is None or self.trouble or self._closed:
            return
        self._look_back(snapshot.covers)
        here = tuple(person for person in snapshot.people if snapshot.time - person.seen <= SHOWN)
        self._waiting.append((frame, snapshot.covers, here))
        while self._waiting and frame.time - self._waiting[0][0].time > LOOK_BACK:
            self._write(*self._waiting.popleft())
        while len(self._waiting) > FEWEST_WAITING and self._bytes_waiting() > MOST_BYTES:
            self._leave_one_out()

    def close(self) -> None:
        """Write what waits and put the film into place.

        Raises:
            DestinationUnusable: it cannot be put there, or something is there by now.
        """
        if self._closed:
            return
        try:
            while self._waiting and not self.trouble:
                self._write(*self._waiting.popleft())
        finally:
            self._closed = True
            self._release()

    def _release(self) -> None:
        """End the film and put it into place; one without a frame is none."""
        if self._writer is not None:
            self._end("it could not be written to its end")
        if self.frames:
            self._partial.put()
        else:
            self._partial.drop()

    def _end(self, cause: str) -> None:
        """End the file, see what is in it, and say so where frames are missing or ``cause`` is more than a guess."""
        self._writer.release()
        self._writer = None
        written, self.frames = self.frames, self._partial.count(self.frames)
        if self.frames < written or cause == FULL:
            self._give_up(cause)

    def _give_up(self, cause: str) -> None:
        """Take no more frames, and say how much of a film there is."""
        self._waiting.clear()
        kept = f"the film ends after {self.frames / self._fps:.1f} seconds" if self.frames else "there is no film"
        if not self.frames and self._size != (0, 0) and self.path.suffix.lower() in UNPLAYABLE:
            kept += ", for its index could not be written; an .mkv file does without"
        self.trouble = f"{cause}: {kept}"
        self._say(f"{self.path}: {self.trouble}")

    def _bytes_waiting(self) -> int:
        return sum(frame.image.nbytes for frame, _, _ in self._waiting)

    def _leave_one_out(self) -> None:
        """Leave out the frame that is missed least: no frame is written before it has waited for half a second."""
        times = [frame.time for frame, _, _ in self._waiting]
        missed_least = min(range(1, len(times) - 1), key=lambda at: times[at + 1] - times[at - 1])
        del self._waiting[missed_least]
        if not self.left_out:
            width, height = self._waiting[0][0].image.shape[1::-1]
            self._say(
                f"{self.path}: pictures of {width} x {height} pixels come so fast that some are left out of the film"
            )
        self.left_out += 1

    def _look_back(self, covers: tuple[Box, ...]) -> None:
        """Blur what appears now in the frames that wait, too."""
        if not self._waiting or self._show_faces:
            return
        known = self._waiting[-1][1]
        new = tuple(_larger(box) for box in covers if not any(_meet(box, other) for other in known))
        if new:
            self._waiting = deque((frame, (*boxes, *new), people) for frame, boxes, people in self._waiting)

    def _write(self, frame: Frame, covers: tuple[Box, ...], people: tuple[Person, ...]) -> None:
        if self._writer is None and not (self._has_room() and self._open(frame)):
            return
        image = frame.image if self._show_faces else blur_heads(frame.image, covers)
        slot = round((frame.time - self._began) * self._fps)
        longest = round(LONGEST_HOLD * self._fps)
        if slot - self.frames > longest:
            self._began += (slot - self.frames - longest) / self._fps
            slot = self.frames + longest
        if slot < self.frames:
            return
        picture = self._fitted(draw_labels(image, people))
        while self.frames <= slot and self._has_room():
            self._writer.write(picture)
            self.frames += 1

    def _open(self, frame: Frame) -> bool:
        """Begin the film; False where that cannot be, which is said."""
        cv2 = opencv()
        height, width = frame.image.shape[:2]
        code = cv2.VideoWriter.fourcc(*CODECS[self.path.suffix.lower()])
        writer = cv2.VideoWriter(str(self._partial.path), cv2.CAP_FFMPEG, code, self._fps, (width, height))
        if not writer.isOpened():
            self._give_up(f"no film of {width} x {height} pixels can be written there")
            return False
        self._writer, self._size, self._began = writer, (width, height), frame.time
        return True

    def _fitted(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The picture in the size of the film, BGR; one of another shape gets black edges."""
        cv2 = opencv()
        size = (image.shape[1], image.shape[0])
        if size != self._size:
            scale = min(self._size[0] / size[0], self._size[1] / size[1])
            inner = (max(1, round(size[0] * scale)), max(1, round(size[1] * scale)))
            canvas = np.zeros((self._size[1], self._size[0], 3), np.uint8)
            x, y = (self._size[0] - inner[0]) // 2, (self._size[1] - inner[1]) // 2
            canvas[y : y + inner[1], x : x + inner[0]] = cv2.resize(image, inner, interpolation=cv2.INTER_AREA)
            image = canvas
        return np.ascontiguousarray(image[..., ::-1])

    def _has_room(self) -> bool:
        """Whether one more frame may be written; where not, the film is ended while there is room for its index."""
        if not self.trouble and self._free(self.path.parent) < RESERVE:
            if self._writer is None:
                self._give_up(FULL)
            else:
                self._end(FULL)
        return not self.trouble


def _larger(box: Box) -> Box:
    """The same place with a quarter of room: the face may have been beside it a moment ago."""
    x0, y0, x1, y1 = box
    x, y = (x1 - x0) / 4, (y1 - y0) / 4
    return x0 - x, y0 - y, x1 + x, y1 + y


def _meet(box: Box, other: Box) -> bool:
    return box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3]
