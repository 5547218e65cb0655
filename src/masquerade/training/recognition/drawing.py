"""Pictures of a run: curves of loss and of accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from masquerade.training.study.folder import PLOTS
from masquerade.training.study.plots import Line, draw_lines

BARE, MASKED, LEARNT = "#1b6ca8", "#c2541a", "#6b6b6b"
ACCURACY = (
    ("train_accuracy", "training photos, their own person", LEARNT, "o"),
    ("test_rank1", "rank 1, bare", BARE, "s"),
    ("test_rank1_masked", "rank 1, masked against bare", MASKED, "^"),
)
PAIRS = (
    ("test_accuracy", "accuracy, bare pairs", BARE, "s"),
    ("test_accuracy_masked", "accuracy, one masked", MASKED, "^"),
    ("test_tar", "TAR at FAR 1e-2, bare pairs", BARE, "o"),
    ("test_tar_masked", "TAR at FAR 1e-2, one masked", MASKED, "v"),
)


def draw_plots(run: Path, title: str, rows: Sequence[dict[str, Any]]) -> None:
    """Draw ``loss.png``, ``accuracy.png`` and ``pairs.png`` into the run's folder of plots.

    Args:
        run: the run folder.
        title: what the run is of.
        rows: figures of the epochs.
    """
    place = run / PLOTS
    losses = [Line("training part", LEARNT, "o", _points(rows, "train_loss", 1))]
    draw_lines(losses, f"{title}: mean loss a face", "loss", place / "loss.png")
    for what, measures, file in (("people", ACCURACY, "accuracy.png"), ("pairs of photos", PAIRS, "pairs.png")):
        lines = [Line(name, colour, mark, _points(rows, key, 100)) for key, name, colour, mark in measures]
        if any(line.points for line in lines):
            draw_lines(lines, f"{title}: {what}", "share in %", place / file)


def _points(rows: Sequence[dict[str, Any]], key: str, times: float) -> list[tuple[int, float]]:
    return [(row["epoch"], times * row[key]) for row in rows if row.get(key) is not None]
