"""All stages for one frame, with made eyes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from masquerade.live.alerts import Episodes
from masquerade.live.types import Event, Person, StateChange
from masquerade.live.watching import Counts, Observer, Snapshot
from tests.live.people.faces_made import Box, face_at, times, told
from tests.live.watching.made_frames import NoAlerts, Scene, SceneEyes, always, frame_at

HERE = face_at(300, 200)


def watch(scene: Scene, seconds: float, fps: float = 25, **kinds: object) -> tuple[list[Event], Snapshot, SceneEyes]:
    eyes = SceneEyes(scene)
    observer = Observer(eyes=eyes, episodes=kinds.get("episodes") or NoAlerts())  # type: ignore[arg-type]
    events: list[Event] = []
    for number, time in enumerate(times(seconds, fps)):
        eyes.time = time
        snapshot = observer.see(frame_at(time, number))
        events += snapshot.events
    return events, snapshot, eyes


@pytest.mark.parametrize("fps", [5, 25, 60])
def test_a_mask_comes_down_one_alert(fps: float) -> None:
    def scene(time: float) -> list[tuple[Box, str]]:
        return [(HERE, "with_mask" if time < 2 else "incorrect")]

    events, snapshot, _ = watch(scene, 8, fps, episodes=Episodes())
    assert told(events) == [
        ("entered", 1, "undecided"),
        ("changed", 1, "with_mask"),
        ("changed", 1, "incorrect"),
        ("alert", 1, "incorrect"),
    ]
    assert snapshot.counts == Counts(entered=1, incorrect=1, alerts=1)
    (person,) = snapshot.people
    assert (person.number, person.wearing, person.shows) == (1, "incorrect", ("nose",))
    assert person.box == pytest.approx(HERE, abs=2)


def test_people_are_counted_once_by_their_last_wearing() -> None:
    def scene(time: float) -> list[tuple[Box, str]]:
        there = [(face_at(100, 200, 80), "with_mask")] if time < 3 else []
        there += [(face_at(320, 200, 80), "with_mask" if time < 2 else "without_mask")]
        return [*there, (face_at(520, 200, 80), "incorrect")] if time >= 1 else there

    _, snapshot, _ = watch(scene, 7)
    assert snapshot.counts == Counts(entered=3, with_mask=1, without_mask=1, incorrect=1)
    assert len(snapshot.people) == 2


def test_most_frames_cost_little() -> None:
    _, _, eyes = watch(always((HERE, "with_mask")), 4, 50)
    small = [views for views in eyes.views if all(view.canvas == (128, 128) for view in views)]
    assert len(small) >= 0.75 * len(eyes.views)
    assert eyes.read_faces < 40  # of 200 frames


def test_the_same_frames_give_the_same() -> None:
    def scene(time: float) -> list[tuple[Box, str]]:
        return [(face_at(100 + 60 * time, 200, 80), "with_mask" if time % 2 < 1 else "without_mask")]

    assert watch(scene, 6)[0] == watch(scene, 6)[0]


def test_a_new_size_in_the_middle() -> None:
    eyes = SceneEyes(lambda time: [(HERE if time < 1 else face_at(600, 400, 200), "with_mask")])
    observer = Observer(eyes=eyes, episodes=NoAlerts())
    for number, time in enumerate(times(3, 25)):
        eyes.time = time
        snapshot = observer.see(frame_at(time, number, (640, 480) if time < 1 else (1280, 960)))
    assert snapshot.counts == Counts(entered=1, with_mask=1)
    assert snapshot.size == (1280, 960)


def test_states_of_the_source_are_events_and_empty_the_view() -> None:
    eyes = SceneEyes(always((HERE, "with_mask")))
    observer = Observer(eyes=eyes, episodes=NoAlerts())
    assert told(observer.state_changed(StateChange(0.0, "opening")).events) == []
    assert told(observer.state_changed(StateChange(0.0, "online")).events) == [("online", None, None)]
    for time in times(1, 25):
        eyes.time = time
        observer.see(frame_at(time))
    stalled = observer.state_changed(StateChange(4.0, "stalled", "nothing for 3 s"))
    assert [event.to_dict() for event in stalled.events] == [
        {"time": 4.0, "event": "stalled", "person": None, "wearing": None, "reason": "nothing for 3 s"}
    ]
    assert len(stalled.people) == 1
    lost = observer.state_changed(StateChange(6.0, "offline", "cut"))
    assert told(lost.events) == [("left", 1, "with_mask"), ("offline", None, None)]
    assert lost.people == ()
    assert lost.counts == Counts(entered=1, with_mask=1)
    assert observer.state_changed(StateChange(7.0, "ended")).events == ()


def test_the_time_of_day_goes_to_the_alerts() -> None:
    asked: list[datetime | None] = []

    class Asks:
        def update(self, time: float, people: tuple[Person, ...], now: datetime | None) -> list[Event]:
            asked.append(now)
            return []

    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    eyes = SceneEyes(always())
    Observer(eyes=eyes, episodes=Asks(), clock=lambda: noon).see(frame_at(0.0))
    Observer(eyes=eyes, episodes=Asks()).see(frame_at(0.0))
    assert asked == [noon, None]


def test_covers_hold_everybody_and_the_lost() -> None:
    _, snapshot, _ = watch(lambda time: [(HERE, "with_mask")] if time < 2 else [], 2.8)
    assert any(cover == pytest.approx(HERE, abs=12) for cover in snapshot.covers)
    _, gone, _ = watch(lambda time: [(HERE, "with_mask")] if time < 2 else [], 5)
    assert gone.covers == ()


def test_the_form_of_json() -> None:
    _, snapshot, _ = watch(always((HERE, "without_mask")), 0.44)
    assert snapshot.to_dict() == {
        "time": 0.4,
        "width": 640,
        "height": 480,
        "people": [
            {
                "number": 1,
                "box": [pytest.approx(value, abs=0.5) for value in HERE],
                "wearing": "without_mask",
                "shows": [],
                "entered": 0.28,
                "since": 0.4,
                "seen": 0.4,
            }
        ],
        "events": [{"time": 0.4, "event": "changed", "person": 1, "wearing": "without_mask"}],
        "counts": {"entered": 1, "with_mask": 0, "without_mask": 1, "incorrect": 0, "undecided": 0, "alerts": 0},
    }
