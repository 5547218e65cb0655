"""What the losses share: float32, proxies, cosines that have a gradient everywhere.

Under ``torchrun`` each process gives a loss the whole batch, so that what follows the batches is the same in all.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

EDGE = 1e-6
"""Cosines are kept this far from 1 and -1 before their angle is taken, whose gradient is infinite there."""


class Loss(nn.Module):
    """Base of all losses.

    Attributes:
        weight: (classes, d) float32 proxies, one a class (sub-centres: several); None where a loss has none.
    """

    weight: nn.Parameter | None

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Give the mean loss of a batch.

        It is computed in float32 with autocast off, whatever comes in: half-precision cosines are too coarse for
        the scale of 64 behind them.

        Args:
            embeddings: (n, d) floats as the network gives them, not normalised.
            labels: (n,) int64, which class each belongs to.

        Returns:
            A float32 scalar.
        """
        with torch.autocast(embeddings.device.type, enabled=False):
            return self.loss(embeddings.float(), labels)

    def loss(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """The mean loss of (n, d) float32 embeddings."""
        raise NotImplementedError

    def scores(self, embeddings: Tensor) -> Tensor | None:
        """Score of each class without any margin, (n, classes) float32; None where a loss knows no classes."""
        with torch.no_grad(), torch.autocast(embeddings.device.type, enabled=False):
            return self._scores(embeddings.float())

    def _scores(self, embeddings: Tensor) -> Tensor | None:
        return None if self.weight is None else cosines(embeddings, self.weight)


class ProxyLoss(Loss):
    """Cross-entropy over scaled scores of classes, one of which, the right one, is made harder.

    Attributes:
        scale: what scores are multiplied by, without unit.
    """

    weight: nn.Parameter

    def __init__(self, classes: int, dimensions: int, scale: float = 1.0) -> None:
        """Draw proxies of about unit length.

        Args:
            classes: how many proxies.
            dimensions: of the embeddings.
            scale: see the class.
        """
        super().__init__()
        self.scale = scale
        self.weight = nn.Parameter(torch.randn(classes, dimensions) * dimensions**-0.5)

    def loss(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy of the logits, averaged over the batch."""
        return functional.cross_entropy(self.logits(embeddings, labels), labels)

    def logits(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Scaled scores with the margin in them: (n, classes)."""
        cosine = cosines(embeddings, self.weight)
        return self.scale * with_target(cosine, labels, self.target(of_target(cosine, labels)))

    def target(self, cosine: Tensor) -> Tensor:
        """What takes the place of the right class's cosines, (n,)."""
        return cosine


def cosines(embeddings: Tensor, proxies: Tensor) -> Tensor:
    """Cosines of the angles between (n, d) embeddings and (classes, d) proxies: (n, classes)."""
    return functional.normalize(embeddings) @ functional.normalize(proxies.float()).T


def angles(cosine: Tensor) -> Tensor:
    """Angles in radians, from just above 0 to just below pi, with a finite gradient everywhere."""
    return torch.acos(cosine.clamp(-1 + EDGE, 1 - EDGE))


def of_target(scores: Tensor, labels: Tensor) -> Tensor:
    """The right class's score in each row: (n, classes) and (n,) give (n,)."""
    return scores.gather(1, labels[:, None])[:, 0]


def with_target(scores: Tensor, labels: Tensor, target: Tensor) -> Tensor:
    """The scores with other ones, (n,), for the right classes."""
    return scores.scatter(1, labels[:, None], target[:, None])
