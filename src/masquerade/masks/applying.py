"""Put planned masks onto faces. The same picture, faces and plan give the same bytes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from masquerade.errors import PlanInvalid
from masquerade.faces.types import Faces
from masquerade.geometry import opencv
from masquerade.masks.art import texture
from masquerade.masks.covering import covered, covered_by
from masquerade.masks.finish import read_finish
from masquerade.masks.light import Light, dye_of, read_light, relit
from masquerade.masks.placing import rig, tie, unit_of
from masquerade.masks.rendering import (
    ALL,
    SMALL,
    SUNK,
    Effects,
    Layer,
    Surface,
    composed,
    corners_of,
    draw_layer,
    finished,
    grained,
    hardened,
    part_under,
    shadow_of,
    texture_side,
    within_face,
)
from masquerade.masks.types import DrawnMask, Masked, MaskPlan, Plan, rgb

if TYPE_CHECKING:
    from masquerade.masks.library import Library

Floats = NDArray[np.float32]

AROUND = 0.35
"""How far around a face its light is read, as a share of the box's longer side."""


def apply(
    image: NDArray[np.uint8], faces: Faces, plan: Plan, library: Library | None = None, effects: Effects = ALL
) -> Masked:
    """Put masks onto the faces of a picture.

    Pixels beyond the masks and their shadows stay as they are.

    Args:
        image: (height, width, 3) uint8 RGB; not changed.
        faces: the faces for which the plan was drawn, with landmarks and pose.
        plan: what to draw.
        library: the library whose masks the plan names.
        effects: what to leave out.

    Returns:
        The picture with masks, and each mask as it came out; one that lies outside the picture is left out.

    Raises:
        PlanInvalid: the plan names a face that is not there, or a library's mask without the library.
    """
    _check(faces, plan, library)
    result = image.copy()
    drawn = []
    # The farthest, smallest face first: nearer ones stand before it.
    for mask in sorted(plan.masks, key=lambda mask: -mask.face):
        one = _put(result, faces, mask, library, effects)
        if one is not None:
            drawn.append(one)
    return Masked(result, tuple(drawn))


def _check(faces: Faces, plan: Plan, library: Library | None) -> None:
    if plan.masks and (faces.landmarks is None or faces.pose is None):
        raise PlanInvalid("faces: expected landmarks and pose", hint="use find_faces")
    for mask in plan.masks:
        if not 0 <= mask.face < len(faces):
            raise PlanInvalid(f"face: expected one of {len(faces)}, got {mask.face}")
        if mask.entry is not None and library is None:
            raise PlanInvalid(f"entry: {mask.entry!r} is a library's mask", hint="name the library")


def _put(
    result: NDArray[np.uint8], faces: Faces, mask: MaskPlan, library: Library | None, effects: Effects
) -> DrawnMask | None:
    """Draw one mask into the picture."""
    assert faces.landmarks is not None  # noqa: S101 - checked before
    assert faces.pose is not None  # noqa: S101 - checked before
    landmarks, box = faces.landmarks[mask.face], faces.boxes[mask.face]
    part, corner = around(result, box)
    light = read_light(part, landmarks - np.array([*corner, 0], np.float32), float(faces.pose[mask.face, 0]))
    surface = _surface(mask, landmarks, light, library, effects)
    finer = 2 if surface.width < SMALL and effects.edges else 1
    hidden_by = _sunk(landmarks) if effects.mesh else None
    layer = draw_layer(surface, hidden_by, (result.shape[1], result.shape[0]), finer)
    if layer is None:
        return None
    layer = merged(result, layer, surface.width, landmarks, mask.seed, effects)
    under = covered_by(surface.rig, mask.nudge) if mask.entry else covered(mask.kind, mask.worn, mask.nudge)
    return DrawnMask(mask, box, np.round(layer.rgba[..., 3]).astype(np.uint8), layer.corner, under)


def _surface(mask: MaskPlan, landmarks: Floats, light: Light, library: Library | None, effects: Effects) -> Surface:
    """The mask on the face, with its texture and its light."""
    if mask.entry is not None and library is not None:
        laid, picture = library.sheet(mask.entry, mask.mirrored)
        ready = tie(laid)
        entry = library.entry(mask.entry)
        light = relit(light, _display(entry.skin_colour), _display(entry.mean_colour))
    else:
        ready, picture = rig(mask.kind, mask.worn), None
        light = replace(light, white=np.minimum(light.white * np.float32(mask.light), np.float32(1.1)))
    corners = corners_of(ready, landmarks, mask.nudge, effects)
    first, last = ready.sheet.loops
    triangles = ready.sheet.triangles
    if not effects.loops:
        triangles = np.concatenate([triangles[:first], triangles[last:]])
    if picture is None:
        gathered = mask.worn != "correctly"
        width = float(np.ptp(corners[ready.sheet.outline, 0]))
        side = texture_side(width * (2 if width < SMALL and effects.edges else 1) * (0.6 if gathered else 1.0))
        picture = texture(mask.kind, gathered, dye_of(mask.colour, light), mask.pattern, mask.intensity, side)
    return Surface(ready, corners, triangles, picture, light if effects.light else None)


def _display(colour: str) -> Floats:
    return np.array(rgb(colour), np.float32) / np.float32(255)


def merged(
    result: NDArray[np.uint8], layer: Layer, width: float, landmarks: Floats, seed: int, effects: Effects
) -> Layer:
    """Finish a layer as the camera would have, and lay it into the picture."""
    if not effects.edges:
        layer = hardened(layer)
        below = part_under(result, layer)
        below[:] = composed(below, layer, None)
        return layer
    upper = _upper_face(landmarks, result.shape)
    finish = read_finish(result[upper], (upper[1].start, upper[0].start))
    if not effects.light:
        finish = replace(finish, noise=0.0)
    layer = _widened(layer, result.shape, 2 + int(0.06 * width))
    shadow = shadow_of(layer.alpha, 0.022 * width) * within_face(landmarks, layer)
    layer = finished(layer, finish, seed)
    below = part_under(result, layer)
    below[:] = grained(composed(below, layer, shadow), layer, finish.quality)
    return layer


def around(image: NDArray[np.uint8], box: Floats) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """The face and what is around it, and the corner where that starts."""
    margin = AROUND * float((box[2:] - box[:2]).max())
    x0, y0 = (max(0, int(value - margin)) for value in box[:2])
    x1, y1 = max(x0 + 1, int(box[2] + margin)), max(y0 + 1, int(box[3] + margin))
    part = image[min(y0, image.shape[0] - 1) : y1, min(x0, image.shape[1] - 1) : x1]
    return part, (min(x0, image.shape[1] - 1), min(y0, image.shape[0] - 1))


def _upper_face(landmarks: Floats, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Rows and columns of the picture from the forehead to the nose, where no mask lies."""
    x0, x1 = (float(value) for value in (landmarks[:, 0].min(), landmarks[:, 0].max()))
    y0, y1 = float(landmarks[:, 1].min()), float(landmarks[[195, 1], 1].max())
    top, left = (int(np.clip(value, 0, limit - 1)) for value, limit in ((y0, shape[0]), (x0, shape[1])))
    return slice(top, max(top + 1, int(y1))), slice(left, max(left + 1, int(x1)))


def _sunk(landmarks: Floats) -> Floats:
    """The face, pushed back a little: what of a mask still lies behind it is hidden."""
    return landmarks + np.array([0, 0, SUNK * unit_of(landmarks)], np.float32)


def _widened(layer: Layer, shape: tuple[int, ...], margin: int) -> Layer:
    """Add room around a layer for its blur and its shadow, as far as the picture goes."""
    x, y = layer.corner
    height, width = layer.rgba.shape[:2]
    left, top = min(margin, x), min(margin, y)
    right, bottom = min(margin, shape[1] - x - width), min(margin, shape[0] - y - height)
    rgba = opencv().copyMakeBorder(layer.rgba, top, bottom, left, right, opencv().BORDER_CONSTANT, value=(0, 0, 0, 0))
    return Layer(rgba, (x - left, y - top))
