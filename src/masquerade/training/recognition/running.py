"""One run from plan to result: the folder, the network, the faces, the epochs, and what is written at the end."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import nn

import masquerade
from masquerade.files import absolute, write_whole
from masquerade.settings import get_settings
from masquerade.training.recognition.backbones import build_backbone, find_backbone
from masquerade.training.recognition.drawing import draw_plots
from masquerade.training.recognition.exporting import to_onnx, write_model
from masquerade.training.recognition.faces import RunFaces, encoded, prepare
from masquerade.training.recognition.learning import Learner
from masquerade.training.recognition.losses import build_loss, checked_options
from masquerade.training.recognition.plan import IMAGENET, RecognitionPlan
from masquerade.training.recognition.testing import MEASURES
from masquerade.training.recognition.world import World, joined
from masquerade.training.study import folder
from masquerade.training.study.board import Board
from masquerade.training.study.checkpoint import CHECKPOINT
from masquerade.training.study.progress import Progress, quiet
from masquerade.training.study.registry import has_bf16, parameter_count
from masquerade.training.terms import COMMERCIAL

Hear = Callable[[dict[str, Any]], None]
FAILED = "failed.csv"


def run_plan(
    plan: RecognitionPlan,
    run: Path,
    cache: Path,
    progress: Progress,
    report: Hear,
    started: Hear,
    commercial_use: bool = False,
) -> Path:
    """Do what ``recognition.train`` says."""
    run = absolute(run)
    checked_options(plan.loss, dict(plan.loss_options))  # now, not after all faces are aligned
    identity = {"plan": plan.to_dict(), "recipe": asdict(plan.resolved())}
    with joined() as world:
        if world.first:
            folder.claim(run, identity)
        world.wait()  # the others until the first has claimed the folder
        if not (run / folder.RESULT).exists():
            _train(plan, run, cache, world, identity, (progress, report, started), commercial_use)
        world.wait()
    return run


def _train(
    plan: RecognitionPlan,
    run: Path,
    cache: Path,
    world: World,
    identity: dict[str, Any],
    told: tuple[Progress, Hear, Hear],
    commercial_use: bool,
) -> None:
    """Train; the first process alone writes, and tells how it goes."""
    progress, report, started = told if world.first else (quiet, _nobody, _nobody)
    net = _network(plan, bare=not world.first or (run / CHECKPOINT).exists())
    faces = _faces(plan, cache, world, progress)
    if world.first and (run / folder.SPLIT).exists():  # other people would not fit into the checkpoint
        _write_split(run, faces)
    torch.manual_seed(plan.seed + 1)
    loss = build_loss(plan.loss, len(faces.train.persons), plan.resolved().dimensions, **dict(plan.loss_options))
    learner = Learner(run, identity, plan, (net, loss), world)
    config: dict[str, Any] = {}
    if world.first:
        config = _begin(run, plan, identity, learner, faces, world)
        counts = dict(faces.counts) | {"remarks": list(faces.remarks)}
        started(config | {"faces": counts, "epochs_done": learner.state.epoch})
    world.wait()  # none goes on to write a checkpoint before all have read the one that is there
    with Board(run, learner.state.epoch) if world.first else nullcontext() as board:

        def done(row: dict[str, Any]) -> None:
            if board is not None:
                folder.write_rows(run, learner.state.rows)
                board.add(row)
            report(row)

        learner.fit(faces, progress, done)
    if world.first:
        _finish(run, plan, learner, faces, config | {"commercial_use": commercial_use})


def _nobody(_: dict[str, Any]) -> None:
    """Tell nobody."""


def _network(plan: RecognitionPlan, bare: bool) -> nn.Module:
    """The network to start from; ``bare`` with any weights, as others will be put in."""
    torch.manual_seed(plan.seed)
    weights = None if bare or plan.random else plan.weights
    return build_backbone(
        plan.backbone,
        plan.resolved().dimensions,
        weights=IMAGENET if weights == Path(IMAGENET) else weights,
        dropout=plan.dropout,
    )


def _faces(plan: RecognitionPlan, cache: Path, world: World, progress: Progress) -> RunFaces:
    """The faces: aligned by the first process, and taken from the cache by the others."""
    faces = prepare(plan, cache, progress) if world.first else None
    world.wait()
    return faces or prepare(plan, cache, quiet)


def _begin(
    run: Path, plan: RecognitionPlan, identity: dict[str, Any], learner: Learner, faces: RunFaces, world: World
) -> dict[str, Any]:
    """Write what is known before the first step; gives the configuration."""
    if not (run / folder.CONFIG).exists():
        folder.write_json(
            run / folder.CONFIG,
            identity
            | {
                "network": {
                    "name": plan.backbone,
                    "parameters": parameter_count(learner.net),
                    "dimensions": learner.recipe.dimensions,
                    "note": find_backbone(plan.backbone).note,
                    "start": _start(plan),
                },
                "bf16": bool(learner.recipe.bf16 and has_bf16()),
                "threads": get_settings().threads,
                "processes": world.size,
                "versions": folder.versions(),
            },
        )
    _write_split(run, faces)
    write_whole(run / FAILED, encoded(("photo", "code", "message"), faces.failed))
    folder.write_rows(run, learner.state.rows)
    return folder.read_json(run / folder.CONFIG)


def _write_split(run: Path, faces: RunFaces) -> None:
    folder.write_split(run, encoded(("photo", "identity", "part"), faces.split), faces.remarks)


def _start(plan: RecognitionPlan) -> str:
    if plan.random:
        return "random weights"
    return "ImageNet weights of torchvision" if plan.weights == Path(IMAGENET) else f"weights of {plan.weights.name}"  # type: ignore[union-attr]


def _finish(run: Path, plan: RecognitionPlan, learner: Learner, faces: RunFaces, config: dict[str, Any]) -> None:
    """Write plots, the model with its card, and last the result."""
    rows, recipe = learner.state.rows, learner.recipe
    draw_plots(run, f"{plan.backbone}, {plan.loss}", rows)
    measures = {name: rows[-1].get(f"test_{name}") for name in MEASURES}
    sets = {part.name: learner.measure(part) for part in faces.sets}
    words = _card_words(plan, faces, config, {"test part": measures, **sets})
    write_model(run, to_onnx(learner.net), find_backbone(plan.backbone), recipe.dimensions, words)
    folder.write_json(
        run / folder.RESULT,
        {
            "backbone": plan.backbone,
            "loss": plan.loss,
            "recipe": recipe.name,
            "rate": recipe.rate,
            "mask_probability": recipe.mask_probability,
            "measures": measures,
            "test_sets": sets,
            "train": {name: rows[-1][f"train_{name}"] for name in ("loss", "accuracy")},
            "epochs": learner.state.epoch,
            "seconds": sum(row["seconds"] for row in rows),
            "faces": dict(faces.counts),
            "parameters": config["network"]["parameters"],
            "start": config["network"]["start"],
        },
    )


def _card_words(
    plan: RecognitionPlan, faces: RunFaces, config: dict[str, Any], measured: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    start, recipe, counts = config["network"]["start"], plan.resolved(), faces.counts
    train = counts["train"]
    return {
        "name": f"{plan.backbone}-{plan.loss}",
        "version": f"{recipe.name}-{recipe.rate:g}-{plan.seed}",
        "licence": "BSD-3-Clause" if "torchvision" in start else "NOASSERTION",
        "commercial_use": config["commercial_use"],
        "source": f"masquerade train recognition, masquerade {masquerade.__version__}: {plan.backbone} with the loss "
        f"{plan.loss}, started from {start}; recipe {recipe.name}, rate {recipe.rate:g}, {recipe.epochs} epochs, masks "
        f"drawn on {recipe.mask_probability:.0%} of the faces, seed {plan.seed}.",
        "trained_on": f"{', '.join(counts['sets'])}: {train['photos']} photos of {train['identities']} people. "
        f"The terms of these photos hold. {COMMERCIAL[config['commercial_use']]}",
        "metrics": {
            f"{name}, {found['faces']} photos of people not trained on": figures
            for name, found in measured.items()
            if (figures := _told(found))
        },
        "limits": "Trained for comparison; it was not tried beyond these figures, and has no calibration: "
        "masquerade calibrate gives one.",
    }


def _told(found: dict[str, Any]) -> str:
    words = {
        "rank1": "rank-1 by nearest neighbour, leave one out",
        "rank1_masked": "with a drawn mask on the probe",
        "tar": "TAR at FAR 1e-2, bare pairs",
        "tar_masked": "one face masked",
    }
    return ", ".join(f"{word} {found[name]:.3f}" for name, word in words.items() if found[name] is not None)
