"""Training and test crops for the wearing network, with their split.

Photos of all sets are put into near-duplicate groups together, by the whole photo and by each
face; a group is held out, or trained on, as one.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from masquerade.datasets import wearing_sets
from masquerade.datasets.duplicates import FACE_DISTANCE, FACE_LOW, both_hashes, group, join
from masquerade.datasets.types import LABELS, LabelledPhoto
from masquerade.evaluation.detection import match
from masquerade.faces import alignment, find_faces
from masquerade.faces.yunet import detect
from masquerade.geometry import sample
from masquerade.image import read_image
from masquerade.training.arrays import load_arrays, save_arrays
from masquerade.wearing.crops import face_crops
from masquerade.wearing.types import PARTS

CROP = 144
MARGIN = 0.45
"""The stored crops are wider than the network's, so that training can shift and scale them."""
MIN_SIDE = 16.0
CACHE = Path("runs/wearing-crops.npz")
ASIDE = 7
"""Groups of the training part with this last digit judge epochs and settle thresholds; nothing learns from them."""
SOURCES = {
    "ilc2021": wearing_sets.read_ilc2021,
    "mask-kinds": wearing_sets.read_mask_kinds,
    "two-class": wearing_sets.read_two_class,
    "rmfd": wearing_sets.read_rmfd,
}


@dataclass(frozen=True, slots=True, eq=False)
class Crops:
    """Crops of faces, n in all. A face that was labelled and found gives two, one for each box.

    Attributes:
        images: (n, 144, 144, 3) uint8 RGB, a margin of 0.45 around the box.
        labels: (n,) index into ``LABELS``.
        visible: (n, 3) float32, 1 where nose, mouth, chin show, 0 where covered, nan where unknown.
        sides: (n,) float32, longer side of the face's box in the photo, pixels.
        faces: (n,) a number for each face; its two crops share it.
        photos: (n,) index into ``keys``.
        detected: (n,) bool, True where the box is the detector's, False where a person drew it.
        groups: (n,) the near-duplicate group of the photo.
        held_out: (n,) bool.
        sources: (n,) index into the names of ``SOURCES``.
        keys: names of the photos.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    visible: NDArray[np.float32]
    sides: NDArray[np.float32]
    faces: NDArray[np.int64]
    photos: NDArray[np.int64]
    detected: NDArray[np.bool_]
    groups: NDArray[np.intp]
    held_out: NDArray[np.bool_]
    sources: NDArray[np.int64]
    keys: NDArray[np.str_]

    def where(self, chosen: NDArray[np.bool_]) -> Crops:
        """Return the crops that a mask (n,) chooses."""
        return Crops(
            **{
                name: getattr(self, name) if name == "keys" else getattr(self, name)[chosen]
                for name in self.__dataclass_fields__
            }
        )

    def save(self, path: Path) -> None:
        """Write all arrays to an ``.npz`` file, whole or not at all."""
        save_arrays(self, path)

    def held_out_as(self, listed: Mapping[str, int]) -> Crops:
        """Hold out the photos of a list (keys of photos), and with them whatever is in a group of theirs.

        A new detector or decoder shifts face hashes, and so groups: the list stays what it was.
        """
        photos = np.isin(self.keys, list(listed))[self.photos]
        return replace(self, held_out=photos | np.isin(self.groups, self.groups[photos]))

    @classmethod
    def load(cls, path: Path) -> Crops:
        """Read what ``save`` wrote."""
        return load_arrays(cls, path)


def read_part_labels() -> dict[tuple[str, int], NDArray[np.float32]]:
    """Read which parts show on faces whose mask is worn wrongly, labelled by eye.

    Returns:
        (photo key, face number) to (3,) float32 of 1 and 0; faces that could not be told are absent.
    """
    table = {}
    with (files("masquerade.training") / "part_labels.csv").open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            if row["visible"] != "?":
                shown = [float(part[0] in row["visible"]) for part in PARTS]
                table[row["photo"], int(row["face"])] = np.array(shown, np.float32)
    return table


def part_target(label: int, by_eye: NDArray[np.float32] | None) -> NDArray[np.float32]:
    """Which parts show: all on a bare face, none under a mask worn right, by eye otherwise."""
    if LABELS[label] == "incorrect":
        return by_eye if by_eye is not None else np.full(3, np.nan, np.float32)
    return np.full(3, float(LABELS[label] == "without_mask"), np.float32)


def _photo_crops(photo: LabelledPhoto) -> tuple[list[tuple[int, bool, NDArray[np.float32]]], NDArray[np.uint8]]:
    """Boxes of one photo as (face number, detected, box), and the photo."""
    image = read_image(photo.path)
    if photo.source == "two-class":  # tight crops: the picture is the face
        height, width = image.shape[:2]
        box = np.array([0.1 * width, 0.1 * height, 0.9 * width, 0.9 * height], np.float32)
        return [(0, False, box)], image
    faces = find_faces(image, "photo")
    if photo.boxes is None:  # one person a photo: the surest face
        return [(0, True, box) for box in faces.surest.boxes], image
    found = faces.boxes
    partners = match(photo.boxes, found, 0.4)
    drawn = [(number, False, box) for number, box in enumerate(photo.boxes)]
    return drawn + [(number, True, found[index]) for number, index in enumerate(partners) if index >= 0], image


def build_crops() -> Crops:
    """Read all sets, find the faces, cut the crops and split them. Takes a few minutes.

    Raises:
        DataMissing: a set is absent.
    """
    photos = [photo for read in SOURCES.values() for photo in read()]
    by_eye = read_part_labels()
    hashes, face_hashes = [], []
    columns: dict[str, list[object]] = {name: [] for name in Crops.__dataclass_fields__}
    face_count = 0
    for index, photo in enumerate(photos):
        boxes, image = _photo_crops(photo)
        hashes.append(both_hashes(image))
        numbers: dict[int, int] = {}
        for number, detected, box in boxes:
            side = float((box[2:] - box[:2]).max())
            if side < MIN_SIDE:
                continue
            label = photo.labels[number]
            crop = face_crops(image, box[None], CROP, MARGIN)[0]
            if number not in numbers:
                numbers[number] = face_count
                face_count += 1
                face_hashes.append((index, both_hashes(aligned(crop), FACE_LOW)))
            columns["images"].append(crop)
            columns["labels"].append(label)
            columns["visible"].append(part_target(label, by_eye.get((photo.key, number))))
            columns["sides"].append(side)
            columns["faces"].append(numbers[number])
            columns["photos"].append(index)
            columns["detected"].append(detected)
            columns["sources"].append(list(SOURCES).index(photo.source))
    groups = merge_groups(np.array(hashes), face_hashes)
    held = np.array([wearing_sets.is_held_out(photos[root].key) for root in groups])
    of_crop = np.array(columns["photos"], np.int64)
    return Crops(
        images=np.array(columns["images"], np.uint8),
        labels=np.array(columns["labels"], np.int64),
        visible=np.array(columns["visible"], np.float32),
        sides=np.array(columns["sides"], np.float32),
        faces=np.array(columns["faces"], np.int64),
        photos=of_crop,
        detected=np.array(columns["detected"], np.bool_),
        groups=groups[of_crop],
        held_out=held[of_crop],
        sources=np.array(columns["sources"], np.int64),
        keys=np.array([photo.key for photo in photos]),
    )


def aligned(crop: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The face in the middle of a stored crop, aligned to 112 pixels; the crop itself where none is found."""
    room = np.zeros((160, 160, 3), np.uint8)
    edge = (160 - CROP) // 2
    room[edge : edge + CROP, edge : edge + CROP] = crop
    found = detect(room[None], 0.3)[0]
    if not len(found.scores):
        return crop
    astray = np.abs((found.boxes[:, :2] + found.boxes[:, 2:]) / 2 - 80).max(axis=1)
    points = found.points[int(np.argmax(found.scores - astray / 100))]
    if np.ptp(points, axis=0).max() < 1:
        return crop
    return sample(room, alignment(points), (112, 112))


def merge_groups(hashes: NDArray[np.bool_], face_hashes: list[tuple[int, NDArray[np.bool_]]]) -> NDArray[np.intp]:
    """Group photos that look alike, or that show a face which looks alike.

    Args:
        hashes: (n, 2, 64) of the photos.
        face_hashes: (photo, (2, 256) hash) of every face.

    Returns:
        (n,) the smallest photo index of each photo's group.
    """
    owners = [photo for photo, _ in face_hashes]
    by_face = group(np.array([value for _, value in face_hashes]), FACE_DISTANCE)
    links = [(photo, int(root)) for photo, root in enumerate(group(hashes))]
    links += [(owners[face], owners[root]) for face, root in enumerate(by_face)]
    return join(len(hashes), links)


def split_check(crops: Crops) -> tuple[Crops, Crops]:
    """Set a tenth of the training groups aside, to judge epochs by: the rest, and the part set aside (>= 24 px)."""
    aside = crops.groups % 10 == ASIDE
    return crops.where(~aside), crops.where(aside & (crops.sides >= 24))


def load_crops(cache: Path) -> Crops:
    """Read the crops from their cache, or build them; held out is what the committed list names."""
    if not cache.exists():
        build_crops().save(cache)
    return Crops.load(cache).held_out_as(wearing_sets.read_held_out())


def main() -> None:
    """Build the crops into their cache, and write the list of held-out photos anew where asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--write-list", action="store_true", help="write datasets/held_out.csv anew")
    arguments = parser.parse_args()
    crops = build_crops()
    crops.save(arguments.cache)
    if arguments.write_list:
        held = {
            str(crops.keys[photo]): int(group)
            for photo, group in zip(crops.photos[crops.held_out], crops.groups[crops.held_out], strict=True)
        }
        wearing_sets.write_held_out(held)


if __name__ == "__main__":
    main()
