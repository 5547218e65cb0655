"""What a watch knows at one moment: people, counts, and what has just happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from masquerade.live.types import Event, Person
from masquerade.wearing.types import UNDECIDED

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Counts:
    """People since the watch began, each once, by the wearing that was decided last.

    Attributes:
        entered: everybody; the sum of the next four.
        with_mask, without_mask, incorrect, undecided: by wearing.
        alerts: how many there were.
    """

    entered: int = 0
    with_mask: int = 0
    without_mask: int = 0
    incorrect: int = 0
    undecided: int = 0
    alerts: int = 0

    def to_dict(self) -> dict[str, int]:
        """Give the counts by name."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The watch after one frame, or after a change of the source's state.

    Attributes:
        time: seconds of the source.
        size: (width, height) of the frame; (0, 0) before the first one.
        people: who is in view, or was a moment ago.
        events: what happened since the snapshot before.
        counts: people since the watch began.
        covers: boxes x0, y0, x1, y1 of all places where a face is or may be, those of nobody among them: what must be
            blurred before a picture of the frame is shown.
    """

    time: float
    size: tuple[int, int]
    people: tuple[Person, ...]
    events: tuple[Event, ...]
    counts: Counts
    covers: tuple[Box, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Give the form of a JSON object, with numbers rounded; without ``covers``."""
        return {
            "time": round(self.time, 3),
            "width": self.size[0],
            "height": self.size[1],
            "people": [_person(person) for person in self.people],
            "events": [event.to_dict() for event in self.events],
            "counts": self.counts.to_dict(),
        }


class Tally:
    """Counts people by events, in as little memory as there are people in view."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self._totals: Counter[str] = Counter()
        self._wearing: dict[int, str] = {}

    def add(self, events: Iterable[Event]) -> None:
        """Take in what happened."""
        for event in events:
            if event.event == "alert":
                self._totals["alerts"] += 1
            if event.person is None or event.event == "alert":
                continue
            if event.event == "entered":
                self._totals["entered"] += 1
            before = self._wearing.pop(event.person, None)
            if before is not None:
                self._totals[before] -= 1
            now = event.wearing or UNDECIDED
            self._totals[now] += 1
            if event.event != "left":
                self._wearing[event.person] = now

    @property
    def counts(self) -> Counts:
        """The counts so far."""
        return Counts(**{name: self._totals[name] for name in Counts.__slots__})


def _person(person: Person) -> dict[str, Any]:
    times = {name: round(getattr(person, name), 3) for name in ("entered", "since", "seen")}
    return {
        "number": person.number,
        "box": [round(value, 1) for value in person.box],
        "wearing": person.wearing,
        "shows": list(person.shows),
        **times,
    }
