"""Cloth around the head: scarfs wound over chin and mouth, niqabs that leave the eyes free."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from masquerade.masks.occluders.frame import Frame, Place
from masquerade.masks.occluders.stage import Stage
from masquerade.masks.occluders.types import OccluderPlan

Floats = NDArray[np.float32]

SIDE, FRONT = 1.22, 1.34
"""How far cloth around the head stands from its axis, at the ears and before the lips."""
DEPTH = 0.8
"""Depth of the head's axis in the mean face."""


def axis_at(frame: Frame, height: float) -> float:
    """Where the head's upright axis lies at a height: u."""
    return frame.mean(0.0, height, DEPTH)[0]


def silhouette(frame: Frame) -> float:
    """Half the width of cloth around the head, as this face is turned."""
    return math.hypot(SIDE * math.cos(frame.yaw), FRONT * math.sin(frame.yaw))


def woven(stage: Stage, plan: OccluderPlan, along: Floats, across: Floats, variant: str) -> Floats:
    """Colours (h, w, 3) of a cloth by how far along and across it its places lie, in units."""
    colour, accent = stage.colour(plan.colour, plan.light), stage.colour(plan.accent, plan.light)
    every = 0.16 + 0.3 * plan.chances[6]
    soft = np.float32(every / max(stage.pixel * 2, 0.02))
    colours = np.broadcast_to(colour, (*along.shape, 3))
    if variant != "plain":
        share = _bars(along / np.float32(every), soft)
        if variant == "checked":
            share = np.float32(0.5) * (share + _bars(across / np.float32(every), soft))
        colours = colour + (accent - colour) * share[..., None]
    knit = plan.chances[7] < 0.55
    rows = 0.055 if knit else 0.03
    shown = float(np.clip(rows / max(2.5 * stage.pixel, 1e-6), 0, 1))
    if shown < 0.05:
        return np.asarray(colours, np.float32)
    grain = np.cos(across * np.float32(2 * np.pi / rows)) * np.cos(along * np.float32(np.pi / rows))
    return np.asarray(colours * (1 + np.float32((0.16 if knit else 0.06) * shown) * grain)[..., None], np.float32)


def _bars(places: Floats, soft: np.float32) -> Floats:
    """1 on bars, 0 between them; a bar and a gap take 1."""
    return np.asarray(np.clip((np.abs(places - np.floor(places) - 0.5) - 0.22) * soft, 0, 1), np.float32)


def paint_scarf(stage: Stage, plan: OccluderPlan) -> None:
    """Paint a scarf: windings around the neck and before the face, the lowest first, each above over the one below."""
    frame, chances = stage.frame, plan.chances
    half = silhouette(frame) * (0.98 + 0.14 * chances[0]) * min(max(plan.size, 0.95), 1.1)
    # From the chin alone (0.3) over the lips (-0.12) to the nose (-0.55).
    top = (0.3, -0.12, -0.28, -0.55)[int(chances[1] * 3.999)] + plan.down
    thick = 0.42 + 0.2 * chances[2]
    count = 4 + int(chances[3] * 2.999)
    wound = _Wound(stage, plan, half, (top + thick * 0.5, top + thick * (0.5 + 0.62 * count)))
    for index in range(count, -1, -1):
        # Lower windings lie wider, over neck and shoulders.
        wide = 1.0 + 0.08 * min(index, 3) + 0.015 * math.sin(5 * index + 7 * chances[8])
        middle = top + thick * 0.5 + index * thick * (0.62 + 0.05 * math.sin(3 * index + 6 * chances[9]))
        tilt = 0.16 * (chances[10] - 0.5) + 0.1 * math.sin(2.4 * index + 9 * chances[11])
        wound.add(index, half * wide, middle, tilt, thick * 0.6)
    wound.paint()
    if chances[12] < 0.55:
        _end(stage, plan, half, top + thick * 1.6)


class _Wound:
    """The windings of a scarf, gathered pixel by pixel, so that wool and light are worked out once.

    Attributes:
        angle: around the head, 0 where the face looks.
        y: place across the winding on top, -1 to 1.
        alpha, shade: what is covered, and how dark the creases are.
    """

    def __init__(self, stage: Stage, plan: OccluderPlan, half: float, ends: tuple[float, float]) -> None:
        """Lay out the ground between the heights of the first and the last winding."""
        frame = stage.frame
        self.stage, self.plan, self.half = stage, plan, half
        middles = [(axis_at(frame, v), v) for v in ends]
        corners = [(u + side * 1.3 * half, v) for u, v in middles for side in (-1, 1)]
        self.window = stage.window([*corners, (middles[0][0], ends[0] - 0.75)], 0.45)
        self.u, self.v = stage.u[self.window], stage.v[self.window]
        slope = (middles[1][0] - middles[0][0]) / max(ends[1] - ends[0], 0.1)
        self.across = self.u - np.float32(middles[0][0]) - np.float32(slope) * (self.v - np.float32(ends[0]))
        self.angle = np.arcsin(np.clip(self.across / np.float32(half), -1, 1)) - np.float32(frame.yaw)
        # Cloth hangs lower in front than at the sides.
        self.hang = (0.14 + 0.2 * plan.chances[4]) * (np.cos(self.angle) - 1)
        level = self.v - self.hang
        ground = np.minimum(np.minimum(level - ends[0], ends[1] - level), 0.95 * half - np.abs(self.across))
        self.alpha = stage.soft(np.asarray(ground, np.float32))
        self.y, self.shade = np.zeros_like(self.v), np.full_like(self.v, 0.6)

    def add(self, index: int, wide: float, middle: float, tilt: float, radius: float) -> None:
        """Lay one more winding over the others."""
        phase = 6.3 * self.plan.chances[13] + 2.1 * index
        curve = middle + self.hang + tilt / wide * self.across + 0.035 * np.sin(2.3 * self.angle + phase)
        edge = radius * (1 + 0.13 * np.sin(1.9 * self.angle + 1.7 * phase))
        y = (self.v - curve) / edge
        reach = np.abs(y)
        side = np.abs(self.across) / np.float32(wide)
        # The ends are round: the cloth goes on behind the head.
        room = np.minimum(1 - reach - np.clip(side - 0.86, 0, 1) ** 2 * 18, (1 - side) * 3) * edge
        inside = self.stage.soft(np.asarray(room, np.float32), 0.015)
        near = (reach < 1.5) & (side < 1)
        self.shade *= np.where(near, 1 - 0.45 * np.clip(3 - 2 * reach, 0, 1), 1)
        on = inside > 0.5
        self.y[on], self.shade[on] = y[on], 1
        np.maximum(self.alpha, inside, out=self.alpha)

    def paint(self) -> None:
        """Paint what was gathered."""
        stage, plan = self.stage, self.plan
        folds = stage.noise(
            self.angle * np.float32(0.7), (self.y + 2 * self.v + 0.6 * self.angle) * np.float32(1.1), plan.seed
        )
        lean = np.clip(0.75 * self.y + 0.16 * folds, -0.9, 0.9)
        level = 0.88 * np.clip(self.across / np.float32(1.1 * self.half), -1, 1) * np.sqrt(1 - lean * lean)
        lit = stage.shades(np.asarray(level, np.float32), np.asarray(lean, np.float32)) * (0.95 + 0.07 * folds)
        lit *= self.shade
        along, across = self.angle * np.float32(self.half), self.y * np.float32(0.3)
        cloth = woven(stage, plan, np.asarray(along, np.float32), np.asarray(across, np.float32), plan.variant)
        stage.lay(self.window, self.alpha, cloth * lit[..., None].astype(np.float32))


def _end(stage: Stage, plan: OccluderPlan, half: float, start: float) -> None:
    """One end of the scarf, that hangs down."""
    side = -1.0 if plan.mirrored else 1.0
    u = axis_at(stage.frame, start) + side * (0.15 + 0.35 * plan.chances[13]) * half
    ends = ((u, start), (u + 0.12 * side, start + 3.2))
    window = stage.window(ends, 0.6)
    across = stage.u[window] - np.float32(u) - np.float32(0.04 * side) * (stage.v[window] - np.float32(start))
    down = stage.v[window] - np.float32(start)
    wide = 0.42
    inside = np.minimum(wide - np.abs(across), np.minimum(down, 3.1 - down))
    stage.shadow(window, np.asarray(0.3 * np.clip(1.3 - np.abs(across) / wide, 0, 0.3) / 0.3 * (down > 0), np.float32))
    folds = stage.noise(across * 3.2, down * 0.25, plan.seed + 3)
    lean = np.asarray(np.clip(0.25 * folds + 0.6 * (across / wide) ** 3, -0.9, 0.9), np.float32)
    lit = stage.shades(lean, np.zeros_like(lean)) * (0.95 + 0.06 * folds)
    cloth = woven(stage, plan, np.asarray(down, np.float32), np.asarray(across, np.float32), plan.variant)
    stage.lay(window, stage.soft(np.asarray(inside, np.float32), 0.02), cloth * lit[..., None].astype(np.float32))


def paint_niqab(stage: Stage, plan: OccluderPlan) -> None:
    """Paint a veil: over hair, forehead and all below the eyes; half ones leave the forehead and the hair free."""
    frame, chances = stage.frame, plan.chances
    slit_top, slit_bottom = _slit(frame, plan)
    below = [*slit_bottom, *_below(frame, plan)]
    if plan.variant == "half":
        _drape(stage, plan, below, plan.colour)
        return
    wrapped = plan.variant == "wrapped"
    _drape(stage, plan, _head(frame, plan), plan.accent if wrapped else plan.colour)
    if wrapped:
        # A veil of its own over the cloth around head and shoulders.
        veil = below if chances[9] < 0.5 else [(0.9 * u + 0.1 * axis_at(frame, v), v) for u, v in below]
        _drape(stage, plan, veil, plan.colour)
    opening = stage.polygon([*slit_top, *reversed(slit_bottom)], 0.015)
    rim = stage.polygon([(u, v - 0.06) for u, v in slit_top] + [(u, v + 0.06) for u, v in reversed(slit_bottom)], 0.04)
    whole = (slice(None), slice(None))
    stage.shadow(whole, np.asarray(0.25 * rim * (1 if chances[5] < 0.7 else 0.3), np.float32))
    stage.rgb *= (1 - opening)[..., None]
    stage.alpha *= 1 - opening


def _slit(frame: Frame, plan: OccluderPlan) -> tuple[list[Place], list[Place]]:
    """The upper and the lower edge of the band in which the eyes are seen, from left to right."""
    high, low = 0.04 + 0.22 * plan.chances[1], 0.12 + 0.2 * plan.chances[2]
    upper = [frame.at(index) for index in (127, 70, 105, 9, 334, 300, 356)]
    lower = [frame.at(index) for index in (127, 111, 119, 197, 348, 340, 356)]
    grow = (0.25, 1, 1, 1.15, 1, 1, 0.25)
    inward = 0.78 + 0.2 * plan.chances[8]
    upper, lower = (
        [(u + (1 - inward) * (edge[3][0] - u) * (index in (0, 6)), v) for index, (u, v) in enumerate(edge)]
        for edge in (upper, lower)
    )
    top = [(u, v - high * share) for (u, v), share in zip(upper, grow, strict=True)]
    shift = (0.35, 0.7, 0.5, 0.25, 0.5, 0.7, 0.35)
    bottom = [(u, v + low * share) for (u, v), share in zip(lower, shift, strict=True)]
    return top, bottom


def _head(frame: Frame, plan: OccluderPlan) -> list[Place]:
    """The outline of head and drape, clockwise from the left shoulder."""
    wide = silhouette(frame) * (1.1 + 0.12 * plan.chances[0])
    crown = frame.mean(0, -3.05 - 0.15 * plan.chances[3], DEPTH)[1]
    middle_v = frame.mean(0, -1.3, DEPTH)[1]
    centre = axis_at(frame, -1.3)
    arc = [
        (centre - wide * math.cos(angle), middle_v - (middle_v - crown) * math.sin(angle))
        for angle in np.linspace(0, math.pi, 25)
    ]
    return [*arc, *_below(frame, plan)]


def _below(frame: Frame, plan: OccluderPlan) -> list[Place]:
    """The outline below the temples: right side down, hem, left side up."""
    wide = silhouette(frame) * (1.1 + 0.12 * plan.chances[0])
    hem = 1.6 + 2.2 * plan.chances[4]
    flare = 1.2 + 0.5 * plan.chances[6]
    heights = np.linspace(-0.7, hem, 10)
    right = []
    for height in heights:
        share = max(0.0, (height - 0.3) / 2.4)
        out = wide * (1 + (flare - 1) * min(share, 1.4) ** 0.9 - 0.05 * math.exp(-(((height - 0.75) / 0.3) ** 2)))
        right.append((out, float(height)))
    axis = [axis_at(frame, float(height)) for height in heights]
    left = [(middle - out, height) for middle, (out, height) in zip(axis, right, strict=True)]
    hem_middle = (axis[-1], hem + 0.35)
    return [(m + out, h) for m, (out, h) in zip(axis, right, strict=True)] + [hem_middle] + left[::-1]


def _drape(stage: Stage, plan: OccluderPlan, outline: list[Place], dye: str) -> None:
    frame, chances = stage.frame, plan.chances
    window = stage.window(outline, 0.05)
    u, v = stage.u[window], stage.v[window]
    centre, wide = axis_at(frame, 0), silhouette(frame)
    x = np.clip((u - np.float32(centre)) / np.float32(wide * 1.15), -1, 1)
    below = np.clip((v - np.float32(0.5)) / np.float32(1.2), 0, 1)
    folds = stage.noise(x * (1.4 + 1.6 * chances[7]), v * 0.22, plan.seed) * (0.45 + 0.9 * below)
    folds += 0.4 * stage.noise(x * 1.1 + 0.5 * v, v * 0.9, plan.seed + 1)
    lean_x = 0.75 * x + 0.26 * folds
    lean_y = -0.55 * np.clip(-(v + np.float32(1.5)) / np.float32(1.4), 0, 1)
    # The nose and the chin lift the cloth.
    for landmark, size, high in ((1, 0.3, 1.6), (152, 0.35, 1.1)):
        place = frame.at(landmark)
        near = stage.window([place], 3 * size)
        rows, columns = (
            slice(max(0, part.start - whole.start), max(0, min(part.stop, whole.stop) - whole.start))
            for part, whole in zip(near, window, strict=True)
        )
        across, down = u[rows, columns] - np.float32(place[0]), v[rows, columns] - np.float32(place[1])
        lift = high * np.exp(-(across * across + down * down) / (2 * size * size))
        lean_x[rows, columns] += lift * across
        lean_y[rows, columns] += lift * down
    lit = stage.shades(np.clip(lean_x, -0.95, 0.95), np.clip(lean_y, -0.28, 0.28)) * (0.93 + 0.13 * folds)
    colour = stage.colour(dye, plan.light)
    stage.lay(window, stage.polygon(outline, 0.02)[window], colour * lit[..., None])
