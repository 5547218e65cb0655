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
    over = np.clip((np.abs(np.mod(across / every, 1) - 0.5) - 0.22) * soft, 0, 1)
    beside = np.clip((np.abs(np.mod(along / every, 1) - 0.5) - 0.22) * soft, 0, 1)
    share = {"striped": beside, "checked": 0.5 * (over + beside)}.get(variant, np.zeros_like(over))
    colours = colour + (accent - colour) * share[..., None]
    knit = plan.chances[7] < 0.55
    rows = 0.055 if knit else 0.03
    shown = float(np.clip(rows / max(2.5 * stage.pixel, 1e-6), 0, 1))
    grain = np.cos(across * (2 * np.pi / rows)) * np.cos(
        (along + 0.4 * np.abs(np.mod(across / rows, 2) - 1) * rows) * (np.pi / rows)
    )
    return np.asarray(colours * (1 + (0.16 if knit else 0.06) * shown * grain)[..., None], np.float32)


def paint_scarf(stage: Stage, plan: OccluderPlan) -> None:
    """Paint a scarf: windings around the neck and before the face, the lowest first, each above over the one below."""
    frame, chances = stage.frame, plan.chances
    half = silhouette(frame) * (0.98 + 0.14 * chances[0]) * min(max(plan.size, 0.95), 1.1)
    # From the chin alone (0.35) over the lips (-0.15) to the nose (-0.6).
    top = (0.3, -0.12, -0.28, -0.55)[int(chances[1] * 3.999)] + plan.down
    thick = 0.42 + 0.2 * chances[2]
    count = 4 + int(chances[3] * 2.999)
    for index in range(count, -1, -1):
        # Lower windings lie wider, over neck and shoulders.
        wide = half * (1.0 + 0.1 * min(index, 3) + 0.03 * math.sin(5 * index + 7 * chances[8]))
        middle = top + thick * 0.5 + index * thick * (0.62 + 0.12 * math.sin(3 * index + 6 * chances[9]))
        tilt = (0.2 * (chances[10] - 0.5) + 0.12 * math.sin(2.4 * index + 9 * chances[11])) * (1 if index else 0.7)
        _winding(stage, plan, index, (wide, middle, tilt, thick * (0.62 if index else 0.55)))
    if chances[12] < 0.55:
        _end(stage, plan, half, top + thick * 1.6)


def _winding(stage: Stage, plan: OccluderPlan, index: int, form: tuple[float, float, float, float]) -> None:
    wide, middle, tilt, radius = form
    frame, chances = stage.frame, plan.chances
    centre = axis_at(frame, middle)
    window = stage.window([(centre - wide, middle - 0.7), (centre + wide, middle + 0.9)], 0.5)
    x = np.clip((stage.u[window] - np.float32(centre)) / np.float32(wide), -1.2, 1.2)
    # Cloth hangs lower in front; the front is where the face looks.
    angle = np.arcsin(np.clip(x, -1, 1)) - np.float32(frame.yaw)
    hang = (0.14 + 0.2 * chances[4]) * (np.cos(angle) - 1) * (1 if index else 1.3)
    wave = 0.05 * stage.noise(window, angle * 0.9 + 3 * index, angle * 0, plan.seed)
    curve = np.float32(middle) + hang + np.float32(tilt) * x + wave
    edge = radius * (1 + 0.12 * stage.noise(window, angle * 1.3 + 11 + 5 * index, angle * 0, plan.seed + 1))
    y = (stage.v[window] - curve) / edge
    round_end = np.sqrt(np.clip(1 - np.clip(np.abs(x) - 0.8, 0, 0.4) ** 2 / 0.04, 0, 1))
    inside = np.minimum((1 - np.abs(y) / np.maximum(round_end, 0.05)) * edge, (1 - np.abs(x)) * wide)
    stage.shadow(
        window, np.asarray(0.45 * np.clip(1.5 - np.hypot(y, 0 * x), 0, 0.5) / 0.5 * (np.abs(x) < 1), np.float32)
    )
    folds = stage.noise(window, angle * 0.7 + 2 * index, (y + 0.6 * angle) * 1.1, plan.seed + 2)
    lean = np.clip(0.75 * y + 0.16 * folds, -0.9, 0.9)
    level = np.clip(x, -1, 1) * 0.9 * np.sqrt(np.clip(1 - lean * lean, 0, 1))
    lit = stage.shades(np.asarray(level, np.float32), np.asarray(lean, np.float32)) * (0.95 + 0.07 * folds)
    cloth = woven(stage, plan, np.asarray(angle * wide, np.float32), np.asarray(y * radius, np.float32), plan.variant)
    stage.lay(window, stage.soft(np.asarray(inside, np.float32), 0.015), cloth * lit[..., None].astype(np.float32))


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
    folds = stage.noise(window, across * 3.2, down * 0.25, plan.seed + 3)
    lean = np.asarray(np.clip(0.25 * folds + 0.6 * (across / wide) ** 3, -0.9, 0.9), np.float32)
    lit = stage.shades(lean, np.zeros_like(lean)) * (0.95 + 0.06 * folds)
    cloth = woven(stage, plan, np.asarray(down, np.float32), np.asarray(across, np.float32), plan.variant)
    stage.lay(window, stage.soft(np.asarray(inside, np.float32), 0.02), cloth * lit[..., None].astype(np.float32))


def paint_niqab(stage: Stage, plan: OccluderPlan) -> None:
    """Paint a veil: over hair, forehead and all below the eyes; half ones leave the forehead and the hair free."""
    frame, chances = stage.frame, plan.chances
    if plan.variant != "half":
        _drape(stage, plan, _head(frame, plan), hood=True)
    slit_top, slit_bottom = _slit(frame, plan)
    if plan.variant == "half":
        _drape(stage, plan, [*slit_bottom, *_below(frame, plan)], hood=False)
        return
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
    top = [(u, v - high * share) for (u, v), share in zip(upper, grow, strict=True)]
    shift = (0.35, 0.7, 0.5, 0.25, 0.5, 0.7, 0.35)
    bottom = [(u, v + low * share) for (u, v), share in zip(lower, shift, strict=True)]
    return top, bottom


def _head(frame: Frame, plan: OccluderPlan) -> list[Place]:
    """The outline of head and drape, clockwise from the left shoulder."""
    wide = silhouette(frame) * (1.0 + 0.12 * plan.chances[0])
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
    wide = silhouette(frame) * (1.0 + 0.12 * plan.chances[0])
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


def _drape(stage: Stage, plan: OccluderPlan, outline: list[Place], hood: bool) -> None:
    frame, chances = stage.frame, plan.chances
    inside = stage.polygon(outline, 0.02)
    whole = (slice(None), slice(None))
    centre = axis_at(frame, 0)
    wide = silhouette(frame)
    x = np.clip((stage.u - np.float32(centre)) / np.float32(wide * 1.15), -1, 1)
    down = stage.v
    below = np.clip((down - 0.5) / 1.2, 0, 1)
    folds = stage.noise(whole, x * (1.4 + 1.6 * chances[7]), down * 0.22, plan.seed) * (0.35 + 0.9 * below)
    folds = folds + 0.4 * stage.noise(whole, x * 1.1 + 0.5 * down, down * 0.9, plan.seed + 1)
    # The nose and the chin lift the cloth.
    nose, chin = frame.at(1), frame.at(152)
    bump = _bump(stage, nose, 0.3) + 0.7 * _bump(stage, chin, 0.35)
    lean_x = np.clip(0.75 * x + 0.16 * folds + bump[0], -0.95, 0.95)
    lean_y = np.clip(-0.55 * np.clip(-(down + 1.5) / 1.4, 0, 1) * float(hood) + bump[1], -0.28, 0.28)
    lit = stage.shades(np.asarray(lean_x, np.float32), np.asarray(lean_y, np.float32)) * (0.95 + 0.08 * folds)
    colour = stage.colour(plan.colour, plan.light)
    stage.lay(whole, inside, colour * lit[..., None].astype(np.float32))


def _bump(stage: Stage, place: Place, size: float) -> Floats:
    """Slopes (2, h, w) of cloth over something that stands out."""
    u, v = stage.u - np.float32(place[0]), stage.v - np.float32(place[1])
    height = 1.6 * np.exp(-(u * u + v * v) / (2 * size * size))
    return np.asarray(np.stack([height * u, height * v]), np.float32)
