"""Run folders as training writes them, made up: no network, no torch."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from masquerade.datasets.types import LABELS
from masquerade.evaluation.measures import measure
from masquerade.evaluation.predictions import Predictions, write_predictions
from masquerade.evaluation.sweep import Cell

EPOCHS = 3


def made_predictions(cell: Cell, photos: list[Path], count: int = 60) -> Predictions:
    """Predictions that are better the larger the rate; the faces are the same for all runs of as many classes."""
    truth = np.random.default_rng(cell.classes).choice(cell.classes, count)
    rng = np.random.default_rng(len(cell.model))
    scores = rng.normal(0, 1, (count, cell.classes)) + 300 * cell.rate * np.eye(cell.classes)[truth]
    rows = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    paths = [str(photos[number % len(photos)]) if photos else "" for number in range(count)]
    return Predictions.of(
        truth,
        rows,
        np.arange(count) // 2,
        LABELS[: cell.classes],
        photos=tuple(f"made/<{number}>.jpg" for number in range(count)),
        paths=tuple(paths),
        boxes=np.tile(np.array([20, 20, 120, 140], np.float32), (count, 1)),
    )


def made_run(folder: Path, cell: Cell, photos: list[Path] | None = None, finished: bool = True) -> None:
    """Write the files of a run that evaluation reads."""
    folder.mkdir(parents=True, exist_ok=True)
    said = made_predictions(cell, photos or [])
    found = measure(said, intervals=False)
    lines = [
        {
            "epoch": epoch,
            "rate": cell.rate,
            "train_loss": 1 / epoch,
            "train_correct": 40 + epoch,
            "test_loss": found["loss"].value * (1 + 1 / epoch),
            "test_correct": found["correct"].value - EPOCHS + epoch,
        }
        for epoch in range(1, EPOCHS + 1)
    ]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    write_predictions(folder / "predictions.csv", said)
    if finished:
        (folder / "result.json").write_text(json.dumps({"model": cell.model, "measures": found.to_dict()}))
