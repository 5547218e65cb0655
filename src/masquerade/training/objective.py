"""From the network's logits to states, labels and kinds, and what it is to learn about them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from masquerade.wearing.rule import STATES, covered_in_states, kind_of_states, label_of_states
from masquerade.wearing.types import LABELS

SMOOTHING = 0.05
"""Share of the label's weight that goes to all labels alike: one in twenty badly masked faces is labelled wrongly."""


def label_log_probabilities(logits: Tensor) -> Tensor:
    """Sum the states of each label: (n, 20) logits to (n, 3) log-probabilities."""
    states = functional.log_softmax(logits[:, :STATES], 1)
    labels = label_of_states()
    columns = [torch.logsumexp(states[:, np.flatnonzero(labels == label)], 1) for label in range(len(LABELS))]
    return torch.stack(columns, 1)


def state_sums() -> Tensor:
    """What each state adds to: (16, 9), to the labels, to the parts that show, to no covering, a mask, another one."""
    labels = np.eye(len(LABELS))[label_of_states()]
    coverings = np.eye(3)[kind_of_states()]
    return torch.tensor(np.hstack([labels, ~covered_in_states(), coverings]).tolist())


def loss_of(logits: Tensor, labels: Tensor, allowed: Tensor, kinds: Tensor, parts_weight: float = 0.5) -> Tensor:
    """Cross-entropy of the label, of the states that agree with what is known, and of the kind where it is known.

    Args:
        logits: (n, 20).
        labels: (n,) index into ``LABELS``.
        allowed: (n, 16) bool, states that agree with what is known; their probabilities are summed.
        kinds: (n,) index into ``MASK_KINDS``, -1 where unknown.
        parts_weight: weight of the states, and of the kinds.
    """
    by_label = label_log_probabilities(logits)
    loss = -(1 - SMOOTHING) * by_label.gather(1, labels[:, None]).mean() - SMOOTHING * by_label.mean()
    states = functional.log_softmax(logits[:, :STATES], 1).masked_fill(~allowed, -1e4)
    loss = loss - parts_weight * torch.logsumexp(states, 1).mean()
    known = kinds >= 0
    if known.any():
        kind_loss = functional.cross_entropy(logits[known, STATES:], kinds[known], reduction="sum") / len(kinds)
        loss = loss + parts_weight * kind_loss
    return loss


def apart_from(logits: Tensor, taught: Tensor, heat: float) -> Tensor:
    """Divergence from a teacher's answers, both softened (Hinton and others, "Distilling the knowledge", 2015)."""

    def part(columns: slice) -> Tensor:
        return functional.kl_div(
            functional.log_softmax(logits[:, columns] / heat, 1),
            functional.log_softmax(taught[:, columns] / heat, 1),
            reduction="batchmean",
            log_target=True,
        )

    return heat**2 * (part(slice(STATES)) + 0.25 * part(slice(STATES, None)))
