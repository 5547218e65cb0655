"""Work on many photos in processes of their own, one thread each."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TypeVar

from masquerade.errors import WorkerLost
from masquerade.masks.batch.answer import environment

Task = TypeVar("Task")
Result = TypeVar("Result")
CHUNK = 4
"""Tasks that a process is given at once."""


def in_processes(work: Callable[[Task], Result], tasks: Sequence[Task], workers: int) -> Iterator[Result]:
    """Give the result of each task, in order.

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
    with _pool(min(workers, len(tasks))) as pool:
        done = 0
        try:
            for result in pool.map(work, tasks, chunksize=CHUNK):
                yield result
                done += 1
        except BrokenProcessPool as error:
            raise WorkerLost(
                f"a worker process ended after {done} of {len(tasks)} photos, near {tasks[done]}",
                hint="give it more memory, or fewer workers",
            ) from error


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
