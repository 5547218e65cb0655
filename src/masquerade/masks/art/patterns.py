"""Prints: how much of the print's colour each pixel of a texture takes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masquerade.masks.art.canvas import SIDE
from masquerade.masks.sheets import FABRIC_V
from masquerade.masks.types import Pattern

Floats = NDArray[np.float32]
MOTIF = 52.0
"""Size of a motif at scale 1, in pixels of the texture."""
WINDOW, ROUND = (2.5, 1.55, 0.4), 0.8
"""Half width and half height of a window, how far below the middle it lies, radius of its corners, in motifs."""


def printed(pattern: Pattern) -> Floats:
    """Ink (SIDE, SIDE) float32 in 0 to 1 of a pattern without a picture; 0 everywhere for ``plain``."""
    if pattern.name == "plain":
        return np.zeros((SIDE, SIDE), np.float32)
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    angle = np.radians(pattern.angle)
    size = MOTIF * max(0.05, pattern.scale)
    u = ((x - SIDE / 2) * np.cos(angle) + (y - SIDE * FABRIC_V / 2) * np.sin(angle)) / size
    v = (-(x - SIDE / 2) * np.sin(angle) + (y - SIDE * FABRIC_V / 2) * np.cos(angle)) / size
    soft = size / 1.5
    return np.asarray(
        {"stripes": _stripes, "dots": _dots, "checks": _checks, "floral": _floral, "window": _seam}[pattern.name](
            u, v, soft
        )
    )


def window(pattern: Pattern) -> Floats:
    """How clear each pixel (SIDE, SIDE) of a texture is: 1 within a window, 0 on the fabric around it."""
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    size = MOTIF * max(0.05, pattern.scale)
    return _edge(_inside((x - SIDE / 2) / size, (y - SIDE * FABRIC_V / 2) / size), size / 3)


def _inside(u: Floats, v: Floats) -> Floats:
    """Signed distance in motifs from a window's edge, positive inside: a box with round corners, over the mouth."""
    x, y = np.abs(u) - (WINDOW[0] - ROUND), np.abs(v - WINDOW[2]) - (WINDOW[1] - ROUND)
    outside = np.hypot(np.maximum(x, 0), np.maximum(y, 0))
    return np.asarray(ROUND - outside - np.minimum(np.maximum(x, y), 0), np.float32)


def _seam(u: Floats, v: Floats, soft: float) -> Floats:
    """The welded rim around a window."""
    return _edge(0.14 - np.abs(_inside(u, v) + 0.14), soft)


def _edge(distance: Floats, soft: float) -> Floats:
    """1 where a signed distance in motifs is positive, antialiased."""
    return np.asarray(np.clip(distance * soft + 0.5, 0, 1), np.float32)


def _stripes(u: Floats, v: Floats, soft: float) -> Floats:
    del u
    return _edge(0.22 - np.abs(v % 1 - 0.5), soft)


def _checks(u: Floats, v: Floats, soft: float) -> Floats:
    across, down = _edge(0.25 - np.abs(u % 1 - 0.5), soft), _edge(0.25 - np.abs(v % 1 - 0.5), soft)
    return np.asarray(0.5 * (across + down), np.float32)


def _dots(u: Floats, v: Floats, soft: float) -> Floats:
    shifted = u + 0.5 * (np.floor(v) % 2)
    return _edge(0.24 - np.hypot(shifted % 1 - 0.5, v % 1 - 0.5), soft)


def _floral(u: Floats, v: Floats, soft: float) -> Floats:
    """Five petals and two leaves a motif, each turned otherwise."""
    row, column = np.floor(v), np.floor(u + 0.5 * (np.floor(v) % 2))
    x, y = (u + 0.5 * (row % 2)) % 1 - 0.5, v % 1 - 0.5
    turn = np.sin(row * 12.9898 + column * 78.233) * 43758.5453 % 1 * 2 * np.pi
    angle, radius = np.arctan2(y, x) + turn, np.hypot(x, y)
    petals = _edge(0.2 + 0.13 * np.cos(5 * angle) - radius, soft) * _edge(radius - 0.075, soft)
    leaves = _edge(0.13 * np.clip(np.cos(2 * angle + 0.6), 0, 1) - 0.04 - np.abs(radius - 0.42), soft)
    return np.asarray(np.maximum(petals, 0.6 * leaves), np.float32)
