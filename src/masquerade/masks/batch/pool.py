"""Worker processes on this machine."""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from queue import SimpleQueue

from masquerade.errors import PlanInvalid
from masquerade.masks.batch.answer import answer, environment, lost, unwrap
from masquerade.masks.batch.photo import mask_file
from masquerade.masks.batch.types import Done, Recipe, Task

AHEAD = 2
"""Photos given to a worker at once: one in work, one that waits, so that it need not."""


class Pool:
    """Masks photos in processes of their own, each with one thread, so that bytes do not depend on their number.

    They are started anew (``spawn``), as models do not survive a fork.
    """

    def __init__(self, workers: int) -> None:
        """Take the number of processes.

        Raises:
            PlanInvalid: fewer than one.
        """
        if workers < 1:
            raise PlanInvalid(f"workers: expected at least 1, got {workers}")
        self._workers = workers

    def run(self, recipe: Recipe, tasks: list[Task]) -> Generator[Done, None, None]:
        """Yield what came of each photo as it is done; see ``Engine``.

        Raises:
            WorkerLost: a process ended; the message names the photo that it was working on.
            MasqueradeError: no photo can be masked.
        """
        waiting = deque(tasks)
        crew: list[_Worker] = []
        try:
            with environment(), _deaf():
                for _ in range(min(self._workers, len(tasks))):
                    crew.append(_Worker(recipe))  # noqa: PERF401 - those that were started are ended below
            for worker in crew * AHEAD:
                if waiting:
                    worker.give(waiting.popleft())
            while busy := {worker.pipe: worker for worker in crew if worker.given}:
                for pipe in wait(list(busy)):
                    worker = busy[pipe]  # type: ignore[index]
                    done = worker.take()
                    if waiting:
                        worker.give(waiting.popleft())
                    yield done
        finally:
            for worker in crew:
                worker.end()


class _Worker:
    """One process, and the tasks that it was given and has not answered, oldest first."""

    def __init__(self, recipe: Recipe) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.given: deque[Task] = deque()
        self._process: BaseProcess = context.Process(target=_serve, args=(theirs, recipe), daemon=True)
        self._process.start()
        theirs.close()  # so that the pipe ends when the process does

    def give(self, task: Task) -> None:
        self.given.append(task)
        with suppress(OSError):  # it has ended, which take() tells
            self.pipe.send(task)

    def take(self) -> Done:
        photo = self.given[0].photo
        try:
            given = self.pipe.recv()
        except (EOFError, OSError) as error:
            self._process.join(5)
            code = self._process.exitcode
            raise lost(photo, f"signal {-code}" if code is not None and code < 0 else f"exit code {code}") from error
        self.given.popleft()
        return unwrap(given, photo)

    def end(self) -> None:
        self.pipe.close()
        self._process.terminate()
        self._process.join()
        self._process.close()


@contextmanager
def _deaf() -> Iterator[None]:
    """Let processes that are started here not hear Ctrl-C: the one that asked ends them."""
    if threading.current_thread() is not threading.main_thread():  # signals are its alone
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _serve(pipe: Connection, recipe: Recipe) -> None:
    """Mask what is asked for until the other end is gone."""
    tasks: SimpleQueue[Task | None] = SimpleQueue()
    # Tasks are taken in while an answer is sent: else both ends might wait for the other one to read.
    threading.Thread(target=_listen, args=(pipe, tasks), daemon=True).start()
    with suppress(OSError):
        while (task := tasks.get()) is not None:
            pipe.send(answer(partial(mask_file, recipe, task)))


def _listen(pipe: Connection, tasks: SimpleQueue[Task | None]) -> None:
    """Take in tasks; None when no more will come."""
    with suppress(EOFError, OSError):
        while True:
            tasks.put(pipe.recv())
    tasks.put(None)


class Here:
    """Masks photos in this process, one after the other: for a single photo, and for tests."""

    def run(self, recipe: Recipe, tasks: list[Task]) -> Generator[Done, None, None]:
        """Yield what came of each photo; see ``Engine``."""
        for task in tasks:
            yield mask_file(recipe, task)
