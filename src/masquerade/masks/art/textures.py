"""Dye, print and shrink the built-in fabrics; what was made is kept for the next face."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from masquerade.geometry import opencv
from masquerade.image import read_image
from masquerade.masks.art.canvas import SIDE
from masquerade.masks.art.fabrics import FABRICS
from masquerade.masks.art.patterns import printed, window
from masquerade.masks.types import Kind, Pattern, rgb

Floats = NDArray[np.float32]
SIDES = (512, 256, 128, 64)
"""Sides in which textures are kept."""
SMALL = 128
"""Largest side of which many are kept."""
FOIL, GLOSS = 0.07, 240.0
"""Alpha of a clear window where it does not shine, and the grey level of its shine."""


@dataclass(frozen=True, slots=True, eq=False)
class _Fabric:
    relief: Floats
    dye: Floats
    own: Floats
    alpha: Floats


@lru_cache(maxsize=2 * len(FABRICS))
def _drawn(kind: Kind, gathered: bool) -> _Fabric:
    canvas = FABRICS[kind]()
    if gathered and kind not in ("n95", "gas"):
        on_fabric = (canvas.t < 1).astype(np.float32)
        canvas.height += (4.5 * canvas.noise(60, 8) + 4.0 * canvas.noise(22, 13)) * on_fabric
    return _Fabric(canvas.relief(), canvas.dye, canvas.own, canvas.alpha)


@lru_cache(maxsize=2 * len(SIDES) * len(FABRICS))
def _fabric(kind: Kind, gathered: bool, side: int) -> _Fabric:
    whole = _drawn(kind, gathered)
    return _Fabric(*(_shrunk(part, side) for part in (whole.relief, whole.dye, whole.own, whole.alpha)))


def _shrunk(picture: Floats, side: int) -> Floats:
    cv2 = opencv()
    return np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA), np.float32)


@lru_cache(maxsize=256)
def _ink(pattern: Pattern, side: int) -> Floats:
    return _shrunk(printed(pattern), side)[..., None]


@lru_cache(maxsize=16)
def _clear(pattern: Pattern, side: int) -> Floats:
    return _shrunk(window(pattern), side)


@lru_cache(maxsize=64)
def _picture(path: str, scale: float, side: int) -> Floats:
    """A texture file, laid over the fabric as tiles: (side, side, 3)."""
    cv2 = opencv()
    picture = read_image(path)
    width = max(8, round(SIDE / 2 * scale))
    height = max(8, round(width * picture.shape[0] / picture.shape[1]))
    tile = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    tiles = np.tile(tile, (-(-SIDE // height), -(-SIDE // width), 1))[:SIDE, :SIDE]
    return _shrunk(tiles.astype(np.float32), side)


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
    kept = _small if side <= SMALL else _large
    return kept(kind, gathered, colour, pattern, intensity, side)


def _made(kind: Kind, gathered: bool, colour: str, pattern: Pattern, intensity: float, side: int) -> NDArray[np.uint8]:
    fabric = _fabric(kind, gathered, side)
    dyed = np.empty((side, side, 3), np.float32)
    dyed[:] = rgb(colour)
    if pattern.name == "texture":
        assert pattern.texture is not None  # noqa: S101 - checked when the plan was made
        dyed = _picture(pattern.texture, pattern.scale, side)
    elif pattern.name != "plain":
        plain = Pattern(pattern.name, scale=pattern.scale, angle=pattern.angle)
        dyed += (np.array(rgb(pattern.colour), np.float32) - dyed) * _ink(plain, side)
    colours = fabric.own + (dyed - fabric.own) * (fabric.dye * np.float32(intensity))[..., None]
    colours *= fabric.relief[..., None]
    np.clip(colours, 0, 255, out=colours)
    alpha = fabric.alpha
    if pattern.name == "window":
        colours, alpha = _glazed(colours, alpha, pattern, side)
    # Colours are multiplied by alpha, so that whatever is mixed later has no fringe.
    colours *= alpha[..., None]
    full = np.dstack([colours, alpha * 255]).round().astype(np.uint8)
    full.flags.writeable = False
    return full


def _glazed(colours: Floats, alpha: Floats, pattern: Pattern, side: int) -> tuple[Floats, Floats]:
    """Colours (side, side, 3) and alpha with a clear part: foil that hides little, and shines in places."""
    clear = _clear(Pattern("window", scale=pattern.scale), side)
    across = (
        np.linspace(-1, 1, side, dtype=np.float32)[None] + 0.5 * np.linspace(-1, 1, side, dtype=np.float32)[:, None]
    )
    gloss = 0.3 * np.exp(-(((across + 0.45) / 0.07) ** 2)) + 0.16 * np.exp(-(((across - 0.1) / 0.04) ** 2))
    foil = FOIL + gloss
    colours = colours + (np.float32(GLOSS) - colours) * clear[..., None]
    return colours, np.asarray(alpha * (1 - clear * (1 - foil)), np.float32)


# At most 130 MB of small ones, for crops, and 100 MB of large ones.
_small = lru_cache(maxsize=2048)(_made)
_large = lru_cache(maxsize=96)(_made)
