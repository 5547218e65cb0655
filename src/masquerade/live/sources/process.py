"""The reader's process, seen from the source: started, asked, listened to, killed."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from masquerade.live.sources import wire
from masquerade.live.sources.addresses import SCHEMES, Kind
from masquerade.live.sources.memory import Counters, Pictures, make_memory

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

FAREWELL = 1.5
"""Seconds in which a reader that was asked to end does so; then it is killed."""
CHUNK = 2**16
FFMPEG_OPTIONS = "OPENCV_FFMPEG_CAPTURE_OPTIONS"


class ReaderProcess:
    """One reader. It ends with this object, and with this process, however that ends.

    It is a program of its own (no fork of this one, whose threads would not come along), and knows nothing of
    the program that watches: it works from a notebook, too.

    Args:
        task: what it is to read.
    """

    def __init__(self, task: wire.Task) -> None:
        """Start it."""
        self._memory = make_memory()
        theirs_in, self._commands = os.pipe()
        self._reports, theirs_out = os.pipe()
        passed = (self._memory, theirs_in, theirs_out)
        try:
            self._process = _in_lasting_thread(lambda: _started(task, passed))
        except BaseException:
            for descriptor in (self._memory, self._commands, self._reports):
                os.close(descriptor)
            raise
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        self.counters = Counters(self._memory)
        self._pictures = Pictures(self._memory)
        self._partial = b""
        self._heard: deque[dict[str, Any]] = deque()
        self.asked_at = 0.0
        self._asked = self._told_end = self._closed = False
        self._command(task.to_line())

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def want(self) -> None:
        """Ask for the next picture, unless one is asked for already."""
        if not self._asked:
            self._asked = True
            self.asked_at = time.monotonic()
            self._command(wire.NEXT)

    def hear(self, timeout: float) -> dict[str, Any] | None:
        """Wait for the next message.

        Args:
            timeout: seconds to wait at most.

        Returns:
            None when none came in time, and after the last: a ``FAILED``, also when the process ended without a word.
        """
        if not self._heard and not self._told_end and self._readable(timeout):
            data = os.read(self._reports, CHUNK)
            *lines, self._partial = (self._partial + data).split(b"\n")
            self._heard.extend(map(json.loads, lines))
            if not data:
                self._told_end = True
                self._heard.append({"say": wire.FAILED, "reason": self._last_words(), "heard": None})
        if not self._heard:
            return None
        message = self._heard.popleft()
        self._asked = self._asked and message["say"] != wire.FRAME
        return message

    def _readable(self, timeout: float) -> bool:
        poll = select.poll()
        poll.register(self._reports, select.POLLIN)
        return bool(poll.poll(max(0.0, timeout) * 1e3))

    def picture(self, message: dict[str, Any]) -> NDArray[np.uint8]:
        """Copy the picture of a ``FRAME`` out of the shared memory: (height, width, 3) uint8, RGB."""
        return self._pictures.at(message["offset"], message["height"], message["width"]).copy()

    def close(self, *, kill: bool = False) -> None:
        """End it, and let go of everything.

        Args:
            kill: whether it hangs, and is not asked.
        """
        if self._closed:
            return
        self._closed = self._told_end = True
        if kill:
            self._process.kill()
        os.close(self._commands)  # by which it knows
        try:
            self._process.wait(FAREWELL)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._reports)
        os.close(self._memory)
        self.counters.let_go()
        self._pictures.let_go()

    def _command(self, line: bytes) -> None:
        with suppress(BrokenPipeError):  # it has ended, which listen() tells
            os.write(self._commands, line)

    def _last_words(self) -> str:
        try:
            code = self._process.wait(FAREWELL)
        except subprocess.TimeoutExpired:
            return "the reader went silent"
        return f"the reader ended with {f'signal {-code}' if code < 0 else f'exit code {code}'}"


def _started(task: wire.Task, passed: tuple[int, ...]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-P", "-m", "masquerade.live.sources.reader", *map(str, passed)],
        stdin=None if task.address.kind is Kind.STDIN else subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=passed,
        env=_environment(task),
        process_group=0,  # Ctrl-C is for this process
    )


def _in_lasting_thread(start: Callable[[], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
    """Start a reader from a thread that ends with this process alone: by it Linux tells the reader's parent."""
    return _starter().submit(start).result()


@cache
def _starter() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "readers")


def _environment(task: wire.Task) -> dict[str, str]:
    """What OpenCV and ffmpeg are told; what the user set in the environment stands."""
    home = str(Path(__file__).parents[3])
    wished = {
        "OPENCV_FFMPEG_LOGLEVEL": "16",  # errors
        "OPENCV_FFMPEG_SKIP_LOG_CALLBACK": "1",  # OpenCV's own writes to a buffer that nobody empties
        "OPENCV_IO_MAX_IMAGE_PIXELS": str(task.options.max_pixels),
        "OPENCV_LOG_LEVEL": "SILENT",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    path = {"PYTHONPATH": os.pathsep.join(filter(None, [home, os.environ.get("PYTHONPATH", "")]))}
    return wished | dict(os.environ) | _for_ffmpeg(task) | path


def _for_ffmpeg(task: wire.Task) -> dict[str, str]:
    """Options of ffmpeg's, of which the user's own have the last word, and the certificates that are trusted."""
    target, options = task.address.target, task.options
    if not target.startswith(tuple(f"{scheme}://" for scheme in SCHEMES)):
        return {}
    given = [f"rtsp_transport;{options.transport}"] if target.startswith("rtsp") else []
    given += ["tls_verify;1"] if options.verify_tls else []
    given += filter(None, [os.environ.get(FFMPEG_OPTIONS, "")])
    return ({FFMPEG_OPTIONS: "|".join(given)} if given else {}) | _trusted(options.ca_file)


def _trusted(ca_file: str) -> dict[str, str]:
    """Where OpenSSL looks: the one in OpenCV's wheel was built for places that few systems have."""
    if ca_file:
        return {"SSL_CERT_FILE": ca_file, "SSL_CERT_DIR": os.devnull}
    import ssl  # noqa: PLC0415 - only what is encrypted needs it

    paths = ssl.get_default_verify_paths()
    places = {"SSL_CERT_FILE": paths.cafile, "SSL_CERT_DIR": paths.capath}
    return {name: place for name, place in places.items() if place}
