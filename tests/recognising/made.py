"""Photos made from the samples."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from masquerade.masks import MaskPlan, Plan, apply
from masquerade.masks.types import Kind
from tests.faces.photos import found, photo


@lru_cache(maxsize=8)
def masked_photo(name: str, kind: Kind = "surgical", colour: str = "#8fcdea") -> NDArray[np.uint8]:
    """A sample photo with a mask drawn on it."""
    image = apply(photo(name), found(name), Plan((MaskPlan(0, kind, colour=colour),))).image
    image.flags.writeable = False
    return image


def beside(*images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Photos next to each other, grey below the lower ones."""
    height = max(len(image) for image in images)
    rooms = [((0, height - len(image)), (0, 0), (0, 0)) for image in images]
    padded = [np.pad(image, room, constant_values=128) for image, room in zip(images, rooms, strict=True)]
    return np.concatenate(padded, axis=1)
