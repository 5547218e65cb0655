"""What every kind of reader gives: frames, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class NotOpened(Exception):
    """A source cannot be opened, or gave out; the message says why, in words."""


class Reader(Protocol):
    """An open source.

    Attributes:
        size: width and height in pixels, or None before the first picture.
        fps: frames a second, or None where that is not known.
        frames: how many frames a film has by its header, or None.
        counted: whether ``frames`` is what its writer counted; else it may be more than are to be shown.
        remark: what is to be said of its opening; may be empty.
        gone: what is to be said when there is no more.
    """

    size: tuple[int, int] | None
    fps: float | None
    frames: int | None
    counted: bool
    remark: str
    gone: str

    @property
    def problem(self) -> str:
        """Why it gave out, where that is known; may be empty."""

    def grab(self) -> bool:
        """Wait for the next frame; False when there is no more."""

    def time(self) -> float | None:
        """Seconds of the film at which the grabbed frame stands; None where it has no clock."""

    def decode(self) -> NDArray[np.uint8] | None:
        """Decode what was grabbed: (height, width, ...) uint8, until the next ``grab``; None when it is damaged."""

    def fill(self, place: NDArray[np.uint8], decoded: NDArray[np.uint8]) -> None:
        """Write what was decoded into ``place``, (height, width, 3) uint8, as RGB."""

    def close(self) -> None:
        """Let go of the source."""
