"""The lines of an event log: what they hold, which are too old, how a torn one is mended."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

from masquerade.errors import EventLogInvalid
from masquerade.live.types import EVENTS, Event

LONGEST = 64 * 1024
"""Bytes of the longest line that may be torn; a log has no line near as long."""


def line_of(event: Event, at: datetime | None = None) -> bytes:
    """Give an event as one line.

    Args:
        event: the event.
        at: time of day, for what is watched live; it comes first, in UTC.
    """
    stamp = {} if at is None else {"at": stamp_of(at)}
    return json.dumps(stamp | event.to_dict(), ensure_ascii=False).encode() + b"\n"


def stamp_of(at: datetime) -> str:
    """Write a time of day as ISO 8601 in UTC, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def is_older(line: bytes, limit: datetime) -> bool:
    """Tell whether a line says that it was written before ``limit``; one without a time of day never is."""
    stamp = _read(line).get("at")
    try:
        return isinstance(stamp, str) and datetime.fromisoformat(stamp) < limit
    except (ValueError, TypeError):  # no time, or one without a zone
        return False


def _read(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def kept(path: Path, days: float, now: datetime) -> Iterator[bytes]:
    """Give the lines of a log that are not too old; the system's own errors pass."""
    limit = now.astimezone(UTC) - timedelta(days=days)
    with path.open("rb") as lines:
        for line in lines:
            if not is_older(line, limit):
                yield line


def any_older(path: Path, days: float, now: datetime) -> bool:
    """Tell whether the first line with a time of day is too old; lines are in the order of time."""
    limit = now.astimezone(UTC) - timedelta(days=days)
    with path.open("rb") as lines:
        for line in lines:
            if "at" in _read(line):
                return is_older(line, limit)
    return False


def mend(file: IO[bytes], name: str) -> int:
    """Make the last line of a log whole: cut off what a killed process left of it.

    Args:
        file: the log, open for reading and writing.
        name: what to call it in an error.

    Returns:
        How many bytes were cut off.

    Raises:
        EventLogInvalid: the file is no log of events; nothing was changed.
    """
    size = file.seek(0, 2)
    if size == 0:
        return 0
    file.seek(0)
    first = file.readline(LONGEST)
    if not _starts_a_log(first):
        raise EventLogInvalid(f"{name} holds something else than events", hint="name another file")
    file.seek(max(0, size - LONGEST))
    tail = file.read(LONGEST)
    torn = tail[tail.rfind(b"\n") + 1 :]
    if not torn:
        return 0
    if _read(torn).get("event") in EVENTS:  # whole but for its end
        file.seek(0, 2)
        file.write(b"\n")
        return 0
    file.truncate(size - len(torn))
    return len(torn)


def _starts_a_log(line: bytes) -> bool:
    if line.endswith(b"\n"):
        return _read(line).get("event") in EVENTS
    starts = (b'{"at": "', b'{"time": ')
    return any(line.startswith(start) or start.startswith(line) for start in starts)
