"""``masquerade train recognition``: networks that tell people apart, with or without masks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from masquerade.cli.printing import shown
from masquerade.cli.training import CommercialOption, Told, train_told
from masquerade.errors import StudyInvalid

if TYPE_CHECKING:
    from masquerade.training.recognition import RecognitionPlan

PARTS = (
    ("rank1", "rank 1"),
    ("rank1_masked", "masked"),
    ("accuracy", "pairs"),
    ("tar", "TAR at FAR 1e-2"),
    ("tar_masked", "masked"),
)
"""What is told of a test part: name in ``metrics.jsonl``, and word."""


def recognition(  # noqa: PLR0913, PLR0917 - one each option
    data: Annotated[list[Path], typer.Option(metavar="FOLDER", help="A folder an identity; once for each set.")],
    backbone: Annotated[
        str, typer.Option(help="resnet18, 34, 50, 101, mobilefacenet, sface, report2-resnet18, 50, 101.")
    ],
    loss: Annotated[
        str,
        typer.Option(
            help="softmax, normface, l-softmax, sphereface, cosface, arcface, subcenter, adaface, curricular, triplet "
            "or center."
        ),
    ],
    mask_probability: Annotated[
        float | None, typer.Option(metavar="P", help="How often a mask is drawn on a face, 0 to 1; else the recipe's.")
    ] = None,
    recipe: Annotated[str, typer.Option(help="modern, or report2 (as report 2's code).")] = "modern",
    optimiser: Annotated[str | None, typer.Option(help="sgd or adamw; by default the recipe's.")] = None,
    schedule: Annotated[
        str | None, typer.Option(help="constant, cosine, polynomial or steps; by default the recipe's.")
    ] = None,
    rate: Annotated[float | None, typer.Option("--lr", help="Learning rate; by default the recipe's.")] = None,
    epochs: Annotated[int | None, typer.Option(help="How often all photos are seen; by default the recipe's.")] = None,
    batch: Annotated[int | None, typer.Option(help="Photos a step, over all processes; else the recipe's.")] = None,
    dimensions: Annotated[int | None, typer.Option(help="Of a template; by default the recipe's.")] = None,
    loss_options: Annotated[
        list[str] | None, typer.Option("--loss-option", metavar="NAME=NUMBER", help="As margin=0.4; once for each.")
    ] = None,
    dropout: Annotated[float | None, typer.Option(help="Of the head; by default the backbone's.")] = None,
    weights: Annotated[
        Path | None, typer.Option(help="What to start from; by default random weights.", metavar="FILE|imagenet|none")
    ] = None,
    per_identity: Annotated[
        int | None, typer.Option(help="Photos of each person in a batch; by default by chance, triplet 4.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the split, the first weights and every draw.")] = 0,
    test_identities: Annotated[
        float, typer.Option(help="Share of the identities kept for the test; 0 for none.")
    ] = 0.1,
    test_sets: Annotated[
        list[Path] | None,
        typer.Option("--test-set", metavar="NAME|FOLDER", help="Measured at the end; its people are not trained on."),
    ] = None,
    drop_shared: Annotated[
        bool, typer.Option("--drop-shared", help="Leave out people of a test set, instead of refusing them.")
    ] = False,
    join_names: Annotated[
        bool, typer.Option("--join-names", help="Folders of one name in several sets show one person.")
    ] = False,
    min_photos: Annotated[int, typer.Option(help="Photos that an identity must have.")] = 2,
    identities: Annotated[int | None, typer.Option(help="Take so many identities only.")] = None,
    photos: Annotated[int | None, typer.Option(help="Take so many photos of each only.")] = None,
    watch: Annotated[int, typer.Option(help="Measure on the test part after every so manyth epoch.")] = 1,
    commercial_use: CommercialOption = False,
    cache: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Aligned faces; by default among the user's caches.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Run folder; by default runs/BACKBONE-LOSS-RECIPE-LR.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON line an epoch, and one of the result.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Train a network to tell people apart, and measure it on people that it has not seen, bare and masked.

    The same command goes on with an interrupted run, and leaves a finished one as it is; several processes train
    together under torchrun. Exit code 0 when the run is finished, 2 when it cannot be done.
    """
    from masquerade.training.recognition import RecognitionPlan

    plan = RecognitionPlan(
        data=tuple(data),
        backbone=backbone,
        loss=loss,
        recipe=recipe,
        mask_probability=mask_probability,
        optimiser=optimiser,
        schedule=schedule,
        rate=rate,
        epochs=epochs,
        batch=batch,
        dimensions=dimensions,
        loss_options=options_of(loss_options or []),
        dropout=dropout,
        weights=weights,
        per_identity=per_identity,
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
    run = out or Path("runs") / f"{plan.backbone}-{plan.loss}-{plan.recipe}-{plan.resolved().rate:g}"
    _train(plan, run, (cache, commercial_use), as_json, quiet)


def options_of(given: list[str]) -> tuple[tuple[str, float], ...]:
    """Read ``NAME=NUMBER`` options of a loss.

    Raises:
        StudyInvalid: one is not of that form, or stands twice.
    """
    found: dict[str, float] = {}
    for text in given:
        name, _, number = text.partition("=")
        try:
            value = float(number)
        except ValueError:
            value = None
        if not name or value is None or name in found:
            raise StudyInvalid(f"--loss-option {text!r}: expected NAME=NUMBER, each name once")
        found[name] = value
    return tuple(found.items())


def _train(plan: RecognitionPlan, run: Path, wishes: tuple[Path | None, bool], as_json: bool, quiet: bool) -> None:
    from masquerade.training.recognition import train

    cache, commercial_use = wishes
    first = os.environ.get("RANK", "0") == "0"  # of the processes of torchrun one alone talks
    quiet = quiet or not first
    train_told(
        lambda bar, epoch, start: train(plan, run, bar, epoch, start, cache=cache, commercial_use=commercial_use),
        run,
        _Told(as_json, quiet),
        bar=not (as_json or quiet),
        talks=first,
    )


class _Told(Told):
    """Prints how a run of recognition goes."""

    def begin(self, config: dict[str, Any]) -> None:
        """Say what is trained, on whom."""
        network, recipe, faces = config["network"], config["recipe"], config["faces"]
        size = f"{network['parameters']:,} parameters, {network['dimensions']} dimensions"
        typer.echo(f"{network['name']}: {size}; {network['start']}")
        for part, counts in [(name, faces[name]) for name in ("train", "test")] + list(faces["test_sets"].items()):
            typer.echo(f"{shown(part)}: {counts['photos']} photos of {counts['identities']} people")
        typer.echo(f"masks are drawn on {recipe['mask_probability']:.0%} of the training photos")
        for remark in faces["remarks"]:
            typer.echo(shown(remark), err=True)

    def figures(self, row: dict[str, Any]) -> str:
        """An epoch's figures."""
        learnt = "" if row["train_accuracy"] is None else f", right {row['train_accuracy']:.1%}"
        test = _measures({name: row[f"test_{name}"] for name, _ in PARTS})
        speed = row["images_per_second"] or 0.0
        told = f"  test: {test}" if test else ""
        return f"train: loss {row['train_loss']:.4f}{learnt}{told}  {speed:.1f} photos/s"

    def outcome(self, values: dict[str, Any]) -> Iterator[str]:
        """Measures of the test part and of each test set."""
        for name, found in [("test part", values["measures"]), *values["test_sets"].items()]:
            if told := _measures(found):
                yield f"{shown(name)}, {found['faces']} photos: {told}"


def _measures(found: dict[str, Any]) -> str:
    return ", ".join(f"{word} {found[name]:.3f}" for name, word in PARTS if found[name] is not None)
