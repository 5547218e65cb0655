"""The loop: frames, changes, sinks, the end."""

from __future__ import annotations

import threading
import time as clock

import numpy as np
import pytest
from numpy.typing import NDArray

from masquerade.faces import Faces
from masquerade.faces.passes import Pass
from masquerade.live.types import Event, Frame, StateChange
from masquerade.live.watching import Observer, Snapshot, Watch
from masquerade.live.watching.rates import Pace
from tests.live.people.faces_made import face_at, times, told
from tests.live.watching.made_frames import MadeSource, NoAlerts, SceneEyes, always, frame_at


class Keeps:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[Frame | None, Snapshot]] = []
        self.closed = 0

    def take(self, frame: Frame | None, snapshot: Snapshot) -> None:
        self.told.append((frame, snapshot))

    def close(self) -> None:
        self.closed += 1


def observer() -> Observer:
    return Observer(eyes=SceneEyes(always((face_at(300, 200), "with_mask"))), episodes=NoAlerts())


def test_a_film_from_its_beginning_to_its_end() -> None:
    steps: list[Frame | StateChange | None] = [
        StateChange(0.0, "online"),
        *[frame_at(time) for time in times(1, 25)],
        StateChange(0.96, "ended"),
    ]
    sink = Keeps()
    summary = Watch(MadeSource(steps), observer(), [sink]).run(threading.Event())
    events = [event for _, snapshot in sink.told for event in snapshot.events]
    assert told(events) == [
        ("online", None, None),
        ("entered", 1, "undecided"),
        ("changed", 1, "with_mask"),
        ("left", 1, "with_mask"),
    ]
    assert sink.closed == 1
    assert summary.counts.with_mask == 1
    assert summary.seconds == pytest.approx(0.96)
    assert summary.rates.frames == 25
    assert summary.states == {"online": 1, "ended": 1}
    assert summary.ended == ""
    assert summary.to_dict()["counts"]["entered"] == 1


def test_it_stops_when_it_is_told_and_everybody_leaves() -> None:
    stop = threading.Event()

    class Stops(Keeps):
        def take(self, frame: Frame | None, snapshot: Snapshot) -> None:
            super().take(frame, snapshot)
            if len(self.told) == 20:
                stop.set()

    sink = Stops()
    summary = Watch(MadeSource(frame_at(time) for time in times(100, 25)), observer(), [sink]).run(stop)
    assert summary.rates.frames == 20
    assert told(sink.told[-1][1].events) == [("left", 1, "with_mask")]


def test_it_ends_after_some_seconds_of_the_source() -> None:
    source = MadeSource(frame_at(7 + time) for time in times(100, 25))
    summary = Watch(source, observer()).run(threading.Event(), seconds=2)
    assert summary.rates.frames == 51


def test_a_camera_that_gives_nothing_ends_by_the_clock_on_the_wall() -> None:
    now = [0.0]

    class Dark(MadeSource):
        def frame(self, timeout: float) -> Frame | None:
            now[0] += timeout
            return None

    summary = Watch(Dark([], live=True), observer(), clock=lambda: now[0]).run(threading.Event(), seconds=3)
    assert summary.rates.frames == 0
    assert summary.took == pytest.approx(3, abs=0.3)


def test_every_sink_is_closed_whatever_happens() -> None:
    class Breaks(Keeps):
        def take(self, frame: Frame | None, snapshot: Snapshot) -> None:
            raise OSError("no")

        def close(self) -> None:
            super().close()
            raise OSError("nor that")

    sinks = [Keeps(), Breaks(), Keeps()]
    with pytest.raises(OSError, match="nor that"):
        Watch(MadeSource([frame_at(0)]), observer(), sinks).run(threading.Event())
    assert [sink.closed for sink in sinks] == [1, 1, 1]


def test_why_a_source_ended() -> None:
    assert Watch(MadeSource([], reason="it is cut short"), observer()).run(threading.Event()).ended == "it is cut short"


@pytest.mark.parametrize("times_too_slow", [2, 10])
def test_under_load_the_newest_frame_is_seen_and_none_waits(times_too_slow: int) -> None:
    """A camera on a made clock, a look that takes many frames' time: the result is never older than two looks."""
    now = [0.0]
    fps, took = 25.0, times_too_slow / 25.0

    class Camera(MadeSource):
        """Its newest frame only, as ``live.sources`` gives it."""

        last = -1

        def frame(self, timeout: float) -> Frame | None:
            number = int(now[0] * fps)
            if number == self.last:
                number += 1
                now[0] = number / fps
            self.skipped += number - self.last - 1
            self.last = number
            return frame_at(number / fps, number, taken=number / fps)

    class Slow(SceneEyes):
        def find(self, image: NDArray[np.uint8], views: list[Pass]) -> Faces:
            now[0] += took
            return super().find(image, views)

    eyes = Slow(always((face_at(300, 200), "with_mask")))
    lags: list[float] = []

    class Measures(Keeps):
        def take(self, frame: Frame | None, snapshot: Snapshot) -> None:
            if frame is not None:
                lags.append(now[0] - frame.taken)

    camera = Camera([], live=True)
    watch = Watch(camera, Observer(eyes=eyes, episodes=NoAlerts()), [Measures()], clock=lambda: now[0])
    summary = watch.run(threading.Event(), seconds=20)
    assert max(lags) <= 2 * took
    assert summary.rates.skipped == pytest.approx(summary.rates.frames * (times_too_slow - 1), rel=0.1)
    assert summary.counts.entered == 1
    assert summary.counts.with_mask == 1


def test_rates() -> None:
    now = [0.0]
    pace = Pace(lambda: now[0])
    for number in range(100):
        now[0] = number / 50
        pace.add(taken=now[0] - (0.1 if number % 10 == 0 else 0.02) if number else 0.0)
    rates = pace.rates(skipped=3, damaged=1)
    assert (rates.frames, rates.skipped, rates.damaged) == (100, 3, 1)
    assert rates.fps == pytest.approx(50)
    assert rates.lag_p50 == pytest.approx(0.02)
    assert rates.lag_p95 == pytest.approx(0.1)
    now[0] += 10
    assert pace.rates().fps == 0
    assert Pace(clock.monotonic).rates().frames == 0


class Reports(Keeps):
    """A sink with news of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[float, bool]] = []

    def news(self, time: float, *, last: bool = False) -> list[Event]:
        self.asked.append((time, last))
        new = len(self.asked) == 3
        return [Event(time, "alerts_failing", reason="it is down", channel="office")] if new or last else []


def test_what_a_sink_has_to_tell_reaches_all_sinks_and_the_last_of_it_before_they_are_closed() -> None:
    reports, keeps = Reports(), Keeps()
    steps = [frame_at(time) for time in times(0.4, 10)]
    Watch(MadeSource(steps), observer(), [keeps, reports]).run(threading.Event())
    found = [event for _, snapshot in keeps.told for event in snapshot.events if event.channel]
    assert [(event.time, event.channel) for event in found] == [(pytest.approx(0.1), "office"), (0.3, "office")]
    assert [last for _, last in reports.asked] == [False] * (len(reports.asked) - 1) + [True]
    assert next(snapshot.events for frame, snapshot in keeps.told if frame is None)[0].reason == "it is down"


def test_news_of_a_camera_that_is_silent_have_their_own_time() -> None:
    now = [0.0]

    class Silent(MadeSource):
        def frame(self, timeout: float) -> Frame | None:
            now[0] += 2
            return super().frame(timeout)

    reports = Reports()
    Watch(Silent([frame_at(5.0), None, None], live=True), observer(), [reports], clock=lambda: now[0]).run(
        threading.Event()
    )
    assert [time for time, _ in reports.asked][:4] == [2.0, 7.0, 9.0, 11.0]
