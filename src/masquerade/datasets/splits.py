"""Seeded splits of labelled photos: whole groups of near-duplicates, balanced by label."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from masquerade.datasets.duplicates import group, hash_files
from masquerade.datasets.types import LABELS, LabelledPhoto
from masquerade.errors import DataMissing, LabelInvalid
from masquerade.files import write_whole

SHARES = MappingProxyType({"train": 0.75, "test": 0.25})
NUMBER = re.compile("[0-9]{1,18}")
COLUMNS = ["photo", "group", "part"]


@dataclass(frozen=True, slots=True)
class Split:
    """Which photo belongs to which part.

    Attributes:
        parts: key of a photo to the name of its part, sorted by key.
        groups: key of a photo to the number of its group of near-duplicates, no group in two parts.
    """

    parts: Mapping[str, str]
    groups: Mapping[str, int]

    def chosen(self, photos: Iterable[LabelledPhoto], part: str) -> tuple[LabelledPhoto, ...]:
        """Choose the photos of one part, in the order given.

        Raises:
            LabelInvalid: the split has no such part, or does not know a photo.
        """
        if part not in self.parts.values():
            raise LabelInvalid(f"no part {part!r}; there are {', '.join(sorted(set(self.parts.values())))}")
        found = []
        for photo in photos:
            if photo.key not in self.parts:
                raise LabelInvalid(f"photo {photo.key} is not in the split", hint="split the photos anew")
            if self.parts[photo.key] == part:
                found.append(photo)
        return tuple(found)

    def save(self, path: Path) -> None:
        """Write ``photo,group,part`` as CSV, whole or not at all.

        Raises:
            DestinationUnusable: it cannot be written.
        """
        write_whole(path, encoded((key, self.groups[key], part) for key, part in self.parts.items()))

    @classmethod
    def load(cls, path: Path) -> Split:
        """Read what ``save`` wrote.

        Raises:
            DataMissing: there is no such file.
            LabelInvalid: a line is broken, a photo stands twice, or a group in two parts; names the line.
        """
        try:
            text = path.read_bytes().decode("utf-8", "surrogateescape")
        except OSError as error:
            raise DataMissing(f"{path}: {error.strerror}", hint="save a split there") from error
        reader = csv.reader(io.StringIO(text, newline=""))
        try:
            if next(reader, None) != COLUMNS:
                raise LabelInvalid(f"{path}:1: expected the columns {','.join(COLUMNS)}")
            return cls._of(path, ((reader.line_num, row) for row in reader))
        except csv.Error as error:
            raise LabelInvalid(f"{path}:{reader.line_num}: {error}") from error

    @classmethod
    def _of(cls, path: Path, rows: Iterable[tuple[int, list[str]]]) -> Split:
        parts: dict[str, str] = {}
        groups: dict[str, int] = {}
        part_of: dict[int, str] = {}
        for line, row in rows:
            if len(row) != 3 or not row[0] or not NUMBER.fullmatch(row[1]) or not row[2]:
                raise LabelInvalid(f"{path}:{line}: expected a photo, the number of its group and its part")
            key, number, part = row[0], int(row[1]), row[2]
            if key in parts:
                raise LabelInvalid(f"{path}:{line}: photo {key} stands twice")
            if part_of.setdefault(number, part) != part:
                raise LabelInvalid(f"{path}:{line}: group {number} stands in {part_of[number]} and in {part}")
            parts[key], groups[key] = part, number
        return cls(parts, groups)


def encoded(rows: Iterable[tuple[str, int, str]]) -> bytes:
    """The file of a split, which ``Split.load`` reads: rows of photo, group and part as CSV."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return stream.getvalue().encode("utf-8", "surrogateescape")


def split_photos(
    photos: Sequence[LabelledPhoto],
    seed: int,
    shares: Mapping[str, float] = SHARES,
    progress: Callable[[], object] | None = None,
) -> Split:
    """Split photos by groups of near-duplicates, so that no group stands in two parts.

    Each part gets its share of the photos and of the faces of each label, as well as whole groups allow. The same
    photos and seed give the same split, in whatever order the photos come.

    Args:
        photos: whose files are there; reads each once.
        seed: of the order in which groups are dealt out.
        shares: name of a part to its share; they sum to 1.
        progress: called after each photo.

    Raises:
        ImageError: a photo cannot be read.
        LabelInvalid: two photos have the same key, or there are fewer groups than parts.
        ValueError: ``shares`` are not positive or do not sum to 1.
    """
    if not shares or min(shares.values()) <= 0 or not math.isclose(sum(shares.values()), 1, abs_tol=1e-6):
        raise ValueError(f"shares: expected positive numbers that sum to 1, got {dict(shares)}")
    ordered = sorted(photos, key=lambda photo: photo.key)
    for one, other in pairwise(ordered):
        if one.key == other.key:
            raise LabelInvalid(f"{one.path} and {other.path} have the same key {one.key}", hint="name the sets apart")
    roots = group(hash_files(_counted((photo.path for photo in ordered), progress)))
    numbers = np.unique(roots, return_inverse=True)[1]
    dealt = deal(_counts(ordered, numbers), list(shares.values()), seed)
    names = list(shares)
    return Split(
        {photo.key: names[dealt[number]] for photo, number in zip(ordered, numbers, strict=True)},
        {photo.key: int(number) for photo, number in zip(ordered, numbers, strict=True)},
    )


def deal(counts: NDArray[np.int64], shares: Sequence[float], seed: int) -> NDArray[np.intp]:
    """Deal groups out, the weighty first, each to the part that lacks most of its own share of what the group holds.

    Groups whose weights lie within a factor of two are shuffled, so that another seed gives another split.

    Args:
        counts: (groups, columns) what each group holds, as photos and faces of each label.
        shares: of the parts.
        seed: of the order among groups alike, and of ties.

    Returns:
        (groups,) index of the part of each.

    Raises:
        LabelInvalid: there are fewer groups than parts.
    """
    if len(counts) < len(shares):
        raise LabelInvalid(f"{len(counts)} groups of near-duplicates cannot be split into {len(shares)} parts")
    rng = np.random.default_rng(seed)
    weights = counts / np.maximum(counts.sum(axis=0), 1)
    order = rng.permutation(len(counts))
    weighty = np.floor(np.log2(weights[order].max(axis=1)))
    order = order[np.argsort(-weighty, kind="stable")]
    sizes = np.array(shares)
    lacking = np.outer(sizes, weights.sum(axis=0))
    dealt = np.zeros(len(counts), np.intp)
    for index in order:
        lack = lacking @ weights[index] / sizes
        best = np.flatnonzero(lack >= lack.max() - 1e-12)
        part = rng.choice(best, p=sizes[best] / sizes[best].sum())
        dealt[index] = part
        lacking[part] -= weights[index]
    return dealt


def _counts(photos: Sequence[LabelledPhoto], numbers: NDArray[np.intp]) -> NDArray[np.int64]:
    """Photos, and faces of each label, of each group: (groups, 4)."""
    counts = np.zeros((int(numbers.max(initial=-1)) + 1, 1 + len(LABELS)), np.int64)
    for photo, number in zip(photos, numbers, strict=True):
        counts[number, 0] += 1
        for label in photo.labels:
            counts[number, 1 + label] += 1
    return counts


def _counted(paths: Iterable[Path], progress: Callable[[], object] | None) -> Iterator[Path]:
    for path in paths:
        yield path
        if progress is not None:
            progress()
