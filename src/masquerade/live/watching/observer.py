"""All stages for one frame: find faces, follow people, look at those that need it, tell of alerts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from masquerade.live.people import People, PeopleRecipe
from masquerade.live.types import Event, Frame, Person, StateChange
from masquerade.live.watching.eyes import Eyes, Networks
from masquerade.live.watching.gaze import Gaze, GazeRecipe
from masquerade.live.watching.snapshot import Box, Snapshot, Tally

TOLD = ("online", "stalled", "offline")
"""States of a source that are events."""


class Alarm(Protocol):
    """Tells which people lead to an alert; ``live.alerts.Episodes`` is one."""

    def update(self, time: float, people: tuple[Person, ...], now: datetime | None) -> list[Event]:
        """Look at the people in view and give the alerts that begin now."""


@dataclass(frozen=True, slots=True)
class ObserverRecipe:
    """What an observer goes by.

    Attributes:
        people: tracks and decisions.
        gaze: where to look.
        looks: most faces of one frame that are looked at; the others have their turn in the next frames.
    """

    people: PeopleRecipe = field(default_factory=PeopleRecipe)
    gaze: GazeRecipe = field(default_factory=GazeRecipe)
    looks: int = 6


class Observer:
    """Watches frames one by one. It has no source and no thread, knows nobody and keeps no picture.

    Not to be used by two threads at once.
    """

    def __init__(
        self,
        recipe: ObserverRecipe | None = None,
        *,
        episodes: Alarm | None = None,
        eyes: Eyes | None = None,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        """Begin with nobody in view.

        Args:
            recipe: what to go by.
            episodes: tells of alerts; by default ``live.alerts.Episodes`` as it comes.
            eyes: find and read faces; by default the networks of the package.
            clock: time of day, for quiet hours; None for a film, which has none.
        """
        self.recipe = recipe or ObserverRecipe()
        self._people = People(self.recipe.people)
        self._gaze = Gaze(self.recipe.gaze)
        self._eyes = eyes or Networks(self.recipe.people.weak)
        self._episodes = episodes or _episodes()
        self._clock = clock
        self._tally = Tally()
        self._size = (0, 0)

    def see(self, frame: Frame) -> Snapshot:
        """Look at a frame.

        Args:
            frame: later than the one before; its size may differ.

        Returns:
            What is known now, and what happened with this frame.
        """
        size = (frame.image.shape[1], frame.image.shape[0])
        if self._size not in {(0, 0), size}:
            self._people.scale(size[0] / self._size[0], size[1] / self._size[1])
        self._size = size
        views = self._gaze.plan(frame.time, size, self._people.places(frame.time))
        faces = self._eyes.find(frame.image, views)
        due = self._people.follow(frame.time, faces)[: self.recipe.looks]
        wearing, weights = self._eyes.read(frame.image, faces[due])
        events = self._people.vote(frame.time, due, wearing, weights)
        people = self._people.now
        now = None if self._clock is None else self._clock()
        events += self._episodes.update(frame.time, people, now)
        places = np.concatenate([self._people.places(frame.time), faces.boxes])
        return self._snapshot(frame.time, people, events, places)

    def state_changed(self, change: StateChange) -> Snapshot:
        """Take in what happened to the source; when it is lost or at its end, everybody has left."""
        events = self._people.finish(change.time) if change.state in {"offline", "ended"} else []
        if change.state in TOLD:
            events.append(Event(change.time, change.state, reason=change.reason))
        return self._snapshot(change.time, self._people.now, events, np.zeros((0, 4)))

    def reported(self, time: float, events: list[Event]) -> Snapshot:
        """Take in events of the watch's own sinks; they change nothing of who is there."""
        return self._snapshot(time, self._people.now, events, np.zeros((0, 4)))

    def _snapshot(
        self, time: float, people: tuple[Person, ...], events: list[Event], places: NDArray[np.float64]
    ) -> Snapshot:
        self._tally.add(events)
        covers: tuple[Box, ...] = tuple((a, b, c, d) for a, b, c, d in places.tolist())
        return Snapshot(time, self._size, people, tuple(events), self._tally.counts, covers)


def _episodes() -> Alarm:
    from masquerade.live.alerts import Episodes  # noqa: PLC0415

    return Episodes()
