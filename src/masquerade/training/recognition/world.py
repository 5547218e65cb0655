"""Several processes that train one network together, as ``torchrun`` starts them; one process alone is a world too.

The loss sees the batch of all processes, and batch norm its statistics, so that the curve does not depend on how many
there are. Where a batch has a sum in another order, float32 rounds otherwise: that much differs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.autograd import Function
from torch.nn import functional

from masquerade.settings import get_settings

PATIENCE = timedelta(hours=6)
"""How long processes wait for the first one, which aligns and measures alone."""


@dataclass(frozen=True, slots=True)
class World:
    """The processes of a run.

    Attributes:
        rank: number of this one; 0 alone writes.
        size: how many there are.
    """

    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        """Whether this process writes."""
        return self.rank == 0

    def share(self, items: Any) -> Any:
        """This process's part of a batch: every ``size``-th item."""
        return items[self.rank :: self.size]

    def wait(self) -> None:
        """Wait until all processes are here."""
        if self.size > 1:
            distributed.barrier()

    def gathered(self, values: Tensor, total: int) -> Tensor:
        """Put the parts of a batch of ``total`` items together again, in their order; gradients find their way back.

        Args:
            values: (k, ...) of this process's share.
            total: n, items of all processes.
        """
        if self.size == 1:
            return values
        most = -(-total // self.size)
        padded = functional.pad(values, (0, 0) * (values.ndim - 1) + (0, most - len(values)))
        parts = _Gathered.apply(padded)  # (most, size, ...): item i of rank r was number i * size + r
        return parts.flatten(0, 1)[:total]


class _Gathered(Function):
    """Tensors of all processes side by side, along a new second axis; each gets the sum of its gradients back."""

    @staticmethod
    def forward(_: Any, values: Tensor) -> Tensor:
        """Gather (k, ...) to (k, processes, ...)."""
        parts = [torch.empty_like(values) for _ in range(distributed.get_world_size())]
        distributed.all_gather(parts, values.contiguous())
        return torch.stack(parts, dim=1)

    @staticmethod
    def backward(_: Any, gradient: Tensor) -> Tensor:
        """Sum the gradients of all processes, and take this one's part."""
        gradient = gradient.contiguous()
        distributed.all_reduce(gradient)
        return gradient[:, distributed.get_rank()]


class _Summed(Function):
    """The sum over all processes; each gets the sum of the gradients back."""

    @staticmethod
    def forward(_: Any, values: Tensor) -> Tensor:
        """Sum values."""
        total = values.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(_: Any, gradient: Tensor) -> Tensor:
        """Sum gradients."""
        total = gradient.clone()
        distributed.all_reduce(total)
        return total


@contextmanager
def joined() -> Iterator[World]:
    """Join the processes that ``torchrun`` started with this one, and give each its share of the threads."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size < 2 or "RANK" not in os.environ:
        torch.set_num_threads(get_settings().threads)
        yield World()
        return
    here = int(os.environ.get("LOCAL_WORLD_SIZE", size))
    torch.set_num_threads(max(1, get_settings().threads // here))
    distributed.init_process_group("gloo", timeout=PATIENCE)
    try:
        yield World(distributed.get_rank(), distributed.get_world_size())
    finally:
        distributed.destroy_process_group()


class SharedBatchNorm(nn.Module):
    """Batch norm over the batch of all processes, which PyTorch has for graphics cards alone.

    It takes the place of a ``BatchNorm1d`` or ``BatchNorm2d``, whose weights and buffers it keeps under their names.
    """

    def __init__(self, inner: nn.BatchNorm1d | nn.BatchNorm2d) -> None:
        """Take over a batch norm."""
        super().__init__()
        self.eps, self.momentum = inner.eps, inner.momentum
        for name in ("weight", "bias"):
            self.register_parameter(name, getattr(inner, name))
        for name in ("running_mean", "running_var", "num_batches_tracked"):
            self.register_buffer(name, getattr(inner, name))

    def forward(self, values: Tensor) -> Tensor:
        """Normalise (n, channels, ...) by the statistics of all processes; by the running ones when not training."""
        if not self.training:
            mean, variance, weight, bias = self.running_mean, self.running_var, self.weight, self.bias
            return functional.batch_norm(values, mean, variance, weight, bias, False, 0.0, self.eps)
        exact = values.float()
        over = [axis for axis in range(values.ndim) if axis != 1]
        count = exact.new_full((1,), exact.numel() / exact.shape[1])
        sums = _Summed.apply(torch.cat([exact.sum(over), count]))
        mean, count = sums[:-1] / sums[-1], sums[-1].detach()
        shape = (1, -1, *[1] * (values.ndim - 2))
        centred = exact - mean.view(shape)
        variance = _Summed.apply(centred.square().sum(over)) / count
        self._follow(mean.detach(), variance.detach(), float(count))
        scale = torch.rsqrt(variance + self.eps)
        if self.weight is not None:
            scale = scale * self.weight
        result = centred * scale.view(shape)
        if self.bias is not None:
            result = result + self.bias.view(shape)
        return result.to(values.dtype)

    def _follow(self, mean: Tensor, variance: Tensor, count: float) -> None:
        if self.running_mean is None or self.running_var is None:
            return
        self.num_batches_tracked += 1
        rate = 1 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, rate)
        self.running_var.lerp_(variance * (count / max(1.0, count - 1)), rate)


def share_batch_norms(net: nn.Module) -> None:
    """Let all batch norms of a network take the statistics of all processes; names and weights stay as they are."""
    for name, child in net.named_children():
        if isinstance(child, nn.BatchNorm1d | nn.BatchNorm2d):
            setattr(net, name, SharedBatchNorm(child))
        else:
            share_batch_norms(child)
