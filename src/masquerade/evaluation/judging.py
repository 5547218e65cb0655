"""A wearing model on labelled photos: crops, the network, and what it says beside what is true."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from masquerade.datasets.duplicates import PHOTO_LOW, both_hashes, group
from masquerade.datasets.labelled_faces import surest_box
from masquerade.datasets.types import LABELS, LabelledPhoto
from masquerade.errors import ExtraMissing, ImageError, MasqueradeError
from masquerade.evaluation.detection import match
from masquerade.evaluation.predictions import Predictions
from masquerade.faces import find_faces
from masquerade.image import read_image
from masquerade.models import get_session
from masquerade.wearing.classifier import CropContract, classify_crops

MIN_SIDE = 24.0
Boxes = Literal["drawn", "found"]


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What came of it.

    Attributes:
        predictions: of the faces that were classified; groups are of near-duplicate photos.
        sets: (n,) for each of them the name of its data set.
        photos: how many photos were looked at.
        missed: labelled faces that were not found, by label.
        small: labelled faces below the smallest side.
        incorrect_left_out: faces labelled incorrect, where the model knows two labels.
        unread: photos that could not be read, and why.
    """

    predictions: Predictions
    sets: NDArray[np.str_]
    photos: int
    missed: dict[str, int]
    small: int
    incorrect_left_out: int
    unread: tuple[tuple[LabelledPhoto, MasqueradeError], ...]


@dataclass(slots=True)
class _Judging:
    """Collects, photo by photo."""

    model: str
    contract: CropContract
    boxes: Boxes
    min_side: float
    owners: list[int] = field(default_factory=list)
    truth: list[int] = field(default_factory=list)
    places: list[NDArray[np.float32]] = field(default_factory=list)
    chances: list[NDArray[np.float32]] = field(default_factory=list)
    hashes: list[NDArray[np.bool_]] = field(default_factory=list)
    missed: Counter[int] = field(default_factory=Counter)
    small: int = 0
    left_out: int = 0

    @property
    def classes(self) -> int:
        return len(LABELS) if LABELS[2] in self.contract.labels else 2

    def add(self, index: int, photo: LabelledPhoto) -> None:
        image = read_image(photo.path)
        labels, boxes = self._faces(image, photo)
        known = labels < self.classes
        self.left_out += int((~known).sum())
        labels, boxes = labels[known], boxes[known]
        crops = self.contract.cut(image, boxes)
        self.chances.append(classify_crops(crops, self.model).probabilities)
        self.owners += [index] * len(labels)
        self.truth += labels.tolist()
        self.places.append(boxes)
        self.hashes.append(both_hashes(image))

    def _faces(self, image: NDArray[np.uint8], photo: LabelledPhoto) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Labels and boxes of the faces that count; those missed and too small are counted."""
        every, all_labels = photo.boxes, np.array(photo.labels, np.int64)
        if every is None:
            every = surest_box(image)
            self.missed.update(photo.labels[len(every) :])
            all_labels = all_labels[: len(every)]
        large = (every[:, 2:] - every[:, :2]).max(axis=1, initial=0) >= self.min_side
        self.small += int((~large).sum())
        labels, boxes = all_labels[large], every[large]
        if self.boxes == "drawn" or photo.boxes is None:
            return labels, boxes
        found = find_faces(image, "photo").boxes
        partner = match(every, found)[large]
        self.missed.update(labels[partner < 0].tolist())
        return labels[partner >= 0], found[partner[partner >= 0]]


def judge(
    photos: Sequence[LabelledPhoto],
    model: str,
    boxes: Boxes = "drawn",
    min_side: float = MIN_SIDE,
    progress: Callable[[], object] = lambda: None,
) -> Judged:
    """Classify the labelled faces of photos.

    Args:
        photos: with boxes or with one label each, whose surest face is looked for.
        model: name of a registered model of the task ``mask-wearing``, or the path of its ONNX file.
        boxes: cut faces at the boxes of the labels, or at those that the detector finds for them, as a user would.
        min_side: smallest longer side, in pixels, of a labelled box that counts.
        progress: called after each photo.

    Raises:
        ModelUnknown, ModelHashMismatch, ModelCardInvalid, ModelContractBroken: the model cannot be used.
    """
    judging = _Judging(model, CropContract.of(get_session(model).card), boxes, min_side)
    unread: list[tuple[LabelledPhoto, MasqueradeError]] = []
    read: list[LabelledPhoto] = []
    for photo in photos:
        try:
            judging.add(len(read), photo)
            read.append(photo)
        except (ImageError, ExtraMissing) as error:
            unread.append((photo, error))
        progress()
    return Judged(
        predictions=_predictions(judging, read),
        sets=np.array([read[index].source for index in judging.owners], np.str_),
        photos=len(read),
        missed={LABELS[label]: judging.missed[label] for label in range(len(LABELS))},
        small=judging.small,
        incorrect_left_out=judging.left_out,
        unread=tuple(unread),
    )


def _predictions(judging: _Judging, photos: Sequence[LabelledPhoto]) -> Predictions:
    owners = np.array(judging.owners, np.intp)
    groups = group(np.array(judging.hashes, np.bool_).reshape(-1, 2, PHOTO_LOW**2))
    chances = np.concatenate([np.zeros((0, len(LABELS)), np.float32), *judging.chances])
    return Predictions.of(
        np.array(judging.truth, np.intp),
        chances[:, : judging.classes],
        groups[owners],
        LABELS[: judging.classes],
        photos=tuple(photos[index].key for index in owners),
        paths=tuple(str(photos[index].path) for index in owners),
        boxes=np.concatenate([np.zeros((0, 4), np.float32), *judging.places]).astype(np.float32),
    )
