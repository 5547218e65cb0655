"""From a path, a buffer or a file object to bytes, without blocking and never more than allowed."""

from __future__ import annotations

import errno
import io
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from masquerade.errors import ImageEmpty, ImageInvalid, ImageNotFound, ImageUnreadable

if TYPE_CHECKING:
    from masquerade.image.limits import Limits

EXPECTED = "a path, bytes, a binary file object, a numpy array or a Pillow image"
NOWHERE = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL}
KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


@runtime_checkable
class Readable(Protocol):
    """Anything with ``read(count)``."""

    def read(self, count: int, /) -> object:
        """Return at most ``count`` bytes; none at the end."""


def read_bytes(source: object, limits: Limits) -> tuple[bytes, str]:
    """Return the bytes of a picture file and a name for messages.

    Args:
        source: path, bytes-like object or binary file object (read from where it stands).
        limits: of which ``max_bytes`` is kept.

    Raises:
        ImageNotFound: the path leads nowhere or to something that is not a file.
        ImageUnreadable: the system refuses to read.
        ImageTooLarge: more than ``limits.max_bytes``.
        ImageEmpty: there are no bytes.
        ImageInvalid: none of the kinds of source.
    """
    if isinstance(source, str | os.PathLike):
        text = os.fsdecode(source)
        name = text if text.isprintable() and text else repr(text)
        data = _read_file(text, name, limits)
    elif isinstance(source, bytes | bytearray | memoryview):
        name = "picture in memory"
        limits.check_bytes(source.nbytes if isinstance(source, memoryview) else len(source), name)
        data = bytes(source)
    elif isinstance(source, Readable):
        name = _name_of_stream(source)
        data = _read_stream(source, name, limits)
    else:
        raise ImageInvalid(f"{type(source).__name__} was given as picture, expected {EXPECTED}")
    if not data:
        raise ImageEmpty(f"{name}: no bytes, expected a picture")
    return data, name


def _read_file(path: str, name: str, limits: Limits) -> bytes:
    try:
        _check_regular(os.stat(path), name)  # noqa: PTH116 - Path("") would be the working folder
        # Non-blocking, and looked at again: the file may have become a pipe since.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
        with io.FileIO(os.open(path, flags)) as file:
            status = os.fstat(file.fileno())
            _check_regular(status, name)
            limits.check_bytes(status.st_size, name)
            return _read_stream(file, name, limits)
    except ValueError as error:  # a NUL, or a character that no file name can hold
        raise ImageNotFound(f"{name}: {error}, expected the path of a picture") from error
    except OSError as error:
        if error.errno in NOWHERE:
            raise ImageNotFound(
                f"{name}: {error.strerror}", hint=f"the working folder is {_working_folder()}"
            ) from error
        raise ImageUnreadable(f"{name}: {error.strerror or error}", hint="look at the permissions") from error


def _check_regular(status: os.stat_result, name: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = KINDS.get(stat.S_IFMT(status.st_mode), "not a file")
        raise ImageNotFound(f"{name}: {kind}, expected a file")


def _working_folder() -> str:
    try:
        return str(Path.cwd())
    except OSError:
        return "gone"


def _name_of_stream(stream: Readable) -> str:
    name = getattr(stream, "name", None)
    return name if isinstance(name, str) and name and name.isprintable() else "picture from a file object"


def _read_stream(stream: Readable, name: str, limits: Limits) -> bytes:
    if isinstance(stream, io.TextIOBase):
        raise ImageInvalid(f"{name}: a file in text mode, expected binary mode", hint='use open(path, "rb")')
    parts: list[bytes] = []
    left = limits.max_bytes + 1
    while left > 0:
        part = _read_part(stream, left, name)
        if not part:
            break
        parts.append(part)
        left -= len(part)
    data = parts[0] if len(parts) == 1 else b"".join(parts)
    limits.check_bytes(len(data), name, at_least=True)
    return data


def _read_part(stream: Readable, count: int, name: str) -> bytes:
    try:
        part = stream.read(count)
    except (OSError, ValueError) as error:  # ValueError: the file is closed
        raise ImageUnreadable(f"{name}: {error}") from error
    if part is None:
        raise ImageUnreadable(f"{name}: the file object has no data yet, expected a blocking one")
    if not isinstance(part, bytes | bytearray | memoryview):
        raise ImageInvalid(f"{name}: read() gives {type(part).__name__}, expected bytes", hint='use open(path, "rb")')
    return bytes(part)
