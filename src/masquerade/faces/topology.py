"""The triangles of the dense face mesh, and which of its landmarks belong to which part of the face."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray


def _indices(listed: str) -> tuple[int, ...]:
    return tuple(int(index) for index in listed.split())


NOSE = _indices("1 2 4 5 19 44 45 48 51 64 94 97 98 115 125 129 131 195 274 275 278 281 294 326 327 344 358 360")
LIPS = _indices(
    "0 11 12 13 14 15 16 17 37 38 39 40 41 42 61 62 72 73 74 76 77 78 80 81 82 84 85 86 87 88 89 90 91 95 96 146 "
    "178 179 180 181 183 184 185 191 267 268 269 270 271 272 291 292 302 303 304 306 307 308 310 311 312 314 315 "
    "316 317 318 319 320 321 324 325 375 402 403 404 405 407 408 409 415"
)
CHIN = _indices("148 152 171 175 199 200 208 377 396 428")
RIGHT_EYE = _indices("7 33 133 144 145 153 154 155 157 158 159 160 161 163 173 246")
LEFT_EYE = _indices("249 263 362 373 374 380 381 382 384 385 386 387 388 390 398 466")
BROWS = _indices("46 52 53 55 63 65 66 70 105 107 276 282 283 285 293 295 296 300 334 336")


@lru_cache(maxsize=1)
def mesh_triangles() -> NDArray[np.int32]:
    """The mesh's own triangles: (852, 3) landmark indices, the mouth and the eyes left open.

    Made by ``tools/mesh_triangles.py``. Corners go round so that their cross product points out of the face.
    """
    path = files("masquerade.faces") / "mesh_triangles.npy"
    with path.open("rb") as stream:
        triangles = np.load(stream, allow_pickle=False).astype(np.int32)
    triangles.flags.writeable = False
    return np.asarray(triangles, np.int32)


@lru_cache(maxsize=1)
def closed_triangles() -> NDArray[np.int32]:
    """The mesh's triangles with those that close the eyes and the mouth: (n, 3), behind which nothing is seen."""
    mesh = mesh_triangles()
    fans = [(way[0], first, second) for way in borders(mesh)[1:] for first, second in pairwise(way[1:])]
    triangles = np.concatenate([mesh, np.array(fans, np.int32)])
    triangles.flags.writeable = False
    return triangles


def borders(triangles: NDArray[np.int32]) -> list[list[int]]:
    """Closed ways along the open edges of a mesh (n, 3), the other way round than its triangles; the longest first."""
    sides = {(int(a), int(b)) for row in triangles for a, b in zip(row, np.roll(row, -1), strict=True)}
    following = {b: a for a, b in sorted(sides) if (b, a) not in sides}
    ways: list[list[int]] = []
    while following:
        way = [next(iter(following))]
        while way[-1] in following:
            way.append(following.pop(way[-1]))
        ways.append(way[:-1])
    return sorted(ways, key=len, reverse=True)


def vertex_normals(points: NDArray[np.float64], triangles: NDArray[np.int32]) -> NDArray[np.float64]:
    """Outward unit normals (n, 3) of a surface, each the mean of the triangles around a point, weighted by area."""
    corners = points[triangles]
    faces = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros_like(points)
    for corner in range(3):
        np.add.at(normals, triangles[:, corner], faces)
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    return np.asarray(np.divide(normals, lengths, out=np.zeros_like(normals), where=lengths > 0), np.float64)
