"""What a worker does with a task, wherever it runs: it gives a result, an error of ours, or the tale of another one."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from masquerade.errors import MasqueradeError, WorkerLost
from masquerade.masks.batch.types import Done

ENVIRONMENT = {
    "MASQUERADE_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "ORT_DISABLE_TELEMETRY": "1",
}
"""Set before a worker starts: one thread each, so that sums come out alike whatever the number of workers."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """An error that nobody foresaw: its traceback as text, because it may not survive pickling."""

    text: str


Answer = Done | MasqueradeError | Trouble


def answer(work: Callable[[], Done]) -> Answer:
    """Do the work; errors are given back instead of raised."""
    try:
        return work()
    except MasqueradeError as error:
        return error
    except Exception:  # noqa: BLE001 - raised again in the process that asked, see unwrap
        return Trouble(traceback.format_exc())


def unwrap(given: Answer, photo: str) -> Done:
    """Give the result, or raise the error.

    Raises:
        MasqueradeError: the worker's own.
        WorkerLost: the worker failed in a way that is not foreseen.
    """
    if isinstance(given, Done):
        return given
    if isinstance(given, MasqueradeError):
        raise given
    last = given.text.strip().splitlines()[-1]
    raise WorkerLost(f"{photo}: {last}", hint="this is a fault of masquerade; --resume goes on after it") from None


def lost(photo: str, why: str) -> WorkerLost:
    """Give the error of a worker that ended over a photo."""
    return WorkerLost(
        f"the worker that masked {photo} ended: {why}",
        hint="give it more memory, or take the photo away, and go on with --resume",
    )


@contextmanager
def environment() -> Iterator[None]:
    """Hold the workers' environment while they are started."""
    before = {name: os.environ.get(name) for name in ENVIRONMENT}
    os.environ.update(ENVIRONMENT)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
