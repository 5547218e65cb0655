"""Near-duplicate photos: the same picture at another size, crop or quality, and shots of one series.

A photo's perceptual hash is the sign pattern of the low frequencies of its cosine transform
(Zauner, "Implementation and benchmarking of perceptual image hash functions", 2010).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from masquerade.image import read_image

SIDE = 32
LOW = 8
DISTANCE = 10
"""Two photos are near-duplicates when at most this many of 64 bits differ."""


def perceptual_hash(image: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Hash a picture (height, width, 3) into 64 bits: which low frequencies lie above their median."""
    import cv2

    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(small)[:LOW, :LOW].ravel()
    return np.asarray(low > np.median(low[1:]), np.bool_)


def photo_hashes(image: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """The hashes of a picture and of its mirror image, (2, 64)."""
    return np.stack([perceptual_hash(image), perceptual_hash(np.ascontiguousarray(image[:, ::-1]))])


def hash_files(paths: Iterable[Path]) -> NDArray[np.bool_]:
    """Hash files: (n, 2, 64), the second row of each the mirror image's."""
    return np.array([photo_hashes(read_image(path)) for path in paths], np.bool_).reshape(-1, 2, LOW * LOW)


def group(hashes: NDArray[np.bool_], distance: int = DISTANCE) -> NDArray[np.intp]:
    """Put near-duplicates, and near-duplicates of those, into one group.

    Args:
        hashes: (n, 2, 64) bool as ``hash_files`` gives.
        distance: largest Hamming distance of near-duplicates, mirrored ones included.

    Returns:
        (n,) for each photo the smallest index of its group.
    """
    parent = np.arange(len(hashes))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = int(parent[index])
        return index

    signs = np.where(hashes, 1, -1).astype(np.float32)
    for index in range(len(hashes) - 1):
        # +1 for equal bits, -1 for others: the product counts the difference.
        differing = (LOW * LOW - signs[index + 1 :, 0] @ signs[index].T) / 2
        for other in np.flatnonzero(differing.min(axis=1) <= distance) + index + 1:
            first, second = sorted((root(index), root(int(other))))
            parent[second] = first
    return np.array([root(index) for index in range(len(hashes))], np.intp)
