"""Face shields: a clear visor on a band around the forehead, through which the face is seen."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from masquerade.masks.occluders.frame import Place
from masquerade.masks.occluders.stage import Stage
from masquerade.masks.occluders.types import OccluderPlan

Floats = NDArray[np.float32]

GLOSS, EDGE = 0.5, 0.4
"""Largest alpha of the visor, and alpha of its edges over it."""
CLEAR = 0.8
"""Alpha below which a shield hides nothing: the visor with its edges, not the band."""


def paint_shield(stage: Stage, plan: OccluderPlan) -> None:
    """Paint the visor, its edges and its gloss, and the band."""
    frame, chances = stage.frame, plan.chances
    glasses = plan.variant == "glasses"
    half = (1.22 + 0.2 * chances[0]) * plan.size
    # The visor stands before the face: it shifts farther than the face does when the head is turned.
    shift = 0.75 * math.sin(frame.yaw)
    top = frame.at(9 if glasses else 151)[1] - (0.05 if glasses else 0.12) + plan.down
    bottom = frame.at(152)[1] + 0.15 + 0.65 * chances[1]
    centre = axis_u = frame.mean(0, 0, 0.3)[0] + shift * 0.4
    wide = half * (1 - 0.1 * abs(math.sin(frame.yaw)))
    outline = _outline((centre, top), (centre + 0.1 * math.sin(frame.yaw), bottom), wide, 0.3 + 0.35 * chances[2])
    whole = (slice(None), slice(None))
    inside = stage.polygon(outline)
    white = np.asarray(np.full(3, stage.white), np.float32)
    tint = white * np.array([0.93, 0.98, 1.0], np.float32)
    x = (stage.u - np.float32(axis_u)) / np.float32(wide)
    y = (stage.v - np.float32(top)) / np.float32(max(bottom - top, 0.5))
    haze = 0.035 + 0.06 * chances[3]
    streaks = np.zeros_like(x)
    for index in range(3):
        place = -0.8 + 1.6 * ((chances[4] + 0.37 * index * (1 + chances[5])) % 1)
        width = 0.03 + 0.1 * ((chances[6] + 0.41 * index) % 1)
        bend = 0.12 * np.sin(3 * y + 5 * chances[7])
        fade = np.exp(-(((y - (0.2 + 0.3 * index)) / 0.45) ** 2))
        streaks += (0.3 + 0.3 * chances[8]) * np.exp(-(((x - place + bend) / width) ** 2)) * fade
    grazing = 0.22 * np.clip(np.abs(x) - 0.75, 0, 0.25) / 0.25
    stage.lay(whole, np.asarray(inside * np.clip(haze + streaks + grazing, 0, GLOSS), np.float32), tint)
    for start, end in zip(outline, [*outline[1:], outline[0]], strict=True):
        _edge(stage, start, end, tint * np.float32(0.95), EDGE)
    _band(stage, plan, (axis_u, top), wide, glasses)


def _outline(top: Place, bottom: Place, wide: float, corner: float) -> list[Place]:
    """The visor's outline: straight above, round corners below."""
    places = [(top[0] - wide, top[1]), (top[0] + wide, top[1])]
    for side in (1, -1):
        angles = np.linspace(0, math.pi / 2, 6) if side > 0 else np.linspace(math.pi / 2, 0, 6)
        for angle in angles:
            across = wide * 0.97 - corner + corner * math.cos(angle)
            places.append((bottom[0] + side * across, bottom[1] - corner + corner * math.sin(angle)))
    return places


def _edge(stage: Stage, start: Place, end: Place, colour: Floats, alpha: float) -> None:
    """A thin bright line, at least a pixel wide."""
    width = max(0.014, 0.6 * stage.pixel)
    window = stage.window([start, end], 3 * width)
    u, v = stage.u[window] - np.float32(start[0]), stage.v[window] - np.float32(start[1])
    du, dv = end[0] - start[0], end[1] - start[1]
    along = np.clip((u * du + v * dv) / max(du * du + dv * dv, 1e-9), 0, 1)
    distance = np.hypot(u - along * du, v - along * dv)
    stage.lay(window, np.asarray(alpha * np.clip(1.5 - distance / width, 0, 1), np.float32), colour)


def _band(stage: Stage, plan: OccluderPlan, middle: Place, wide: float, glasses: bool) -> None:
    """The band above the visor: foam, a clip of plastic, or the frame of glasses."""
    chances = plan.chances
    colour = stage.colour(plan.colour, plan.light)
    tall = {"foam": 0.16 + 0.1 * chances[9], "clip": 0.09 + 0.06 * chances[9], "glasses": 0.04}[plan.variant]
    bow = 0.16 * (chances[10] - 0.2)
    window = stage.window([(middle[0] - wide, middle[1]), (middle[0] + wide, middle[1])], tall + 0.3)
    x = (stage.u[window] - np.float32(middle[0])) / np.float32(wide)
    y = stage.v[window] - np.float32(middle[1]) + np.float32(bow) * (1 - np.clip(x, -1, 1) ** 2)
    inside = np.minimum(tall - np.abs(y), (1.01 - np.abs(x)) * wide)
    lean = np.asarray(np.clip(0.9 * x, -0.9, 0.9), np.float32)
    lit = stage.shades(lean, np.asarray(np.clip(0.35 * y / tall, -0.4, 0.4), np.float32))
    alpha = stage.soft(np.asarray(inside, np.float32))
    stage.lay(window, alpha, colour * lit[..., None])
    if not glasses:
        line = np.asarray(0.3 * np.exp(-(((np.abs(y) - 0.8 * tall) / (0.1 * tall)) ** 2)) * alpha, np.float32)
        stage.shadow(window, line)
