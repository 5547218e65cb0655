"""One run's epochs: steps over batches of faces, measures after each, state kept so that a kill costs little."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from masquerade.errors import TrainingDiverged
from masquerade.training.recognition.backbones import BackboneSpec, find_backbone
from masquerade.training.recognition.faces import Part, RunFaces
from masquerade.training.recognition.losses import Loss
from masquerade.training.recognition.plan import Recipe, RecognitionPlan
from masquerade.training.recognition.sampling import batches_of_epoch
from masquerade.training.recognition.testing import MEASURES, measure_part
from masquerade.training.recognition.views import draw_masks, plain_views, random_views
from masquerade.training.recognition.world import World, share_batch_norms
from masquerade.training.study.checkpoint import load_checkpoint, save_checkpoint
from masquerade.training.study.epochs import ORDER, Keeping, begin_step, speed, take_steps
from masquerade.training.study.progress import Progress
from masquerade.training.study.registry import has_bf16
from masquerade.training.study.views import to_pixels

FACE = 4
"""Stream of chance of what is drawn for a face; beside those of ``study.epochs``."""


class Joint(nn.Module):
    """Network and loss as one, as processes that share a batch need them."""

    def __init__(self, net: nn.Module, loss: Loss, spec: BackboneSpec, bf16: bool, world: World) -> None:
        """Take the network with its entry, and the loss."""
        super().__init__()
        self.net, self.loss = net, loss
        # Not kept in checkpoints: the entry has them.
        self.register_buffer("mean", torch.tensor(spec.mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("scale", torch.tensor(spec.scale).view(1, 3, 1, 1), persistent=False)
        self._bf16, self._world = bf16, world

    def forward(self, pixels: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Loss of the batch of all processes, and its embeddings.

        Args:
            pixels: (k, 3, 112, 112) of 0 to 255: this process's share.
            labels: (n,) of the whole batch.
        """
        embeddings = self._world.gathered(self.embed(pixels), len(labels))
        return self.loss(embeddings, labels), embeddings.detach()

    def embed(self, pixels: Tensor) -> Tensor:
        """Embeddings (k, d) float32 of pixels (k, 3, 112, 112), not normalised; bfloat16 is for training alone."""
        inputs = ((pixels - self.mean) * self.scale).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16, enabled=self._bf16 and self.training):
            outputs = self.net(inputs)
        return cast(Tensor, outputs).float()


def optimiser_of(joint: Joint, recipe: Recipe) -> torch.optim.Optimizer:
    """The recipe's optimiser over network and loss."""
    parameters = [*joint.net.parameters(), *joint.loss.parameters()]
    if recipe.optimiser == "sgd":
        return torch.optim.SGD(parameters, lr=recipe.rate, momentum=recipe.momentum, weight_decay=recipe.decay)
    return torch.optim.AdamW(parameters, lr=recipe.rate, weight_decay=recipe.decay)


class Learner:
    """Network, loss and optimiser, in the run folder that keeps their state."""

    def __init__(
        self,
        run: Path,
        identity: Mapping[str, Any],
        plan: RecognitionPlan,
        parts: tuple[nn.Module, Loss],
        world: World,
    ) -> None:
        """Take up the run where its checkpoint left it.

        Args:
            run: the run folder.
            identity: what the run is of.
            plan: how it is trained.
            parts: network and loss.
            world: this process and the others.

        Raises:
            JobDiffers: the checkpoint is of another run.
        """
        net, loss = parts
        self.recipe, self.world = plan.resolved(), world
        self.net = net.to(memory_format=torch.channels_last)
        self.joint = Joint(self.net, loss, find_backbone(plan.backbone), self.recipe.bf16 and has_bf16(), world)
        self._run, self._identity, self._plan = run, identity, plan
        self._optimiser = optimiser_of(self.joint, self.recipe)
        self.state, _ = load_checkpoint(run, identity, self.net, self._optimiser, loss)
        self._step_net: nn.Module = self.joint
        if world.size > 1:
            share_batch_norms(self.net)
            self._step_net = DistributedDataParallel(self.joint)
        self._keeping = Keeping(self._save)

    @property
    def finished(self) -> bool:
        """Whether all epochs are done."""
        return self.state.epoch >= self.recipe.epochs

    def fit(self, faces: RunFaces, progress: Progress, report: Callable[[dict[str, Any]], None]) -> None:
        """Train to the last epoch.

        Args:
            faces: to learn from and to measure on.
            progress: shows a bar for each epoch.
            report: takes the figures of each epoch, after they are kept.

        Raises:
            TrainingDiverged: the loss is no number any more.
        """
        while not self.finished:
            self._epoch(faces.train, progress)
            row = self._measured(faces.test)
            self.state.rows.append(row)
            self.state.next_epoch()
            self._keeping.now()
            report(row)

    def _epoch(self, part: Part, progress: Progress) -> None:
        state, recipe = self.state, self.recipe
        rng = np.random.default_rng([self._plan.seed, ORDER, state.epoch])
        batches = batches_of_epoch(part.labels, recipe.batch, self._plan.grouped, rng)
        starts = np.cumsum([0, *map(len, batches)])
        self.joint.train()
        take_steps(
            state,
            batches,
            recipe.epochs,
            lambda number: self._step(part, batches[number], int(starts[number]), len(batches)),
            self._keeping,
            progress,
        )

    def _step(self, part: Part, batch: NDArray[np.intp], start: int, steps: int) -> None:
        state, recipe = self.state, self.recipe
        begin_step(state, self._plan.seed, steps, recipe, self._optimiser, self.world.rank)
        places = self.world.share(np.arange(len(batch)))
        pixels = to_pixels(self._views(part, part.index[batch[places]], start + places))
        labels = torch.from_numpy(part.labels[batch])
        loss, embeddings = self._step_net(pixels, labels)
        if not math.isfinite(float(loss.detach())):
            raise TrainingDiverged(
                f"the loss of step {state.step + 1} of epoch {state.epoch + 1} is no number",
                hint="lower the learning rate",
            )
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        if recipe.clip is not None:
            nn.utils.clip_grad_norm_(self.joint.parameters(), recipe.clip)
        self._optimiser.step()
        state.loss += float(loss.detach()) * len(batch)
        scores = self.joint.loss.scores(embeddings)
        state.correct += 0 if scores is None else int((scores.argmax(1) == labels).sum())
        state.seen += len(batch)

    def _views(self, part: Part, index: NDArray[np.intp], places: NDArray[np.intp]) -> NDArray[np.uint8]:
        """What the network sees of faces that stand at these places of the epoch."""
        head = (self._plan.seed, FACE, self.state.epoch)
        seeds = [(*head, int(place), int(face)) for place, face in zip(places, index, strict=True)]
        rows, masked = draw_masks(part.faces.rows(index), seeds, self.recipe.mask_probability)
        return random_views(rows, masked, seeds) if self.recipe.augment else plain_views(rows)

    def embed(self, views: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeddings (n, d) of views (n, 112, 112, 3), as the finished network gives them before they are normalised.

        Raises:
            TrainingDiverged: they are no numbers.
        """
        self.joint.eval()
        with torch.inference_mode():
            found = self.joint.embed(to_pixels(views)).numpy()
        if not np.isfinite(found).all():
            raise TrainingDiverged("the network's templates are no numbers", hint="lower the learning rate")
        return cast(NDArray[np.float32], found)

    def measure(self, part: Part) -> dict[str, Any]:
        """Measures of a part, see ``testing``; the first process alone takes them."""
        return measure_part(part, self.embed, self.recipe.distance, self._plan.seed)

    def _measured(self, test: Part) -> dict[str, Any]:
        """Figures of the epoch that is over; None for what is not looked at."""
        state, recipe = self.state, self.recipe
        due = (state.epoch + 1) % self._plan.watch == 0 or state.epoch + 1 == recipe.epochs
        look = due and self.world.first and len(test) > 1
        proxies = self.joint.loss.weight is not None
        row: dict[str, Any] = {
            "epoch": state.epoch + 1,
            "rate": self._optimiser.param_groups[0]["lr"],
            "train_loss": state.loss / max(1, state.seen),
            "train_accuracy": state.correct / max(1, state.seen) if proxies else None,
            "train_faces": state.seen,
        }
        found = self.measure(test) if look else dict.fromkeys(MEASURES)
        self.world.wait()
        row |= {f"test_{name}": value for name, value in found.items()}
        return row | speed(state)

    def _save(self) -> None:
        if self.world.first:
            save_checkpoint(self._run, self._identity, self.state, self.net, self._optimiser, loss=self.joint.loss)
