"""What a watch prints: events, and on a terminal one line that lives."""

from __future__ import annotations

import errno
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from masquerade.cli.printing import give_up_stdout, leave_terminal, shown
from masquerade.live.types import TROUBLES

if TYPE_CHECKING:
    from rich.live import Live
    from rich.text import Text

    from masquerade.live.sources import Source
    from masquerade.live.types import Event, Frame
    from masquerade.live.watching import Snapshot, Summary, Watch

WORDS = {
    "with_mask": "wears a mask",
    "without_mask": "wears no mask",
    "incorrect": "wears the mask wrongly",
    "undecided": "is looked at",
}
SECONDS = 0.2
"""Time between two drawings of the line."""


def failing_after(failing: frozenset[str], events: Iterable[Event]) -> frozenset[str]:
    """Give the ways out of alerts that do not work after some events; the outbox is called so."""
    for event in events:
        name = event.channel or "outbox"
        if event.event in {"alerts_failing", "outbox_failing"}:
            failing |= {name}
        elif event.event in {"alerts_working", "outbox_working"}:
            failing -= {name}
    return failing


def event_in_words(event: Event) -> str:
    """One line for people to read."""
    head = f"{event.time:9.2f} s  "
    if event.person is None:
        return f"{head}the source is {event.event}{f': {shown(event.reason)}' if event.reason else ''}"
    wearing = WORDS[event.wearing or "undecided"]
    if event.event == "alert":
        return f"{head}ALERT: person {event.person} {wearing}"
    if event.event == "changed":
        return f"{head}person {event.person} {wearing}"
    return f"{head}person {event.person} {event.event}"


def in_words(ended: Summary) -> str:
    """The summary for people to read."""
    counts, rates = ended.counts, ended.rates
    people = "1 person" if counts.entered == 1 else f"{counts.entered} people"
    skipped = f", {rates.skipped} skipped" if rates.skipped else ""
    damaged = f", {rates.damaged} damaged" if rates.damaged else ""
    return (
        f"{people}: {counts.with_mask} with a mask, {counts.without_mask} without, {counts.incorrect} worn wrongly, "
        f"{counts.undecided} undecided; {counts.alerts} {'alert' if counts.alerts == 1 else 'alerts'}\n"
        f"{rates.frames} frames of {ended.seconds:.1f} s in {ended.took:.1f} s, {rates.fps:.1f} a second"
        f"{skipped}{damaged}"
    )


class EventLines:
    """Prints every event: as a JSON line, or in words.

    Attributes:
        lost: events that standard output did not take; a full disk there ends no watch.
    """

    def __init__(self, say: Callable[[object], None], *, as_json: bool) -> None:
        """Take who says that nothing can be printed, and choose the form."""
        self._say, self._as_json = say, as_json
        self.lost = 0

    def take(self, frame: Frame | None, snapshot: Snapshot) -> None:  # noqa: ARG002 - a sink's own signature
        """Print what is new."""
        for event in snapshot.events:
            if self._as_json:
                self._print(json.dumps(event.to_dict()))
            elif event.event not in TROUBLES:  # those are said on standard error, by the one in trouble
                self._print(event_in_words(event))

    def _print(self, line: str) -> None:
        if not self.lost:
            try:
                typer.echo(line)
            except BrokenPipeError:  # whoever reads wants no more
                raise
            except OSError as error:
                if error.errno == errno.EIO:  # the terminal was closed
                    leave_terminal()
                    return
                give_up_stdout()
                self._say(f"standard output: {error.strerror}; the watch goes on, events are printed no more")
            else:
                return
        self.lost += 1

    def close(self) -> None:
        """Nothing is left to do."""


class LiveLine:
    """Prints events in words; below them, on a terminal, one line with how things are."""

    def __init__(self, source: Source) -> None:
        """Begin; the line is drawn on standard error."""
        self._source = source
        self._watch: Watch | None = None
        self._lines = EventLines(self.say, as_json=False)
        self._live: Live | None = _live() if sys.stderr.isatty() else None
        self._drawn = 0.0
        self._failing: frozenset[str] = frozenset()

    @property
    def lost(self) -> int:
        """Events that standard output did not take."""
        return self._lines.lost

    def watching(self, watch: Watch) -> None:
        """Take the watch whose figures are shown."""
        self._watch = watch

    def take(self, frame: Frame | None, snapshot: Snapshot) -> None:
        """Print what is new and draw the line."""
        self._failing = failing_after(self._failing, snapshot.events)
        if snapshot.events:
            self._hide()
            self._lines.take(frame, snapshot)
        now = time.monotonic()
        if self._live is not None and self._watch is not None and now - self._drawn >= SECONDS:
            self._drawn = now
            with self._terminal():
                self._live.start()
                self._live.update(one_line(self.line(snapshot)), refresh=True)

    def say(self, words: object) -> None:
        """Say something on standard error, from any thread, above the line where there is one."""
        with self._terminal():
            if self._live is not None and self._live.is_started:
                self._live.console.print(f"masquerade: {shown(words)}", soft_wrap=True)
            else:
                typer.echo(f"masquerade: {shown(words)}", err=True)

    def close(self) -> None:
        """Take the line away."""
        self._hide()

    def line(self, snapshot: Snapshot) -> str:
        """The line: how fast, how late, who is in view and how they wear their masks, alerts."""
        worn = [person.wearing for person in snapshot.people]
        rates = self._watch.rates if self._watch is not None else None
        speed: list[Any] = [] if rates is None else [f"{rates.fps:.0f} frames/s"]
        if rates is not None and self._source.live:
            speed.append(f"{1e3 * rates.lag_p95:.0f} ms")
        return "  ".join(
            [
                self._source.state,
                *([f"ALERTS FAIL: {', '.join(sorted(self._failing))}"] if self._failing else []),
                *speed,
                f"in view {len(worn)}",
                f"mask {worn.count('with_mask')}",
                f"none {worn.count('without_mask')}",
                f"wrong {worn.count('incorrect')}",
                f"came {snapshot.counts.entered}",
                f"alerts {snapshot.counts.alerts}",
            ]
        )

    def _hide(self) -> None:
        if self._live is not None:
            with self._terminal():
                self._live.stop()
            self._drawn = 0.0

    @contextmanager
    def _terminal(self) -> Iterator[None]:
        """Go on without the line when the terminal is no more."""
        try:
            yield
        except OSError:
            self._live = None
            leave_terminal()


def one_line(text: str) -> Text:
    """Text that is cut at the end where the terminal is too narrow."""
    from rich.text import Text

    return Text(text, no_wrap=True, overflow="ellipsis")


def _live() -> Live:
    """A line of rich's on standard error, drawn only when asked."""
    from rich.console import Console
    from rich.live import Live

    return Live(
        console=Console(stderr=True, markup=False, highlight=False),
        auto_refresh=False,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
