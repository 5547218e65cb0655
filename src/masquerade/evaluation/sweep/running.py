"""One run after the other; what is finished is left, what fails is noted, and the rest goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Literal, TypeVar

from masquerade.errors import DestinationUnusable, ExtraMissing, MasqueradeError, WorkerLost
from masquerade.evaluation.sweep.jobs import RUNS, Named
from masquerade.evaluation.sweep.results import is_finished

C = TypeVar("C", bound=Named)
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[C]):
    """How a run ended.

    Attributes:
        cell: which run.
        state: ``finished`` before, ``trained`` now, or ``failed``.
        error: why it failed.
    """

    cell: C
    state: Literal["finished", "trained", "failed"]
    error: MasqueradeError | None = None


def run_cells(
    folder: Path,
    cells: Iterable[C],
    train: Callable[[C, Path], object],
    tell: Callable[[Outcome[C]], None] = lambda _: None,
) -> list[Outcome[C]]:
    """Train what is not finished yet.

    Args:
        folder: of the sweep; each run has a folder below ``runs``.
        cells: runs in their order.
        train: trains, or goes on with, one run in its folder.
        tell: is told of each run as it ends.

    Returns:
        How each run ended.

    Raises:
        ExtraMissing: what training needs is not installed, so that every run would fail.
    """
    outcomes = []
    for cell in cells:
        outcome = _run(folder / RUNS / cell.name, cell, train)
        outcomes.append(outcome)
        tell(outcome)
    return outcomes


def _run(run: Path, cell: C, train: Callable[[C, Path], object]) -> Outcome[C]:
    if is_finished(run):
        return Outcome(cell, "finished")
    try:
        train(cell, run)
    except ExtraMissing:
        raise
    except MasqueradeError as error:
        return Outcome(cell, "failed", error)
    except Exception as error:  # noqa: BLE001 - whatever ends one run (memory, a bad kernel) must not end the others
        return Outcome(cell, "failed", WorkerLost(f"{cell.name}: {type(error).__name__}: {error}"))
    if not is_finished(run):
        return Outcome(cell, "failed", DestinationUnusable(f"{run} holds no result after training"))
    return Outcome(cell, "trained")


def read_cells(
    folder: Path,
    cells: Iterable[C],
    failed: Mapping[C, str],
    read: Callable[[Path, C], R],
    done: Callable[[C], None] = lambda _: None,
) -> tuple[dict[C, R], dict[C, str]]:
    """Read the finished runs.

    Args:
        folder: of the sweep.
        cells: runs in their order.
        failed: why a run failed.
        read: reads a run folder.
        done: is told of each run that was looked at.

    Returns:
        The runs that could be read, and all that failed, with those whose folder cannot be read.
    """
    runs: dict[C, R] = {}
    trouble = dict(failed)
    for cell in cells:
        run = folder / RUNS / cell.name
        if is_finished(run) and cell not in trouble:
            try:
                runs[cell] = read(run, cell)
            except MasqueradeError as error:
                trouble[cell] = str(error)
        done(cell)
    return runs, trouble
