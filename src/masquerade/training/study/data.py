"""From data sets to faces in memory: read, abridge, find, split, cut out; each once a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from masquerade.datasets.labelled_faces import LabelledFaces, labelled_faces
from masquerade.datasets.reading import join_sets, read_set
from masquerade.datasets.splits import Split, deal, split_photos
from masquerade.datasets.types import LABELS, DataSet, LabelledPhoto
from masquerade.errors import ClassEmpty
from masquerade.image import read_image
from masquerade.training.study.faces import CHECK, TEST, TRAIN, StudyFaces
from masquerade.training.study.plan import StudyPlan
from masquerade.training.study.progress import Progress
from masquerade.wearing.crops import Crop, face_crops

SHARES = {TRAIN: 0.75, TEST: 0.25}
SLACK = 1.2
"""Photos of one unboxed face each that are taken, for each face that is wanted: in some none is found."""
LEAST = 4
"""Faces of each label that an abridged set has at least, where there are so many."""
KEPT = 2
"""Runs whose faces are kept in memory, so that the runs of a sweep read and cut once."""

_known: dict[DataKey, StudyFaces] = {}


@dataclass(frozen=True, slots=True)
class DataKey:
    """All that the faces of a run depend on.

    Attributes:
        plan: the plan, without what the faces do not depend on.
        check: share of the training groups that is set aside.
        size: side of the plain view in pixels.
        room: pixels around it that are kept.
        crop, margin: how faces are cut, as in ``wearing.crops``.
    """

    plan: StudyPlan
    check: float
    size: int
    room: int
    crop: str
    margin: float

    @classmethod
    def of(cls, plan: StudyPlan, check: float, size: int, room: int, crop: str, margin: float) -> DataKey:
        """Keep of the plan what matters here."""
        kept = ("data", "classes", "seed", "abridged", "layout", "images", "names", "whole")
        return cls(StudyPlan(model="", **{name: getattr(plan, name) for name in kept}), check, size, room, crop, margin)


def prepare(key: DataKey, progress: Progress) -> StudyFaces:
    """Read the photos of a plan, split them and cut out their faces; those of the last runs are remembered.

    Raises:
        DataMissing, LabelInvalid, ImageError: the data cannot be used.
        ClassEmpty: a label has no face to learn from.
    """
    if key not in _known:
        faces = _prepare(key, progress)
        while len(_known) >= KEPT:
            _known.pop(next(iter(_known)))
        _known[key] = faces
    return _known[key]


def _prepare(key: DataKey, progress: Progress) -> StudyFaces:
    plan = key.plan
    sets = _read(plan, progress)
    photos, left_out = _wanted(join_sets(sets), plan.classes)
    if plan.abridged is not None:
        photos = _enough(photos, plan.abridged, plan.seed)
    with progress("finding faces", len(photos)) as bar:
        every = labelled_faces(photos, bar.advance)
    missed = tuple(f"{photos[index].path}: no face was found" for index in every.missed)
    photos, found = _taken(photos, every, plan.abridged)
    with progress("comparing photos", len(photos)) as bar:
        split = split_photos(photos, plan.seed, SHARES, bar.advance)
    parts = _set_aside(photos, split, key.check, plan.seed)
    keys = tuple(photo.key for photo in photos)
    part_of = np.array([parts[keys[index]] for index in found.photos])
    _refuse_empty(found.labels, part_of, plan.classes)
    return StudyFaces(
        images=_cut(photos, found, part_of == TRAIN, key, progress),
        labels=found.labels,
        boxes=found.boxes,
        photos=found.photos,
        groups=np.array([split.groups[keys[index]] for index in found.photos], np.int64),
        parts=part_of,
        keys=keys,
        paths=tuple(str(photo.path) for photo in photos),
        split=tuple((name, split.groups[name], part) for name, part in parts.items()),
        counts=_by_part(found.labels, part_of)
        | {
            "photos": len(photos),
            "sets": [one.name for one in sets],
            "of_other_classes": sum(sum(one.left_out.values()) for one in sets),
            "incorrect_left_out": left_out,
            "abridged_away": len(every) - len(found),
            "not_found": len(missed),
            "problems": sum(len(one.problems) for one in sets),
        },
        remarks=(*_remarks(sets, left_out), *missed),
    )


def _read(plan: StudyPlan, progress: Progress) -> list[DataSet]:
    sets = []
    with progress("reading data sets", len(plan.data)) as bar:
        for path in plan.data:
            sets.append(
                read_set(
                    path, layout=plan.layout, images=plan.images, classes=dict(plan.names) or None, whole=plan.whole
                )
            )
            bar.advance()
    return sets


def _wanted(photos: Sequence[LabelledPhoto], classes: int) -> tuple[list[LabelledPhoto], int]:
    """The photos with the faces of the first labels, in the order of their keys; and how many faces are left out."""
    kept, left_out = [], 0
    for photo in sorted(photos, key=lambda photo: photo.key):
        chosen = [index for index, label in enumerate(photo.labels) if label < classes]
        left_out += len(photo.labels) - len(chosen)
        if len(chosen) == len(photo.labels):
            kept.append(photo)
        elif chosen:
            boxes = None if photo.boxes is None else photo.boxes[chosen]
            kept.append(replace(photo, labels=tuple(photo.labels[index] for index in chosen), boxes=boxes, kinds=()))
    return [photo for photo in kept if photo.labels], left_out


def quotas(counts: NDArray[np.int64], total: int) -> NDArray[np.int64]:
    """Share a number of faces out in proportion to counts, by the largest remainder; but not less than ``LEAST``.

    Args:
        counts: (labels,) how many there are.
        total: how many are wanted.
    """
    if total >= counts.sum():
        return counts.copy()
    exact = total * counts / counts.sum()
    shares = np.maximum(np.floor(exact).astype(np.int64), np.minimum(counts, LEAST))
    while shares.sum() < total:
        shares[np.where(shares < counts, exact - shares, -np.inf).argmax()] += 1
    while shares.sum() > total:  # the least of each took more than its share
        shares[shares.argmax()] -= 1
    return shares


def abridge(labels: NDArray[np.int64], total: int, order: NDArray[np.int64]) -> NDArray[np.intp]:
    """Choose so many faces in the labels' proportions; those of one photo stay together as far as that goes.

    Args:
        labels: (n,) of the faces.
        total: how many to choose.
        order: (n,) rank of each face's photo, which was drawn; the first are chosen.

    Returns:
        Indices of the chosen, ascending.
    """
    counts = np.bincount(labels, minlength=len(LABELS))
    ranked = np.argsort(order, kind="stable")
    chosen = [ranked[labels[ranked] == label][:share] for label, share in enumerate(quotas(counts, total))]
    return np.sort(np.concatenate(chosen))


def _enough(photos: Sequence[LabelledPhoto], total: int, seed: int) -> list[LabelledPhoto]:
    """Photos, in an order that is drawn, with faces enough to choose ``total`` of them by label."""
    drawn = [photos[index] for index in np.random.default_rng(seed).permutation(len(photos))]
    labels = np.array([label for photo in drawn for label in photo.labels], np.int64)
    owners = np.repeat(np.arange(len(drawn)), [len(photo.labels) for photo in drawn])
    unboxed = any(photo.boxes is None for photo in drawn)
    chosen = abridge(labels, int(np.ceil(total * SLACK)) if unboxed else total, owners)
    return [drawn[index] for index in np.unique(owners[chosen])]


def _taken(
    photos: Sequence[LabelledPhoto], every: LabelledFaces, total: int | None
) -> tuple[list[LabelledPhoto], LabelledFaces]:
    """The faces that are used, and their photos with no other faces, so that the parts are balanced by what is used."""
    rows = np.arange(len(every)) if total is None else abridge(every.labels, total, every.photos)
    owners, numbers = np.unique(every.photos[rows], return_inverse=True)
    taken = LabelledFaces(numbers.astype(np.int64), every.boxes[rows], every.labels[rows], every.sides[rows])
    used = [
        replace(
            photos[owner],
            labels=tuple(taken.labels[numbers == number].tolist()),
            boxes=taken.boxes[numbers == number],
            kinds=(),
        )
        for number, owner in enumerate(owners)
    ]
    return used, taken


def _set_aside(photos: Sequence[LabelledPhoto], split: Split, share: float, seed: int) -> dict[str, str]:
    """The part of each photo; of the training groups so many are set aside to judge epochs by."""
    parts = dict(split.parts)
    train = sorted({split.groups[name] for name, part in parts.items() if part == TRAIN})
    if share <= 0 or len(train) < 2:
        return parts
    rows = {number: row for row, number in enumerate(train)}
    counts = np.zeros((len(train), 1 + len(LABELS)), np.int64)
    for photo in photos:
        if parts[photo.key] == TRAIN:
            counts[rows[split.groups[photo.key]]] += np.bincount(
                [0, *(1 + label for label in photo.labels)], minlength=4
            )
    dealt = deal(counts, [1 - share, share], seed)
    aside = {number for number, part in zip(train, dealt, strict=True) if part == 1}
    return {name: CHECK if part == TRAIN and split.groups[name] in aside else part for name, part in parts.items()}


def _refuse_empty(labels: NDArray[np.int64], parts: NDArray[np.str_], classes: int) -> None:
    counts = np.bincount(labels[parts == TRAIN], minlength=classes)
    empty = [LABELS[label] for label in range(classes) if not counts[label]]
    if empty:
        there = ", ".join(f"{count} {LABELS[label]}" for label, count in enumerate(counts))
        raise ClassEmpty(
            f"the training part has no face that is {' or '.join(empty)}; it has {there}",
            hint="add photos with that label" + ("; or train 2 classes" if empty == [LABELS[2]] else ""),
        )
    if not (parts == TEST).any():
        raise ClassEmpty("the test part has no face", hint="add photos")


def _cut(
    photos: Sequence[LabelledPhoto],
    found: LabelledFaces,
    learnt: NDArray[np.bool_],
    key: DataKey,
    progress: Progress,
) -> NDArray[np.uint8]:
    """Cut the faces out: (n, size + 2 room, size + 2 room, 3), the plain view in the middle.

    The room around it is filled for faces to learn from. The others are cut exactly as the finished network is given
    them, whereas averaging down over the larger area would shift its blocks.
    """
    stored = key.size + 2 * key.room
    images = np.zeros((len(found), stored, stored, 3), np.uint8)
    middle = images[:, key.room : key.room + key.size, key.room : key.room + key.size]
    boxes, crop = found.boxes, cast(Crop, key.crop)
    with progress("cutting out faces", len(found)) as bar:
        for number, photo in enumerate(photos):
            rows = np.flatnonzero(found.photos == number)
            picture = read_image(photo.path)
            inner, wider = rows[~learnt[rows]], rows[learnt[rows]]
            middle[inner] = face_crops(picture, boxes[inner], key.size, key.margin, crop)
            images[wider] = face_crops(picture, widened(boxes[wider], stored / key.size), stored, key.margin, crop)
            for _ in rows:
                bar.advance()
    return images


def widened(boxes: NDArray[np.float32], factor: float) -> NDArray[np.float32]:
    """Boxes (n, 4) xyxy around the same centres, their sides ``factor`` as long."""
    centres, half = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]) * np.float32(factor / 2)
    return np.concatenate([centres - half, centres + half], axis=1)


def _by_part(labels: NDArray[np.int64], parts: NDArray[np.str_]) -> dict[str, Any]:
    return {
        part: {label: int(((parts == part) & (labels == index)).sum()) for index, label in enumerate(LABELS)}
        for part in (TRAIN, CHECK, TEST)
    }


def _remarks(sets: Sequence[DataSet], left_out: int) -> list[str]:
    lines = [f"{one.root}: {note}" for one in sets for note in one.notes]
    lines += [
        f"{one.root}: class {name}: {count} rows left out" for one in sets for name, count in one.left_out.items()
    ]
    lines += [str(problem) for one in sets for problem in one.problems]
    if left_out:
        lines.append(f"{left_out} faces labelled {LABELS[2]} left out, as two classes are trained")
    return lines
