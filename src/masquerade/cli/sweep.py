"""``masquerade sweep``: report 1's study from one command."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from masquerade.cli.datasets import classes_of
from masquerade.cli.labelled import ClassOption, ImagesOption, LayoutOption, WholeOption
from masquerade.cli.progress import Bar
from masquerade.cli.runs import run_all, split_values, tell_job, weights_by_model

if TYPE_CHECKING:
    from masquerade.evaluation.sweep import Cell, Sweep
    from masquerade.evaluation.sweep.results import Run
    from masquerade.training.study import StudyPlan
    from masquerade.training.study.progress import Progress

RATES = "0.003,0.005,0.007,0.009"


def sweep(  # noqa: PLR0913, PLR0917 - one each option
    data: Annotated[list[Path], typer.Option(help="A labelled set; repeat it for several.")],
    out: Annotated[Path, typer.Option(help="Folder of the sweep: new, or one to go on with.")],
    models: Annotated[str, typer.Option(help="Networks, with commas.")] = "report-cnn,report-resnet34",
    lr: Annotated[str, typer.Option(help="Learning rates, with commas.")] = RATES,
    classes: Annotated[str, typer.Option(help="Numbers of classes, with commas: 2, 3 or both.")] = "2,3",
    recipe: Annotated[str, typer.Option(help="How to train: report or modern.")] = "report",
    epochs: Annotated[int | None, typer.Option(min=1, help="Epochs, in place of the recipe's.")] = None,
    abridged: Annotated[int | None, typer.Option(help="Take so many faces only.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the split and of all chance.")] = 0,
    weights: Annotated[
        list[str] | None,
        typer.Option(metavar="[MODEL=]FILE", help="Weights to start from, or none; for one model or for all."),
    ] = None,
    faithful: Annotated[bool, typer.Option("--faithful", help="Outputs as in report 1's code: 10, or 1,000.")] = False,
    layout: LayoutOption = None,
    images: ImagesOption = None,
    names: ClassOption = None,
    whole: WholeOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the measures of all runs as JSON.")] = False,
) -> None:
    """Train every model at every learning rate, and write report 1's tables with its numbers beside ours.

    Each run stands in OUT/runs; finished ones are not run again, interrupted ones go on. OUT/index.html shows the
    tables, curves, confusion matrices and the worst mistakes. Exit code 1 when a run failed; the others are done.
    """
    from masquerade.evaluation.sweep import Sweep, open_sweep, write_results
    from masquerade.evaluation.sweep.tables import tables_text
    from masquerade.training.study import StudyPlan, train
    from masquerade.training.study.plan import ALIASES
    from masquerade.training.study.progress import quiet as no_bar

    chosen = split_values(models, str, "--models")
    own_weights = weights_by_model(weights or [], chosen, ALIASES)

    def plan_of(cell: Cell) -> StudyPlan:
        return StudyPlan(
            data=tuple(data),
            model=cell.model,
            classes=cell.classes,
            recipe=recipe,
            rate=cell.rate,
            epochs=epochs,
            seed=seed,
            abridged=abridged,
            weights=own_weights.get(cell.model, own_weights.get("")),
            faithful=faithful,
            layout=layout,
            images=images,
            names=tuple(classes_of(names or []).items()),
            whole=whole,
        )

    wanted = Sweep(
        tuple(chosen), tuple(split_values(classes, int, "--classes")), tuple(split_values(lr, float, "--lr")), {}
    )
    wanted = _complete(wanted, plan_of, own_weights.get(""))
    every = open_sweep(out, wanted)
    bar: Progress = no_bar if as_json else Bar
    failed = run_all(out, wanted.cells(), lambda cell, run: train(plan_of(cell), run, bar))
    with bar("measuring", len(every.cells())) as steps:
        tables, failed, runs = write_results(out, every, failed, lambda _: steps.advance())
    tell_job(out, json.dumps(_told(out, every, failed, runs)) if as_json else tables_text(tables), failed)


def _complete(wanted: Sweep, plan_of: Callable[[Cell], StudyPlan], weights: Path | None) -> Sweep:
    """Check every plan before the first is run, take the models' full names, and note what the runs share."""
    from dataclasses import replace

    from masquerade.errors import DataMissing
    from masquerade.training.study.extra import require_extra
    from masquerade.training.study.plan import ALIASES

    plans = [plan_of(cell) for cell in wanted.cells()]
    require_extra()
    from masquerade.training.study.registry import find_spec

    for plan in plans:
        find_spec(plan.model)
        absent = next((path for path in plan.data if not path.exists()), None)
        if absent is not None:
            raise DataMissing(f"{absent} is not there", hint="name a folder or a label file")
    own = {"model", "classes", "rate"}
    settings = {name: value for plan in plans[:1] for name, value in plan.to_dict().items() if name not in own}
    if plans:
        settings["weights"] = None if weights is None else str(weights)
    return replace(wanted, models=tuple(ALIASES.get(model, model) for model in wanted.models), settings=settings)


def _told(out: Path, every: Sweep, failed: dict[Cell, str], read: dict[Cell, Run]) -> dict[str, Any]:
    runs = []
    for cell in every.cells():
        told: dict[str, Any] = {"model": cell.model, "classes": cell.classes, "rate": cell.rate}
        if cell in failed:
            told["error"] = failed[cell]
        elif cell in read:
            told |= read[cell].measures.to_dict()
        runs.append(told)
    return {"out": str(out), "settings": every.settings, "runs": runs}
