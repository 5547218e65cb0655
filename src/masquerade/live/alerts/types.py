"""What goes out: an alert, the state of the door, and what a channel is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol
from uuid import uuid4

from masquerade.errors import MasqueradeError
from masquerade.live.events.lines import stamp_of
from masquerade.live.types import Event


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert. It says when, where and how, never who, and holds no picture.

    Attributes:
        id: a UUID that it keeps on every channel and at every attempt.
        at: time of day, with a zone.
        time: seconds of the source.
        source: what the source is called, without secrets.
        person: number of the person in this watch; None for a test.
        wearing: ``without_mask`` or ``incorrect``.
        test: whether somebody tries the channels out.
    """

    id: str
    at: datetime
    time: float
    source: str
    person: int | None
    wearing: str
    test: bool = False

    @classmethod
    def of(cls, event: Event, *, at: datetime, source: str) -> Alert:
        """Make an alert of an event, with an id of its own."""
        source = source.encode("utf-8", "replace").decode()  # a file's name may be no text
        return cls(str(uuid4()), at, event.time, source, event.person, event.wearing or "without_mask")

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Alert:
        """Read what ``to_dict`` gave."""
        at = datetime.fromisoformat(value["at"])
        return cls(
            value["id"], at, value["time"], value["source"], value["person"], value["wearing"], bool(value["test"])
        )

    def to_dict(self) -> dict[str, Any]:
        """Give the form of ``docs/alert.schema.json``, without the words."""
        return {
            "id": self.id,
            "event": "alert",
            "at": stamp_of(self.at),
            "time": round(self.time, 3),
            "source": self.source,
            "person": self.person,
            "wearing": self.wearing,
            "test": self.test,
        }


@dataclass(frozen=True, slots=True)
class Door:
    """How things are at the door now, for channels that show it.

    Attributes:
        source: state of the source: ``opening``, ``online``, ``stalled``, ``offline`` or ``ended``.
        people: people in view.
        with_mask: of them, those whose mask is right.
        without_mask: of them, those without.
        incorrect: of them, those who wear it wrongly.
        entered: people who came so far in this watch.
        alerts: alerts so far in this watch.
    """

    source: str = "opening"
    people: int = 0
    with_mask: int = 0
    without_mask: int = 0
    incorrect: int = 0
    entered: int = 0
    alerts: int = 0


class DeliveryFailed(MasqueradeError):
    """An alert did not get out.

    Attributes:
        permanent: whether trying again is of no use.
        wait: seconds after which the receiver wants to be tried again; None where it did not say.
        surely: whether it is certain that the alert did not arrive.
    """

    code: ClassVar[str] = "delivery_failed"

    def __init__(
        self, message: str, *, permanent: bool = False, wait: float | None = None, surely: bool = False
    ) -> None:
        """Keep why, without secrets."""
        super().__init__(message)
        self.permanent, self.wait, self.surely = permanent, wait, surely


class Channel(Protocol):
    """A way out. One thread calls it; it may take its time."""

    def send(self, alert: Alert) -> None:
        """Send one alert and return when the other side has it.

        Raises:
            DeliveryFailed: it does not, or may not.
        """
        ...

    def close(self) -> None:
        """Let go of connections; called by the thread that sends."""
        ...
