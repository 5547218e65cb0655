"""Small identities rendered from the bundled portraits, and a network that learns them in a moment."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from masquerade.image import read_image

SIDE = 128
BOXES = {
    "impostor_1": (224, 166, 458, 493),
    "impostor_2": (228, 179, 512, 591),
    "person_a_1": (65, 49, 137, 151),
    "person_b_1": (221, 161, 501, 544),
}
COLOURS = ((1, 1, 1), (0.7, 1.0, 1.25), (1.2, 0.8, 0.8), (0.8, 1.15, 0.75))
WIDTHS = (1.0, 0.8, 1.2, 0.9)


def render_people(root: Path, samples: Path, people: int = 8, photos: int = 4, seed: int = 0) -> Path:
    """Write ``people`` folders of ``photos`` pictures each into ``root``: ``root/person_NN/N.jpg``.

    Every portrait serves several people, told apart by how wide the face is and how it is coloured.
    """
    rng = np.random.default_rng(seed)
    cuts = [cut_out(samples / f"{name}.jpg", box) for name, box in BOXES.items()]
    for person in range(people):
        cut, version = cuts[person % len(cuts)], person // len(cuts) % len(COLOURS)
        folder = root / f"person_{person:02}"
        folder.mkdir(parents=True)
        for photo in range(photos):
            matrix = cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), rng.uniform(-8, 8), rng.uniform(0.85, 1.0))
            matrix[0] *= WIDTHS[version]
            matrix[0, 2] += (1 - WIDTHS[version]) * SIDE / 2
            view = cv2.warpAffine(cut, matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)
            values = view * np.array(COLOURS[version]) * rng.uniform(0.85, 1.1) + rng.normal(0, 3, view.shape)
            cv2.imwrite(str(folder / f"{photo}.jpg"), np.clip(values, 0, 255).astype(np.uint8)[..., ::-1])
    return root


def cut_out(path: Path, box: tuple[int, int, int, int]) -> np.ndarray:
    """The face of a portrait with as much around it, (SIDE, SIDE, 3)."""
    x0, y0, x1, y1 = box
    scale = SIDE / (1.6 * max(x1 - x0, y1 - y0))
    centre = np.array([x0 + x1, y0 + y1]) / 2
    matrix = np.array([[scale, 0, SIDE / 2 - scale * centre[0]], [0, scale, SIDE / 2 - scale * centre[1]]])
    return cv2.warpAffine(read_image(path), matrix, (SIDE, SIDE), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)


def use_small_net() -> None:
    """Let ``mobilefacenet`` be a network of four convolutions in this process."""
    from dataclasses import replace

    from torch import nn

    from masquerade.training.recognition import backbones

    def make(dimensions: int, _: int, dropout: float) -> nn.Module:
        layers: list[nn.Module] = [nn.AvgPool2d(2)]
        for inner, outer in ((3, 16), (16, 32), (32, 32)):
            layers += [nn.Conv2d(inner, outer, 3, 2, 1, bias=False), nn.BatchNorm2d(outer), nn.PReLU(outer)]
        head = (nn.Flatten(), nn.Dropout(dropout), nn.Linear(32 * 49, dimensions), nn.BatchNorm1d(dimensions))
        return nn.Sequential(*layers, *head)

    backbones.BACKBONES["mobilefacenet"] = replace(backbones.BACKBONES["mobilefacenet"], make=make)
