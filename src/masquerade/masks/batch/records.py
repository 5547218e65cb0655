"""What a photo's line of the manifest says of its faces, and the lines of those that got no mask."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masquerade.faces.types import Faces
from masquerade.masks.types import DrawnMask, Masked, Plan, Skipped

BARE = ("nose", "mouth", "chin")
"""What shows of a face without a mask."""
NO_FACE, ALL_SKIPPED, NOTHING_DRAWN = "no_face", "all_faces_skipped", "nothing_drawn"
HARMLESS = frozenset(
    {NO_FACE, ALL_SKIPPED, NOTHING_DRAWN, "face_too_small", "pose_too_far", "face_doubtful", "face_doubled", "no_entry"}
)
"""Codes that say what is in a photo; every other one says that something went wrong."""


def file_record(path: str, content: bytes) -> dict[str, Any]:
    """Name a written file: its path, its size in bytes and its SHA-256."""
    return {"path": path, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def unmasked(plan: Plan, masked: Masked) -> list[Skipped]:
    """List the faces without a mask: those that the plan leaves out, and masks that cover no pixel; by index."""
    empty = [
        Skipped(mask.plan.face, NOTHING_DRAWN, "the mask covers no pixel of the picture")
        for mask in masked.masks
        if not _covers(mask)
    ]
    return sorted([*plan.skipped, *empty], key=lambda skip: skip.face)


def _covers(mask: DrawnMask) -> bool:
    return bool((mask.alpha >= 128).any())


def face_records(faces: Faces, plan: Plan, masked: Masked, with_area: bool) -> list[dict[str, Any]]:
    """Describe every face: where it is, how it wears a mask now, what of it is covered.

    A face without a mask is labelled ``without_mask``, as the photos are taken to show bare faces;
    it has no label (None) when the mesh doubts that it is a face, or when a neighbour's mask reaches
    into its box.

    Args:
        faces: with pose.
        plan: what was to be drawn.
        masked: what came out.
        with_area: add the pixels of each mask, as COCO's run lengths.
    """
    drawn = {mask.plan.face: mask for mask in masked.masks if _covers(mask)}
    skipped = {skip.face: skip.code for skip in unmasked(plan, masked)}
    binary = masked.binary
    records = []
    for index in range(len(faces)):
        record: dict[str, Any] = {
            "box": _rounded(faces.boxes[index], 2),
            "score": round(float(faces.scores[index]), 4),
            "pose": None if faces.pose is None else _rounded(faces.pose[index], 1),
        }
        if index in drawn:
            record.update(_worn(drawn[index]))
            if with_area:
                record["segmentation"] = run_lengths(drawn[index], faces.size)
        else:
            code = skipped.get(index, NOTHING_DRAWN)
            bare = code not in ("face_doubtful", "face_doubled") and not _touched(faces.boxes[index], binary)
            record.update({"label": "without_mask" if bare else None, "visible": list(BARE) if bare else None})
            record["skipped"] = code
        records.append(record)
    return records


def _worn(mask: DrawnMask) -> dict[str, Any]:
    plan = mask.plan
    return {
        "label": plan.label,
        "visible": [*plan.visible],
        "worn": plan.worn,
        "kind": plan.kind,
        "covered": ranges(mask.covered),
    }


def _touched(box: NDArray[np.float32], binary: NDArray[np.bool_]) -> bool:
    height, width = binary.shape
    x0, y0, x1, y1 = clipped(box.tolist(), (width, height))
    return bool(binary[y0:y1, x0:x1].any())


def clipped(box: list[float], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Round a box xyxy outwards to whole pixels of a picture of (width, height); empty when it lies outside."""
    width, height = size
    x0, y0 = max(0, int(np.floor(box[0]))), max(0, int(np.floor(box[1])))
    x1, y1 = min(width, int(np.ceil(box[2]))), min(height, int(np.ceil(box[3])))
    return min(x0, width), min(y0, height), max(x1, min(x0, width)), max(y1, min(y0, height))


def ranges(covered: NDArray[np.bool_]) -> str:
    """Write the true places of a row as ranges: ``0-3,7``."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], covered.astype(np.int8), [0]])))
    spans = edges.reshape(-1, 2)
    return ",".join(f"{a}-{b - 1}" if b - a > 1 else f"{a}" for a, b in spans.tolist())


def run_lengths(mask: DrawnMask, size: tuple[int, int]) -> dict[str, Any]:
    """Give the pixels that a mask covers by half and more as COCO's uncompressed run lengths, column by column.

    Args:
        mask: one mask as it came out.
        size: (width, height) of the picture.
    """
    width, height = size
    part = mask.alpha >= 128
    x, y = mask.corner
    columns = np.zeros((part.shape[1], height), np.int8)
    columns[:, y : y + part.shape[0]] = part.T
    before, after = x * height, (width - x - part.shape[1]) * height
    edges = np.flatnonzero(np.diff(columns.reshape(-1), prepend=0, append=0)) + before
    counts = np.diff(np.concatenate([[0], edges, [before + columns.size + after]]))
    return {"size": [height, width], "counts": counts[: len(counts) - int(counts[-1] == 0)].tolist()}


def _rounded(values: NDArray[np.float32], digits: int) -> list[float]:
    return [round(float(value), digits) for value in values]
