"""Files: their names and hashes; written whole or not at all, and never over an original."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from masquerade.errors import DestinationUnusable

PARTIAL = ".masquerade-*.partial"
"""Pattern of the passing names under which files are written; one may stay behind when a process is killed."""


def write_whole(target: Path, content: bytes) -> None:
    """Write a file under a passing name and put it into place, so that no half file is ever left.

    Raises:
        DestinationUnusable: the folder cannot be made, or the file not written.
    """
    _put(target, lambda partial: partial.write_bytes(content))


def write_parts(target: Path, parts: Iterable[bytes]) -> None:
    """Do the same with content that comes in parts, and need not fit into memory.

    Raises:
        DestinationUnusable: the folder cannot be made, or the file not written.
    """

    def write(partial: Path) -> None:
        with partial.open("wb") as stream:
            for part in parts:
                stream.write(part)

    _put(target, write)


def _put(target: Path, write: Callable[[Path], object]) -> None:
    partial = target.with_name(PARTIAL.replace("*", str(os.getpid())))
    make_folder(target.parent)
    try:
        write(partial)
        partial.replace(target)
    except OSError as error:
        raise unusable(target, error) from error
    finally:
        with suppress(OSError):
            partial.unlink()


def make_folder(folder: Path) -> None:
    """Make a folder where there is none.

    Raises:
        DestinationUnusable: it cannot be made, or is a file.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unusable(folder, error) from error


@contextmanager
def new_folder(folder: Path) -> Iterator[None]:
    """Make a folder for what comes of some work; where the work fails before it wrote anything, take it away again.

    Raises:
        DestinationUnusable: it holds something already, cannot be made, or is a file.
    """
    try:
        made = [place for place in (folder, *folder.parents) if not place.exists()]
        make_folder(folder)
        taken = next(folder.iterdir(), None)
    except OSError as error:
        raise unusable(folder, error) from error
    if taken is not None:
        raise DestinationUnusable(f"{folder} holds {taken.name} already", hint="name a new folder")
    try:
        yield
    except BaseException:
        with suppress(OSError):  # the first that is not empty ends it
            for place in made:
                place.rmdir()
        raise


def refuse_folder(target: Path) -> None:
    """Do nothing unless ``target``, where a file is to be written, is a folder.

    Raises:
        DestinationUnusable: it is, or the system does not tell.
    """
    try:
        taken = target.is_dir()
    except OSError as error:
        raise unusable(target, error) from error
    if taken:
        raise DestinationUnusable(f"{target} is a folder", hint="name a file")


def refuse_existing(target: Path) -> None:
    """Do nothing unless something is at ``target``, where a new file is to be written.

    Raises:
        DestinationUnusable: there is, or the system does not tell.
    """
    refuse_folder(target)
    try:
        taken = target.exists()
    except OSError as error:
        raise unusable(target, error) from error
    if taken:
        raise DestinationUnusable(f"{target} is there already", hint="name another file")


def absolute(path: str | Path) -> Path:
    """Give the path from the root, without ``..``, links left as they are."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - Path.absolute keeps ".."


def lock_file(file: IO[bytes]) -> bool:
    """Lock an open file against other processes, for as long as it is open.

    Returns:
        False where another process holds the lock; True also where there are no locks, as on Windows.
    """
    try:
        import fcntl  # noqa: PLC0415 - not on Windows
    except ImportError:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system that knows no locks
        return True
    return True


def sha256_of(path: Path) -> str:
    """Give the SHA-256 of a file as 64 hexadecimal digits; the system's own errors pass."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def unusable(target: Path, error: OSError) -> DestinationUnusable:
    """Give the error that says why ``target`` cannot be written."""
    return DestinationUnusable(
        f"{target} cannot be written: {error.strerror or error}", hint="name a place that is writable and has room"
    )


class Originals:
    """The files that are looked at, by whatever names."""

    def __init__(self, photos: Iterable[Path]) -> None:
        """Take all photos; those that do not exist count for nothing."""
        self._places = {place for place in map(_place, photos) if place is not None}

    def refuse(self, target: Path) -> None:
        """Do nothing unless ``target`` is one of the photos.

        Raises:
            DestinationUnusable: it is.
        """
        if _place(target) in self._places:
            raise DestinationUnusable(f"{target} is one of the photos", hint="write to another place")


def _place(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except (OSError, ValueError):  # not there, or no possible name
        return None
    return status.st_dev, status.st_ino
