"""What the camera did to the picture - blur, noise, JPEG - and how to do the same to a mask."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from masquerade.geometry import opencv

Floats = NDArray[np.float32]

FINE, COARSE = 0.8, 1.6
"""Standard deviations of the two blurs whose effects are compared, in pixels."""
CRISP = 0.55
"""Blur of a drawing without any: that of its pixels."""
ROUNDING = 1 / 12
"""Variance that whole grey levels add."""
MAX_BLUR, MAX_NOISE = 3.0, 14.0
BLOCK, COLOUR_BLOCK = 8, 16
GRAINY = 1.12
"""Contrast across the borders of JPEG's blocks, relative to the contrast elsewhere, from which on they are seen."""


@dataclass(frozen=True, slots=True)
class Finish:
    """Traces of the camera in a picture.

    Attributes:
        blur: standard deviation of the blur that a crisp drawing needs to look alike, in pixels.
        noise: standard deviation of the noise, in grey levels.
        quality: JPEG quality that leaves blocks alike; 100 for none.
    """

    blur: float
    noise: float
    quality: int


def read_finish(image: NDArray[np.uint8], corner: tuple[int, int] = (0, 0)) -> Finish:
    """Read the traces of the camera on a face.

    Args:
        image: (height, width, 3) uint8 RGB: the eyes and what is around them.
        corner: where it starts in the whole picture, to find the blocks.
    """
    cv2 = opencv()
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    if min(grey.shape) < 2 * BLOCK:
        return Finish(0.0, 0.0, 100)
    laplacian = cv2.filter2D(grey, -1, np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32))
    # Immerkaer, "Fast noise variance estimation", CVIU 64(2), 1996, with a median instead of the mean.
    noise = 1.4826 * float(np.median(np.abs(laplacian))) / 6
    once, twice = cv2.GaussianBlur(grey, (0, 0), FINE), cv2.GaussianBlur(grey, (0, 0), COARSE)
    # White noise loses about 0.7 of its power in the first blur.
    fine = max(0.0, float(np.mean((grey - once) ** 2)) - 0.7 * (noise**2 + ROUNDING))
    coarse = float(np.mean((once - twice) ** 2)) + 1e-3
    blurs, ratios = _ratios()
    found = float(np.interp(-fine / coarse, -ratios, blurs))
    return Finish(min(MAX_BLUR, max(0.0, found**2 - CRISP**2) ** 0.5), min(MAX_NOISE, noise), _quality(grey, corner))


@lru_cache(maxsize=1)
def _ratios() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What the first blur takes from an edge over what the second takes, for edges blurred before by so much.

    Between edges blurred by a and b lies the energy (sqrt(2 (a^2 + b^2)) - a - b) / sqrt(pi).
    """
    before = np.linspace(0.3, 4.0, 75)
    steps = [np.hypot(before, blur) for blur in (0.0, FINE, COARSE)]
    energies = [np.sqrt(2 * (a**2 + b**2)) - a - b for a, b in pairwise(steps)]
    return before, energies[0] / energies[1]


def _quality(grey: Floats, corner: tuple[int, int]) -> int:
    """Guess JPEG's quality from the contrast across the borders of its blocks."""
    across, down = np.abs(np.diff(grey, axis=1)), np.abs(np.diff(grey, axis=0))
    columns = (np.arange(across.shape[1]) + 1 + corner[0]) % BLOCK == 0
    rows = (np.arange(down.shape[0]) + 1 + corner[1]) % BLOCK == 0
    if not columns.any() or not rows.any():
        return 100
    borders = float(np.minimum(across[:, columns], 30).mean() + np.minimum(down[rows], 30).mean())
    inner = float(np.minimum(across[:, ~columns], 30).mean() + np.minimum(down[~rows], 30).mean())
    blocky = borders / (inner + 0.2)
    if blocky < GRAINY:
        return 100
    return int(np.clip(92 - 110 * (blocky - GRAINY), 30, 92))


def grain(image: NDArray[np.uint8], quality: int, corner: tuple[int, int]) -> NDArray[np.uint8]:
    """Compress a part of a picture, starting at ``corner`` of the whole, as a JPEG of the whole would be."""
    if quality >= 100:
        return image
    cv2 = opencv()
    left, top = corner[0] % COLOUR_BLOCK, corner[1] % COLOUR_BLOCK
    padded = cv2.copyMakeBorder(image, top, 0, left, 0, cv2.BORDER_REPLICATE)
    _, code = cv2.imencode(".jpg", padded[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR)[top:, left:, ::-1], np.uint8)
