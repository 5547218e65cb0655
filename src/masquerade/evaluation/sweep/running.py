"""One run after the other; what is finished is left, what fails is noted, and the rest goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from masquerade.errors import DestinationUnusable, ExtraMissing, MasqueradeError, WorkerLost
from masquerade.evaluation.sweep.cells import RUNS, Cell
from masquerade.evaluation.sweep.results import is_finished


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended.

    Attributes:
        cell: which run.
        state: ``finished`` before, ``trained`` now, or ``failed``.
        error: why it failed.
    """

    cell: Cell
    state: Literal["finished", "trained", "failed"]
    error: MasqueradeError | None = None


def run_cells(
    folder: Path,
    cells: Iterable[Cell],
    train: Callable[[Cell, Path], object],
    tell: Callable[[Outcome], None] = lambda _: None,
) -> list[Outcome]:
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


def _run(run: Path, cell: Cell, train: Callable[[Cell, Path], object]) -> Outcome:
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
