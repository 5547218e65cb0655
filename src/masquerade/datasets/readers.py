"""Readers of label layouts: Pascal VOC, and a folder a class."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from xml.parsers import expat

import numpy as np

from masquerade.datasets.layouts.voc import CORNERS, parse
from masquerade.datasets.types import LABELS, LabelledPhoto
from masquerade.errors import DataMissing, LabelInvalid
from masquerade.image import PICTURE_SUFFIXES

NAMES = {
    "with_mask": "with_mask",
    "without_mask": "without_mask",
    "with_incorrect_mask": "incorrect",
    "incorrect": "incorrect",
    "mask_weared_incorrect": "incorrect",
}
"""Names in annotation files, and the label that each stands for."""


def read_voc(images: Path, annotations: Path, source: str) -> list[LabelledPhoto]:
    """Read Pascal VOC: a folder of photos and one XML file for each.

    Args:
        images: folder of photos.
        annotations: folder of ``*.xml``; boxes count pixels from 1, as VOC does.
        source: name of the set.

    Raises:
        DataMissing: a folder or a photo that an annotation names is absent.
        LabelInvalid: an annotation is broken, empty of size, or has an unknown label or box; names the file.
    """
    if not annotations.is_dir() or not images.is_dir():
        raise DataMissing(f"expected folders {images} and {annotations}", hint="set MASQUERADE_DATA to the data's root")
    return [_read_voc_file(path, images, source) for path in sorted(annotations.glob("*.xml"))]


def _read_voc_file(path: Path, images: Path, source: str) -> LabelledPhoto:
    boxes, labels = [], []
    try:
        content = parse(path.read_bytes())
        for item in content.objects:
            label = item.name or ""
            if label not in NAMES:
                raise LabelInvalid(f"{path}: unknown label {label!r}; known: {', '.join(NAMES)}")
            corners = [float(item.corners.get(key) or "nan") for key in CORNERS]
            if not np.isfinite(corners).all() or corners[0] >= corners[2] or corners[1] >= corners[3]:
                raise LabelInvalid(f"{path}: box {corners} is empty or incomplete")
            boxes.append([corners[0] - 1, corners[1] - 1, corners[2], corners[3]])
            labels.append(LABELS.index(NAMES[label]))
    except (OSError, expat.ExpatError, LookupError, ValueError) as error:
        raise LabelInvalid(f"{path}: {error}") from error
    name = content.filename
    photo = images / Path(name).name
    if not photo.is_file():
        raise DataMissing(f"{path} names {name!r}, which is not in {images}")
    return LabelledPhoto(source, photo, tuple(labels), np.array(boxes, np.float32).reshape(-1, 4))


def read_folders(root: Path, classes: Mapping[str, str], source: str) -> list[LabelledPhoto]:
    """Read a folder a class: every photo carries the label of its folder, the face is yet to be found.

    Args:
        root: folder of the class folders.
        classes: class folder to label.
        source: name of the set.

    Raises:
        DataMissing: a class folder is absent.
    """
    photos = []
    for folder, label in sorted(classes.items()):
        if not (root / folder).is_dir():
            raise DataMissing(f"expected folder {root / folder}", hint="set MASQUERADE_DATA to the data's root")
        photos += [LabelledPhoto(source, path, (LABELS.index(label),)) for path in _pictures(root / folder)]
    return photos


def _pictures(folder: Path) -> Iterable[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES)
