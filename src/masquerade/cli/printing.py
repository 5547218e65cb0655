"""Text for terminals: file names may hold anything, so what steers a terminal or is no text is shown escaped."""

from __future__ import annotations

import io
import re
import sys
import time
from types import TracebackType

# Control characters, line separators, changes of direction, and the bytes of a name that is no UTF-8.
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def shown(text: object) -> str:
    """Give ``str(text)`` with what is not safe to print as backslash escapes."""
    return UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), str(text))


def never_refuse() -> None:
    """Let standard output escape what its encoding cannot say, as standard error does by default."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


class Bar:
    """A bar of progress on standard error, where that is a terminal and there is more than one thing to do.

    It makes room for other output: ``hide`` before it, ``advance`` after it.
    """

    WIDTH = 30

    def __init__(self, what: str, count: int) -> None:
        """Take a word for what is done, and how many times."""
        self._what, self._count, self._done = what, count, 0
        self._started = time.monotonic()
        self._visible = count > 1 and sys.stderr.isatty()

    def __enter__(self) -> Bar:
        """Draw the empty bar."""
        self._draw()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Take the bar away."""
        self.hide()

    def hide(self) -> None:
        """Take the bar away for a while."""
        self._write("\r\x1b[2K")

    def advance(self) -> None:
        """Count one thing as done, and draw."""
        self._done += 1
        self._draw()

    def _draw(self) -> None:
        full = self.WIDTH * self._done // self._count if self._count else 0
        left = ""
        if self._done:
            seconds = round((time.monotonic() - self._started) / self._done * (self._count - self._done))
            left = f", {seconds // 60}:{seconds % 60:02} left"
        bar = f"[{'#' * full}{'.' * (self.WIDTH - full)}]"
        self._write(f"\r\x1b[2K{self._what} {bar} {self._done}/{self._count}{left}")

    def _write(self, text: str) -> None:
        if self._visible:
            sys.stderr.write(text)
            sys.stderr.flush()
