"""What ffmpeg writes to standard error: kept off the terminal, its errors counted, the last one remembered."""

from __future__ import annotations

import os
import re
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LINE = re.compile(r"(?:\[([^\]]*) @ 0x[0-9a-f]+\]\s*)+(.*)")
CARRIERS = frozenset({"crypto", "http", "https", "rtp", "rtsp", "tcp", "tls", "udp"})
"""Parts of ffmpeg whose errors are no damage to a picture."""
HOPELESS = {
    "Cannot convert interlaced": "its pictures are interlaced, which OpenCV gives black: let ffmpeg read it (yadif)",
    "hardware accelerated AV1": "its pictures are AV1, which this OpenCV cannot decode: let ffmpeg read it",
}
"""What ffmpeg says when no picture will come right, and that in plain words."""
REPEATED = re.compile(r"\s*Last message repeated (\d+) times")
LONGEST = 200
SETTLE = 0.05
"""Seconds in which what was written has arrived."""


class Noise:
    """Takes standard error in.

    Args:
        count: called with the number of errors that came.

    Attributes:
        last: the last error; empty when there was none since it was last asked for or forgotten.
        hopeless: why no picture will come right, in words; empty while that is not known.
    """

    def __init__(self, count: Callable[[int], None]) -> None:
        """Know of no error yet."""
        self._count = count
        self.last = self.hopeless = ""

    def take_over(self) -> None:
        """Lead the standard error of this process, that of its libraries too, to a thread that reads it."""
        reading, writing = os.pipe()
        os.dup2(writing, 2)
        os.close(writing)
        threading.Thread(target=self._listen, args=(reading,), daemon=True).start()

    def _listen(self, descriptor: int) -> None:
        with os.fdopen(descriptor, errors="replace") as lines:
            for line in lines:
                self.take(line)

    def reason(self) -> str:
        """Give the last error, and forget it; "" when there was none since it was last asked for or forgotten."""
        self.settle()
        last, self.last = self.last, ""
        return last

    def settle(self) -> None:
        """Wait until what was written has arrived."""
        time.sleep(SETTLE)

    def forget(self) -> None:
        """What was said is no reason any more: a picture came."""
        self.last = ""

    def take(self, line: str) -> None:
        """Judge one line."""
        if repeated := REPEATED.match(line):
            self._count(int(repeated[1]))
        elif found := LINE.match(line.strip()):
            if found[1] not in CARRIERS:
                self._count(1)
            self.last = found[2][:LONGEST] or self.last
            self.hopeless = next((words for sign, words in HOPELESS.items() if sign in line), self.hopeless)
