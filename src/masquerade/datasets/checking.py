"""What is in labelled sets, and what is wrong with them: the figures behind ``masquerade datasets check``."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masquerade.datasets.duplicates import both_hashes, group
from masquerade.datasets.types import LABELS, DataSet, LabelledPhoto, Problem, reason
from masquerade.errors import ExtraMissing, ImageError
from masquerade.files import sha256_of
from masquerade.image import read_header, read_image

SMALL = 24.0
"""Pixels of a face's longer side below which the wearing of a mask is hard to see."""
QUANTILES = (0, 10, 25, 50, 75, 90, 100)


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Photos that are the same or nearly.

    Attributes:
        compared: photos that could be decoded.
        near: keys of each group of two or more near-duplicates, largest group first, mirrored ones included.
        exact: keys of each group of files with the same bytes.
        conflicts: those of ``exact`` whose labels differ.
        problems: photos that cannot be decoded, and the conflicts.
    """

    compared: int
    near: tuple[tuple[str, ...], ...]
    exact: tuple[tuple[str, ...], ...]
    conflicts: tuple[tuple[str, ...], ...]
    problems: tuple[Problem, ...]

    def to_dict(self) -> dict[str, Any]:
        """Give the form of JSON."""
        return {
            "compared": self.compared,
            "near": [list(keys) for keys in self.near],
            "exact": [list(keys) for keys in self.exact],
            "conflicts": [list(keys) for keys in self.conflicts],
            "problems": [problem.to_dict() for problem in self.problems],
        }


def figures(data: DataSet) -> dict[str, Any]:
    """Give the figures of one set, as plain values for JSON.

    ``faces_per_photo`` is a histogram; ``face_sides`` and the sides of ``pictures`` are quantiles in pixels, or
    None where there are no boxes or no photos.
    """
    boxes = [photo.boxes for photo in data.photos if photo.boxes is not None]
    every = np.concatenate(boxes) if boxes else np.zeros((0, 4), np.float32)
    sides = (every[:, 2:] - every[:, :2]).max(axis=1, initial=0)
    sizes = np.array([size for photo in data.photos if (size := _size(photo)) is not None]).reshape(-1, 2)
    return {
        "name": data.name,
        "layout": data.layout,
        "path": str(data.root),
        "photos": len(data.photos),
        "faces": data.counts(),
        "rows": dict(data.rows),
        "left_out": dict(data.left_out),
        "lost": sum(problem.rows for problem in data.problems),
        "kinds": dict(Counter(kind for photo in data.photos for kind in photo.kinds if kind).most_common()),
        "names": dict(data.names),
        "faces_per_photo": {str(n): count for n, count in sorted(Counter(len(p.labels) for p in data.photos).items())},
        "face_sides": quantiles(sides),
        "small_faces": float((sides < SMALL).mean()) if len(sides) else None,
        "pictures": {"widths": quantiles(sizes[:, 0]), "heights": quantiles(sizes[:, 1])},
        "problems": [problem.to_dict() for problem in data.problems],
        "notes": list(data.notes),
    }


def quantiles(values: NDArray[Any]) -> dict[str, float] | None:
    """Give ``QUANTILES`` of numbers, in percent; None of none."""
    if not len(values):
        return None
    found = np.percentile(values.astype(np.float64), QUANTILES)
    return {str(share): round(float(value), 1) for share, value in zip(QUANTILES, found, strict=True)}


def find_duplicates(photos: Sequence[LabelledPhoto], progress: Callable[[], object] | None = None) -> Duplicates:
    """Decode all photos and find those that are the same or nearly; what cannot be decoded is a problem.

    Args:
        photos: of one set or several; those whose file is absent are left alone.
        progress: called after each photo.
    """
    hashes: list[NDArray[np.bool_]] = []
    hashed: list[LabelledPhoto] = []
    problems: list[Problem] = []
    files: defaultdict[str, list[LabelledPhoto]] = defaultdict(list)
    for photo in photos:
        if photo.path.is_file():
            try:
                hashes.append(both_hashes(read_image(photo.path)))
                hashed.append(photo)
                files[sha256_of(photo.path)].append(photo)
            except (ImageError, ExtraMissing) as error:
                problems.append(Problem(photo.path, None, "photo_unreadable", reason(error, photo.path)))
            except OSError as error:
                problems.append(Problem(photo.path, None, "photo_unreadable", error.strerror or str(error)))
        if progress is not None:
            progress()
    alike: defaultdict[int, list[LabelledPhoto]] = defaultdict(list)
    for photo, root in zip(hashed, group(np.array(hashes)) if hashes else (), strict=True):
        alike[int(root)].append(photo)
    conflicts = [same for same in files.values() if len({tuple(sorted(photo.labels)) for photo in same}) > 1]
    for same in conflicts:
        said = "; ".join(f"{photo.key}: {_labels(photo)}" for photo in same)
        text = f"the same picture has other labels elsewhere: {said}"
        problems.append(Problem(same[0].path, None, "labels_conflict", text))
    return Duplicates(len(hashed), _keys(alike.values()), _keys(files.values()), _keys(conflicts), tuple(problems))


def _keys(groups: Iterable[Sequence[LabelledPhoto]]) -> tuple[tuple[str, ...], ...]:
    several = [tuple(photo.key for photo in photos) for photos in groups if len(photos) > 1]
    return tuple(sorted(several, key=lambda keys: (-len(keys), keys)))


def _labels(photo: LabelledPhoto) -> str:
    counts = Counter(LABELS[label] for label in photo.labels)
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "no face"


def _size(photo: LabelledPhoto) -> tuple[int, int] | None:
    try:
        header = read_header(photo.path)
    except (ImageError, ExtraMissing):  # said when the set was read
        return None
    return header.width, header.height
