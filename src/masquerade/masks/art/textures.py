"""Dye, print and shrink the built-in fabrics; what was made is kept for the next face."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from masquerade.geometry import opencv
from masquerade.image import read_image
from masquerade.masks.art.canvas import ROWS, SIDE
from masquerade.masks.art.fabrics import FABRICS
from masquerade.masks.art.patterns import printed
from masquerade.masks.types import Kind, Pattern, rgb

Floats = NDArray[np.float32]
SIDES = (512, 256, 128, 64)
"""Sides in which textures are kept."""


@dataclass(frozen=True, slots=True, eq=False)
class _Fabric:
    relief: Floats
    dye: Floats
    own: Floats
    alpha: Floats


@lru_cache(maxsize=2 * len(FABRICS))
def _fabric(kind: Kind, gathered: bool) -> _Fabric:
    canvas = FABRICS[kind]()
    if gathered and kind not in ("n95", "gas"):
        on_fabric = (canvas.t < 1).astype(np.float32)
        canvas.height += (9.0 * canvas.noise(60, 7) + 5.0 * canvas.noise(26, 12)) * on_fabric
    return _Fabric(canvas.relief(), canvas.dye, canvas.own, canvas.alpha)


@lru_cache(maxsize=64)
def _full(kind: Kind, gathered: bool, colour: str, pattern: Pattern, intensity: float) -> NDArray[np.uint8]:
    fabric = _fabric(kind, gathered)
    dyed = np.empty((SIDE, SIDE, 3), np.float32)
    dyed[:] = rgb(colour)
    if pattern.name == "texture":
        assert pattern.texture is not None  # noqa: S101 - checked when the plan was made
        dyed[:ROWS] = _picture(pattern.texture, pattern.scale)
    elif pattern.name != "plain":
        ink = printed(pattern)[..., None]
        dyed += (np.array(rgb(pattern.colour), np.float32) - dyed) * ink
    colours = fabric.own + (dyed - fabric.own) * (fabric.dye * intensity)[..., None]
    colours *= fabric.relief[..., None]
    # Colours are multiplied by alpha, so that whatever is mixed later has no fringe.
    np.clip(colours, 0, 255, out=colours)
    colours *= fabric.alpha[..., None]
    return np.dstack([colours, fabric.alpha * 255]).round().astype(np.uint8)


@lru_cache(maxsize=32)
def _picture(path: str, scale: float) -> Floats:
    """A texture file, laid over the fabric as tiles."""
    cv2 = opencv()
    picture = read_image(path)
    width = max(8, round(SIDE / 2 * scale))
    height = max(8, round(width * picture.shape[0] / picture.shape[1]))
    tile = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    across, down = -(-SIDE // width), -(-ROWS // height)
    return np.tile(tile, (down, across, 1))[:ROWS, :SIDE].astype(np.float32)


@lru_cache(maxsize=2048)
def texture(
    kind: Kind, gathered: bool, colour: str, pattern: Pattern, intensity: float, side: int
) -> NDArray[np.uint8]:
    """A mask's texture.

    Args:
        kind: kind of mask.
        gathered: whether the fabric lies in folds, as under a chin.
        colour: ``#rrggbb``.
        pattern: what is printed on it.
        intensity: 0 leaves the kind's own fabric, 1 gives it colour and pattern in full.
        side: one of ``SIDES``.

    Returns:
        (side, side, 4) uint8: red, green, blue times alpha, and alpha. Read-only.
    """
    full = _full(kind, gathered, colour, pattern, intensity)
    if side != SIDE:
        cv2 = opencv()
        full = np.asarray(cv2.resize(full, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
    full.flags.writeable = False
    return full
