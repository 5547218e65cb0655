"""Beards: hair that follows the jaw, and leaves the lips free."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masquerade.masks.occluders.frame import Place
from masquerade.masks.occluders.stage import Stage
from masquerade.masks.occluders.types import OccluderPlan

Floats = NDArray[np.float32]

JAW = (234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361, 323, 454)
"""The outline of the face from one ear over the chin to the other."""
CHEEKS = (366, 401, 435, 432, 426, 327, 2, 98, 206, 212, 215, 177, 137)
"""The beard's upper edge, from the left ear over the upper lip to the right one."""
LIPS = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)
GOATEE = (216, 206, 165, 2, 391, 426, 436, 432, 422, 424, 431, 262, 369, 400, 152, 176, 140, 32, 211, 204, 202, 212)
MOUSTACHE = (216, 206, 98, 2, 327, 426, 436, 410, 291, 270, 267, 0, 37, 40, 61, 186)


def paint_beard(stage: Stage, plan: OccluderPlan) -> None:
    """Paint a beard: a soft ground, streaks of hair that run away from the nose, ragged edges."""
    frame, chances = stage.frame, plan.chances
    ground = stage.polygon(_outline(stage, plan), 0.09)
    centre = frame.at(2)
    u, v = stage.u - np.float32(centre[0]), stage.v - np.float32(centre[1] - 0.35)
    angle, reach = np.arctan2(u, v), np.hypot(u, v)
    whole = (slice(None), slice(None))
    wavy = 0.02 * stage.noise(angle * 2, reach * 3, plan.seed + 5)
    fine = stage.noise((angle + wavy) * 34, reach * 4, plan.seed)
    coarse = stage.noise((angle + 2 * wavy) * 10, reach * 4, plan.seed + 1)
    curls = 0.5 * fine + 0.5 * coarse
    ragged = ground + 0.11 * curls * 4 * ground * (1 - ground)
    sharp = 3.0 if plan.variant != "stubble" else 1.6
    alpha = np.clip((ragged - 0.5) * sharp + 0.5, 0, 1)
    lips = stage.polygon([frame.at(index) for index in LIPS], 0.035)
    kept = np.clip(1.6 * lips - 0.12 * curls, 0, 1)
    thick = {"stubble": 0.3 + 0.25 * chances[0], "moustache": 0.92, "goatee": 0.92, "full": 0.97}[plan.variant]
    alpha = alpha * (1 - kept) * np.clip(thick + (0.12 if thick > 0.6 else 0.25) * curls, 0, 1)
    colour = stage.colour(plan.colour, plan.light)
    # Hair lies over the jaw: round to the sides, dark below the lips and under the chin.
    chin = frame.at(152)
    lean_x = np.asarray(np.clip(0.55 * (stage.u - np.float32(chin[0])) + 0.08 * coarse, -0.9, 0.9), np.float32)
    lean_y = np.asarray(np.clip(0.5 * (stage.v - np.float32(chin[1] - 0.25)), -0.4, 0.4), np.float32)
    lit = stage.shades(lean_x, lean_y) * (1 + 0.22 * fine + 0.1 * coarse)
    grey = np.clip(max(0.0, chances[1] - 0.6) + 0.3 * (fine - 0.6), 0, 0.6)
    colours = colour + (stage.colour("#b9b5af", plan.light) - colour) * grey[..., None]
    colours = np.asarray(colours * np.maximum(lit, 0.3)[..., None] + 0.03 * stage.white, np.float32)
    stage.lay(whole, np.asarray(alpha, np.float32), colours)


def _outline(stage: Stage, plan: OccluderPlan) -> list[Place]:
    frame, chances = stage.frame, plan.chances
    if plan.variant == "goatee":
        places = [frame.at(index) for index in GOATEE]
        chin = frame.at(152)
        low = 0.1 + 0.45 * chances[2]
        return [(u, v + low * max(0.0, 1 - 1.8 * abs(u - chin[0])) * (v > chin[1] - 0.35)) for u, v in places]
    if plan.variant == "moustache":
        low = 0.06 * chances[2]
        return [(u * (1 + 0.12 * chances[3]), v + low) for u, v in (frame.at(index) for index in MOUSTACHE)]
    long = (0.05 + 0.75 * chances[2] ** 2) if plan.variant == "full" else 0.02
    chin = frame.at(152)
    jaw = [frame.at(index) for index in JAW]
    lower = []
    for u, v in jaw:
        share = np.clip((v - (chin[1] - 1.3)) / 1.3, 0, 1)
        lower.append((u + 0.06 * np.sign(u - chin[0]) * share, v + long * share**2 + 0.05 * share))
    lift = 0.12 * (chances[3] - 0.4)
    upper = [(u, v - lift) for u, v in (frame.at(index) for index in CHEEKS)]
    return [*lower, *upper]
