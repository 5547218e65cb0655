"""The hub: the newest snapshot for each who looks on, and no event lost on the way."""

from __future__ import annotations

import asyncio
import threading

from masquerade.live import Event
from masquerade.live.watching import Counts, Snapshot
from masquerade.service.hub import EVENTS, Hub


def snapshot(time: float, *events: str) -> Snapshot:
    made = tuple(Event(time, name, 1, "with_mask") for name in events)
    return Snapshot(time, (640, 480), (), made, Counts())


def test_the_newest_is_given_at_once_and_events_are_kept_until_they_are_taken() -> None:
    async def test() -> None:
        hub = Hub()
        hub.take(None, snapshot(1.0, "entered"))
        assert hub.latest is not None
        looking = hub.subscribe()
        first = await anext(looking)
        assert (first.time, first.events) == (1.0, ())  # what happened before is not news
        hub.take(None, snapshot(2.0, "entered"))
        hub.take(None, snapshot(3.0))
        hub.take(None, snapshot(4.0, "changed", "left"))
        newest = await anext(looking)
        assert newest.time == 4.0
        assert [event.event for event in newest.events] == ["entered", "changed", "left"]
        for moment in range(1000):
            hub.take(None, snapshot(moment, "alert"))
        assert len((await anext(looking)).events) == EVENTS
        assert hub.onlookers == 1
        await looking.aclose()  # type: ignore[attr-defined]
        assert hub.onlookers == 0

    asyncio.run(test())


def test_closing_ends_all_who_look_on_from_another_thread() -> None:
    async def test() -> None:
        hub = Hub(most=2)

        async def look_on() -> list[float]:
            return [news.time async for news in hub.subscribe()]

        def take_and_close() -> None:
            hub.take(None, snapshot(5.0))
            hub.end()

        tasks = [asyncio.create_task(look_on()) for _ in range(2)]
        while not hub.full:
            await asyncio.sleep(0.01)

        def end() -> None:
            hub.take(None, snapshot(5.0))
            hub.end()

        thread = threading.Thread(target=end)
        thread.start()
        async with asyncio.timeout(60):
            assert await asyncio.gather(*tasks) == [[5.0], [5.0]]
        thread.join()
        assert [news.time async for news in hub.subscribe()] == [5.0]  # too late: the last one, and the end

    asyncio.run(test())
