"""Run folders of recognition as training writes them, made up: no network, no torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from masquerade.evaluation.ablation import Cell

MEASURES = ("faces", "rank1", "rank1_masked", "rank1_both", "accuracy", "accuracy_masked", "tar", "tar_masked")
EPOCHS = 3


def made_measures(cell: Cell, faces: int, off: float = 0.0) -> dict[str, Any]:
    """Measures that differ between cells; TAR is not known of the smallest sets."""
    base = 0.3 + 0.05 * (len(cell.backbone) % 5) + 0.01 * len(cell.loss) - off
    values: dict[str, Any] = {name: base + 0.02 * number for number, name in enumerate(MEASURES)}
    return values | {"faces": faces, "tar_masked": None if faces < 50 else values["tar_masked"]}


def made_recognition_run(folder: Path, cell: Cell, sets: tuple[str, ...] = ("lfw",)) -> None:
    """Write the files of a run that evaluation reads."""
    folder.mkdir(parents=True, exist_ok=True)
    measures = made_measures(cell, 40)
    lines = [
        {"epoch": epoch, "train_loss": 9 / epoch, **{f"test_{name}": value for name, value in measures.items()}}
        for epoch in range(1, EPOCHS + 1)
    ]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    result = {
        "backbone": cell.backbone,
        "loss": cell.loss,
        "measures": measures,
        "test_sets": {name: made_measures(cell, 600, 0.1) for name in sets},
        "train": {"loss": 3.0, "accuracy": None if cell.loss == "triplet" else 0.75},
        "epochs": EPOCHS,
        "seconds": 90.0,
        "faces": {
            "train": {"identities": 12, "photos": 100},
            "test": {"identities": 5, "photos": 40},
            "test_sets": {name: {"identities": 200, "photos": 600} for name in sets},
        },
        "parameters": 1_000_000,
        "start": "random weights",
    }
    (folder / "result.json").write_text(json.dumps(result))
