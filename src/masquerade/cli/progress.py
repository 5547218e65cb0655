"""A bar of progress on a terminal, with the rate and the time that is left."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

SECONDS = 0.1
"""Time between two drawings, so that many small things are not held up."""


class Bar:
    """A bar on standard error, where that is a terminal and there is more than one thing to do.

    It makes room for other output: ``hide`` before it, ``advance`` after it.
    """

    def __init__(self, what: str, count: int) -> None:
        """Take a word for what is done, and how many times."""
        self._what, self._count = what, count
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._drawn = 0.0

    def __enter__(self) -> Bar:
        """Draw the empty bar."""
        if self._count > 1 and sys.stderr.isatty():
            self._progress = _progress()
            self._task = self._progress.add_task(self._what, total=self._count)
            self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Take the bar away."""
        self.hide()

    def expect(self, count: int) -> None:
        """Say anew how many things there are, before the first is done."""
        self._count = count
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, total=count)

    def hide(self) -> None:
        """Take the bar away until the next ``advance``."""
        if self._progress is not None:
            self._progress.stop()
            self._drawn = 0.0

    def advance(self) -> None:
        """Count one thing as done, and draw."""
        if self._progress is None or self._task is None:
            return
        self._progress.advance(self._task)
        now = time.monotonic()
        if now - self._drawn > SECONDS:
            self._drawn = now
            self._progress.start()
            self._progress.refresh()


def _progress() -> Progress:
    """Columns for what, how far, how fast, how long; drawn on standard error alone, and only when asked."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
    from rich.progress import TimeRemainingColumn as Left
    from rich.text import Text

    class Rate(ProgressColumn):
        """Things a second."""

        def render(self, task: Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text("-- /s" if speed is None else f"{speed:.1f} /s")

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(30),
        MofNCompleteColumn(),
        Rate(),
        Left(compact=True),
        TextColumn("left"),
        console=Console(stderr=True),
        auto_refresh=False,
        transient=True,
        redirect_stdout=False,  # it stays where it was sent
        redirect_stderr=False,
    )
