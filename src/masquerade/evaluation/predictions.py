"""What a model said of labelled faces, as arrays and as ``predictions.csv``."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masquerade.datasets.types import LABELS
from masquerade.errors import DataMissing, LabelInvalid
from masquerade.files import write_whole

COLUMNS = ("photo", "path", "x1", "y1", "x2", "y2", "group", "truth", "predicted", *LABELS, "loss")
SMALLEST = float(np.finfo(np.float32).tiny)
"""Probability below which the loss of a face grows no further."""


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """True labels of n faces and the probabilities that a model gave to C labels.

    Attributes:
        truth: (n,) integer, index into ``labels``.
        probabilities: (n, C) float64 in 0 to 1, rows sum to 1.
        groups: (n,) integer, the near-duplicate group of each face's photo.
        labels: the C names, in the order of the columns; C is 2 or 3.
        losses: (n,) float64, cross-entropy of each face in nats.
        photos: (n,) key of each face's photo; empty when it is not known.
        paths: (n,) file of each face's photo; empty when it is not known.
        boxes: (n, 4) float32 xyxy in pixels; zeros when they are not known.
    """

    truth: NDArray[np.intp]
    probabilities: NDArray[np.float64]
    groups: NDArray[np.intp]
    labels: tuple[str, ...]
    losses: NDArray[np.float64]
    photos: tuple[str, ...]
    paths: tuple[str, ...]
    boxes: NDArray[np.float32]

    @classmethod
    def of(
        cls,
        truth: NDArray[Any],
        probabilities: NDArray[Any],
        groups: NDArray[Any] | None = None,
        labels: tuple[str, ...] = LABELS,
        **more: Any,
    ) -> Predictions:
        """Make predictions of arrays; what is not given is filled in.

        Args:
            truth: (n,) integer, index into ``labels``.
            probabilities: (n, C).
            groups: (n,) integer; by default each face is a group of its own.
            labels: the C names.
            **more: any of ``losses``, ``photos``, ``paths``, ``boxes``.

        Raises:
            LabelInvalid: the arrays do not fit together, or hold what is no label or no probability.
        """
        index, rows = np.asarray(truth, np.intp), np.asarray(probabilities, np.float64)
        count = len(index)
        chosen = np.arange(count) if groups is None else np.asarray(groups, np.intp)
        _check(index, rows, chosen, labels)
        if more.get("losses") is None:
            more["losses"] = -np.log(np.maximum(rows[np.arange(count), index], SMALLEST))
        more.setdefault("photos", ("",) * count)
        more.setdefault("paths", ("",) * count)
        more.setdefault("boxes", np.zeros((count, 4), np.float32))
        return cls(index, rows, chosen, labels, **more)

    def __len__(self) -> int:
        """Count the faces."""
        return len(self.truth)

    def __getitem__(self, index: NDArray[Any]) -> Predictions:
        """Return some of the faces, by index or by a mask of bool."""
        chosen = np.arange(len(self))[index]
        return Predictions(
            self.truth[chosen],
            self.probabilities[chosen],
            self.groups[chosen],
            self.labels,
            self.losses[chosen],
            tuple(self.photos[number] for number in chosen),
            tuple(self.paths[number] for number in chosen),
            self.boxes[chosen],
        )

    @property
    def predicted(self) -> NDArray[np.intp]:
        """The likeliest label of each face; the first one on a tie."""
        return np.asarray(self.probabilities.argmax(axis=1), np.intp)

    @property
    def confidence(self) -> NDArray[np.float64]:
        """The probability of the likeliest label of each face."""
        return np.asarray(self.probabilities.max(axis=1, initial=0.0), np.float64)


def _check(
    truth: NDArray[np.intp], rows: NDArray[np.float64], groups: NDArray[np.intp], labels: tuple[str, ...]
) -> None:
    count = len(truth)
    if truth.shape != (count,) or rows.shape != (count, len(labels)) or groups.shape != (count,):
        raise LabelInvalid(
            f"expected truth (n,), probabilities (n, {len(labels)}) and groups (n,), "
            f"got {truth.shape}, {rows.shape} and {groups.shape}"
        )
    if labels not in (LABELS, LABELS[:2]):
        raise LabelInvalid(f"expected the labels {', '.join(LABELS)} or the first two of them, got {', '.join(labels)}")
    if count and not (truth.min() >= 0 and truth.max() < len(labels)):
        raise LabelInvalid(f"true labels must lie in 0 to {len(labels) - 1}")
    if not np.isfinite(rows).all() or (rows < 0).any() or (np.abs(rows.sum(axis=1) - 1) > 1e-2).any():
        raise LabelInvalid("probabilities must be finite, at least 0, and sum to 1 in each row")


def write_predictions(path: Path, predictions: Predictions) -> None:
    """Write ``predictions.csv``, whole or not at all; the column of a label that is not there stays blank.

    Raises:
        DestinationUnusable: the file cannot be written.
    """
    stream = io.StringIO(newline="")
    rows = csv.writer(stream, lineterminator="\n")
    rows.writerow(COLUMNS)
    for index, said in enumerate(predictions.predicted):
        chances = [f"{value:.8g}" for value in predictions.probabilities[index]]
        rows.writerow(
            [
                predictions.photos[index],
                predictions.paths[index],
                *(f"{value:.2f}" for value in predictions.boxes[index]),
                predictions.groups[index],
                predictions.labels[predictions.truth[index]],
                predictions.labels[said],
                *chances,
                *[""] * (len(LABELS) - len(chances)),
                f"{predictions.losses[index]:.8g}",
            ]
        )
    write_whole(path, stream.getvalue().encode("utf-8"))


def read_predictions(path: Path) -> Predictions:
    """Read ``predictions.csv``.

    Raises:
        DataMissing: there is no such file, or it cannot be read.
        LabelInvalid: a column is missing, or a row cannot be used; names the file and the line.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream, restkey="", strict=True)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise LabelInvalid(f"{path}:1: expected columns {', '.join(COLUMNS)}; missing: {', '.join(missing)}")
            rows = list(_rows(path, reader))
    except (OSError, UnicodeDecodeError) as error:
        raise DataMissing(f"{path} cannot be read: {error}") from error
    except csv.Error as error:
        raise LabelInvalid(f"{path}: {error}") from error
    return _joined(path, rows)


@dataclass(frozen=True, slots=True)
class _Row:
    photo: str
    path: str
    box: tuple[float, ...]
    group: str
    truth: str
    chances: tuple[float, ...]
    loss: float


def _rows(path: Path, reader: csv.DictReader[str]) -> Iterator[_Row]:
    for row in reader:
        try:
            yield _row(row)
        except (KeyError, TypeError, ValueError) as error:
            raise LabelInvalid(f"{path}:{reader.line_num}: {error}") from error


def _row(row: Mapping[str, str]) -> _Row:
    if None in row.values():
        raise ValueError(f"expected {len(COLUMNS)} values")
    labels = LABELS if row[LABELS[2]] else LABELS[:2]
    if row["truth"] not in labels:
        raise ValueError(f"unknown true label {row['truth']!r}; expected one of {', '.join(labels)}")
    numbers = [float(row[name]) for name in ("x1", "y1", "x2", "y2", *labels, "loss")]
    if not all(map(math.isfinite, numbers)):
        raise ValueError("holds a number that is not finite")
    return _Row(
        row["photo"], row["path"], tuple(numbers[:4]), row["group"], row["truth"], tuple(numbers[4:-1]), numbers[-1]
    )


def _joined(path: Path, rows: list[_Row]) -> Predictions:
    widths = {len(row.chances) for row in rows}
    if len(widths) > 1:
        raise LabelInvalid(f"{path}: some rows have two probabilities, others three")
    labels = LABELS[: widths.pop()] if rows else LABELS
    groups = np.unique([row.group for row in rows], return_inverse=True)[1] if rows else np.zeros(0, np.intp)
    try:
        return Predictions.of(
            np.array([labels.index(row.truth) for row in rows], np.intp),
            np.array([row.chances for row in rows], np.float64).reshape(-1, len(labels)),
            groups,
            labels,
            losses=np.array([row.loss for row in rows], np.float64),
            photos=tuple(row.photo for row in rows),
            paths=tuple(row.path for row in rows),
            boxes=np.array([row.box for row in rows], np.float32).reshape(-1, 4),
        )
    except LabelInvalid as error:
        raise LabelInvalid(f"{path}: {error.message}") from error
