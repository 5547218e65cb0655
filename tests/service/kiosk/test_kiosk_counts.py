"""Counts of the day, and what pages are sent of the server's camera."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs the [serve] extra")

from masquerade.errors import KeyRequired
from masquerade.live import Event
from masquerade.live.watching import Counts, Snapshot
from masquerade.service.hub import Hub
from masquerade.service.kiosk import DayCounts, counts
from masquerade.service.kiosk.feed import feed
from tests.service.kiosk.made_kiosk import person

MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)


class Calendar:
    """A date that a test sets."""

    def __init__(self) -> None:
        self.now = MONDAY

    def __call__(self) -> date:
        return self.now


def event(what: str, person: int, wearing: str) -> Event:
    return Event(0.0, what, person, wearing)


def numbers(day: DayCounts) -> list[str | int]:
    told = day.to_dict()
    return [told[name] for name in ("entered", "with_mask", "without_mask", "incorrect", "undecided")]


class TestDayCounts:
    def test_observers_add_up_and_somebody_may_come_to_be_counted_otherwise(self) -> None:
        day = DayCounts(Calendar())
        one, two = day.follow(), day.follow()
        one.update([event("entered", 1, "undecided"), event("entered", 2, "with_mask")])
        two.update([event("entered", 1, "without_mask"), event("alert", 1, "without_mask")])
        one.update([event("changed", 1, "with_mask")])
        one.update([event("left", 1, "with_mask"), Event(1.0, "offline", reason="cut")])
        assert day.to_dict() == {
            "day": "2026-11-23",
            **{"entered": 3, "with_mask": 2, "without_mask": 1, "incorrect": 0, "undecided": 0, "alerts": 1},
        }

    def test_who_is_in_view_at_midnight_is_counted_on_the_day_before_alone(self) -> None:
        calendar = Calendar()
        day = DayCounts(calendar)
        door = day.follow()
        door.update([event("entered", 1, "with_mask"), event("entered", 2, "undecided")])
        calendar.now = TUESDAY
        assert numbers(day) == [0, 0, 0, 0, 0]
        door.update(
            [event("changed", 1, "without_mask"), event("entered", 3, "with_mask"), event("left", 2, "incorrect")]
        )
        door.update([event("alert", 1, "without_mask")])
        assert numbers(day) == [1, 1, 0, 0, 0]
        assert (day.to_dict()["day"], day.to_dict()["alerts"]) == ("2026-11-24", 1)  # that was today
        calendar.now = MONDAY  # the clock is set back over midnight
        assert numbers(day) == [2, 0, 1, 1, 0]
        calendar.now = TUESDAY
        assert numbers(day) == [1, 1, 0, 0, 0]

    def test_a_clock_that_was_far_off_is_put_right(self) -> None:
        calendar = Calendar()
        day = DayCounts(calendar)
        door = day.follow()
        calendar.now = date(2099, 1, 1)  # a small computer without a battery
        door.update([event("entered", 1, "with_mask")])
        calendar.now = MONDAY
        door.update([event("left", 1, "without_mask"), event("entered", 2, "incorrect")])
        assert numbers(day) == [1, 0, 0, 1, 0]
        assert len(day._days) == 1

    def test_an_observer_that_begins_anew_counts_anew(self) -> None:
        day = DayCounts(Calendar())
        door = day.follow()
        door.update([event("entered", 1, "with_mask"), event("entered", 1, "without_mask")])
        door.update([event("changed", 7, "with_mask")])  # nobody who was seen to enter
        assert numbers(day) == [2, 1, 1, 0, 0]

    @pytest.mark.parametrize(
        ("zone", "utc", "local"),
        [
            ("Europe/Berlin", "2026-10-24T21:59:59", "2026-10-24"),  # the night that summer time ends
            ("Europe/Berlin", "2026-10-24T22:00:00", "2026-10-25"),
            ("Europe/Berlin", "2026-10-25T22:59:59", "2026-10-25"),  # a day of 25 hours
            ("Europe/Berlin", "2026-10-25T23:00:00", "2026-10-26"),
            ("Africa/Cairo", "2026-10-29T20:59:59", "2026-10-29"),  # clocks go back at midnight: 23:59 comes twice
            ("Africa/Cairo", "2026-10-29T21:30:00", "2026-10-29"),
            ("Africa/Cairo", "2026-10-29T22:00:00", "2026-10-30"),
        ],
    )
    def test_the_date_is_the_local_one_whatever_the_summer_time(
        self, monkeypatch: pytest.MonkeyPatch, zone: str, utc: str, local: str
    ) -> None:
        if not (Path("/usr/share/zoneinfo") / zone).exists():
            pytest.skip("needs the system's time zones")
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        try:
            moment = datetime.fromisoformat(utc).replace(tzinfo=UTC).timestamp()
            assert counts.today(lambda: moment).isoformat() == local
        finally:
            monkeypatch.undo()
            time.tzset()

    def test_as_the_sink_of_a_watch(self) -> None:
        day = DayCounts(Calendar())
        sink = day.follow()
        sink.take(None, Snapshot(1.0, (64, 48), (), (event("entered", 1, "incorrect"),), Counts()))
        sink.close()
        assert numbers(day) == [1, 0, 0, 1, 0]


def events(chunks: list[bytes]) -> list[dict[str, Any]]:
    """The data of server-sent events, by the format's own rules."""
    lines = b"".join(chunks).decode().split("\n\n")
    return [json.loads(line.removeprefix("data: ")) for line in lines if line]


class TestFeed:
    def test_state_first_then_the_newest_snapshot_with_all_events(self) -> None:
        async def listen() -> list[dict[str, Any]]:
            hub = Hub()
            stream = feed(hub, lambda: {"camera": {"state": "online", "reason": ""}}, pause=0.2)
            chunks = [await anext(stream)]
            hub.take(None, Snapshot(0.0, (64, 48), (), (), Counts()))
            chunks.append(await anext(stream))
            for number in (1, 2, 3):
                event = Event(float(number), "entered", number, "undecided")
                hub.take(None, Snapshot(float(number), (64, 48), (person(number),), (event,), Counts(entered=number)))
            chunks.append(await anext(stream))
            hub.end()
            assert [chunk async for chunk in stream] == []
            assert hub.onlookers == 0
            return events(chunks)

        state, first, newest = asyncio.run(listen())
        assert state == {"type": "state", "camera": {"state": "online", "reason": ""}}
        assert first["type"] == "snapshot"
        assert newest["time"] == 3
        assert [event["person"] for event in newest["events"]] == [1, 2, 3]

    def test_a_quiet_camera_is_still_heard_of(self) -> None:
        async def listen() -> list[dict[str, Any]]:
            states = iter(["opening", "offline"])
            stream = feed(Hub(), lambda: {"camera": {"state": next(states), "reason": ""}}, beat=0.01)
            chunks = [await anext(stream), await anext(stream)]
            await stream.aclose()  # type: ignore[attr-defined]
            return events(chunks)

        assert [event["camera"]["state"] for event in asyncio.run(listen())] == ["opening", "offline"]

    def test_it_ends_with_the_error_of_who_may_not_look_on_any_more(self) -> None:
        allowed: Iterator[dict[str, Any]] = iter([{}, {}])

        def state() -> dict[str, Any]:
            found = next(allowed, None)
            if found is None:
                raise KeyRequired("the key holds no more")
            return found

        async def listen() -> list[dict[str, Any]]:
            hub = Hub()
            chunks = [chunk async for chunk in feed(hub, state, beat=0.01)]
            assert hub.onlookers == 0
            return events(chunks)

        told = asyncio.run(listen())
        assert [event["type"] for event in told] == ["state", "state", "error"]
        assert told[-1]["error"]["code"] == "key_required"

    def test_onlookers_who_go_are_forgotten(self) -> None:
        async def listen() -> int:
            hub = Hub()
            stream = feed(hub, dict)
            await anext(stream)
            waiting = asyncio.ensure_future(anext(stream))
            await asyncio.sleep(0.01)
            assert hub.onlookers == 1
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            return hub.onlookers

        assert asyncio.run(listen()) == 0
