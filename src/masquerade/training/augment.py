"""Random views of stored crops for the wearing network. Draws come from one generator, so a run repeats."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from masquerade.training.wearing_data import CROP, MARGIN
from masquerade.wearing.crops import MARGIN as NETWORK_MARGIN

STORED = 1 + 2 * MARGIN
SEEN = 1 + 2 * NETWORK_MARGIN


def view(crop: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """The plain view: what the product's network sees of the face, (size, size, 3)."""
    return _warp(crop, size, 1.0, 0.0, (0.0, 0.0), False)


def random_view(crop: NDArray[np.uint8], size: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A random view (size, size, 3): scale, shift, turn, mirror; light and colour; blur, noise, JPEG; erased spots."""
    scale = float(np.exp(rng.uniform(-0.18, 0.16)))
    shift = (float(rng.uniform(-0.09, 0.09)), float(rng.uniform(-0.09, 0.09)))
    image = _warp(crop, size, scale, float(rng.normal(0, 8)), shift, bool(rng.random() < 0.5))
    image = _degrade(image, rng)
    return _erase(_light(image, rng), rng)


def _warp(
    crop: NDArray[np.uint8], size: int, scale: float, degrees: float, shift: tuple[float, float], mirror: bool
) -> NDArray[np.uint8]:
    factor = scale * size / CROP * STORED / SEEN
    matrix = cv2.getRotationMatrix2D((0.0, 0.0), degrees, factor)
    if mirror:
        matrix[:, 0] *= -1
    centre = np.array([(CROP - 1) / 2, (CROP - 1) / 2])
    matrix[:, 2] = (size - 1) / 2 + np.array(shift) * size - matrix[:, :2] @ centre
    border = (127, 127, 127)
    return np.asarray(cv2.warpAffine(crop, matrix, (size, size), flags=cv2.INTER_LINEAR, borderValue=border), np.uint8)


def _light(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    values = image.astype(np.float32)
    if rng.random() < 0.15:
        values[:] = values.mean(axis=2, keepdims=True)
    values *= rng.uniform(0.85, 1.15, 3).astype(np.float32)  # colour cast
    mean = values.mean()
    contrast, brightness = rng.uniform(0.6, 1.4), rng.uniform(-40, 40)
    values = (values - mean) * np.float32(contrast) + np.float32(mean + brightness)
    return np.clip(values, 0, 255).astype(np.uint8)


def _degrade(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    size = len(image)
    if rng.random() < 0.4:  # as if the face had been small
        side = int(rng.uniform(20, size))
        small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
        image = np.asarray(cv2.resize(small, (size, size), interpolation=cv2.INTER_LINEAR), np.uint8)
    if rng.random() < 0.2:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.6)), np.uint8)
    if rng.random() < 0.2:
        noise = rng.normal(0, rng.uniform(2, 12), image.shape)
        image = np.clip(image + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.2:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.uniform(20, 80))]
        image = np.asarray(cv2.imdecode(cv2.imencode(".jpg", image, quality)[1], cv2.IMREAD_COLOR), np.uint8)
    return image


def _erase(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Hide a spot of the upper half or the rim, where it cannot change the label."""
    if rng.random() < 0.2:
        size = len(image)
        width, height = rng.integers(size // 10, size // 4, 2)
        x, y = rng.integers(0, size - width), rng.integers(0, size // 3)
        image[y : y + height, x : x + width] = rng.integers(0, 256, 3)
    return image
