"""Draw by chance what is put on each face. Nothing is rendered here: the plan can be saved, and applied again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from masquerade.errors import PlanInvalid
from masquerade.faces.mesh import key_points
from masquerade.faces.types import Faces
from masquerade.geometry import box_area, box_intersection
from masquerade.masks.types import (
    KINDS,
    PATTERNS,
    WORN,
    Kind,
    MaskPlan,
    Nudge,
    Pattern,
    PatternName,
    Plan,
    Skipped,
    Worn,
    check_colour,
)

if TYPE_CHECKING:
    from masquerade.masks.library import Library

Item = TypeVar("Item")
SHARED = 0.4
"""Share of the smaller of two boxes from which on they are taken for one face."""
CHANCES = 16
"""Numbers by chance that a mask takes."""

BLACK, NAVY = "#1d1d20", "#27324f"
PALETTES: dict[Kind, tuple[str, ...]] = {
    "surgical": ("#8fcdea", "#a5d6ee", "#f1f5f6", "#79bfe8", "#a9dfdc", "#c4e2ee", "#58aedd", "#f0c5d2", "#1f2023"),
    "n95": ("#f1efe8", "#e9e6dc", "#f6f6f4", "#d7dde4"),
    "kn95": ("#f6f6f6", "#efefec", "#1e1e21", "#c9ccd1"),
    "ffp2": ("#f7f7f7", "#f0f0ee", "#202024", "#cfd9e3"),
    "cloth": (BLACK, NAVY, "#b03a3a", "#6b7f5b", "#d8c7a8", "#8b8d92", "#e9e4da", "#40656b", "#7d4a67", "#d9a441"),
    "gas": ("#3d4145", "#26282b", "#5c6469", "#8a8f8b"),
    "bandana": ("#a32a2e", "#1f2f5c", BLACK, "#2d5a3c", "#d8d2c4"),
    "gaiter": (BLACK, "#39424e", NAVY, "#5b6a4d", "#8d8f93", "#8a2f35"),
}
"""Colours in which each kind of mask is sold, the commonest first and likelier."""
PRINTS: tuple[PatternName, ...] = ("stripes", "dots", "checks", "floral")
PRINT_COLOURS = ("#f4f1ea", "#20222a", "#c9b458")
TURNED: tuple[PatternName, ...] = ("stripes", "checks")
SCALES, ANGLES = (0.6, 1.1), (0.0, 45.0)
WINDOW_SCALES = (0.85, 1.1)
"""Few of each, so that textures are made once and used often."""
PRINTED: dict[Kind, float] = {"cloth": 0.5, "bandana": 0.7, "gaiter": 0.35, "surgical": 0.04}
"""How often each kind carries a print, where none is asked for; the others never."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What may be drawn.

    Attributes:
        kinds: kinds of mask, each as likely as the others.
        worn: ways to wear them.
        colours: ``#rrggbb``, ``skin`` for that of the face; by default those in which each kind is sold.
        patterns: by default a print now and then on fabrics that carry some.
        textures: paths of pictures for the pattern ``texture``.
        intensity: of colour and pattern, lowest and highest.
        jitter: how far masks may sit from the cut: 0 never, 1 as people wear them.
        min_face: smallest face, in pixels of its box's longer side.
        max_yaw, max_pitch: degrees beyond which a face gets no mask.
        min_score: lowest probability of the mesh that it lies on a face.
        max_astray: how far detector and mesh may see its points apart, in distances between the eyes.
    """

    kinds: tuple[Kind, ...] = KINDS
    worn: tuple[Worn, ...] = ("correctly",)
    colours: tuple[str, ...] = ()
    patterns: tuple[PatternName, ...] = ()
    textures: tuple[str, ...] = ()
    intensity: tuple[float, float] = (1.0, 1.0)
    jitter: float = 1.0
    min_face: float = 16.0
    max_yaw: float = 75.0
    max_pitch: float = 50.0
    min_score: float = 0.3
    max_astray: float = 0.4

    def __post_init__(self) -> None:
        """Check the words and the ranges."""
        if not self.kinds or set(self.kinds) - set(KINDS):
            raise PlanInvalid(f"kinds: expected some of {', '.join(KINDS)}, got {self.kinds}")
        if not self.worn or set(self.worn) - set(WORN):
            raise PlanInvalid(f"worn: expected some of {', '.join(WORN)}, got {self.worn}")
        for colour in self.colours:
            check_colour(colour)
        low, high = self.intensity
        if not 0 <= low <= high <= 1:
            raise PlanInvalid(f"intensity: expected 0 <= low <= high <= 1, got {self.intensity}")
        if set(self.patterns) - set(PATTERNS):
            raise PlanInvalid(f"patterns: expected some of {', '.join(PATTERNS)}, got {self.patterns}")
        if not 0 <= self.jitter <= 2:
            raise PlanInvalid(f"jitter: expected 0 to 2, got {self.jitter}")
        if "texture" in self.patterns and not self.textures:
            raise PlanInvalid("patterns: texture needs a picture")


def draw(rng: np.random.Generator, faces: Faces, choice: Choice | None = None, library: Library | None = None) -> Plan:
    """Draw one mask for each face that can carry one.

    Args:
        rng: source of chance; the same state gives the same plan.
        faces: with landmarks and pose, as ``find_faces`` gives them.
        choice: what may be drawn.
        library: draw masks of this library instead of the built-in ones.

    Returns:
        The plan: a mask or a reason for each face.

    Raises:
        PlanInvalid: the faces have no landmarks or no pose; a library's masks are to be worn otherwise than correctly.
    """
    choice = choice or Choice()
    if len(faces) and (faces.landmarks is None or faces.pose is None):
        raise PlanInvalid("faces: expected landmarks and pose", hint="use find_faces")
    if library is not None and choice.worn != ("correctly",):
        raise PlanInvalid(f"worn: masks of a library are worn correctly, got {', '.join(choice.worn)}")
    masks, skipped = [], []
    for index, reason in enumerate(refusals(faces, choice)):
        if reason is not None:
            skipped.append(reason)
            continue
        plan = draw_mask(rng, index, choice)
        if library is not None:
            assert faces.pose is not None  # noqa: S101 - checked above
            found = library.match(rng, faces.pose[index], choice.kinds)
            if found is None:
                skipped.append(Skipped(index, "no_entry", "the library has no mask for this pose and kind"))
                continue
            plan = library.adapt(plan, *found)
        masks.append(plan)
    return Plan(tuple(masks), tuple(skipped))


def refusals(faces: Faces, choice: Choice) -> list[Skipped | None]:
    """Tell of each face why it can carry no mask; None when it can."""
    reasons = [refusal(faces, index, choice) for index in range(len(faces))]
    # Two boxes on one face get one mask: the surer box's.
    area = np.maximum(box_area(faces.boxes), np.float32(1))
    shared = box_intersection(faces.boxes, faces.boxes) / np.minimum(area[:, None], area[None])
    taken: list[int] = []
    for index in np.argsort(-faces.scores, kind="stable").tolist():
        if reasons[index] is not None:
            continue
        other = next((earlier for earlier in taken if shared[index, earlier] >= SHARED), None)
        if other is None:
            taken.append(index)
        else:
            reasons[index] = Skipped(index, "face_doubled", f"its box lies on that of face {other}, which is surer")
    return reasons


def refusal(faces: Faces, index: int, choice: Choice) -> Skipped | None:
    """Tell why a face can carry no mask; None when it can."""
    height = float(faces.heights[index])
    if height < choice.min_face:
        return Skipped(index, "face_too_small", f"{height:.0f} pixels, expected at least {choice.min_face:g}")
    if faces.mesh_scores is not None and faces.mesh_scores[index] < choice.min_score:
        score = float(faces.mesh_scores[index])
        return Skipped(index, "face_doubtful", f"probability of a face {score:.2f}, below {choice.min_score:g}")
    if faces.landmarks is not None and (apart := astray(faces, index)) > choice.max_astray:
        reason = f"detector and mesh see its points {apart:.2f} eye distances apart, expected at most"
        return Skipped(index, "face_doubtful", f"{reason} {choice.max_astray:g}")
    if faces.pose is not None:
        yaw, pitch, _ = (float(value) for value in faces.pose[index])
        if abs(yaw) > choice.max_yaw or abs(pitch) > choice.max_pitch:
            limits = f"expected at most {choice.max_yaw:g} and {choice.max_pitch:g}"
            return Skipped(index, "pose_too_far", f"yaw {yaw:.0f}, pitch {pitch:.0f}, {limits}")
    return None


def astray(faces: Faces, index: int) -> float:
    """How far detector and mesh see the five points of a face apart: the mean, in distances between the eyes."""
    assert faces.landmarks is not None  # noqa: S101 - the caller checks
    mesh, detector = key_points(faces.landmarks[index : index + 1])[0], faces.points[index]
    eyes = max(float(np.linalg.norm(mesh[0] - mesh[1])), float(np.linalg.norm(detector[0] - detector[1])), 1.0)
    return float(np.linalg.norm(mesh - detector, axis=1).mean()) / eyes


def draw_mask(rng: np.random.Generator, face: int, choice: Choice) -> MaskPlan:
    """Draw one mask; takes the same number of chances whatever comes out, so that plans stay alike."""
    # One call for all: a call a number would take longer than the rest.
    return mask_by(rng.random(CHANCES).tolist(), face, choice)


def mask_by(chance: Sequence[float], face: int, choice: Choice) -> MaskPlan:
    """The mask that ``CHANCES`` numbers from 0 to 1 stand for."""
    kind = _pick(choice.kinds, chance[0])
    worn = _pick(choice.worn, chance[1])
    palette = choice.colours or PALETTES[kind]
    colour = _pick(palette, chance[2] if choice.colours else chance[2] ** 1.7)
    name = _pick(choice.patterns, chance[3]) if choice.patterns else _print(kind, chance[3])
    prints = [other for other in PRINT_COLOURS if other != colour]
    pattern = Pattern(
        name=name,
        colour=_pick(prints, chance[4]) if name != "plain" else "#ffffff",
        scale=_pick(WINDOW_SCALES if name == "window" else SCALES, chance[5]),
        angle=_pick(ANGLES, chance[6]) if name in TURNED else 0.0,
        texture=_pick(choice.textures, chance[7]) if name == "texture" else None,
    )
    low, high = choice.intensity
    spread = choice.jitter
    nudge = Nudge(
        right=round(spread * 0.05 * (2 * chance[8] - 1), 4),
        down=round(spread * (0.12 * chance[9] - 0.05), 4),
        turn=round(spread * 3.5 * (2 * chance[10] - 1), 3),
        width=round(1 + spread * 0.04 * (2 * chance[11] - 1), 4),
        height=round(1 + spread * 0.05 * (2 * chance[12] - 1), 4),
    )
    return MaskPlan(
        face=face,
        kind=kind,
        worn=worn,
        colour=colour,
        pattern=pattern,
        intensity=min(max(round(low + (high - low) * chance[13], 1), low), high),
        nudge=nudge,
        light=round(0.9 + 0.2 * chance[14], 3),
        seed=int(chance[15] * 2**31),
    )


def _pick(choices: Sequence[Item], chance: float) -> Item:
    return choices[min(int(chance * len(choices)), len(choices) - 1)]


def _print(kind: Kind, chance: float) -> PatternName:
    often = PRINTED.get(kind, 0.0)
    if chance >= often:
        return "plain"
    return PRINTS[int(chance / often * len(PRINTS))]
