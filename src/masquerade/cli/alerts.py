"""``masquerade alerts``: check where alerts go, try it out, see what is on its way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from masquerade.cli.printing import shown

if TYPE_CHECKING:
    from masquerade.live.alerts import AlertsConfig
    from masquerade.live.alerts.outbox import Delivery

app = typer.Typer(help="Check, try out and follow the alerts.", no_args_is_help=True, rich_markup_mode=None)

FileOption = Annotated[
    Path | None, typer.Option("--alerts", metavar="FILE", help="File of alerts (setting alerts_file).")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
OutboxOption = Annotated[Path | None, typer.Option("--outbox", metavar="FILE", help="Outbox (setting alerts_outbox).")]


def configured(file: Path | None) -> AlertsConfig:
    """Read the file of alerts that an option or the setting names.

    Raises:
        AlertsInvalid: there is none, or it cannot be used.
    """
    from masquerade.errors import AlertsInvalid
    from masquerade.live.alerts import load_alerts
    from masquerade.settings import get_settings

    path = file or get_settings().alerts_file
    if path is None:
        raise AlertsInvalid("no file of alerts is named", hint="--alerts FILE, or the setting alerts_file")
    return load_alerts(path)


@app.command()
def check(alerts: FileOption = None, as_json: JsonOption = False) -> None:
    """Read the file of alerts, make every channel, and say where alerts go. Nothing is sent."""
    from masquerade.live.alerts.channels import make_channel

    config = configured(alerts)
    for name, channel in config.channels.items():
        make_channel(name, channel, config.language).close()
    rows = [
        {"name": name, "kind": channel.kind, "goes_to": channel.goes_to, "delivery": channel.delivery}
        for name, channel in config.channels.items()
    ]
    if as_json:
        typer.echo(json.dumps({"channels": rows, "warnings": config.warnings}))
        return
    width = max((len(row["name"]) for row in rows), default=0)
    for row in rows:
        typer.echo(f"{row['name']:{width}}  {row['kind']:8}  {row['delivery']:13}  {shown(row['goes_to'])}")
    for warning in config.warnings:
        typer.echo(f"warning: {shown(warning)}", err=True)
    if not rows:
        typer.echo("no channel: alerts stand in the events alone", err=True)


@app.command()
def test(
    channels: Annotated[list[str] | None, typer.Argument(help="Channels to try; all by default.")] = None,
    alerts: FileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send a test alert through every channel, past the outbox, and wait. Exit code 1 when one fails."""
    from masquerade.errors import AlertsInvalid

    config = configured(alerts)
    unknown = [name for name in channels or [] if name not in config.channels]
    if unknown:
        known = ", ".join(config.channels) or "none"
        raise AlertsInvalid(f"no channel is called {unknown[0]!r}", hint=f"there are: {known}")
    redactor = config.redactor()
    redactor.guard()
    try:
        rows = [_tried(config, name) for name in channels or config.channels]
    finally:
        redactor.release()
    for row in rows:
        if as_json:
            typer.echo(json.dumps(row))
        else:
            by = f", played by {row['by']}" if row["by"] else ""
            typer.echo(f"{row['channel']}: {f'sent{by}' if row['sent'] else 'failed: ' + shown(row['reason'])}")
    if not all(row["sent"] for row in rows):
        raise typer.Exit(1)


def _tried(config: AlertsConfig, name: str) -> dict[str, Any]:
    """Send a test alert through one channel."""
    from datetime import UTC, datetime
    from uuid import uuid4

    from masquerade.errors import MasqueradeError
    from masquerade.live.alerts import Alert
    from masquerade.live.alerts.channels import make_channel

    alert = Alert(str(uuid4()), datetime.now(UTC), 0.0, "test", None, "without_mask", test=True)
    reason = by = ""
    try:
        channel = make_channel(name, config.channels[name], config.language)
        try:
            channel.send(alert)
            by = getattr(channel, "by", "")
        finally:
            channel.close()
    except MasqueradeError as error:
        reason = config.redactor().clean(str(error))
    return {"channel": name, "sent": not reason, "reason": reason, "by": by, "id": alert.id}


@app.command()
def pending(
    outbox: OutboxOption = None,
    again: Annotated[
        bool, typer.Option("--again", help="Put what failed or expired back on its way, for an hour.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """List alerts that are on their way, failed or expired. They are sent while a watch or the service runs."""
    from masquerade.live.alerts import Outbox
    from masquerade.settings import get_settings

    path = outbox or get_settings().alerts_outbox
    rows: list[Delivery] = []
    if path.exists():
        box = Outbox(path)
        try:
            if again:
                box.revive(3600.0)
            rows = box.rows("pending", "sending", "failed", "expired")
        finally:
            box.close()
    for row in rows:
        typer.echo(json.dumps(_line(row)) if as_json else _words(row))
    if not rows and not as_json:
        typer.echo("nothing is on its way")


def _line(row: Delivery) -> dict[str, Any]:
    return {
        "id": row.alert.id,
        "at": row.alert.to_dict()["at"],
        "source": row.alert.source,
        "wearing": row.alert.wearing,
        "channel": row.channel,
        "state": row.state,
        "attempts": row.attempts,
        "reason": row.reason,
    }


def _words(row: Delivery) -> str:
    when = f"{row.alert.at.astimezone():%Y-%m-%d %H:%M:%S}"
    tries = f"{row.attempts} attempt{'s' * (row.attempts != 1)}"
    reason = f": {shown(row.reason)}" if row.reason else ""
    return (
        f"{when}  {shown(row.channel)}  {row.state}, {tries}{reason}  ({shown(row.alert.source)}, {row.alert.wearing})"
    )
