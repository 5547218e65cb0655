"""One training run of a wearing network, and the folder that holds its state."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from masquerade.evaluation.wearing import score_labels
from masquerade.training.augment import view
from masquerade.training.examples import allowed_states
from masquerade.training.networks import MEAN, STD
from masquerade.training.objective import apart_from, label_log_probabilities, loss_of
from masquerade.training.wearing_data import Crops


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a network is trained.

    Attributes:
        size: side of the views in pixels.
        epochs, samples: how many epochs, and views an epoch.
        batch: views a step.
        rate: peak learning rate of AdamW, under one cosine with a warm-up of a twentieth.
        decay: weight decay.
        parts_weight: weight of the loss on states and kinds.
        teacher_weight: weight of the divergence from the teacher, where there is one.
        temperature: softening of both sides in that divergence.
        mean_of: decay of the moving mean of the weights, which is what is kept.
        seed: of every draw.
    """

    size: int
    epochs: int
    samples: int
    batch: int = 64
    rate: float = 1e-3
    decay: float = 0.02
    parts_weight: float = 0.5
    teacher_weight: float = 0.0
    temperature: float = 2.0
    mean_of: float = 0.998
    seed: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Views:
    """Views to learn from.

    Attributes:
        images: (n, size, size, 3) uint8 RGB.
        labels, states, kinds: as in ``Examples``, (n,) each.
        taught: (n, 20) float32 logits of the teacher, or None without one.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    states: NDArray[np.int64]
    kinds: NDArray[np.int64]
    taught: NDArray[np.float32] | None = None


Draw = Callable[[np.random.Generator, int], Views]
"""Draws so many views."""


def to_batch(images: NDArray[np.uint8]) -> Tensor:
    """Turn pictures (n, size, size, 3) uint8 RGB into a normalised float batch (n, 3, size, size)."""
    values = torch.from_numpy(images).permute(0, 3, 1, 2).to(torch.float32) / 255
    values = (values - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)
    return values.contiguous(memory_format=torch.channels_last)


def answers(net: nn.Module, images: NDArray[np.uint8], batch: int = 128) -> NDArray[np.float32]:
    """The logits (n, 20) of a network for pictures (n, size, size, 3)."""
    net.eval()
    with torch.inference_mode():
        parts = [net(to_batch(images[start : start + batch])) for start in range(0, len(images), batch)]
    return torch.cat(parts).numpy()


def predict(net: nn.Module, crops: Crops, size: int) -> NDArray[np.float32]:
    """Logits (n, 20) on the plain views of stored crops."""
    return answers(net, np.stack([view(crop, size) for crop in crops.images]))


def load_weights(net: nn.Module, run: Path) -> nn.Module:
    """Load the mean weights of a run into a network of the same shape."""
    net.load_state_dict(torch.load(run / "checkpoint.pt", weights_only=True)["mean"])
    return net


def moving_mean(decay: float) -> Callable[[list[Tensor], list[Tensor], Tensor], None]:
    """Move a mean of weights towards the newest by 1 - decay, faster at first: short runs must forget their start."""

    def move(means: list[Tensor], newest: list[Tensor], seen: Tensor) -> None:
        now = min(decay, (1 + float(seen)) / (10 + float(seen)))
        with torch.no_grad():
            for mean, new in zip(means, newest, strict=True):
                if mean.is_floating_point():
                    mean.lerp_(new, 1 - now)
                else:
                    mean.copy_(new)

    return move


class Trainer:
    """One run: a network, its optimiser, and the folder that holds its state."""

    def __init__(self, net: nn.Module, recipe: Recipe, run: Path) -> None:
        """Set up, and take up an earlier run in the same folder where it stopped."""
        run.mkdir(parents=True, exist_ok=True)
        self.net = net.to(memory_format=torch.channels_last)
        self.mean = AveragedModel(self.net, multi_avg_fn=moving_mean(recipe.mean_of), use_buffers=True)
        self.recipe, self.run = recipe, run
        self.steps = max(1, recipe.samples // recipe.batch)
        self.optimiser = torch.optim.AdamW(net.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimiser, recipe.rate, total_steps=self.steps * recipe.epochs, pct_start=0.05
        )
        self.epoch = 0
        if self.checkpoint.exists():
            self._resume()

    @property
    def checkpoint(self) -> Path:
        """Where the state is kept after every epoch."""
        return self.run / "checkpoint.pt"

    def _resume(self) -> None:
        state = torch.load(self.checkpoint, weights_only=True)
        if state["recipe"] != asdict(self.recipe):
            raise SystemExit(f"{self.checkpoint} belongs to another recipe; choose another run folder")
        self.net.load_state_dict(state["net"])
        self.mean.module.load_state_dict(state["mean"])
        self.mean.n_averaged.fill_(state["averaged"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.schedule.load_state_dict(state["schedule"])
        self.epoch = state["epoch"]

    def save(self) -> None:
        """Write the state beside the old one, then replace it, so that a kill leaves one whole."""
        partial = self.checkpoint.with_suffix(".partial")
        torch.save(
            {
                "net": self.net.state_dict(),
                "mean": self.mean.module.state_dict(),
                "averaged": int(self.mean.n_averaged),
                "optimiser": self.optimiser.state_dict(),
                "schedule": self.schedule.state_dict(),
                "epoch": self.epoch,
                "recipe": asdict(self.recipe),
            },
            partial,
        )
        partial.replace(self.checkpoint)

    def train_epoch(self, draw: Draw) -> float:
        """Take ``samples`` views, batch by batch; return the mean loss."""
        self.net.train()
        rng = np.random.default_rng([self.recipe.seed, self.epoch])
        torch.manual_seed(self.recipe.seed * 1000 + self.epoch)
        total = sum(self.step(draw(rng, self.recipe.batch)) for _ in range(self.steps))
        self.epoch += 1
        return total / self.steps

    def step(self, views: Views) -> float:
        """One step of the optimiser; return the loss."""
        recipe = self.recipe
        logits = self.net(to_batch(views.images))
        allowed = torch.from_numpy(allowed_states(views.labels, views.states))
        labels, kinds = torch.from_numpy(views.labels), torch.from_numpy(views.kinds)
        loss = loss_of(logits, labels, allowed, kinds, recipe.parts_weight)
        if views.taught is not None:
            loss = loss + recipe.teacher_weight * apart_from(logits, torch.from_numpy(views.taught), recipe.temperature)
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimiser.step()
        self.schedule.step()
        self.mean.update_parameters(self.net)
        return float(loss.detach())

    def fit(self, draw: Draw, check: Crops, report: Callable[[dict[str, float]], None]) -> None:
        """Train to the last epoch, judging every other one, by its mean weights, on ``check``."""
        while self.epoch < self.recipe.epochs:
            started = time.time()
            row = {"loss": self.train_epoch(draw), "epoch": float(self.epoch), "seconds": time.time() - started}
            if self.epoch % 2 == 0 or self.epoch == self.recipe.epochs:
                logits = torch.from_numpy(predict(self.mean.module, check, self.recipe.size))
                scores = score_labels(check.labels, label_log_probabilities(logits).numpy().argmax(1))
                row |= {"check_macro_f1": scores.macro_f1, "check_recall_incorrect": float(scores.recall[2])}
            self.save()
            with (self.run / "metrics.jsonl").open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(row) + "\n")
            report(row)
