"""From the mean head to a real one: where each corner of a mask lies in the picture.

An affine map, fitted to all landmarks, carries the mask as a whole, beyond the mesh too; near the mesh the mask
then follows what the face does otherwise (a long chin, an open mouth), each corner as its nearest landmarks do.
Both are sums of landmarks with weights that are worked out once a mask.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masquerade.faces.pose import mean_face
from masquerade.masks.sheets import FINE, Detail, Sheet, sheet
from masquerade.masks.types import Kind, Worn

Floats = NDArray[np.float32]

EYE_TO_EYE = 1.44
"""Distance of the outer eye corners in the mean face."""
NEAR = 0.16
"""Distance in the mean face at which a landmark's pull has fallen to 0.6."""
FAINT = 0.01
"""Weight below which a landmark's pull is left out."""
FREE = 0.3
"""Weight of standing still: corners far from all landmarks follow the affine map alone."""


@dataclass(frozen=True, slots=True, eq=False)
class Rig:
    """A mask with the weights that tie it to landmarks.

    Attributes:
        sheet: the mask in the space of the mean face.
        vertices: (n, 4) float32: its corners there, and a one.
        normals: (n, 4) float32: a one, and its outward normal there.
        uv: (n, 2) float32: its place in the texture.
        near: (k,) indices of the landmarks that any corner follows.
        pull: (n, k) float32: how much of each such landmark's own movement a corner takes.
        still: (n, 4) float32: the same sum over the mean face, with a one.
    """

    sheet: Sheet
    vertices: Floats
    normals: Floats
    uv: Floats
    near: NDArray[np.intp]
    pull: Floats
    still: Floats


@lru_cache(maxsize=1)
def _fit() -> tuple[Floats, Floats]:
    """The mean face with a one (468, 4), and its pseudo-inverse (4, 468)."""
    face = np.concatenate([mean_face(), np.ones((468, 1))], axis=1)
    return face.astype(np.float32), np.linalg.pinv(face).astype(np.float32)


def pull_of(vertices: NDArray[np.float64]) -> Floats:
    """How much corners (n, 3) in the space of the mean face follow each landmark: (n, 468), rows sum to at most 1."""
    square = ((vertices[:, None] - mean_face()[None]) ** 2).sum(axis=2)
    weights = np.exp(-square / (2 * NEAR**2))
    return np.asarray(weights / (weights.sum(axis=1, keepdims=True) + FREE), np.float32)


@lru_cache(maxsize=128)
def rig(kind: Kind, worn: Worn, detail: Detail = FINE) -> Rig:
    """A built-in mask, tied to the landmarks."""
    return tie(sheet(kind, worn, detail))


@lru_cache(maxsize=1024)
def tie(laid: Sheet) -> Rig:
    """Tie any surface in the space of the mean face to the landmarks."""
    ones = np.ones((len(laid.vertices), 1))
    pull = pull_of(laid.vertices)
    near = np.flatnonzero(pull.max(axis=0) > FAINT)
    pull = np.ascontiguousarray(pull[:, near])
    return Rig(
        sheet=laid,
        vertices=np.concatenate([laid.vertices, ones], axis=1).astype(np.float32),
        normals=np.concatenate([ones, laid.normals], axis=1).astype(np.float32),
        uv=laid.uv.astype(np.float32),
        near=near,
        pull=pull,
        still=pull @ _fit()[0][near],
    )


def affine_of(landmarks: Floats) -> Floats:
    """The affine map (..., 4, 3) from the mean face, with a one, to landmarks (..., 468, 3)."""
    return np.asarray(_fit()[1] @ landmarks, np.float32)


def fit_affine(landmarks: Floats) -> tuple[Floats, Floats]:
    """The affine map (4, 3) from the mean face to landmarks (468, 3), and what it leaves of them (468, 3)."""
    affine = affine_of(landmarks)
    return affine, landmarks - _fit()[0] @ affine


def carry(vertices: NDArray[np.float64], pull: Floats, affine: NDArray[Any], rest: NDArray[Any]) -> NDArray[np.float64]:
    """Carry corners (n, 3), with their pull on all landmarks (n, 468), onto a face that ``fit_affine`` describes."""
    ones = np.ones((len(vertices), 1))
    return np.asarray(np.concatenate([vertices, ones], axis=1) @ affine + pull @ rest, np.float64)


def unit_of(landmarks: Floats) -> float:
    """Pixels that a unit of the mean face takes on a face (468, 3), as its outer eye corners tell."""
    return float(np.linalg.norm(landmarks[263] - landmarks[33])) / EYE_TO_EYE


def place(rig: Rig, landmarks: Floats, nudge: Floats | None = None) -> Floats:
    """Carry a mask onto a face.

    Args:
        rig: the mask.
        landmarks: (468, 3) float32 in pixels, z in the same scale.
        nudge: (4, 4) float32 that moves the mask in the space of the mean face first, as row vectors.

    Returns:
        (n, 3) float32 corners in pixels.
    """
    return placed(rig, landmarks, affine_of(landmarks), nudge)


def placed(rig: Rig, landmarks: Floats, affine: Floats, nudge: Floats | None = None) -> Floats:
    """The same, with the affine map of these landmarks (4, 3) at hand."""
    vertices = rig.vertices if nudge is None else rig.vertices @ nudge
    # What landmarks do beside the affine map is pulled along: pull @ (landmarks - face @ affine), summed in this order.
    return np.asarray((vertices - rig.still) @ affine + rig.pull @ landmarks[rig.near], np.float32)
