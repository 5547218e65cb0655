"""Films, webcams and network cameras, through OpenCV."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from masquerade.live.sources.reader.kinds import NotOpened

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from masquerade.live.sources.options import SourceOptions
    from masquerade.live.sources.reader.noise import Noise
    from masquerade.live.sources.reader.relay import Relay

SPARE = 1.0
"""Seconds that ffmpeg's own time-outs are longer than those by which the source ends the reader."""
CREDIBLE_FPS = 240.0
"""A header that promises more tells the ticks of a clock, not frames."""
AVI = b"RIFF"
DEVICES = Path("/dev")
TEXT = bytes(range(0x20, 0x7F)) + b"\t\r\n"
ONE_THREAD = [cv2.CAP_PROP_N_THREADS, 1]
"""The other cores are for who looks at the pictures; and several threads decode several frames late."""


class Capture:
    """A film, webcam or network camera."""

    remark = ""
    gone = "it sends no more"
    counted = False

    def __init__(self, capture: Any, *, film: bool, relay: Relay | None = None) -> None:
        """Ask an open ``cv2.VideoCapture`` what it knows; ``relay`` is what it reads from, if it does."""
        cv2.setNumThreads(1)
        self._capture, self._film, self._relay = capture, film, relay
        width, height = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
        self.size = (width, height) if width > 0 and height > 0 else None
        fps = capture.get(cv2.CAP_PROP_FPS)
        self.fps = float(fps) if 0 < fps <= CREDIBLE_FPS else None
        frames = capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self.frames = int(frames) if film and 0 < frames < 2**40 else None
        self._buffer: NDArray[np.uint8] | None = None

    def grab(self) -> bool:
        """Wait for the next frame; False when there is no more."""
        return bool(self._capture.grab())

    def time(self) -> float | None:
        """Seconds of the film, by the frame's own time-stamp."""
        return float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1e3 if self._film else None

    def decode(self) -> NDArray[np.uint8] | None:
        """Decode what was grabbed, to BGR or grey; None when it is damaged."""
        decoded, self._buffer = self._capture.retrieve(self._buffer)
        if not decoded or self._buffer is None or self._buffer.dtype != np.uint8 or self._buffer.size == 0:
            self._buffer = None
        return self._buffer

    def fill(self, place: NDArray[np.uint8], decoded: NDArray[np.uint8]) -> None:
        """Write it as RGB into ``place``."""
        grey = decoded.ndim == 2 or decoded.shape[2] == 1
        cv2.cvtColor(decoded, cv2.COLOR_GRAY2RGB if grey else cv2.COLOR_BGR2RGB, dst=place)

    @property
    def problem(self) -> str:
        """What the relay met, which ffmpeg has seen as an error of the relay's alone."""
        return self._relay.problem if self._relay is not None else ""

    def close(self) -> None:
        """Let go of the source."""
        self._capture.release()
        if self._relay is not None:
            self._relay.close()


def open_film(target: str, noise: Noise) -> Capture:
    """Open a film in a file.

    Raises:
        NotOpened: ffmpeg finds no film there.
    """
    try:
        with Path(target).open("rb") as file:
            head = file.read(1024)
    except OSError as error:
        raise NotOpened(error.strerror or str(error)) from error
    if _is_text(head):
        raise NotOpened("it is text, no film")
    film = _opened(cv2.VideoCapture(target, cv2.CAP_FFMPEG, ONE_THREAD), noise, "it is no film", film=True)
    film.counted = head.startswith(AVI)
    return film


def _is_text(head: bytes) -> bool:
    """Whether a file begins as text: ffmpeg would draw it, or follow the files that it names."""
    return not head.startswith(b"YUV4MPEG2") and not head.strip(TEXT)


def open_network(target: str, options: SourceOptions, noise: Noise, *, film: bool) -> Capture:
    """Open a camera or a film at an address.

    Raises:
        NotOpened: it does not answer, refuses, is not trusted, or sends nothing that can be decoded.
    """
    relay = _checked(target, options) if options.verify_tls else None
    capture = cv2.VideoCapture(
        relay.address if relay else target,
        cv2.CAP_FFMPEG,
        [*ONE_THREAD, *_timeouts(options.open_timeout, options.read_timeout + SPARE)],
    )
    if relay is not None and not capture.isOpened():
        relay.close()
        if relay.problem:
            raise NotOpened(relay.problem)
    return _opened(capture, noise, "it is no film" if film else "it sends no film", film=film, relay=relay)


def _checked(target: str, options: SourceOptions) -> Relay | None:
    """See to it that certificates are checked: a relay where ffmpeg does so in part alone."""
    # Only what is encrypted needs these.
    if target.startswith("https://"):
        from masquerade.live.sources.reader.relay import Relay  # noqa: PLC0415

        return Relay(target, options)
    if target.startswith("rtsps://"):
        from masquerade.live.sources.reader import certificates  # noqa: PLC0415

        certificates.check(target, options)
    return None


def open_webcam(number: int, noise: Noise) -> Capture:
    """Open a webcam.

    Raises:
        NotOpened: there is none of that number, or another program has it.
    """
    if sys.platform == "linux":
        _try_device(DEVICES / f"video{number}")
    capture = cv2.VideoCapture(number, cv2.CAP_V4L2 if sys.platform == "linux" else cv2.CAP_ANY)
    # With one buffer a camera has none to fill while the other is read, and gives half its frames.
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 2)
    otherwise = "it cannot be opened: another program has it, or it gives no pictures"
    return _opened(capture, noise, otherwise, film=False)


def _try_device(device: Path) -> None:
    """Say what is wrong with a device where OpenCV would say nothing."""
    try:
        if not stat.S_ISCHR(device.stat().st_mode):
            raise NotOpened(f"{device} is no camera")
        os.close(os.open(device, os.O_RDWR | os.O_NONBLOCK))
    except FileNotFoundError as error:
        others = ", ".join(sorted(path.name for path in device.parent.glob("video*")))
        raise NotOpened(f"there is no {device}{f'; there is {others}' if others else ''}") from error
    except PermissionError as error:
        raise NotOpened(f"{device} may not be opened by this user: the group video may") from error
    except OSError as error:
        raise NotOpened(f"{device}: {error.strerror}") from error


def _timeouts(open_timeout: float, read_timeout: float) -> list[int]:
    return [
        cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
        max(1, round(open_timeout * 1e3)),
        cv2.CAP_PROP_READ_TIMEOUT_MSEC,
        max(1, round(read_timeout * 1e3)),
    ]


def _opened(capture: Any, noise: Noise, otherwise: str, *, film: bool, relay: Relay | None = None) -> Capture:
    if not capture.isOpened():
        capture.release()
        raise NotOpened(noise.reason() or otherwise)
    return Capture(capture, film=film, relay=relay)
