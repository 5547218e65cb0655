"""The run folders of ``masquerade train recognition``, read back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from masquerade.errors import LabelInvalid
from masquerade.evaluation.ablation.cells import Cell
from masquerade.evaluation.sweep.results import RESULT, read_epochs, read_result

TEST_PART = "people kept away"
"""The test part of the data, beside the test sets."""


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """A finished run.

    Attributes:
        cell: which one.
        sets: measures by test set, those of the data's own test part first.
        people: identities of each of these.
        result: all that ``result.json`` says.
        epochs: the lines of ``metrics.jsonl``.
    """

    cell: Cell
    sets: Mapping[str, Mapping[str, Any]]
    people: Mapping[str, int]
    result: Mapping[str, Any]
    epochs: tuple[Mapping[str, Any], ...]

    def value(self, where: str, measure: str) -> float:
        """A measure on a test set; nan where there is none."""
        found = self.sets.get(where, {}).get(measure)
        return math.nan if found is None else float(found)


def read_run(folder: Path, cell: Cell) -> Run:
    """Read a finished run.

    Args:
        folder: the run folder.
        cell: which run it is meant to be.

    Raises:
        DataMissing: a file is absent or cannot be read.
        LabelInvalid: a file is damaged, or another run's.
    """
    result = read_result(folder)
    try:
        if (result["backbone"], result["loss"]) != (cell.backbone, cell.loss):
            raise LabelInvalid(f"{folder / RESULT}: is of {result['backbone']}-{result['loss']}, expected {cell.name}")
        sets = {TEST_PART: dict(result["measures"]), **result["test_sets"]}
        counts = {TEST_PART: result["faces"]["test"], **result["faces"]["test_sets"]}
        people = {name: int(count["identities"]) for name, count in counts.items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise LabelInvalid(f"{folder / RESULT}: is no result of recognition: {error}") from error
    return Run(cell, sets, people, result, read_epochs(folder))
