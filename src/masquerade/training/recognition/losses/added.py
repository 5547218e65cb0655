"""Margins that are added: CosFace, ArcFace and ArcFace with sub-centres."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from masquerade.training.recognition.losses.base import ProxyLoss, angles, cosines, of_target, with_target

NEAR = 0.1
"""How far apart a class's proxies begin, as a share of how far two classes are."""


class CosFace(ProxyLoss):
    """Cosine minus a margin (Wang and others, "CosFace", CVPR 2018, eq. 4)."""

    def __init__(self, classes: int, dimensions: int, scale: float = 64.0, margin: float = 0.35) -> None:
        """Draw proxies.

        Args:
            classes: how many proxies.
            dimensions: of the embeddings.
            scale: s, of the cosines.
            margin: m, in units of the cosine.
        """
        super().__init__(classes, dimensions, scale)
        self.margin = margin

    def target(self, cosine: Tensor) -> Tensor:
        """Cosine minus margin."""
        return cosine - self.margin


def angular_margin(cosine: Tensor, margin: float) -> Tensor:
    """Cosine of the angle plus a margin, guarded beyond pi.

    Where angle and margin together pass pi, their cosine would rise again. There the cosine minus ``margin`` times
    sin(margin) stands for it, as in ArcFace's own code ("easy margin" off): it falls all the way, with a jump
    downwards at pi - margin.

    Args:
        cosine: of the angles.
        margin: in radians, 0 to pi.
    """
    angle = angles(cosine)
    return torch.where(angle + margin <= math.pi, torch.cos(angle + margin), cosine - margin * math.sin(margin))


class ArcFace(ProxyLoss):
    """Cosine of the angle plus a margin (Deng and others, "ArcFace", CVPR 2019, eq. 3); see ``angular_margin``."""

    def __init__(self, classes: int, dimensions: int, scale: float = 64.0, margin: float = 0.5) -> None:
        """Draw proxies.

        Args:
            classes: how many proxies.
            dimensions: of the embeddings.
            scale: s, of the cosines.
            margin: m, in radians.
        """
        super().__init__(classes, dimensions, scale)
        self.margin = margin

    def target(self, cosine: Tensor) -> Tensor:
        """Cosine of angle plus margin."""
        return angular_margin(cosine, self.margin)


class SubCenter(ArcFace):
    """ArcFace with several proxies a class, the nearest of which counts.

    Deng and others, "Sub-center ArcFace: boosting face recognition by large-scale noisy web faces", ECCV 2020.
    ``weight`` is (classes * centres, d): those of class 0 first. A class's proxies begin near each other, not anywhere
    as in the paper: else, with few photos of a person, each photo may keep a proxy of its own and they never meet.
    """

    def __init__(
        self, classes: int, dimensions: int, scale: float = 64.0, margin: float = 0.5, centres: int = 3
    ) -> None:
        """Draw proxies.

        Args:
            classes: how many proxies.
            dimensions: of the embeddings.
            scale: s, of the cosines.
            margin: m, in radians.
            centres: K, proxies a class.
        """
        super().__init__(classes * centres, dimensions, scale, margin)
        self.centres = centres
        with torch.no_grad():
            # What was drawn for all proxies is made the small difference from the first one of each class.
            firsts = self.weight[::centres].repeat_interleave(centres, 0)
            self.weight.copy_(firsts + NEAR * (self.weight - firsts))

    def logits(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """As ArcFace, of each class's nearest proxy."""
        cosine = self._scores(embeddings)
        return self.scale * with_target(cosine, labels, self.target(of_target(cosine, labels)))

    def _scores(self, embeddings: Tensor) -> Tensor:
        return cosines(embeddings, self.weight).unflatten(1, (-1, self.centres)).amax(2)
