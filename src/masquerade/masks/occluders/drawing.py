"""Draw by chance what lies over each face. Nothing is rendered here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from masquerade.errors import PlanInvalid
from masquerade.faces.types import Faces
from masquerade.masks.drawing import Choice, refusals
from masquerade.masks.occluders.types import CHANCES, OCCLUDERS, VARIANTS, OccluderKind, OccluderPlan

Item = TypeVar("Item")

COLOURS: dict[OccluderKind, tuple[str, ...]] = {
    "hand": ("#27324f", "#1d1d20", "#e9e6dc", "#8b8d92", "#7d2f36", "#3f5a45", "#b9c7d6", "#6a5140"),
    "cup": ("#f4f2ec", "#fbfbf9", "#2c5f8a", "#b03a3a", "#1f2226", "#d9a441", "#4d7c5a", "#c9b79c", "#8fcdea"),
    "phone": ("#17181b", "#22252b", "#f1f1ef", "#3a4c66", "#a8323a", "#c7ccd1", "#d9c6b8", "#8e86a8"),
    "scarf": ("#8a2f35", "#39424e", "#d8c7a8", "#27324f", "#5b6a4d", "#1d1d20", "#c9ccd1", "#b5693a", "#ece7dd"),
    "microphone": ("#1b1c1f", "#2b2d31", "#8f9398", "#b9bcc0", "#23325a", "#b02a2e"),
    "beard": ("#1c1613", "#2b1f18", "#3d2a1d", "#54392a", "#7b5433", "#9c8f84", "#c9c5bf", "#8a4a24"),
    "niqab": ("#121214", "#17171a", "#0f1012", "#232a3d", "#3a2a2f", "#4c4740", "#6d6459", "#3d4a44"),
    "face_shield": ("#f2f4f6", "#3c78b4", "#1d1f23", "#d8dde2", "#4aa3a0"),
}
"""Colours of each kind; of a hand those of its sleeve."""
OFTEN: dict[OccluderKind, tuple[str, ...]] = {
    "hand": (*("flat",) * 4, *("two_hands",) * 2, *("fist",) * 2, "pinch", "rest"),
}
"""How often each variant comes, where not alike: hands before the mouth more often than at the chin."""
ACCENTS = ("#f4f1ea", "#20222a", "#b03a3a", "#27324f", "#c9b458", "#6b7f5b", "#8b5a3c", "#9aa4ad")
OTHERS = 12
"""Numbers by chance that a thing takes beside those that form it."""
LARGEST = 2**31
LIMITS = Choice(max_yaw=90.0, max_pitch=70.0)
"""Which faces get a thing: small, doubtful and doubled ones get none, as with masks; profiles do."""


def draw_occluders(
    rng: np.random.Generator, faces: Faces, kinds: Sequence[OccluderKind] = OCCLUDERS
) -> tuple[OccluderPlan, ...]:
    """Draw one thing for each face that can carry one; ``masks.drawing.refusals`` with ``LIMITS`` says why others not.

    Args:
        rng: source of chance; the same state gives the same plans.
        faces: with landmarks and pose, as ``find_faces`` gives them.
        kinds: what may be drawn, each as likely as the others.

    Raises:
        PlanInvalid: the faces have no landmarks or no pose; an unknown kind, or none.
    """
    if not kinds or set(kinds) - set(OCCLUDERS):
        raise PlanInvalid(f"kinds: expected some of {', '.join(OCCLUDERS)}, got {tuple(kinds)}")
    if len(faces) and (faces.landmarks is None or faces.pose is None):
        raise PlanInvalid("faces: expected landmarks and pose", hint="use find_faces")
    fit = [face for face, reason in enumerate(refusals(faces, LIMITS)) if reason is None]
    return tuple(_drawn(rng.random(CHANCES + OTHERS).tolist(), face, kinds) for face in fit)


def _drawn(chance: list[float], face: int, kinds: Sequence[OccluderKind]) -> OccluderPlan:
    """The thing that so many numbers from 0 to 1 stand for."""
    kind = _pick(kinds, chance[0])
    colour = _pick(COLOURS[kind], chance[2])
    return OccluderPlan(
        face=face,
        kind=kind,
        variant=_pick(OFTEN.get(kind, VARIANTS[kind]), chance[1]),
        colour=colour,
        accent=_pick([accent for accent in ACCENTS if accent != colour], chance[3]),
        right=round(0.12 * (2 * chance[4] - 1), 4),
        down=round(0.1 * (2 * chance[5] - 1), 4),
        turn=round(8 * (2 * chance[6] - 1), 3),
        size=round(0.88 + 0.26 * chance[7], 4),
        light=round(0.88 + 0.24 * chance[8], 3),
        mirrored=chance[9] < 0.5,
        chances=tuple(round(value, 4) for value in chance[OTHERS:]),
        seed=int(chance[10] * LARGEST),
    )


def _pick(choices: Sequence[Item], chance: float) -> Item:
    return choices[min(int(chance * len(choices)), len(choices) - 1)]
