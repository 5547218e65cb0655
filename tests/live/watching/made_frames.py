"""Frames, eyes and sources without cameras and networks, for tests of the watch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from masquerade.faces import Faces
from masquerade.faces.passes import Pass
from masquerade.live.types import Event, Frame, Person, StateChange
from masquerade.wearing import Wearing
from tests.live.people.faces_made import Box, faces_of, worn

Scene = Callable[[float], Sequence[tuple[Box, str]]]
"""Who is there at a time: boxes, and how each wears a mask."""


def always(*there: tuple[Box, str]) -> Scene:
    """The same people all the time."""

    def scene(time: float) -> Sequence[tuple[Box, str]]:
        return there

    return scene


def frame_at(time: float, number: int = 0, size: tuple[int, int] = (640, 480), taken: float = 0.0) -> Frame:
    """A grey frame."""
    return Frame(np.full((size[1], size[0], 3), 120, np.uint8), time, number, taken)


class SceneEyes:
    """Sees a made scene: only what the passes show, as the detector would."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self.time = 0.0
        self.views: list[list[Pass]] = []
        self.read_faces = 0

    def find(self, image: NDArray[np.uint8], views: list[Pass]) -> Faces:
        self.views.append(views)
        return faces_of([box for box, _ in self._scene(self.time) if any(_shows(view, box) for view in views)])

    def read(self, image: NDArray[np.uint8], faces: Faces) -> tuple[Wearing, NDArray[np.float64]]:
        self.read_faces += len(faces)
        labels = []
        for box in faces.boxes.tolist():
            labels += [label for place, label in self._scene(self.time) if np.allclose(place, box)][:1]
        return worn(labels, 0.98), np.ones(len(faces))


def _shows(view: Pass, box: Box) -> bool:
    inside = view.x <= box[0] and view.y <= box[1] and view.x + view.width >= box[2] and view.y + view.height >= box[3]
    return inside and view.scale * (box[2] - box[0]) >= 10


class NoAlerts:
    """Nobody leads to an alert."""

    def update(self, time: float, people: tuple[Person, ...], now: object) -> list[Event]:
        return []


class MadeSource:
    """Gives made frames and changes of state, then ends."""

    def __init__(self, steps: Iterable[Frame | StateChange | None], *, live: bool = False, reason: str = "") -> None:
        self._steps = iter(steps)
        self.live = live
        self.state = "opening"
        self.reason = reason
        self.skipped = 0
        self.damaged = 0
        self._changes: list[StateChange] = []

    def frame(self, timeout: float) -> Frame | None:
        for step in self._steps:
            if not isinstance(step, StateChange):
                return step
            self.state = step.state
            self._changes.append(step)
        self.state = "ended"
        return None

    def changes(self) -> list[StateChange]:
        changes, self._changes = self._changes, []
        return changes
