"""Teach SFace masked faces: its upper layers learn to map them to where plain SFace maps the bare person.

The lower layers stay as they are. Two terms: softmax with an additive cosine margin over all people, whose centres
plain SFace gives and which do not move (Wang and others, "CosFace", CVPR 2018, with fixed centres), and the cosine
distance to the template of the same photo without a mask. Batch statistics stay: those of the convolutions are folded
in, those of the head are not updated.

``python -m masquerade.training.recognition.product.learning --faces runs/identity-faces.npz --sface
.cache/models/sface.onnx --out runs/identity`` trains; it goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from masquerade.files import write_whole
from masquerade.identity.contract import TASK
from masquerade.models import Session, get_session
from masquerade.settings import get_settings
from masquerade.training.recognition.product.faces import ProductFaces
from masquerade.training.recognition.product.targets import Targets, make_targets
from masquerade.training.recognition.sface import DIMENSIONS, MEAN, SCALE, SIZE, SFace, deployed, folded, load_sface
from masquerade.training.study.checkpoint import kept_identity, load_checkpoint, save_checkpoint
from masquerade.training.study.views import to_pixels
from masquerade.training.tracing import traced

FIRST = 23
"""The first of the network's 27 steps that learns."""
KEEP = 50
"""The state is kept after so many steps."""


@dataclass(frozen=True, slots=True)
class ProductRecipe:
    """How it is trained.

    Attributes:
        first: the first of the network's 27 steps that learns.
        steps, batch: steps, and faces in each.
        bare: share of a batch that is bare.
        rate: highest learning rate of AdamW; it warms up over 50 steps and falls as a cosine.
        scale, margin: of the softmax over people.
        people, distance: weights of the softmax over people, and of the cosine distance to the bare photo's own
            template.
        turn, stretch, shift, light: spreads of the views: degrees, share of the size, share of half a side, share.
        seed: of every draw.
    """

    first: int = FIRST
    steps: int = 1000
    batch: int = 64
    bare: float = 0.15
    rate: float = 3e-4
    scale: float = 16.0
    margin: float = 0.0
    people: float = 0.5
    distance: float = 2.0
    turn: float = 2.5
    stretch: float = 0.025
    shift: float = 0.018
    light: float = 0.15
    seed: int = 0


class Lower(nn.Module):
    """The layers that stay, as ONNX Runtime likes them."""

    def __init__(self, net: SFace, first: int) -> None:
        """Take the steps of a network before the first that learns."""
        super().__init__()
        self.steps = deployed(net).steps[:first]

    def forward(self, pixels: Tensor) -> Tensor:
        """Map pixels (n, 3, 112, 112), 0 to 255, to a map of features."""
        features: Tensor = self.steps((pixels - MEAN) * SCALE)
        return features


def lower_session(net: SFace, first: int, folder: Path) -> Session:
    """Write the layers that stay as a model of its own, and load it; torch would take four times as long."""
    lower = Lower(net, first)
    content = traced(lower, SIZE, ("features",))
    with torch.inference_mode():
        shape = lower(torch.zeros(1, 3, SIZE, SIZE)).shape
    card = {
        "name": "lower",
        "version": "1",
        "task": TASK,
        "file": "lower.onnx",
        "sha256": hashlib.sha256(content).hexdigest(),
        "licence": "Apache-2.0",
        "commercial_use": True,
        "source": "SFace",
        "trained_on": "as SFace",
        "inputs": [{"name": "pixels", "shape": ["batch", 3, SIZE, SIZE], "meaning": "RGB, 0 to 255"}],
        "outputs": [{"name": "features", "shape": ["batch", *shape[1:]], "meaning": "features"}],
    }
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "lower.onnx", content)
    write_whole(folder / "lower.json", json.dumps(card).encode())
    return get_session(str(folder / "lower.onnx"))


def margin_loss(templates: Tensor, targets: Tensor, centres: Tensor, labels: Tensor, recipe: ProductRecipe) -> Tensor:
    """The two terms.

    Args:
        templates: (n, d) of unit length, of the network.
        targets: (n, d) of unit length, of the same photos when bare.
        centres: (c, d) of unit length, of all people.
        labels: (n,) who is on each.
        recipe: gives scale, margin and weight.
    """
    cosines = templates @ centres.T
    own = cosines.gather(1, labels[:, None])
    logits = recipe.scale * cosines.scatter(1, labels[:, None], own - recipe.margin)
    apart = (1 - (templates * targets).sum(1)).mean()
    return recipe.people * functional.cross_entropy(logits, labels) + recipe.distance * apart


def random_views(crops: NDArray[np.uint8], rng: np.random.Generator, recipe: ProductRecipe) -> Tensor:
    """Crops (n, 112, 112, 3) turned, scaled, moved, mirrored and lit by chance: (n, 3, 112, 112) float32, 0 to 255."""
    count = len(crops)
    angles = np.deg2rad(rng.normal(0, recipe.turn, count))
    sizes = np.exp(rng.normal(0, recipe.stretch, count))
    mirror = np.where(rng.random(count) < 0.5, -1.0, 1.0)
    moved = rng.normal(0, recipe.shift, (count, 2))
    cosine, sine = np.cos(angles) * sizes, np.sin(angles) * sizes
    rows = [[cosine * mirror, -sine, moved[:, 0]], [sine * mirror, cosine, moved[:, 1]]]
    matrices = torch.from_numpy(np.array(rows, np.float32).transpose(2, 0, 1).copy())
    light = rng.uniform(1 - recipe.light, 1 + recipe.light, (count, 1, 1, 1)).astype(np.float32)
    pixels = to_pixels(crops)
    grid = functional.affine_grid(matrices, list(pixels.shape), align_corners=False)
    views = functional.grid_sample(pixels, grid, padding_mode="border", align_corners=False)
    return (views * torch.from_numpy(light)).clamp(0, 255)


def templates_by(embed: Callable[[Tensor], Tensor], crops: NDArray[np.uint8], batch: int = 64) -> NDArray[np.float32]:
    """Templates (n, 128) of unit length of crops (n, 112, 112, 3); ``embed`` gives them for pixels (k, 3, 112, 112)."""
    found = np.zeros((len(crops), DIMENSIONS), np.float32)
    with torch.inference_mode():
        for start in range(0, len(crops), batch):
            part = slice(start, start + batch)
            found[part] = embed(to_pixels(crops[part])).numpy()
    return found


class Teaching:
    """A network that learns, in the run folder that keeps its state."""

    def __init__(self, net: SFace, faces: ProductFaces, recipe: ProductRecipe, run: Path) -> None:
        """Take plain SFace, what it learns from, and the run folder; goes on where its checkpoint left it.

        A checkpoint that does not tell the content of its faces is taken by their number (``untold``).

        Raises:
            JobDiffers: the checkpoint is of another recipe, or of other faces.
        """
        self.recipe, self._run, self._faces = recipe, run, faces
        self._identity = {
            "recipe": asdict(recipe),
            "faces": len(faces.bare),
            "masked": len(faces.masked),
            "content": faces.digest(),
        }
        known = kept_identity(run)
        self.untold = known is not None and "content" not in known
        self._lower = lower_session(net, recipe.first, run)
        self.net = folded(net).requires_grad_(False)
        targets = make_targets(templates_by(self.embed, faces.bare), faces.identities)
        self._own, self._centres, self._labels = (
            torch.from_numpy(array) for array in (targets.own, targets.centres, targets.labels)
        )
        self.targets: Targets = targets
        learning = [self.net.steps[recipe.first :], self.net.last_map, self.net.dense, self.net.template]
        parameters = [part for module in learning for part in module.requires_grad_(True).parameters()]
        self._optimiser = torch.optim.AdamW(parameters, lr=recipe.rate, weight_decay=0.0)
        expected = {name: value for name, value in self._identity.items() if not (self.untold and name == "content")}
        self.state, _ = load_checkpoint(run, expected, self.net, self._optimiser)

    def fit(self, report: Callable[[str], object]) -> None:
        """Train to the last step; ``report`` is told a line every ``KEEP`` steps."""
        self.net.eval()  # batch statistics stay as they are
        self.net.dropout.train()
        losses: list[float] = []
        started, first = time.monotonic(), self.state.step
        while self.state.step < self.recipe.steps:
            losses.append(self.step())
            self.state.step += 1
            if self.state.step % KEEP == 0 or self.state.step == self.recipe.steps:
                save_checkpoint(self._run, self._identity, self.state, self.net, self._optimiser, None)
                rate = (self.state.step - first) * self.recipe.batch / (time.monotonic() - started)
                report(f"step {self.state.step}: loss {np.mean(losses[-KEEP:]):.4f}, {rate:.1f} faces a second")

    def embed(self, pixels: Tensor) -> Tensor:
        """Templates (n, 128) of unit length of pixels (n, 3, 112, 112), 0 to 255."""
        features = torch.from_numpy(self._lower.run({"pixels": pixels.numpy()})["features"])
        return functional.normalize(self.net.head(self.net.steps[self.recipe.first :](features)))

    def step(self) -> float:
        """Learn from one batch; gives its loss."""
        recipe, step = self.recipe, self.state.step
        rng = np.random.default_rng([recipe.seed, step])
        torch.manual_seed(int(rng.integers(2**62)))  # dropout
        for group in self._optimiser.param_groups:
            group["lr"] = recipe.rate * min(1, (step + 1) / 50) * 0.5 * (1 + math.cos(math.pi * step / recipe.steps))
        plain = int(recipe.batch * recipe.bare)
        masked = np.sort(rng.integers(len(self._faces.masked), size=recipe.batch - plain))
        bare = rng.integers(len(self._faces.bare), size=plain)
        crops = np.concatenate([self._faces.masked[masked], self._faces.bare[bare]])
        index = torch.from_numpy(np.concatenate([self._faces.of[masked], bare]))
        views = random_views(crops, rng, recipe)
        templates = self.embed(views)
        loss = margin_loss(templates, self._own[index], self._centres, self._labels[index], recipe)
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self._optimiser.step()
        return float(loss.detach())


def main() -> None:
    """Train from the command line."""
    plain = ProductRecipe()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=Path, required=True, help="what product.faces wrote")
    parser.add_argument("--sface", type=Path, required=True, help="sface.onnx, as tools.weights.sface writes it")
    parser.add_argument("--out", type=Path, required=True, help="run folder")
    parser.add_argument("--steps", type=int, default=plain.steps)
    parser.add_argument("--seed", type=int, default=plain.seed)
    arguments = parser.parse_args()
    torch.set_num_threads(get_settings().threads)
    net = load_sface(arguments.sface.read_bytes())
    recipe = replace(plain, steps=arguments.steps, seed=arguments.seed)
    teaching = Teaching(net, ProductFaces.load(arguments.faces), recipe, arguments.out)

    def say(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    if teaching.untold:
        say("the checkpoint does not tell the content of its faces: these are taken for the same, being as many")
    say(f"{len(teaching.targets.centres)} people, {teaching.targets.strange} photos with a wrong label")
    teaching.fit(say)


if __name__ == "__main__":
    main()
