"""The run folders of the study, as ``training.study`` writes them, read back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from masquerade.errors import DataMissing, LabelInvalid
from masquerade.evaluation.measures import Measures, measure
from masquerade.evaluation.predictions import Predictions, read_predictions
from masquerade.evaluation.sweep.cells import Cell

RESULT, METRICS, PREDICTIONS = "result.json", "metrics.jsonl", "predictions.csv"


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """A finished run.

    Attributes:
        cell: which one.
        folder: where it stands.
        result: what ``result.json`` says.
        epochs: the lines of ``metrics.jsonl``.
        predictions: on the test part.
        measures: of those.
    """

    cell: Cell
    folder: Path
    result: dict[str, Any]
    epochs: tuple[dict[str, Any], ...]
    predictions: Predictions
    measures: Measures


def is_finished(folder: Path) -> bool:
    """Tell whether a run is finished: ``result.json`` is written last of all."""
    return (folder / RESULT).is_file()


def read_run(folder: Path, cell: Cell, intervals: bool = True) -> Run:
    """Read a finished run and measure its predictions.

    Args:
        folder: the run folder.
        cell: which run it is meant to be.
        intervals: whether to draw the bootstrap.

    Raises:
        DataMissing: a file is absent or cannot be read.
        LabelInvalid: a file is damaged, or another run's; names it, and the line.
    """
    result, epochs = read_result(folder), read_epochs(folder)
    predictions = read_predictions(folder / PREDICTIONS)
    if len(predictions.labels) != cell.classes and len(predictions):
        raise LabelInvalid(f"{folder / PREDICTIONS}: expected {cell.classes} classes, got {len(predictions.labels)}")
    return Run(cell, folder, result, epochs, predictions, measure(predictions, intervals))


def read_result(folder: Path) -> dict[str, Any]:
    """What ``result.json`` of a run folder says.

    Raises:
        DataMissing, LabelInvalid: it cannot be read, or is damaged.
    """
    return _parse(folder / RESULT, _text(folder / RESULT))


def read_epochs(folder: Path) -> tuple[dict[str, Any], ...]:
    """The lines of ``metrics.jsonl`` of a run folder.

    Raises:
        DataMissing, LabelInvalid: it cannot be read, or is damaged; names the line.
    """
    metrics = folder / METRICS
    lines = _text(metrics).splitlines()
    return tuple(_parse(f"{metrics}:{number}", line) for number, line in enumerate(lines, start=1) if line.strip())


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataMissing(f"{path} cannot be read: {error}") from error


def _parse(name: object, text: str) -> dict[str, Any]:
    try:
        values = json.loads(text)
    except ValueError as error:
        raise LabelInvalid(f"{name}: {error}") from error
    if not isinstance(values, dict):
        raise LabelInvalid(f"{name}: expected an object")
    return values
