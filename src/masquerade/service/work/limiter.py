"""One gate for all inference of the process: a fixed number of threads, a line bounded in length and time."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import TypeVar

from masquerade.errors import Busy, NotReady

Result = TypeVar("Result")
RECENT, ENOUGH = 32, 8
"""Jobs whose median time tells how long one takes, and how many there must be: the first ones are slow."""


class Limiter:
    """Runs blocking jobs on threads, first come first served. All methods belong to one event loop.

    Attributes:
        refused: jobs that were sent away.
        done: jobs that were run.
    """

    def __init__(self, workers: int, queue: int, deadline: float) -> None:
        """Take the number of threads, of places in the line, and the longest wait in seconds."""
        self._workers, self._queue, self._deadline = workers, queue, deadline
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="inference")
        self._line: deque[asyncio.Future[None]] = deque()
        self._recent: deque[float] = deque(maxlen=RECENT)
        self._closed = False
        self.busy = 0
        self.refused = 0
        self.done = 0

    @property
    def workers(self) -> int:
        """Jobs that can run at once."""
        return self._workers

    @property
    def waiting(self) -> int:
        """Jobs in the line."""
        return len(self._line)

    @property
    def expected_wait(self) -> float:
        """Seconds that a job would wait if it came now; 0 before it is known how long one takes."""
        if self.busy < self._workers or len(self._recent) < ENOUGH:
            return 0.0
        return (len(self._line) + 1) * median(self._recent) / self._workers

    async def run(self, job: Callable[[], Result], *, deadline: float | None = None) -> Result:
        """Run ``job`` on a thread and give its result; whoever stops waiting in the line leaves it.

        Args:
            job: blocking; its errors pass.
            deadline: longest wait in seconds; by default the limiter's.

        Raises:
            Busy: the line is full, or the wait would be or was too long.
            NotReady: the service is being stopped.
        """
        await self._enter(self._deadline if deadline is None else deadline)
        started = time.monotonic()
        future = asyncio.get_running_loop().run_in_executor(self._threads, job)
        future.add_done_callback(lambda future: self._leave(future, started))
        return await asyncio.shield(future)  # the thread goes on when nobody waits any more, and keeps its place

    async def _enter(self, deadline: float) -> None:
        if self._closed:
            raise NotReady("the service is being stopped")
        if self.busy < self._workers:
            self.busy += 1
            return
        if len(self._line) >= self._queue or self.expected_wait > deadline:
            raise self._refuse()
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append(place)
        try:
            async with asyncio.timeout(deadline):
                await place
        except (TimeoutError, asyncio.CancelledError) as error:
            if place.done() and not place.cancelled() and place.exception() is None:  # called up in the same moment
                self._next()
            elif place in self._line:
                self._line.remove(place)
            if isinstance(error, TimeoutError):
                raise self._refuse() from None
            raise

    def _refuse(self) -> Busy:
        self.refused += 1
        wait = max(1.0, self.expected_wait)
        return Busy(
            f"{len(self._line)} pictures wait for {self._workers} workers, expected to be done in time",
            hint=f"come again in {wait:.0f} s",
            retry_after=wait,
        )

    def _leave(self, future: asyncio.Future[Result], started: float) -> None:
        if not future.cancelled():
            future.exception()  # seen, also where nobody waits any more
        self._recent.append(time.monotonic() - started)
        self.done += 1
        self._next()

    def _next(self) -> None:
        """Give the place of a job that ended to the first in the line."""
        while self._line:
            place = self._line.popleft()
            if not place.done():
                place.set_result(None)
                return
        self.busy -= 1

    async def close(self, within: float = 5.0) -> None:
        """Send the line away, and wait for what runs, for so many seconds."""
        self._closed = True
        for place in self._line:
            if not place.done():
                place.set_exception(NotReady("the service is being stopped"))
        self._line.clear()
        until = time.monotonic() + within
        while self.busy and time.monotonic() < until:
            await asyncio.sleep(0.01)
        self._threads.shutdown(wait=False, cancel_futures=True)
