"""Put planned things over faces. The same picture, faces and plans give the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from masquerade.errors import PlanInvalid
from masquerade.faces.topology import CHIN, LIPS, NOSE
from masquerade.faces.types import Faces
from masquerade.geometry import opencv
from masquerade.masks.applying import around, merged
from masquerade.masks.light import read_light
from masquerade.masks.occluders.beards import paint_beard
from masquerade.masks.occluders.cloths import paint_niqab, paint_scarf
from masquerade.masks.occluders.frame import frame_of
from masquerade.masks.occluders.hands import paint_hand
from masquerade.masks.occluders.held import paint_cup, paint_microphone, paint_phone
from masquerade.masks.occluders.shields import CLEAR, paint_shield
from masquerade.masks.occluders.stage import Stage
from masquerade.masks.occluders.types import Occluded, OccluderKind, OccluderPlan
from masquerade.masks.rendering import ALL

Floats = NDArray[np.float32]

PARTS = (NOSE, LIPS, CHIN)
"""Landmarks of the parts of ``COVERED_PARTS``."""
FACE_WIDTH = 2.2
"""In units of the mean face: what blur and shadow are measured by."""


@dataclass(frozen=True, slots=True)
class _Painter:
    """How a kind is painted, and how far it reaches: u0, v0, u1, v1 in the head's frame."""

    paint: Callable[[Stage, OccluderPlan], None]
    reach: tuple[float, float, float, float]


HELD = (-4.2, -2.2, 4.2, 5.0)
PAINTERS: dict[OccluderKind, _Painter] = {
    "hand": _Painter(paint_hand, HELD),
    "cup": _Painter(paint_cup, HELD),
    "phone": _Painter(paint_phone, HELD),
    "microphone": _Painter(paint_microphone, HELD),
    "scarf": _Painter(paint_scarf, (-2.4, -1.4, 2.4, 4.4)),
    "beard": _Painter(paint_beard, (-1.7, -1.0, 1.7, 2.2)),
    "niqab": _Painter(paint_niqab, (-2.9, -3.6, 2.9, 4.4)),
    "face_shield": _Painter(paint_shield, (-2.4, -2.6, 2.4, 2.6)),
}


def apply_occluders(image: NDArray[np.uint8], faces: Faces, plans: Sequence[OccluderPlan]) -> Occluded:
    """Put things over the faces of a picture.

    Beyond what they cover only their shadow on the face changes anything, and a visor its gloss.

    Args:
        image: (height, width, 3) uint8 RGB; not changed.
        faces: the faces for which the plans were drawn, with landmarks and pose.
        plans: what to put where, the last faces first, so that nearer ones stand before them.

    Raises:
        PlanInvalid: a plan names a face that is not there.
    """
    if plans and (faces.landmarks is None or faces.pose is None):
        raise PlanInvalid("faces: expected landmarks and pose", hint="use find_faces")
    for plan in plans:
        if not 0 <= plan.face < len(faces):
            raise PlanInvalid(f"face: expected one of {len(faces)}, got {plan.face}")
    result, coverage = image.copy(), np.zeros(image.shape[:2], np.uint8)
    for plan in sorted(plans, key=lambda plan: -plan.face):
        _put(result, coverage, faces, plan)
    return Occluded(result, coverage, _covered(coverage, faces))


def _put(result: NDArray[np.uint8], coverage: NDArray[np.uint8], faces: Faces, plan: OccluderPlan) -> None:
    """Paint one thing into the picture."""
    assert faces.landmarks is not None  # noqa: S101 - checked before
    assert faces.pose is not None  # noqa: S101 - checked before
    landmarks, pose = faces.landmarks[plan.face], faces.pose[plan.face]
    part, corner = around(result, faces.boxes[plan.face])
    light = read_light(part, landmarks - np.array([*corner, 0], np.float32), float(pose[0]))
    painter = PAINTERS[plan.kind]
    frame = frame_of(landmarks, pose)
    stage = Stage(frame, light, (result.shape[1], result.shape[0]), painter.reach, 1.0)
    if stage.empty:
        return
    painter.paint(stage, plan)
    painted = stage.layer()
    if painted is None:
        return
    layer = merged(result, painted, 0.6 * FACE_WIDTH * frame.unit, landmarks, plan.seed, ALL)
    alpha = layer.alpha
    if plan.kind == "face_shield":
        alpha = np.where(alpha >= CLEAR, alpha, 0)
    x, y = layer.corner
    below = coverage[y : y + alpha.shape[0], x : x + alpha.shape[1]]
    np.maximum(below, np.round(alpha * 255).astype(np.uint8), out=below)


def _covered(coverage: NDArray[np.uint8], faces: Faces) -> Floats:
    """How much of nose, mouth and chin of each face lies under the coverage; 0 where a part is not in the picture."""
    shares = np.zeros((len(faces), len(PARTS)), np.float32)
    if faces.landmarks is None or not coverage.any():
        return shares
    cv2 = opencv()
    for face, landmarks in enumerate(faces.landmarks):
        for column, part in enumerate(PARTS):
            hull = cv2.convexHull(np.round(landmarks[list(part), :2]).astype(np.int32))
            x, y, width, height = cv2.boundingRect(hull)
            x0, y0 = max(0, x), max(0, y)
            under = coverage[y0 : max(y0, y + height), x0 : max(x0, x + width)]
            if not under.size:
                continue
            inside = np.zeros(under.shape, np.uint8)
            cv2.fillConvexPoly(inside, hull - np.array([x0, y0], np.int32), 1)
            if inside.any():
                shares[face, column] = under[inside > 0].mean() / 255
    return shares
