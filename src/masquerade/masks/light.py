"""How the light falls on a face, read from its skin, so that a mask can take it on.

Brightness of the skin at the landmarks is fitted by Lambert's law over the normals of the mean face (as in
Basri and Jacobs, "Lambertian reflectance and linear subspaces", IEEE TPAMI 25(2), 2003, first order): the fit tells
from which side the light comes. How bright white cloth would be is a guess from the skin's own brightness, which says
little of a dark skin, and the brightest places around the face, which say little of a dark room; its constants are
fitted to light masks on real photos (``benchmarks/mask_light.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masquerade.faces.pose import mean_face
from masquerade.faces.topology import BROWS, LEFT_EYE, LIPS, RIGHT_EYE, mesh_triangles, vertex_normals
from masquerade.masks.types import SKIN

Floats = NDArray[np.float32]

GAMMA = 2.2
LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
FRONT = np.array([1, 0, 0, -1], np.float32)
"""The normal towards the viewer, with a one before it."""
RIDGE = 4.0
"""How strongly the fit is held to even light, in landmarks."""
SIDE_YAW = 25.0
"""Degrees from which on the far half of the face is not asked."""
SKIN_CHROMA = np.array([1.5, 0.9, 0.62], np.float32)
"""Linear colour of skin in white light, relative to its luminance; the mean over light and dark skin."""
WHITE, BY_SKIN, BY_BRIGHT = 1.41, 0.37, 0.17
"""White cloth is as bright as this factor times powers of the skin and of the brightest places around, all linear."""
CAST = 0.16
"""How much of the skin's deviation from ``SKIN_CHROMA`` is put down to the light; white masks follow it little."""

DYE_STEP = 6
"""Grey levels to which the dye of a skin-coloured mask is rounded."""


@dataclass(frozen=True, slots=True, eq=False)
class Light:
    """The light on a face.

    Attributes:
        white: (3,) float32 in 0 to 1, display values that white cloth has when it faces the viewer.
        slope: (4,) float32: linear brightness of a normal (with a one before it) in the space of the mean face,
            relative to a normal towards the viewer.
        veil: 0 to 1, display value of the darkest places.
        skin: (3,) float32 in 0 to 1, display values of the skin.
    """

    white: Floats
    slope: Floats
    veil: float
    skin: Floats


@lru_cache(maxsize=1)
def _decode() -> Floats:
    """Linear brightness of the 256 display values."""
    return np.asarray((np.arange(256, dtype=np.float32) / 255) ** GAMMA, np.float32)


def skin_landmarks(half: int) -> NDArray[np.intp]:
    """Skin landmarks that face the viewer, of the whole face (0) or its right (1) or left (-1) half."""
    face = mean_face()
    skin = np.ones(468, np.bool_)
    skin[[*LIPS, *RIGHT_EYE, *LEFT_EYE, *BROWS]] = False
    skin &= _normals()[:, 2] < -0.1
    if half:
        skin &= face[:, 0] * half > -0.15
    return np.flatnonzero(skin)


@lru_cache(maxsize=1)
def _normals() -> NDArray[np.float64]:
    return vertex_normals(mean_face(), mesh_triangles())


def lambert_fit(index: NDArray[np.intp]) -> NDArray[np.float64]:
    """The matrix (4, k) that fits Lambert's law to what is seen at landmarks (k,)."""
    design = np.concatenate([np.ones((len(index), 1)), _normals()[index]], axis=1)
    held = design.T @ design + np.diag([0, RIDGE, RIDGE, RIDGE])
    return np.linalg.solve(held, design.T)


def seen_half(yaw: float) -> int:
    """Which half of a face is to be asked at a yaw in degrees: 0 for all of it, else see ``skin_landmarks``."""
    return 0 if abs(yaw) < SIDE_YAW else (-1 if yaw > 0 else 1)


@lru_cache(maxsize=6)
def _fitter(half: int, every: int) -> tuple[NDArray[np.intp], Floats]:
    """Each ``every``-th of the skin landmarks, and the matrix (4, k) that fits them."""
    index = skin_landmarks(half)[::every]
    return index, lambert_fit(index).astype(np.float32)


def read_light(image: NDArray[np.uint8], landmarks: Floats, yaw: float = 0.0) -> Light:
    """Read the light on one face.

    Args:
        image: (height, width, 3) uint8 RGB, the face and what is around it; a part of the picture is enough.
        landmarks: (468, 3) in pixels of that picture.
        yaw: degrees, to leave out the half of the face that is turned away.
    """
    return _lights(image[None], landmarks[None], _fitter(seen_half(yaw), 1), 8)[0]


def read_lights(images: NDArray[np.uint8], landmarks: Floats, every: int = 1) -> list[Light]:
    """Read the light on faces that look ahead, faster, in pictures of one size.

    Args:
        images: (n, height, width, 3) uint8 RGB.
        landmarks: (n, 468, 3) in pixels of each.
        every: ask each so manyth landmark alone.
    """
    return _lights(images, landmarks, _fitter(0, every), 16)


def _lights(
    images: NDArray[np.uint8], landmarks: Floats, fitter: tuple[NDArray[np.intp], Floats], step: int
) -> list[Light]:
    """Read the light; the surroundings are looked at in each so manyth pixel."""
    index, fit = fitter
    count, height, width = images.shape[:3]
    places = np.maximum(np.minimum(landmarks[:, index, :2], (width - 1, height - 1)), 0).astype(np.intp)
    coefficients = fit @ _decode()[images[np.arange(count)[:, None], places[..., 1], places[..., 0]]]
    skin = np.maximum(FRONT @ coefficients, np.float32(1e-3))
    luminance = skin @ LUMA
    slopes = (coefficients @ LUMA) / luminance[:, None]
    around = np.sort(images[:, ::step, ::step, 1].reshape(count, -1), axis=1)
    brightest, darkest = (_decode()[around[:, int(part * (around.shape[1] - 1))]] for part in (0.96, 0.02))
    veils = np.minimum(0.12, 0.7 * darkest ** (1 / GAMMA)).tolist()
    whites, skins = _white(skin, luminance, brightest), skin ** np.float32(1 / GAMMA)
    return [Light(*parts) for parts in zip(whites, slopes, veils, skins, strict=True)]


def white_level(
    skin: NDArray[Any], bright: NDArray[Any], constants: tuple[float, float, float] = (WHITE, BY_SKIN, BY_BRIGHT)
) -> NDArray[Any]:
    """Linear brightness of white cloth, from that of the skin and of the brightest places around it."""
    factor, by_skin, by_bright = constants
    guess = factor * skin**by_skin * np.maximum(bright, 1e-3) ** by_bright
    return np.asarray(np.minimum(np.minimum(np.maximum(guess, 1.25 * skin), 12 * skin), 1))


def _white(skin: Floats, luminance: Floats, brightest: Floats) -> Floats:
    """Display values (n, 3) of white cloth, from linear skin (n, 3), its luminance and the brightest places (n,)."""
    level = white_level(luminance, brightest)
    cast = np.maximum(np.minimum(skin / luminance[:, None] / SKIN_CHROMA, 2.5), 0.4) ** CAST
    cast = np.maximum(np.minimum(cast / (cast @ LUMA)[:, None], 1.3), 0.75)
    return np.asarray(np.minimum(level[:, None] * cast, 1) ** (1 / GAMMA), np.float32)


def shades(light: Light, normals: Floats) -> Floats:
    """Brightness (n,) in display values, relative to the front, of normals (n, 4) with a one before them."""
    return np.asarray(np.maximum(np.minimum(normals @ light.slope, 1.7), 0.18) ** np.float32(1 / GAMMA), np.float32)


def dye_of(colour: str, light: Light) -> str:
    """The colour ``#rrggbb`` of a fabric; ``skin`` is the dye that looks in this light as the skin does.

    It is rounded to ``DYE_STEP``, so that textures are made once for faces that are much alike.
    """
    if colour != SKIN:
        return colour
    veil = np.float32(light.veil)
    dye = (light.skin - veil) / np.maximum(light.white * (1 - veil), np.float32(0.02)) * 255
    levels = np.clip(np.round(dye / DYE_STEP) * DYE_STEP, 0, 255).astype(int).tolist()
    return "#{:02x}{:02x}{:02x}".format(*levels)


def relit(light: Light, skin: Floats, mask: Floats) -> Light:
    """The light for a mask cut out of a photo, which has been lit already.

    Only what differs between the two skins is made up for, and of their colours little.

    Args:
        light: the light on the face that gets the mask.
        skin: (3,) display values in 0 to 1 of the skin in the mask's own photo.
        mask: (3,) mean display values of the mask there; it becomes no brighter than white cloth.
    """
    skin = np.maximum(skin, np.float32(0.02))
    luminance = float(light.skin @ LUMA) / float(skin @ LUMA)
    colour = ((light.skin / skin) / luminance) ** np.float32(CAST)
    brightest = float(light.white.max()) / max(float(mask.max()), 0.1)
    gain = np.maximum(np.minimum(luminance * colour, brightest), 0.4)
    return Light(np.asarray(gain, np.float32), np.array([1, 0, 0, 0], np.float32), 0.0, light.skin)
