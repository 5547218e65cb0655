"""TensorBoard's event files of a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from torch.utils.tensorboard import SummaryWriter

from masquerade.training.study.folder import BOARD


class Board:
    """Writes each epoch's figures; what an earlier call wrote beyond the epochs that are kept is taken back."""

    def __init__(self, run: Path, epochs: int) -> None:
        """Go on after so many finished epochs."""
        self._writer = SummaryWriter(str(run / BOARD), purge_step=epochs + 1)

    def __enter__(self) -> Board:
        """Give itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close the file."""
        self._writer.close()

    def add(self, row: Mapping[str, Any]) -> None:
        """Write one epoch's figures: parts as groups, so that their curves stand together."""
        for name, value in row.items():
            part, _, what = name.partition("_")
            tag = f"{what}/{part}" if part in {"train", "check", "test"} else f"run/{name}"
            if value is not None and name != "epoch":
                self._writer.add_scalar(tag, value, row["epoch"])
        self._writer.flush()
