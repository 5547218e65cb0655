"""A small rendered set: pictures of blobs whose colour below tells the label, with Pascal VOC boxes."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

NAMES = ("with_mask", "without_mask", "incorrect")
COLOURS = ((60, 120, 220), (210, 160, 130), (220, 220, 60))
SIDE = 96


def render_set(root: Path, photos: int = 16, labels: tuple[int, ...] = (0, 1, 2), seed: int = 0) -> Path:
    """Write ``photos`` pictures with two faces each into ``root``; the labels take turns.

    Every picture has a background of its own, so that no two are near-duplicates.
    """
    rng = np.random.default_rng(seed)
    (root / "images").mkdir(parents=True)
    (root / "annotations").mkdir()
    for number in range(photos):
        low = rng.integers(0, 256, (4, 8, 3), np.uint8)
        picture = cv2.resize(low, (2 * SIDE, SIDE), interpolation=cv2.INTER_NEAREST)
        objects = ""
        for side in range(2):
            label = labels[(2 * number + side) % len(labels)]
            x, y = side * SIDE + int(rng.integers(8, 24)), int(rng.integers(8, 24))
            width, height = 52, 64
            picture[y : y + height, x : x + width] = (200, 170, 150)
            picture[y + height // 2 : y + height, x : x + width] = COLOURS[label]
            objects += (
                f"<object><name>{NAMES[label]}</name><bndbox><xmin>{x + 1}</xmin><ymin>{y + 1}</ymin>"
                f"<xmax>{x + width}</xmax><ymax>{y + height}</ymax></bndbox></object>"
            )
        noisy = np.clip(picture + rng.normal(0, 12, picture.shape), 0, 255).astype(np.uint8)
        cv2.imwrite(str(root / "images" / f"{number:03}.png"), noisy[..., ::-1])
        size = f"<size><width>{2 * SIDE}</width><height>{SIDE}</height><depth>3</depth></size>"
        (root / "annotations" / f"{number:03}.xml").write_text(
            f"<annotation><filename>{number:03}.png</filename>{size}{objects}</annotation>"
        )
    return root
