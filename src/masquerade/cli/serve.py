"""``masquerade serve``: the HTTP API and the kiosk page."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from masquerade.cli.printing import shown

if TYPE_CHECKING:
    from masquerade.service import ServiceConfig


def serve(  # noqa: PLR0913, PLR0917 - one each option
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 or :: for all.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 for any that is free.")] = 8000,
    camera: Annotated[
        str | None, typer.Option(metavar="SOURCE", help="Watch this source too: address, webcam number, film, folder.")
    ] = None,
    events: Annotated[Path | None, typer.Option(help="Write the camera's events to this file, as JSON lines.")] = None,
    alerts: Annotated[Path | None, typer.Option(help="TOML file that says where alerts go.")] = None,
    keys: Annotated[
        bool | None,
        typer.Option("--keys/--no-keys", help="Ask for a key, or let everybody in. By default only beyond loopback."),
    ] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Answer for this name too; may be repeated.")
    ] = None,
    proxy: Annotated[
        list[str] | None,
        typer.Option(metavar="ADDRESS", help="Believe the forwarding headers of this proxy; may be repeated."),
    ] = None,
    certfile: Annotated[Path | None, typer.Option(help="TLS certificate chain, PEM.")] = None,
    keyfile: Annotated[Path | None, typer.Option(help="Private key of the certificate, PEM.")] = None,
    stop_timeout: Annotated[
        float, typer.Option(min=1, max=3600, metavar="SECONDS", help="Time for what is in work when it is stopped.")
    ] = 10.0,
    quiet: Annotated[bool, typer.Option("--quiet", help="Log no line for each request.")] = False,
) -> None:
    """Serve the HTTP API and the kiosk page until Ctrl-C, SIGTERM or SIGHUP. Nobody is identified, no photo is kept.

    Exit code 0 when it was stopped, 2 when it could not be started.
    """
    from masquerade.service import ServiceConfig, run

    config = ServiceConfig.from_settings(
        host=host,
        port=port,
        camera=camera,
        events=events,
        alerts=alerts,
        keys=keys,
        allow_hosts=tuple(allow_host or ()),
        proxies=tuple(proxy or ()),
        certfile=certfile,
        keyfile=keyfile,
        stop_timeout=stop_timeout,
    )
    _log(quiet)
    run(config, lambda port: _say(config, port))


def _log(quiet: bool) -> None:
    """Send the service's log to standard error, a line an entry."""
    import logging

    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("masquerade").setLevel(logging.INFO)
    logging.getLogger("masquerade.service.access").setLevel(logging.WARNING if quiet else logging.INFO)


def _say(config: ServiceConfig, port: int) -> None:
    """Tell where it is, and what that means."""
    scheme = "http" if config.certfile is None else "https"
    host = f"[{config.host.strip('[]')}]" if ":" in config.host else config.host
    lines = [f"Masquerade serves at {scheme}://{host}:{port}/ - nobody is identified, no photo is kept"]
    if config.loopback and not config.proxies:
        lines.append("only this machine can reach it")
    elif not config.keys_wanted:
        lines.append("WARNING: everybody who can reach it can use it, without a key (--no-keys)")
    if not config.loopback and config.certfile is None:
        lines.append(
            "without TLS keys and photos pass in the clear, and browsers give a page no camera: see --certfile"
        )
    if config.camera is not None:
        lines.append(f"camera: {shown(_label(config.camera))}")
    for line in lines:
        typer.echo(line, err=True)


def _label(address: str) -> str:
    from masquerade.live.sources.addresses import parse_address

    return parse_address(address).label
