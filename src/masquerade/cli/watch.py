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
    from masquerade.live.sources import Source
    from masquerade.live.watching import Observer, Sink, Summary
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
    summary: Annotated[bool, typer.Option("--summary", help="Print the summary as one JSON object.")] = False,
    alerts: Annotated[
        Path | None, typer.Option(help="Send alerts as this TOML file says; by default the setting alerts_file.")
    ] = None,
    realtime: Annotated[
        bool, typer.Option("--realtime", help="Play a film as a camera would: newest frame only.")
    ] = False,
    loop: Annotated[bool, typer.Option("--loop", help="Begin a film again at its end.")] = False,
    seconds: Annotated[float | None, typer.Option(min=0.1, help="End after so many seconds of the source.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print no events and no line of figures.")] = False,
) -> None:
    """Watch a camera or a film: who comes, and whether and how each wears a mask.

    Nobody is identified and no picture is stored, unless --save asks for a film. Ctrl-C ends it.
    Exit code 0 when the source ended or the watch was told to end; 1 when something could not be read to its end or
    not be written; 2 when there was nothing to watch.
    """
    from masquerade.live.sources import open_source

    with ExitStack() as ending:
        film = _film(save, show_faces)
        if film is not None:
            ending.callback(film.close)
        stop = ending.enter_context(_signals())
        opened = ending.enter_context(open_source(source, realtime=realtime, loop=loop))
        _say_privacy(opened.label, save, show_faces)
        ended = _watch(opened, film, _Wishes(events, alerts, seconds, quiet), stop)
    _finish(ended, film, summary, opened)


class _Wishes:
    """What was asked for beside the source."""

    def __init__(self, events: Path | None, alerts: Path | None, seconds: float | None, quiet: bool) -> None:
        self.events, self.alerts, self.seconds, self.quiet = events, alerts, seconds, quiet
