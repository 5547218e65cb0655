"""The states of a camera, with a reader that does as it is told and a clock that is set by hand."""

from __future__ import annotations

from collections import deque
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from masquerade.live.sources import SourceOptions, wire
from masquerade.live.sources.addresses import parse_address
from masquerade.live.sources.camera import Camera
from masquerade.live.types import Frame


class Door:
    """A camera, the readers that it started, and the hour."""

    def __init__(self, address: str = "rtsp://host/door", **options: Any) -> None:
        self.now = 128.0
        self.readers: list[FakeReader] = []
        self.camera = Camera(parse_address(address), SourceOptions(**options), self._start, lambda: self.now)  # type: ignore[arg-type]

    def _start(self, task: wire.Task) -> FakeReader:
        self.readers.append(FakeReader(self, task))
        return self.readers[-1]

    @property
    def reader(self) -> FakeReader:
        return self.readers[-1]

    @property
    def delays(self) -> list[float]:
        return [reader.task.delay for reader in self.readers[1:]]

    def tell(self, say: str, **more: Any) -> None:
        defaults: dict[str, dict[str, Any]] = {
            wire.OPENING: {"woken": False},
            wire.OPENED: {"size": [4, 2], "fps": 25.0, "remark": ""},
            wire.FAILED: {"reason": "refused", "heard": ""},
        }
        self.reader.heard.append({"say": say} | defaults.get(say, {}) | more)
        if say == wire.OPENED:
            self.reader.counters.silent_since = self.now

    def show(self, *, flat: float = 0.0, still: float = 0.0) -> Frame | None:
        """Let a picture come and take it."""
        counters = self.reader.counters
        number = counters.grabbed
        counters.grabbed, counters.silent_since = number + 1, self.now
        message = {"say": wire.FRAME, "number": number, "taken": self.now, "flat": flat, "still": still}
        self.reader.heard.append(message | {"offset": 0, "height": 2, "width": 4})
        return self.camera.frame(0.0)

    def come_online(self) -> None:
        self.tell(wire.OPENING)
        self.tell(wire.OPENED)
        assert self.show() is not None

    def fail(self, reason: str = "refused") -> None:
        self.tell(wire.FAILED, reason=reason)
        self.wait(0.0)

    def wait(self, seconds: float, step: float = 0.125) -> None:
        """Let time pass without a picture."""
        end = self.now + seconds
        while True:
            assert self.camera.frame(0.0) is None
            if self.now >= end:
                return
            self.now = min(end, self.now + step)

    def states(self) -> list[tuple[str, float]]:
        return [(change.state, change.time) for change in self.camera.changes()]


class FakeReader:
    def __init__(self, door: Door, task: wire.Task) -> None:
        self.task = task
        self.heard: deque[dict[str, Any]] = deque()
        self.counters = SimpleNamespace(grabbed=0, damaged=0, silent_since=0.0)
        self.killed: bool | None = None

    def want(self) -> None:
        """Pictures come by themselves."""

    def hear(self, timeout: float) -> dict[str, Any] | None:
        return self.heard.popleft() if self.heard else None

    def picture(self, message: dict[str, Any]) -> NDArray[np.uint8]:
        return np.zeros((message["height"], message["width"], 3), np.uint8)

    def close(self, *, kill: bool = False) -> None:
        self.killed = kill


def test_online_with_the_first_picture() -> None:
    door = Door()
    door.tell(wire.OPENING)
    door.tell(wire.OPENED)
    door.wait(1.0)
    assert door.states() == [("opening", 0.0)]
    frame = door.show()
    assert frame is not None
    assert (frame.time, frame.number) == (1.0, 0)
    assert door.states() == [("online", 1.0)]


def test_one_cut_is_one_offline_and_one_online() -> None:
    door = Door()
    door.come_online()
    door.states()
    door.now += 20
    door.tell(wire.FAILED, reason="Connection reset by peer")
    door.wait(2.0)
    for _ in range(4):
        door.tell(wire.OPENING)
        door.fail("Connection refused")
    assert door.camera.reason == "Connection refused"
    door.wait(1.0)
    door.tell(wire.OPENING)
    door.tell(wire.OPENED)
    door.wait(0.5)
    door.show()
    assert door.states() == [("offline", 20.0), ("online", 23.5)]


def test_silence_is_a_stall_and_then_a_loss() -> None:
    door = Door()
    door.come_online()
    door.wait(10.0)
    assert door.states()[1:] == [("online", 0.0), ("stalled", 3.0), ("offline", 4.5)]
    assert door.readers[0].killed is True
    assert "no picture for 4.5 seconds" in door.camera.reason


def test_a_stall_that_passes() -> None:
    door = Door()
    door.come_online()
    door.wait(4.0)
    door.show()
    door.wait(2.0)
    assert door.states()[1:] == [("online", 0.0), ("stalled", 3.0), ("online", 4.0)]
    assert len(door.readers) == 1


def test_open_but_never_a_picture() -> None:
    door = Door()
    for _ in range(3):  # each reader opens, and then nothing
        door.tell(wire.OPENING)
        door.tell(wire.OPENED)
        door.wait(5.0)
    assert door.states() == [("opening", 0.0), ("stalled", 3.0), ("offline", 4.5)]
    assert len(door.readers) == 4


def test_one_that_never_opens_is_killed() -> None:
    door = Door(open_timeout=8.0)
    door.tell(wire.OPENING)
    door.wait(8.75)
    assert door.states() == [("opening", 0.0)]
    door.wait(0.25)
    assert door.states() == [("offline", 9.0)]
    assert door.readers[0].killed is True
    assert "8 seconds" in door.camera.reason
    assert door.reader.task.heard == wire.SILENT  # an answer ends the waiting


def test_a_reader_that_does_not_even_begin() -> None:
    door = Door()
    door.wait(61.0)
    assert [state for state, _ in door.states()] == ["opening", "offline"]
    assert len(door.readers) == 2


def test_back_off_doubles_to_thirty_seconds() -> None:
    door = Door()
    for _ in range(10):
        door.fail()
    assert door.delays == [0.5, 1, 2, 4, 8, 16, 30, 30, 30, 30]


def test_back_off_begins_anew_after_a_while_online() -> None:
    door = Door(backoff_reset=10.0, stall_after=1e3, read_timeout=1e3)
    for _ in range(3):
        door.fail()
    door.come_online()
    door.now += 9
    door.fail()  # not long enough
    door.come_online()
    door.now += 11
    door.fail()
    assert door.delays == [0.5, 1, 2, 4, 0.5]


def test_a_host_that_answers_again_resets_the_back_off() -> None:
    door = Door()
    for _ in range(6):
        door.fail()
    door.tell(wire.OPENING, woken=True)
    door.fail("404 (Not Found)")  # its server is up before its stream
    assert door.delays[-2:] == [16, 0.5]


def test_what_the_host_answered_is_handed_on() -> None:
    door = Door()
    door.tell(wire.FAILED, heard="404")
    door.wait(0.0)
    assert door.reader.task.heard == "404"


def test_a_flat_or_frozen_picture_is_a_stall_but_given() -> None:
    door = Door(flat_after=4.0, frozen_after=30.0)
    door.come_online()
    for seconds, still in [(1, 0.0), (3, 0.0), (5, 0.0), (6, 0.0)]:
        door.now += 1
        assert door.show(flat=float(seconds), still=still) is not None
    assert "flat" in door.camera.reason
    door.show()
    door.now += 1
    door.show(still=29.0)
    door.now += 1
    door.show(still=31.0)
    assert "not changed" in door.camera.reason
    door.show()
    states = [state for state, _ in door.states()]
    assert states == ["opening", "online", "stalled", "online", "stalled", "online"]
    assert len(door.readers) == 1


def test_flat_and_frozen_can_be_switched_off() -> None:
    door = Door(flat_after=0, frozen_after=0)
    door.come_online()
    door.show(flat=1e4, still=1e4)
    assert door.camera.state == "online"


@pytest.mark.parametrize("address", ["-", "."])
def test_what_is_no_camera_is_not_judged_by_its_picture(address: str) -> None:
    door = Door(address)
    door.come_online()
    door.show(flat=1e4, still=1e4)
    assert door.camera.state == "online"


def test_a_folder_may_be_quiet() -> None:
    door = Door(".")
    door.tell(wire.OPENING)
    door.tell(wire.OPENED, remark="3 pictures that lie there already are passed over")
    door.wait(3600.0, step=60.0)
    changes = door.camera.changes()
    assert [change.state for change in changes] == ["opening", "online"]
    assert "3 pictures" in changes[1].reason


def test_a_folder_that_gets_only_what_is_no_picture_stalls() -> None:
    door = Door(".")
    door.come_online()
    door.show()
    door.wait(1.0)
    door.tell(wire.PROBLEM, reason="a.jpg: it is damaged")  # one among others
    door.wait(1.0)
    assert (door.camera.state, door.camera.problem) == ("online", "a.jpg: it is damaged")
    door.wait(9.0)
    for name in ("b", "c"):
        door.tell(wire.PROBLEM, reason=f"{name}.jpg: it is damaged")
        door.wait(1.0)
    assert (door.camera.state, door.camera.reason) == ("stalled", "c.jpg: it is damaged")
    door.show()
    changes = [(change.state, change.reason) for change in door.camera.changes()]
    assert changes[2:] == [("stalled", "b.jpg: it is damaged"), ("online", "")]


def test_standard_input_may_stall_but_is_not_given_up() -> None:
    door = Door("-")
    door.come_online()
    door.wait(100.0, step=1.0)
    door.show()
    door.tell(wire.ENDED, reason="")
    door.wait(0.0)
    assert [state for state, _ in door.states()] == ["opening", "online", "stalled", "online", "ended"]
    assert len(door.readers) == 1


def test_only_garbage_is_said_to_be_so() -> None:
    door = Door()
    door.come_online()
    door.reader.counters.damaged += 12
    door.wait(3.5)
    assert door.camera.state == "stalled"
    assert "cannot be used" in door.camera.reason
    assert door.camera.damaged == 12
    door.wait(2.0)
    door.reader.counters.damaged += 1
    assert door.camera.damaged == 13  # over all readers


def test_skipped_frames_are_counted_and_numbers_go_on() -> None:
    door = Door()
    door.come_online()
    door.reader.counters.grabbed += 4  # that nobody took
    frame = door.show()
    assert frame is not None
    assert (frame.number, door.camera.skipped) == (5, 4)
    door.fail()
    door.tell(wire.OPENING)
    door.tell(wire.OPENED)
    frame = door.show()
    assert frame is not None
    assert (frame.number, door.camera.skipped) == (6, 4)


def test_a_frame_that_waited_for_a_taker_gives_way_to_a_newer_one() -> None:
    door = Door()
    door.come_online()
    old = {"say": wire.FRAME, "number": 1, "taken": door.now, "flat": 0.0, "still": 0.0}
    door.reader.heard.append(old | {"offset": 0, "height": 2, "width": 4})  # sent to a call that had run out of time
    door.reader.counters.grabbed = 60
    door.now += 2
    frame = door.show()
    assert frame is not None
    assert (frame.number, door.camera.skipped) == (60, 59)


def test_closed_is_over() -> None:
    door = Door()
    door.come_online()
    door.camera.close()
    assert door.readers[0].killed is False
    assert door.camera.frame(1.0) is None


def test_a_pause_of_everything_is_no_loss() -> None:
    """As when a laptop sleeps, or a container is frozen: the camera has a second to show that it is there."""
    door = Door()
    door.come_online()
    door.now += 600
    door.wait(0.5)
    assert door.show() is not None
    assert [state for state, _ in door.states()] == ["opening", "online"]
    door.now += 600
    door.wait(2.0)
    assert [state for state, _ in door.states()] == ["offline"]


def test_a_slow_taker_notices_a_loss() -> None:
    door = Door()
    door.come_online()
    door.wait(12.0, step=2.0)
    assert [state for state, _ in door.states()][-1] == "offline"
    assert len(door.readers) == 2


def test_a_patient_taker_is_told_of_a_stall_in_time() -> None:
    """Waiting for long is no pause."""
    door = Door()
    door.come_online()

    def wait(timeout: float) -> None:
        door.now += max(0.0, timeout)

    door.reader.hear = wait  # type: ignore[method-assign]
    assert door.camera.frame(4.0) is None
    assert door.states()[1:] == [("online", 0.0), ("stalled", 3.0)]


def hang(door: Door, *, woken: bool) -> None:
    """Let a reader begin that never opens."""
    door.tell(wire.OPENING, woken=woken)
    door.wait(9.0)


@pytest.mark.parametrize("scheme", ["https", "rtsps"])
def test_of_an_encrypted_host_no_silence_is_supposed(scheme: str) -> None:
    door = Door(f"{scheme}://host/door")
    hang(door, woken=False)
    assert door.reader.task.heard is None


@pytest.mark.parametrize("scheme", ["http", "rtsp"])
def test_a_host_that_answers_and_hangs_when_opened_is_tried_ever_more_seldom(scheme: str) -> None:
    door = Door(f"{scheme}://host/door", open_timeout=8.0)
    for _ in range(6):
        hang(door, woken=door.reader.task.heard == wire.SILENT)  # it answers each question
    assert door.delays == [0.5, 1, 2, 4, 8, 16]
    assert [reader.task.heard for reader in door.readers[1:]] == [wire.SILENT, *[None] * 5]
    door.come_online()
    door.wait(5.0)
    hang(door, woken=False)
    assert door.reader.task.heard == wire.SILENT  # it was back meanwhile
