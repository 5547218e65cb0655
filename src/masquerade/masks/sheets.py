"""A kind of mask, worn in a certain way, as a surface in the space of the mean face."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from masquerade.faces.topology import vertex_normals
from masquerade.masks import head
from masquerade.masks.shapes import SHAPES, TOP_EDGES, Disc, Edge, Shape, Strap
from masquerade.masks.types import WORN, Kind, Worn

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Detail:
    """How finely a mask is divided: corners across and down the fabric, steps along a strap and around a disc."""

    across: int
    down: int
    strap: int
    ring: int


FINE = Detail(across=19, down=13, strap=6, ring=16)
COARSE = Detail(across=11, down=8, strap=4, ring=10)
"""For crops of a hundred pixels, where speed counts."""

ROUNDED = 0.75
"""How much of its curve the lower edge keeps when a mask is worn low."""
FABRIC_V = 0.74
"""The fabric fills the texture from 0 to 1 across and from 0 to this down."""
STRAP_V = (0.78, 0.84)
DISC_UV = (0.12, 0.93, 0.055)
"""Centre and radius, in the texture, of a disc's front; its wall lies to the right of it."""
WALL_UV = (0.25, 0.45, 0.89, 0.97)


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A surface to draw.

    Attributes:
        vertices: (n, 3) in the space of the mean face.
        normals: (n, 3) outward unit normals there.
        uv: (n, 2) places in the texture, 0 to 1.
        triangles: (m, 3) int32.
        outline: (k,) indices of the fabric's edge, in order around it.
        loops: first and last (exclusive) of the triangles that are loops and straps.
    """

    vertices: Floats
    normals: Floats
    uv: Floats
    triangles: NDArray[np.int32]
    outline: NDArray[np.int32]
    loops: tuple[int, int] = (0, 0)


def worn_edges(shape: Shape, worn: Worn) -> tuple[Edge, Edge, tuple[float, float, float]]:
    """Upper and lower edge, and the sides, of a mask worn in a certain way."""
    if worn == "correctly":
        return shape.top, shape.bottom, shape.sides
    middle, kept = TOP_EDGES[worn]
    squeeze = shape.squeeze[WORN.index(worn) - 1]
    reach = shape.top[-1][1] - shape.top[0][1]
    top = tuple((angle, middle + kept * (height - shape.top[0][1])) for angle, height in shape.top)
    # The cheeks hold the sides up: they sink less than the middle.
    lift = 0.3 * (middle - shape.top[0][1] - kept * reach)
    widest = shape.top[-1][0]
    top = tuple((angle, height - max(0.0, lift) * (angle / widest) ** 2) for angle, height in top)
    bottom = tuple(
        (angle, float(_edge(top, np.array(angle))) + squeeze * _fullness(shape, angle, height, widest))
        for angle, height in shape.bottom
    )
    bottom = tuple((angle, bottom[0][1] + ROUNDED * (height - bottom[0][1])) for angle, height in bottom)
    return top, bottom, shape.sides


def _fullness(shape: Shape, angle: float, bottom: float, widest: float) -> float:
    """Height of the fabric at an angle when it hangs low: its sides are fuller then than on the cheeks."""
    cut = bottom - float(_edge(shape.top, np.array(angle)))
    middle = shape.bottom[0][1] - shape.top[0][1]
    return 0.5 * cut + 0.5 * middle * (1 - 0.6 * (angle / widest) ** 2)


def _edge(edge: Edge, angles: Floats) -> Floats:
    """Height of an edge at angles in degrees; rounded, not angular."""
    x, y = np.array(edge, np.float64).T
    fine = np.linspace(0, x[-1], 41)
    line = np.interp(fine, x, y)
    padded = np.concatenate([line[4:0:-1], line, np.full(4, line[-1])])
    smooth = np.convolve(padded, np.ones(9) / 9, mode="valid")
    return np.asarray(np.interp(np.abs(angles), fine, smooth), np.float64)


@lru_cache(maxsize=2 * len(SHAPES) * len(WORN))
def sheet(kind: Kind, worn: Worn, detail: Detail = FINE) -> Sheet:
    """Lay a mask on the mean head."""
    shape = SHAPES[kind]
    top, bottom, sides = worn_edges(shape, worn)
    cloth = _cloth(shape, top, bottom, max(sides))
    fabric, uv, triangles, outline = _fabric(shape, cloth, (top, bottom), sides, detail)
    cut, now = worn_edges(shape, "correctly")[:2], (top, bottom)
    straps = [
        _strap(_lowered(strap, cut, now), side, cloth, detail.strap) for strap in shape.straps for side in (-1, 1)
    ]
    discs = [
        _disc(replace(disc, height=_moved(disc.angle, disc.height, cut, now)), side, standing, detail.ring)
        for disc in shape.discs
        for standing in [
            cloth
            + float(_bulge(shape, np.array(disc.angle / sides[1]), np.array(_share(disc.angle, disc.height, cut))))
        ]
        for side in ((-1, 1) if disc.paired else (1,))
    ]
    first = len(triangles)
    last = first + sum(len(strap[2]) for strap in straps)
    return _joined([(fabric, uv, triangles), *straps, *discs], outline, (first, last))


def _cloth(shape: Shape, top: Edge, bottom: Edge, reach: float) -> Floats:
    """Distance of the mask from the axis, over the whole map."""
    skin = head.skin()
    low, high = min(height for _, height in top), max(height for _, height in bottom)
    tight = head.tight(skin, low, high, np.radians(reach))
    return np.asarray(skin + shape.taut * (tight - skin) + shape.clearance, np.float64)


def _fabric(
    shape: Shape, cloth: Floats, edges: tuple[Edge, Edge], sides: tuple[float, float, float], detail: Detail
) -> tuple[Floats, Floats, NDArray[np.int32], NDArray[np.int32]]:
    top, bottom = edges
    t, s = np.meshgrid(np.linspace(0, 1, detail.down), np.linspace(-1, 1, detail.across), indexing="ij")
    angles = s * np.interp(t, [0, 0.5, 1], sides)
    heights = _edge(top, angles) * (1 - t) + _edge(bottom, angles) * t
    radii = head.look_up(cloth, np.radians(angles), heights) + _bulge(shape, s, t)
    vertices = head.to_space(np.radians(angles), heights, radii).reshape(-1, 3)
    uv = np.stack([(s + 1) / 2, t * FABRIC_V], axis=-1).reshape(-1, 2)
    index = np.arange(detail.down * detail.across).reshape(detail.down, detail.across)
    outline = np.concatenate([index[0], index[1:, -1], index[-1, -2::-1], index[-2:0:-1, 0]])
    return vertices, uv, _grid_triangles(index), outline.astype(np.int32)


def _bulge(shape: Shape, s: Floats, t: Floats) -> Floats:
    """How much further the fabric stands out: ``s`` from -1 to 1 across, ``t`` from 0 to 1 down."""
    rise = np.sin(np.pi * np.clip(t, 0, 1)) ** 0.8
    dome = shape.dome * np.clip(1 - s**2, 0, 1) ** 0.7
    return np.asarray(rise * (dome + shape.beak * np.clip(1 - np.abs(s) * 1.6, 0, 1)), np.float64)


def _grid_triangles(index: NDArray[np.intp]) -> NDArray[np.int32]:
    """Two triangles for each cell of a grid of vertices, outward as the mesh's own."""
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    return np.concatenate([np.stack(part, axis=-1).reshape(-1, 3) for part in ((a, c, b), (a, d, c))]).astype(np.int32)


def _share(angle: float, height: float, edges: tuple[Edge, Edge]) -> float:
    """Which share of the way from the upper to the lower edge a height is."""
    top, bottom = (float(_edge(edge, np.array(angle))) for edge in edges)
    return (height - top) / (bottom - top)


def _moved(angle: float, height: float, cut: tuple[Edge, Edge], now: tuple[Edge, Edge]) -> float:
    """Where a height on the mask as cut has gone on the mask as worn."""
    top, bottom = (float(_edge(edge, np.array(angle))) for edge in now)
    return top + _share(angle, height, cut) * (bottom - top)


def _lowered(strap: Strap, cut: tuple[Edge, Edge], now: tuple[Edge, Edge]) -> Strap:
    return Strap((strap.start[0], _moved(*strap.start, cut, now)), strap.end, strap.width)


def _strap(strap: Strap, side: int, cloth: Floats, steps: int) -> tuple[Floats, Floats, NDArray[np.int32]]:
    """A band from the mask over the cheek to where it goes out of sight."""
    way = np.linspace(0, 1, steps)
    angles = np.radians(side * (strap.start[0] + way * (strap.end[0] - strap.start[0])))
    heights = strap.start[1] + way * (strap.end[1] - strap.start[1])
    on_skin = head.look_up(head.skin(), angles, heights) + 0.02
    on_skin[0] = head.look_up(cloth, angles[:1], heights[:1])[0]
    ends = head.to_space(angles[[0, -1]], heights[[0, -1]], on_skin[[0, -1]])
    straight = ends[0] + way[:, None] * (ends[1] - ends[0])
    # Over hollows it is drawn straight from end to end.
    radii = np.maximum(on_skin, np.hypot(straight[:, 0], head.AXIS_Z - straight[:, 2]))
    middle = head.to_space(angles, heights, radii)
    along = np.gradient(middle, axis=0)
    outward = middle * [1, 0, 1] - [0, 0, head.AXIS_Z]
    flat = np.cross(along, outward)
    flat *= strap.width / 2 / np.linalg.norm(flat, axis=1, keepdims=True) * -side
    upright = outward * (strap.width / 2 / np.linalg.norm(outward, axis=1, keepdims=True))
    # Two ribbons that cross, so that it is seen from every side.
    vertices = np.concatenate([np.stack([middle - across, middle + across], axis=1) for across in (flat, upright)])
    u = 0.02 + 0.96 * way
    uv = np.stack([np.stack([u, np.full(steps, v)], axis=1) for v in STRAP_V], axis=1)
    uv = np.concatenate([uv, uv])
    index = np.arange(2 * steps).reshape(steps, 2)
    index = index if side < 0 else index[:, ::-1]
    corners = np.concatenate([_grid_triangles(index), _grid_triangles(index + 2 * steps)])
    return vertices.reshape(-1, 3), uv.reshape(-1, 2), corners


def _disc(disc: Disc, side: int, cloth: Floats, ring_steps: int) -> tuple[Floats, Floats, NDArray[np.int32]]:
    """A short cylinder: its front, and the wall down to the mask."""
    angle = np.radians(np.array(disc.angle * side))
    height = np.array(disc.height)
    base = head.to_space(angle, height, head.look_up(cloth, angle[None], height[None])[0])
    tip = np.radians(disc.tip)
    facing = np.array([np.sin(angle) * np.cos(tip), np.sin(tip), -np.cos(angle) * np.cos(tip)])
    right = np.cross([0.0, 1.0, 0.0], -facing)
    right /= np.linalg.norm(right)
    down = np.cross(-facing, right) * -1
    down = down if down[1] > 0 else -down
    turn = np.linspace(0, 2 * np.pi, ring_steps + 1)
    ring = disc.radius * (np.cos(turn)[:, None] * right + np.sin(turn)[:, None] * down)
    front, back = base + ring + facing * disc.depth, base + ring - facing * 0.12
    u, v, radius = DISC_UV
    cap_uv = np.stack([u + radius * np.cos(turn), v + radius * np.sin(turn)], axis=1)
    u0, u1, v0, v1 = WALL_UV
    wall_u = u0 + (u1 - u0) * np.linspace(0, 1, ring_steps + 1)
    vertices = np.concatenate([[base + facing * disc.depth], front, front, back])
    uv = np.concatenate(
        [
            [[u, v]],
            cap_uv,
            np.stack([wall_u, np.full(ring_steps + 1, v0)], axis=1),
            np.stack([wall_u, np.full(ring_steps + 1, v1)], axis=1),
        ]
    )
    at = np.arange(ring_steps)
    cap = np.stack([np.zeros(ring_steps, int), 1 + at, 2 + at], axis=1)
    around = np.arange(ring_steps + 1)
    wall = _grid_triangles(np.stack([2 + ring_steps + around, 3 + 2 * ring_steps + around]))
    return vertices, uv, np.concatenate([cap, wall]).astype(np.int32)


Part = tuple[Floats, Floats, NDArray[np.int32]]
"""Corners (n, 3), their places in the texture (n, 2), triangles (m, 3)."""


def _joined(parts: list[Part], outline: NDArray[np.int32], loops: tuple[int, int]) -> Sheet:
    vertices, normals, uvs, triangles = [], [], [], []
    offset = 0
    for points, uv, corners in parts:
        vertices.append(points)
        normals.append(_outward(points, corners))
        uvs.append(uv)
        triangles.append(corners + offset)
        offset += len(points)
    return Sheet(
        vertices=np.concatenate(vertices),
        normals=np.concatenate(normals),
        uv=np.concatenate(uvs),
        triangles=np.concatenate(triangles).astype(np.int32),
        outline=outline,
        loops=loops,
    )


def _outward(points: Floats, corners: NDArray[np.int32]) -> Floats:
    """Normals that point away from the axis."""
    normals = vertex_normals(points, corners)
    away = points - [0, 0, head.AXIS_Z]
    away[:, 1] = 0
    return np.asarray(normals * np.where((normals * away).sum(axis=1, keepdims=True) < 0, -1, 1), np.float64)
