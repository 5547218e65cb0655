"""The tree of commands."""

from __future__ import annotations

from typing import Annotated

import typer

from masquerade.cli import (
    ablation,
    alerts,
    calibrate,
    datasets,
    doctor,
    embed,
    evaluate,
    keys,
    library,
    look,
    mask,
    models,
    serve,
    sweep,
    train,
    verify,
    watch,
)

ABOUT = "See faces with and without medical masks. Everything runs on this machine; people are told only when you ask."

app = typer.Typer(
    name="masquerade",
    help=ABOUT,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("look")(look.look)
app.command("watch")(watch.watch)
app.command("mask")(mask.mask)
app.command("verify")(verify.verify)
app.command("embed")(embed.embed)
app.command("calibrate")(calibrate.calibrate)
app.command("sweep")(sweep.sweep)
app.command("ablation")(ablation.ablation)
app.command("doctor")(doctor.doctor)
app.command("serve")(serve.serve)
app.add_typer(keys.app, name="keys")
app.add_typer(train.app, name="train")
app.add_typer(models.app, name="models")
app.add_typer(library.app, name="library")
app.add_typer(datasets.app, name="datasets")
app.add_typer(evaluate.app, name="evaluate")
app.add_typer(alerts.app, name="alerts")


def _version(wanted: bool) -> None:
    if wanted:
        import masquerade

        typer.echo(masquerade.__version__)
        raise typer.Exit


@app.callback()
def masquerade(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """See faces with and without medical masks. Everything runs on this machine; people are told only when you ask."""
