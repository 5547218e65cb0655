"""Margins that multiply the angle: L-softmax and SphereFace."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from masquerade.training.recognition.losses.base import ProxyLoss, cosines, of_target, with_target


def psi(cosine: Tensor, margin: int) -> Tensor:
    """The cosine of ``margin`` times the angle, continued so that it falls all the way to pi.

    (-1)^k cos(m theta) - 2k for theta in [k pi / m, (k + 1) pi / m], k from 0 to m - 1: Liu and others, ICML 2016,
    eq. 5 and 6. cos(m theta) is the Chebyshev polynomial of the cosine, so no angle with an infinite gradient is
    taken; at pi, k stays at m - 1.

    Args:
        cosine: of theta, any shape.
        margin: m, 1 or more.
    """
    before, multiple = torch.ones_like(cosine), cosine
    for _ in range(margin - 1):
        before, multiple = multiple, 2 * cosine * multiple - before
    with torch.no_grad():
        piece = (margin / math.pi * torch.acos(cosine.clamp(-1, 1))).floor().clamp(max=margin - 1)
        sign = 1 - 2 * (piece % 2)
    return sign * multiple - 2 * piece


class LSoftmax(ProxyLoss):
    """Large-margin softmax: |w| |x| psi(theta) for the right class (Liu and others, ICML 2016, eq. 4 to 6).

    It does not converge from the start, so plain softmax is mixed in: (lambda cos + psi) / (1 + lambda), where lambda
    is base / (1 + gamma step), not below a minimum. Base, gamma and minimum are those of SphereFace's released code;
    the paper of L-softmax names none. The step is a buffer and goes into checkpoints.
    """

    step: Tensor

    def __init__(
        self,
        classes: int,
        dimensions: int,
        margin: int = 4,
        base: float = 1000.0,
        gamma: float = 0.12,
        minimum: float = 5.0,
    ) -> None:
        """Draw proxies.

        Args:
            classes: how many proxies.
            dimensions: of the embeddings.
            margin: m, what the angle is multiplied by; a whole number.
            base: lambda at the first step; 0 mixes nothing in.
            gamma: how fast lambda falls, a step.
            minimum: lambda never falls below it, unless it began there.
        """
        super().__init__(classes, dimensions)
        self.margin, self.base, self.gamma, self.minimum = margin, base, gamma, min(minimum, base)
        self.register_buffer("step", torch.zeros((), dtype=torch.int64))

    def annealing(self) -> float:
        """Lambda at the present step."""
        return max(self.minimum, self.base / (1 + self.gamma * int(self.step)))

    def loss(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy; in training, the step counts up afterwards."""
        whole = super().loss(embeddings, labels)
        if self.training:
            self.step += 1
        return whole

    def logits(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Cosines with the margin in them, times the lengths."""
        cosine = cosines(embeddings, self.weight)
        return with_target(cosine, labels, self.target(of_target(cosine, labels))) * self._lengths(embeddings)

    def target(self, cosine: Tensor) -> Tensor:
        """Plain softmax and psi, mixed by lambda."""
        share = 1 / (1 + self.annealing())
        return (1 - share) * cosine + share * psi(cosine, self.margin)

    def _lengths(self, embeddings: Tensor) -> Tensor:
        return embeddings.norm(dim=1, keepdim=True) * self.weight.float().norm(dim=1)

    def _scores(self, embeddings: Tensor) -> Tensor:
        return cosines(embeddings, self.weight) * self._lengths(embeddings)


class SphereFace(LSoftmax):
    """A-softmax: |x| psi(theta), with proxies of unit length (Liu and others, "SphereFace", CVPR 2017, eq. 7).

    Lambda as in ``LSoftmax``: 1000 / (1 + 0.12 step), not below 5, as in the released code.
    """

    def _lengths(self, embeddings: Tensor) -> Tensor:
        return embeddings.norm(dim=1, keepdim=True)
