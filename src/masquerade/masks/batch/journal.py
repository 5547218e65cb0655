"""What is done so far, in a file that only grows: it survives when the process is killed."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from masquerade.errors import DestinationUnusable
from masquerade.files import lock_file, make_folder, unusable
from masquerade.masks.batch.naming import order

SYNC_SECONDS = 1.0
"""Time after which what was noted is forced onto the disk; files that a loss of power takes are made again."""


def line_of(value: Any) -> bytes:
    """Write a value as one JSON line, in ASCII so that names of any bytes survive."""
    return json.dumps(value).encode("ascii") + b"\n"


class Journal:
    """The journal of one job: a header line, then a line a photo in the order in which they were done.

    A torn last line is dropped when it is opened; a photo noted twice counts as noted last. Nothing
    but the places of the lines is kept in memory. While it is open, no other process can open it.
    """

    def __init__(self, path: Path) -> None:
        """Open the journal, or begin an empty one.

        Raises:
            DestinationUnusable: it cannot be written, or another job is writing it.
        """
        self._path = path
        self._places: dict[str, int] = {}
        self._synced = time.monotonic()
        self.header: Any = None
        make_folder(path.parent)
        try:
            self._file = open(path, "a+b", buffering=0)  # noqa: SIM115, PTH123 - closed by close()
        except OSError as error:
            raise unusable(path, error) from error
        try:
            self._lock()
            self._load()
        except BaseException:
            self._file.close()
            raise

    def _lock(self) -> None:
        if not lock_file(self._file):
            raise DestinationUnusable(f"{self._path.parent}: another job is writing there", hint="wait for it to end")

    def _load(self) -> None:
        self._file.seek(0)
        end = 0
        with open(self._file.fileno(), "rb", closefd=False) as lines:
            for line in lines:
                try:
                    value = json.loads(line) if line.endswith(b"\n") else None
                except ValueError:
                    value = None
                if not isinstance(value, dict):
                    break  # torn; what came after it is done again
                if self.header is None:
                    self.header = value
                else:
                    self._places[value["photo"]] = end
                end += len(line)
        self._end = end
        if self._file.seek(0, os.SEEK_END) != end:
            self._file.truncate(end)

    def __enter__(self) -> Journal:
        """Give the journal itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close the file."""
        self.close()

    def __len__(self) -> int:
        """Count the photos that are noted."""
        return len(self._places)

    def __contains__(self, photo: str) -> bool:
        """Tell whether a photo is noted."""
        return photo in self._places

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Go through what was noted, sorted by photo."""
        for photo in sorted(self._places, key=order):
            yield self[photo]

    def __getitem__(self, photo: str) -> dict[str, Any]:
        """Give what was noted of a photo."""
        with open(self._path, "rb") as lines:  # noqa: PTH123 - once a photo
            lines.seek(self._places[photo])
            value: dict[str, Any] = json.loads(lines.readline())
        return value

    def begin(self, header: Any) -> None:
        """Write the header of a new job."""
        self.header = header
        self._append(line_of(header))

    def note(self, record: dict[str, Any]) -> None:
        """Note what came of a photo; its files have been written.

        Raises:
            DestinationUnusable: the line cannot be written; what was noted before stays.
        """
        place = self._end
        self._append(line_of(record))
        self._places[record["photo"]] = place

    def drop(self, photo: str) -> None:
        """Forget a photo, so that it is done again."""
        del self._places[photo]

    def _append(self, line: bytes) -> None:
        try:
            written = self._file.write(line)
            if written != len(line):  # the disk is full
                self._file.truncate(self._end)
                raise OSError(28, "No space left on device")
            now = time.monotonic()
            if now - self._synced > SYNC_SECONDS:
                self._synced = now
                os.fsync(self._file.fileno())
        except OSError as error:
            raise unusable(self._path, error) from error
        self._end += len(line)

    def close(self) -> None:
        """Close the file, and let others open it."""
        self._file.close()

    def remove(self) -> None:
        """Take the file away: the job is finished."""
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            raise unusable(self._path, error) from error
