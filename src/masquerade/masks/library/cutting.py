"""Separate the mask on a face from the skin, the hair and the background around it.

Rother and others, "GrabCut: interactive foreground extraction using iterated graph cuts", SIGGRAPH 2004; what a
person would mark there is marked by the surface that is placed on the face.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from masquerade.faces.pose import mean_face
from masquerade.faces.topology import BROWS, LEFT_EYE, LIPS, RIGHT_EYE, mesh_triangles
from masquerade.geometry import opencv
from masquerade.masks.head import angles_of
from masquerade.masks.library.surface import Unrolled

Bools = NDArray[np.bool_]

ROUNDS = 4
"""Rounds of GrabCut."""
BESIDE = 0.16
"""How far beyond the silhouette of the face a mask may stand out, in units of the mean face."""
SMOOTH = 0.035
"""Radius of what is smoothed off the edge, in the same units; the loops at the ears fall away with it."""
NEAR = 0.05
"""How far from a mask skin is looked at, in the same units."""
HUES_APART, SKIN_HUE = 10.0, 9.0
"""How far the mask's hue must lie from the skin's before any of it is taken for skin, and how near skin's must lie."""

Curve = tuple[tuple[float, ...], tuple[float, ...]]
TOP: Curve = ((0, 15, 30, 64), (-0.3, -0.12, 0.02, 0.1))
BOTTOM: Curve = ((0, 20, 40, 64), (1.36, 1.3, 1.15, 0.85))
LIDS: Curve = ((0, 10, 20, 50, 75), (-0.62, -0.55, -0.36, -0.3, -0.45))
"""Heights at angles: where masks mostly end, and above which none is."""


def marks(unrolled: Unrolled, scale: float) -> NDArray[np.uint8]:
    """Mark what is mask for sure, what is probably, and where none can be.

    Args:
        unrolled: the surface on the face.
        scale: pixels a unit of the mean face.

    Returns:
        (height, width) uint8 with GrabCut's four classes.
    """
    cv2 = opencv()
    angles, heights, inside = np.abs(unrolled.angles), unrolled.heights, unrolled.inside
    maybe = inside & (angles < 62) & (heights > np.interp(angles, *TOP)) & (heights < np.interp(angles, *BOTTOM))
    sure = inside & (angles < 26) & (heights > 0.4) & (heights < 1.0)
    allowed = inside & (heights > np.interp(angles, *LIDS)) & (heights < 1.75) & (angles < 88)
    allowed |= (cv2.dilate(allowed.astype(np.uint8), disc(BESIDE * scale)) > 0) & ~inside
    result = np.full(angles.shape, cv2.GC_BGD, np.uint8)
    result[allowed] = cv2.GC_PR_BGD
    result[maybe] = cv2.GC_PR_FGD
    result[sure] = cv2.GC_FGD
    return result


def cut(image: NDArray[np.uint8], marked: NDArray[np.uint8], scale: float) -> Bools:
    """Separate the mask.

    Args:
        image: (height, width, 3) uint8 RGB.
        marked: (height, width) uint8, see ``marks``.
        scale: pixels a unit of the mean face.

    Returns:
        (height, width) bool: one piece without holes, or nothing.
    """
    cv2 = opencv()
    if not (marked == cv2.GC_FGD).any() or not (marked == cv2.GC_BGD).any():
        return np.zeros(marked.shape, np.bool_)
    classes = marked.copy()
    cv2.setRNGSeed(0)  # the colours are clustered by chance
    cv2.grabCut(image, classes, None, np.zeros((1, 65)), np.zeros((1, 65)), ROUNDS, cv2.GC_INIT_WITH_MASK)
    found = np.asarray(classes & 1, np.uint8)
    for step in (cv2.MORPH_CLOSE, cv2.MORPH_OPEN):
        found = cv2.morphologyEx(found, step, disc(SMOOTH * scale))
    return filled(largest(found > 0))


def largest(found: Bools) -> Bools:
    """The largest piece."""
    count, pieces, stats, _ = opencv().connectedComponentsWithStats(found.astype(np.uint8), connectivity=4)
    if count < 2:
        return np.zeros(found.shape, np.bool_)
    return np.asarray(pieces == 1 + int(np.argmax(stats[1:, 4])), np.bool_)


def filled(found: Bools) -> Bools:
    """The same without holes."""
    padded = np.pad(~found, 1, constant_values=True)
    _, pieces = opencv().connectedComponents(padded.astype(np.uint8), connectivity=4)
    return np.asarray((pieces != pieces[0, 0])[1:-1, 1:-1], np.bool_)


def disc(radius: float) -> NDArray[np.uint8]:
    """A disc for morphology, of at least one pixel around its centre."""
    cv2 = opencv()
    side = 2 * max(1, round(radius)) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)


def without_skin(image: NDArray[np.uint8], mask: Bools, landmarks: NDArray[np.float32], scale: float) -> Bools:
    """Take away what has the hue of the bare skin: a hand, an ear, the neck.

    Args:
        image: (height, width, 3) uint8 RGB.
        mask: (height, width) bool.
        landmarks: (468, 3) of the face.
        scale: pixels a unit of the mean face.

    Returns:
        (height, width) bool: one piece; a hole where there is skin before the mask.
    """
    cv2 = opencv()
    skin = bare_skin(landmarks, mask, scale)
    if not mask.any() or not skin.any():
        return mask
    hues = hues_of(image)
    usual, own = np.median(hues[skin], axis=0), np.median(hues[mask], axis=0)
    if np.linalg.norm(usual - own) < HUES_APART:
        return mask
    away = np.linalg.norm(hues - usual, axis=2)
    hue = mask & (away < SKIN_HUE) & (away < 0.6 * np.linalg.norm(hues - own, axis=2))
    hue = cv2.morphologyEx(hue.astype(np.uint8), cv2.MORPH_OPEN, disc(0.02 * scale))
    hue = cv2.dilate(cv2.morphologyEx(hue, cv2.MORPH_CLOSE, disc(SMOOTH * scale)), disc(0.02 * scale))
    left = cv2.morphologyEx((mask & (hue == 0)).astype(np.uint8), cv2.MORPH_OPEN, disc(SMOOTH * scale))
    return largest(left > 0)


def hues_of(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Hue and saturation apart from brightness: (height, width, 2), the chroma of CIELAB at a lightness of 60."""
    cv2 = opencv()
    soft = cv2.GaussianBlur(image, (3, 3), 0).astype(np.float32) / 255
    colours = cv2.cvtColor(soft, cv2.COLOR_RGB2LAB)
    return np.asarray(colours[..., 1:] * (60 / np.maximum(colours[..., :1], 20)), np.float32)


@lru_cache(maxsize=1)
def _near_triangles() -> NDArray[np.int32]:
    """Triangles of the mesh over the bridge of the nose and under the eyes, where hair and caps seldom reach."""
    face = mean_face()
    angles = np.degrees(np.abs(angles_of(face)))
    bridge = (face[:, 1] > -0.95) & (face[:, 1] < -0.28) & (angles < 12)
    under = (face[:, 1] > -0.45) & (face[:, 1] < -0.12) & (angles > 12) & (angles < 45)
    chosen = bridge | under
    chosen[[*BROWS, *LEFT_EYE, *RIGHT_EYE]] = False
    triangles = mesh_triangles()
    return np.asarray(triangles[chosen[triangles].all(axis=1)], np.int32)


@lru_cache(maxsize=1)
def _lip_triangles() -> NDArray[np.int32]:
    triangles = mesh_triangles()
    return np.asarray(triangles[np.isin(triangles, LIPS).all(axis=1)], np.int32)


def bare_skin(landmarks: NDArray[np.float32], mask: Bools, scale: float) -> Bools:
    """Skin beside the nose and under the eyes: (height, width) bool, without brows, eyes, and the mask."""
    found = _filled_triangles(_near_triangles(), landmarks, mask.shape)
    near = opencv().dilate(mask.astype(np.uint8), disc(NEAR * scale))
    return np.asarray(found & (near == 0), np.bool_)


def lips(landmarks: NDArray[np.float32], shape: tuple[int, ...]) -> Bools:
    """Where the lips are, or would be: (height, width) bool."""
    return _filled_triangles(_lip_triangles(), landmarks, shape)


def _filled_triangles(triangles: NDArray[np.int32], landmarks: NDArray[np.float32], shape: tuple[int, ...]) -> Bools:
    cv2 = opencv()
    found = np.zeros(shape[:2], np.uint8)
    for corners in landmarks[triangles, :2]:
        cv2.fillConvexPoly(found, np.round(corners).astype(np.int32), 1)
    return np.asarray(found > 0, np.bool_)
