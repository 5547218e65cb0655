"""Photos with labelled faces, as every reader gives them, and whole sets of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from masquerade.errors import MasqueradeError
from masquerade.wearing.types import LABELS

__all__ = ["KINDS", "LABELS", "DataSet", "LabelledPhoto", "Problem", "reason"]

KINDS = ("surgical", "respirator", "cloth", "gas")
"""Kinds of mask that names of classes tell."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelledPhoto:
    """One photo and its labelled faces.

    Attributes:
        source: name of the data set.
        path: the file.
        labels: for each face an index into ``LABELS``.
        boxes: (n, 4) float32 xyxy in pixels, or None when the photo as a whole carries one label.
        kinds: for each face a word of ``KINDS`` or None; empty when the set tells no kind.
        place: path below the root of the set, with ``/``; empty stands for folder and file.
    """

    source: str
    path: Path
    labels: tuple[int, ...]
    boxes: NDArray[np.float32] | None = None
    kinds: tuple[str | None, ...] = ()
    place: str = ""

    @property
    def key(self) -> str:
        """A name that is stable across machines: source, folder and file."""
        return f"{self.source}/{self.place or f'{self.path.parent.name}/{self.path.name}'}"

    def boxes_or_raise(self) -> NDArray[np.float32]:
        """The boxes, where the set has them.

        Raises:
            ValueError: the photo carries one label and no box.
        """
        if self.boxes is None:
            raise ValueError(f"{self.key} has no boxes")
        return self.boxes


def reason(error: MasqueradeError, file: Path) -> str:
    """Say why a file cannot be used, without its name, which a problem has already."""
    return error.message.removeprefix(f"{file}: ")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a data set, and where.

    Attributes:
        file: the label file, photo or folder.
        line: of the file, from 1; None where lines mean nothing.
        code: stable name of the kind of problem; ``docs/datasets.md`` lists them.
        text: what is wrong.
        rows: labelled faces that were left out because of it.
    """

    file: Path
    line: int | None
    code: str
    text: str
    rows: int = 0

    def __str__(self) -> str:
        """Give ``file:line: text``."""
        return f"{self.file}:{self.line}: {self.text}" if self.line is not None else f"{self.file}: {self.text}"

    def to_dict(self) -> dict[str, str | int | None]:
        """Give the form of JSON."""
        return {"file": str(self.file), "line": self.line, "code": self.code, "text": self.text, "rows": self.rows}


@dataclass(frozen=True, slots=True, eq=False)
class DataSet:
    """A set of labelled photos as it was read.

    Every row of the label files is in ``photos``, counted in ``left_out``, or counted by a problem.

    Attributes:
        name: of the set, first part of its photos' keys.
        layout: name of its layout.
        root: folder or file that was read.
        photos: with their faces.
        left_out: name of a class to rows that were left out on purpose.
        problems: all that is wrong, in the order of the files.
        notes: what was decided while reading.
        rows: word of ``LABELS`` to rows that carry it, those left out for a problem included.
        names: name of a class as the files write it to its word of ``LABELS``; "" is left out, None not known.
    """

    name: str
    layout: str
    root: Path
    photos: tuple[LabelledPhoto, ...]
    left_out: Mapping[str, int]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    rows: Mapping[str, int]
    names: Mapping[str, str | None]

    def counts(self) -> dict[str, int]:
        """Count the faces of each label, in the order of ``LABELS``."""
        found = Counter(label for photo in self.photos for label in photo.labels)
        return {word: found[index] for index, word in enumerate(LABELS)}
