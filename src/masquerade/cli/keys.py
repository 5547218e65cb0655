"""``masquerade keys``: who may use the service beyond this machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from masquerade.service.access.keys import KeyFile

app = typer.Typer(help="Make, list and remove keys of the service.", no_args_is_help=True, rich_markup_mode=None)

FileOption = Annotated[Path | None, typer.Option("--file", help="File of the keys; by default the setting serve_keys.")]
DEFAULT_SCOPES = ["look", "watch"]


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Who the key is for; letters, digits, dot, hyphen, underscore.")],
    scope: Annotated[
        list[str] | None,
        typer.Option(help="look (photos), watch (camera and kiosk) or metrics; may be repeated. Default: look, watch."),
    ] = None,
    file: FileOption = None,
) -> None:
    """Make a key and print it. It cannot be shown again: only its digest is kept."""
    keys = _file(file)
    text = keys.add(name, tuple(scope or DEFAULT_SCOPES))
    typer.echo(text)
    typer.echo(f"the key of {name}, shown this once; its digest is in {keys.path}", err=True)


@app.command("list")
def list_command(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False, file: FileOption = None
) -> None:
    """List the keys: their names, what they are for and when they were made."""
    rows = [{"name": key.name, "scopes": list(key.scopes), "made": key.made} for key in _file(file).keys()]  # noqa: SIM118 - no dictionary
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for row in rows:
        typer.echo(f"{row['name']:20}  {', '.join(row['scopes']):20}  {row['made']}")
    if not rows:
        typer.echo("there are no keys", err=True)


@app.command()
def remove(name: Annotated[str, typer.Argument(help="Whose key.")], file: FileOption = None) -> None:
    """Remove a key; a service that runs notices at once."""
    _file(file).remove(name)
    typer.echo(f"the key of {name} opens nothing any more", err=True)


def _file(path: Path | None) -> KeyFile:
    from masquerade.service.access.keys import KeyFile
    from masquerade.settings import get_settings

    return KeyFile(path or get_settings().serve_keys)
