"""From an address to a source."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import Any

from masquerade.errors import MasqueradeError, SourceInvalid, SourceUnreadable
from masquerade.live.sources.addresses import Address, Kind, parse_address
from masquerade.live.sources.camera import Camera
from masquerade.live.sources.film import Film
from masquerade.live.sources.options import SourceOptions
from masquerade.live.sources.process import ReaderProcess
from masquerade.live.sources.source import Source


def open_source(address: str | os.PathLike[str], options: SourceOptions | None = None, **changes: Any) -> Source:
    """Open a film, or begin to open a camera.

    Args:
        address: a film file; a webcam's number; an ``rtsp://``, ``rtsps://``, ``http://`` or ``https://`` address; a
            folder that fills with pictures; ``-`` for JPEGs on standard input, one after the other.
        options: when None the defaults, with ``verify_tls`` and ``ca_file`` by the settings ``camera_verify_tls`` and
            ``camera_ca_file``.
        **changes: single fields of ``SourceOptions``.

    Returns:
        The source; close it, or use it with ``with``.

    Raises:
        SourceInvalid: nothing is named so, or an option cannot be.
        SourceNotFound: a path that leads nowhere.
        SourceUnreadable: a file that is no film, but a picture for example. Whether a camera answers is told by
            ``Source.changes`` instead.
    """
    chosen = SourceOptions.of(options, changes if options else _by_settings() | changes)
    if chosen.ca_file:
        _refuse_no_certificates(chosen.ca_file)
    named = parse_address(os.fspath(address))
    if named.kind is Kind.STDIN and (sys.stdin is None or sys.stdin.isatty()):
        raise SourceInvalid(
            "standard input is a terminal, or closed", hint="pipe JPEGs in: ffmpeg -i CAMERA -f mjpeg - | ..."
        )
    _refuse_picture(named)
    if named.kind is Kind.FILM or (named.kind is Kind.STDIN and chosen.stdin_fps is not None):
        return Film(named, chosen, ReaderProcess)
    return Camera(named, chosen, ReaderProcess)


def _by_settings() -> dict[str, Any]:
    from masquerade.settings import get_settings  # noqa: PLC0415 - the reader loads this room, and no settings

    settings = get_settings()
    file = settings.camera_ca_file
    return {"verify_tls": settings.camera_verify_tls, "ca_file": "" if file is None else str(file.expanduser())}


def _refuse_picture(named: Address) -> None:
    """A single picture is no film, though ffmpeg would play it as one of a single frame."""
    from masquerade.image import PICTURE_SUFFIXES, Limits, read_header  # noqa: PLC0415 - heavy, and cameras need none

    path = Path(named.target)
    if named.kind is not Kind.FILM or "://" in named.target or path.suffix.lower() not in PICTURE_SUFFIXES:
        return
    try:
        kind = read_header(path, Limits.from_settings()).format
    except MasqueradeError:  # a film under the name of a picture, or nothing that can be read: ffmpeg will tell
        return
    raise SourceUnreadable(
        f"{named.label} is a picture ({kind}), no film", hint=f"masquerade look {shlex.quote(named.label)}"
    )


def _refuse_no_certificates(file: str) -> None:
    import ssl  # noqa: PLC0415 - rarely needed

    try:
        ssl.create_default_context(cafile=file)
    except OSError as error:  # ssl.SSLError is one
        reason = "there is no certificate in it" if isinstance(error, ssl.SSLError) else error.strerror
        raise SourceInvalid(f"ca_file {file}: {reason}", hint="expected a PEM file of certificates") from error
