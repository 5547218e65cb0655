"""One run from plan to result: the folder, the network, the faces, the epochs, and what is written at the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

import masquerade
from masquerade.datasets.splits import encoded
from masquerade.evaluation.measures import Measures, measure
from masquerade.evaluation.predictions import write_predictions
from masquerade.files import absolute
from masquerade.settings import get_settings
from masquerade.training.study import folder
from masquerade.training.study.board import Board
from masquerade.training.study.checkpoint import CHECKPOINT
from masquerade.training.study.data import DataKey, prepare
from masquerade.training.study.exporting import to_onnx, write_model
from masquerade.training.study.faces import TEST, StudyFaces
from masquerade.training.study.learning import Learner
from masquerade.training.study.plan import Recipe, StudyPlan
from masquerade.training.study.plots import draw_plots
from masquerade.training.study.progress import Progress
from masquerade.training.study.registry import (
    NetworkSpec,
    build_network,
    find_spec,
    has_bf16,
    input_size,
    output_count,
    parameter_count,
)
from masquerade.training.study.views import room
from masquerade.training.terms import COMMERCIAL

Hear = Callable[[dict[str, Any]], None]


def run_plan(
    plan: StudyPlan, run: Path, progress: Progress, report: Hear, started: Hear, commercial_use: bool = False
) -> Path:
    """Do what ``study.train`` says."""
    run = absolute(run)
    spec = find_spec(plan.model)
    recipe = plan.resolved()
    recipe = replace(recipe, size=input_size(spec, recipe.size))
    identity = {"plan": plan.to_dict(), "recipe": asdict(recipe)}
    outputs = output_count(spec, plan.classes, plan.faithful)
    folder.claim(run, identity)
    if (run / folder.RESULT).exists():
        return run
    torch.set_num_threads(get_settings().threads)
    net, start = _network(plan, spec, outputs, run)
    learner = Learner(run, identity, net, spec, recipe, plan.seed, plan.classes)
    faces = prepare(_key(plan, spec, recipe), progress)
    if not (run / folder.CONFIG).exists():
        folder.write_json(run / folder.CONFIG, _config(identity, spec, net, outputs, start))
    folder.write_split(run, encoded(faces.split), faces.remarks)
    folder.write_rows(run, learner.state.rows)
    config = folder.read_json(run / folder.CONFIG)
    started(config | {"faces": dict(faces.counts), "epochs_done": learner.state.epoch})
    with Board(run, learner.state.epoch) as board:

        def done(row: dict[str, Any]) -> None:
            folder.write_rows(run, learner.state.rows)
            board.add(row)
            report(row)

        learner.fit(faces, progress, done)
    _finish(run, plan, spec, learner, faces, config | {"commercial_use": commercial_use})
    return run


def _network(plan: StudyPlan, spec: NetworkSpec, outputs: int, run: Path) -> tuple[nn.Module, str]:
    """The network to start from; when there is a checkpoint, any weights do, and its own will be put in."""
    torch.manual_seed(plan.seed)
    return build_network(spec, outputs, plan.weights, plan.random or (run / CHECKPOINT).exists())


def _key(plan: StudyPlan, spec: NetworkSpec, recipe: Recipe) -> DataKey:
    size = recipe.size or spec.size
    edge = room(size) if recipe.augment else 0
    return DataKey.of(plan, recipe.check, size, edge, spec.view.crop, spec.view.margin)


def _config(identity: dict[str, Any], spec: NetworkSpec, net: nn.Module, outputs: int, start: str) -> dict[str, Any]:
    """Everything that defines the run."""
    return identity | {
        "network": {
            "name": spec.name,
            "note": spec.note,
            "outputs": outputs,
            "parameters": parameter_count(net),
            "start": start,
            "view": asdict(spec.view),
        },
        "bf16": bool(identity["recipe"]["bf16"] and has_bf16()),
        "threads": get_settings().threads,
        "versions": folder.versions(),
    }


def _finish(
    run: Path, plan: StudyPlan, spec: NetworkSpec, learner: Learner, faces: StudyFaces, config: dict[str, Any]
) -> None:
    """Measure on the test part, and write predictions, plots, the model with its card, and last the result."""
    recipe, state = learner.recipe, learner.state
    predictions = learner.predict(faces, TEST)
    write_predictions(run / folder.PREDICTIONS, predictions)
    found = measure(predictions)
    title = f"{spec.name}, {plan.classes} classes, rate {recipe.rate:g}"
    draw_plots(run, title, state.rows, plan.labels, found.confusion)
    size = recipe.size or spec.size
    content = to_onnx(learner.net, spec.view, plan.classes, size)
    write_model(run, content, size, spec.view, plan.labels, _card_words(plan, spec, recipe, found, faces, config))
    folder.write_json(
        run / folder.RESULT,
        {
            "model": spec.name,
            "classes": plan.classes,
            "rate": recipe.rate,
            "recipe": recipe.name,
            "measures": found.to_dict(),
            "confusion": [list(row) for row in found.confusion],
            "epochs": state.epoch,
            "best_epoch": state.best_epoch or None,
            "stopped_early": state.stopped,
            "seconds": sum(row["seconds"] for row in state.rows),
            "faces": dict(faces.counts),
            "parameters": config["network"]["parameters"],
            "start": config["network"]["start"],
        },
    )


def _card_words(
    plan: StudyPlan, spec: NetworkSpec, recipe: Recipe, found: Measures, faces: StudyFaces, config: dict[str, Any]
) -> dict[str, Any]:
    start = config["network"]["start"]
    from_torchvision = "torchvision" in start
    kept = {name: found.values[name].to_dict() for name in ("accuracy", "macro_f1", "alert_recall")}
    figures = ", ".join(f"{name.replace('_', ' ')} {_told(value)}" for name, value in kept.items())
    counts = faces.counts
    learnt = ", ".join(f"{counts['train'][label]} {label}" for label in plan.labels)
    return {
        "name": f"{spec.name}-{plan.classes}",
        "version": f"{recipe.name}-{recipe.rate:g}-{plan.seed}",
        "licence": "BSD-3-Clause" if from_torchvision else "NOASSERTION",
        "commercial_use": config["commercial_use"],
        "source": f"masquerade train wearing, masquerade {masquerade.__version__}: {spec.note}; started from {start}; "
        f"recipe {recipe.name}, rate {recipe.rate:g}, {len(faces.of('train'))} faces, seed {plan.seed}.",
        "trained_on": f"{', '.join(counts['sets'])}: {learnt}. The terms of these photos hold. "
        f"{COMMERCIAL[config['commercial_use']]}",
        "metrics": {
            f"test part, {found.faces} faces in {found.groups} groups (95 % interval by group bootstrap)": figures
        },
        "limits": "A network of a study, for comparison; it was not tried beyond the test part of its own data.",
    }


def _told(value: dict[str, float | None]) -> str:
    numbers = ["none" if number is None else f"{number:.3f}" for number in value.values()]
    return f"{numbers[0]} [{numbers[1]}, {numbers[2]}]"
