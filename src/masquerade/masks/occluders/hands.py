"""Hands before a face: flat, two of them, a fist, a pinch, a head resting on one; and fingers around a thing."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from masquerade.masks.occluders.frame import Place
from masquerade.masks.occluders.stage import Stage
from masquerade.masks.occluders.types import OccluderPlan

Floats = NDArray[np.float32]

FINGERS = ((0.02, -0.47, 1.12, 0.155), (0.12, -0.16, 1.26, 0.165), (0.06, 0.15, 1.16, 0.16), (-0.08, 0.44, 0.92, 0.14))
"""Knuckle (along, across), length and radius of index, middle, ring and little finger."""
GAP = 0.42
"""Darkness between fingers."""
RED = np.array([1.03, 0.9, 0.9], np.float32)
"""Fingertips beside the skin."""
NAIL = np.array([1.12, 1.0, 0.98], np.float32)


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a hand lies: its own x runs from the wrist to the fingers, y from the index to the little finger.

    Attributes:
        centre: the row of knuckles.
        turn: degrees from u to x, clockwise.
        size: units a unit of its own.
        flip: -1 for the other hand.
    """

    centre: Place
    turn: float
    size: float
    flip: float = 1.0

    def at(self, x: float, y: float) -> Place:
        """A place of the hand, in the head's frame."""
        angle = math.radians(self.turn)
        x, y = x * self.size, y * self.size * self.flip
        return (
            self.centre[0] + x * math.cos(angle) - y * math.sin(angle),
            self.centre[1] + x * math.sin(angle) + y * math.cos(angle),
        )


def mirrored(spot: Spot) -> Spot:
    """The same hand from the other side of the face."""
    return Spot((-spot.centre[0], spot.centre[1]), 180 - spot.turn, spot.size, -spot.flip)


def skin_of(stage: Stage, plan: OccluderPlan) -> Floats:
    """Colour of the hand: the face's skin, a little lighter, darker or redder."""
    warm = np.array([1 + 0.05 * (plan.chances[14] - 0.3), 1, 1 - 0.08 * (plan.chances[14] - 0.5)], np.float32)
    return np.asarray(stage.skin * warm * np.float32(plan.light * (0.97 + 0.16 * plan.chances[15])), np.float32)


def paint_hand(stage: Stage, plan: OccluderPlan) -> None:
    """Paint the hand of a plan."""
    HANDS[plan.variant](stage, plan, skin_of(stage, plan))


def arm(stage: Stage, plan: OccluderPlan, spot: Spot, skin: Floats, length: float = 7.0) -> None:
    """Paint wrist, forearm and sleeve."""
    size = spot.size
    stage.limb(spot.at(-1.25, 0), spot.at(-length, 0.1), (0.43 * size, 0.66 * size), skin, flat=0.25)
    if plan.chances[13] < 0.65:
        start = -1.75 - 1.6 * plan.chances[12]
        cloth = stage.colour(plan.colour)
        stage.limb(spot.at(start, 0), spot.at(-length, 0.1), (0.6 * size, 0.9 * size), cloth, gap=0.4, flat=0.15)
        cuff = (spot.at(start, -0.5), spot.at(start, 0.5))
        stage.limb(*cuff, (0.13 * size, 0.13 * size), cloth * np.float32(0.86), flat=0.2)


def finger(stage: Stage, places: list[Place], radius: float, skin: Floats, nail: bool) -> None:
    """Paint a finger through its joints."""
    radii = np.linspace(radius, 0.8 * radius, len(places)).tolist()
    for index in range(len(places) - 1):
        ends = (radii[index], radii[index + 1])
        stage.limb(places[index], places[index + 1], ends, skin, gap=0.0 if index else GAP)
    stage.limb(places[-1], places[-1], (0.7 * radius, 0.7 * radius), skin * RED, flat=0.3, share=0.35)
    for joint, size in zip(places[1:-1], radii[1:-1], strict=True):
        _wrinkle(stage, joint, size)
    if nail:
        (u0, v0), (u1, v1) = places[-2], places[-1]
        length = math.hypot(u1 - u0, v1 - v0) or 1.0
        along = ((u1 - u0) / length * radius, (v1 - v0) / length * radius)
        ends = ((u1 - 0.1 * along[0], v1 - 0.1 * along[1]), (u1 + 0.35 * along[0], v1 + 0.35 * along[1]))
        stage.limb(*ends, (0.42 * radius, 0.4 * radius), np.minimum(skin * NAIL, 1), gap=0.22, flat=0.5)


def _wrinkle(stage: Stage, joint: Place, radius: float) -> None:
    window = stage.window([joint], radius)
    u, v = stage.u[window] - np.float32(joint[0]), stage.v[window] - np.float32(joint[1])
    stage.shadow(window, np.asarray(0.16 * np.exp(-(u * u + v * v) / (0.35 * radius) ** 2), np.float32))


def flat_hand(stage: Stage, plan: OccluderPlan, spot: Spot, skin: Floats, nails: bool) -> None:
    """A hand laid flat: palm, four fingers side by side, the thumb spread."""
    size, chances = spot.size, plan.chances
    arm(stage, plan, spot, skin)
    stage.limb(spot.at(-1.2, 0.0), spot.at(-0.1, -0.02), (0.5 * size, 0.62 * size), skin, flat=0.45)
    spread, bend = 9 * chances[0], 0.78 + 0.22 * chances[1]
    thumb = 0.3 + 0.55 * chances[2]
    root, joint = spot.at(-0.95, -0.4), spot.at(-0.5, -0.62 - 0.3 * thumb)
    finger(stage, [root, joint, spot.at(-0.02, -0.72 - 0.5 * thumb)], 0.19 * size, skin, nails)
    for index, (x, y, length, radius) in enumerate(FINGERS):
        angle = math.radians((index - 1.4) * spread)
        middle = (x + 0.52 * length * math.cos(angle), y + 0.52 * length * math.sin(angle))
        end = length * bend
        tip = (x + end * math.cos(angle * 1.1), y + end * math.sin(angle * 1.1))
        places = [spot.at(x - 0.15, y), spot.at(*middle), spot.at(*tip)]
        finger(stage, places, radius * size, skin * np.float32(1 + 0.02 * (index % 2)), nails)


def fist(stage: Stage, plan: OccluderPlan, spot: Spot, skin: Floats) -> None:
    """A closed hand: the row of bent fingers, the thumb over them."""
    size = spot.size
    arm(stage, plan, spot, skin)
    stage.limb(spot.at(-1.1, 0.0), spot.at(-0.2, 0.0), (0.46 * size, 0.6 * size), skin, flat=0.4)
    for index, y in enumerate((-0.45, -0.15, 0.15, 0.42)):
        reach = (0.3, 0.38, 0.34, 0.24)[index]
        places = [spot.at(-0.25, y), spot.at(reach, y * 0.97)]
        finger(stage, places, 0.175 * size, skin * np.float32(0.98 + 0.03 * (index % 2)), False)
    lift = 0.2 * plan.chances[0]
    thumb = [spot.at(-0.75, -0.5), spot.at(-0.3, -0.62 + lift), spot.at(0.12, -0.3 + lift)]
    finger(stage, thumb, 0.19 * size, skin, True)


def _flat(stage: Stage, plan: OccluderPlan, skin: Floats) -> None:
    """From the side or from below, over mouth, nose and mouth, or chin."""
    chances = plan.chances
    aim = (-0.02, -0.3, 0.06, 0.42)[int(chances[3] * 3.999)]
    turn = 188 + 62 * chances[4] + plan.turn
    angle = math.radians(turn)
    # Knuckles or fingers lie on the mouth, as far as chance says.
    back = 0.1 + 0.45 * chances[5]
    centre = (plan.right - back * math.cos(angle), plan.down + aim - back * math.sin(angle))
    spot = Spot(centre, turn, plan.size, 1.0)
    flat_hand(stage, plan, mirrored(spot) if plan.mirrored else spot, skin, chances[6] < 0.7)


def _two_hands(stage: Stage, plan: OccluderPlan, skin: Floats) -> None:
    """Both hands before nose and mouth, fingers up or crossed."""
    chances = plan.chances
    apart = 0.3 + 0.3 * chances[3]
    turn = -100 - 42 * chances[4]
    for flip in (1.0, -1.0) if plan.mirrored else (-1.0, 1.0):
        spot = Spot((apart + 0.08, plan.down + 0.35 + 0.3 * chances[5]), turn, 0.92 * plan.size, -1.0)
        flat_hand(stage, plan, spot if flip > 0 else mirrored(spot), skin, chances[6] < 0.7)


def _fist(stage: Stage, plan: OccluderPlan, skin: Floats) -> None:
    """A fist held to the mouth, as when one coughs."""
    chances = plan.chances
    turn = -165 + 100 * chances[3] + plan.turn
    turn = turn if turn < -60 else -60
    spot = Spot((0.12 + plan.right, plan.down + 0.05 + 0.35 * chances[4]), turn, plan.size)
    fist(stage, plan, mirrored(spot) if plan.mirrored else spot, skin)


def _pinch(stage: Stage, plan: OccluderPlan, skin: Floats) -> None:
    """Thumb and index at the chin or the lips, the others curled."""
    chances = plan.chances
    turn = -150 + 60 * chances[3] + plan.turn
    spot = Spot((plan.right, plan.down + 0.1 + 0.55 * chances[4]), turn, plan.size)
    spot = mirrored(spot) if plan.mirrored else spot
    size = spot.size
    behind = Spot(spot.at(-0.95, 0.1), spot.turn, size, spot.flip)
    arm(stage, plan, behind, skin)
    stage.limb(spot.at(-1.9, 0.15), spot.at(-1.05, 0.1), (0.45 * size, 0.5 * size), skin, flat=0.4)
    for index in (3, 2, 1):
        start, end = spot.at(-1.05, 0.5 - 0.22 * (3 - index)), spot.at(-0.5, 0.52 - 0.2 * (3 - index))
        finger(stage, [start, end], 0.165 * size, skin * np.float32(0.97 + 0.02 * index), False)
    finger(stage, [spot.at(-1.2, -0.3), spot.at(-0.55, -0.5), spot.at(0.02, -0.08)], 0.16 * size, skin, True)
    finger(stage, [spot.at(-1.2, 0.1), spot.at(-0.55, 0.28), spot.at(-0.02, 0.1)], 0.18 * size, skin, True)


def _rest(stage: Stage, plan: OccluderPlan, skin: Floats) -> None:
    """The chin on the hand: a fist under and before it, the index up the cheek."""
    chances = plan.chances
    turn = -100 - 35 * chances[3] + plan.turn
    spot = Spot((0.22 + 0.3 * chances[4] + plan.right, 0.62 + plan.down), turn, plan.size)
    spot = mirrored(spot) if plan.mirrored else spot
    fist(stage, plan, spot, skin)
    if chances[5] < 0.6:
        side = -1.0 if plan.mirrored else 1.0
        cheek = (spot.centre[0] + 0.55 * side, spot.centre[1] - 1.15)
        knuckle = (spot.centre[0] + 0.4 * side, spot.centre[1] - 0.1)
        middle = ((cheek[0] + knuckle[0]) / 2 + 0.07 * side, (cheek[1] + knuckle[1]) / 2)
        finger(stage, [knuckle, middle, cheek], 0.16 * spot.size, skin, True)


HANDS: dict[str, Callable[[Stage, OccluderPlan, Floats], None]] = {
    "flat": _flat,
    "two_hands": _two_hands,
    "fist": _fist,
    "pinch": _pinch,
    "rest": _rest,
}


def holding_arm(stage: Stage, plan: OccluderPlan, at: Place, side: float, turn: float) -> None:
    """Paint the hand's back and the arm behind a thing that it holds; ``side`` is 1 where it comes from the right."""
    spot = Spot(at, turn if side > 0 else 180 - turn, plan.size, side)
    skin = skin_of(stage, plan)
    arm(stage, plan, Spot(spot.at(0.75, 0.0), spot.turn, spot.size, spot.flip), skin)
    stage.limb(spot.at(-0.45, 0), spot.at(0.25, 0), (0.5 * plan.size, 0.55 * plan.size), skin, flat=0.35)


def holding_fingers(stage: Stage, plan: OccluderPlan, at: Place, side: float, width: float, tilt: float = 0.0) -> None:
    """Paint four fingers around a thing, from its ``side`` at ``at`` over ``width`` of its front."""
    skin, size = skin_of(stage, plan), plan.size
    angle = math.radians(tilt)
    for index, reach in enumerate((0.9, 1.0, 0.95, 0.8)):
        shift = (index - 1.5) * 0.3 * size
        start = (at[0] - shift * math.sin(angle), at[1] + shift * math.cos(angle))
        far = width * reach + 0.04 * math.sin(7 * index + 9 * plan.chances[11])
        end = (start[0] - side * far * math.cos(angle), start[1] - side * far * math.sin(angle))
        middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
        finger(stage, [start, middle, end], 0.16 * size, skin * np.float32(0.97 + 0.03 * (index % 2)), True)
