"""The films of the data sets: what the eye sees, in order and in time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from masquerade.live.alerts import Episodes
from masquerade.live.types import Event, Frame, Person
from masquerade.live.watching import Observer, ObserverRecipe
from masquerade.live.watching.gaze import GazeRecipe
from tests.live.people.faces_made import told

pytestmark = pytest.mark.data

NOSE_BARE = 60 / 25
"""Seconds at which the mask is seen to have left the nose: it starts to slide at frame 57, the nostrils show from 60
on, the mouth from 64 on, and at 68 it hangs below the chin."""


def frames(path: Path, step: int = 1) -> Iterator[Frame]:
    film = cv2.VideoCapture(str(path))
    fps, number = film.get(cv2.CAP_PROP_FPS), 0
    while (taken := film.read())[0]:
        if number % step == 0:
            yield Frame(np.ascontiguousarray(taken[1][..., ::-1]), number / fps, number)
        number += 1


def watched(path: Path, step: int = 1, *, thorough: bool = False) -> tuple[list[Event], list[tuple[Person, ...]]]:
    observer = Observer(ObserverRecipe(gaze=GazeRecipe(thorough=thorough)), episodes=Episodes())
    events: list[Event] = []
    people = []
    for frame in frames(path, step):
        snapshot = observer.see(frame)
        events += snapshot.events
        people.append(snapshot.people)
    return events, people


@pytest.mark.parametrize(("step", "thorough"), [(1, False), (1, True), (2, False), (4, False)])
def test_a_mask_is_taken_to_the_chin(data_root: Path, step: int, thorough: bool) -> None:
    """One person with a mask, then wrongly worn; the face on the phone that he holds is nobody's."""
    events, _ = watched(data_root / "videos" / "mask_on_then_chin.avi", step, thorough=thorough)
    assert told(events) == [
        ("entered", 1, "undecided"),
        ("changed", 1, "with_mask"),
        ("changed", 1, "incorrect"),
        ("alert", 1, "incorrect"),
    ]
    entered, masked, bared, _ = (event.time for event in events)
    assert entered <= 0.4
    assert masked <= 0.8
    assert NOSE_BARE - 0.1 <= bared <= NOSE_BARE + 0.5


def test_people_of_a_broadcast_are_not_counted_twice(data_root: Path) -> None:
    """The third shot (from 2.9 s) shows one singer, the fourth (from 7.1 s) six or seven of the audience."""
    events, people = watched(data_root / "videos" / "several_faces_no_mask.mp4")
    entered = [event.time for event in events if event.event == "entered"]
    assert not [time for time in entered if 2.9 <= time < 7.1]
    assert {len(now) for now in people[int(4.5 * 30) : int(7.0 * 30)]} == {1}
    assert 5 <= len([time for time in entered if time >= 7.1]) <= 7
    assert len({len(now) for now in people[int(8.0 * 30) :]}) == 1
    assert {event.wearing for event in events if event.event == "changed"} == {"without_mask"}
