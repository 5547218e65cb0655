"""The built-in masks, drawn by this project: pleats, seams, nose wires, valves, straps. No photo went into them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from masquerade.geometry import opencv
from masquerade.masks.art.canvas import ROWS, SIDE, Canvas
from masquerade.masks.types import Kind

STEEL = (196, 199, 203)


def surgical() -> Canvas:
    """Three pleats, a welded hem, white above, a wire under the upper edge, white ear loops."""
    canvas = Canvas(11)
    down = canvas.t * ROWS
    sag = 10 * (1 - (2 * canvas.s - 1) ** 2)
    for middle in (0.34, 0.52, 0.7):
        fold = down - middle * ROWS - sag * (middle - 0.3)
        canvas.step(fold, 3.0, -3.2)
    _soft_folds(canvas, 2.2)
    canvas.paint(np.float32(0.75) * canvas.rectangle(-0.1, 1.1, -0.1, 0.055, 3), (246, 248, 248))
    wire = down - 0.055 * ROWS
    canvas.height += 2.2 * np.exp(-((wire / 6) ** 2)) * canvas.rectangle(0.3, 0.7, -0.1, 0.2, 12)
    rim = canvas.rim()
    canvas.ridge(rim - 11, 3.0, -1.6)
    along = canvas.along(12)
    canvas.shade -= 0.1 * canvas.dots(rim - 6, along, 2.6, 9)
    canvas.shade += 0.012 * canvas.noise(0.8, 0.8) + 0.012 * canvas.noise(3, 3)
    canvas.strap((243, 243, 240))
    return canvas


def n95() -> Canvas:
    """A moulded cup: a pressed rim, a steel clip on the nose, a small print."""
    canvas = Canvas(12, own=(240, 237, 228))
    rim = canvas.rim()
    canvas.ridge(rim - 17, 3.5, -3.0)
    canvas.shade -= 0.05 * np.clip(1 - rim / 15, 0, 1)
    clip = canvas.rectangle(0.33, 0.67, 0.07, 0.115, 3)
    canvas.paint(clip, STEEL)
    canvas.height += 2.5 * clip
    canvas.shade += 0.012 * canvas.noise(1.0, 1.0) + 0.01 * canvas.noise(5, 5)
    _print(canvas, 0.36, 0.62, ("N95", "TC-84A"))
    canvas.strap((226, 196, 96))
    return canvas


def kn95() -> Canvas:
    """Folded down the middle: a welded seam, welded edges, ear loops."""
    canvas = Canvas(13)
    across, down = (canvas.s - 0.5) * SIDE, canvas.t * ROWS
    canvas.ridge(across, 2.6, 3.0)
    canvas.shade -= 0.07 * canvas.dots(np.abs(across) - 7, down, 1.8, 7)
    rim = canvas.rim()
    along = canvas.along(14)
    canvas.shade -= 0.09 * canvas.dots(np.abs(rim - 10) - 3, along, 2, 7)
    clip = canvas.rectangle(0.36, 0.64, 0.06, 0.1, 3)
    canvas.height += 2.0 * clip
    _soft_folds(canvas, 1.8)
    canvas.shade += 0.015 * canvas.noise(1, 1)
    _print(canvas, 0.66, 0.6, ("KN95", "GB2626"))
    canvas.strap((238, 238, 236))
    return canvas


def ffp2() -> Canvas:
    """Three panels with welded seams across, a valve, ear loops."""
    canvas = Canvas(14)
    down = canvas.t * ROWS
    bow = 26 * (1 - (2 * canvas.s - 1) ** 2)
    for middle, sign in ((0.34, -1), (0.72, 1)):
        seam = down - middle * ROWS - sign * bow * 0.5
        canvas.ridge(seam, 2.4, 2.6)
        canvas.shade -= 0.06 * canvas.dots(np.abs(seam) - 6, canvas.s * SIDE, 1.8, 8)
    rim = canvas.rim()
    canvas.ridge(rim - 12, 2.5, -1.6)
    canvas.height += 2.2 * canvas.rectangle(0.36, 0.64, 0.05, 0.09, 4)
    _soft_folds(canvas, 1.8)
    canvas.shade += 0.016 * canvas.noise(1, 1)
    _print(canvas, 0.3, 0.5, ("FFP2 NR", "EN 149"))
    canvas.strap((240, 240, 238))
    canvas.disc((246, 246, 244), (226, 226, 224), rings=0, grille=5)
    return canvas


def cloth() -> Canvas:
    """Woven, sewn from two halves: a seam down the middle, a stitched hem, folds towards the ears."""
    canvas = Canvas(15, own=(232, 230, 224))
    across, down = (canvas.s - 0.5) * SIDE, canvas.t * ROWS
    canvas.ridge(across, 1.8, -2.2)
    canvas.shade += 0.03 * np.sign(across) * np.exp(-np.abs(across) / 5)
    rim = canvas.rim()
    canvas.ridge(rim - 13, 1.8, -1.8)
    along = canvas.along(18)
    canvas.shade -= 0.12 * canvas.dots(rim - 9, along, 1.3, 6)
    _soft_folds(canvas, 4.0)
    threads = np.cos(canvas.s * SIDE * np.pi / 1.5) * np.cos(down * np.pi / 1.5)
    canvas.shade += 0.03 * threads + 0.03 * canvas.noise(6, 0.7) + 0.03 * canvas.noise(0.7, 6)
    canvas.strap((62, 62, 66), ribs=0.14)
    return canvas


def gas() -> Canvas:
    """A rubber half mask: thick lip, ribs, two filters and a valve."""
    canvas = Canvas(16, own=(70, 74, 78))
    rim = canvas.rim()
    canvas.ridge(rim - 9, 7, 5.0)
    canvas.ridge(np.abs(canvas.s - 0.5) * SIDE - 62, 6, 3.0)
    frame = canvas.rectangle(0.34, 0.66, 0.42, 0.8, 6)
    canvas.paint(np.float32(0.6) * frame, (48, 50, 53))
    canvas.height += 4 * frame
    gloss = np.exp(-(((canvas.s - 0.4) / 0.1) ** 2) - ((canvas.t - 0.25) / 0.12) ** 2)
    canvas.shade += 0.35 * gloss + 0.02 * canvas.noise(2, 2)
    canvas.strap((54, 56, 60), ribs=0.05)
    canvas.disc((176, 86, 120), (58, 60, 64), rings=3, grille=0)
    return canvas


def bandana() -> Canvas:
    """A cotton triangle tied behind the head: upright folds, a hem."""
    canvas = Canvas(17, own=(236, 232, 224))
    drape = canvas.noise(16, 150) * (0.35 + 0.9 * np.clip(canvas.t, 0, 1))
    canvas.height += 9.0 * drape
    canvas.height += 3.0 * canvas.noise(70, 10) * np.clip(1.2 - 2 * canvas.t, 0, 1)
    canvas.ridge(canvas.rim() - 8, 1.6, -1.6)
    canvas.shade += 0.025 * canvas.noise(4, 0.7) + 0.025 * canvas.noise(0.7, 4)
    return canvas


def gaiter() -> Canvas:
    """A knitted tube: ribs, folds around the neck."""
    canvas = Canvas(18, own=(220, 220, 220))
    gathered = np.clip(canvas.t * 1.6 - 0.5, 0, 1)
    canvas.height += 12.0 * canvas.noise(90, 9) * gathered
    canvas.height += 4.0 * canvas.noise(40, 14) * (1 - 0.7 * gathered)
    canvas.ridge(canvas.rim() - 10, 1.5, -1.6)
    canvas.shade += 0.035 * np.cos(canvas.s * SIDE * np.pi / 2) + 0.02 * canvas.noise(0.8, 5)
    return canvas


def _soft_folds(canvas: Canvas, depth: float) -> None:
    """Slight folds that run from the corners to the middle."""
    side = np.clip(np.abs(2 * canvas.s - 1) * 1.4 - 0.35, 0, 1)
    canvas.height += depth * canvas.noise(46, 9) * side + 0.5 * depth * canvas.noise(30, 24)


def _print(canvas: Canvas, s: float, t: float, lines: tuple[str, ...]) -> None:
    """Stamp a small text."""
    cv2 = opencv()
    ink = np.zeros((SIDE, SIDE), np.uint8)
    for row, line in enumerate(lines):
        place = (round(s * SIDE) - 9 * len(line) // 2, round(t * ROWS) + 22 * row)
        cv2.putText(ink, line, place, cv2.FONT_HERSHEY_SIMPLEX, 0.55 - 0.1 * row, 255, 1, cv2.LINE_AA)
    canvas.paint(ink.astype(np.float32) * np.float32(0.55 / 255), (96, 102, 116))


FABRICS: dict[Kind, Callable[[], Canvas]] = {
    "surgical": surgical,
    "n95": n95,
    "kn95": kn95,
    "ffp2": ffp2,
    "cloth": cloth,
    "gas": gas,
    "bandana": bandana,
    "gaiter": gaiter,
}
