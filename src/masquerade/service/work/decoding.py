"""The process that decodes: bytes in, pixels out, and nothing else it could do."""

from __future__ import annotations

import json
import os
import signal
import struct
import sys
from contextlib import suppress
from multiprocessing.connection import Connection

from masquerade.errors import ImageDamaged, MasqueradeError
from masquerade.signals import leave_endings_to_starter

NUMBER = struct.Struct("!Q")
"""Form of a picture's number."""
MEMORY = 3 * 2**30
"""Bytes of address space: room for the largest picture with its coefficients."""


def serve(pipe: Connection, max_bytes: int, max_pixels: int, timeout: float) -> None:
    """Answer each picture until the pipe ends, which it does when the service does.

    A picture comes as its number and its bytes. An answer is a JSON object with this number, ``{"number", "height",
    "width"}`` with the pixels behind it, or ``{"number", "error", "message", "hint"}``.
    No pickle: whatever a decoder is made to do, it cannot make objects in the service.
    """
    leave_endings_to_starter()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from masquerade.image import Limits, read_image  # noqa: PLC0415 - after the limits above

    _confine()
    limits = Limits(max_bytes=max_bytes, max_pixels=max_pixels)
    with suppress(EOFError, OSError):
        pipe.send_bytes(b"ready")
        while True:
            (number,) = NUMBER.unpack(pipe.recv_bytes(NUMBER.size))
            data = pipe.recv_bytes()
            _alarm(int(timeout) + 5)
            try:
                pixels = read_image(data, limits)
            except MasqueradeError as error:
                _tell(pipe, number, error)
            except MemoryError:
                _tell(pipe, number, ImageDamaged("decoding takes more memory than a picture may"))
            else:
                height, width = pixels.shape[:2]
                pipe.send_bytes(json.dumps({"number": number, "height": height, "width": width}).encode())
                send_pixels(pipe, pixels.data.cast("B"))
                del pixels
            _alarm(0)


def send_pixels(pipe: Connection, pixels: memoryview) -> None:
    """Send bytes whose number the other side knows."""
    if not hasattr(os, "readv"):  # Windows, whose pipes are other things
        pipe.send_bytes(pixels)
        return
    while pixels:
        pixels = pixels[os.write(pipe.fileno(), pixels) :]


def receive_pixels(pipe: Connection, pixels: memoryview) -> None:
    """Fill ``pixels`` with what ``send_pixels`` sends: straight into place, which for a large photo saves 40 ms.

    Raises:
        EOFError: there is no more.
    """
    if not hasattr(os, "readv"):
        if pipe.recv_bytes_into(pixels) != len(pixels):
            raise EOFError
        return
    while pixels:
        count = os.readv(pipe.fileno(), [pixels])
        if not count:
            raise EOFError
        pixels = pixels[count:]


def _tell(pipe: Connection, number: int, error: MasqueradeError) -> None:
    said = {"number": number, "error": error.code, "message": error.message, "hint": error.hint}
    pipe.send_bytes(json.dumps(said).encode())


def _alarm(seconds: int) -> None:
    """Let the system end this process, should it hang when nobody is left to kill it."""
    if hasattr(signal, "alarm"):
        signal.alarm(seconds)


def _confine() -> None:
    """Write no file, leave no core, take no more memory than a picture needs."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - not there on Windows

    for kind, most in ((resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_AS, MEMORY)):
        with suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, most))
