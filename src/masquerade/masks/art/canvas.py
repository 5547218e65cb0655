"""A texture as it is drawn: what the fabric is dyed, what keeps its own colour, how high it stands, where it ends."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masquerade.geometry import opencv
from masquerade.masks.sheets import DISC_UV, FABRIC_V, STRAP_V, WALL_UV

Floats = NDArray[np.float32]
SIDE = 512
"""Side of a texture in pixels."""
ROWS = round(FABRIC_V * SIDE)
"""Rows of it that show the fabric."""


class Canvas:
    """A square texture. Fabric coordinates run from 0 to 1 across and 0 to 1 down the fabric.

    Attributes:
        s, t: (SIDE, SIDE) float32 fabric coordinates of each pixel; ``t`` is beyond 1 below the fabric.
        height: relief in pixels of the texture.
        shade: factor of brightness beside what the relief gives.
        dye: how much of the fabric's colour each pixel takes.
        own: (SIDE, SIDE, 3) colour that it has otherwise, 0 to 255.
        alpha: 0 to 1.
    """

    def __init__(self, seed: int, own: tuple[int, int, int] = (244, 244, 242)) -> None:
        """Start with plain fabric."""
        self.rng = np.random.default_rng(seed)
        across, down = np.meshgrid((np.arange(SIDE) + 0.5) / SIDE, (np.arange(SIDE) + 0.5) / ROWS)
        self.s, self.t = across.astype(np.float32), down.astype(np.float32)
        self.height = np.zeros((SIDE, SIDE), np.float32)
        self.shade = np.ones((SIDE, SIDE), np.float32)
        self.dye = (self.t < 1).astype(np.float32)
        self.own = np.empty((SIDE, SIDE, 3), np.float32)
        self.own[:] = own
        self.alpha = np.zeros((SIDE, SIDE), np.float32)
        self.alpha[:ROWS] = self._faded(ROWS, SIDE, 2)
        top, bottom = (round(v * SIDE) for v in STRAP_V)
        self.alpha[top:bottom] = self._faded(bottom - top, SIDE, 2, ends=False)
        u, v, radius = (round(value * SIDE) for value in DISC_UV)
        u0, u1, v0, v1 = (round(value * SIDE) for value in WALL_UV)
        self.alpha[v - radius - 3 : v + radius + 3, u - radius - 3 : u + radius + 3] = 1
        self.alpha[v0 - 3 : v1 + 3, u0 - 3 : u1 + 3] = 1

    @staticmethod
    def _faded(rows: int, columns: int, edge: int, ends: bool = True) -> Floats:
        down = np.minimum(np.arange(rows), np.arange(rows)[::-1])
        across = np.minimum(np.arange(columns), np.arange(columns)[::-1]) if ends else np.full(columns, edge)
        return np.asarray(np.clip((np.minimum(down[:, None], across[None]) + 0.5) / edge, 0, 1), np.float32)

    def noise(self, across: float, down: float) -> Floats:
        """Smooth noise with a standard deviation of 1; sizes of its waves in pixels."""
        cv2 = opencv()
        rough = self.rng.standard_normal((SIDE, SIDE)).astype(np.float32)
        smooth = cv2.GaussianBlur(rough, (0, 0), sigmaX=across, sigmaY=down, borderType=cv2.BORDER_REFLECT)
        return np.asarray(smooth / smooth.std(), np.float32)

    def ridge(self, distance: Floats, width: float, height: float) -> None:
        """Raise a ridge along the places where ``distance``, in pixels, is 0; a negative height is a groove."""
        self.height += height * np.exp(-((distance / width) ** 2))

    def step(self, distance: Floats, width: float, height: float) -> None:
        """Raise everything beyond a line a little, as a fold of fabric does, and let it sink again slowly."""
        self.height += (
            height
            / (1 + np.exp(-np.clip(distance / width, -30, 30)))
            * np.exp(-np.clip(distance, 0, None) / (14 * width))
        )

    def paint(self, where: Floats, colour: tuple[int, int, int]) -> None:
        """Give places a colour of their own, as far as ``where`` (0 to 1) says."""
        self.dye *= 1 - where
        self.own += (np.array(colour, np.float32) - self.own) * where[..., None]

    def rectangle(self, s0: float, s1: float, t0: float, t1: float, soft: float = 2.0) -> Floats:
        """1 within a rectangle in fabric coordinates, 0 outside; soft edges in pixels."""
        x = np.clip(np.minimum(self.s - s0, s1 - self.s) * SIDE / soft + 0.5, 0, 1)
        y = np.clip(np.minimum(self.t - t0, t1 - self.t) * ROWS / soft + 0.5, 0, 1)
        return np.asarray(x * y, np.float32)

    def rim(self) -> Floats:
        """Distance in pixels from the fabric's edge."""
        across = np.minimum(self.s, 1 - self.s) * SIDE
        down = np.minimum(self.t, 1 - self.t) * ROWS
        return np.asarray(np.minimum(across, down), np.float32)

    def along(self, width: float) -> Floats:
        """Distance in pixels along the edge: down where the left or right one is within ``width``, else across."""
        beside = np.minimum(self.s, 1 - self.s) * SIDE < width
        return np.asarray(np.where(beside, self.t * ROWS, self.s * SIDE), np.float32)

    def dots(self, distance: Floats, along: Floats, width: float, every: float) -> Floats:
        """1 on dots along a line, as stitches and weld points lie."""
        beat = np.cos(2 * np.pi * along / every)
        return np.asarray(np.exp(-((distance / width) ** 2)) * np.clip(beat * 1.5, 0, 1), np.float32)

    def relief(self) -> Floats:
        """Brightness of each pixel: the relief lit from above, times the shade."""
        down, across = (np.asarray(np.gradient(self.height, axis=axis)) for axis in (0, 1))
        slope = 0.85 * down - 0.25 * across
        return np.asarray(np.clip(1 + 0.45 * np.tanh(slope), 0.3, 1.5) * self.shade, np.float32)

    def strap(self, colour: tuple[int, int, int], ribs: float = 0.08) -> None:
        """Paint the band that straps are cut from: lengthwise ribs, darker edges."""
        top, bottom = (round(v * SIDE) for v in STRAP_V)
        y = np.linspace(-1, 1, bottom - top, dtype=np.float32)
        self.own[top:bottom] = colour
        self.dye[top:bottom] = 0
        self.shade[top:bottom] = (1 - 0.28 * np.abs(y) ** 2 + ribs * np.cos(y * 9))[:, None]

    def disc(self, cap: tuple[int, int, int], wall: tuple[int, int, int], rings: int, grille: int) -> None:
        """Paint the front and the wall of valves and filters: rings, and a grille of slots."""
        u, v, radius = (value * SIDE for value in DISC_UV)
        y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
        r = np.hypot(x - u, y - v) / radius
        inside = r < 1.25
        self.own[inside] = cap
        self.dye[inside] = 0
        groove = 0.16 * np.clip(np.cos(2 * np.pi * r * rings), 0, 1) if rings else 0 * r
        slots = np.clip(np.cos((x - u) / radius * np.pi * grille) * 2 - 0.6, 0, 1) * (r < 0.72) if grille else 0 * r
        shade = 1.04 - 0.3 * slots - groove - 0.35 * np.clip((r - 0.88) / 0.12, 0, 1) + 0.1 * (v - y) / radius
        self.shade[inside] = np.clip(shade, 0.4, 1.25)[inside]
        u0, u1, v0, v1 = (round(value * SIDE) for value in WALL_UV)
        block = np.s_[v0 - 3 : v1 + 3, u0 - 3 : u1 + 3]
        self.own[block] = wall
        self.dye[block] = 0
        turn = np.linspace(0, 2 * np.pi, u1 - u0 + 6, dtype=np.float32)
        self.shade[block] = 0.72 - 0.2 * np.sin(turn)
