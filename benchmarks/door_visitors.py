"""Who comes to the door of ``benchmarks.door``: faces of photos with what is around them, and what is behind them.

A visitor is a labelled face of ``ilc2021`` or ``mask-kinds`` that is large enough to be seen from near without much
enlargement. It is cut out with room for hair and shoulders, as far as the photo and other faces leave some, and fades
out at the edge of that room. Behind it lies a part of another photo in which no face is. Nothing of it is ever stored.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.photos import faces_of
from masquerade.datasets.names import kind_of
from masquerade.datasets.types import LABELS, LabelledPhoto
from masquerade.datasets.wearing_sets import read_held_out, read_ilc2021, read_mask_kinds
from masquerade.evaluation.detection import match
from masquerade.faces import Search, detect_faces
from masquerade.geometry import opencv
from masquerade.image import read_image
from masquerade.masks import Choice, apply, draw
from masquerade.masks.types import Kind, Worn

NEAR = 140.0
"""Height of the face of somebody who stands before the camera, in pixels."""
ENLARGED = 1.3
"""By how much a photo may be enlarged for that."""
ROOM = (1.1, 0.8, 1.1, 1.6)
"""Room to the left, above, to the right and below that a visitor has at most, in widths and heights of the face."""
LEAST = (0.15, 0.1, 0.15, 0.2)
"""Least room, in the same units."""
FAINT = Search(photo_threshold=0.15, threshold=0.15, support_threshold=0.1)
"""Search for what may be a face, so that none stands in a background."""

Pixels = NDArray[np.uint8]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Visitor:
    """One face that may come to the door; it names its photo, and holds no pixels.

    Attributes:
        path: the photo.
        source: name of the data set.
        key: name of the photo, and number of the face in it.
        label: word of ``LABELS``.
        group: near-duplicate group of the photo; of a training photo a number of its own.
        box: x0, y0, x1, y1 of the face in the photo.
        others: boxes of the other faces.
        kind: of the mask, where the data tell it.
        yaw: degrees to the side, as the mesh sees it; nan where the face is not found in the photo.
        brightness: mean of the face in the photo, 0 to 255.
    """

    path: Path
    source: str
    key: str
    label: str
    group: int
    box: Box
    others: tuple[Box, ...]
    kind: str | None = None
    yaw: float = float("nan")
    brightness: float = float("nan")

    @property
    def height(self) -> float:
        """Height of the face in the photo, in pixels."""
        return self.box[3] - self.box[1]


@dataclass(frozen=True, slots=True, eq=False)
class Cutout:
    """A visitor's pixels.

    Attributes:
        image: (h, w, 3) uint8 RGB.
        alpha: (h, w) float32, 1 on the face and around it, 0 at the edge of the room.
        box: the face in it.
    """

    image: Pixels
    alpha: NDArray[np.float32]
    box: Box


def visitors(held_out: bool, most: int, left_out: Counter[str]) -> list[Visitor]:
    """Visitors of the held-out or the training part, in an order that is shuffled once and for all.

    Args:
        held_out: which part.
        most: visitors of each label; 0 for all.
        left_out: takes how many labelled faces of the photos that were looked at are none, and why.
    """
    groups = read_held_out()
    photos = [photo for photo in (*read_ilc2021(), *read_mask_kinds()) if (photo.key in groups) == held_out]
    random.Random(0).shuffle(photos)  # noqa: S311 - no secret
    found: dict[str, list[Visitor]] = {label: [] for label in LABELS}
    for number, photo in enumerate(photos):
        full = {label for label, some in found.items() if most and len(some) >= most}
        if full.issuperset(LABELS[label] for label in photo.labels):
            continue
        for visitor in _of_photo(photo, groups.get(photo.key, number), left_out):
            if visitor.label not in full:
                found[visitor.label].append(visitor)
    return [visitor for label in LABELS for visitor in found[label]]


def _of_photo(photo: LabelledPhoto, group: int, left_out: Counter[str]) -> Iterator[Visitor]:
    tall = NEAR / ENLARGED
    if photo.boxes is not None and not ((photo.boxes[:, 3] - photo.boxes[:, 1]) >= tall).any():
        left_out["too small"] += len(photo.labels)
        return
    image = read_image(photo.path)
    faces = faces_of(photo.source, photo.path, image)
    boxes = faces.surest.boxes if photo.boxes is None else photo.boxes
    if not len(boxes):
        left_out["not found in its photo"] += 1
    partners = match(boxes, faces.boxes)
    strangers = [_box(box) for index, box in enumerate(faces.boxes) if index not in partners]
    for index, (label, box) in enumerate(zip(photo.labels, boxes, strict=False)):
        if box[3] - box[1] < tall:
            left_out["too small"] += 1
            continue
        others = (*(_box(other) for number, other in enumerate(boxes) if number != index), *strangers)
        partner = int(partners[index])
        yaw = float(faces.pose[partner, 0]) if partner >= 0 and faces.pose is not None else float("nan")
        x0, y0, x1, y1 = (max(0, round(value)) for value in box.tolist())
        visitor = Visitor(
            photo.path, photo.source, f"{photo.key}#{index}", LABELS[label], group, _box(box), others,
            kind_of(photo.path.parent.name), yaw, float(image[y0:y1, x0:x1].mean()),
        )  # fmt: skip
        if room_of(visitor, (image.shape[1], image.shape[0])) is None:
            left_out["no room around it in its photo"] += 1
        else:
            yield visitor


def _box(box: NDArray[np.float32]) -> Box:
    x0, y0, x1, y1 = (float(value) for value in box)
    return x0, y0, x1, y1


def room_of(visitor: Visitor, size: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """The part x0, y0, x1, y1 of a photo of (width, height) that shows the visitor and nobody else, as far as it goes.

    Returns:
        The part; None where another face or the edge of the photo is too near.
    """
    x0, y0, x1, y1 = visitor.box
    sides = (x1 - x0, y1 - y0, x1 - x0, y1 - y0)
    edges = (x0, y0, size[0] - x1, size[1] - y1)
    room = [min(most * side, edge) for most, side, edge in zip(ROOM, sides, edges, strict=True)]
    for a0, b0, a1, b1 in visitor.others:
        gaps = (x0 - a1, y0 - b1, a0 - x1, b0 - y1)
        if all(gap < most for gap, most in zip(gaps, room, strict=True)):
            nearest = max(range(4), key=lambda index: gaps[index] / sides[index])  # the side on which the other one is
            room[nearest] = gaps[nearest]
    if any(gap < least * side for gap, least, side in zip(room, LEAST, sides, strict=True)):
        return None
    left, above, right, below = room
    return math.ceil(x0 - left), math.ceil(y0 - above), int(x1 + right), int(y1 + below)


def cut_out(visitor: Visitor, image: Pixels) -> Cutout:
    """Cut a visitor out of a photo, which may wear a mask that is drawn.

    Raises:
        ValueError: another face is too near.
    """
    part = room_of(visitor, (image.shape[1], image.shape[0]))
    if part is None:
        raise ValueError(f"{visitor.key} has no room")
    x0, y0, x1, y1 = part
    box = (visitor.box[0] - x0, visitor.box[1] - y0, visitor.box[2] - x0, visitor.box[3] - y0)
    return Cutout(np.ascontiguousarray(image[y0:y1, x0:x1]), fading((x1 - x0, y1 - y0), box), box)


def fading(size: tuple[int, int], box: Box) -> NDArray[np.float32]:
    """How much of each pixel of (width, height) is the visitor's: all on the face and half of the room, less beyond."""
    parts = []
    for length, low, high in ((size[0], box[0], box[2]), (size[1], box[1], box[3])):
        place = np.arange(length) + 0.5
        before = np.clip(2 * place / max(low, 1e-6), 0, 1) if low > 0 else np.ones(length)
        rest = length - high
        after = np.clip(2 * (length - place) / max(rest, 1e-6), 0, 1) if rest > 0 else np.ones(length)
        ramp = np.minimum(np.where(place < low, before, 1), np.where(place > high, after, 1))
        parts.append(ramp * ramp * (3 - 2 * ramp))
    return np.asarray(parts[1][:, None] * parts[0][None], np.float32)


def masked(visitor: Visitor, image: Pixels, kind: Kind, worn: Iterable[Worn], seed: int) -> list[Pixels] | None:
    """The photo of a bare visitor with one and the same mask, worn in each way; None where the face can carry none."""
    faces = faces_of(visitor.source, visitor.path, image)
    partner = int(match(np.array([visitor.box], np.float32), faces.boxes)[0])
    if partner < 0:
        return None
    face = faces[partner]
    plan = draw(np.random.default_rng(seed), face, Choice(kinds=(kind,)))
    if not plan.masks:
        return None
    plans = [replace(plan, masks=(replace(plan.masks[0], worn=way),)) for way in worn]
    return [apply(image, face, one).image for one in plans]


@dataclass(frozen=True, slots=True)
class Back:
    """What is behind: the part x0, y0, x1, y1 of a photo in which nothing like a face is."""

    path: Path
    part: tuple[int, int, int, int]

    def picture(self, size: tuple[int, int], blur: float) -> Pixels:
        """The part, brought to (width, height) and blurred by so many pixels."""
        cv2 = opencv()
        x0, y0, x1, y1 = self.part
        large = cv2.resize(read_image(self.path)[y0:y1, x0:x1], size, interpolation=cv2.INTER_CUBIC)
        return np.asarray(cv2.GaussianBlur(large, (0, 0), blur) if blur else large, np.uint8)


def backs(held_out: bool, count: int, shape: float) -> list[Back]:
    """Parts of photos of ``ilc2021``, ``shape`` times as wide as high, without anything like a face."""
    groups = read_held_out()
    photos = [photo for photo in read_ilc2021() if (photo.key in groups) == held_out]
    random.Random(1).shuffle(photos)  # noqa: S311 - no secret
    found: list[Back] = []
    for photo in photos:
        if len(found) == count:
            break
        image = read_image(photo.path)
        size = (image.shape[1], image.shape[0])
        boxes = [*photo.boxes_or_raise(), *faces_of(photo.source, photo.path, image).boxes]
        if empty_part(size, [_box(box) for box in boxes], shape) is None:
            continue
        boxes += [*detect_faces(image, "photo", FAINT).boxes]
        part = empty_part(size, [_box(box) for box in boxes], shape)
        if part is not None:
            found.append(Back(photo.path, part))
    return found


def empty_part(size: tuple[int, int], boxes: list[Box], shape: float) -> tuple[int, int, int, int] | None:
    """The largest of some parts of (width, height) that keep away from all boxes by half their side; None if small.

    Args:
        size: of the photo.
        boxes: what may be a face.
        shape: width by height of the part.
    """
    width, height = size
    keep = [
        (x0 - (x1 - x0) / 2, y0 - (y1 - y0) / 2, x1 + (x1 - x0) / 2, y1 + (y1 - y0) / 2) for x0, y0, x1, y1 in boxes
    ]
    for share in (0.9, 0.75, 0.6, 0.5, 0.4):
        wide = round(min(width, height * shape) * share)
        tall = round(wide / shape)
        for y in np.linspace(0, height - tall, 6).astype(int).tolist():
            for x in np.linspace(0, width - wide, 6).astype(int).tolist():
                if all(x >= c or x + wide <= a or y >= d or y + tall <= b for a, b, c, d in keep):
                    return x, y, x + wide, y + tall
    return None
