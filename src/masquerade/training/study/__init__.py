"""The study of mask wearing: one run trains one network by one plan, in a folder of its own.

This module and ``plan`` load without torch; ``train`` needs the extra ``[train]``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from masquerade.training.study.extra import require_extra
from masquerade.training.study.plan import RECIPES, Recipe, StudyPlan
from masquerade.training.study.progress import Progress, quiet

__all__ = ["RECIPES", "Progress", "Recipe", "StudyPlan", "train"]


def train(
    plan: StudyPlan,
    run: Path,
    progress: Progress = quiet,
    report: Callable[[dict[str, Any]], None] = lambda _: None,
    started: Callable[[dict[str, Any]], None] = lambda _: None,
    *,
    commercial_use: bool = False,
) -> Path:
    """Train a network, or go on where an earlier call in the same folder stopped.

    Args:
        plan: what to train, on what, how.
        run: the run folder: new, empty, or of the same plan. A finished one is left as it is.
        progress: makes a bar of progress from a word and a count; ``masquerade.cli.progress.Bar`` is one.
        report: takes each epoch's figures, as ``metrics.jsonl`` has them.
        started: takes the configuration, the count of faces, and of epochs done before, when the first step is near.
        commercial_use: the terms of the photos, and of the weights it starts from, allow commercial use: the card will
            say so. It takes effect when the run is finished.

    Returns:
        The run folder, from the root.

    Raises:
        ExtraMissing: the extra ``[train]`` is not installed.
        StudyInvalid, ModelUnknown: the plan names what is not there, or is out of range.
        JobDiffers: the folder holds a run, or a checkpoint, of another plan; the message says what differs.
        DestinationUnusable: the folder holds other files, or cannot be written.
        WeightsUnusable: the weights to start from are absent, or do not fit.
        DataMissing, LabelInvalid, ImageError, ClassEmpty: the data cannot be used.
        TrainingDiverged: the loss is no number any more.
    """
    require_extra()
    from masquerade.training.study.running import run_plan  # noqa: PLC0415 - needs torch

    return run_plan(plan, run, progress, report, started, commercial_use)
