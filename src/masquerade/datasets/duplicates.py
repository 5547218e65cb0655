"""Near-duplicate photos: the same picture at another size, crop or quality, and shots of one series.

A photo's perceptual hash is the sign pattern of the low frequencies of its cosine transform
(Zauner, "Implementation and benchmarking of perceptual image hash functions", 2010).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from masquerade.geometry import opencv
from masquerade.image import read_image

PHOTO_LOW, PHOTO_DISTANCE = 8, 10
"""Photos: 8 x 8 frequencies; near-duplicates differ in at most 10 of the 64 bits."""
FACE_LOW, FACE_DISTANCE = 16, 68
"""Aligned faces, which are all alike at first glance: 16 x 16 frequencies, at most 68 of 256 bits."""


def perceptual_hash(image: NDArray[np.uint8], low: int = PHOTO_LOW) -> NDArray[np.bool_]:
    """Hash a picture (height, width, 3) into ``low`` x ``low`` bits: which low frequencies lie above their median."""
    cv2 = opencv()
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (4 * low, 4 * low), interpolation=cv2.INTER_AREA).astype(np.float32)
    lowest = cv2.dct(small)[:low, :low].ravel()
    return np.asarray(lowest > np.median(lowest[1:]), np.bool_)


def both_hashes(image: NDArray[np.uint8], low: int = PHOTO_LOW) -> NDArray[np.bool_]:
    """The hashes of a picture and of its mirror image, (2, bits)."""
    return np.stack([perceptual_hash(image, low), perceptual_hash(np.ascontiguousarray(image[:, ::-1]), low)])


def hash_files(paths: Iterable[Path]) -> NDArray[np.bool_]:
    """Hash photos: (n, 2, 64), the second row of each the mirror image's."""
    return np.array([both_hashes(read_image(path)) for path in paths], np.bool_).reshape(-1, 2, PHOTO_LOW**2)


def group(hashes: NDArray[np.bool_], distance: int = PHOTO_DISTANCE) -> NDArray[np.intp]:
    """Put near-duplicates, and near-duplicates of those, into one group.

    Args:
        hashes: (n, 2, bits) bool as ``both_hashes`` gives.
        distance: largest Hamming distance of near-duplicates, mirrored ones included.

    Returns:
        (n,) for each picture the smallest index of its group.
    """
    links = []
    signs = np.where(hashes, 1, -1).astype(np.float32)
    for index in range(len(hashes) - 1):
        # +1 for equal bits, -1 for others: the product counts the difference.
        differing = (signs.shape[2] - signs[index + 1 :, 0] @ signs[index].T) / 2
        links += [(index, int(other)) for other in np.flatnonzero(differing.min(axis=1) <= distance) + index + 1]
    return join(len(hashes), links)


def join(count: int, links: Iterable[tuple[int, int]]) -> NDArray[np.intp]:
    """Join linked items: (count,) for each item the smallest index that it is linked to, over any number of steps."""
    parent = list(range(count))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    for one, other in links:
        first, second = sorted((root(one), root(other)))
        parent[second] = first
    return np.array([root(index) for index in range(count)], np.intp)
