"""Things held to the mouth: cups, phones, microphones."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masquerade.masks.occluders.frame import Place
from masquerade.masks.occluders.hands import Spot, holding_arm, holding_fingers
from masquerade.masks.occluders.stage import Stage, Window
from masquerade.masks.occluders.types import OccluderPlan

Floats = NDArray[np.float32]


class Upright:
    """Places in the own frame of a thing: x across, y down, turned about its centre."""

    def __init__(self, stage: Stage, centre: Place, turn: float, half: tuple[float, float]) -> None:
        """Take the part of a stage around a thing of this half width and half height."""
        self.stage, self.centre, self.angle = stage, centre, math.radians(turn)
        self.window: Window = stage.window([centre], 1.15 * math.hypot(*half))
        u, v = stage.u[self.window] - np.float32(centre[0]), stage.v[self.window] - np.float32(centre[1])
        cosine, sine = np.float32(math.cos(self.angle)), np.float32(math.sin(self.angle))
        self.x, self.y = u * cosine + v * sine, v * cosine - u * sine

    def place(self, x: float, y: float) -> Place:
        """A place of its own, in the head's frame."""
        cosine, sine = math.cos(self.angle), math.sin(self.angle)
        return self.centre[0] + x * cosine - y * sine, self.centre[1] + x * sine + y * cosine

    def round_box(self, half: tuple[float, float], corner: float) -> Floats:
        """Signed distance from a box with round corners, positive inside."""
        x, y = np.abs(self.x) - np.float32(half[0] - corner), np.abs(self.y) - np.float32(half[1] - corner)
        outside = np.hypot(np.maximum(x, 0), np.maximum(y, 0))
        return np.asarray(corner - outside - np.minimum(np.maximum(x, y), 0), np.float32)

    def ellipse(self, y: float, rx: float, ry: float) -> Floats:
        """About the signed distance from an ellipse on its axis, positive inside."""
        reach = np.hypot(self.x / np.float32(rx), (self.y - np.float32(y)) / np.float32(ry))
        return np.asarray((1 - reach) * np.float32(min(rx, ry)), np.float32)

    def lay(self, inside: Floats, colours: Floats, alpha: float = 1.0) -> None:
        """Paint where a signed distance is positive."""
        self.stage.lay(self.window, self.stage.soft(inside) * np.float32(alpha), colours)

    def turned(self, x: NDArray[Any], lean: float = 0.0) -> Floats:
        """Brightness of a pillar whose surface looks ``x`` (-1 to 1) to its side."""
        x = np.clip(x, -0.98, 0.98).astype(np.float32)
        cosine, sine = np.float32(math.cos(self.angle)), np.float32(math.sin(self.angle))
        return self.stage.shades(x * cosine, np.clip(x * sine + np.float32(lean), -0.2, 0.2))


SHAPES: dict[str, tuple[float, float, float, float]] = {
    "mug": (0.62, 0.6, 0.72, 0.26),
    "paper": (0.66, 0.48, 0.85, 0.2),
    "glass": (0.56, 0.46, 0.85, 0.22),
    "bottle": (0.5, 0.5, 1.5, 0.1),
    "can": (0.51, 0.51, 0.95, 0.18),
}
"""Half width above and below, half height, and half height of the rim's ellipse as a share of its half width."""


def paint_cup(stage: Stage, plan: OccluderPlan) -> None:
    """Paint a cup at the mouth, in a hand."""
    chances = plan.chances
    upper, lower, tall, flat = (value * plan.size for value in SHAPES[plan.variant])
    side = -1.0 if plan.mirrored else 1.0
    turn = plan.turn + side * (-4 + 22 * chances[0])
    bottle = plan.variant == "bottle"
    # The rim lies at the lips, or up to the nose while one drinks.
    rim = 0.08 + plan.down - 0.45 * chances[1] if not bottle else 0.1
    angle = math.radians(turn)
    centre = (plan.right - tall * math.sin(angle), rim + tall * math.cos(angle))
    cup = Upright(stage, centre, turn, (upper, tall * 1.2))
    grip = cup.place(side * 0.9 * upper, (0.0 if plan.variant != "bottle" else 0.3) * tall)
    held = chances[2] < 0.92
    if held:
        holding_arm(stage, plan, grip, side, -125 - 30 * chances[3])
    if plan.variant == "mug":
        _handle(stage, plan, cup, (-side if held else side) * upper, tall)
    _vessel(stage, plan, cup, (upper, lower, tall, flat))
    if held:
        holding_fingers(stage, plan, cup.place(side * 0.95 * lower, 0.1 * tall), side, 1.1 * upper, turn)


def _handle(stage: Stage, plan: OccluderPlan, cup: Upright, edge: float, tall: float) -> None:
    colour = stage.colour(plan.colour, 0.92 * plan.light)
    out = edge * 1.62
    places = [(edge * 0.9, -0.45 * tall), (out, -0.35 * tall), (out, 0.3 * tall), (edge * 0.9, 0.45 * tall)]
    for (x0, y0), (x1, y1) in pairwise(places):
        stage.limb(cup.place(x0, y0), cup.place(x1, y1), (0.09 * plan.size, 0.09 * plan.size), colour)


def _vessel(stage: Stage, plan: OccluderPlan, cup: Upright, shape: tuple[float, float, float, float]) -> None:
    upper, lower, tall, flat = shape
    chances, clear = plan.chances, plan.variant == "glass"
    down = np.clip((cup.y / np.float32(tall) + 1) / 2, 0, 1)
    half = np.asarray(upper + (lower - upper) * down, np.float32)
    if plan.variant == "bottle":
        # The neck: from a third of the width above to all of it.
        half = np.asarray(half * (0.36 + 0.64 * np.clip((down - 0.16) / 0.2, 0, 1) ** 0.8), np.float32)
    x = cup.x / half
    ry = flat * upper
    lower_y = tall - ry
    body = np.minimum((1 - np.abs(x)) * half, np.minimum(cup.y + tall - ry, lower_y - cup.y))
    body = np.maximum(body, np.minimum(cup.ellipse(lower_y, lower, ry), cup.y))
    colour, accent = stage.colour(plan.colour, plan.light), stage.colour(plan.accent, plan.light)
    colours = np.broadcast_to(colour, (*x.shape, 3)).copy()
    curve = down + 0.12 * flat * np.sqrt(np.clip(1 - x * x, 0, 1))
    for low, high in _bands(plan):
        inside = cup.stage.soft(np.asarray(np.minimum(curve - low, high - curve) * 2 * tall, np.float32))
        colours += (accent - colours) * inside[..., None]
    colours *= cup.turned(x)[..., None]
    gloss = 0.35 * np.exp(-(((x + 0.45) / 0.12) ** 2)) * (0.3 if plan.variant == "paper" else 1.0)
    colours += (gloss * stage.white)[..., None].astype(np.float32)
    cup.lay(body, colours, 0.42 if clear else 1.0)
    if clear:
        drink = np.minimum(body, cup.y - np.float32(tall * (-0.6 + 0.9 * chances[4])))
        cup.lay(drink, accent * cup.turned(x)[..., None], 0.8)
        rim_edge = 0.03 - np.abs((1 - np.abs(x)) * half - 0.03)
        cup.lay(np.minimum(rim_edge, body), np.asarray(np.full(3, stage.white * 0.9), np.float32), 0.6)
    if plan.variant != "bottle":
        top = cup.ellipse(-tall + ry, upper * 1.02, ry)
        lidded = plan.variant in ("paper", "can") and chances[5] < 0.6
        inner = accent * np.float32(0.9) if lidded else colour * np.float32(0.62)
        cup.lay(top, colour * np.float32(1.05), 0.5 if clear else 1.0)
        cup.lay(top - np.float32(0.045), inner, 0.3 if clear else 1.0)


def _bands(plan: OccluderPlan) -> list[tuple[float, float]]:
    """Where stripes, sleeves and labels lie, as shares of the height."""
    chance = plan.chances[6]
    if plan.variant == "glass":
        return []
    if plan.variant == "paper":
        return [(0.34, 0.72)] if chance < 0.6 else []
    if plan.variant == "bottle":
        return [(-0.2, 0.1), (0.5, 0.78)]
    if plan.variant == "can":
        return [(0.3, 0.34), (0.4, 0.7)]
    return [[], [(0.2, 0.3)], [(0.25, 0.75)], [(0.2, 0.27), (0.35, 0.42), (0.5, 0.57), (0.65, 0.72)]][
        int(chance * 3.99)
    ]


def paint_phone(stage: Stage, plan: OccluderPlan) -> None:
    """Paint a phone before the mouth, before half of the face or at the cheek, in a hand."""
    chances = plan.chances
    side = -1.0 if plan.mirrored else 1.0
    half = (0.56 * plan.size, 1.16 * plan.size)
    if plan.variant == "level":
        centre, turn = (plan.right, plan.down + 0.12 + 0.2 * chances[0]), 90.0 * side + 2 * plan.turn
    elif plan.variant == "cheek":
        cheek = stage.frame.at(454 if side > 0 else 234)
        centre, turn = (cheek[0] * 0.8 + 0.1 * side, plan.down - 0.2 + 0.3 * chances[0]), side * (-14 - 14 * chances[1])
    else:
        centre, turn = (plan.right + 0.25 * side * chances[1], plan.down - 0.1 + 0.8 * chances[0]), plan.turn
    phone = Upright(stage, centre, turn, half)
    low = (
        phone.place(side * half[0] * 0.8, 0.35 * half[1])
        if plan.variant != "level"
        else (centre[0] + side * 0.6 * half[1], centre[1] + 0.45)
    )
    holding_arm(stage, plan, low, side, -110 - 30 * chances[2])
    _slab(stage, plan, phone, half)
    if plan.variant == "level":
        edge = (centre[0] + side * 0.75 * half[1], centre[1] + 0.1)
        holding_fingers(stage, plan, edge, side, 0.7, -30 * side)
    else:
        edge = phone.place(side * 0.98 * half[0], 0.35 * half[1])
        holding_fingers(stage, plan, edge, side, (0.35 + 0.5 * chances[3]) * plan.size, turn)


def _slab(stage: Stage, plan: OccluderPlan, phone: Upright, half: tuple[float, float]) -> None:
    size, chances = plan.size, plan.chances
    body = phone.round_box(half, 0.15 * size)
    colour = stage.colour(plan.colour, plan.light)
    lit = 1 + 0.12 * phone.y / np.float32(half[1]) * (2 * chances[4] - 1)
    colours = colour * lit[..., None].astype(np.float32)
    sheen = np.exp(-(((phone.x + 0.5 * phone.y - (chances[5] - 0.5)) / 0.3) ** 2))
    colours += (0.1 * stage.white * sheen)[..., None].astype(np.float32)
    phone.lay(body, np.asarray(colour * 0.55 + 0.12 * stage.white, np.float32))
    phone.lay(body - np.float32(0.03 * size), np.asarray(colours, np.float32))
    # The camera: a bump with lenses in the upper corner.
    bump = Upright(
        stage, phone.place(-0.28 * size, -0.85 * size), math.degrees(phone.angle), (0.24 * size, 0.24 * size)
    )
    bump.lay(
        bump.round_box((0.2 * size, 0.2 * size), 0.07 * size), np.asarray(colour * 0.8 + 0.05 * stage.white, np.float32)
    )
    for x, y in ((-0.08, -0.08), (-0.08, 0.09), (0.09, 0.0))[: 2 + int(chances[6] < 0.5)]:
        place = bump.place(x * size, y * size)
        stage.limb(place, place, (0.065 * size, 0.065 * size), np.asarray(np.full(3, 0.05 * stage.white), np.float32))


def paint_microphone(stage: Stage, plan: OccluderPlan) -> None:
    """Paint a microphone before the mouth: its ball, its stick, mostly the hand that holds it."""
    chances = plan.chances
    side = -1.0 if plan.mirrored else 1.0
    foam = plan.variant != "mesh"
    radius = (0.42 if foam else 0.36) * plan.size
    head = (plan.right + side * 0.12 * chances[0], plan.down + 0.14 + 0.22 * chances[1])
    lean = math.radians(20 + 55 * chances[2] + plan.turn)
    way = (side * math.sin(lean), math.cos(lean))
    far = 2.6 * plan.size

    def on(share: float) -> Place:
        return head[0] + way[0] * share, head[1] + way[1] * share

    stick = stage.colour("#1c1d20" if foam else plan.colour, plan.light)
    grip = on(1.45 * plan.size)
    held = chances[3] < 0.75
    turn = -125.0 + 20 * chances[4]
    if held:
        holding_arm(stage, plan, (grip[0] + side * 0.2, grip[1]), side, turn)
    stage.limb(head, on(far), (0.2 * plan.size, 0.15 * plan.size), stick, gap=0.4)
    if held:
        holding_fingers(
            stage,
            plan,
            (grip[0] + side * 0.22, grip[1]),
            side,
            0.48 * plan.size,
            90 - math.degrees(lean) if side > 0 else math.degrees(lean) - 90,
        )
    if plan.variant == "broadcast":
        _cube(stage, plan, on(0.62 * plan.size), math.degrees(lean) * -side)
    else:
        ring = (on(0.8 * radius), on(1.05 * radius))
        stage.limb(*ring, (0.85 * radius, 0.6 * radius), stage.colour("#8a8d92", plan.light), gap=0.3)
    _ball(stage, plan, head, radius, foam)


def _ball(stage: Stage, plan: OccluderPlan, head: Place, radius: float, foam: bool) -> None:
    window = stage.window([head], radius)
    x = (stage.u[window] - np.float32(head[0])) / np.float32(radius)
    y = (stage.v[window] - np.float32(head[1])) / np.float32(radius)
    reach = np.hypot(x, y)
    long = np.maximum(reach, 1)
    lit = stage.shades(np.asarray(0.97 * x / long, np.float32), np.asarray(0.97 * y / long, np.float32))
    if foam:
        colour = stage.colour(plan.colour, plan.light)
        lit = lit * (1 + 0.1 * stage.noise(x * 9, y * 9, plan.seed))
    else:
        colour = stage.colour("#b4b7bb", plan.light)
        bulge = 1 / np.sqrt(np.maximum(1 - 0.75 * np.minimum(reach, 1) ** 2, 0.1))
        wires = np.cos(24 * x * bulge) * np.cos(24 * y * bulge)
        fine = min(1.0, 0.25 / max(stage.pixel * 24 / radius, 0.25))
        lit = lit * (0.72 + 0.3 * fine * wires) * np.where(np.abs(y - 0.1) < 0.08, 1.25, 1.0)
    stage.lay(
        window, stage.soft(np.asarray((1 - reach) * radius, np.float32)), colour * lit[..., None].astype(np.float32)
    )


def _cube(stage: Stage, plan: OccluderPlan, centre: Place, turn: float) -> None:
    """The box with a station's sign around a reporter's microphone."""
    size = plan.size
    box = Upright(stage, centre, turn, (0.4 * size, 0.3 * size))
    sign = stage.colour(plan.accent, plan.light)
    box.lay(box.round_box((0.4 * size, 0.28 * size), 0.05 * size), sign * np.float32(0.95))
    half = np.minimum(box.round_box((0.4 * size, 0.28 * size), 0.05 * size), box.x)
    box.lay(half, sign * np.float32(0.7))
    mark = np.minimum(0.09 * size - np.abs(box.y), 0.12 * size - np.abs(box.x + np.float32(0.2 * size)))
    box.lay(
        np.asarray(mark, np.float32), stage.colour("#f4f4f2" if plan.accent != "#f4f1ea" else "#b03a3a", plan.light)
    )


__all__ = ["Spot", "Upright", "paint_cup", "paint_microphone", "paint_phone"]
