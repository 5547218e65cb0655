"""The state of a run, in one file that is whole or the old one: weights, optimiser, counts, figures."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from masquerade.errors import DestinationUnusable, JobDiffers
from masquerade.files import write_whole
from masquerade.training.study.plan import differences
from masquerade.training.study.weights import NET

CHECKPOINT = "checkpoint.safetensors"
SUMMARY = "checkpoint.json"
BEST = "best."
OPTIMISER = "optimiser."
LOSS = "loss."


@dataclass(slots=True)
class State:
    """How far a run is. Chance needs no state: every draw follows from the seed, the epoch and the step.

    Attributes:
        epoch: finished epochs.
        step: finished steps of the epoch under way.
        loss, correct, seen: sums over the faces of that epoch.
        seconds: time spent on it.
        rows: figures of the finished epochs, as in ``metrics.jsonl``.
        best_epoch: the epoch whose weights are kept as the best, or 0.
        best_score: macro-F1 and negative loss there, on the part set aside.
        stopped: whether training ended early.
    """

    epoch: int = 0
    step: int = 0
    loss: float = 0.0
    correct: int = 0
    seen: int = 0
    seconds: float = 0.0
    rows: list[dict[str, Any]] = field(default_factory=list)
    best_epoch: int = 0
    best_score: list[float] = field(default_factory=list)
    stopped: bool = False

    def next_epoch(self) -> None:
        """Close the epoch under way."""
        self.epoch += 1
        self.step, self.loss, self.correct, self.seen, self.seconds = 0, 0.0, 0, 0, 0.0


def save_checkpoint(
    run: Path,
    identity: Mapping[str, Any],
    state: State,
    net: nn.Module,
    optimiser: torch.optim.Optimizer,
    best: Mapping[str, Tensor] | None = None,
    loss: nn.Module | None = None,
) -> None:
    """Write ``checkpoint.safetensors``, whole or not at all, and what can be read of it into ``checkpoint.json``.

    Args:
        run: the run folder.
        identity: what the run is of; ``load_checkpoint`` compares it.
        state: how far it is.
        net: its weights are kept.
        optimiser: its tensors are kept.
        best: weights of the best epoch so far.
        loss: a loss whose own weights are kept, if it has any.
    """
    tensors = {f"{NET}{name}": value for name, value in net.state_dict().items()}
    if loss is not None:
        tensors |= {f"{LOSS}{name}": value for name, value in loss.state_dict().items()}
    tensors |= {f"{BEST}{name}": value for name, value in (best or {}).items()}
    for index, values in optimiser.state_dict()["state"].items():
        tensors |= {f"{OPTIMISER}{index}.{name}": value for name, value in values.items() if value is not None}
    text = json.dumps({"identity": identity, "state": asdict(state)})
    kept = {name: value.detach().clone(memory_format=torch.contiguous_format) for name, value in tensors.items()}
    write_whole(run / CHECKPOINT, safetensors.torch.save(kept, {"run": text}))
    write_whole(run / SUMMARY, (json.dumps(json.loads(text), indent=2) + "\n").encode())


def load_checkpoint(
    run: Path,
    identity: Mapping[str, Any],
    net: nn.Module,
    optimiser: torch.optim.Optimizer,
    loss: nn.Module | None = None,
) -> tuple[State, dict[str, Tensor] | None]:
    """Take up a run where its checkpoint left it; a new run where there is none.

    Returns:
        How far it is, and the weights of the best epoch so far.

    Raises:
        JobDiffers: the checkpoint is of another model or plan; the message says what differs.
        DestinationUnusable: it is damaged.
    """
    path = run / CHECKPOINT
    if not path.exists():
        return State(), None
    with _opened(path) as (stored, said):
        state = State(**{field.name: said["state"][field.name] for field in fields(State)})
        other = said["identity"]
        tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118 - no mapping
    differing = differences(other, identity)
    if differing:
        raise JobDiffers(f"{path} is of another run: {'; '.join(differing)}", hint="train in a new folder")
    net.load_state_dict(_below(tensors, NET))
    if loss is not None:
        loss.load_state_dict(_below(tensors, LOSS))
    restore_optimiser(optimiser, _below(tensors, OPTIMISER))
    return state, _below(tensors, BEST) or None


def kept_identity(run: Path) -> dict[str, Any] | None:
    """What the checkpoint of a run folder is of; None where there is none.

    Raises:
        DestinationUnusable: it is damaged.
    """
    path = run / CHECKPOINT
    if not path.exists():
        return None
    with _opened(path) as (_, said):
        return dict(said["identity"])


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, dict[str, Any]]]:
    """A checkpoint, and what it says of its run."""
    try:
        with safe_open(path, "pt") as stored:
            yield stored, json.loads((stored.metadata() or {})["run"])
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise DestinationUnusable(f"{path} is damaged: {error}", hint="train in a new folder") from error


def restore_optimiser(optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Give an optimiser the tensors that it had, named ``INDEX.NAME``."""
    parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        index, _, key = name.partition(".")
        like = parameters[int(index)]  # whose layout in memory it had
        state.setdefault(int(index), {})[key] = (
            torch.empty_like(like).copy_(value) if value.shape == like.shape else value
        )
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})


def _below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
