"""Masks on small aligned crops with landmarks at hand, fast enough to be drawn anew while a network trains.

The plan is the same as for photos; the mask is divided more coarsely, the light is asked of fewer landmarks, and the
shadow and the camera's traces, which a crop of a hundred pixels hardly shows, are left out. A batch is drawn at once:
the parts of all crops that their masks cover lie below each other on one canvas, so that each step is done once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from masquerade.errors import PlanInvalid
from masquerade.geometry import opencv
from masquerade.masks.art import texture
from masquerade.masks.drawing import CHANCES, Choice, mask_by
from masquerade.masks.light import Light, dye_of, read_lights, shades
from masquerade.masks.placing import affine_of, placed, rig
from masquerade.masks.raster import rasterise
from masquerade.masks.rendering import SHADE_RANGE, nudge_matrix
from masquerade.masks.sheets import COARSE
from masquerade.masks.types import MaskPlan

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]

ASKED = 6
"""Each so manyth landmark is asked for the light."""
FAINT = 0.01
"""Veil below which it is left out."""
SIDE, LOW_SIDE = 128, 64
"""Sides of the textures: of masks worn right, and of those worn low, whose fabric is pushed together."""
TOGETHER = 16
"""Crops that are drawn at once."""
GAP = 2
"""Rows between two crops' parts, so that no blur reaches from one to the other."""


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """What one mask covers of its crop, and where that lies on the canvas.

    Attributes:
        index: of the crop.
        area: rows and columns of the crop.
        spot: rows and columns of the canvas.
        light: the light on the face, with the plan's own factor.
    """

    index: int
    area: tuple[slice, slice]
    spot: tuple[slice, slice]
    light: Light


def mask_crops(crops: Bytes, landmarks: Floats, masks: Sequence[MaskPlan]) -> tuple[Bytes, Bytes]:
    """Put one built-in mask onto the face of each crop.

    Alone or in another batch a crop comes out the same but for a grey level here and there.

    Args:
        crops: (n, height, width, 3) uint8 RGB, aligned, about a hundred pixels a side; not changed.
        landmarks: (n, 468, 3) float32 in pixels of each crop, z in the same scale.
        masks: what to draw on each; their ``face`` does not matter.

    Returns:
        The crops with masks, and how much of each pixel the mask covers: (n, height, width) uint8.

    Raises:
        PlanInvalid: the lengths differ, or a mask is one of a library.
    """
    if not len(crops) == len(landmarks) == len(masks):
        raise PlanInvalid(f"expected as many landmarks and masks as crops, got {len(landmarks)}, {len(masks)}")
    if any(mask.entry is not None for mask in masks):
        raise PlanInvalid("entry: masks of a library are not drawn on crops", hint="use apply")
    result, alphas = crops.copy(), np.zeros(crops.shape[:3], np.uint8)
    landmarks = np.asarray(landmarks, np.float32)
    for start in range(0, len(crops), TOGETHER):
        some = slice(start, start + TOGETHER)
        _draw(result[some], alphas[some], landmarks[some], masks[some])
    return result, alphas


def mask_crop(crop: Bytes, landmarks: Floats, mask: MaskPlan) -> tuple[Bytes, Bytes]:
    """Put one mask onto one crop (height, width, 3), see ``mask_crops``; gives the crop and (height, width) alpha."""
    crops, alphas = mask_crops(crop[None], np.asarray(landmarks)[None], (mask,))
    return crops[0], alphas[0]


def masked_crops(
    crops: Bytes, landmarks: Floats, seeds: Sequence[tuple[int, ...]], choice: Choice
) -> tuple[Bytes, list[MaskPlan]]:
    """Draw masks by chance and put them on: for data loaders.

    Args:
        crops: see ``mask_crops``.
        landmarks: see ``mask_crops``.
        seeds: numbers that name each draw, such as the run's seed, the epoch and the item's index: whichever worker
            draws it, the mask is the same.
        choice: what may be drawn.

    Returns:
        The crops with masks, and their plans.
    """
    plans = [plan_of(seed, choice) for seed in seeds]
    return mask_crops(crops, landmarks, plans)[0], plans


def masked_crop(crop: Bytes, landmarks: Floats, seed: tuple[int, ...], choice: Choice) -> tuple[Bytes, MaskPlan]:
    """Draw one mask by chance and put it onto one crop, see ``masked_crops``."""
    crops, plans = masked_crops(crop[None], np.asarray(landmarks)[None], [seed], choice)
    return crops[0], plans[0]


def plan_of(seed: tuple[int, ...], choice: Choice) -> MaskPlan:
    """The mask that numbers stand for, such as a run's seed, an epoch and an item's index."""
    return mask_by(_chances(seed), 0, choice)


def _chances(seed: tuple[int, ...]) -> list[float]:
    """Numbers from 0 to 1 that depend on the seed alone; a generator takes longer to seed than a mask to draw."""
    digest = hashlib.blake2b(repr(tuple(map(int, seed))).encode(), digest_size=4 * CHANCES).digest()
    numbers: list[float] = (np.frombuffer(digest, "<u4") / 2**32).tolist()
    return numbers


def _draw(crops: Bytes, alphas: Bytes, landmarks: Floats, masks: Sequence[MaskPlan]) -> None:
    """Draw masks into crops and alphas."""
    lights = read_lights(crops, landmarks, every=ASKED)
    affines = affine_of(landmarks)
    height, width = crops.shape[1:3]
    rows, columns = 0, 0
    parts: list[_Part] = []
    corners, values, triangles, pictures = [], [], [], []
    count = 0
    for index, mask in enumerate(masks):
        ready = rig(mask.kind, mask.worn, COARSE)
        points = placed(ready, landmarks[index], affines[index], nudge_matrix(mask.nudge))
        low, high = np.minimum.reduce(points).tolist(), np.maximum.reduce(points).tolist()
        x0, y0 = max(0, int(low[0]) - 1), max(0, int(low[1]) - 1)
        x1, y1 = min(width, int(high[0]) + 3), min(height, int(high[1]) + 3)
        if x1 - x0 < 2 or y1 - y0 < 2:
            continue
        # What lies below the crop would lie on the next one's part: it is left out, or given room.
        seen, lowest = ready.sheet.triangles, high[1]
        if lowest > height:
            down = points[seen, 1]
            within = down.min(axis=1) < height
            seen, lowest = seen[within], float(down[within].max())
        points[:, 0] -= x0
        points[:, 1] += rows - y0
        side = SIDE if mask.worn == "correctly" else LOW_SIDE
        value = np.empty((len(points), 3), np.float32)
        value[:, 0] = ready.uv[:, 0] * (side / SIDE)
        value[:, 1] = (ready.uv[:, 1] * (side / SIDE) + len(parts)) * (1 / TOGETHER)
        value[:, 2] = shades(lights[index], ready.normals) * np.float32(1 / SHADE_RANGE)
        corners.append(points)
        values.append(value)
        triangles.append(seen + np.int32(count))
        count += len(points)
        light = lights[index]
        pictures.append(_texture(mask, side, light))
        light = Light(light.white * np.float32(mask.light), light.slope, light.veil, light.skin)
        spot = slice(rows, rows + y1 - y0), slice(0, x1 - x0)
        parts.append(_Part(index, (slice(y0, y1), slice(x0, x1)), spot, light))
        rows, columns = rows + max(y1, int(lowest) + 1) - y0 + GAP, max(columns, x1 - x0)
    if parts:
        drawn = rasterise(np.concatenate(corners), np.concatenate(values), np.concatenate(triangles), (columns, rows))
        _blend(crops, alphas, parts, _lit(*drawn, np.concatenate(pictures), parts))


def _texture(mask: MaskPlan, side: int, light: Light) -> Bytes:
    """The mask's texture in a slot of (SIDE, SIDE, 4)."""
    dyed = dye_of(mask.colour, light)
    picture = texture(mask.kind, mask.worn != "correctly", dyed, mask.pattern, mask.intensity, side)
    if side == SIDE:
        return picture
    slot = np.zeros((SIDE, SIDE, 4), np.uint8)
    slot[:side, :side] = picture
    return slot


def _lit(maps: Floats, drawn: NDArray[np.bool_], pictures: Bytes, parts: list[_Part]) -> Bytes:
    """The canvas with all masks: (rows, columns, 4) uint8, colours times alpha."""
    cv2 = opencv()
    across, down, shade = cv2.split(maps)
    across *= np.float32(SIDE)
    down *= np.float32(SIDE * TOGETHER)
    seen = cv2.remap(pictures, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    factors = np.zeros((len(maps), 3), np.float32)
    for part in parts:
        factors[part.spot[0]] = part.light.white * np.float32(SHADE_RANGE * (1 - part.light.veil))
    gains = [shade * factors[:, channel, None] for channel in range(3)]
    lit = cv2.multiply(seen, cv2.merge([*gains, drawn.astype(np.float32)]), dtype=cv2.CV_8U)
    return np.asarray(cv2.GaussianBlur(lit, (3, 3), 0.6), np.uint8)


def _blend(crops: Bytes, alphas: Bytes, parts: list[_Part], lit: Bytes) -> None:
    """Lay the masks of the canvas over their crops."""
    cv2 = opencv()
    below = np.zeros((*lit.shape[:2], 3), np.uint8)
    for part in parts:
        below[part.spot] = crops[(part.index, *part.area)]
    cover = cv2.extractChannel(lit, 3)
    kept = cv2.multiply(below, cv2.cvtColor(255 - cover, cv2.COLOR_GRAY2RGB), scale=1 / 255)
    mixed = cv2.add(kept, cv2.cvtColor(lit, cv2.COLOR_RGBA2RGB))
    for part in parts:
        here = mixed[part.spot]
        if part.light.veil > FAINT:
            veil = cv2.cvtColor(np.ascontiguousarray(cover[part.spot]), cv2.COLOR_GRAY2RGB)
            here = cv2.addWeighted(here, 1, veil, part.light.veil, 0)
        crops[(part.index, *part.area)] = here
        alphas[(part.index, *part.area)] = cover[part.spot]
