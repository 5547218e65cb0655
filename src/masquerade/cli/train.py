"""``masquerade train``: networks of the study of mask wearing, and of recognition in ``train_recognition``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from masquerade.cli.datasets import classes_of
from masquerade.cli.labelled import ClassOption, ImagesOption, LayoutOption, WholeOption
from masquerade.cli.train_recognition import recognition
from masquerade.cli.training import CommercialOption, Told, train_told

if TYPE_CHECKING:
    from masquerade.training.study import StudyPlan

app = typer.Typer(help="Train networks on labelled photos.", no_args_is_help=True, rich_markup_mode=None)
app.command("recognition")(recognition)


@app.callback()
def train() -> None:
    """Train networks on labelled photos."""


@app.command()
def wearing(  # noqa: PLR0913, PLR0917 - one each option
    data: Annotated[list[Path], typer.Option(metavar="PATH", help="A labelled set; once for each set.")],
    model: Annotated[str, typer.Option(help="report-cnn, resnet34, mobilenetv2 or product.")],
    classes: Annotated[int, typer.Option(help="3, or 2 without faces labelled incorrect.")] = 3,
    recipe: Annotated[str, typer.Option(help="report (as report 1) or modern.")] = "report",
    rate: Annotated[float | None, typer.Option("--lr", help="Learning rate; by default the recipe's.")] = None,
    epochs: Annotated[int | None, typer.Option(help="How often all faces are seen; by default the recipe's.")] = None,
    batch: Annotated[int | None, typer.Option(help="Faces a step; by default the recipe's.")] = None,
    size: Annotated[int | None, typer.Option(help="Side of the input in pixels; by default the recipe's.")] = None,
    seed: Annotated[int, typer.Option(help="Of the split, the first weights and every draw.")] = 0,
    abridged: Annotated[int | None, typer.Option(help="Take so many faces only, in the labels' proportions.")] = None,
    weights: Annotated[
        Path | None, typer.Option(help="File of weights to start from; none for random ones.", metavar="FILE|none")
    ] = None,
    faithful: Annotated[
        bool, typer.Option("--faithful", help="As many outputs as report 1's code had: 10, or ImageNet's 1,000.")
    ] = False,
    layout: LayoutOption = None,
    images: ImagesOption = None,
    names: ClassOption = None,
    whole: WholeOption = False,
    commercial_use: CommercialOption = False,
    out: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Run folder; by default runs/MODEL-CLASSES-RECIPE-LR.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON line an epoch, and one of the result.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Train a network to tell how masks are worn, and measure it on photos that it has not seen.

    The same command goes on with an interrupted run, and leaves a finished one as it is. Exit code 0 when the run is
    finished, 2 when it cannot be done.
    """
    from masquerade.training.study import StudyPlan

    plan = StudyPlan(
        data=tuple(data),
        model=model,
        classes=classes,
        recipe=recipe,
        rate=rate,
        epochs=epochs,
        batch=batch,
        size=size,
        seed=seed,
        abridged=abridged,
        weights=weights,
        faithful=faithful,
        layout=layout,
        images=images,
        names=tuple(classes_of(names or []).items()),
        whole=whole,
    )
    run = out or Path("runs") / f"{plan.model}-{plan.classes}-{plan.recipe}-{plan.resolved().rate:g}"
    _train(plan, run, commercial_use, as_json, quiet)


def _train(plan: StudyPlan, run: Path, commercial_use: bool, as_json: bool, quiet: bool) -> None:
    from masquerade.training.study import train as train_plan

    train_told(
        lambda bar, epoch, start: train_plan(plan, run, bar, epoch, start, commercial_use=commercial_use),
        run,
        _Told(as_json, quiet),
        bar=not (as_json or quiet),
    )


class _Told(Told):
    """Prints how a run of the study goes."""

    def begin(self, config: dict[str, Any]) -> None:
        """Say what is trained, on what."""
        network, recipe, faces = config["network"], config["recipe"], config["faces"]
        view = f"{recipe['size']} x {recipe['size']} px, {network['view']['crop']}"
        typer.echo(f"{network['name']}: {network['parameters']:,} parameters, {view}; {network['start']}")
        parts = [
            f"{part} {', '.join(f'{count} {label}' for label, count in faces[part].items() if count)}"
            for part in ("train", "check", "test")
            if sum(faces[part].values())
        ]
        typer.echo(f"faces of {faces['photos']} photos: {'; '.join(parts)}")
        if faces["problems"] or faces["not_found"]:
            typer.echo(f"{faces['problems']} problems, {faces['not_found']} photos without a face: see left_out.txt")

    def figures(self, row: dict[str, Any]) -> str:
        """An epoch's figures."""
        parts = [_part(row, part) for part in ("train", "check", "test") if row[f"{part}_loss"] is not None]
        speed = row["images_per_second"] or 0.0
        return f"{'  '.join(parts)}  {speed:.1f} faces/s"

    def outcome(self, values: dict[str, Any]) -> Iterator[str]:
        """Measures of the test part."""
        measures = values["measures"]
        names = ("accuracy", "macro_f1", "recall_incorrect", "alert_recall")
        told = ", ".join(f"{name.replace('_', ' ')} {_measure(measures[name])}" for name in names if name in measures)
        yield f"test part, {measures['faces']} faces: {told}"
        if measures["empty"]:
            typer.echo(f"no face of the test part is {' or '.join(measures['empty'])}", err=True)


def _part(row: dict[str, Any], part: str) -> str:
    share = row[f"{part}_correct"] / max(1, row[f"{part}_faces"])
    more = f", macro F1 {row[f'{part}_macro_f1']:.3f}" if row.get(f"{part}_macro_f1") is not None else ""
    return f"{part}: loss {row[f'{part}_loss']:.4f}, correct {share:.1%}{more}"


def _measure(value: dict[str, float | None]) -> str:
    numbers = ["none" if number is None else f"{number:.3f}" for number in value.values()]
    return f"{numbers[0]} [{numbers[1]}, {numbers[2]}]"
