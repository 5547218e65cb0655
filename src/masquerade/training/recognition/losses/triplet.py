"""Triplets with semi-hard mining inside the batch."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from masquerade.training.recognition.losses.base import Loss


class Triplets(NamedTuple):
    """Rows of a batch, (k,) int64 each."""

    anchor: Tensor
    positive: Tensor
    negative: Tensor


class Triplet(Loss):
    """A face is to be nearer to the same person's than to another's, by a margin.

    Schroff and others, "FaceNet", CVPR 2015, eq. 2, on squared Euclidean distances of embeddings of unit length (0 to
    4). It is averaged over all pairs of the same person. Batches need several photos of a person; one without a pair
    gives 0.
    """

    weight = None

    def __init__(self, margin: float = 0.2) -> None:
        """Take the margin: alpha, in squared distance."""
        super().__init__()
        self.margin = margin

    def loss(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """The mean over mined triplets."""
        distance = squared_distances(functional.normalize(embeddings))
        anchor, positive, negative = mine(distance.detach(), labels)
        if not len(anchor):
            return 0 * distance.sum()
        return functional.relu(distance[anchor, positive] - distance[anchor, negative] + self.margin).mean()


def squared_distances(unit: Tensor) -> Tensor:
    """Squared Euclidean distances of (n, d) vectors of unit length from each other: (n, n), 0 to 4."""
    return (2 - 2 * unit @ unit.T).clamp(min=0)


def mine(distance: Tensor, labels: Tensor) -> Triplets:
    """For each pair of the same person, the nearest other face that is farther than the pair is apart.

    FaceNet's semi-hard negatives (section 3.2, eq. 4), the hardest of them. Where every negative is nearer than the
    positive there is none, and the farthest negative stands for it, so that no batch teaches a collapse.

    Args:
        distance: (n, n).
        labels: (n,).
    """
    same = labels[:, None] == labels[None]
    anchor, positive = (same & ~torch.eye(len(labels), dtype=torch.bool, device=labels.device)).nonzero(as_tuple=True)
    has_other = ~same.all(1)
    anchor, positive = anchor[has_other[anchor]], positive[has_other[anchor]]
    others, reach = distance[anchor], distance[anchor, positive][:, None]
    farther = others.masked_fill(same[anchor] | (others <= reach), torch.inf)
    farthest = others.masked_fill(same[anchor], -torch.inf).argmax(1) if len(anchor) else anchor
    nearest = farther.min(1) if len(anchor) else None
    if nearest is None:
        return Triplets(anchor, positive, anchor)
    return Triplets(anchor, positive, torch.where(nearest.values.isinf(), farthest, nearest.indices))
