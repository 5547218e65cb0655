"""Masks on small aligned crops with landmarks at hand, fast enough to be drawn anew while a network trains.

The plan is the same as for photos; the mask is divided more coarsely, the light is asked of fewer landmarks, and the
shadow and the camera's traces, which a crop of a hundred pixels hardly shows, are left out.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from masquerade.geometry import opencv
from masquerade.masks.art import texture
from masquerade.masks.drawing import CHANCES, Choice, mask_by
from masquerade.masks.light import read_light, shades
from masquerade.masks.placing import place, rig
from masquerade.masks.raster import rasterise
from masquerade.masks.rendering import SHADE_RANGE, nudge_matrix
from masquerade.masks.sheets import COARSE
from masquerade.masks.types import MaskPlan

Floats = NDArray[np.float32]

ASKED = 6
"""Each so manyth landmark is asked for the light."""
FAINT = 0.01
"""Veil below which it is left out."""
SIDE, LOW_SIDE = 128, 64
"""Sides of the textures: of masks worn right, and of those worn low, whose fabric is pushed together."""


def mask_crop(
    crop: NDArray[np.uint8], landmarks: Floats, mask: MaskPlan
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Put one built-in mask onto the face of a small crop.

    Args:
        crop: (height, width, 3) uint8 RGB, aligned, about a hundred pixels a side; not changed.
        landmarks: (468, 3) float32 in pixels of the crop, z in the same scale.
        mask: what to draw; its ``face`` does not matter.

    Returns:
        The crop with the mask, and how much of each pixel the mask covers: (height, width) uint8.
    """
    cv2 = opencv()
    height, width = crop.shape[:2]
    result, alpha = crop.copy(), np.zeros((height, width), np.uint8)
    ready = rig(mask.kind, mask.worn, COARSE)
    light = read_light(crop, landmarks, every=ASKED)
    corners = place(ready, landmarks, nudge_matrix(mask.nudge))
    low, high = np.minimum.reduce(corners).tolist(), np.maximum.reduce(corners).tolist()
    x0, y0 = max(0, int(low[0]) - 1), max(0, int(low[1]) - 1)
    x1, y1 = min(width, int(high[0]) + 3), min(height, int(high[1]) + 3)
    if x1 - x0 < 2 or y1 - y0 < 2:
        return result, alpha
    values = np.empty((len(corners), 3), np.float32)
    values[:, :2] = ready.uv
    values[:, 2] = shades(light, ready.normals) * np.float32(1 / SHADE_RANGE)
    corners -= np.array([x0, y0, 0], np.float32)
    maps, drawn = rasterise(corners, values, ready.sheet.triangles, (x1 - x0, y1 - y0))
    side = SIDE if mask.worn == "correctly" else LOW_SIDE
    picture = texture(mask.kind, mask.worn != "correctly", mask.colour, mask.pattern, mask.intensity, side)
    across, down, shade = cv2.split(maps)
    across *= np.float32(side)
    down *= np.float32(side)
    seen = cv2.remap(picture, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    factors = (light.white * np.float32(SHADE_RANGE * mask.light * (1 - light.veil))).tolist()
    gain = cv2.merge([shade * factor for factor in factors] + [drawn.astype(np.float32)])
    lit = cv2.GaussianBlur(cv2.multiply(seen, gain, dtype=cv2.CV_8U), (3, 3), 0.6)
    cover = cv2.extractChannel(lit, 3)
    below = result[y0:y1, x0:x1]
    kept = cv2.multiply(below, cv2.cvtColor(255 - cover, cv2.COLOR_GRAY2RGB), scale=1 / 255)
    cv2.add(kept, cv2.cvtColor(lit, cv2.COLOR_RGBA2RGB), dst=kept)
    if light.veil > FAINT:
        kept = cv2.addWeighted(kept, 1, cv2.cvtColor(cover, cv2.COLOR_GRAY2RGB), light.veil, 0)
    below[:] = kept
    alpha[y0:y1, x0:x1] = cover
    return result, alpha


def masked_crop(
    crop: NDArray[np.uint8], landmarks: Floats, seed: tuple[int, ...], choice: Choice
) -> tuple[NDArray[np.uint8], MaskPlan]:
    """Draw a mask by chance and put it on: for data loaders.

    Args:
        crop: see ``mask_crop``.
        landmarks: see ``mask_crop``.
        seed: numbers that name this draw, such as the run's seed, the epoch and the item's index: whichever
            worker draws it, the mask is the same.
        choice: what may be drawn.

    Returns:
        The crop with the mask, and its plan.
    """
    # A generator of random numbers takes longer to seed than the mask to draw.
    digest = hashlib.blake2b(repr(seed).encode(), digest_size=4 * CHANCES).digest()
    plan = mask_by((np.frombuffer(digest, "<u4") / 2**32).tolist(), 0, choice)
    return mask_crop(crop, landmarks, plan)[0], plan
