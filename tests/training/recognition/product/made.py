"""A network with the shape of SFace and weights by chance, and a few faces that are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from masquerade.training.recognition.product.faces import ProductFaces
    from masquerade.training.recognition.sface import SFace


def by_chance(seed: int = 0) -> SFace:
    """SFace's layers with weights and slopes by chance (some pass 1) and the batch statistics of pictures."""
    import torch

    from masquerade.training.recognition.sface import SFace
    from masquerade.training.study.views import to_pixels

    torch.manual_seed(seed)
    net = SFace()
    for number, step in enumerate(net.steps):
        _, norm, bend = step.children()
        with torch.no_grad():
            norm.weight.uniform_(0.8, 1.6)
            norm.bias.normal_(0, 0.3)
            bend.weight.uniform_(0.1, 1.4 if number % 2 else 1.0)
    net.dropout.p = 0.0
    for part in net.modules():
        if isinstance(part, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
            part.momentum = 1.0
    with torch.no_grad():
        net.train()(to_pixels(pictures(8, seed=1)))
    return net.eval()


def pictures(count: int, seed: int = 0) -> NDArray[np.uint8]:
    """Smooth pictures (count, 112, 112, 3)."""
    low = np.random.default_rng(seed).integers(0, 256, (count, 5, 5, 3), np.uint8)
    return np.stack([cv2.resize(picture, (112, 112), interpolation=cv2.INTER_CUBIC) for picture in low])


def made_faces(people: int = 3, photos: int = 2, versions: int = 2) -> ProductFaces:
    """So many people with so many photos each and masked pictures of each photo."""
    from masquerade.training.recognition.product.faces import ProductFaces

    bare = pictures(people * photos)
    masked = np.repeat(bare, versions, axis=0)
    masked[:, 60:] = 200
    return ProductFaces(
        bare=bare,
        identities=np.array([f"person {person}" for person in range(people) for _ in range(photos)]),
        masked=masked,
        of=np.repeat(np.arange(len(bare)), versions),
    )
