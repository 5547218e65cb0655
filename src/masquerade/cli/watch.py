"""``masquerade watch``: who comes to the door, and how they wear their masks. Nobody is identified."""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from masquerade.cli.printing import shown

if TYPE_CHECKING:
    from masquerade.live.alerts import AlertsConfig
    from masquerade.live.sources import Source
    from masquerade.live.watching import Sink, Summary
    from masquerade.live.watching.filming import FilmWriter

STDOUT = Path("-")


def watch(  # noqa: PLR0913, PLR0917 - one each option
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="A film, a webcam's number, an rtsp:// or http:// address, a folder that fills, - for standard input.",
        ),
    ],
    save: Annotated[
        Path | None, typer.Option(help="Write the film into this .mp4, .mkv or .avi file, faces blurred.")
    ] = None,
    show_faces: Annotated[bool, typer.Option("--show-faces", help="Leave the faces in the film as they are.")] = False,
    events: Annotated[
        Path | None, typer.Option(help="Append the events to this file as JSON lines; - prints them.")
    ] = None,
    alerts: Annotated[
        Path | None, typer.Option(help="Send alerts as this TOML file says; by default the setting alerts_file.")
    ] = None,
    summary: Annotated[bool, typer.Option("--summary", help="Print the summary as one JSON object.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print no events in words and no line of figures.")] = False,
    realtime: Annotated[
        bool, typer.Option("--realtime", help="Play a film as a camera would: the newest frame only.")
    ] = False,
    loop: Annotated[bool, typer.Option("--loop", help="Begin a film again at its end.")] = False,
    seconds: Annotated[float | None, typer.Option(min=0.1, help="End after so many seconds of the source.")] = None,
) -> None:
    """Watch a camera or a film: who comes, and whether and how each wears a mask. Ctrl-C ends it.

    Nobody is identified, and no picture is stored unless --save asks for a film.
    Exit code 0: the source ended, or the watch was told to end. 1: something could not be read to its end, or not be
    written. 2: there was nothing to watch.
    """
    if show_faces and save is None:
        raise typer.BadParameter("--show-faces says how a film is saved: add --save FILE")
    from masquerade.live.sources import open_source

    with ExitStack() as ending:
        config = _alerts_config(alerts)
        sinks: list[Sink] = []
        log = _events(events, ending)
        stop = ending.enter_context(_told_to_stop())
        opened = ending.enter_context(open_source(source, realtime=realtime, loop=loop))
        film = _film(save, show_faces, opened, ending)
        ...


@contextmanager
def _told_to_stop() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set; a second Ctrl-C does not wait for the end."""
    stop = threading.Event()

    def note(number: int, frame: Any) -> None:
        stop.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
