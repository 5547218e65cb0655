"""A handful of made-up crops to train on."""

from __future__ import annotations

import numpy as np

from masquerade.training.wearing_data import CROP, Crops


def made_crops(count: int = 24, seed: int = 0) -> Crops:
    """Crops of noise over a colour that tells the label; every group of ten has one that is checked on."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    colours = np.array([[200, 80, 80], [80, 200, 80], [80, 80, 200]])[labels]
    images = np.clip(colours[:, None, None] + rng.normal(0, 25, (count, CROP, CROP, 3)), 0, 255).astype(np.uint8)
    visible = np.array([[0, 0, 0], [1, 1, 1], [1, np.nan, 0]], np.float32)[labels]
    return Crops(
        images=images,
        labels=labels.astype(np.int64),
        visible=visible,
        sides=np.full(count, 40, np.float32),
        faces=np.arange(count),
        photos=np.arange(count),
        detected=np.zeros(count, np.bool_),
        groups=np.arange(count) // 2,
        held_out=np.zeros(count, np.bool_),
        sources=np.arange(count) % 4,
        keys=np.array([f"made/{number}.jpg" for number in range(count)]),
    )
