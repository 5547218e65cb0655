"""Make ``faces/mean_face.npy``: the mean of many frontal meshes, made symmetric.

Needs MASQUERADE_DATA and scipy. Faces of ``celeba-aligned`` go through the mesh; the shapes are laid onto one
another (generalised Procrustes analysis, Gower 1975) together with their mirror images. A mean
over thousands of faces shows nobody.
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from masquerade.faces.finder import Search, detect_faces
from masquerade.faces.mesh import fit_mesh
from masquerade.faces.types import Faces
from masquerade.image import read_image
from masquerade.settings import get_settings

Shapes = NDArray[np.float64]
TARGET = Path(__file__).resolve().parents[1] / "src" / "masquerade" / "faces" / "mean_face.npy"


def meshes(paths: list[Path]) -> Shapes:
    """Fit the mesh to the largest face of each photo: (n, 468, 3)."""
    found = []
    for path in paths:
        image = read_image(path)
        faces: Faces = detect_faces(image, "frame", Search())[:1]
        landmarks, scores = fit_mesh(image, faces.boxes, faces.points)
        found += [shape for shape, score in zip(landmarks, scores, strict=True) if score > 0.9]
    return np.array(found, np.float64)


def laid_onto(shapes: Shapes, target: Shapes) -> Shapes:
    """Shift, scale and turn each shape (n, k, 3) onto the target (k, 3), in the least-squares sense."""
    shapes = shapes - shapes.mean(axis=1, keepdims=True)
    shapes = shapes / np.linalg.norm(shapes, axis=(1, 2), keepdims=True)
    u, _, vt = np.linalg.svd(np.einsum("ki,nkj->nij", target, shapes))
    fix = np.tile(np.eye(3), (len(shapes), 1, 1))
    fix[:, 2, 2] = np.sign(np.linalg.det(u @ vt))
    return np.asarray(np.einsum("nij,nkj->nki", u @ fix @ vt, shapes), np.float64)


def upright(shape: Shapes) -> Shapes:
    """Turn a shape (k, 3) so that its ears lie level and its forehead above its chin."""
    across = (shape[[263, 454, 356]] - shape[[33, 234, 127]]).mean(axis=0)
    across /= np.linalg.norm(across)
    down = shape[152] - shape[10]
    down = down - across * (down @ across)
    down /= np.linalg.norm(down)
    turned = (shape - shape.mean(axis=0)) @ np.stack([across, down, np.cross(across, down)], axis=1)
    turned[:, 0] -= turned[[10, 152, 168, 1], 0].mean()
    return np.asarray(turned, np.float64)


def mirror_order(shape: Shapes) -> NDArray[np.intp]:
    """For each landmark the one on the other side of a nearly symmetric shape (k, 3): the cheapest pairing."""
    distance = np.linalg.norm((shape * [-1, 1, 1])[:, None] - shape[None], axis=2)
    order = import_module("scipy.optimize").linear_sum_assignment(distance + distance.T)[1]  # needed here alone
    if (order[order] != np.arange(len(shape))).any():
        raise RuntimeError("the mean is too lopsided to pair its sides")
    return np.asarray(order, np.intp)


def mean_shape(shapes: Shapes, rounds: int = 10) -> Shapes:
    """The symmetric mean of shapes (n, k, 3): centred, interocular distance 1.

    Its pitch is 0 where the mean of the portraits' pitch lies; yaw and roll are 0 by symmetry.
    """
    attitude = np.median(shapes - shapes.mean(axis=1, keepdims=True), axis=0)
    mean = attitude
    for _ in range(rounds):
        mean = laid_onto(shapes, mean / np.linalg.norm(mean)).mean(axis=0)
    mean = upright(mean)
    order = mirror_order(mean)
    mean = (mean + mean[order] * [-1, 1, 1]) / 2
    mean = level(mean, attitude)
    eyes = mean[[33, 133]].mean(axis=0) - mean[[362, 263]].mean(axis=0)
    return mean / float(np.linalg.norm(eyes))


def level(mean: Shapes, attitude: Shapes) -> Shapes:
    """Nod the mean so that it looks as far up or down as the portraits do on the whole."""

    def slope(shape: Shapes) -> float:
        line = shape[[152, 175, 199]].mean(axis=0) - shape[[10, 151, 9, 8]].mean(axis=0)
        return float(np.arctan2(line[2], line[1]))

    angle = slope(attitude) - slope(mean)
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.asarray(mean @ np.array([[1, 0, 0], [0, cosine, sine], [0, -sine, cosine]]), np.float64)


def main() -> None:
    """Make the file and say what it rests on."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=int, default=2000)
    count = parser.parse_args().faces
    root = get_settings().data_root
    if root is None:
        raise SystemExit("set MASQUERADE_DATA")
    paths = sorted((root / "celeba-aligned").glob("*/*.jpg"))
    shapes = meshes(paths[:: max(1, len(paths) // count)])
    np.save(TARGET, mean_shape(shapes).astype(np.float32))
    sys.stdout.write(f"{TARGET}: mean of {len(shapes)} faces\n")


if __name__ == "__main__":
    main()
