"""What flows through a watch: frames, states of the source, people in view, events."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

STATES = ("opening", "online", "stalled", "offline", "ended")
"""States of a source: ``stalled`` is open and sends nothing, ``offline`` cannot be opened or was lost."""
TROUBLES = ("alerts_failing", "alerts_working", "outbox_failing", "outbox_working", "events_lost")
"""Events of the watch's own ways out: of channels of alerts, of their outbox, of the log of events."""
EVENTS = ("entered", "changed", "alert", "left", "online", "stalled", "offline", *TROUBLES)
"""What an event can say: four are a person's, three the source's."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a source.

    Attributes:
        image: (height, width, 3) uint8, RGB.
        time: seconds of the source: of a film its own clock from 0, of a camera seconds since it was first opened.
        number: how many frames the source had given before, those that were skipped among them.
        taken: ``time.monotonic()`` at which the reader had it, for the lag.
    """

    image: NDArray[np.uint8] = field(repr=False)
    time: float
    number: int
    taken: float = 0.0


@dataclass(frozen=True, slots=True)
class StateChange:
    """A source changed its state.

    Attributes:
        time: seconds of the source, as in ``Frame``.
        state: one of ``STATES``.
        reason: why, in words, without secrets; may be empty.
    """

    time: float
    state: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in view, told apart by place alone.

    Attributes:
        number: counts from 1 in the order of entering; says nothing of who it is.
        box: x0, y0, x1, y1 of the face in pixels of the frame.
        wearing: ``with_mask``, ``without_mask``, ``incorrect``, or ``undecided`` before there is enough to go by.
        shows: which of nose, mouth and chin show, where ``wearing`` is ``incorrect``.
        entered: seconds of the source.
        since: seconds of the source since when ``wearing`` holds.
        seen: seconds of the source at which the face was last found.
    """

    number: int
    box: tuple[float, float, float, float]
    wearing: str
    shows: tuple[str, ...]
    entered: float
    since: float
    seen: float


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the events.

    Attributes:
        time: seconds of the source.
        event: one of ``EVENTS``.
        person: number of the person; None where the event is nobody's.
        wearing: as in ``Person``; None where the event is nobody's.
        reason: why a source stalled or was lost, or something fails; empty otherwise.
        channel: name of the channel of alerts; empty where the event is not one's.
    """

    time: float
    event: str
    person: int | None = None
    wearing: str | None = None
    reason: str = ""
    channel: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Give the form of a JSON line; ``channel`` and ``reason`` only where there is one."""
        line: dict[str, Any] = {
            "time": round(self.time, 3),
            "event": self.event,
            "person": self.person,
            "wearing": self.wearing,
        }
        return line | {name: value for name in ("channel", "reason") if (value := getattr(self, name))}
