"""Training of recognition: losses, backbones, and the runs that put them together.

This module, ``plan`` and ``names`` load without torch; ``train`` needs the extra ``[train]``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from masquerade.training.recognition.plan import RECIPES, Recipe, RecognitionPlan
from masquerade.training.study.extra import require_extra
from masquerade.training.study.progress import Progress, quiet

__all__ = ["RECIPES", "Recipe", "RecognitionPlan", "train"]


def train(
    plan: RecognitionPlan,
    run: Path,
    progress: Progress = quiet,
    report: Callable[[dict[str, Any]], None] = lambda _: None,
    started: Callable[[dict[str, Any]], None] = lambda _: None,
    *,
    cache: Path | None = None,
    commercial_use: bool = False,
) -> Path:
    """Train a network to tell people apart, or go on where an earlier call in the same folder stopped.

    Under ``torchrun`` all processes call it alike; the first alone writes, and calls ``progress``, ``report`` and
    ``started``.

    Args:
        plan: what to train, on whom, how.
        run: the run folder: new, empty, or of the same plan. A finished one is left as it is.
        progress: makes a bar of progress from a word and a count; ``masquerade.cli.progress.Bar`` is one.
        report: takes each epoch's figures, as ``metrics.jsonl`` has them.
        started: takes the configuration, the counts of people and photos, and of epochs done before, when the first
            step is near.
        cache: folder of aligned faces; by default one among the user's caches.
        commercial_use: the terms of the photos, and of the weights it starts from, allow commercial use: the card will
            say so. It takes effect when the run is finished.

    Returns:
        The run folder, from the root.

    Raises:
        ExtraMissing: the extra ``[train]`` is not installed.
        StudyInvalid: the plan names what is not there, or is out of range.
        JobDiffers: the folder holds a run, or a checkpoint, of another plan; the message says what differs.
        DestinationUnusable: the folder holds other files, or it or the cache cannot be written.
        WeightsUnusable: the weights to start from are absent, or do not fit.
        DataMissing, NoImages, ClassEmpty: the data cannot be used.
        IdentitiesShared: people of a test set are in the data.
        TrainingDiverged: the loss is no number any more.
        WorkerLost: a process that aligned photos ended.
    """
    require_extra()
    from masquerade.training.recognition.aligned import default_cache  # noqa: PLC0415 - loads the models' code
    from masquerade.training.recognition.running import run_plan  # noqa: PLC0415 - needs torch

    return run_plan(plan, run, cache or default_cache(), progress, report, started, commercial_use)
