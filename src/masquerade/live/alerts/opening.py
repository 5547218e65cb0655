"""The alerts of one watch: by the file that is named, or by the settings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from masquerade.live.alerts.alerts import Alerts
from masquerade.live.alerts.config import AlertsConfig, load_alerts
from masquerade.live.alerts.outbox import Outbox
from masquerade.settings import get_settings


def alerts_config(file: Path | None, *, recorded: bool, warn: Callable[[str], object]) -> AlertsConfig | None:
    """Read what a watch is told of alerts; a film leads to alerts only when they are asked for by name.

    Args:
        file: the file of alerts that was named; None for that of the setting ``alerts_file``.
        recorded: whether it watches what was filmed earlier.
        warn: told what may be wrong with it, a warning at a time.

    Returns:
        None where there is no such file.

    Raises:
        AlertsInvalid: it cannot be used.
    """
    path = file or (None if recorded else get_settings().alerts_file)
    if path is None:
        return None
    config = load_alerts(path)
    for warning in config.warnings:
        warn(warning)
    return config


def open_alerts(config: AlertsConfig, say: Callable[[str], object]) -> Alerts:
    """Open the outbox of the settings and begin to deliver; ``say`` is told in words what goes wrong.

    Raises:
        ExtraMissing: a channel needs an extra that is not installed.
        AlertsInvalid: a channel cannot be made.
        OutboxUnusable: the outbox cannot be opened.
    """
    settings = get_settings()
    return Alerts(config, Outbox(settings.alerts_outbox), keep_days=settings.event_days, say=say)
