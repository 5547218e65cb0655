"""The mesh's triangles: one sheet over all landmarks, with holes at eyes and mouth."""

from __future__ import annotations

from collections import Counter

import cv2
import numpy as np
from numpy.typing import NDArray

from masquerade.faces.pose import mean_face
from masquerade.faces.topology import (
    BROWS,
    CHIN,
    LEFT_EYE,
    LIPS,
    NOSE,
    RIGHT_EYE,
    borders,
    closed_triangles,
    mesh_triangles,
    vertex_normals,
)

PARTS = (NOSE, LIPS, CHIN, RIGHT_EYE, LEFT_EYE, BROWS)


def test_the_mesh_is_one_sheet() -> None:
    """Every landmark is used; each edge belongs to one or two triangles, which go round alike."""
    triangles = mesh_triangles()
    assert triangles.shape == (852, 3) and triangles.dtype == np.int32
    assert not triangles.flags.writeable
    assert set(np.unique(triangles)) == set(range(468))
    directed = Counter((int(a), int(b)) for row in triangles for a, b in zip(row, np.roll(row, -1), strict=True))
    assert set(directed.values()) == {1}
    edges = {frozenset(edge) for edge in directed}
    # Euler: a disc with three holes, that is 468 - edges + 852 = 1 - 3.
    assert 468 - len(edges) + 852 == -2


def test_it_is_open_at_eyes_mouth_and_outline() -> None:
    ways = borders(mesh_triangles())[::-1]
    assert [len(way) for way in ways] == [16, 16, 20, 36]
    for way in ways:
        edges = {frozenset(pair) for pair in zip(way, np.roll(way, -1), strict=True)}
        assert len(edges) == len(set(way)) == len(way)
    eyes, mouth, outline = ways[:2], ways[2], ways[3]
    assert {frozenset(way) for way in eyes} == {frozenset(RIGHT_EYE), frozenset(LEFT_EYE)}
    assert set(mouth) <= set(LIPS) and {13, 14} <= set(mouth)
    assert {10, 152, 234, 454} <= set(outline)


def test_closed_it_is_open_at_the_outline_alone() -> None:
    closed = closed_triangles()
    np.testing.assert_array_equal(closed[:852], mesh_triangles())
    assert len(closed) == 852 + 14 + 14 + 18
    assert len(borders(closed)) == 1
    corners = mean_face()[closed[852:]]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert (normals[:, 2] < 5e-3).all()  # some are slivers


def test_it_looks_at_the_viewer() -> None:
    face = mean_face()
    corners = face[mesh_triangles()]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert (normals[:, 2] < 0).mean() > 0.97
    own = vertex_normals(face, mesh_triangles())
    np.testing.assert_allclose(np.linalg.norm(own, axis=1), 1)
    assert own[4, 2] < -0.5  # the tip of the nose looks at the viewer,
    assert own[234, 0] < -0.5 and own[454, 0] > 0.5  # the cheeks to their sides,
    assert own[152, 1] > 0.3  # and the chin down


def test_normals_of_a_ball() -> None:
    """Points of an icosahedron look away from its middle."""
    golden = (1 + 5**0.5) / 2
    points = np.array([[0, a, b * golden] for a in (-1, 1) for b in (-1, 1)], np.float64)
    points = np.concatenate([np.roll(points, shift, axis=1) for shift in range(3)])
    near = np.linalg.norm(points[:, None] - points[None], axis=2) < 2.01
    triangles = [
        (a, b, c) for a in range(12) for b in range(a) for c in range(b) if near[a, b] and near[b, c] and near[a, c]
    ]
    turned = [row if np.linalg.det(points[list(row)]) > 0 else row[::-1] for row in triangles]
    normals: NDArray[np.float64] = vertex_normals(points, np.array(turned, np.int32))
    np.testing.assert_allclose(normals, points / np.linalg.norm(points, axis=1, keepdims=True), atol=1e-9)
    alone = vertex_normals(np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [5, 5, 5]]), np.array([[0, 1, 2]], np.int32))
    np.testing.assert_array_equal(alone, [[0, 0, 1]] * 3 + [[0, 0, 0]])  # what no triangle touches has none


def test_parts() -> None:
    """No landmark is named twice, none belongs to two parts, and each lies where its part is."""
    every = [mark for part in PARTS for mark in part]
    assert len(every) == len(set(every))
    face = mean_face()
    for part in PARTS:
        assert max(part) < 468
    hull = cv2.convexHull(face[list(LIPS), :2].astype(np.float32))
    inside = [cv2.pointPolygonTest(hull, (float(x), float(y)), True) > 0.03 for x, y in face[:, :2]]
    assert {mark for mark in range(468) if inside[mark]} <= set(LIPS)
    assert face[list(RIGHT_EYE), 0].max() < 0 < face[list(LEFT_EYE), 0].min()  # right is the person's own
    assert face[list(BROWS), 1].max() < face[[*RIGHT_EYE, *LEFT_EYE], 1].min() + 0.1
