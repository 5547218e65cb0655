"""``masquerade ablation``: report 2's tables from one command."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from masquerade.cli.progress import Bar
from masquerade.cli.runs import run_all, split_values, tell_job, weights_by_model

if TYPE_CHECKING:
    from masquerade.evaluation.ablation import Ablation, Cell, Run
    from masquerade.training.recognition import RecognitionPlan
    from masquerade.training.study.progress import Progress

REPORTS = "report2-resnet18,report2-resnet50,report2-resnet101"


def ablation(  # noqa: PLR0913, PLR0917 - one each option
    data: Annotated[list[Path], typer.Option(metavar="FOLDER", help="A folder an identity; once for each set.")],
    out: Annotated[Path, typer.Option(help="Folder of the ablation: new, or one to go on with.")],
    test_sets: Annotated[
        list[Path] | None,
        typer.Option(
            "--test-set",
            "--test",
            metavar="NAME|FOLDER",
            help="Measured beside the data's own test part; its people are not trained on. Once for each.",
        ),
    ] = None,
    backbones: Annotated[str, typer.Option(help="Networks, with commas.")] = REPORTS,
    losses: Annotated[str, typer.Option(help="Losses, with commas.")] = "arcface",
    recipe: Annotated[str, typer.Option(help="How to train: report2 (as report 2's code) or modern.")] = "report2",
    identities: Annotated[int | None, typer.Option(help="Take so many identities only.")] = None,
    photos: Annotated[int | None, typer.Option(help="Take so many photos of each only.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Epochs, in place of the recipe's.")] = None,
    rate: Annotated[float | None, typer.Option("--lr", help="Learning rate, in place of the recipe's.")] = None,
    batch: Annotated[int | None, typer.Option(help="Photos a step, in place of the recipe's.")] = None,
    dimensions: Annotated[int | None, typer.Option(help="Of a template, in place of the recipe's.")] = None,
    mask_probability: Annotated[
        float | None, typer.Option(metavar="P", help="How often a mask is drawn on a training face; else the recipe's.")
    ] = None,
    weights: Annotated[
        list[str] | None,
        typer.Option(metavar="[BACKBONE=]FILE|imagenet|none", help="What to start from; by default random weights."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the split, the first weights and every draw.")] = 0,
    test_identities: Annotated[float, typer.Option(help="Share of the identities kept for the test.")] = 0.1,
    min_photos: Annotated[int, typer.Option(help="Photos that an identity must have.")] = 2,
    drop_shared: Annotated[
        bool, typer.Option("--drop-shared", help="Leave out people of a test set, instead of refusing them.")
    ] = False,
    join_names: Annotated[
        bool, typer.Option("--join-names", help="Folders of one name in several sets show one person.")
    ] = False,
    watch: Annotated[int, typer.Option(help="Measure on the test part after every so manyth epoch.")] = 1,
    cache: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Aligned faces; by default among the user's caches.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the measures of all runs as JSON.")] = False,
) -> None:
    """Train every backbone with every loss, and write report 2's tables with its numbers beside ours.

    Each run stands in OUT/runs; finished ones are not run again, interrupted ones go on. OUT/index.html shows tables
    and curves. Exit code 1 when a run failed; the others are done.
    """
    from masquerade.evaluation.ablation import Ablation, open_ablation, write_results
    from masquerade.evaluation.ablation.tables import tables_markdown
    from masquerade.training.recognition import RecognitionPlan, train
    from masquerade.training.study.progress import quiet as no_bar

    names = split_values(backbones, str, "--backbones")
    own_weights = weights_by_model(weights or [], names, {}, "--backbones")

    def plan_of(cell: Cell) -> RecognitionPlan:
        return RecognitionPlan(
            data=tuple(data),
            backbone=cell.backbone,
            loss=cell.loss,
            recipe=recipe,
            mask_probability=mask_probability,
            rate=rate,
            epochs=epochs,
            batch=batch,
            dimensions=dimensions,
            weights=own_weights.get(cell.backbone, own_weights.get("")),
            seed=seed,
            test_identities=test_identities,
            test_sets=tuple(test_sets or ()),
            drop_shared=drop_shared,
            join_names=join_names,
            min_photos=min_photos,
            identities=identities,
            photos=photos,
            watch=watch,
        )

    wanted = Ablation(tuple(names), tuple(split_values(losses, str, "--losses")), {})
    wanted = _complete(wanted, plan_of, own_weights.get(""))
    every = open_ablation(out, wanted)
    bar: Progress = no_bar if as_json else Bar
    failed = run_all(out, wanted.cells(), lambda cell, run: train(plan_of(cell), run, bar, cache=cache))
    tables, failed, runs = write_results(out, every, failed)
    told = json.dumps(_told(out, every, failed, runs)) if as_json else tables_markdown(tables)
    tell_job(out, told, failed)


def _complete(wanted: Ablation, plan_of: Callable[[Cell], RecognitionPlan], weights: Path | None) -> Ablation:
    """Check every plan before the first is run, and note what the runs share."""
    from masquerade.errors import DataMissing
    from masquerade.training.recognition.people import find_set
    from masquerade.training.study.extra import require_extra

    plans = [plan_of(cell) for cell in wanted.cells()]
    require_extra()
    for plan in plans[:1]:
        absent = next((path for path in plan.data if not path.is_dir()), None)
        if absent is not None:
            raise DataMissing(f"{absent} is no folder", hint="name a folder with a folder an identity")
        for path in plan.test_sets:
            find_set(path)
    own = {"backbone", "loss", "weights"}
    settings = {name: value for plan in plans[:1] for name, value in plan.to_dict().items() if name not in own}
    return replace(wanted, settings=settings | {"weights": None if weights is None else str(weights)})


def _told(out: Path, every: Ablation, failed: dict[Cell, str], read: dict[Cell, Run]) -> dict[str, Any]:
    runs = []
    for cell in every.cells():
        told: dict[str, Any] = {"backbone": cell.backbone, "loss": cell.loss}
        if cell in failed:
            told["error"] = failed[cell]
        elif cell in read:
            told["sets"] = {name: dict(found) for name, found in read[cell].sets.items()}
        runs.append(told)
    return {"out": str(out), "settings": every.settings, "runs": runs}
