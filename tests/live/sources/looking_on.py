"""What the tests of sources share: waiting for something to happen, and films to read."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from masquerade.live.sources import Source
from masquerade.live.types import Frame, StateChange

PATIENCE = 90.0
"""Seconds that a busy machine may take; none of it is waited in vain."""


class Watcher:
    """Takes frames from a source and keeps its changes."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.frames: list[Frame] = []
        self.changes: list[StateChange] = []

    @property
    def states(self) -> list[str]:
        return [change.state for change in self.changes]

    def until(self, happened: Callable[[], object], what: str = "it") -> None:
        """Watch until something has happened."""
        end = time.monotonic() + PATIENCE
        while not happened():
            assert time.monotonic() < end, f"{what} has not happened; {self.changes}, {self.source.reason}"
            self.step()

    def until_state(self, state: str) -> None:
        """Watch until the source comes into a state that it is not in."""
        before = len(self.changes)
        self.until(lambda: state in self.states[before:], state)

    def until_frames(self, count: int) -> list[Frame]:
        """Watch until so many more frames came, and give them."""
        before = len(self.frames)
        self.until(lambda: len(self.frames) >= before + count, f"{count} frames")
        return self.frames[before:]

    def step(self, timeout: float = 0.05) -> None:
        frame = self.source.frame(timeout)
        if frame is not None:
            self.frames.append(frame)
        self.changes += self.source.changes()


def all_frames(source: Source) -> list[Frame]:
    """Every frame of a film."""
    frames = []
    end = time.monotonic() + PATIENCE
    while source.state != "ended":
        assert time.monotonic() < end
        if (frame := source.frame(1.0)) is not None:
            frames.append(frame)
    return frames


def numbered(number: int, width: int = 160, height: int = 120) -> NDArray[np.uint8]:
    """A picture that tells its number: (height, width, 3) uint8 RGB, eight fields, white for a bit that is set.

    The first third of it is red, the rest grey: so colours that are swapped are seen.
    """
    image = np.zeros((height, width, 3), np.uint8)
    image[: height // 3] = (200, 30, 30)
    for bit in range(8):
        if number >> bit & 1:
            image[height // 2 :, bit * width // 8 : (bit + 1) * width // 8] = 255
    return image


def number_of(image: NDArray[np.uint8]) -> int:
    """Read the number of such a picture, and check its colours."""
    height, width = image.shape[:2]
    red, green, blue = image[height // 6, width // 2].astype(int)
    assert red > 150 and green < 100 and blue < 100, (red, green, blue)
    row = image[height * 3 // 4].astype(int).mean(axis=1)
    return sum(1 << bit for bit in range(8) if row[bit * width // 8 + width // 16] > 127)


def write_film(path: Path, frames: int, fps: float = 25.0, size: tuple[int, int] = (160, 120)) -> Path:
    """Write a film of numbered pictures, as JPEGs in AVI or by the suffix's usual codec."""
    codec = {".avi": "MJPG", ".mp4": "mp4v"}[path.suffix]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), fps, size)
    assert writer.isOpened()
    for number in range(frames):
        writer.write(cv2.cvtColor(numbered(number % 256, *size), cv2.COLOR_RGB2BGR))
    writer.release()
    return path
