"""The process that reads a source: ``python -m masquerade.live.sources.reader MEMORY COMMANDS REPORTS``.

The arguments are descriptors; the address comes through the commands, where no list of processes shows it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from typing import Any, BinaryIO, NoReturn

from masquerade.live.sources import wire
from masquerade.live.sources.memory import DAMAGED, Counters
from masquerade.live.sources.reader.noise import Noise
from masquerade.live.sources.reader.reading import Reading
from masquerade.live.sources.reader.ring import Ring
from masquerade.signals import leave_endings_to_starter

FAREWELL = 0.5
"""Seconds that a source may take to close; a reader that hangs ends all the same."""

SET_DEATH_SIGNAL = 1
"""``PR_SET_PDEATHSIG`` of Linux."""


def main(memory: int, commands: int, reports: int) -> NoReturn:
    """Read until the source has ended, or whoever started this is gone."""
    leave_endings_to_starter()
    _end_with_parent()
    counters = Counters(memory)
    noise = Noise(lambda count: counters.add(DAMAGED, count))
    noise.take_over()
    lock = threading.Lock()

    def tell(message: dict[str, Any]) -> None:
        with lock, suppress(OSError):  # nobody listens any more: _listen ends this
            os.write(reports, wire.to_line(message))

    lines = os.fdopen(commands, "rb")
    task = wire.Task.from_line(lines.readline())
    newest = _newest(task)
    ring = Ring(memory, tell, newest=newest)
    reading = Reading(task, ring, counters, noise, tell)
    threading.Thread(target=_listen, args=(lines, ring, reading), daemon=True).start()
    try:
        reading.run()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is said, and the source decides
        words = task.address.scrub(f"the reader failed: {type(error).__name__}: {error}")
        tell({"say": wire.FAILED, "reason": words, "heard": None})
    # Not through the interpreter's own end, where threads of ffmpeg's may hang.
    os._exit(0)


def _end_with_parent() -> None:
    """Be killed when the thread that started this is gone: the pipe tells nothing to a process that is stopped."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(SET_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)


def _newest(task: wire.Task) -> bool:
    """Whether only the newest frame counts."""
    if task.address.kind == "film":
        return task.options.realtime
    if task.address.kind == "stdin":
        return task.options.stdin_fps is None
    return task.address.kind != "folder"


def _listen(lines: BinaryIO, ring: Ring, reading: Reading) -> None:
    """Take commands; when there will be none any more, end."""
    for line in lines:
        if line == wire.NEXT:
            ring.want()
    reading.stop.set()
    ring.close()
    time.sleep(FAREWELL)
    os._exit(0)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
