"""A courier takes alerts out in order, tries again when it may help, and parks what it cannot."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest

from masquerade.live.alerts import Outbox
from masquerade.live.alerts.courier import LONGEST_WAIT, Courier, Pace, Surroundings
from tests.live.alerts.made_alerts import Clock, Recorder, alert, failing


class Desk:
    """A courier on a clock that stands still, with all it says."""

    def __init__(self, folder: Path, pace: Pace | None = None) -> None:
        self.clock = Clock()
        self.changes = 0
        self.box = Outbox(folder / "outbox.sqlite", clock=self.clock)
        self.channel = Recorder()
        around = Surroundings(changed=self.changed, clock=self.clock, chance=lambda: 0.0, clean=lambda text: text)
        self.courier = Courier("a", self.channel, self.box, pace or Pace(), around)

    def changed(self) -> None:
        self.changes += 1

    def add(self, *numbers: int, seconds: float = 1e6) -> None:
        for number in numbers:
            self.box.add(alert(number), {"a": seconds})

    def work(self) -> None:
        """Do all that there is to do now."""
        for _ in range(100):
            if self.courier.step() > 0:
                return
        raise AssertionError("it never rests")

    def states(self) -> dict[str, int]:
        return self.box.counts().get("a", {})


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_in_order_and_once(desk: Desk) -> None:
    desk.add(3, 1, 2)
    desk.work()
    desk.work()
    assert desk.channel.sent == [alert(3), alert(1), alert(2)]
    assert desk.states() == {"sent": 3}
    assert (desk.courier.trouble, desk.changes) == ("", 0)


def test_waits_double_up_to_the_most(desk: Desk) -> None:
    desk.channel.failures = [failing() for _ in range(9)]
    desk.add(1, 2)
    waits = []
    while not desk.channel.sent:
        desk.work()
        head = desk.box.head("a")
        if head is not None and not desk.channel.sent:
            waits.append(head.due - desk.clock.now)
            desk.clock.now = head.due - 0.001
            tried = desk.channel.attempts
            desk.work()
            assert desk.channel.attempts == tried  # not before its time
            desk.clock.now = head.due
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert desk.channel.sent == [alert(1), alert(2)]  # the second waited behind the first
    assert (desk.courier.trouble, desk.changes) == ("", 2)


@pytest.mark.parametrize(("chance", "expected"), [(0.0, 8.0), (0.5, 6.0), (1.0, 4.0)])
def test_chance_takes_up_to_half_of_a_wait(chance: float, expected: float) -> None:
    assert Pace(1, 60).wait(4, chance) == expected
    assert Pace(1, 60).wait(10_000, 0) == 60


@pytest.mark.parametrize(("asked", "expected"), [(120.0, 120.0), (0.0, 1.0), (1e9, LONGEST_WAIT)])
def test_the_receiver_may_ask_for_time(desk: Desk, asked: float, expected: float) -> None:
    desk.channel.failures = [failing(wait=asked)]
    desk.add(1)
    desk.work()
    head = desk.box.head("a")
    assert head is not None and head.due - desk.clock.now == expected


def test_what_cannot_be_helped_is_parked_and_the_rest_goes_out(desk: Desk) -> None:
    desk.channel.failures = [failing(permanent=True)]
    desk.add(1, 2)
    desk.work()
    assert desk.channel.sent == [alert(2)]
    assert [(one.alert, one.reason) for one in desk.box.rows("failed")] == [(alert(1), "it is down")]


def test_an_unforeseen_error_is_tried_again(desk: Desk) -> None:
    desk.channel.failures = [KeyError("oh")]
    desk.add(1)
    desk.work()
    assert [one.reason for one in desk.box.rows("pending")] == ["KeyError: 'oh'"]
    desk.clock.now += 1
    desk.work()
    assert desk.channel.sent == [alert(1)]


def test_what_is_late_is_of_no_use(desk: Desk) -> None:
    desk.channel.failures = [failing(wait=50)]
    desk.add(1, seconds=30)
    desk.work()
    desk.clock.now += 31
    desk.add(2)
    desk.work()
    assert desk.channel.sent == [alert(2)]
    assert desk.states() == {"expired": 1, "sent": 1}


def test_a_hurry_does_not_wait(desk: Desk) -> None:
    desk.channel.failures = [failing(wait=1000)]
    desk.add(1)
    desk.work()
    desk.courier.hurry()
    desk.work()
    assert desk.channel.sent == [alert(1)]


def test_a_clock_that_is_put_back_holds_nothing_for_ever(desk: Desk) -> None:
    desk.channel.failures = [failing()]
    desk.add(1)
    desk.work()
    desk.clock.now -= 365 * 86400
    desk.work()
    assert desk.channel.sent == [alert(1)]


ONCE = [
    # whether it is certain that it did not arrive, whether it is tried again
    (True, {"pending": 1}),
    (False, {"failed": 1}),
]


@pytest.mark.parametrize(("surely", "states"), ONCE)
def test_at_most_once(tmp_path: Path, surely: bool, states: dict[str, int]) -> None:
    desk = Desk(tmp_path, Pace(at_most_once=True))
    desk.channel.failures = [failing(surely=surely)]
    desk.add(1)
    desk.work()
    assert desk.states() == states


def test_at_most_once_is_noted_before_it_is_sent(tmp_path: Path) -> None:
    desk = Desk(tmp_path, Pace(at_most_once=True))
    seen: list[str] = []

    class Looks(Recorder):
        def send(self, alert: object) -> None:
            seen.extend(one.state for one in Outbox(desk.box.path).rows("sending", "pending"))

    desk.courier.channel = Looks()
    desk.add(1)
    desk.work()
    assert seen == ["sending"]
    assert desk.states() == {"sent": 1}


def test_what_was_sent_and_cannot_be_noted_is_not_sent_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills up between sending and noting: the alert goes out once, and nothing overtakes it."""
    desk.add(1, 2)

    class Full:
        def execute(self, *words: object) -> object:
            raise sqlite3.OperationalError("database or disk is full")

    base = desk.box._base

    class Fills(Recorder):
        def send(self, alert: object) -> None:
            super().send(alert)  # type: ignore[arg-type]
            if self.attempts == 1:
                monkeypatch.setattr(desk.box, "_base", Full())

    desk.courier.channel = channel = Fills()
    for _ in range(5):
        assert desk.courier.step() > 0
        assert "disk is full" in desk.courier.blocked
    assert channel.sent == [alert(1)]
    monkeypatch.setattr(desk.box, "_base", base)
    desk.work()
    assert channel.sent == [alert(1), alert(2)]
    assert desk.states() == {"sent": 2}
    assert (desk.courier.blocked, desk.changes) == ("", 2)


def test_nothing_unforeseen_ends_a_channel(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[None] = []
    step = desk.courier.step

    def broken_once() -> float:
        steps.append(None)
        if len(steps) == 1:
            raise BrokenPipeError("the screen is gone")
        return step()

    monkeypatch.setattr(desk.courier, "step", broken_once)
    desk.add(1)
    desk.courier.start()
    until = time.monotonic() + 60
    while desk.states() != {"sent": 1} and time.monotonic() < until:
        desk.courier.wake()
        time.sleep(0.01)
    desk.courier.end()
    desk.courier.join(60)
    assert desk.channel.sent == [alert(1)]
