"""What an ablation consists of: a run for each backbone and loss, and ``ablation.json``, in which it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from masquerade.errors import StudyInvalid
from masquerade.evaluation.sweep.jobs import VERSION, joined, open_job, refuse_twice

FILE = "ablation.json"


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """One run of an ablation.

    Attributes:
        backbone: name of the network.
        loss: name of the loss.
    """

    backbone: str
    loss: str

    @property
    def name(self) -> str:
        """Name of the run's folder."""
        return f"{self.backbone}-{self.loss}"


@dataclass(frozen=True, slots=True)
class Ablation:
    """Backbones and losses, and what all runs have in common.

    Attributes:
        backbones, losses: each combination is a run.
        settings: plain values that all runs share: data, test sets, recipe, seed and so on.
    """

    backbones: tuple[str, ...]
    losses: tuple[str, ...]
    settings: dict[str, Any]

    def cells(self) -> list[Cell]:
        """Give all runs: losses outermost."""
        return [Cell(backbone, loss) for loss in self.losses for backbone in self.backbones]

    def to_dict(self) -> dict[str, Any]:
        """Give plain values, for JSON."""
        return {
            "version": VERSION,
            "backbones": list(self.backbones),
            "losses": list(self.losses),
            "settings": self.settings,
        }


def open_ablation(folder: Path, wanted: Ablation) -> Ablation:
    """Begin an ablation in a folder, or go on with the one that is there; backbones and losses may be added.

    Args:
        folder: new, empty, or of an ablation with the same settings.
        wanted: what is to run now.

    Returns:
        The ablation with all that was ever asked for in this folder, as ``ablation.json`` now has it.

    Raises:
        StudyInvalid: there is no backbone or no loss, or one is named twice.
        DestinationUnusable: the folder holds other files, or cannot be written.
        JobDiffers: its ablation has other settings; the message names them.
    """
    if not (wanted.backbones and wanted.losses):
        raise StudyInvalid("an ablation needs a backbone and a loss, at least one of each")
    refuse_twice(wanted)
    return open_job(folder / FILE, wanted, _of, _join)


def _of(values: Mapping[str, Any]) -> Ablation:
    return Ablation(tuple(values["backbones"]), tuple(values["losses"]), dict(values["settings"]))


def _join(known: Ablation, wanted: Ablation) -> Ablation:
    return replace(
        wanted,
        backbones=joined(known.backbones, wanted.backbones),
        losses=joined(known.losses, wanted.losses),
    )
