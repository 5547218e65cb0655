"""What a sweep consists of: its cells, and ``sweep.json``, in which it stands."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from masquerade.errors import DestinationUnusable, JobDiffers, StudyInvalid
from masquerade.files import PARTIAL, make_folder, unusable, write_whole

FILE = "sweep.json"
RUNS = "runs"
VERSION = 1
T = TypeVar("T")


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
    make_folder(folder)
    path = folder / FILE
    known = _read(path) if path.exists() else None
    if known is None:
        _refuse_others(folder)
        whole = wanted
    else:
        _refuse_other_settings(path, known.settings, wanted.settings)
        whole = replace(
            wanted,
            models=_joined(known.models, wanted.models),
            classes=tuple(sorted({*known.classes, *wanted.classes})),
            rates=tuple(sorted({*known.rates, *wanted.rates})),
        )
    _refuse_twice(whole)
    if whole != known:
        write_whole(path, (json.dumps(whole.to_dict(), indent=2) + "\n").encode("utf-8"))
    return whole


def _check(sweep: Sweep) -> None:
    if not (sweep.models and sweep.classes and sweep.rates):
        raise StudyInvalid("a sweep needs a model, a number of classes and a learning rate, at least one of each")
    for rate in sweep.rates:
        if not 0 < rate < float("inf"):
            raise StudyInvalid(f"learning rate {rate}: expected more than 0")
    for classes in sweep.classes:
        if classes not in {2, 3}:
            raise StudyInvalid(f"classes {classes}: expected 2 or 3")
    _refuse_twice(sweep)


def _refuse_twice(sweep: Sweep) -> None:
    """Do nothing unless two runs would share a folder, as rates do that are the same in six digits."""
    names = [cell.name for cell in sweep.cells()]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise StudyInvalid(f"named twice: {', '.join(twice)}")


def _read(path: Path) -> Sweep:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if values["version"] != VERSION:
            raise StudyInvalid(f"{path}: version {values['version']}, expected {VERSION}")
        return Sweep(
            tuple(values["models"]), tuple(values["classes"]), tuple(values["rates"]), dict(values["settings"])
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StudyInvalid(f"{path}: is no file of a sweep: {error}", hint="name another folder") from error


def _refuse_others(folder: Path) -> None:
    try:
        other = next((path for path in sorted(folder.iterdir()) if not path.match(PARTIAL)), None)
    except OSError as error:
        raise unusable(folder, error) from error
    if other is not None:
        raise DestinationUnusable(f"{folder} holds {other.name} and no {FILE}", hint="name a new folder")


def _refuse_other_settings(path: Path, known: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    # Through JSON, so that a tuple is a list on both sides.
    wanted = json.loads(json.dumps(wanted))
    differing = [
        f"{name}: {known.get(name)} there, {wanted.get(name)} now"
        for name in sorted({*known, *wanted})
        if known.get(name) != wanted.get(name)
    ]
    if differing:
        raise JobDiffers(f"{path} was begun with other settings: {'; '.join(differing)}", hint="name a new folder")


def _joined(known: Iterable[T], wanted: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys([*known, *wanted]))
