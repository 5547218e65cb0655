"""``masquerade models``: which weights there are, where they come from, whether they are intact."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from masquerade.cli.printing import shown

if TYPE_CHECKING:
    from masquerade.models import Model

app = typer.Typer(help="List, show and verify the models.", no_args_is_help=True, rich_markup_mode=None)

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_command(as_json: JsonOption = False) -> None:
    """List the registered models."""
    from masquerade.models import list_models

    found = list_models()
    if as_json:
        typer.echo(json.dumps([{**model.card.model_dump(mode="json"), "path": str(model.path)} for model in found]))
        return
    width = max(len(model.card.name) for model in found)
    for model in found:
        card = model.card
        where = "in the package" if model.bundled else str(model.path)
        use = "" if card.commercial_use else ", no commercial use"
        typer.echo(f"{card.name:{width}}  {card.task:15}  {card.version:18}  {card.licence}{use}  {where}")


@app.command()
def show(name: Annotated[str, typer.Argument(help="Name of the model.")], as_json: JsonOption = False) -> None:
    """Show the card of one model."""
    from masquerade.models import get_model

    model = get_model(name)
    if as_json:
        typer.echo(model.card.model_dump_json(indent=2))
        return
    for field, value in model.card.model_dump(mode="json").items():
        if field in {"inputs", "outputs"}:
            for tensor in value:
                shape = " x ".join(map(str, tensor["shape"]))
                typer.echo(f"{field[:-1]:15} {tensor['name']} ({shape}): {tensor['meaning']}")
        elif isinstance(value, dict):
            for key, entry in value.items():
                typer.echo(f"{field:15} {key}: {entry}")
        else:
            typer.echo(f"{field:15} {value}")
    typer.echo(f"{'path':15} {model.path}")


@app.command()
def verify(
    names: Annotated[list[str] | None, typer.Argument(help="Models to verify; all by default.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Compare every model's file with the SHA-256 of its card, and load it. Exit code 1 when one fails."""
    from masquerade.models import get_model, list_models

    models = [get_model(name) for name in names] if names else list_models()
    rows = [
        {"name": model.card.name, "state": "ok", "sha256": model.card.sha256, **_trouble(model)} for model in models
    ]
    if as_json:
        typer.echo(json.dumps(rows))
    else:
        for row in rows:
            details = row["sha256"] if row["state"] == "ok" else f"{row['message']} [{row['state']}]"
            typer.echo(f"{row['name']}: {'ok, ' if row['state'] == 'ok' else ''}{shown(details)}")
    if any(row["state"] != "ok" for row in rows):
        raise typer.Exit(1)


def _trouble(model: Model) -> dict[str, str]:
    """Read and load a model; the code and message of what goes wrong."""
    from masquerade.errors import ModelError
    from masquerade.models import get_session

    try:
        model.read()
        get_session(model.card.name)
    except ModelError as error:
        return {"state": error.code, "message": str(error)}
    except ImportError as error:  # a broken install
        return {"state": "no_runtime", "message": f"onnxruntime cannot be loaded: {error}"}
    return {}
