"""Every mask, worn in every way: a sound surface, before the face, over the parts that it shall cover."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from masquerade.faces.pose import mean_face
from masquerade.faces.topology import mesh_triangles
from masquerade.masks import KINDS, VISIBLE, WORN, Choice, Nudge
from masquerade.masks.covering import covered
from masquerade.masks.drawing import draw_mask
from masquerade.masks.head import AXIS_Z
from masquerade.masks.raster import rasterise
from masquerade.masks.rendering import SUNK
from masquerade.masks.shapes import SHAPES
from masquerade.masks.sheets import COARSE, FINE, Detail, Sheet, sheet
from masquerade.masks.types import Kind, Worn
from tests.masks.made import Chances

Floats = NDArray[np.float64]
EVERY = pytest.mark.parametrize(("kind", "worn"), list(product(KINDS, WORN)))
DETAILS = pytest.mark.parametrize("detail", [FINE, COARSE], ids=["fine", "coarse"])
PARTS = {"nose": (1,), "mouth": (13, 14), "chin": (152,)}
"""Tip of the nose, inner lips, tip of the chin."""


def fabric(laid: Sheet, detail: Detail) -> tuple[Floats, NDArray[np.int32]]:
    """The cloth itself, without loops and discs."""
    return laid.vertices[: detail.across * detail.down], laid.triangles[: laid.loops[0]]


@EVERY
@DETAILS
def test_the_surface_is_sound(kind: Kind, worn: Worn, detail: Detail) -> None:
    laid = sheet(kind, worn, detail)
    count = len(laid.vertices)
    assert laid.normals.shape == (count, 3) and laid.uv.shape == (count, 2)
    assert np.isfinite(laid.vertices).all() and np.isfinite(laid.normals).all() and np.isfinite(laid.uv).all()
    assert set(np.unique(laid.triangles)) == set(range(count))  # each corner is used, none is missing
    assert ((laid.uv >= 0) & (laid.uv <= 1)).all()
    np.testing.assert_allclose(np.linalg.norm(laid.normals, axis=1), 1)
    corners = laid.vertices[laid.triangles]
    areas = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    assert areas.min() > 1e-6
    first, last = laid.loops
    assert 0 < first <= last <= len(laid.triangles)
    assert (last > first) == bool(SHAPES[kind].straps)


@EVERY
def test_the_cloth_looks_outward(kind: Kind, worn: Worn) -> None:
    """Its triangles go round as the mesh's own, away from the head; its normals are theirs."""
    laid = sheet(kind, worn)
    points, triangles = fabric(laid, FINE)
    corners = points[triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    middle = corners.mean(axis=1) - [0, 0, AXIS_Z]
    middle[:, 1] = 0
    assert ((normals * middle).sum(axis=1) > 0).mean() > 0.97  # under the chin some look down
    own = laid.normals[triangles].mean(axis=1)
    assert ((normals * own).sum(axis=1) > 0).mean() > 0.97


@EVERY
def test_left_and_right_are_alike(kind: Kind, worn: Worn) -> None:
    laid = sheet(kind, worn)
    paired = all(disc.paired or disc.angle == 0 for disc in SHAPES[kind].discs)
    points = laid.vertices if paired else laid.vertices[np.unique(laid.triangles[: laid.loops[1]])]
    mirrored = points * [-1, 1, 1]
    distances = np.linalg.norm(points[:, None] - mirrored[None], axis=2).min(axis=1)
    # A disc is a ring of 16 steps whose places need not mirror each other, and the map of the skin is a raster.
    assert np.quantile(distances, 0.8) < 0.02
    assert distances.max() < 0.08


def extremes() -> list[Nudge]:
    """The nudges that drawing gives at most."""
    return [
        draw_mask(Chances(*(0.5,) * 8, *ends, 0.5, 0.5, 0.5).as_generator(), 0, Choice()).nudge
        for ends in product((0.0, 1 - 1e-9), repeat=5)
    ]


def hidden(kind: Kind, worn: Worn, nudge: Nudge) -> set[str]:
    """The parts whose every landmark is covered."""
    under = covered(kind, worn, nudge)
    return {part for part, marks in PARTS.items() if under[list(marks)].all()}


def shown(kind: Kind, worn: Worn, nudge: Nudge) -> set[str]:
    """The parts of which no landmark is covered."""
    under = covered(kind, worn, nudge)
    return {part for part, marks in PARTS.items() if not under[list(marks)].any()}


@EVERY
def test_parts_are_covered_or_seen_as_promised(kind: Kind, worn: Worn) -> None:
    """However it sits, within what is drawn by chance."""
    nudges = extremes()
    assert len(set(nudges)) == 32
    for nudge in [Nudge(), *nudges]:
        assert shown(kind, worn, nudge) == set(VISIBLE[worn]), nudge
        assert hidden(kind, worn, nudge) == set(PARTS) - set(VISIBLE[worn]), nudge


def test_ways_to_wear_go_down_the_face() -> None:
    """Each lower way covers less of the middle line than the one before."""
    line = [168, 197, 195, 4, 1, 2, 164, 0, 13, 14, 17, 18, 200, 199, 175, 152]  # from between the eyes to the chin
    for kind in KINDS:
        counts = [int(covered(kind, worn, Nudge())[line].sum()) for worn in WORN]
        assert counts == sorted(set(counts), reverse=True), kind


def depth(points: Floats, triangles: NDArray[np.int32]) -> Floats:
    """Depth of a surface seen from the front; not a number where it is not."""
    scale = 120
    screen = np.stack([(points[:, 0] + 0.6), (points[:, 1] + 0.6), points[:, 2]], axis=1) * scale
    values = np.repeat((points[:, 2:] + 3) / 6, 3, axis=1)
    drawn, inside = rasterise(screen, values, triangles, (round(1.2 * scale), round(2 * scale)))
    return np.where(inside, drawn[..., 0] * 6.0 - 3, np.nan)


@EVERY
@DETAILS
def test_the_cloth_lies_before_the_face(kind: Kind, worn: Worn, detail: Detail) -> None:
    """Between the cheeks: a mask under the chin passes behind the jaw.

    But for what the coarser division costs, which ``SUNK`` makes up for.
    """
    behind = depth(*fabric(sheet(kind, worn, detail), detail)) - depth(mean_face(), mesh_triangles())
    behind = behind[np.isfinite(behind)]
    assert len(behind) > 500
    assert np.mean(behind > 0) < 0.1
    assert behind.max() < 0.8 * SUNK


def test_surfaces_are_kept_and_told_apart() -> None:
    assert sheet("gas", "correctly") is sheet("gas", "correctly")
    assert len(sheet("gas", "correctly").vertices) > len(sheet("gas", "correctly", COARSE).vertices)


def test_covered_landmarks_move_with_the_nudge() -> None:
    """Pulled far down, a mask lets the nose out; pushed up, the chin; shifted, one cheek."""
    assert "nose" in shown("surgical", "correctly", Nudge(down=0.7))
    assert "chin" in shown("surgical", "correctly", Nudge(down=-0.4))
    left, right = (covered("surgical", "correctly", Nudge(right=shift))[[205, 425]] for shift in (-1.2, 1.2))
    assert left.tolist() == [True, False]
    assert right.tolist() == [False, True]
    assert shown("surgical", "correctly", Nudge(height=0.2)) == {"nose", "chin"}
