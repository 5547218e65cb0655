"""Softmax, on raw features and on normalised ones, and softmax with centres."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from masquerade.training.recognition.losses.base import Loss, ProxyLoss


class Softmax(ProxyLoss):
    """Cross-entropy of a linear layer (Deng and others, "ArcFace", CVPR 2019, eq. 1)."""

    def __init__(self, classes: int, dimensions: int) -> None:
        """Draw the layer's weights; its biases begin at 0."""
        super().__init__(classes, dimensions)
        self.bias = nn.Parameter(torch.zeros(classes))

    def logits(self, embeddings: Tensor, labels: Tensor) -> Tensor:  # noqa: ARG002 - no margin needs the labels
        """Scores of the linear layer, (n, classes)."""
        return functional.linear(embeddings, self.weight.float(), self.bias.float())

    def _scores(self, embeddings: Tensor) -> Tensor:
        return functional.linear(embeddings, self.weight.float(), self.bias.float())


class NormFace(ProxyLoss):
    """Cross-entropy of scaled cosines (Wang and others, "NormFace", ACM MM 2017).

    The paper learns the scale. Here it is fixed, at 20 as in Zhai and Wu, "Classification is a strong baseline for
    deep metric learning", BMVC 2019 (a temperature of 0.05).
    """

    def __init__(self, classes: int, dimensions: int, scale: float = 20.0) -> None:
        """Draw proxies; ``scale`` multiplies the cosines."""
        super().__init__(classes, dimensions, scale)


class Center(Loss):
    """Softmax, and half the squared distance of each feature from its class's centre.

    Wen and others, "A discriminative feature learning approach for deep face recognition", ECCV 2016, eq. 5; batch
    sums are means here. Centres are no parameters: each training batch moves them as in eq. 4. They begin at 0.
    """

    centres: Tensor

    def __init__(self, classes: int, dimensions: int, share: float = 0.003, rate: float = 0.5) -> None:
        """Begin with centres at 0.

        Args:
            classes: how many proxies.
            dimensions: of the embeddings.
            share: lambda, of the distances.
            rate: alpha, how far centres move, in 0 to 1.
        """
        super().__init__()
        self.softmax = Softmax(classes, dimensions)
        self.share, self.rate = share, rate
        self.register_buffer("centres", torch.zeros(classes, dimensions))

    @property
    def weight(self) -> nn.Parameter:  # type: ignore[override]
        """Proxies of the softmax, (classes, d)."""
        return self.softmax.weight

    def loss(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Softmax and distances; in training, centres move afterwards."""
        apart = embeddings - self.centres[labels]
        whole = self.softmax.loss(embeddings, labels) + self.share / 2 * apart.square().sum(1).mean()
        if self.training:
            self._move(apart.detach(), labels)
        return whole

    def _move(self, apart: Tensor, labels: Tensor) -> None:
        sums = torch.zeros_like(self.centres).index_add_(0, labels, apart)
        counts = torch.bincount(labels, minlength=len(self.centres))
        self.centres += self.rate * sums / (1 + counts[:, None])

    def _scores(self, embeddings: Tensor) -> Tensor:
        return self.softmax._scores(embeddings)
