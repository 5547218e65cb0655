"""The dense face mesh: 468 landmarks in three dimensions for each face.

Kartynnik and others, "Real-time facial surface geometry from monocular video on mobile GPUs", CVPR
workshop 2019. The crop follows MediaPipe: a square around the face, turned so that the eyes lie level.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masquerade.faces.types import LEFT_EYE, RIGHT_EYE
from masquerade.geometry import invert, sample
from masquerade.models import get_session

Floats = NDArray[np.float32]
MODEL = "face-mesh"
SIZE = 192
MARGIN = 0.25
"""Margin around the face on each side of the crop, as a share of the face's longer side."""

RIGHT_EYE_CORNERS = (33, 133)
LEFT_EYE_CORNERS = (362, 263)
NOSE = 1
MOUTH_CORNERS = (61, 291)


def crop_matrix(box: Floats, points: Floats) -> NDArray[np.float64]:
    """The (2, 3) matrix from the picture to the mesh's crop, for one box (4,) and its points (5, 2)."""
    centre = (box[:2] + box[2:]) / 2
    side = float(max(box[2] - box[0], box[3] - box[1], 1)) * (1 + 2 * MARGIN)
    across = points[LEFT_EYE] - points[RIGHT_EYE]
    angle = float(np.arctan2(across[1], across[0]))
    scale = SIZE / side
    cosine, sine = np.cos(angle) * scale, np.sin(angle) * scale
    linear = np.array([[cosine, sine], [-sine, cosine]])
    shift = np.full(2, SIZE / 2 - 0.5) - linear @ (centre - 0.5)
    return np.concatenate([linear, shift[:, None]], axis=1)


def fit_mesh(image: NDArray[np.uint8], boxes: Floats, points: Floats, batch: int = 16) -> tuple[Floats, Floats]:
    """Find the landmarks of faces.

    Args:
        image: (height, width, 3) uint8 RGB.
        boxes: (n, 4) xyxy.
        points: (n, 5, 2) key points; the eyes give the crop's angle.
        batch: how many faces go through the network at once.

    Returns:
        Landmarks (n, 468, 3) float32 in pixels of the picture (z in the same scale, nearer is
        smaller), and the probability (n,) that each crop shows a face.
    """
    landmarks = np.zeros((len(boxes), 468, 3), np.float32)
    scores = np.zeros(len(boxes), np.float32)
    for start in range(0, len(boxes), batch):
        part = slice(start, start + batch)
        matrices = [crop_matrix(*pair) for pair in zip(boxes[part], points[part], strict=True)]
        crops = np.stack([sample(image, matrix, (SIZE, SIZE)) for matrix in matrices])
        raw, logits = run_mesh(crops)
        for offset, matrix in enumerate(matrices):
            back = invert(matrix)
            landmarks[start + offset, :, :2] = raw[offset, :, :2] @ back[:, :2].T + back[:, 2]
            landmarks[start + offset, :, 2] = raw[offset, :, 2] * np.sqrt(np.linalg.det(back[:, :2]))
        scores[part] = 1 / (1 + np.exp(-np.clip(logits, -30, 30)))
    return landmarks, scores


def run_mesh(crops: NDArray[np.uint8]) -> tuple[Floats, Floats]:
    """Run the network on crops (n, 192, 192, 3) uint8 RGB: landmarks (n, 468, 3) in crop pixels, logits (n,)."""
    batch = np.ascontiguousarray(crops.transpose(0, 3, 1, 2), np.float32)
    batch *= np.float32(1 / 255)
    outputs = get_session(MODEL).run({"t0": batch})
    return outputs["landmarks"], outputs["face_logit"]


def key_points(landmarks: Floats) -> Floats:
    """The five key points as the mesh sees them: (n, 468, 3) to (n, 5, 2), in the order of ``Faces.points``.

    Under a mask they stray less than the detector's, since the whole upper face holds them.
    """
    flat = landmarks[..., :2]
    return np.stack(
        [
            flat[:, RIGHT_EYE_CORNERS].mean(axis=1),
            flat[:, LEFT_EYE_CORNERS].mean(axis=1),
            flat[:, NOSE],
            flat[:, MOUTH_CORNERS[0]],
            flat[:, MOUTH_CORNERS[1]],
        ],
        axis=1,
    )
