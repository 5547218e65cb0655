"""Work on many photos in processes of their own, one thread each."""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

from masquerade.errors import WorkerLost
from masquerade.masks.batch.answer import environment

Task = TypeVar("Task")
Result = TypeVar("Result")
CHUNK = 4
"""Tasks that a process is given at once."""
AHEAD = 4
"""Chunks that wait for each process, so that not all tasks stand in memory."""


def in_processes(work: Callable[[Task], Result], tasks: Sequence[Task], workers: int) -> Generator[Result]:
    """Give the result of each task, in order; closed early, as by Ctrl-C, it ends the processes (``closing``).

    Args:
        work: a function of a module, so that another process finds it.
        tasks: what it is called with.
        workers: processes; with fewer than two the work is done in this one.

    Raises:
        WorkerLost: a process ended.
    """
    if workers < 2 or len(tasks) < 2:
        yield from map(work, tasks)
        return
    count = min(workers, len(tasks))
    with _pool(count) as pool:
        done = 0
        try:
            chunks = iter([tasks[start : start + CHUNK] for start in range(0, len(tasks), CHUNK)])
            waiting = deque(pool.submit(_all, work, chunk) for chunk in islice(chunks, AHEAD * count))
            while waiting:
                for result in waiting.popleft().result():
                    yield result
                    done += 1
                waiting.extend(pool.submit(_all, work, chunk) for chunk in islice(chunks, 1))
        except BrokenProcessPool as error:
            raise WorkerLost(
                f"a worker process ended after {done} of {len(tasks)} photos, near {tasks[done]}",
                hint="give it more memory, or fewer workers",
            ) from error


def _all(work: Callable[[Task], Result], tasks: Sequence[Task]) -> list[Result]:
    return [work(task) for task in tasks]


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that are started anew, since models do not survive a fork, and leave Ctrl-C to this one."""
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _deaf)
    try:
        with environment():
            yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _deaf() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
