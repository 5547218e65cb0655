"""Whether a source's host answers: cheap enough to be asked every second, where opening is tried ever more seldom."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from masquerade.live.sources.addresses import SCHEMES, Address, Kind
from masquerade.live.sources.wire import MAY_BE_SILENT, SILENT

if TYPE_CHECKING:
    from threading import Event

TIMEOUT = 1.5
"""Seconds; a first packet that is lost is sent again after one."""
OPEN = "open"


def probe(address: Address, *, briefly: bool = False) -> str:
    """Ask once.

    Args:
        address: the source.
        briefly: whether it is enough that the host answers at all.

    Returns:
        "" when nothing answers, ``silent`` when a connection is taken and nothing said, else ``open`` or, of RTSP and
        HTTP, the status of the answer: a relay answers whether it has the camera's stream or not.
    """
    if address.kind is Kind.WEBCAM:
        device = Path(f"/dev/video{address.target}")
        return OPEN if device.exists() or not Path("/dev").exists() else ""
    if address.kind is Kind.FOLDER:
        return OPEN if Path(address.target).is_dir() else ""
    if address.kind is Kind.STDIN:
        return OPEN
    parts = urlsplit(address.target)
    try:
        with socket.create_connection((parts.hostname, parts.port or SCHEMES[parts.scheme]), TIMEOUT) as line:
            return OPEN if briefly or parts.scheme not in MAY_BE_SILENT else _status(line, address)
    except (OSError, UnicodeError):
        return ""


def _status(line: socket.socket, address: Address) -> str:
    """Ask for a stream, or of HTTP for its head, without logging in."""
    parts = urlsplit(address.target)
    host = parts.netloc.rpartition("@")[2]
    if parts.scheme == "rtsp":
        asked = parts._replace(netloc=host, fragment="").geturl()
        question = f"DESCRIBE {asked} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n"
    else:
        asked = parts._replace(scheme="", netloc="", path=parts.path or "/", fragment="").geturl()
        question = f"HEAD {asked} HTTP/1.0\r\nHost: {host}\r\n\r\n"
    try:
        line.settimeout(TIMEOUT)
        line.sendall(question.encode())
        words = line.recv(64).split()
    except TimeoutError:
        return SILENT
    except OSError:
        return OPEN
    return words[1].decode("ascii", "replace") if len(words) > 1 else OPEN


def wait(address: Address, delay: float, heard: str | None, every: float, stop: Event) -> bool:
    """Wait before a source is tried again, but no longer than until it answers otherwise than it did.

    Args:
        address: the source.
        delay: seconds to wait at most.
        heard: what ``probe`` gave when it was last tried; None to ask now, the one before having hung.
        every: seconds from one question to the next; 0 asks nothing.
        stop: ends the waiting.

    Returns:
        Whether another answer ended it.
    """
    end = time.monotonic() + delay
    if every and delay and heard is None:
        heard = probe(address)
    while (begun := time.monotonic()) < end and not stop.is_set():
        if every and heard is not None:
            answer = probe(address, briefly=not heard)
            if answer and answer != heard:
                return True
            heard = answer
        pause = max(0.0, begun + (every or delay) - time.monotonic())
        stop.wait(min(pause, max(0.0, end - time.monotonic())))
    return False
