"""Corners found for a photo lie where they were taken from when they are placed on its face again."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from masquerade.faces import head_pose
from masquerade.faces.pose import mean_face
from masquerade.masks.library.lifting import lift
from masquerade.masks.library.photo import cut_mask
from masquerade.masks.library.surface import unroll
from masquerade.masks.placing import place, tie
from masquerade.masks.sheets import Sheet
from tests.masks.library.made import painted

SIDE = 300


def turned(yaw: float, pitch: float, roll: float) -> NDArray[np.float32]:
    """The mean face, turned, in a picture of 300 pixels: (468, 3)."""
    a, b, c = np.radians([yaw, pitch, roll])
    around_y = np.array([[np.cos(a), 0, -np.sin(a)], [0, 1, 0], [np.sin(a), 0, np.cos(a)]])
    around_x = np.array([[1, 0, 0], [0, np.cos(b), np.sin(b)], [0, -np.sin(b), np.cos(b)]])
    around_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    points = mean_face() @ (around_z @ around_y @ around_x).T * 80
    return np.asarray(points + np.array([SIDE / 2, SIDE / 2, 0]), np.float32)


def placed(vertices: NDArray[np.float64], landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
    count = len(vertices)
    sheet = Sheet(vertices, vertices, vertices[:, :2], np.zeros((0, 3), np.int32), np.arange(count, dtype=np.int32))
    return place(tie(sheet), landmarks)


@pytest.mark.parametrize(
    ("yaw", "pitch", "roll"),
    [(0, 0, 0), (25, 0, 0), (-45, 0, 0), (0, 30, 0), (0, -30, 20), (40, 20, -15)],
)
def test_the_way_back(yaw: float, pitch: float, roll: float) -> None:
    landmarks = turned(yaw, pitch, roll)
    if not roll:
        assert np.abs(head_pose(landmarks[None])[0] - [yaw, pitch, 0]).max() < 1
    unrolled = unroll(landmarks, (SIDE, SIDE))
    rows, columns = np.nonzero(unrolled.inside & (np.abs(unrolled.angles) < 60) & (unrolled.heights < 1.4))
    chosen = np.random.default_rng(0).permutation(len(rows))[:80]
    points = np.stack([columns, rows], axis=1)[chosen].astype(np.float64)
    # Some beyond the silhouette, where a mask stands out.
    points = np.concatenate([points, points[:10] + np.array([0.0, 9.0])])
    vertices = lift(points, landmarks, unrolled)
    assert np.abs(placed(vertices, landmarks)[:, :2] - points).max() < 0.1
    # In depth they lie where the surface lies.
    expected = unrolled.places[points[:80, 1].astype(int), points[:80, 0].astype(int)]
    assert np.abs(vertices[:80] - expected).max() < 0.02


@pytest.mark.parametrize("name", ["impostor_1", "person_a_2"])
def test_a_mask_lies_again_where_it_was_cut_out(name: str) -> None:
    image, _, faces = painted(name)
    cut = cut_mask(image, faces, 0)
    assert np.abs(placed(cut.vertices, cut.landmarks)[:, :2] - cut.points).max() < 0.5
