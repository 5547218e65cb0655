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
    """Photos next to each other, cut to the height of the lowest."""
    height = min(len(image) for image in images)
    return np.concatenate([image[:height] for image in images], axis=1)
