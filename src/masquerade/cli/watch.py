"""``masquerade watch``: who comes to the door, and how they wear their masks. Nobody is identified."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from masquerade.cli.printing import leave_terminal, shown

if TYPE_CHECKING:
    from masquerade.cli.watch_lines import EventLines, LiveLine
    from masquerade.live.alerts import AlertsConfig
    from masquerade.live.events import EventLog
    from masquerade.live.sources import Source
    from masquerade.live.watching import Observer, Sink, Summary
    from masquerade.live.watching.filming import FilmWriter

STDOUT = Path("-")
Say = Callable[[object], None]
"""Says something on standard error."""


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
        Path | None, typer.Option(help="Send alerts as this TOML file says; for a camera, the setting alerts_file.")
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
    from masquerade.looking.warming import warm_networks

    with _told_to_stop() as stop, open_source(source, realtime=realtime, loop=loop) as opened:
        asked = _Asked(save, show_faces, events, _alerts_config(alerts, opened), quiet)
        with ExitStack() as ending:
            outputs = _Outputs.open(asked, opened, ending)
            _say_what_is_kept(opened, asked)
            warm_networks()  # while the source opens
            ended = _run(opened, asked, outputs, stop, seconds)
        raise typer.Exit(_tell_end(ended, outputs, opened, summary))


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the options ask for."""

    save: Path | None
    show_faces: bool
    events: Path | None
    alerts: AlertsConfig | None
    quiet: bool


@dataclass(slots=True)
class _Outputs:
    """Where results go."""

    sinks: list[Sink]
    lines: EventLines | LiveLine | None = None
    film: FilmWriter | None = None
    log: EventLog | None = None

    @classmethod
    def open(cls, asked: _Asked, opened: Source, ending: ExitStack) -> _Outputs:
        """Open everything, or nothing: what was opened is closed when another place cannot be used."""
        from masquerade.cli.watch_lines import EventLines, LiveLine

        outputs, say = cls([]), _say
        if asked.events == STDOUT:
            outputs.lines = EventLines(_say, as_json=True)
        elif not asked.quiet:
            outputs.lines = line = LiveLine(opened)
            say = line.say
        if outputs.lines is not None:
            outputs._add(outputs.lines, ending)
        if asked.events is not None and asked.events != STDOUT:
            outputs.log = _event_log(asked.events, opened, say)
            outputs._add(outputs.log, ending)
        if asked.save is not None:
            from masquerade.live.watching.filming import FilmWriter

            outputs.film = FilmWriter(asked.save, fps=opened.fps, show_faces=asked.show_faces, say=say)
            outputs._add(outputs.film, ending)
        if asked.alerts is not None:
            outputs._add(_alerts_sink(asked.alerts, opened, ending, say), ending)
        return outputs

    def _add(self, sink: Sink, ending: ExitStack) -> None:
        ending.callback(sink.close)
        self.sinks.append(sink)


def _run(opened: Source, asked: _Asked, outputs: _Outputs, stop: threading.Event, seconds: float | None) -> Summary:
    from masquerade.live.watching import Watch

    looking = Watch(opened, _observer(opened, asked), outputs.sinks)
    for sink in outputs.sinks:
        watching = getattr(sink, "watching", None)
        if watching is not None:
            watching(looking)
    return looking.run(stop, seconds=seconds)


def _observer(opened: Source, asked: _Asked) -> Observer:
    from masquerade.live.alerts import Episodes
    from masquerade.live.watching import Observer, ObserverRecipe
    from masquerade.live.watching.gaze import GazeRecipe

    # Where faces are to be blurred, every one is looked for in the whole of every frame.
    thorough = asked.save is not None and not asked.show_faces
    return Observer(
        ObserverRecipe(gaze=GazeRecipe(thorough=thorough)),
        episodes=Episodes(None if asked.alerts is None else asked.alerts.episodes),
        clock=None if opened.recorded else lambda: datetime.now().astimezone(),
    )


def _alerts_config(file: Path | None, opened: Source) -> AlertsConfig | None:
    from masquerade.live.alerts import alerts_config

    return alerts_config(file, recorded=opened.recorded, warn=lambda warning: _say(f"warning: {warning}"))


def _alerts_sink(config: AlertsConfig, opened: Source, ending: ExitStack, say: Say) -> Sink:
    from masquerade.live.alerts import open_alerts

    return ending.enter_context(open_alerts(config, say)).sink(opened.label)


def _event_log(path: Path, opened: Source, say: Say) -> EventLog:
    from masquerade.live.events import EventLog
    from masquerade.settings import get_settings

    return EventLog(path, live=not opened.recorded, keep_days=get_settings().event_days, say=say)


def _say(words: object) -> None:
    typer.echo(f"masquerade: {shown(words)}", err=True)


def _say_what_is_kept(opened: Source, asked: _Asked) -> None:
    kept = "no picture is stored"
    if asked.save is not None:
        faces = "with faces as they are" if asked.show_faces else "with faces blurred"
        kept = f"the film is stored {faces}: {shown(asked.save)}"
    typer.echo(f"watching {shown(opened.label)}: nobody is identified, {kept}", err=True)


def _tell_end(ended: Summary, outputs: _Outputs, opened: Source, as_json: bool) -> int:
    """Say how it went; give the exit code."""
    from masquerade.cli.watch_lines import in_words

    film, log, lines = outputs.film, outputs.log, outputs.lines
    if as_json:
        typer.echo(json.dumps({"source": opened.label, **ended.to_dict()}))
    else:
        typer.echo(in_words(ended), err=True)
    if film is not None and film.frames:
        typer.echo(f"film: {shown(film.path)}", err=True)
    problems = []
    if ended.ended:
        problems.append(f"{opened.label}: {ended.ended}")
    if not ended.rates.frames and not ended.ended:
        problems.append(f"{opened.label}: there was no picture{f': {opened.reason}' if opened.reason else ''}")
    if lines is not None and lines.lost:
        problems.append(f"standard output: {lines.lost} events could not be printed")
    if film is not None and film.trouble:
        problems.append(f"{film.path}: {film.trouble}")
    if log is not None and log.lost:
        problems.append(f"{log.path}: {log.lost} events could not be written")
    for problem in problems:
        _say(problem)
    return 1 if problems else 0


@contextmanager
def _told_to_stop() -> Iterator[threading.Event]:
    """An event that Ctrl-C, SIGTERM and the end of the terminal set; a second Ctrl-C waits for nothing."""
    stop = threading.Event()

    def note(number: int, frame: Any) -> None:  # noqa: ARG001 - the system's own signature
        stop.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if number == getattr(signal, "SIGHUP", None):
            leave_terminal()

    heeded = [signal.SIGINT, signal.SIGTERM]
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # as nohup sets it
        heeded.append(signal.SIGHUP)
    before = {number: signal.signal(number, note) for number in heeded}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
