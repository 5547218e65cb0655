"""Counts of the day, and what pages are sent of the server's camera."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs the [serve] extra")

from masquerade.errors import KeyRequired
from masquerade.live import Event
from masquerade.live.watching import Counts, Snapshot
from masquerade.service.hub import Hub
from masquerade.service.kiosk import DayCounts
from masquerade.service.kiosk.feed import feed
from tests.service.kiosk.made_kiosk import person

MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)


class TestDayCounts:
    def test_observers_add_up_and_somebody_may_come_to_be_counted_otherwise(self) -> None:
        day = DayCounts(lambda: MONDAY)
        one, two = day.follow(), day.follow()
        one.update(Counts(entered=2, with_mask=1, undecided=1))
        two.update(Counts(entered=1, without_mask=1, alerts=1))
        one.update(Counts(entered=2, with_mask=2))
        assert day.to_dict() == {
            "day": "2026-11-23",
            **{"entered": 3, "with_mask": 2, "without_mask": 1, "incorrect": 0, "undecided": 0, "alerts": 1},
        }

    def test_midnight(self) -> None:
        now = MONDAY
        day = DayCounts(lambda: now)
        door = day.follow()
        door.update(Counts(entered=5, with_mask=5))
        now = TUESDAY
        assert day.to_dict()["entered"] == 0
        door.update(Counts(entered=6, with_mask=4, without_mask=2))  # one who came yesterday takes the mask off
        told = day.to_dict()
        assert (told["day"], told["entered"], told["with_mask"], told["without_mask"]) == ("2026-11-24", 1, 0, 2)

    def test_as_the_sink_of_a_watch(self) -> None:
        day = DayCounts(lambda: MONDAY)
        sink = day.follow()
        sink.take(None, Snapshot(1.0, (64, 48), (), (), Counts(entered=1, incorrect=1)))
        sink.close()
        assert (day.to_dict()["entered"], day.to_dict()["incorrect"]) == (1, 1)


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
            hub.close()
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
