"""Faces and looks without pictures, for tests of tracks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from masquerade.faces import Faces
from masquerade.live.people import People
from masquerade.live.types import Event
from masquerade.wearing import LABELS, Wearing

SIZE = (640, 480)
Box = tuple[float, float, float, float]


def face_at(x: float, y: float, side: float = 100.0) -> Box:
    """A box around a centre."""
    return (x - side / 2, y - side / 2, x + side / 2, y + side / 2)


def faces_of(boxes: Sequence[Box], scores: Sequence[float] | float = 0.9) -> Faces:
    """Faces with these boxes."""
    count = len(boxes)
    every = [scores] * count if isinstance(scores, float) else list(scores)
    return Faces(
        size=SIZE,
        boxes=np.array(boxes, np.float32).reshape(count, 4),
        scores=np.array(every, np.float32),
        points=np.zeros((count, 5, 2), np.float32),
    )


def worn(labels: Sequence[str], probability: float = 0.9) -> Wearing:
    """Looks that say these labels."""
    rows = np.full((len(labels), 3), (1 - probability) / 2, np.float32)
    for row, label in enumerate(labels):
        rows[row, LABELS.index(label)] = probability
    shows = [[0.95, 0.1, 0.1] if label == "incorrect" else [float(label == "without_mask")] * 3 for label in labels]
    return Wearing(rows, np.array(shows, np.float32).reshape(len(labels), 3))


def times(seconds: float, fps: float, start: float = 0.0) -> Iterator[float]:
    """The times of the frames of a film."""
    for number in range(round(seconds * fps)):
        yield start + number / fps


def play(
    people: People, frames: Iterable[tuple[float, Sequence[Box], Sequence[str]]], score: float = 0.9
) -> list[Event]:
    """Show frames (time, boxes, labels) to people and gather what happens."""
    events: list[Event] = []
    for time, boxes, labels in frames:
        events += people.update(time, faces_of(boxes, score), worn(labels))
    return events


def told(events: Iterable[Event]) -> list[tuple[str, int | None, str | None]]:
    """Events without their times."""
    return [(event.event, event.person, event.wearing) for event in events]
