"""Is what was separated a mask, worn as it should be, and whole? The room cannot ask the wearing model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from masquerade.geometry import opencv
from masquerade.masks.library.cutting import BOTTOM, TOP, Bools, bare_skin, disc, filled, hues_of, lips
from masquerade.masks.library.surface import Unrolled

Floats = NDArray[np.float32]

LIGHTNESS = 0.5
"""Weight of lightness beside hue in a difference of colours: shadows lie on skin, too."""
ALIKE = 8.0
"""Colours that differ by less, in units of CIELAB, may both be skin."""
SKIN_SPREAD = 12.0
LEAST_SKIN = 20
"""Pixels of bare skin without which nothing can be told."""
MOST_LIKE_SKIN, LEAST_APART = 0.15, 9.0
SKIN_CHROMA, SKIN_ANGLE, MOST_SKIN_HUE = (15.0, 55.0), (30.0, 72.0), 0.4
"""Chroma at a lightness of 60, and angle of hue in degrees, that people's skin has in most light; share of it."""
MOST_LIPS = 4.0
"""How much redder the lips' place may be than what is around it."""
LEAST_CORE, LEAST_CHEEKS = 0.93, 0.85
"""Shares of the nose, mouth and chin, and of the cheeks, that the mask must cover."""
AREA = (0.7, 1.9)
"""Area of a mask, relative to that of an ordinary one on this face."""
MOST_HOLES = 0.015
"""Share of it that may be hidden, by a hand before the mask."""
LEAST_SOLID = 0.88
"""Share of its convex hull that it must fill."""
MOST_CUT = 0.04
"""Share of its edge that may lie on the edge of the photo."""
FAINT, MOST_FAINT = 5.0, 0.4
"""Share of its edge that may differ by less than this from what is beyond it."""
RIM = (0.02, 0.08)
"""Where the colours on either side of the edge are read, in units of the mean face."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found.

    Attributes:
        code: of ``Refused``; empty for a mask that will do.
        message: why not.
        skin: mean colour of the bare skin, three numbers in 0 to 255.
    """

    code: str
    message: str
    skin: tuple[float, float, float]


def judge(
    image: NDArray[np.uint8],
    mask: Bools,
    seen: Bools,
    landmarks: Floats,
    unrolled: Unrolled,
    scale: float,
    like_skin: float = MOST_LIKE_SKIN,
) -> Verdict:
    """Tell whether a mask was cut out.

    Args:
        image: (height, width, 3) uint8 RGB.
        mask: (height, width): what was cut out.
        seen: (height, width): where the photo is; beyond its edge there is nothing.
        landmarks: (468, 3) in pixels.
        unrolled: the surface on the face.
        scale: pixels a unit of the mean face.
        like_skin: share of it that may have the colour of the bare skin.
    """
    nothing = (0.0, 0.0, 0.0)
    if not mask.any():
        return Verdict("mask_not_found", "nothing stands out from the face", nothing)
    skin = bare_skin(landmarks, mask, scale)
    if skin.sum() < LEAST_SKIN:
        return Verdict("mask_not_found", f"{skin.sum()} pixels of bare skin above it, too few to compare with", nothing)
    colours = opencv().cvtColor(image.astype(np.float32) / 255, opencv().COLOR_RGB2LAB)
    colours[..., 0] *= LIGHTNESS
    usual = np.median(colours[skin], axis=0)
    skin &= np.linalg.norm(colours - usual, axis=2) < SKIN_SPREAD  # without glasses and hair
    usual = np.median(colours[skin], axis=0) if skin.any() else usual
    mean = image[skin].mean(axis=0) if skin.any() else np.zeros(3)
    code, message = (
        _cut_off(mask, seen)
        or _skin_hue(image, mask)
        or _skin(colours, mask, usual, landmarks, scale, like_skin)
        or _covered(mask)
        or _whole(mask, unrolled)
        or _edge(colours, mask, scale)
        or ("", "")
    )
    return Verdict(code, message, (float(mean[0]), float(mean[1]), float(mean[2])))


Reason = tuple[str, str] | None


def _cut_off(mask: Bools, seen: Bools) -> Reason:
    cv2 = opencv()
    inner = cv2.erode(np.pad(seen, 1).astype(np.uint8), np.ones((3, 3), np.uint8))[1:-1, 1:-1] > 0
    rim = mask & (cv2.erode(np.pad(mask, 1).astype(np.uint8), np.ones((3, 3), np.uint8))[1:-1, 1:-1] == 0)
    share = float((~inner)[rim].mean())
    if share > MOST_CUT:
        return "mask_cut_off", f"{share:.0%} of its edge lies on the edge of the photo, expected at most {MOST_CUT:.0%}"
    return None


def _skin_hue(image: NDArray[np.uint8], mask: Bools) -> Reason:
    """Bare skin where the upper face tells nothing, behind hair and dark glasses."""
    hues = hues_of(image)[mask]
    chroma, angle = np.linalg.norm(hues, axis=1), np.degrees(np.arctan2(hues[:, 1], hues[:, 0]))
    within = (chroma > SKIN_CHROMA[0]) & (chroma < SKIN_CHROMA[1]) & (angle > SKIN_ANGLE[0]) & (angle < SKIN_ANGLE[1])
    share = float(within.mean())
    if share > MOST_SKIN_HUE:
        return "mask_like_skin", f"{share:.0%} has a hue that skin has, expected at most {MOST_SKIN_HUE:.0%}"
    return None


def _skin(colours: Floats, mask: Bools, usual: Floats, landmarks: Floats, scale: float, most: float) -> Reason:
    """A bare face, a hand before the mask, a mask of the skin's own colour."""
    inside = colours[mask]
    like = float((np.linalg.norm(inside - usual, axis=1) < ALIKE).mean())
    apart = float(np.linalg.norm(np.median(inside, axis=0) - usual))
    if like > most or apart < LEAST_APART:
        expected = f"expected at most {most:.0%} and at least {LEAST_APART:g}"
        return "mask_like_skin", f"{like:.0%} has the colour of skin, distance of colours {apart:.0f}, {expected}"
    cv2 = opencv()
    mouth = lips(landmarks, mask.shape) & mask
    wide = mouth.astype(np.uint8)
    around = (cv2.dilate(wide, disc(0.3 * scale)) > 0) & (cv2.dilate(wide, disc(0.06 * scale)) == 0) & mask
    if mouth.sum() > 5 and around.sum() > 5:
        redder = float(np.median(colours[mouth, 1]) - np.median(colours[around, 1]))
        if redder > MOST_LIPS:
            expected = f"expected at most {MOST_LIPS:g}"
            return "mask_like_skin", f"where the lips would be it is redder by {redder:.0f}, {expected}"
    return None


def _covered(mask: Bools) -> Reason:
    share = 1 - float(mask.sum() / filled(mask).sum())
    if share > MOST_HOLES:
        return "mask_covered", f"{share:.0%} of it lies behind something, expected at most {MOST_HOLES:.0%}"
    return None


def _whole(mask: Bools, unrolled: Unrolled) -> Reason:
    """Nose, mouth, chin and cheeks covered; of a mask's size and form."""
    angles, heights, inside = np.abs(unrolled.angles), unrolled.heights, unrolled.inside
    core = inside & (angles < 22) & (heights > 0.05) & (heights < 1.0)
    cheeks = inside & (angles < 45) & (heights > 0.2) & (heights < 0.95)
    shares = [float(mask[part].mean()) if part.any() else 0.0 for part in (core, cheeks)]
    if shares[0] < LEAST_CORE or shares[1] < LEAST_CHEEKS:
        expected = f"expected {LEAST_CORE:.0%} and {LEAST_CHEEKS:.0%}"
        return "mask_incomplete", f"{shares[0]:.0%} of nose to chin covered, {shares[1]:.0%} of the cheeks, {expected}"
    usual = inside & (angles < 64) & (heights > np.interp(angles, *TOP)) & (heights < np.interp(angles, *BOTTOM))
    area = float(mask.sum() / max(1, usual.sum()))
    if not AREA[0] <= area <= AREA[1]:
        return "mask_wrong_size", f"{area:.2f} of an ordinary mask's area, expected {AREA[0]:g} to {AREA[1]:g}"
    cv2 = opencv()
    rims, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    solid = float(mask.sum() / max(1.0, cv2.contourArea(cv2.convexHull(max(rims, key=len)))))
    if solid < LEAST_SOLID:
        return "mask_ragged", f"fills {solid:.0%} of its convex hull, expected {LEAST_SOLID:.0%}"
    return None


def _edge(colours: Floats, mask: Bools, scale: float) -> Reason:
    """The edge must be one: colours on either side differ."""
    cv2 = opencv()
    near, far = (disc(radius * scale) for radius in RIM)
    whole = mask.astype(np.uint8)
    inner = (cv2.erode(whole, near) > 0) & (cv2.erode(whole, far) == 0)
    outer = (cv2.dilate(whole, far) > 0) & (cv2.dilate(whole, near) == 0)
    (in_colours, in_count), (out_colours, out_count) = (_means(colours, ring, far) for ring in (inner, outer))
    rim = mask & (cv2.erode(whole, far) == 0) & (in_count > 2) & (out_count > 2)
    steps = np.linalg.norm(in_colours - out_colours, axis=2)[rim]
    share = float((steps < FAINT).mean()) if len(steps) else 1.0
    if share > MOST_FAINT:
        return "mask_faint", f"{share:.0%} of its edge hardly differs from what is beyond, expected {MOST_FAINT:.0%}"
    return None


def _means(colours: Floats, where: Bools, kernel: NDArray[np.uint8]) -> tuple[Floats, Floats]:
    """Mean colour around each pixel of what is marked, and how many pixels that are."""
    cv2 = opencv()
    weights = kernel.astype(np.float32)
    count = cv2.filter2D(where.astype(np.float32), -1, weights, borderType=cv2.BORDER_CONSTANT)
    total = cv2.filter2D(colours * where[..., None], -1, weights, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(total / np.maximum(count, 1e-3)[..., None], np.float32), np.asarray(count, np.float32)
