"""One mask on one face: corners to pixels, texture, light, edges, traces of the camera."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from masquerade.faces.topology import closed_triangles
from masquerade.geometry import opencv
from masquerade.masks.art.textures import SIDES
from masquerade.masks.finish import Finish, grain
from masquerade.masks.light import Light, shades
from masquerade.masks.placing import Rig, affine_of, place
from masquerade.masks.raster import rasterise
from masquerade.masks.types import Nudge

Floats = NDArray[np.float32]

SHADE_RANGE = 2.0
"""Shades are spread over triangles as a share of this."""
SUNK = 0.1
"""How far the face is pushed back before it may hide a mask, in units of the mean face."""
SMALL = 110
"""Width in pixels up to which a mask is drawn at twice its size, and shrunk."""
MIDDLE = 0.5
"""Height in the mean face about which masks are turned and scaled."""
NOISE_SIDE = 1024
"""Side of the tile of noise in pixels; larger masks repeat it."""
SHADOW = 0.34
"""Darkest part of the shadow on the skin beside a mask."""


@dataclass(frozen=True, slots=True)
class Effects:
    """What makes a mask look real; each can be turned off, to see what it is worth.

    Attributes:
        light: brightness, colour cast and side of the light, noise, veil.
        edges: soft edges, shadow, blur and JPEG grain.
        loops: ear loops and straps.
        mesh: the mask follows the face in depth; else it lies flat, as a sticker.
    """

    light: bool = True
    edges: bool = True
    loops: bool = True
    mesh: bool = True


ALL = Effects()


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """A mask on a face.

    Attributes:
        rig: the mask.
        corners: (n, 3) float32 in pixels of the picture.
        triangles: (m, 3) int32: those of the mask that are drawn.
        texture: (side, side, 4) uint8 with colours times alpha.
        light: the light that falls on it; None for even light.
    """

    rig: Rig
    corners: Floats
    triangles: NDArray[np.int32]
    texture: NDArray[np.uint8]
    light: Light | None

    @property
    def width(self) -> float:
        """Pixels across the fabric."""
        return float(np.ptp(self.corners[self.rig.sheet.outline, 0]))


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A mask drawn by itself.

    Attributes:
        rgba: (h, w, 4) float32, 0 to 255: red, green and blue times alpha, and alpha.
        corner: where it lies in the picture: x and y of its first pixel.
    """

    rgba: Floats
    corner: tuple[int, int]

    @property
    def alpha(self) -> Floats:
        """How much of each pixel it covers: (h, w) float32, 0 to 1."""
        return np.asarray(self.rgba[..., 3] * np.float32(1 / 255), np.float32)


@lru_cache(maxsize=4096)
def nudge_matrix(nudge: Nudge) -> Floats:
    """The (4, 4) matrix that moves corners, as row vectors with a one, in the space of the mean face."""
    turn = math.radians(nudge.turn)
    cosine, sine = math.cos(turn), math.sin(turn)
    x_row = (nudge.width * cosine, nudge.width * sine, 0.0, 0.0)
    y_row = (-nudge.height * sine, nudge.height * cosine, 0.0, 0.0)
    shift = (nudge.right - MIDDLE * y_row[0], nudge.down + MIDDLE - MIDDLE * y_row[1], 0.0, 1.0)
    return np.array((x_row, y_row, (0.0, 0.0, 1.0, 0.0), shift), np.float32)


def corners_of(rig: Rig, landmarks: Floats, nudge: Nudge, effects: Effects) -> Floats:
    """Where the corners of a mask lie: (n, 3) float32 in pixels."""
    if effects.mesh:
        return place(rig, landmarks, nudge_matrix(nudge))
    affine = affine_of(landmarks)
    flat = rig.vertices @ nudge_matrix(nudge)
    flat[:, 2] = flat[:, 2].mean()
    return np.asarray(flat @ affine, np.float32)


def draw_layer(surface: Surface, hidden_by: Floats | None, size: tuple[int, int], finer: int) -> Layer | None:
    """Draw a mask without anything around it.

    Args:
        surface: the mask on the face.
        hidden_by: (468, 3) landmarks of the face that may hide it; None when it cannot.
        size: (width, height) of the picture.
        finer: by how much finer it is drawn before it is shrunk.

    Returns:
        The layer, cut by the picture; None where it lies outside.
    """
    rig, corners, light, triangles = surface.rig, surface.corners, surface.light, surface.triangles
    low, high = corners[:, :2].min(axis=0), corners[:, :2].max(axis=0)
    x0, y0 = (max(0, int(value) - 2) for value in low)
    x1, y1 = (min(limit, int(value) + 4) for limit, value in zip(size, high, strict=True))
    if x1 <= x0 or y1 <= y0:
        return None
    shade = np.ones(len(corners), np.float32) if light is None else shades(light, rig.normals)
    values = np.empty((len(corners), 3), np.float32)
    values[:, :2] = rig.uv
    values[:, 2] = shade * (1 / SHADE_RANGE)
    points = corners
    if hidden_by is not None:
        triangles = np.concatenate([triangles, closed_triangles() + np.int32(len(corners))])
        values = np.concatenate([values, np.zeros((len(hidden_by), 3), np.float32)])
        points = np.concatenate([points, hidden_by])
    points = (points - np.array([x0, y0, 0], np.float32)) * finer
    if finer > 1:
        points[:, :2] += (finer - 1) / 2
    maps, drawn = rasterise(points, values, triangles, ((x1 - x0) * finer, (y1 - y0) * finer))
    del drawn  # where nothing or the face itself was drawn the shade is 0
    return _textured(maps, surface.texture, light, finer, (x0, y0))


def _textured(
    maps: Floats, texture: NDArray[np.uint8], light: Light | None, finer: int, corner: tuple[int, int]
) -> Layer:
    cv2 = opencv()
    height, width = texture.shape[:2]
    across, down, shade = cv2.split(maps)
    across = across * np.float32(width) - np.float32(0.5)
    down = down * np.float32(height) - np.float32(0.5)
    seen = cv2.remap(texture, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    white, veil = ((1.0, 1.0, 1.0), 0.0) if light is None else (light.white.tolist(), light.veil)
    gains = [shade * np.float32(SHADE_RANGE * value * (1 - veil)) for value in white]
    rgba = cv2.multiply(seen, cv2.merge([*gains, (shade > 0).astype(np.float32)]), dtype=cv2.CV_32F)
    if finer > 1:
        size = (maps.shape[1] // finer, maps.shape[0] // finer)
        rgba = cv2.resize(rgba, size, interpolation=cv2.INTER_AREA)
    if veil > 0:
        rgba = with_grey(rgba, rgba[..., 3] * np.float32(veil))
    return Layer(rgba, corner)


def with_grey(rgba: Floats, grey: Floats) -> Floats:
    """Add the same to red, green and blue."""
    cv2 = opencv()
    return np.asarray(cv2.add(rgba, cv2.merge([grey, grey, grey, np.zeros_like(grey)])), np.float32)


def finished(layer: Layer, finish: Finish, seed: int) -> Layer:
    """Blur a layer and add noise to it as the camera did around it."""
    cv2 = opencv()
    rgba = layer.rgba
    if finish.blur > 0.2:
        rgba = cv2.GaussianBlur(rgba, (0, 0), finish.blur)
    if finish.noise > 0.4:
        noise = noise_of(rgba.shape[:2], seed)
        rgba = with_grey(rgba, noise * rgba[..., 3] * np.float32(finish.noise / 255))
    return Layer(rgba, layer.corner)


@lru_cache(maxsize=1)
def _noise() -> Floats:
    return np.random.default_rng(2021).standard_normal((NOISE_SIDE, NOISE_SIDE), np.float32)


def noise_of(shape: tuple[int, ...], seed: int) -> Floats:
    """White noise (height, width) with a standard deviation of 1: a part of a fixed tile that the seed chooses."""
    rows = (np.arange(shape[0]) + seed // NOISE_SIDE) % NOISE_SIDE
    columns = (np.arange(shape[1]) + seed) % NOISE_SIDE
    return _noise()[rows[:, None], columns]


def shadow_of(alpha: Floats, reach: float) -> Floats:
    """How dark the skin beside a mask is: (h, w) float32, 0 to ``SHADOW``; light comes from above, so less below."""
    cv2 = opencv()
    wide = cv2.GaussianBlur(alpha, (0, 0), max(0.6, reach))
    lifted = np.roll(wide, -round(0.5 * reach), axis=0)
    return np.asarray(SHADOW * np.minimum(wide, lifted + 0.15) * (1 - alpha), np.float32)


def within_face(landmarks: Floats, layer: Layer) -> Floats:
    """1 within the face's outline, 0 beyond it, of the part of the picture that a layer covers: (h, w) float32."""
    cv2 = opencv()
    inside = np.zeros(layer.rgba.shape[:2], np.float32)
    hull = cv2.convexHull((landmarks[:, :2] - np.array(layer.corner, np.float32)).round().astype(np.int32))
    cv2.fillConvexPoly(inside, hull, 1.0)
    return inside


def hardened(layer: Layer) -> Layer:
    """The layer with nothing half covered."""
    alpha = layer.rgba[..., 3:]
    rgba = np.where(alpha >= 127.5, layer.rgba * (np.float32(255) / np.maximum(alpha, np.float32(1))), np.float32(0))
    return Layer(np.asarray(rgba, np.float32), layer.corner)


def part_under(image: NDArray[np.uint8], layer: Layer) -> NDArray[np.uint8]:
    """The part of a picture that a layer covers, as a view."""
    x, y = layer.corner
    height, width = layer.rgba.shape[:2]
    return image[y : y + height, x : x + width]


def composed(below: NDArray[np.uint8], layer: Layer, shadow: Floats | None) -> NDArray[np.uint8]:
    """Lay a layer over the part of a picture that it covers."""
    cv2 = opencv()
    kept = 1 - layer.alpha
    if shadow is not None:
        kept *= 1 - shadow
    dimmed = cv2.multiply(below, cv2.merge([kept, kept, kept]), dtype=cv2.CV_32F)
    return np.asarray(cv2.add(dimmed, cv2.cvtColor(layer.rgba, cv2.COLOR_RGBA2RGB), dtype=cv2.CV_8U), np.uint8)


def grained(mixed: NDArray[np.uint8], layer: Layer, quality: int) -> NDArray[np.uint8]:
    """Compress what was drawn, and leave every other pixel as it was."""
    if quality >= 100:
        return mixed
    squeezed = grain(mixed, quality, layer.corner)
    return np.where(layer.rgba[..., 3:] > 0, squeezed, mixed)


def texture_side(width: float) -> int:
    """The side of the texture that fits a mask of so many pixels across."""
    fitting = [side for side in SIDES if side >= 1.3 * width]
    return fitting[-1] if fitting else SIDES[0]
