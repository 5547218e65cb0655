"""JPEGs over HTTP: MJPEG (``multipart/x-mixed-replace``), and single pictures that are asked for again and again.

ffmpeg reads MJPEG too, but gives up at the first damaged part, and keeps the size that the first picture had.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from masquerade.live.sources.reader.asking import TROUBLE, Asking
from masquerade.live.sources.reader.jpegs import CHUNK, Jpegs, Splitter
from masquerade.live.sources.reader.kinds import NotOpened

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Event

    from masquerade.live.sources.options import SourceOptions

MULTIPART = "multipart"
"""MJPEG is ``multipart/x-mixed-replace``; some cameras say ``multipart/mixed``."""
SNAPSHOT = frozenset({"image/jpeg", "image/jpg"})
HEADERS = bytes(range(0x20, 0x7F)) + b"\0\t\r\n"
"""What stands between the pictures of a multipart: its headers are text."""


def open_jpegs(target: str, options: SourceOptions, stop: Event, damaged: Callable[[], None]) -> Jpegs | None:
    """Ask an address for its pictures.

    Returns:
        None when it gives something else, which may be a film.

    Raises:
        NotOpened: it does not answer, or with an error.
    """
    asking = Asking(target, options)
    answer = asking.ask()
    kind = answer.headers.get_content_type()
    if answer.headers.get_content_maintype() == MULTIPART:
        return Jpegs(lambda: _next_bytes(answer), Splitter(options.max_bytes, damaged, HEADERS))
    if kind in SNAPSHOT:
        snapshots = _Snapshots(asking, answer, options, stop)
        return Jpegs(snapshots.read, Splitter(options.max_bytes, damaged, HEADERS))
    answer.close()
    return None


def _next_bytes(answer: Any) -> bytes:
    try:
        return answer.read1(CHUNK)  # type: ignore[no-any-return]
    except TROUBLE:
        return b""


class _Snapshots:
    """The answers to one question, asked again and again, as one stream."""

    def __init__(self, asking: Asking, answer: Any, options: SourceOptions, stop: Event) -> None:
        self._asking, self._answer, self._stop = asking, answer, stop
        self._most, self._every = options.max_bytes, options.snapshot_every
        self._asked = time.monotonic()

    def read(self) -> bytes:
        """Give the next picture; b"" when there is none."""
        if self._answer is None:
            self._stop.wait(max(0.0, self._asked + self._every - time.monotonic()))
            self._asked = time.monotonic()
            try:
                self._answer = self._asking.ask()
            except NotOpened:
                return b""
        try:
            return self._answer.read(self._most + 1)  # type: ignore[no-any-return]
        except TROUBLE:
            return b""
        finally:
            self._answer.close()
            self._answer = None
