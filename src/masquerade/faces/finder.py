"""Find faces: choose the passes, run them, weed, fit the mesh, measure the pose."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from masquerade.faces import passes
from masquerade.faces.mesh import fit_mesh
from masquerade.faces.pose import head_pose
from masquerade.faces.types import Faces
from masquerade.faces.yunet import Detections, concatenate
from masquerade.geometry import box_iou, suppress
from masquerade.settings import get_settings

Effort = Literal["photo", "frame"]

MAX_RAW = 20_000
"""Raw boxes that are looked at, the best ones; a photo of a crowd gives a few thousand."""
MANY_RAW = 4_000
"""Raw boxes from which on those without a vote are left out of the sums: faster, and rounded in another order."""
MAX_PAIRS = 2**20
"""Pairs of a kept and a raw box that are compared at once; each takes some 50 bytes for a moment."""


@dataclass(frozen=True, slots=True)
class Search:
    """How hard to look, and what to keep. ``benchmarks/detection.py`` measures these choices.

    Attributes:
        frame_side: longer side of the one pass over a frame, in pixels.
        tile_side: longer side at which each tile of a photo is seen.
        padded_side: longer side of the canvas that shows the photo with room around it.
        threshold: lowest detector score of a face in a frame.
        photo_threshold: lowest score in a photo; a face below ``threshold`` must be seen in two kinds of pass.
        support_threshold: lowest score of a box that counts as seeing it.
        min_face: smallest face, in pixels of its longer side.
        iou, inside: limits of suppression, see ``geometry.suppress``.
        vote: boxes that overlap a kept one by this much move it, weighted by their scores.
    """

    frame_side: int = 480
    tile_side: int = 640
    padded_side: int = 320
    threshold: float = 0.5
    photo_threshold: float = 0.3
    support_threshold: float = 0.2
    min_face: float = 16.0
    iou: float = 0.4
    inside: float = 0.7
    vote: float = 0.5


def default_search() -> Search:
    """Return the search that the settings ask for."""
    settings = get_settings()
    return Search(threshold=settings.face_threshold, min_face=settings.min_face)


def find_faces(image: NDArray[np.uint8], effort: Effort = "photo", search: Search | None = None) -> Faces:
    """Find every face in a picture.

    Args:
        image: (height, width, 3) uint8 RGB.
        effort: ``photo`` looks at several scales, for small faces, portraits and crowds; ``frame``
            makes one cheap pass, for video.
        search: limits and sizes; by default those of the settings.

    Returns:
        Faces with landmarks, mesh scores and pose, the largest first.

    Raises:
        ValueError: ``effort`` is none of the two.
    """
    search = search or default_search()
    faces = detect_faces(image, effort, search)
    landmarks, scores = fit_mesh(image, faces.boxes, faces.points)
    return replace(faces, landmarks=landmarks, mesh_scores=scores, pose=head_pose(landmarks))


def detect_faces(image: NDArray[np.uint8], effort: Effort, search: Search) -> Faces:
    """Run the passes of the detector and one suppression over all of them: boxes, scores and points alone.

    Raises:
        ValueError: ``effort`` is none of the two.
    """
    if effort not in get_args(Effort):
        raise ValueError(f"effort: expected 'photo' or 'frame', got {effort!r}")
    size = (image.shape[1], image.shape[0])
    if effort == "frame":
        return detect_in_passes(image, [passes.whole(size, search.frame_side)], search)
    found = [concatenate(passes.run(image, views, search.support_threshold)) for views in photo_passes(size, search)]
    return _suppressed(found, size, search, effort)


def detect_in_passes(image: NDArray[np.uint8], views: list[passes.Pass], search: Search) -> Faces:
    """Run the detector over parts of a frame of a video, chosen by who knows the frames before it.

    Returns:
        Boxes, scores and points of the faces with a score from ``search.threshold`` on; none where there are no views.
    """
    size = (image.shape[1], image.shape[0])
    if not views:
        return Faces.empty(size)
    return _suppressed([concatenate(passes.run(image, views, search.threshold))], size, search, "frame")


def photo_passes(size: tuple[int, int], search: Search) -> list[list[passes.Pass]]:
    """The three kinds of pass over a photo of (width, height): whole, with room around, and tiles."""
    # As many tiles as it takes to see them at 0.6 of their size or larger, up to eight.
    windows = max(size) * 0.6 / search.tile_side
    overlap = passes.TILE_OVERLAP
    across = min(8, max(2, math.ceil((windows - overlap) / (1 - overlap))))
    return [
        [passes.whole(size, search.frame_side)],
        [passes.padded(size, search.padded_side)],
        passes.tiles(size, across, search.tile_side),
    ]


def _suppressed(found: list[Detections], size: tuple[int, int], search: Search, effort: Effort) -> Faces:
    """Keep one box a face, moved to where its neighbours vote; weed; the largest first."""
    kinds = np.repeat(np.arange(len(found)), [len(part.scores) for part in found])
    every = concatenate(found)
    if len(every.scores) > MAX_RAW:
        best = np.sort(np.argsort(-every.scores, kind="stable")[:MAX_RAW])
        every, kinds = Detections(every.boxes[best], every.scores[best], every.points[best]), kinds[best]
    sides = (every.boxes[:, 2:] - every.boxes[:, :2]).max(axis=1, initial=0)
    lowest = search.threshold if effort == "frame" else search.photo_threshold
    candidates = np.flatnonzero((sides >= search.min_face) & (every.scores >= lowest))
    kept = candidates[suppress(every.boxes[candidates], every.scores[candidates], search.iou, search.inside)]
    step = MAX_PAIRS // max(1, len(every.scores))
    voted = concatenate(
        [
            _voted(kept[start : start + step], every, kinds, search, effort)
            for start in range(0, max(1, len(kept)), step)  # once at least, for no box at all
        ]
    )
    merged = Faces(size=size, boxes=voted.boxes, scores=voted.scores, points=voted.points)
    return merged[np.argsort(-merged.heights, kind="stable")]


def _voted(
    kept: NDArray[np.intp], every: Detections, kinds: NDArray[np.intp], search: Search, effort: Effort
) -> Detections:
    """Move kept boxes, given as indices, to where their neighbours vote; in a photo drop those seen too faintly."""
    near = box_iou(every.boxes[kept], every.boxes) >= search.vote
    if effort == "photo":
        seen_by = np.sum([near[:, kinds == kind].any(axis=1) for kind in range(kinds.max(initial=0) + 1)], axis=0)
        trusted = (every.scores[kept] >= search.threshold) | (seen_by >= 2)
        kept, near = kept[trusted], near[trusted]
    scores = every.scores[kept]
    if near.shape[1] > MANY_RAW:  # a few votes in long rows of zeros
        voters = np.flatnonzero(near.any(axis=0))
        near, every = near[:, voters], Detections(every.boxes[voters], every.scores[voters], every.points[voters])
    weights = near * every.scores
    weights /= weights.sum(axis=1, keepdims=True)
    return Detections(
        boxes=weights @ every.boxes,
        scores=scores,
        points=np.einsum("kn,npd->kpd", weights, every.points),
    )
