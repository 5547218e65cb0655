"""Make ``faces/mesh_triangles.npy``: the triangles of the dense face mesh.

MediaPipe's wheel names the edges of its tessellation, three in a row for each triangle
(``mediapipe/python/solutions/face_mesh_connections.py``, Apache-2.0). The file is read as data; none of it is run.
"""

from __future__ import annotations

import ast
import sys
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tools.weights.wheels import CACHE, FACE_MESH, fetch

MEMBER = "mediapipe/python/solutions/face_mesh_connections.py"
NAME = "FACEMESH_TESSELATION"
TARGET = Path(__file__).resolve().parents[1] / "src" / "masquerade" / "faces" / "mesh_triangles.npy"


def edges_of(source: str) -> list[tuple[int, int]]:
    """Return the edges in the order in which the file lists them."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == NAME:
            listed = next(part for part in ast.walk(node.value) if isinstance(part, ast.List))
            return [(int(a), int(b)) for a, b in ast.literal_eval(listed)]
    raise ValueError(f"{NAME} is not in the file")


def triangles_of(edges: list[tuple[int, int]]) -> NDArray[np.uint16]:
    """Join the edges three by three: (n, 3) corners.

    Raises:
        ValueError: three edges in a row make no triangle.
    """
    found = []
    for first, second, third in zip(edges[::3], edges[1::3], edges[2::3], strict=True):
        if (first[1], second[1], third[1]) != (second[0], third[0], first[0]):
            raise ValueError(f"{first}, {second}, {third} make no triangle")
        found.append((first[0], second[0], third[0]))
    return np.array(found, np.uint16)


def main() -> int:
    """Write the triangles."""
    with zipfile.ZipFile(fetch(FACE_MESH, CACHE)) as wheel:
        source = wheel.read(MEMBER).decode("utf-8")
    triangles = triangles_of(edges_of(source))
    np.save(TARGET, triangles, allow_pickle=False)
    print(f"{len(triangles)} triangles -> {TARGET}")  # noqa: T201 - a command prints
    return 0


if __name__ == "__main__":
    sys.exit(main())
