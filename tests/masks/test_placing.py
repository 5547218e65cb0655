"""From the mean head to a real face: masks move as faces do."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from masquerade.faces.pose import mean_face
from masquerade.masks import KINDS, WORN, Effects, Nudge
from masquerade.masks.placing import fit_affine, place, pull_of, rig
from masquerade.masks.rendering import corners_of, nudge_matrix
from masquerade.masks.types import Kind, Worn
from tests.masks.made import small, turned_face

BUSY = settings(deadline=None, max_examples=40)


@pytest.mark.parametrize(("kind", "worn"), list(product(KINDS, WORN)))
def test_the_mean_face_wears_masks_as_they_are_cut(kind: Kind, worn: Worn) -> None:
    ready = rig(kind, worn)
    placed = place(ready, mean_face().astype(np.float32))
    np.testing.assert_allclose(placed, ready.sheet.vertices, atol=2e-5)


@BUSY
@given(
    st.floats(0.1, 20),
    st.floats(-180, 180),
    st.tuples(st.floats(-500, 500), st.floats(-500, 500), st.floats(-500, 500)),
    st.sampled_from(KINDS),
)
def test_masks_turn_scale_and_shift_with_the_face(
    scale: float, degrees: float, shift: tuple[float, float, float], kind: Kind
) -> None:
    """In the picture's plane, on a face that is not the mean one."""
    landmarks = small("person_a_2")[1].landmarks
    assert landmarks is not None
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrix = scale * np.array([[cosine, sine, 0], [-sine, cosine, 0], [0, 0, 1]])
    ready = rig(kind, "nose_out")
    expected = place(ready, landmarks[0]) @ matrix + shift
    moved = np.asarray(landmarks[0] @ matrix + shift, np.float32)
    np.testing.assert_allclose(place(ready, moved), expected, atol=2e-3 * (1 + scale))


@pytest.mark.parametrize("yaw", [-60, -20, 35, 60])
@pytest.mark.parametrize("pitch", [-40, 0, 40])
def test_masks_turn_with_the_head(yaw: float, pitch: float) -> None:
    """Also in depth: the mask on a turned face is the turned mask."""
    ready = rig("kn95", "correctly")
    face = turned_face(100, yaw, pitch)
    affine, rest = fit_affine(face)
    assert np.abs(rest).max() < 1e-3
    straight = np.concatenate([ready.sheet.vertices, np.ones((len(ready.sheet.vertices), 1))], axis=1)
    np.testing.assert_allclose(place(ready, face), straight @ affine, atol=1e-2)
    # The affine map is the rotation itself, scaled.
    turn = affine[:3] / (100 / np.ptp(mean_face()[:, 0]))
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-3)


def test_a_long_chin_pulls_the_lower_edge_alone() -> None:
    ready = rig("surgical", "correctly")
    face = mean_face().astype(np.float32)
    long = face.copy()
    long[:, 1] += np.where(face[:, 1] > 1.0, 0.2, 0).astype(np.float32)
    moved = place(ready, long) - place(ready, face)
    heights = ready.sheet.vertices[:, 1]
    front = np.abs(ready.sheet.vertices[:, 0]) < 0.4
    assert moved[front & (heights > 1.15), 1].mean() > 0.1
    assert abs(moved[front & (heights < 0.3), 1].mean()) < 0.04


def test_pull() -> None:
    """A corner on a landmark follows mostly it and those beside it; one far away follows none."""
    face = mean_face()
    pull = pull_of(face)
    assert (pull >= 0).all()
    assert (pull.sum(axis=1) <= 1).all()
    distance = np.linalg.norm(face[:, None] - face[None], axis=2)
    assert pull[distance > 0.7].max() < 1e-3
    assert (np.diag(pull) == pull.max(axis=1)).all()
    assert pull_of(np.array([[5.0, 5.0, 5.0]])).sum() < 1e-6


NUDGES = {
    # what, and where it takes the point right of the turn's centre
    "still": (Nudge(), (1.0, 0.5)),
    "right": (Nudge(right=0.1), (1.1, 0.5)),
    "down": (Nudge(down=0.1), (1.0, 0.6)),
    "clockwise": (Nudge(turn=90), (0.0, 1.5)),
    "wide": (Nudge(width=1.2), (1.2, 0.5)),
    "high": (Nudge(height=1.2), (1.0, 0.5)),
    "high, then clockwise": (Nudge(turn=90, height=2), (0.0, 1.5)),
    "wide, then clockwise, then down": (Nudge(turn=90, width=2, down=1), (0.0, 3.5)),
}


@pytest.mark.parametrize(("nudge", "expected"), NUDGES.values(), ids=NUDGES)
def test_nudges(nudge: Nudge, expected: tuple[float, float]) -> None:
    point = np.array([1.0, 0.5, 0.3, 1.0]) @ nudge_matrix(nudge)
    np.testing.assert_allclose(point, [*expected, 0.3, 1.0], atol=1e-6)


def test_a_flat_mask_is_flat() -> None:
    """Without the mesh it is a sticker: all corners in one plane, which turns with the face."""
    corners = corners_of(rig("n95", "correctly"), turned_face(100, 30), Nudge(), Effects(mesh=False))
    centred = corners - corners.mean(axis=0)
    assert np.linalg.svd(centred, compute_uv=False)[2] < 1e-2
