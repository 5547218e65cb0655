"""One run's epochs: steps over batches of faces, measures after each, state kept so that a kill costs little."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from masquerade.datasets.types import LABELS
from masquerade.errors import TrainingDiverged
from masquerade.evaluation.measures import Measures, measure
from masquerade.evaluation.predictions import Predictions
from masquerade.training.study.checkpoint import load_checkpoint, save_checkpoint
from masquerade.training.study.epochs import ORDER, Keeping, begin_step, speed, take_steps
from masquerade.training.study.faces import CHECK, TEST, TRAIN, StudyFaces
from masquerade.training.study.plan import Recipe
from masquerade.training.study.progress import Progress
from masquerade.training.study.registry import NetworkSpec, has_bf16, memory_format
from masquerade.training.study.views import normalised, plain, random_views


def batches_of(order: NDArray[np.intp], size: int) -> list[NDArray[np.intp]]:
    """Cut an order into batches; a last single face joins the batch before, since batch norm cannot take it alone."""
    cuts = list(range(size, len(order), size))
    if len(cuts) > 0 and len(order) - cuts[-1] == 1:
        cuts.pop()
    return np.split(order, cuts)


def order_of(labels: NDArray[np.int64], balance: float, rng: np.random.Generator) -> NDArray[np.intp]:
    """The faces of one epoch: each once in random order, or as many drawn with replacement, rare labels more often.

    Args:
        labels: (n,) of the faces.
        balance: 0 for each once; otherwise the power of a label's count that divides its faces' chance.
        rng: where chance comes from.
    """
    if balance == 0:
        return rng.permutation(len(labels))
    chances = np.bincount(labels)[labels].astype(np.float64) ** -balance
    return rng.choice(len(labels), len(labels), p=chances / chances.sum())


def optimiser_of(net: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """The recipe's optimiser; SGD has no momentum, as in report 1."""
    if recipe.optimiser == "sgd":
        return torch.optim.SGD(net.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    return torch.optim.AdamW(net.parameters(), lr=recipe.rate, weight_decay=recipe.decay)


class Learner:
    """A network and its optimiser, in the run folder that keeps their state."""

    def __init__(
        self,
        run: Path,
        identity: Mapping[str, Any],
        net: nn.Module,
        spec: NetworkSpec,
        recipe: Recipe,
        seed: int,
        classes: int,
    ) -> None:
        """Take up the run where its checkpoint left it.

        Raises:
            JobDiffers: the checkpoint is of another run.
        """
        self._format = memory_format(spec)
        self.net = net.to(memory_format=self._format)
        self.recipe, self.classes = recipe, classes
        self._view, self._seed = spec.view, seed
        self._size = recipe.size or 0
        self._optimiser = optimiser_of(net, recipe)
        self.state, self._best = load_checkpoint(run, identity, net, self._optimiser)
        self._keeping = Keeping(
            lambda: save_checkpoint(run, identity, self.state, self.net, self._optimiser, self._best)
        )
        self._bf16 = recipe.bf16 and has_bf16()

    @property
    def finished(self) -> bool:
        """Whether all epochs are done, or training ended early."""
        return self.state.stopped or self.state.epoch >= self.recipe.epochs

    def fit(self, faces: StudyFaces, progress: Progress, report: Callable[[dict[str, Any]], None]) -> None:
        """Train to the last epoch, or until it gets no better; then take the weights of the best one, if one is kept.

        Args:
            faces: to learn from and to measure on.
            progress: shows a bar for each epoch.
            report: takes the figures of each epoch, after they are kept.

        Raises:
            TrainingDiverged: the loss is no number any more.
        """
        while not self.finished:
            self._epoch(faces, progress)
            if not math.isfinite(self.state.loss):
                raise TrainingDiverged(
                    f"the loss of epoch {self.state.epoch + 1} is no number", hint="lower the learning rate"
                )
            row = self._measured(faces)
            self.state.rows.append(row)
            self.state.next_epoch()
            self._judge(row)
            self._keeping.now()
            report(row)
        if self._best is not None:
            self.net.load_state_dict(self._best)

    def _epoch(self, faces: StudyFaces, progress: Progress) -> None:
        state, recipe = self.state, self.recipe
        chosen = faces.of(TRAIN)
        rng = np.random.default_rng([self._seed, ORDER, state.epoch])
        batches = batches_of(chosen[order_of(faces.labels[chosen], recipe.balance, rng)], recipe.batch)
        self.net.train()
        take_steps(
            state,
            batches,
            recipe.epochs,
            lambda number: self._step(faces, batches[number], len(batches)),
            self._keeping,
            progress,
        )

    def _step(self, faces: StudyFaces, batch: NDArray[np.intp], steps: int) -> None:
        state, recipe = self.state, self.recipe
        rng = begin_step(state, self._seed, steps, recipe, self._optimiser)
        images = faces.images[batch]
        pixels = random_views(images, self._size, rng) if recipe.augment else plain(images, self._size)
        labels = torch.from_numpy(faces.labels[batch])
        outputs = self._outputs(pixels)
        loss = functional.cross_entropy(outputs, labels, label_smoothing=recipe.smoothing)
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        if recipe.clip is not None:
            nn.utils.clip_grad_norm_(self.net.parameters(), recipe.clip)
        self._optimiser.step()
        state.loss += float(loss.detach()) * len(batch)
        state.correct += int((outputs.detach()[:, : self.classes].argmax(1) == labels).sum())
        state.seen += len(batch)

    def _outputs(self, pixels: Tensor) -> Tensor:
        inputs = normalised(pixels, self._view.mean, self._view.std)
        with torch.autocast("cpu", torch.bfloat16, enabled=self._bf16):
            outputs = self.net(inputs.contiguous(memory_format=self._format))
        return cast(Tensor, outputs).float()

    def predict(self, faces: StudyFaces, part: str, batch: int = 64) -> Predictions:
        """What the network says of the faces of a part, on plain views.

        Args:
            faces: all faces.
            part: ``train``, ``check`` or ``test``.
            batch: how many go through the network at once; no result depends on it.

        Raises:
            TrainingDiverged: what it says is no number.
        """
        self.net.eval()
        chosen = faces.of(part)
        logits = [np.zeros((0, self.classes), np.float64)]
        with torch.inference_mode():
            for index in _slices(chosen, batch):
                outputs = self._outputs(plain(faces.images[index], self._size))
                logits.append(outputs[:, : self.classes].double().numpy())
        scores = torch.from_numpy(np.concatenate(logits)).log_softmax(1).numpy()
        if not np.isfinite(scores).all():
            raise TrainingDiverged(
                f"the network's answers on the {part} part are no numbers", hint="lower the learning rate"
            )
        truth = faces.labels[chosen]
        return Predictions.of(
            truth,
            np.exp(scores),
            faces.groups[chosen],
            LABELS[: self.classes],
            losses=-scores[np.arange(len(truth)), truth],
            photos=tuple(faces.keys[photo] for photo in faces.photos[chosen]),
            paths=tuple(faces.paths[photo] for photo in faces.photos[chosen]),
            boxes=faces.boxes[chosen],
        )

    def _measured(self, faces: StudyFaces) -> dict[str, Any]:
        """Figures of the epoch that is over; those of a part that is not looked at are None."""
        state = self.state
        row: dict[str, Any] = {
            "epoch": state.epoch + 1,
            "rate": self._optimiser.param_groups[0]["lr"],
            "train_loss": state.loss / max(1, state.seen),
            "train_correct": state.correct,
            "train_faces": state.seen,
        }
        for part, wanted in ((CHECK, self.recipe.check > 0), (TEST, self.recipe.watch_test)):
            found = measure(self.predict(faces, part), intervals=False) if wanted and len(faces.of(part)) else None
            row |= {f"{part}_{name}": value for name, value in _figures(found).items()}
        return row | speed(state)

    def _judge(self, row: dict[str, Any]) -> None:
        """Keep the weights of the best epoch on the part set aside; stop when it gets no better."""
        if row["check_macro_f1"] is None:
            return
        score = [row["check_macro_f1"], -row["check_loss"]]
        if not self.state.best_score or score > self.state.best_score:
            self.state.best_score, self.state.best_epoch = score, self.state.epoch
            self._best = {name: value.clone() for name, value in self.net.state_dict().items()}
        self.state.stopped = 0 < self.recipe.patience <= self.state.epoch - self.state.best_epoch


def _slices(items: NDArray[np.intp], size: int) -> Iterator[NDArray[np.intp]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _figures(found: Measures | None) -> dict[str, float | None]:
    """What a line of ``metrics.jsonl`` says of a part."""
    names = ("loss", "correct", "macro_f1", "recall_incorrect")
    if found is None:
        return dict.fromkeys([*names, "faces"])
    values = {name: found.values[name].to_dict()["value"] if name in found.values else None for name in names}
    correct = values["correct"]
    return values | {"correct": None if correct is None else int(correct), "faces": found.faces}
