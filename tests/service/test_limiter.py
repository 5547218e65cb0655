"""The gate of all inference: how many run, who waits, who is sent away."""

from __future__ import annotations

import asyncio
import threading
from functools import partial

import pytest

from masquerade.errors import Busy, NotReady
from masquerade.service.work.limiter import Limiter


class Held:
    """Jobs that last until they are let go, and note how many ran at once."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.order: list[int] = []
        self.now = self.most = 0
        self._lock = threading.Lock()

    def job(self, number: int = 0) -> int:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
            self.order.append(number)
        self.go.wait(60)
        with self._lock:
            self.now -= 1
        return number


async def until(condition: object) -> None:
    async with asyncio.timeout(60):
        while not condition():  # type: ignore[operator]
            await asyncio.sleep(0.005)


def test_no_more_run_at_once_than_there_are_workers_and_the_line_keeps_its_order() -> None:
    async def test() -> None:
        limiter, held = Limiter(2, 10, 60), Held()
        jobs = []
        for number in range(8):
            jobs.append(asyncio.create_task(limiter.run(partial(held.job, number))))
            await asyncio.sleep(0)
        await until(lambda: held.now == 2)
        assert (limiter.busy, limiter.waiting) == (2, 6)
        held.go.set()
        assert await asyncio.gather(*jobs) == list(range(8))
        assert held.most == 2
        assert sorted(held.order[:2]) == [0, 1]
        assert (limiter.busy, limiter.waiting, limiter.done) == (0, 0, 8)
        await limiter.close()

    asyncio.run(test())


def test_a_full_line_sends_away_at_once() -> None:
    async def test() -> None:
        limiter, held = Limiter(1, 1, 60), Held()
        first, second = (asyncio.create_task(limiter.run(held.job)) for _ in range(2))
        await until(lambda: limiter.waiting == 1)
        with pytest.raises(Busy) as refused:
            await limiter.run(held.job)
        assert refused.value.retry_after is not None
        assert refused.value.retry_after >= 1
        assert limiter.refused == 1
        held.go.set()
        await asyncio.gather(first, second)
        await limiter.close()

    asyncio.run(test())


def test_a_wait_over_the_deadline_ends() -> None:
    async def test() -> None:
        limiter, held = Limiter(1, 5, 0.05), Held()
        first = asyncio.create_task(limiter.run(held.job))
        await until(lambda: held.now == 1)
        with pytest.raises(Busy):
            await limiter.run(held.job)
        assert limiter.waiting == 0
        held.go.set()
        await first
        assert await limiter.run(lambda: 7) == 7  # the place in the line was given back
        await limiter.close()

    asyncio.run(test())


def test_a_wait_that_would_be_too_long_is_refused_before_it_begins() -> None:
    async def test() -> None:
        limiter, held = Limiter(1, 5, 1.0), Held()
        limiter._recent.extend([40.0] * 8)
        first = asyncio.create_task(limiter.run(held.job))
        await until(lambda: held.now == 1)
        with pytest.raises(Busy, match="40 s"):
            await limiter.run(held.job)
        held.go.set()
        await first
        await limiter.close()

    asyncio.run(test())


def test_who_went_away_is_not_computed_and_blocks_nobody() -> None:
    async def test() -> None:
        limiter, held = Limiter(1, 5, 60), Held()
        first = asyncio.create_task(limiter.run(lambda: held.job(1)))
        await until(lambda: held.now == 1)
        gone = asyncio.create_task(limiter.run(lambda: held.job(2)))
        stays = asyncio.create_task(limiter.run(lambda: held.job(3)))
        await until(lambda: limiter.waiting == 2)
        gone.cancel()
        first.cancel()  # this one runs already: its thread goes on, and keeps the only place
        await asyncio.gather(first, gone, return_exceptions=True)
        assert (limiter.busy, limiter.waiting) == (1, 1)
        held.go.set()
        assert await stays == 3
        assert held.order == [1, 3]
        assert held.most == 1
        await limiter.close()

    asyncio.run(test())


def test_errors_pass_and_free_the_place() -> None:
    async def test() -> None:
        limiter = Limiter(1, 1, 60)

        def fail() -> None:
            raise ValueError("broken")

        for _ in range(3):
            with pytest.raises(ValueError, match="broken"):
                await limiter.run(fail)
        assert limiter.busy == 0
        await limiter.close()

    asyncio.run(test())


def test_closing_sends_the_line_away_and_waits_for_what_runs() -> None:
    async def test() -> None:
        limiter, held = Limiter(1, 5, 60), Held()
        first = asyncio.create_task(limiter.run(lambda: held.job(1)))
        await until(lambda: held.now == 1)
        waits = asyncio.create_task(limiter.run(lambda: held.job(2)))
        await until(lambda: limiter.waiting == 1)
        closing = asyncio.create_task(limiter.close(60))
        with pytest.raises(NotReady):
            await waits
        assert not closing.done()
        held.go.set()
        assert await first == 1
        await closing
        with pytest.raises(NotReady):
            await limiter.run(held.job)
        assert limiter.busy == 0

    asyncio.run(test())
