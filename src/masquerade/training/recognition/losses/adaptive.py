"""Margins that follow the training: AdaFace and CurricularFace."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from masquerade.training.recognition.losses.added import ArcFace, angular_margin
from masquerade.training.recognition.losses.base import ProxyLoss, angles, cosines, of_target, with_target

TINY = 1e-3
"""AdaFace's epsilon: beside the deviation, and how near, in radians, its angles come to 0 and pi."""
LONGEST = 100.0
"""Longest feature that AdaFace tells from longer ones."""


class AdaFace(ProxyLoss):
    """A margin that grows with the length of the feature, which stands for the quality of the photo.

    Kim and others, "AdaFace: quality adaptive margin for face recognition", CVPR 2022, section 3.3: the length, as
    deviations from its mean times h and cut to -1 to 1, gives z; the right class's score is
    cos(theta - m z) - (m + m z). No gradient goes through z. Mean and deviation are moving averages over batches of
    training, kept in buffers.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(
        self,
        classes: int,
        dimensions: int,
        scale: float = 64.0,
        margin: float = 0.4,
        concentration: float = 0.333,
        rate: float = 0.01,
    ) -> None:
        """Draw proxies; mean and deviation begin at 20 and 100 as in the released code.

        Args:
            classes: how many proxies.
            dimensions: of the embeddings.
            scale: s, of the cosines.
            margin: m; in radians inside the cosine, in units of the cosine outside.
            concentration: h, what the normalised length is multiplied by.
            rate: alpha, share of the present batch in the moving averages, in 0 to 1.
        """
        super().__init__(classes, dimensions, scale)
        self.margin, self.concentration, self.rate = margin, concentration, rate
        self.register_buffer("mean", torch.tensor(20.0))
        self.register_buffer("deviation", torch.tensor(100.0))

    def logits(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Scaled cosines, the right one with its own margins."""
        cosine = cosines(embeddings, self.weight)
        length = embeddings.detach().norm(dim=1).clamp(TINY, LONGEST)
        if self.training:
            self._follow(length)
        quality = ((length - self.mean) / (self.deviation + TINY) * self.concentration).clamp(-1, 1)
        angle = (angles(of_target(cosine, labels)) - self.margin * quality).clamp(TINY, math.pi - TINY)
        return self.scale * with_target(cosine, labels, torch.cos(angle) - self.margin * (1 + quality))

    def _follow(self, length: Tensor) -> None:
        self.mean.lerp_(length.mean(), self.rate)
        if len(length) > 1:
            self.deviation.lerp_(length.std(), self.rate)


class CurricularFace(ArcFace):
    """ArcFace whose hard negatives count more as the training goes on.

    Huang and others, "CurricularFace: adaptive curriculum learning loss for deep face recognition", CVPR 2020,
    section 3.2: a wrong class whose cosine is above the right one's with its margin is given cosine (t + cosine),
    where t is the moving average of the right classes' cosines, a buffer. The guard past pi is ArcFace's.
    """

    t: Tensor

    def __init__(
        self, classes: int, dimensions: int, scale: float = 64.0, margin: float = 0.5, rate: float = 0.01
    ) -> None:
        """Draw proxies; t begins at 0.

        Args:
            classes: how many proxies.
            dimensions: of the embeddings.
            scale: s, of the cosines.
            margin: m, in radians.
            rate: share of the present batch in t, in 0 to 1.
        """
        super().__init__(classes, dimensions, scale, margin)
        self.rate = rate
        self.register_buffer("t", torch.zeros(()))

    def logits(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Scaled cosines, the right one with its margin, the hard ones modulated."""
        cosine = cosines(embeddings, self.weight)
        right = of_target(cosine, labels)
        # The boundary has no guard, as in the released code: beyond pi it rises again.
        boundary = torch.cos(angles(right) + self.margin)
        if self.training:
            self.t.lerp_(right.detach().mean(), self.rate)
        t = self.t.clone()
        modulated = torch.where(cosine > boundary[:, None], cosine * (t + cosine), cosine)
        return self.scale * with_target(modulated, labels, angular_margin(right, self.margin))
