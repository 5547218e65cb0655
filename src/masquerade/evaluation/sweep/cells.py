"""What a sweep consists of: its cells, and ``sweep.json``, in which it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from masquerade.errors import StudyInvalid
from masquerade.evaluation.sweep.jobs import RUNS, VERSION, joined, open_job, refuse_twice

__all__ = ["FILE", "RUNS", "Cell", "Sweep", "open_sweep"]

FILE = "sweep.json"


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """One run of a sweep.

    Attributes:
        model: name of the network.
        classes: 2 or 3.
        rate: learning rate.
    """

    model: str
    classes: int
    rate: float

    @property
    def name(self) -> str:
        """Name of the run's folder."""
        return f"{self.model}-{self.classes}-{self.rate:g}"


@dataclass(frozen=True, slots=True)
class Sweep:
    """Models, classes and learning rates, and what all runs have in common.

    Attributes:
        models, classes, rates: each combination is a run.
        settings: plain values that all runs share: data, recipe, seed and so on.
    """

    models: tuple[str, ...]
    classes: tuple[int, ...]
    rates: tuple[float, ...]
    settings: dict[str, Any]

    def cells(self) -> list[Cell]:
        """Give all runs: classes outermost, then models, then rates."""
        return [Cell(model, classes, rate) for classes in self.classes for model in self.models for rate in self.rates]

    def to_dict(self) -> dict[str, Any]:
        """Give plain values, for JSON."""
        return {
            "version": VERSION,
            "models": list(self.models),
            "classes": list(self.classes),
            "rates": list(self.rates),
            "settings": self.settings,
        }


def open_sweep(folder: Path, wanted: Sweep) -> Sweep:
    """Begin a sweep in a folder, or go on with the one that is there; more models, classes or rates may be added.

    Args:
        folder: new, empty, or of a sweep with the same settings.
        wanted: what is to run now.

    Returns:
        The sweep with all that was ever asked for in this folder, as ``sweep.json`` now has it.

    Raises:
        StudyInvalid: a model, number of classes or rate is wrong or missing, or two runs would share a folder.
        DestinationUnusable: the folder holds other files, or cannot be written.
        JobDiffers: its sweep has other settings; the message names them.
    """
    _check(wanted)
    return open_job(folder / FILE, wanted, _of, _join)


def _check(sweep: Sweep) -> None:
    if not (sweep.models and sweep.classes and sweep.rates):
        raise StudyInvalid("a sweep needs a model, a number of classes and a learning rate, at least one of each")
    for rate in sweep.rates:
        if not 0 < rate < float("inf"):
            raise StudyInvalid(f"learning rate {rate}: expected more than 0")
    for classes in sweep.classes:
        if classes not in {2, 3}:
            raise StudyInvalid(f"classes {classes}: expected 2 or 3")
    refuse_twice(sweep)


def _of(values: Mapping[str, Any]) -> Sweep:
    return Sweep(tuple(values["models"]), tuple(values["classes"]), tuple(values["rates"]), dict(values["settings"]))


def _join(known: Sweep, wanted: Sweep) -> Sweep:
    return replace(
        wanted,
        models=joined(known.models, wanted.models),
        classes=tuple(sorted({*known.classes, *wanted.classes})),
        rates=tuple(sorted({*known.rates, *wanted.rates})),
    )
