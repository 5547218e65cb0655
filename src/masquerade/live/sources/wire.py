"""What a source and its reader say to each other: JSON lines through two pipes."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from masquerade.live.sources.addresses import Address, Kind
from masquerade.live.sources.options import SourceOptions

NEXT = b"next\n"
"""The one command: give the next picture, and take back the slot of the one before."""

# What the reader says; each message has "say", and:
OPENING = "opening"  # "woken": whether the source began to answer while it was waited for
OPENED = "opened"  # "size", "fps", "frames", "remark"
FRAME = "frame"  # "offset", "height", "width", "number", "time", "taken", "flat", "still"
FAILED = "failed"  # "reason", "heard": what the source's host answered before
ENDED = "ended"  # "reason"
PROBLEM = "problem"  # "reason": something could not be read, the rest goes on

SILENT = "silent"
"""What is heard of a host that takes a connection and says nothing."""
MAY_BE_SILENT = ("rtsp", "http")
"""Schemes of which more is heard than whether a connection is taken."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a reader is to do.

    Attributes:
        address: the source.
        options: how to read it.
        delay: seconds to wait before it is opened.
        heard: what the source's host answered when it was last tried; another answer ends the waiting.
    """

    address: Address
    options: SourceOptions
    delay: float = 0.0
    heard: str | None = None

    def to_line(self) -> bytes:
        """Give the line that a reader is started with."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Task:
        """Read such a line."""
        told = json.loads(line)
        address = told["address"]
        kind, secrets = Kind(address.pop("kind")), tuple(address.pop("secrets"))
        return cls(
            Address(kind=kind, secrets=secrets, **address),
            SourceOptions(**told["options"]),
            told["delay"],
            told["heard"],
        )


def to_line(message: dict[str, Any]) -> bytes:
    """Give a message as a line."""
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"
